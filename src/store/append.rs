//! The batching writer. It records every event of this instance.
//!
//! Commands that arrive during a commit form the next batch. So an idle instance adds no delay, and a
//! busy one shares each commit among many commands. A batch is one statement in autocommit: no lock is
//! held across a round trip. Each row is inserted only if its game still ends where the writer's copy
//! of it ended. A row that is not returned lost the race.
//!
//! When the connection breaks, the outcome of the batch is unknown. The writer sends it again on a new
//! connection. The rows then show the outcome, because the same event at the same place is the same
//! command.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::{Instant, sleep, timeout_at};
use tracing::{Instrument, Span};

use super::append_session::{InsertError, SESSION_OPTIONS, Session};
pub use super::append_stats::AppendStats;
use super::{Database, EventRow};
use crate::trace::{self, Origins, span};

/// The most commands that may wait. Further ones are answered with `Full`.
const QUEUE_LENGTH: usize = 4096;
/// The most events in one statement.
const BATCH_LENGTH: usize = 500;
/// How long a batch is tried before its outcome is reported as unknown.
const BATCH_DEADLINE: Duration = Duration::from_secs(6);
/// The time limit of one statement. It is above `lock_timeout`, so that the wait for a lock ends first.
const STATEMENT_DEADLINE: Duration = Duration::from_secs(3);
/// The pause after a failure of the database.
const PAUSE: Duration = Duration::from_millis(50);
/// An event to record as `version` of its game.
#[derive(Clone, Debug)]
pub struct NewEvent {
    /// The event.
    pub row: EventRow,
    /// The position of the game's event before this one; unused for version 1.
    pub after_position: i64,
}

/// The reason why an event was not recorded.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AppendError {
    /// The game has changed in the meantime. Nothing was recorded.
    #[error("the game has moved on")]
    LostRace,
    /// The queue is full. Nothing was sent.
    #[error("too many commands are waiting")]
    Full,
    /// Nothing was sent.
    #[error("the database cannot be reached")]
    Unreachable,
    /// The event was sent but not answered.
    #[error("the outcome is unknown")]
    OutcomeUnknown,
    /// Postgres refused this event.
    #[error("the database refused the event: {0}")]
    Refused(String),
}

/// Passes events to the writer. It is cheap to clone. The writer ends when the last clone is dropped.
#[derive(Clone, Debug)]
pub struct Appender {
    queue: mpsc::Sender<Job>,
    stats: Arc<AppendStats>,
    origins: Arc<Origins>,
}

/// The writer. One task must run it.
#[derive(Debug)]
pub struct Writer {
    database: Database,
    queue: mpsc::Receiver<Job>,
    stats: Arc<AppendStats>,
    origins: Arc<Origins>,
    committed: watch::Sender<u64>,
}

/// The position at which an event was recorded.
pub(super) type Answer = Result<i64, AppendError>;

#[derive(Debug)]
struct Job {
    event: NewEvent,
    /// The span in which the event is recorded.
    span: Span,
    answer: oneshot::Sender<Answer>,
}

/// Makes a writer and its handle. `committed` counts its batches and wakes the log's follower.
pub fn writer(database: &Database, committed: watch::Sender<u64>) -> (Appender, Writer) {
    let (sender, queue) = mpsc::channel(QUEUE_LENGTH);
    let stats = Arc::new(AppendStats::default());
    let origins = Arc::new(Origins::default());
    let database = database.with_options(SESSION_OPTIONS);
    let writer = Writer {
        database,
        queue,
        stats: stats.clone(),
        origins: origins.clone(),
        committed,
    };
    (
        Appender {
            queue: sender,
            stats,
            origins,
        },
        writer,
    )
}

impl Appender {
    /// Records `event`. Returns its position after the commit.
    pub async fn append(&self, event: NewEvent) -> Answer {
        let began = Instant::now();
        let answer = match self.queue(event) {
            Ok(answered) => answered.await.unwrap_or(Err(AppendError::OutcomeUnknown)),
            Err(error) => Err(error),
        };
        self.stats.record(&answer, began.elapsed());
        answer
    }

    fn queue(&self, event: NewEvent) -> Result<oneshot::Receiver<Answer>, AppendError> {
        let (answer, answered) = oneshot::channel();
        self.queue
            .try_send(Job {
                event,
                span: Span::current(),
                answer,
            })
            .map_err(|refused| match refused {
                mpsc::error::TrySendError::Full(_) => AppendError::Full,
                mpsc::error::TrySendError::Closed(_) => AppendError::Unreachable,
            })?;
        Ok(answered)
    }

    /// The counts of the writer.
    pub fn stats(&self) -> &AppendStats {
        &self.stats
    }

    /// The spans that recorded the last events.
    pub fn origins(&self) -> &Origins {
        &self.origins
    }

    /// The number of commands that wait for the writer.
    pub fn waiting(&self) -> usize {
        self.queue.max_capacity() - self.queue.capacity()
    }
}

impl Writer {
    /// Records events until every [`Appender`] is gone.
    pub async fn run(mut self) {
        let mut session = None;
        let mut jobs = Vec::with_capacity(BATCH_LENGTH);
        while self.queue.recv_many(&mut jobs, BATCH_LENGTH).await > 0 {
            let span = batch_span(&jobs);
            self.record(&mut session, std::mem::take(&mut jobs))
                .instrument(span)
                .await;
        }
    }

