//! Deletes an account: first the token, then the games, then the name.
//!
//! The player is marked, and from then on their token is refused. Calls that were let in before the
//! mark have two seconds to end. Then the lists of games are read, once they have passed the log's
//! end, and every unfinished game of the player is ended. The projector ends the games that come
//! even later ([`Play::end_games_given_to_deleted`]). The player's row is deleted last, so a call
//! that is cut off can be repeated and continues from the mark.

use std::time::Duration;

use futures_util::{StreamExt, TryStreamExt, stream};
use tokio::time::{Instant, sleep, timeout};
use uuid::Uuid;

use super::commands::Refused;
use super::dice::Dice;
use super::rematch::next_id;
use super::{Answer, Answered, Caller, Play, PlayError};
use crate::game::{Actor, Ask, Command, Decision, GameId, PlayerId, Status};
use crate::record::History;
use crate::store::append::AppendError;
use crate::store::{Leaving, StoreError};

/// How long calls that were let in before the mark may take to end.
const GRACE: Duration = Duration::from_secs(2);
/// How long the lists of games may take to pass the log's end.
const PATIENCE: Duration = Duration::from_secs(10);
const ASK_AGAIN: Duration = Duration::from_millis(50);
const PAGE_LENGTH: i64 = 500;
/// How many games are ended at once: enough to fill the writer's batches, but few beside its queue.
const AT_ONCE: usize = 16;
/// How often ending a game is tried while other events of it keep coming first.
const TRIES: u32 = 30;
/// How many cut-off deletions a sweep reads at once.
const SWEEP_LENGTH: i64 = 100;
/// How many players' deletions an instance carries out at once.
pub(super) const PLAYERS_AT_ONCE: usize = 4;

/// A seat that a player got, or that is kept for them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Given {
    /// The game with the seat.
    pub game: GameId,
    /// The player whose seat it is.
    pub player: PlayerId,
}

/// Why a deletion is not finished.
enum NotDeleted {
    /// The lists of games are too far behind the log.
    ListsBehind,
    Failed(PlayError),
}

impl Play {
    /// Deletes the caller's account: ends their tokens and their games, then deletes their name.
    /// Their finished games stay. A repeat skips the steps that are done.
    ///
    /// # Errors
    /// [`PlayError::Unavailable`] if it could not be finished now. A repeat continues from there.
    pub async fn delete_player(&self, caller: &Caller) -> Answered<()> {
        let player = caller.player()?;
        let play = self.clone();
        self.carry_through(async move { Ok(Answer::done(play.delete(player).await?)) })
            .await
    }

    async fn delete(&self, player: PlayerId) -> Result<(), NotDeleted> {
        let store = &self.inner.store;
        let Some(marked_for) = store.mark_player_deleted(player).await? else {
            return Ok(());
        };
        sleep(GRACE.saturating_sub(marked_for)).await;
        let turn = timeout(PATIENCE, self.inner.deletions.take(player)).await;
        let Ok(_turn) = turn else {
            return Err(PlayError::OUTCOME_UNKNOWN.into());
        };
        // The call that had the turn before may have finished the deletion.
        let marked = store.mark_player_deleted(player).await;
        if marked.map_err(once_sent)?.is_none() {
            return Ok(());
        }
        self.end_games(player).await?;
        // Another instance may have deleted the same player at the same time.
        store.delete_player(player).await.map_err(once_sent)?;
        Ok(())
    }

    /// Finishes the deletions that were cut off and not repeated. One that cannot be finished does
    /// not hold up the others.
    pub(super) async fn finish_deletions(&self) -> Result<(), PlayError> {
        let mut after = Leaving::FIRST;
        loop {
            let store = &self.inner.store;
            let page = store.leaving_players(after, SWEEP_LENGTH).await?;
            let Some(last) = page.last() else {
                return Ok(());
            };
            after = *last;
            for Leaving { player, .. } in page {
                match self.delete(player).await {
                    Ok(()) => {}
                    // The lists are behind for every player, so no other deletion can be finished
                    // now.
                    Err(NotDeleted::ListsBehind) => return Err(NotDeleted::ListsBehind.into()),
                    Err(NotDeleted::Failed(error)) => {
                        tracing::warn!(player_id = %player.0, %error, "a deletion could not be finished");
                    }
                }
            }
        }
    }

