//! The Postgres under all instances, handled as an operator does: restarted, copied while it is
//! stopped, and set back to that copy. What the log was before is kept to be compared with.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use tokio::task::block_in_place;
use tokio_postgres::{Client, NoTls};
use turnkey::startup::embedded::{self, Embedded, Options};

/// Where the launcher keeps the cluster, below its directory.
const CLUSTER: &str = "postgres";

pub struct Postgres {
    directory: PathBuf,
    running: Option<Embedded>,
    pub has_copy: bool,
    pub was_restored: bool,
}

impl Postgres {
    /// Makes a new one below `directory`.
    pub fn start(directory: &Path) -> Postgres {
        let mut postgres = Postgres {
            directory: directory.to_owned(),
            running: None,
            has_copy: false,
            was_restored: false,
        };
        postgres.resume();
        postgres
    }

    pub fn url(&self) -> String {
        let running = self.running.as_ref().unwrap();
        running.connection().to_connection_string()
    }

    /// Stops it and starts it again. The first time, copies it in between.
    pub fn restart(&mut self) {
        self.pause();
        if !self.has_copy {
            copy(&self.live().join(CLUSTER), &self.copy());
            self.has_copy = true;
        }
        self.resume();
    }

    /// Puts the copy in its place.
    pub fn restore(&mut self) {
        self.pause();
        let before = self.before();
        std::fs::create_dir(&before).unwrap();
        std::fs::rename(self.live().join(CLUSTER), before.join(CLUSTER)).unwrap();
        copy(&self.copy(), &self.live().join(CLUSTER));
        self.was_restored = true;
        self.resume();
    }

    /// All events of the log as it is, and as it was when it was set back.
    pub async fn logs(&self) -> (Vec<Value>, Option<Vec<Value>>) {
        let after = read_log(&self.url()).await;
        if !self.was_restored {
            return (after, None);
        }
        let before = block_in_place(|| start(&self.before()));
        let url = before.connection().to_connection_string();
        let events = read_log(&url).await;
        block_in_place(|| before.stop());
        (after, Some(events))
    }

    fn pause(&mut self) {
        if let Some(running) = self.running.take() {
            block_in_place(|| running.stop());
        }
    }

    fn resume(&mut self) {
        self.running = Some(block_in_place(|| start(&self.live())));
    }

    fn live(&self) -> PathBuf {
        self.directory.join("live")
    }

    fn copy(&self) -> PathBuf {
        self.directory.join("copy")
    }

    fn before(&self) -> PathBuf {
        self.directory.join("before")
    }
}

pub async fn connect(url: &str) -> Client {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

fn start(directory: &Path) -> Embedded {
    let options = Options {
        max_connections: 300,
        ..Options::default()
    };
    embedded::start_with(directory, options).unwrap()
}

/// With owners and modes, of which Postgres is particular.
fn copy(from: &Path, to: &Path) {
    let copied = Command::new("cp").arg("-a").arg(from).arg(to).status();
    assert!(copied.unwrap().success());
}

/// In the order of the log, each as clients are shown it.
async fn read_log(url: &str) -> Vec<Value> {
    let statement = "
        select jsonb_build_object(
            'gameId', game_id, 'version', version, 'type', type, 'data', data, 'rules', rules,
            'at', to_char(at at time zone 'utc', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"'))
        from event order by position";
    let rows = connect(url).await.query(statement, &[]).await.unwrap();
    rows.iter().map(|row| row.get(0)).collect()
}
