//! The events of one game, and the game that they make.

use std::sync::Arc;

use time::OffsetDateTime;

use super::{CodecError, StoreError};
use crate::config::StageName;
use crate::game::{self, Event, Game, GameId, PlayerId, Rules};

/// An event as the log holds it.
#[derive(Clone, Debug, PartialEq)]
pub struct Recorded {
    /// Its place in the whole log; grows in commit order.
    pub position: i64,
    /// The game.
    pub game_id: GameId,
    /// Its place in its game: the n-th event makes version n.
    pub version: u32,
    /// The stage of the game.
    pub stage: StageName,
    /// The rules of the game.
    pub rules: Rules,
    /// The event.
    pub event: Event,
    /// The player who did it.
    pub actor: PlayerId,
    /// When it happened.
    pub at: OffsetDateTime,
}

/// A game with everything that led to it: never empty, versions dense from 1.
#[derive(Clone, Debug, PartialEq)]
pub struct History {
    events: Vec<Arc<Recorded>>,
    game: Game,
}

impl History {
    /// The history made of `events`, in order; `None` where there are none.
    ///
    /// # Errors
    /// Where versions have a hole or the first event is not a creation.
    pub fn new(events: Vec<Arc<Recorded>>) -> Result<Option<History>, StoreError> {
        let Some(first) = events.first() else {
            return Ok(None);
        };
        for (expected, recorded) in (1..).zip(&events) {
            if recorded.version != expected {
                let message = format!("game {} has no event {expected}", first.game_id);
                return Err(CodecError::Value(message).into());
            }
        }
        let game = game::fold(first.rules, events.iter().map(|recorded| &recorded.event))
            .map_err(|error| CodecError::Value(format!("game {}: {error}", first.game_id)))?;
        Ok(Some(History { events, game }))
    }

    /// This history and one event more; `None` unless `next` is the one that comes next.
    pub fn followed_by(&self, next: Arc<Recorded>) -> Option<History> {
        if next.version != self.version() + 1 || next.game_id != self.game_id() {
            return None;
        }
        let game = game::evolve(self.game.clone(), &next.event);
        let mut events = self.events.clone();
        events.push(next);
        Some(History { events, game })
    }

    /// The history as it was at `version`; `None` where the game has not come so far.
    pub fn at(&self, version: u32) -> Option<History> {
        let count = usize::try_from(version).ok()?;
        let events = self.events.get(..count)?.to_vec();
        let first = events.first()?;
        let game = game::fold(first.rules, events.iter().map(|recorded| &recorded.event)).ok()?;
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
        self.first().at
    }

    /// When the newest event happened.
    pub fn updated_at(&self) -> OffsetDateTime {
        self.last().at
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

#[cfg(test)]
#[path = "history_tests.rs"]
mod tests;
