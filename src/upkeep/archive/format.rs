//! The lines of an archive.
//!
//! An archive is JSON Lines under zstd: a header, a line for each game with its events as the log
//! held them, and a footer with the counts and the SHA-256 of everything before it. A stored event
//! is never edited, so a line is good for ever; a change of the lines themselves gets the next
//! `format`. Players are ids: their names are in the database alone, and go with the player.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::game::{GameId, PlayerId};
use crate::record::{History, RecordError};
use crate::rules::{Rulebook, RulesId};
use crate::store::{EventRow, StoredEvent};

/// The newest form that this release reads, and the one that it writes.
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
    /// In no game has anything happened since then.
    #[serde(with = "time::serde::rfc3339")]
    pub changed_before: OffsetDateTime,
    /// `None`: of every stage.
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
    /// Of every byte before this line, uncompressed.
    pub sha256: String,
}

/// Any line but the first.
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

/// An event, by the columns of the log.
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

/// The line of a game, of the lines of its events.
pub(super) fn game_line(game: GameId, events: &[String]) -> String {
    format!(
        "{{\"gameId\":\"{game}\",\"events\":[{}]}}",
        events.join(",")
    )
}

impl GameLine {
    /// The game that the line tells of.
    ///
    /// # Errors
    /// Where this release cannot read an event, or they make no game.
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