    /// Ends the games in `given`, whose players have deleted their account. Call it with the seats
    /// that events in the log have given them, before the lists of games show these events.
    ///
    /// # Errors
    /// [`PlayError::Unavailable`]. Then call it again with the same seats.
    pub async fn end_games_given_to_deleted(&self, given: &[Given]) -> Result<(), PlayError> {
        self.end_games_of(given.to_vec()).await?;
        Ok(())
    }

    /// Ends a marked player's games until the lists show no unfinished one.
    async fn end_games(&self, player: PlayerId) -> Result<(), NotDeleted> {
        loop {
            self.wait_for_lists().await?;
            let ended = self.end_listed_games(player).await;
            if ended.map_err(PlayError::once_sent)? == 0 {
                return Ok(());
            }
        }
    }

    /// Waits until the lists of games hold everything that is in the log now.
    async fn wait_for_lists(&self) -> Result<(), NotDeleted> {
        let store = &self.inner.store;
        let end = store.read_log_head().await.map_err(once_sent)?.position;
        let deadline = Instant::now() + PATIENCE;
        while store.my_games_position().await.map_err(once_sent)? < end {
            if Instant::now() > deadline {
                tracing::warn!("the lists of games are too far behind to delete an account now");
                return Err(NotDeleted::ListsBehind);
            }
            sleep(ASK_AGAIN).await;
        }
        Ok(())
    }

    /// Ends the games in the lists. Returns how many were still unfinished.
    async fn end_listed_games(&self, player: PlayerId) -> Result<usize, PlayError> {
        let store = &self.inner.store;
        let mut ended = 0;
        let mut after = GameId(Uuid::nil());
        loop {
            let games = store
                .unfinished_games_of(player, after, PAGE_LENGTH)
                .await?;
            let Some(last) = games.last() else { break };
            after = *last;
            ended += self.end_games_of(given_to(player, games)).await?;
        }
        after = GameId(Uuid::nil());
        loop {
            let kept = store.games_kept_for(player, after, PAGE_LENGTH).await?;
            let Some((last, _)) = kept.last() else { break };
            after = *last;
            let rematches = kept.into_iter().map(|(_, rematch)| rematch);
            ended += self.end_games_of(given_to(player, rematches)).await?;
        }
        Ok(ended + self.end_unlinked_rematches(player).await?)
    }

    /// Ends the rematches that were created by calls that were cut off before the old game named
    /// them. Their ids are computed. Most do not exist, so each page first asks which ones do.
    async fn end_unlinked_rematches(&self, player: PlayerId) -> Result<usize, PlayError> {
        let store = &self.inner.store;
        let mut ended = 0;
        let mut after = GameId(Uuid::nil());
        loop {
            let games = store.unlinked_games_of(player, after, PAGE_LENGTH).await?;
            let Some((last, _)) = games.last() else {
                return Ok(ended);
            };
            after = *last;
            let nexts: Vec<GameId> = games.iter().map(|(game, at)| next_id(*game, *at)).collect();
            let existing = store.read_versions(&nexts).await?.into_keys();
            ended += self.end_games_of(given_to(player, existing)).await?;
        }
    }

    /// Ends games, several at once. Returns how many were still unfinished.
    async fn end_games_of(&self, given: Vec<Given>) -> Result<usize, PlayError> {
        let ends = stream::iter(given)
            .map(|given| async move { self.end_game_of(given.game, given.player).await })
            .buffer_unordered(AT_ONCE);
        ends.try_fold(
            0,
            |count, ended| async move { Ok(count + usize::from(ended)) },
        )
        .await
    }

