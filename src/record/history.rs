//! The events of one game, and the game that results from them.

use std::sync::Arc;

use smol_str::SmolStr;
use time::OffsetDateTime;
use uuid::Uuid;

use super::codec::{self, RecordError};
use super::luck;
use crate::config::StageName;
use crate::game::{self, Actor, Entry, Event, FoldError, Game, GameId, PlayerId};
use crate::rules::{Rulebook, Rules};
use crate::store::{EventRow, StoredEvent};

/// The actor in the log that stands for the server itself.
const SYSTEM: Uuid = Uuid::nil();

/// An event of the log.
#[derive(Clone, Debug, PartialEq)]
pub struct Recorded {
    /// Its position in the whole log. Positions grow in the order of commits.
    pub position: i64,
    /// The game.
    pub game_id: GameId,
    /// Its number in its game: the n-th event makes version n.
    pub version: u32,
    /// The stage of the game.
    pub stage: StageName,
    /// The rules of the game.
    pub rules: Rules,
    /// The event, with its time and its actor.
    pub entry: Entry,
}

/// A game with all events that led to it. It is never empty, and its versions are dense from 1.
#[derive(Clone, Debug, PartialEq)]
pub struct History {
    events: Vec<Arc<Recorded>>,
    game: Game,
}

impl Recorded {
    /// Reads an event of the log.
    ///
    /// # Errors
    /// Fails if this release does not know its rules or cannot read it.
    pub fn read(book: &Rulebook, stored: StoredEvent) -> Result<Recorded, RecordError> {
        let StoredEvent { position, row } = stored;
        let rules = codec::rules(book, &row.rules)?.clone();
        let entry = Entry {
            event: codec::event(&rules, &row.kind, row.schema, &row.data)?,
            at: row.at,
            actor: match row.actor {
                SYSTEM => Actor::System,
                player => Actor::Player(PlayerId(player)),
            },
            luck: luck::read(&rules, &row.kind, &row.data)?,
        };
        Ok(Recorded {
            position,
            game_id: row.game_id,
            version: row.version,
            stage: row.stage,
            rules,
            entry,
        })
    }

    /// The row that records this event.
    pub fn row(&self) -> EventRow {
        let Entry {
            event, at, actor, ..
        } = &self.entry;
        EventRow {
            game_id: self.game_id,
            version: self.version,
            stage: self.stage.clone(),
            rules: self.rules.id.clone(),
            kind: SmolStr::new_static(codec::kind(event)),
            schema: codec::schema(&self.rules),
            data: codec::stored(&self.rules, &self.entry),
            actor: actor.player().map_or(SYSTEM, |player| player.0),
            at: *at,
        }
    }
}

impl History {
    /// Reads the events of a game, in order; `None` if there are none.
    ///
    /// # Errors
    /// Fails if this release cannot read one of them, or if they do not make a game.
    pub fn read(book: &Rulebook, events: Vec<StoredEvent>) -> Result<Option<History>, RecordError> {
        let events = events.into_iter();
        let events: Result<Vec<Arc<Recorded>>, RecordError> = events
            .map(|stored| Recorded::read(book, stored).map(Arc::new))
            .collect();
        History::new(events?)
    }

    /// Builds a history from `events`, in order; `None` if there are none.
    ///
    /// # Errors
    /// Fails if a version is missing, or if the first event does not create the game.
    pub fn new(events: Vec<Arc<Recorded>>) -> Result<Option<History>, RecordError> {
        let Some(first) = events.first() else {
            return Ok(None);
        };
        for (expected, recorded) in (1..).zip(&events) {
            if recorded.version != expected {
                let message = format!("game {} has no event {expected}", first.game_id);
                return Err(RecordError::Value(message));
            }
        }
        let game = fold(&events)
            .map_err(|error| RecordError::Value(format!("game {}: {error}", first.game_id)))?;
        Ok(Some(History { events, game }))
    }

    /// This history with one more event; `None` unless `next` has the next version.
    pub fn followed_by(&self, next: Arc<Recorded>) -> Option<History> {
        if next.version != self.version() + 1 || next.game_id != self.game_id() {
            return None;
        }
        if !has_seat_of(&next.entry, self.game.seats.count()) {
            return None;
        }
        let game = game::evolve(self.game.clone(), &next.entry);
        let mut events = self.events.clone();
        events.push(next);
        Some(History { events, game })
    }

    /// The history as it was at `version`; `None` if the game has not reached that version.
    pub fn at(&self, version: u32) -> Option<History> {
        let count = usize::try_from(version).ok()?;
        let events = self.events.get(..count)?.to_vec();
        let game = fold(&events).ok()?;
        Some(History { events, game })
    }

    /// The game after all events.
    pub fn game(&self) -> &Game {
        &self.game
    }

    /// The events, oldest first.
    pub fn events(&self) -> &[Arc<Recorded>] {
        &self.events
    }

    /// The events after `version`.
    pub fn after(&self, version: u32) -> &[Arc<Recorded>] {
        let count = usize::try_from(version).unwrap_or(usize::MAX);
        self.events.get(count..).unwrap_or_default()
    }

    /// The events after `version`, each with the game that it made.
    pub fn games_after(&self, version: u32) -> impl Iterator<Item = (&Arc<Recorded>, Game)> {
        let mut game: Option<Game> = None;
        let games = self.events.iter().map(move |recorded| {
            let next = match game.take() {
                None => game::begin(&recorded.rules, &recorded.entry),
                Some(game) => Some(game::evolve(game, &recorded.entry)),
            };
            game.clone_from(&next);
            // A history has been folded once, so it begins with a creation.
            (recorded, next.expect("the first event creates the game"))
        });
        games.skip(usize::try_from(version).unwrap_or(usize::MAX))
    }

    /// The number of events.
    pub fn version(&self) -> u32 {
        self.game.version
    }

    /// The id of the game.
    pub fn game_id(&self) -> GameId {
        self.first().game_id
    }

    /// The stage of the game.
    pub fn stage(&self) -> &StageName {
        &self.first().stage
    }

    /// When the game was created.
    pub fn created_at(&self) -> OffsetDateTime {
        self.first().entry.at
    }

    /// When the newest event happened.
    pub fn updated_at(&self) -> OffsetDateTime {
        self.last().entry.at
    }

    /// The oldest event.
    pub fn first(&self) -> &Arc<Recorded> {
        &self.events[0]
    }

    /// The newest event.
    pub fn last(&self) -> &Arc<Recorded> {
        &self.events[self.events.len() - 1]
    }
}

/// Whether a game of `count` seats has the seat that the event is about. The variant may have more
/// seats than the game: a row with another seat was not written by this server.
fn has_seat_of(entry: &Entry, count: u8) -> bool {
    entry
        .event
        .seat()
        .is_none_or(|seat| seat.index() < usize::from(count))
}

fn fold(events: &[Arc<Recorded>]) -> Result<Game, FoldError> {
    let first = events.first().ok_or(FoldError::NotACreation)?;
    let Event::GameCreated(creation) = &first.entry.event else {
        return Err(FoldError::NotACreation);
    };
    let entries = || events.iter().map(|recorded| &recorded.entry);
    if !entries().all(|entry| has_seat_of(entry, creation.seats.count())) {
        return Err(FoldError::NoSuchSeat);
    }
    game::fold(&first.rules, entries())
}

#[cfg(test)]
#[path = "history_tests.rs"]
mod tests;
