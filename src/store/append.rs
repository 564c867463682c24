//! The batching writer. It records every event of this instance.
//!
//! Commands that arrive during a commit form the next batch. So an idle instance adds no delay, and a
//! busy one shares each commit among many commands. A batch is one statement in autocommit: no lock is
//! held across a round trip. Each row is inserted only if its game still ends where the writer's copy
//! of it ended. A row that is not returned lost the race.
//!
//! When the connection breaks, nobody knows whether the batch was committed. The writer sends it again
//! on a new connection. The rows give the answer, because the same event at the same place is the same
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

/// How many commands may wait; one more is answered `Full`.
const QUEUE_LENGTH: usize = 4096;
/// How many events one statement may record.
const BATCH_LENGTH: usize = 500;
/// How long a batch is tried before its outcome is called unknown.
const BATCH_DEADLINE: Duration = Duration::from_secs(6);
/// How long one statement may take. Above `lock_timeout`, so that the lock's wait ends first.
const STATEMENT_DEADLINE: Duration = Duration::from_secs(3);
/// How long to leave the database alone after it has failed.
const PAUSE: Duration = Duration::from_millis(50);
/// An event to be recorded as its game's `version`.
#[derive(Clone, Debug)]
pub struct NewEvent {
    /// The event.
    pub row: EventRow,
    /// The position of the game's event before this one; unused for version 1.
    pub after_position: i64,
}

/// Why an event was not recorded.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AppendError {
    /// The game has moved on: nothing was recorded.
    #[error("the game has moved on")]
    LostRace,
    /// The queue is full: nothing was sent.
    #[error("too many commands are waiting")]
    Full,
    /// Nothing was sent.
    #[error("the database cannot be reached")]
    Unreachable,
    /// Sent, and no answer came.
    #[error("the outcome is unknown")]
    OutcomeUnknown,
    /// Postgres refused this event.
    #[error("the database refused the event: {0}")]
    Refused(String),
}

/// Hands events to the writer. Cheap to clone; the writer ends when the last one is dropped.
#[derive(Clone, Debug)]
pub struct Appender {
    queue: mpsc::Sender<Job>,
    stats: Arc<AppendStats>,
    origins: Arc<Origins>,
}

/// The writer's end: to be run by one task.
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
    /// In which it is recorded.
    span: Span,
    answer: oneshot::Sender<Answer>,
}

/// A writer and the handle that feeds it. `committed` counts its batches, for whoever follows.
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
    /// Records `event`; returns its position once it is committed.
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

    /// Counts of the writer.
    pub fn stats(&self) -> &AppendStats {
        &self.stats
    }

    /// The spans that recorded the last events.
    pub fn origins(&self) -> &Origins {
        &self.origins
    }

    /// How many commands wait for the writer.
    pub fn waiting(&self) -> usize {
        self.queue.max_capacity() - self.queue.capacity()
    }
}

impl Writer {
    /// Records what comes until every [`Appender`] is gone.
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
        // Of two commands for one place the first in the queue is tried; the other has lost.
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
                    // What was sent with the whole batch was sent for each.
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
            // Whoever asked may have stopped listening; the event stands all the same.
            let _ = job.answer.send(answer);
        }
    }

    /// Sends `events` until the database has answered for them or the deadline has passed. While
    /// nothing was sent, an unreachable database is an answer; after that only the rows are.
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
                // On another connection, because this one may be to a server that has become
                // read-only.
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
            Err(error) => tracing::warn!(%error, "cannot look for who holds the append lock"),
        }
    }
}

/// The state of a batch that may be sent several times.
#[derive(Clone, Copy)]
struct Sending {
    deadline: Instant,
    /// It was sent on a connection that broke before the answer, so it may be recorded.
    sent_before: bool,
}

impl Sending {
    /// Gives up where nothing was sent or no time is left; else waits before the next attempt.
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

/// A part of the first command's trace that has one, and linked to those of the others.
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
