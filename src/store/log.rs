//! Reading the event log.

use tokio_postgres::Row;
use uuid::Uuid;

use super::event::{StoredEvent, many};
use super::{Store, StoreError, sql};
use crate::game::GameId;

/// Where the log ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogHead {
    /// Names this course of history; another one after a restore.
    pub epoch: Uuid,
    /// The position of the last event, 0 while there is none.
    pub position: i64,
}

impl Store {
    /// All events of a game, in order; none where there is no such game.
    pub async fn read_game(&self, game: GameId) -> Result<Vec<StoredEvent>, StoreError> {
        many(&self.read(sql::read_game, &[&game.0]).await?)
    }

    /// How many events a game has, and the position of the last; `None` where it has none.
    pub async fn read_version(&self, game: GameId) -> Result<Option<(u32, i64)>, StoreError> {
        let rows = self.read(sql::read_version, &[&game.0]).await?;
        rows.first()
            .map(|row| Ok((version(row)?, row.get("position"))))
            .transpose()
    }

    /// Where the log ends now.
    pub async fn read_log_head(&self) -> Result<LogHead, StoreError> {
        let row = self.read_one(sql::log_head, &[]).await?;
        Ok(LogHead {
            epoch: row.get(0),
            position: row.get(1),
        })
    }

    /// Starts a new course of history, as must be done after a restore: every cache is dropped
    /// and every subscription begins anew.
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
