//! Reads the event log.

use tokio_postgres::Row;
use uuid::Uuid;

use super::event::{StoredEvent, many};
use super::{Store, StoreError, sql};
use crate::game::GameId;

/// The end of the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogHead {
    /// Identifies this history of the log. A restore starts another one.
    pub epoch: Uuid,
    /// The position of the last event; 0 if there is none.
    pub position: i64,
}

impl Store {
    /// All events of a game, in order; none if the game does not exist.
    pub async fn read_game(&self, game: GameId) -> Result<Vec<StoredEvent>, StoreError> {
        many(&self.read(sql::read_game, &[&game.0]).await?)
    }

    /// The number of a game's events and the position of the last; `None` if it has none.
    pub async fn read_version(&self, game: GameId) -> Result<Option<(u32, i64)>, StoreError> {
        let rows = self.read(sql::read_version, &[&game.0]).await?;
        rows.first()
            .map(|row| Ok((version(row)?, row.get("position"))))
            .transpose()
    }

    /// The present end of the log.
    pub async fn read_log_head(&self) -> Result<LogHead, StoreError> {
        let row = self.read_one(sql::log_head, &[]).await?;
        Ok(LogHead {
            epoch: row.get(0),
            position: row.get(1),
        })
    }

    /// Starts a new epoch, which is necessary after a restore: every cache is dropped, and every
    /// subscription starts again.
    pub async fn renew_epoch(&self) -> Result<Uuid, StoreError> {
        let rows = self.write(sql::renew_epoch, &[]).await?;
        rows.first()
            .map(|row| row.get(0))
            .ok_or_else(|| StoreError::Corrupt("the log has no epoch".into()))
    }
}

fn version(row: &Row) -> Result<u32, StoreError> {
    let version: i32 = row.get("version");
    u32::try_from(version)
        .map_err(|_| StoreError::Corrupt(format!("the log holds an event of version {version}")))
}
