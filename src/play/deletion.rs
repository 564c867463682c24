//! Deleting an account: the token first, then the games, then the name.
//!
//! The player is marked, and from then on nobody takes their token. Calls that were let in before
//! the mark have two seconds to end. Then the lists of games are read, once they have passed the
//! log's end, and every game of the player is ended. What comes later still is ended by the
//! projector ([`Play::end_games_given_to_deleted`]). The row goes last, so a call that is cut off
//! can be repeated and goes on from the mark.

use std::time::Duration;

use futures_util::{StreamExt, TryStreamExt, stream};
use tokio::time::{Instant, sleep};
use uuid::Uuid;

use super::commands::{Refused, decide};
use super::{Answer, Answered, Caller, Play, PlayError};
use crate::game::{Command, Decision, GameId, PlayerId, Status};
use crate::store::History;

/// How long calls that were let in before the mark may take to end.
const GRACE: Duration = Duration::from_secs(2);
/// How long the lists of games may take to pass the log's end.
const PATIENCE: Duration = Duration::from_secs(10);
const ASK_AGAIN: Duration = Duration::from_millis(50);
const PAGE_LENGTH: i64 = 500;
/// How many games are ended at once: enough to fill the writer's batches, few beside its queue.
const AT_ONCE: usize = 16;
/// How often a game is tried to which others go on doing something.
const TRIES: u32 = 10;
/// How many cut-off deletions one sweep finishes.
const SWEEP_LENGTH: i64 = 1000;

/// A seat that a player got, or that is kept for them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Given {
    /// The game with the seat.
    pub game: GameId,
    /// Whose seat it is.
    pub player: PlayerId,
}

impl Play {
    /// Deletes the caller's account: ends their tokens and their games, then deletes their name.
    /// Their finished games stay. What was done before holds already.
    ///
    /// # Errors
    /// [`PlayError::Unavailable`] where it could not be finished now; a repeat goes on from there.
    pub async fn delete_player(&self, caller: &Caller) -> Answered<()> {
        let player = caller.player()?;
        let play = self.clone();
        self.carry_through(async move { play.delete(player).await.map(Answer::done) })
            .await
    }

    async fn delete(&self, player: PlayerId) -> Result<(), PlayError> {
        let store = &self.inner.store;
        let Some(marked_for) = store.mark_player_deleted(player).await? else {
            return Ok(());
        };
        sleep(GRACE.saturating_sub(marked_for)).await;
        self.end_games(player).await.map_err(PlayError::once_sent)?;
        let deleted = store.delete_player(player).await;
        // Whoever deleted the same player at the same time has done it as well.
        deleted.map_err(|error| PlayError::from(error).once_sent())?;
        Ok(())
    }

    /// Finishes the deletions that were cut off and that nobody has repeated.
    pub(super) async fn finish_deletions(&self) -> Result<(), PlayError> {
        for player in self.inner.store.leaving_players(SWEEP_LENGTH).await? {
            self.delete(player).await?;
        }
        Ok(())
    }

    /// Ends every game of those of the players in `given` who have deleted their account. To be
    /// called with what the log has given them, before the lists of games show it.
    ///
    /// # Errors
    /// [`PlayError::Unavailable`]; then it is to be called again with the same.
    pub async fn end_games_given_to_deleted(&self, given: &[Given]) -> Result<(), PlayError> {
        let mut players: Vec<PlayerId> = given.iter().map(|given| given.player).collect();
        players.sort_unstable();
        players.dedup();
        let living = self.players_existing(&players).await?;
        for given in given {
            if !living.contains(&given.player) {
                self.end_game_of(given.game, given.player).await?;
            }
        }
        Ok(())
    }

    /// Ends a marked player's games, until the lists know of none that is left.
    async fn end_games(&self, player: PlayerId) -> Result<(), PlayError> {
        loop {
            self.wait_for_lists().await?;
            if self.end_listed_games(player).await? == 0 {
                return Ok(());
            }
        }
    }

    /// Waits until the lists of games hold everything that is in the log now.
    async fn wait_for_lists(&self) -> Result<(), PlayError> {
        let store = &self.inner.store;
        let end = store.read_log_head().await?.position;
        let deadline = Instant::now() + PATIENCE;
        while store.my_games_position().await? < end {
            if Instant::now() > deadline {
                tracing::warn!("the lists of games are too far behind to delete an account now");
                return Err(PlayError::OUTCOME_UNKNOWN);
            }
            sleep(ASK_AGAIN).await;
        }
        Ok(())
    }

    /// Ends the games that the lists know of; how many were still to be ended.
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
            ended += self.end_games_of(games, player).await?;
        }
        after = GameId(Uuid::nil());
        loop {
            let kept = store.games_kept_for(player, after, PAGE_LENGTH).await?;
            let Some((last, _)) = kept.last() else { break };
            after = *last;
            let rematches = kept.into_iter().map(|(_, rematch)| rematch).collect();
            ended += self.end_games_of(rematches, player).await?;
        }
        Ok(ended)
    }

    async fn end_games_of(&self, games: Vec<GameId>, player: PlayerId) -> Result<usize, PlayError> {
        let ends = stream::iter(games)
            .map(|game| async move { self.end_game_of(game, player).await })
            .buffer_unordered(AT_ONCE);
        ends.try_fold(
            0,
            |count, ended| async move { Ok(count + usize::from(ended)) },
        )
        .await
    }

    /// Ends one game of a player who has deleted their account; whether anything was to be done.
    ///
    /// # Errors
    /// [`PlayError::Unavailable`]. A game that this release cannot read is left as it is.
    pub(super) async fn end_game_of(
        &self,
        game: GameId,
        player: PlayerId,
    ) -> Result<bool, PlayError> {
        let judge = move |history: &History| end_for(history, player);
        for _ in 0..TRIES {
            match self.execute(game, player, judge).await {
                Ok(done) => return Ok(!done.replayed),
                Err(PlayError::VersionConflict { .. }) => {}
                Err(PlayError::GameNotFound) => return Ok(false),
                Err(error @ PlayError::Unavailable(_)) => return Err(error),
                Err(error) => {
                    tracing::error!(game_id = %game, %error, "a deleted player's game cannot be ended");
                    return Ok(false);
                }
            }
        }
        Err(PlayError::OUTCOME_UNKNOWN)
    }
}

/// What ends a game for a player who is gone. One that waits is abandoned, also where its free
/// seat is only kept for them: who sits in it waits for nobody.
fn end_for(history: &History, player: PlayerId) -> Result<Decision, Refused> {
    let game = history.game();
    let leaves = match game.status() {
        Status::Finished => None,
        Status::Playing => Some(player).filter(|player| game.is_seated(*player)),
        Status::Waiting => game.seats.iter().find_map(|(_, holder)| *holder),
    };
    match leaves {
        None => Ok(Decision::AlreadyHolds),
        Some(player) => decide(history, &Command::Resign { player }),
    }
}
