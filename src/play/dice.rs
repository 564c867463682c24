//! The chance of one game, opened for one command on it.
//!
//! The seed is opened where a command is decided and nowhere else, and it leaves this file only in
//! the event that ends the game.

use std::fmt;

use super::commands::Refused;
use super::{Play, PlayError};
use crate::game::{
    self, Command, Creation, Decision, Entropy, Entry, Event, GameId, PlayerId, Seats, Seed,
    Status, entropy_of_seats,
};
use crate::record::History;
use crate::rules::{Chance, Rules};
use crate::seals::SealError;

/// What a command needs of the secret of its game. Its `Debug` prints nothing.
pub(super) struct Dice {
    /// `None` where the game has no chance.
    seed: Option<Seed>,
}

impl Play {
    /// The dice of the game that `history` tells.
    pub(super) async fn dice(&self, history: &History) -> Result<Dice, PlayError> {
        let is_over = history.game().status() == Status::Finished;
        let promise = history.first().entry.luck.promise.as_ref();
        // Nothing is drawn after the end.
        let Some(promise) = promise.filter(|_| !is_over) else {
            return Ok(Dice { seed: None });
        };
        let game_id = history.game_id();
        match self.inner.seals.open_seed(game_id, promise).await {
            Ok(seed) => Ok(Dice { seed: Some(seed) }),
            Err(SealError::Store(error)) => Err(error.into()),
            Err(error @ (SealError::NoKey(_) | SealError::Changed)) => {
                tracing::error!(%game_id, %error, "a game of chance cannot go on");
                Err(PlayError::RulesFailed)
            }
        }
    }

    /// The first event of `game`, which draws its seed where these rules have chance.
    pub(super) fn first_entry(
        &self,
        game: GameId,
        rules: &Rules,
        by: PlayerId,
        creation: Creation,
        entropy: Option<Entropy>,
    ) -> Entry {
        let drawn = rules.forms().chance.then(|| self.inner.seals.draw(game));
        let chance = match &drawn {
            None => Chance::none(),
            Some((seed, _)) => {
                let event = Event::GameCreated(creation.clone());
                let added = entropy_of_seats([(&event, entropy.as_ref())]);
                Chance::seeded(seed.key(game, 1, &added))
            }
        };
        let mut entry = game::create(rules, by, self.now(), creation, chance);
        entry.luck.entropy = entropy;
        entry.luck.promise = drawn.map(|(_, promise)| Box::new(promise));
        entry
    }
}

impl Dice {
    /// Judges `command`, with which the caller adds `entropy` to the chance of the seat that they
    /// take.
    pub(super) fn decide(
        &self,
        history: &History,
        command: &Command,
        entropy: Option<&Entropy>,
    ) -> Result<Decision, Refused> {
        let judge = |chance| game::decide(history.game(), command, chance).map_err(Refused::Rules);
        let mut decision = judge(self.chance(history, None))?;
        let Decision::Record(entry) = &mut decision else {
            return Ok(decision);
        };
        if entropy.is_some() && !entry.luck.draws.is_empty() {
            // Only now it is known whose entropy it is, and it counts for these draws already.
            decision = judge(self.chance(history, Some((&entry.event, entropy))))?;
        }
        if let Decision::Record(entry) = &mut decision {
            entry.luck.entropy = entropy.cloned();
            if entry.event.result().is_some() {
                entry.luck.seed = self.seed.clone();
            }
        }
        Ok(decision)
    }

    /// The draws of the event that comes next, where `next` has been decided of it.
    fn chance(&self, history: &History, next: Option<(&Event, Option<&Entropy>)>) -> Chance {
        let Some(seed) = &self.seed else {
            return Chance::none();
        };
        let entries = history.events().iter().map(|recorded| &recorded.entry);
        let events = entries.map(|entry| (&entry.event, entry.luck.entropy.as_ref()));
        let added: Seats<Option<Entropy>> = entropy_of_seats(events.chain(next));
        Chance::seeded(seed.key(history.game_id(), history.version() + 1, &added))
    }
}

impl fmt::Debug for Dice {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Dice")
    }
}