    /// Answers every job of a batch.
    async fn record(&self, session: &mut Option<Session>, jobs: Vec<Job>) {
        let began = Instant::now();
        let deadline = began + BATCH_DEADLINE;
        // If two commands have the same place, the first in the queue is tried; the other has lost.
        let mut places = HashSet::with_capacity(jobs.len());
        let (jobs, late): (Vec<Job>, Vec<Job>) = jobs
            .into_iter()
            .partition(|job| places.insert((job.event.row.game_id, job.event.row.version)));
        let events: Vec<&NewEvent> = jobs.iter().map(|job| &job.event).collect();
        let mut sending = Sending {
            deadline,
            sent_before: false,
        };
        let answers = match self.try_until(session, &events, &mut sending).await {
            Ok(answers) => answers,
            Err(AppendError::Refused(_)) if jobs.len() > 1 => {
                let mut answers = Vec::with_capacity(jobs.len());
                for &event in &events {
                    // If the whole batch was sent, each of its events was sent.
                    let mut sending = sending;
                    let alone = self.try_until(session, &[event], &mut sending).await;
                    answers.push(alone.and_then(|mut one| one.pop().unwrap_or(lost())));
                }
                answers
            }
            Err(error) => jobs.iter().map(|_| Err(error.clone())).collect(),
        };
        let recorded = answers.iter().filter(|answer| answer.is_ok()).count();
        self.stats
            .record_batch(jobs.len(), recorded, began.elapsed());
        for (job, answer) in jobs.iter().zip(&answers) {
            if answer.is_ok() {
                let event = &job.event.row;
                self.origins
                    .remember(event.game_id, event.version, &job.span);
            }
        }
        self.committed.send_modify(|batches| *batches += 1);
        let answers = answers.into_iter().chain(std::iter::repeat_with(lost));
        for (job, answer) in jobs.into_iter().chain(late).zip(answers) {
            // The caller may have left; the event stays recorded.
            let _ = job.answer.send(answer);
        }
    }

    /// Sends `events` until the database has answered for each or the deadline has passed. Before anything is
    /// sent, it may report that the database is unreachable. After that, only the rows decide the outcome.
    async fn try_until(
        &self,
        session: &mut Option<Session>,
        events: &[&NewEvent],
        sending: &mut Sending,
    ) -> Result<Vec<Answer>, AppendError> {
        let deadline = sending.deadline;
        let mut lock_timeouts = 0_u32;
        loop {
            let open = match session.take() {
                Some(open) if !open.is_closed() => open,
                _ => match timeout_at(deadline, Session::open(&self.database)).await {
                    Ok(Ok(open)) => open,
                    Ok(Err(error)) => {
                        tracing::warn!(%error, "the writer cannot reach the database");
                        sending.pause_if_sent().await?;
                        continue;
                    }
                    Err(_) => return Err(sending.given_up()),
                },
            };
            let until = deadline.min(Instant::now() + STATEMENT_DEADLINE);
            match timeout_at(until, open.insert(events, sending.sent_before)).await {
                Ok(Ok(answers)) => {
                    *session = Some(open);
                    return Ok(answers);
                }
                Ok(Err(InsertError::LockTimeout)) => {
                    lock_timeouts += 1;
                    if lock_timeouts >= 2 {
                        self.end_blocker(&open).await;
                    }
                    *session = Some(open);
                    if Instant::now() >= deadline {
                        return Err(sending.given_up());
                    }
                }
                Ok(Err(InsertError::Refused(reason))) => {
                    *session = Some(open);
                    return Err(AppendError::Refused(reason));
                }
                // Uses another connection, because this one may lead to a server that has become read-only.
                Ok(Err(InsertError::NotDone(reason))) => {
                    tracing::warn!(%reason, "the database cannot record now");
                    sending.pause_if_sent().await?;
                }
                Ok(Err(InsertError::Lost(reason))) => {
                    tracing::warn!(%reason, "the writer lost its connection; trying on a new one");
                    sending.sent_before = true;
                    sending.pause_if_sent().await?;
                }
                Err(_) => {
                    tracing::warn!("the writer got no answer; trying on a new connection");
                    sending.sent_before = true;
                    sending.pause_if_sent().await?;
                }
            }
        }
    }

    async fn end_blocker(&self, session: &Session) {
        match session.end_blocker().await {
            Ok(0) => {}
            Ok(ended) => {
                self.stats
                    .terminated_blockers
                    .fetch_add(ended, Ordering::Relaxed);
                tracing::warn!(ended, "ended a frozen session that held the append lock");
            }
            Err(error) => {
                tracing::warn!(%error, "cannot find the session that holds the append lock")
            }
        }
    }
}

/// The state of a batch that may be sent several times.
#[derive(Clone, Copy)]
struct Sending {
    deadline: Instant,
    /// Whether it was sent on a connection that broke before the answer, so that it may be recorded.
    sent_before: bool,
}

impl Sending {
    /// Gives up if nothing was sent or no time is left. Otherwise it waits before the next attempt.
    async fn pause_if_sent(&self) -> Result<(), AppendError> {
        if !self.sent_before || Instant::now() + PAUSE >= self.deadline {
            return Err(self.given_up());
        }
        sleep(PAUSE).await;
        Ok(())
    }

    fn given_up(&self) -> AppendError {
        if self.sent_before {
            AppendError::OutcomeUnknown
        } else {
            AppendError::Unreachable
        }
    }
}

/// A span in the trace of the first command that has one, with links to the traces of the others.
fn batch_span(jobs: &[Job]) -> Span {
    let mut traced = jobs
        .iter()
        .map(|job| &job.span)
        .filter(|span| trace::is_sampled(span));
    let Some(first) = traced.next() else {
        return Span::none();
    };
    let span = span!(parent: first, "batch", turnkey.events = jobs.len() as i64);
    for other in traced {
        span.follows_from(other);
    }
    span
}

pub(super) fn lost() -> Answer {
    Err(AppendError::LostRace)
}
