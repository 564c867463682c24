//! Reading the event log.

use std::sync::Arc;

use tokio_postgres::Row;
use uuid::Uuid;

use super::{CodecError, History, Recorded, Store, StoreError, batch, codec, sql};
use crate::config::StageName;
use crate::game::{GameId, PlayerId};

/// Where the log ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogHead {
    /// Names this course of history; another one after a restore.
    pub epoch: Uuid,
    /// The position of the last event, 0 while there is none.
    pub position: i64,
}

impl Store {
    /// A game with all its events; `None` where there is no such game.
    pub async fn read_history(&self, game: GameId) -> Result<Option<History>, StoreError> {
        let rows = self.read(sql::read_game, &[&game.0]).await?;
        History::new(many(&rows)?)
    }

    /// At most `limit` of a game's events after version `after`, in order.
    pub async fn read_page(
        &self,
        game: GameId,
        after: u32,
        limit: i64,
    ) -> Result<Vec<Arc<Recorded>>, StoreError> {
        let after = batch::stored_version(after);
        many(
            &self
                .read(sql::read_game_from, &[&game.0, &after, &limit])
                .await?,
        )
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

pub(super) fn many(rows: &[Row]) -> Result<Vec<Arc<Recorded>>, StoreError> {
    rows.iter().map(|row| recorded(row).map(Arc::new)).collect()
}

/// The event in a row of the log.
pub(super) fn recorded(row: &Row) -> Result<Recorded, StoreError> {
    let rules = codec::rules(row.get("variant"), row.get("rules"))?;
    let stage: StageName = row
        .get::<_, &str>("stage")
        .parse()
        .map_err(|error| CodecError::Value(format!("event stage: {error}")))?;
    Ok(Recorded {
        position: row.get("position"),
        game_id: GameId(row.get("game_id")),
        version: version(row)?,
        stage,
        rules,
        event: codec::event(rules, row.get("type"), row.get("schema"), row.get("data"))?,
        actor: PlayerId(row.get("actor")),
        at: row.get("at"),
    })
}

fn version(row: &Row) -> Result<u32, CodecError> {
    let version: i32 = row.get("version");
    u32::try_from(version).map_err(|_| CodecError::Value(format!("event version {version}")))
}
