//! Follows the log: every event, on every instance, in the order of the log.
//!
//! Positions are in commit order, so "everything after the last one I read" misses nothing. This
//! instance's own commits wake the follower, NOTIFY of other instances wakes it, and a poll always
//! does, because a LISTEN connection can die silently. The poll also reads the end of the log and its
//! epoch. A new epoch, or an end before what was already read, means that the log was restored. Then
//! everything that was derived from it is dropped.

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::poll_fn;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, timeout};
use tokio_postgres::{AsyncMessage, Client, Statement};

use super::{Clock, Database, LogHead, Store, StoreError, StoredEvent, event, sql};

const CHANNEL: &str = "turnkey_log";
const POLL_EVERY: Duration = Duration::from_millis(500);
const STATEMENT_DEADLINE: Duration = Duration::from_secs(5);
const RECONNECT_AFTER: Duration = Duration::from_millis(200);
/// Commits within this time are announced to the other instances by one NOTIFY.
const NOTIFY_EVERY: Duration = Duration::from_millis(5);
const PAGE_LENGTH: usize = 500;
/// The most pages that may wait for the consumer. After that the follower waits.
const PAGES_AHEAD: usize = 8;

/// An item that the tail passes on.
#[derive(Clone, Debug)]
pub enum TailItem {
    /// The next events of the log.
    Events(Vec<StoredEvent>),
    /// The log was restored. All data derived from the old one must be dropped.
    Restored(LogHead),
}

/// The progress of the follower.
#[derive(Clone, Copy, Debug)]
pub struct TailStatus {
    /// The log's epoch, and the position up to which events were delivered.
    pub read: LogHead,
    /// The end of the log at the last answer of the database.
    pub log_end: i64,
    /// When the database last answered.
    pub answered: Instant,
    /// When the follower last knew that it had read the whole log.
    pub complete: Instant,
}

/// The follower. One task must run it.
#[derive(Debug)]
pub struct Tail {
    database: Database,
    clock: Arc<Clock>,
    committed: watch::Receiver<u64>,
    items: mpsc::Sender<TailItem>,
    status: watch::Sender<TailStatus>,
}

/// Starts at the present end of the log.
pub async fn follow(
    store: &Store,
    committed: watch::Receiver<u64>,
) -> Result<(Tail, mpsc::Receiver<TailItem>, watch::Receiver<TailStatus>), StoreError> {
    let read = store.read_log_head().await?;
    let (items, receiver) = mpsc::channel(PAGES_AHEAD);
    let status = TailStatus {
        read,
        log_end: read.position,
        answered: Instant::now(),
        complete: Instant::now(),
    };
    let (status, watched) = watch::channel(status);
    let tail = Tail {
        database: store.database().clone(),
        clock: store.clock().clone(),
        committed,
        items,
        status,
    };
    Ok((tail, receiver, watched))
}

impl Tail {
    /// Follows the log until the consumer of the items is gone.
    pub async fn run(mut self) {
        while !self.items.is_closed() {
            if let Err(error) = self.follow_on_one_connection().await {
                tracing::warn!(%error, "the log's follower lost the database");
            }
            tokio::time::sleep(RECONNECT_AFTER).await;
        }
    }

