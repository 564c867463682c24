//! The append writer's connection to Postgres, and the meaning of its statements' errors.

use std::collections::HashMap;

use tokio_postgres::Client;
use tokio_postgres::error::SqlState;

use super::append::{Answer, NewEvent, lost};
use super::batch::{self, Prepared};
use super::{Database, StoreError};
use crate::game::GameId;

/// The server itself limits the wait for a lock, and notices a dead writer.
pub(super) const SESSION_OPTIONS: &str = "-c lock_timeout=1000 -c tcp_keepalives_idle=5 \
     -c tcp_keepalives_interval=2 -c tcp_keepalives_count=3";

/// The writer's own connection, with its statements prepared.
pub(super) struct Session {
    client: Client,
    prepared: Prepared,
}

/// The reason why a batch was not inserted.
pub(super) enum InsertError {
    LockTimeout,
    Refused(String),
    /// The server could not do it now, and did nothing.
    NotDone(String),
    Lost(String),
}

impl Session {
    pub(super) async fn open(database: &Database) -> Result<Session, StoreError> {
        let client = database.client().await?;
        let prepared = batch::prepare(&client).await?;
        Ok(Session { client, prepared })
    }

    pub(super) fn is_closed(&self) -> bool {
        self.client.is_closed()
    }

    /// Inserts `events`, and returns an answer for each. If `sent_before` is set, the connection broke during
    /// an earlier attempt, so an event that is already there may be our own.
    pub(super) async fn insert(
        &self,
        events: &[&NewEvent],
        sent_before: bool,
    ) -> Result<Vec<Answer>, InsertError> {
        let positions = batch::insert(&self.client, &self.prepared, events).await?;
        let mut answers = Vec::with_capacity(events.len());
        let mut taken: HashMap<(GameId, u32), i64> = positions;
        for &event in events {
            let answer = match taken.remove(&(event.row.game_id, event.row.version)) {
                Some(position) => Ok(position),
                None if sent_before => {
                    let there = batch::read_at(&self.client, &self.prepared, event).await?;
                    match there {
                        // This is the event itself, from an earlier attempt: no other command does the same in the same
                        // microsecond.
                        Some(there) if there.row == event.row => Ok(there.position),
                        Some(_) | None => lost(),
                    }
                }
                None => lost(),
            };
            answers.push(answer);
        }
        Ok(answers)
    }

    /// Ends a session of ours that holds the append lock while idle. Returns the number of ended sessions.
    pub(super) async fn end_blocker(&self) -> Result<u64, StoreError> {
        let row = self
            .client
            .query_one(
                &self.prepared.terminate_blocker,
                &[&super::connection::APPLICATION_NAME],
            )
            .await?;
        Ok(u64::try_from(row.get::<_, i64>(0)).unwrap_or(0))
    }
}

impl From<tokio_postgres::Error> for InsertError {
    fn from(error: tokio_postgres::Error) -> InsertError {
        if error.code() == Some(&SqlState::LOCK_NOT_AVAILABLE) {
            return InsertError::LockTimeout;
        }
        StoreError::from(error).into()
    }
}

impl From<StoreError> for InsertError {
    fn from(error: StoreError) -> InsertError {
        match error {
            StoreError::Unreachable(reason) => InsertError::NotDone(reason),
            StoreError::OutcomeUnknown(reason) => InsertError::Lost(reason),
            StoreError::Refused(reason)
            | StoreError::Conflict(reason)
            | StoreError::Corrupt(reason) => InsertError::Refused(reason),
        }
    }
}