    /// Takes a player who has deleted their account out of one game. Returns whether they were
    /// still in it. A game that cannot be read, or whose next event Postgres refuses, is logged and
    /// left as it is: it may hold up neither the deletion nor the projector.
    ///
    /// # Errors
    /// [`PlayError::Unavailable`].
    pub(super) async fn end_game_of(
        &self,
        game: GameId,
        player: PlayerId,
    ) -> Result<bool, PlayError> {
        let left = |reason: &dyn std::fmt::Display| {
            tracing::error!(game_id = %game, %reason, "a deleted player's game cannot be ended");
            Ok(false)
        };
        let mut recorded = false;
        for _ in 0..TRIES {
            let events = match self.inner.store.read_game(game).await {
                Ok(events) => events,
                Err(error @ StoreError::Corrupt(_)) => return left(&error),
                Err(error) => return Err(error.into()),
            };
            let history = match History::read(self.rulebook(), events) {
                Ok(Some(history)) => history,
                Ok(None) => return Ok(false),
                Err(error) => return left(&error),
            };
            let dice = match self.dice(&history).await {
                Err(error @ PlayError::RulesFailed) => return left(&error),
                dice => dice?,
            };
            let entry = match self.end_for(&history, &dice, player) {
                Ok(Decision::Record(entry)) => entry,
                Ok(Decision::AlreadyHolds) => return Ok(recorded),
                Err(_) => return left(&"the rules refuse it"),
            };
            match self.append(&history, entry).await {
                Ok(after) => {
                    recorded = true;
                    if let Ok(Decision::AlreadyHolds) = self.end_for(&after, &dice, player) {
                        return Ok(true);
                    }
                }
                Err(AppendError::LostRace) => {}
                Err(error @ AppendError::Refused(_)) => return left(&error),
                Err(error) => return Err(PlayError::of_append(&error)),
            }
        }
        Err(PlayError::OUTCOME_UNKNOWN)
    }

    /// The event that takes a deleted player out of a game. Of two players, or as the last who
    /// waits, they end it with that. A waiting game in which a seat is only kept for them is
    /// abandoned, because its players would wait in vain.
    fn end_for(
        &self,
        history: &History,
        dice: &Dice,
        player: PlayerId,
    ) -> Result<Decision, Refused> {
        let game = history.game();
        let still_in = game.seats_in_play().and(game.seats_of(player));
        let command = match game.status() {
            Status::Waiting | Status::Playing if !still_in.is_empty() => {
                self.command(player, Ask::Resign)
            }
            Status::Waiting if !game.left.contains(&player) => Command {
                by: Actor::System,
                at: self.now(),
                ask: Ask::Abandon,
            },
            Status::Waiting | Status::Playing | Status::Finished => {
                return Ok(Decision::AlreadyHolds);
            }
        };
        dice.decide(history, &command, None)
    }
}

impl From<PlayError> for NotDeleted {
    fn from(error: PlayError) -> NotDeleted {
        NotDeleted::Failed(error)
    }
}

impl From<StoreError> for NotDeleted {
    fn from(error: StoreError) -> NotDeleted {
        NotDeleted::Failed(error.into())
    }
}

impl From<NotDeleted> for PlayError {
    fn from(reason: NotDeleted) -> PlayError {
        match reason {
            NotDeleted::ListsBehind => PlayError::OUTCOME_UNKNOWN,
            NotDeleted::Failed(error) => error,
        }
    }
}

/// A failure after the player was marked.
fn once_sent(error: StoreError) -> PlayError {
    PlayError::from(error).once_sent()
}

fn given_to(player: PlayerId, games: impl IntoIterator<Item = GameId>) -> Vec<Given> {
    let given = games.into_iter().map(|game| Given { game, player });
    given.collect()
}