    async fn follow_on_one_connection(&mut self) -> Result<(), StoreError> {
        let (session, mut notified) = Session::open(&self.database).await?;
        let mut poll = tokio::time::interval(POLL_EVERY);
        poll.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            // The first tick comes at once, because after a new LISTEN the log must be read first.
            tokio::select! {
                _ = poll.tick() => self.look_at_head(&session).await?,
                signal = notified.changed() => {
                    if signal.is_err() {
                        return Err(StoreError::Unreachable("the connection ended".into()));
                    }
                }
                signal = self.committed.changed() => {
                    if signal.is_err() {
                        // This instance records nothing any more. NOTIFY announces the commits of others.
                        poll.tick().await;
                        self.look_at_head(&session).await?;
                    }
                }
            }
            if !self.read_on(&session).await? {
                return Ok(());
            }
        }
    }

    async fn look_at_head(&mut self, session: &Session) -> Result<(), StoreError> {
        let asked = std::time::Instant::now();
        let row = session
            .within(session.client.query_one(&session.head, &[]))
            .await?;
        let head = LogHead {
            epoch: row.get(0),
            position: row.get(1),
        };
        self.clock.set(asked, row.get(2));
        let read = self.status.borrow().read;
        let restored = head.epoch != read.epoch || head.position < read.position;
        self.status.send_modify(|status| {
            status.log_end = head.position;
            status.answered = Instant::now();
            if restored {
                status.read = head;
            }
        });
        if restored {
            tracing::warn!(
                from = read.position,
                to = head.position,
                "the log was restored"
            );
            // A closed channel is noticed when pages are sent.
            let _ = self.items.send(TailItem::Restored(head)).await;
        }
        Ok(())
    }

    /// Delivers the events after the last one read. Returns false if the consumer is gone.
    async fn read_on(&mut self, session: &Session) -> Result<bool, StoreError> {
        let limit = i64::try_from(PAGE_LENGTH).unwrap_or(i64::MAX);
        loop {
            let last = self.status.borrow().read.position;
            let rows = session
                .within(session.client.query(&session.page, &[&last, &limit]))
                .await?;
            if rows.len() < PAGE_LENGTH {
                self.status
                    .send_modify(|status| status.complete = Instant::now());
            }
            let Some(end) = rows.last() else {
                return Ok(!self.items.is_closed());
            };
            let end: i64 = end.get("position");
            let mut events = Vec::with_capacity(rows.len());
            for row in &rows {
                match event::stored(row) {
                    Ok(stored) => events.push(stored),
                    Err(error) => tracing::warn!(%error, "an event cannot be read"),
                }
            }
            if self.items.send(TailItem::Events(events)).await.is_err() {
                return Ok(false);
            }
            self.status.send_modify(|status| {
                status.read.position = end;
                status.log_end = status.log_end.max(end);
                status.answered = Instant::now();
            });
            // Later commits are signalled, or found by the poll.
            if rows.len() < PAGE_LENGTH {
                return Ok(true);
            }
        }
    }
}

/// The follower's own connection, which listens.
struct Session {
    client: Client,
    head: Statement,
    page: Statement,
}

impl Session {
    async fn open(database: &Database) -> Result<(Session, watch::Receiver<u64>), StoreError> {
        let (client, mut connection) = database.connect().await?;
        let (signal, notified) = watch::channel(0_u64);
        tokio::spawn(async move {
            let mut messages = poll_fn(|context| connection.poll_message(context));
            while let Some(Ok(message)) = messages.next().await {
                if let AsyncMessage::Notification(_) = message {
                    signal.send_modify(|count| *count += 1);
                }
            }
        });
        let prepare = async {
            client.batch_execute(&format!("listen {CHANNEL}")).await?;
            Ok::<_, tokio_postgres::Error>((
                client.prepare(sql::log_head).await?,
                client.prepare(sql::log_page).await?,
            ))
        };
        let (head, page) = within_deadline(prepare).await?;
        Ok((Session { client, head, page }, notified))
    }

    async fn within<T>(
        &self,
        answer: impl Future<Output = Result<T, tokio_postgres::Error>>,
    ) -> Result<T, StoreError> {
        within_deadline(answer).await
    }
}

async fn within_deadline<T>(
    answer: impl Future<Output = Result<T, tokio_postgres::Error>>,
) -> Result<T, StoreError> {
    match timeout(STATEMENT_DEADLINE, answer).await {
        Ok(answer) => answer.map_err(|error| StoreError::from(error).of_read()),
        Err(_) => Err(StoreError::Unreachable(
            "the database did not answer in time".into(),
        )),
    }
}

/// Announces this instance's commits to the others, until the writer is gone.
///
/// It uses its own connection and runs after the commit. Inside the append, NOTIFY would hold a lock of
/// the whole cluster during the fsync.
pub async fn announce(database: Database, mut committed: watch::Receiver<u64>) {
    let database = database.with_options("-c synchronous_commit=off");
    let notify = format!("notify {CHANNEL}");
    let mut client: Option<Client> = None;
    while committed.changed().await.is_ok() {
        if client.as_ref().is_none_or(Client::is_closed) {
            client = database.client().await.ok();
        }
        if let Some(open) = &client
            && within_deadline(open.batch_execute(&notify)).await.is_err()
        {
            client = None;
        }
        // A commit that is not announced is not lost, because the others poll.
        tokio::time::sleep(NOTIFY_EVERY).await;
    }
}
