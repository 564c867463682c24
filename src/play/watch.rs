//! A player's unfinished games, complete up to the moment of the call.

use std::collections::HashSet;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::{Play, PlayError};
use crate::config::StageName;
use crate::game::{GameId, PlayerId, Status};

/// How many games are listed.
const MAX_GAMES: usize = 200;
/// How long the list of games may take to catch up with the log.
const PATIENCE: Duration = Duration::from_secs(2);
const ASK_AGAIN: Duration = Duration::from_millis(50);
/// The most games that are read from the log if the list does not catch up in time.
const MAX_SEARCHED: i64 = 2000;

/// A player's unfinished games.
#[derive(Clone, Debug, Default)]
pub struct UnfinishedGames {
    /// At most 200, the most recently changed first.
    pub games: Vec<GameId>,
    /// True if the player has more games than these.
    pub more: bool,
}

impl Play {
    /// The player's unfinished games in this stage. Games that existed at the moment of the call
    /// are included even if the list that they are read from lags.
    ///
    /// # Errors
    /// [`PlayError::Unavailable`].
    pub async fn unfinished_games(
        &self,
        player: PlayerId,
        stage: &StageName,
    ) -> Result<UnfinishedGames, PlayError> {
        let store = &self.inner.store;
        let end = store.read_log_head().await?.position;
        let late = self.games_not_listed(player, stage, end).await?;
        let limit = MAX_GAMES + 1;
        let asked = i64::try_from(limit).unwrap_or(i64::MAX);
        let listed = store.my_unfinished_games(player, stage, asked).await?;
        let mut seen = HashSet::new();
        let mut games: Vec<GameId> = late
            .into_iter()
            .chain(listed)
            .filter(|game| seen.insert(*game))
            .collect();
        let more = games.len() > MAX_GAMES;
        games.truncate(MAX_GAMES);
        Ok(UnfinishedGames { games, more })
    }

    /// Waits for the list to reach `end`. If it does not in time, returns the player's unfinished
    /// games among those that changed after the list's position.
    async fn games_not_listed(
        &self,
        player: PlayerId,
        stage: &StageName,
        end: i64,
    ) -> Result<Vec<GameId>, PlayError> {
        let store = &self.inner.store;
        let deadline = Instant::now() + PATIENCE;
        let mut position = store.my_games_position().await?;
        while position < end && Instant::now() < deadline {
            sleep(ASK_AGAIN).await;
            position = store.my_games_position().await?;
        }
        if position >= end {
            return Ok(Vec::new());
        }
        let changed = store.games_after(position, stage, MAX_SEARCHED).await?;
        let mut found = Vec::new();
        for games in changed.chunks(MAX_GAMES) {
            for history in self.inner.games.current_of(games).await? {
                let game = history.game();
                if game.is_seated(player) && game.status() != Status::Finished {
                    found.push(history.game_id());
                }
            }
        }
        Ok(found)
    }
}
