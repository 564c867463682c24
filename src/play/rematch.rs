//! The next game between the same players.
//!
//! A rematch records an event in each of two games, so a call that is cut off between them must be
//! repeatable. The next game's id is computed from the old game, so the calls of all players get
//! the same id. A call that finds the next game, but no link to it in the old game, records the
//! link.

use std::sync::Arc;

use sha2::{Digest, Sha256};
use time::OffsetDateTime;
use uuid::Builder;

use super::commands::{Refused, visible};
use super::create::Seater;
use super::dice::Dice;
use super::request::parse_game_id;
use super::view::CreatedView;
use super::{Answer, Answered, Caller, Play, PlayError, Success};
use crate::config::StageName;
use crate::game::{Ask, Command, Creation, Decision, GameId, Holder, PlayerId, Refusal, Seats};
use crate::record::History;
use crate::rules::Seat;

impl Play {
    /// Seats the caller in the next game, in which every player has the seat after their own.
    /// Creates that game if no other player has.
    ///
    /// # Errors
    /// [`PlayError::GameNotOver`], [`PlayError::NotSeated`]; [`PlayError::GameOver`] if the other
    /// players gave up the next game while it waited, or one of them deleted their account.
    pub async fn rematch_game(&self, caller: &Caller, game_id: &str) -> Answered<CreatedView> {
        let player = caller.player()?;
        let game = parse_game_id(game_id)?;
        let (play, stage) = (self.clone(), caller.stage.clone());
        self.carry_through(async move { play.rematch(stage, player, game).await })
            .await
    }

    async fn rematch(
        &self,
        stage: StageName,
        player: PlayerId,
        game: GameId,
    ) -> Answered<CreatedView> {
        let old = self.read_existing(game).await?;
        let ask = |next| self.command(player, Ask::Rematch(next));
        let dice = self.dice(&old).await?;
        let ends = judge(&old, &dice, &stage, player, &ask(game));
        if let Err(refused) = ends {
            return Err(self.refusal(&old, player, refused).await);
        }
        let next = old.game().rematch.unwrap_or_else(|| next_game_id(&old));
        if old.game().rematch.is_none()
            && let Some(gone) = self.another_gone(&old, player).await?
        {
            // A call that was cut off may have created the next game without the link to it.
            self.end_game_of(next, gone).await?;
            let over = Refused::Rules(Refusal::GameOver);
            return Err(self.refusal(&old, player, over).await);
        }
        let begun = match old.game().rematch {
            Some(_) => None,
            None => self.begin_rematch(&old, next, player).await?,
        };
        // This also records a link that an earlier call did not come to record.
        let link = ask(next);
        let judge_link =
            move |history: &History, dice: &Dice| judge(history, dice, &stage, player, &link);
        let linked = self.execute(game, player, judge_link).await;
        // From here on something may have been recorded.
        linked.map_err(PlayError::once_sent)?;

        let (history, success, replayed) = match begun {
            Some(history) => (history, Success::Created, false),
            None => {
                let join = self.command(player, Ask::Join);
                let seat = move |history: &History, dice: &Dice| dice.decide(history, &join, None);
                let done = self.execute(next, player, seat).await;
                let done = done.map_err(PlayError::once_sent)?;
                (done.history, Success::Done, done.replayed)
            }
        };
        let Some(seat) = history.game().acting_seat(player) else {
            let refused = Refused::Rules(Refusal::NotSeated);
            return Err(self.refusal(&history, player, refused).await);
        };
        let seater = Seater {
            player,
            is_new: false,
            name: None,
        };
        let mut value = self.created_view(&history, &history, &seater, seat).await?;
        value.invite = None;
        Ok(Answer {
            value,
            success,
            replayed,
        })
    }

    /// One of the other players of a game who have deleted their account.
    async fn another_gone(
        &self,
        old: &History,
        player: PlayerId,
    ) -> Result<Option<PlayerId>, PlayError> {
        let others = old.game().players().filter(|other| *other != player);
        let others: Vec<PlayerId> = others.collect();
        let living = self.players_existing(&others).await?;
        Ok(others.into_iter().find(|other| !living.contains(other)))
    }

    /// Makes the next game, in which every player has the seat after their own; `None` where
    /// another player was faster.
    async fn begin_rematch(
        &self,
        old: &History,
        next: GameId,
        player: PlayerId,
    ) -> Result<Option<Arc<History>>, PlayError> {
        let game = old.game();
        let count = game.seats.count();
        let mut seats = Seats::all(count, Holder::Open);
        for (seat, holder) in game.seats.iter() {
            let moved_on = Seat::next(seat, count);
            seats[moved_on] = match holder.player() {
                Some(other) if other == player => Holder::Player(player),
                Some(other) => Holder::Kept(other),
                None => Holder::Open,
            };
        }
        let creation = Creation {
            options: game.options.clone(),
            seats,
            visibility: game.visibility,
            opponent: game.opponent,
        };
        // A stage that no longer serves the variant lets its players play on.
        let rules = self
            .rules_for(old.stage(), &game.rules.id.variant)
            .unwrap_or_else(|| game.rules.clone());
        let entry = self.first_entry(next, &rules, player, creation, None);
        self.append_first(next, old.stage(), &rules, entry).await
    }
}

fn judge(
    history: &History,
    dice: &Dice,
    stage: &StageName,
    player: PlayerId,
    command: &Command,
) -> Result<Decision, Refused> {
    match visible(history, stage, Some(player)) {
        true => dice.decide(history, command, None),
        false => Err(Refused::Hidden),
    }
}

/// The id of the rematch of `old`, always the same one: a UUIDv7 with the time of the event that
/// ended `old`, and with random bits from the SHA-256 of `old`'s id.
pub fn next_game_id(old: &History) -> GameId {
    let ended_at = old
        .events()
        .iter()
        .find(|recorded| recorded.entry.event.result().is_some())
        .map_or(old.updated_at(), |recorded| recorded.entry.at);
    next_id(old.game_id(), ended_at)
}

/// As [`next_game_id`], from the old game's id and the time at which it ended.
pub(super) fn next_id(old: GameId, ended_at: OffsetDateTime) -> GameId {
    let millis = ended_at.unix_timestamp_nanos() / 1_000_000;
    let digest = Sha256::new()
        .chain_update("rematch")
        .chain_update(old.0)
        .finalize();
    let mut random = [0; 10];
    random.copy_from_slice(&digest[..10]);
    let millis = u64::try_from(millis).unwrap_or_default();
    GameId(Builder::from_unix_timestamp_millis(millis, &random).into_uuid())
}
