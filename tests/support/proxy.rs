//! A proxy between the store and Postgres that loses or holds back what it is told to.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use turnkey::store::Database;
use uuid::Uuid;

use super::postgres;

/// The message that ends an implicit transaction.
const SYNC: [u8; 5] = [b'S', 0, 0, 0, 4];

pub struct Proxy {
    directory: PathBuf,
    database: String,
    faults: Arc<Faults>,
    accepting: JoinHandle<()>,
    open: watch::Sender<bool>,
}

#[derive(Default)]
struct Faults {
    drop_insert_answer: AtomicBool,
    /// How many rows the insert has; 0 means any insert, and that others may come in after it.
    rows: AtomicUsize,
    refusing: AtomicBool,
    dropped: AtomicUsize,
    hold_sync: AtomicBool,
    held_back: AtomicUsize,
    released: tokio::sync::Notify,
    sought: Mutex<Vec<u8>>,
    found: AtomicUsize,
}

impl Proxy {
    pub async fn start(database: &Database) -> Proxy {
        let directory = std::env::temp_dir().join(format!("tk-proxy-{}", Uuid::now_v7().simple()));
        std::fs::create_dir(&directory).unwrap();
        let listener =
            UnixListener::bind(directory.join(postgres::socket_file().file_name().unwrap()))
                .unwrap();
        let faults = Arc::new(Faults::default());
        let (open, watched) = watch::channel(true);
        let accepting = tokio::spawn(accept(listener, faults.clone(), watched));
        let database = postgres::name(database);
        Proxy {
            directory,
            database,
            faults,
            accepting,
            open,
        }
    }

    /// The same database, reached through the proxy.
    pub fn database(&self) -> Database {
        postgres::at(&self.directory, &self.database)
    }

    /// The next answer to an insert is lost, and the connection with it.
    pub fn drop_next_insert_answer(&self) {
        self.faults.drop_insert_answer.store(true, Ordering::SeqCst);
    }

    /// The answer to the next insert of so many rows is lost, and nobody comes in again until
    /// [`admit`](Self::admit).
    pub fn drop_answer_to_insert_of_and_refuse(&self, rows: usize) {
        self.faults.rows.store(rows, Ordering::SeqCst);
        self.drop_next_insert_answer();
    }

    pub fn admit(&self) {
        self.faults.refusing.store(false, Ordering::SeqCst);
    }

    pub fn dropped(&self) -> usize {
        self.faults.dropped.load(Ordering::SeqCst)
    }

    /// The next statement is executed and its transaction stays open.
    pub fn hold_back_next_sync(&self) {
        self.faults.hold_sync.store(true, Ordering::SeqCst);
    }

    pub fn held_back(&self) -> usize {
        self.faults.held_back.load(Ordering::SeqCst)
    }

    /// Lets go of what was held back.
    pub fn release(&self) {
        self.faults.released.notify_waiters();
    }

    /// Breaks every connection, and every new one, until [`restore`](Self::restore).
    pub fn interrupt(&self) {
        self.open.send_replace(false);
    }

    pub fn restore(&self) {
        self.open.send_replace(true);
    }

    /// Counts from now on how often `text` stands in what the database answers.
    pub fn count(&self, text: &str) {
        *self.faults.sought.lock().unwrap() = text.into();
        self.faults.found.store(0, Ordering::SeqCst);
    }

    pub fn counted(&self) -> usize {
        self.faults.found.load(Ordering::SeqCst)
    }

    /// The connection string of [`database`](Self::database).
    pub fn url(&self) -> String {
        postgres::url(&self.directory, &self.database)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accepting.abort();
        let _ = std::fs::remove_dir_all(&self.directory);
    }
}

async fn accept(listener: UnixListener, faults: Arc<Faults>, open: watch::Receiver<bool>) {
    while let Ok((client, _)) = listener.accept().await {
        if !*open.borrow() || faults.refusing.load(Ordering::SeqCst) {
            continue;
        }
        let server = UnixStream::connect(postgres::socket_file()).await.unwrap();
        let (from_client, to_client) = client.into_split();
        let (from_server, to_server) = server.into_split();
        let faults = faults.clone();
        let mut open = open.clone();
        tokio::spawn(async move {
            // Whichever ends first takes the other with it.
            tokio::select! {
                () = forward(from_client, to_server, &faults) => {}
                () = answer(from_server, to_client, &faults) => {}
                _ = open.wait_for(|open| !open) => {}
            }
        });
    }
}

async fn forward(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, faults: &Faults) {
    let mut buffer = vec![0; 1 << 16];
    while let Ok(length @ 1..) = from.read(&mut buffer).await {
        let mut bytes = &buffer[..length];
        let hold = bytes.ends_with(&SYNC) && faults.hold_sync.swap(false, Ordering::SeqCst);
        if hold {
            bytes = &bytes[..length - SYNC.len()];
        }
        if to.write_all(bytes).await.is_err() {
            return;
        }
        if hold {
            faults.held_back.fetch_add(1, Ordering::SeqCst);
            faults.released.notified().await;
            return;
        }
    }
}

impl Faults {
    /// Counts what is sought in `bytes`, which follow what is left in `before`.
    fn seek(&self, before: &mut Vec<u8>, bytes: &[u8]) {
        let sought = self.sought.lock().unwrap();
        if sought.is_empty() {
            return;
        }
        before.extend_from_slice(bytes);
        let windows = before.windows(sought.len());
        let found = windows.filter(|window| *window == *sought).count();
        self.found.fetch_add(found, Ordering::SeqCst);
        // It may have begun here and end in what follows.
        before.drain(..before.len().saturating_sub(sought.len() - 1));
    }
}

async fn answer(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, faults: &Faults) {
    let mut buffer = vec![0; 1 << 16];
    let mut before = Vec::new();
    while let Ok(length @ 1..) = from.read(&mut buffer).await {
        let bytes = &buffer[..length];
        faults.seek(&mut before, bytes);
        let tag = match faults.rows.load(Ordering::SeqCst) {
            0 => "INSERT ".to_owned(),
            rows => format!("INSERT 0 {rows}\0"),
        };
        let is_insert = bytes
            .windows(tag.len())
            .any(|window| window == tag.as_bytes());
        if is_insert && faults.drop_insert_answer.swap(false, Ordering::SeqCst) {
            let refuse = faults.rows.load(Ordering::SeqCst) > 0;
            faults.refusing.store(refuse, Ordering::SeqCst);
            faults.dropped.fetch_add(1, Ordering::SeqCst);
            return;
        }
        if to.write_all(bytes).await.is_err() {
            return;
        }
    }
}
