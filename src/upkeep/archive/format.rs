//! The lines of an archive.
//!
//! An archive is JSON Lines under zstd: a header, a line for each game with its events as the log held
//! them, and a footer with the counts and the SHA-256 of everything before it. A stored event is never
//! edited, so a line stays valid for ever. A change of the lines themselves gets the next `format`.
//! Players are ids: their names are only in the database, and are deleted with the player.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::game::{GameId, PlayerId};
use crate::record::{History, RecordError};
use crate::rules::{Rulebook, RulesId};
use crate::store::{EventRow, StoredEvent};

/// The newest format that this release reads, and the one that it writes.
pub const FORMAT: u32 = 1;

/// The first line.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Header {
    /// Always `games`.
    pub archive: String,
    /// The number of the format.
    pub format: u32,
    /// The log's epoch when the games were taken.
    pub epoch: Uuid,
    /// When the file was written.
    #[serde(with = "time::serde::rfc3339")]
    pub archived_at: OffsetDateTime,
    /// No game in the file has an event after this time.
    #[serde(with = "time::serde::rfc3339")]
    pub changed_before: OffsetDateTime,
    /// The stage of the games; `None` for all stages.
    pub stage: Option<String>,
}

/// The last line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Footer {
    /// Games in the file.
    pub games: u64,
    /// Events in the file.
    pub events: u64,
    /// The SHA-256 of all bytes before this line, uncompressed.
    pub sha256: String,
}

/// Any line except the first.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum Line {
    Game(GameLine),
    Footer(Footer),
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct GameLine {
    /// The game.
    pub game_id: GameId,
    events: Vec<EventLine>,
}

/// An event, in the columns of the log.
#[derive(Debug, Deserialize)]
struct EventLine {
    position: i64,
    version: u32,
    stage: String,
    variant: String,
    rules: u16,
    r#type: String,
    schema: i16,
    data: Value,
    actor: PlayerId,
    #[serde(with = "time::serde::rfc3339")]
    at: OffsetDateTime,
}

/// The line of a game, made from the lines of its events.
pub(super) fn game_line(game: GameId, events: &[String]) -> String {
    format!(
        "{{\"gameId\":\"{game}\",\"events\":[{}]}}",
        events.join(",")
    )
}

impl GameLine {
    /// The game in the line.
    ///
    /// # Errors
    /// Fails if this release cannot read an event, or if the events do not make a game.
    pub(super) fn history(self, book: &Rulebook) -> Result<History, RecordError> {
        let game_id = self.game_id;
        let events = self.events.into_iter();
        let events: Result<Vec<StoredEvent>, RecordError> =
            events.map(|event| event.stored(game_id)).collect();
        History::read(book, events?)?
            .ok_or_else(|| RecordError::Value(format!("game {game_id} has no event")))
    }
}

impl EventLine {
    fn stored(self, game_id: GameId) -> Result<StoredEvent, RecordError> {
        let stage = self.stage.parse();
        Ok(StoredEvent {
            position: self.position,
            row: EventRow {
                game_id,
                version: self.version,
                stage: stage.map_err(|error| RecordError::Value(format!("stage: {error}")))?,
                rules: RulesId {
                    variant: self.variant.into(),
                    version: self.rules,
                },
                kind: self.r#type.into(),
                schema: self.schema,
                data: self.data,
                actor: self.actor.0,
                at: self.at,
            },
        })
    }
}
