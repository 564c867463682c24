//! Players: the id behind a player token, and a name if the player gave one.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use time::OffsetDateTime;
use uuid::Uuid;

use super::{Store, StoreError, sql};
use crate::game::{GameId, PlayerId};

/// The existing players with their names, if they gave one.
pub type Names = HashMap<PlayerId, Option<String>>;

/// A player whose deletion has begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Leaving {
    /// When the deletion began.
    pub since: OffsetDateTime,
    /// The player.
    pub player: PlayerId,
}

impl Leaving {
    /// Sorts before every player.
    pub const FIRST: Leaving = Leaving {
        since: OffsetDateTime::UNIX_EPOCH,
        player: PlayerId(Uuid::nil()),
    };
}

impl Store {
    /// Returns those of `players` that have a row, including players whose deletion is under way.
    pub async fn players(&self, players: &[PlayerId]) -> Result<Names, StoreError> {
        if players.is_empty() {
            return Ok(Names::new());
        }
        let ids: Vec<Uuid> = players.iter().map(|player| player.0).collect();
        let rows = self.read(sql::players_read, &[&ids]).await?;
        let named = |row: &tokio_postgres::Row| (PlayerId(row.get(0)), row.get(1));
        Ok(rows.iter().map(named).collect())
    }

    /// Renames a player. Returns whether the player exists.
    pub async fn rename_player(&self, player: PlayerId, name: &str) -> Result<bool, StoreError> {
        let rows = self.write(sql::player_rename, &[&player.0, &name]).await?;
        Ok(!rows.is_empty())
    }

    /// Returns those of `players` that have not deleted their account and have not begun to.
    pub async fn living_players(
        &self,
        players: &[PlayerId],
    ) -> Result<HashSet<PlayerId>, StoreError> {
        if players.is_empty() {
            return Ok(HashSet::new());
        }
        let ids: Vec<Uuid> = players.iter().map(|player| player.0).collect();
        let rows = self.read(sql::players_living, &[&ids]).await?;
        Ok(rows.iter().map(|row| PlayerId(row.get(0))).collect())
    }

    /// Marks a player as deleted, so that the player's tokens are refused. Returns how long the player has
    /// been marked; `None` if the player does not exist any more.
    pub async fn mark_player_deleted(
        &self,
        player: PlayerId,
    ) -> Result<Option<Duration>, StoreError> {
        let rows = self.write(sql::player_mark_deleted, &[&player.0]).await?;
        let marked_for = |row: &tokio_postgres::Row| {
            Duration::try_from_secs_f64(row.get("seconds")).unwrap_or_default()
        };
        Ok(rows.first().map(marked_for))
    }

    /// At most `limit` players whose deletion began over a minute ago and is not finished, oldest first.
    /// `after` limits them to later ones.
    pub async fn leaving_players(
        &self,
        after: Leaving,
        limit: i64,
    ) -> Result<Vec<Leaving>, StoreError> {
        let parameters: super::Parameters<'_> = &[&limit, &after.since, &after.player.0];
        let rows = self.read(sql::players_leaving, parameters).await?;
        let leaving = rows.iter().map(|row| Leaving {
            since: row.get("deleted_at"),
            player: PlayerId(row.get("player_id")),
        });
        Ok(leaving.collect())
    }

    /// Deletes a marked player's row. Returns whether it existed.
    pub async fn delete_player(&self, player: PlayerId) -> Result<bool, StoreError> {
        let rows = self.write(sql::player_delete, &[&player.0]).await?;
        Ok(!rows.is_empty())
    }

    /// At most `limit` of a player's unfinished games on all stages, as the lists have them, in order of
    /// their ids. `after` limits them to later ones.
    pub async fn unfinished_games_of(
        &self,
        player: PlayerId,
        after: GameId,
        limit: i64,
    ) -> Result<Vec<GameId>, StoreError> {
        let rows = self
            .read(sql::player_games_unfinished, &[&player.0, &after.0, &limit])
            .await?;
        Ok(rows.iter().map(|row| GameId(row.get(0))).collect())
    }

    /// At most `limit` waiting games that keep a seat for a player because they are rematches of the
    /// player's games. Each comes with the game before it, and they are in the order of those. `after`
    /// limits them to later ones.
    pub async fn games_kept_for(
        &self,
        player: PlayerId,
        after: GameId,
        limit: i64,
    ) -> Result<Vec<(GameId, GameId)>, StoreError> {
        let rows = self
            .read(sql::player_games_kept, &[&player.0, &after.0, &limit])
            .await?;
        let kept = rows
            .iter()
            .map(|row| (GameId(row.get("game_id")), GameId(row.get("rematch"))));
        Ok(kept.collect())
    }

    /// At most `limit` of a player's finished games without a rematch, as the lists have them. Each comes
    /// with the time of its end, in order of the ids. `after` limits them to later ones.
    pub async fn unlinked_games_of(
        &self,
        player: PlayerId,
        after: GameId,
        limit: i64,
    ) -> Result<Vec<(GameId, OffsetDateTime)>, StoreError> {
        let rows = self
            .read(sql::player_games_unlinked, &[&player.0, &after.0, &limit])
            .await?;
        let ended = rows
            .iter()
            .map(|row| (GameId(row.get("game_id")), row.get("at")));
        Ok(ended.collect())
    }
}
