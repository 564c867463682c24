//! Events as rows of the log. The store passes them on unread; `record` reads them.

use serde_json::Value;
use smol_str::SmolStr;
use time::OffsetDateTime;
use tokio_postgres::Row;
use uuid::Uuid;

use super::StoreError;
use crate::config::StageName;
use crate::game::GameId;
use crate::rules::RulesId;

/// An event in the form of the log's columns, without its position.
#[derive(Clone, Debug, PartialEq)]
pub struct EventRow {
    /// The game.
    pub game_id: GameId,
    /// Its number in its game: the n-th event makes version n.
    pub version: u32,
    /// The stage of the game.
    pub stage: StageName,
    /// The rules of the game, which this release may not know.
    pub rules: RulesId,
    /// The name of its type.
    pub kind: SmolStr,
    /// The number of its shape.
    pub schema: i16,
    /// Its fields.
    pub data: Value,
    /// The player whose command it is, or the id that stands for the server.
    pub actor: Uuid,
    /// When it happened.
    pub at: OffsetDateTime,
}

/// An event in the log.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredEvent {
    /// Its position in the whole log. Positions grow in the order of commits.
    pub position: i64,
    /// The event.
    pub row: EventRow,
}

/// The events in `rows`.
pub(super) fn many(rows: &[Row]) -> Result<Vec<StoredEvent>, StoreError> {
    rows.iter().map(stored).collect()
}

/// The event in a row of the log.
pub(super) fn stored(row: &Row) -> Result<StoredEvent, StoreError> {
    let stage: &str = row.get("stage");
    let (version, rules): (i32, i16) = (row.get("version"), row.get("rules"));
    let corrupt = |what: String| StoreError::Corrupt(format!("the log holds {what}"));
    Ok(StoredEvent {
        position: row.get("position"),
        row: EventRow {
            game_id: GameId(row.get("game_id")),
            version: u32::try_from(version)
                .map_err(|_| corrupt(format!("an event of version {version}")))?,
            stage: stage
                .parse()
                .map_err(|error| corrupt(format!("an event of stage {stage:?}: {error}")))?,
            rules: RulesId {
                variant: SmolStr::new(row.get::<_, &str>("variant")),
                version: u16::try_from(rules)
                    .map_err(|_| corrupt(format!("an event of rules {rules}")))?,
            },
            kind: SmolStr::new(row.get::<_, &str>("type")),
            schema: row.get("schema"),
            data: row.get("data"),
            actor: row.get("actor"),
            at: row.get("at"),
        },
    })
}
