//! Reads the lists of players' games, which the projector keeps, and several games at once.

use std::collections::HashMap;

use tokio_postgres::Row;
use uuid::Uuid;

use super::event::{StoredEvent, many};
use super::{Store, StoreError, sql};
use crate::config::StageName;
use crate::game::{GameId, PlayerId, Status};

/// The place of a game in its player's list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ListPlace {
    /// Whether the player is to move.
    pub my_turn: bool,
    /// The position of the game's last event.
    pub position: i64,
}

impl Store {
    /// At most `limit` of a player's games after a place in the list. Games with `my_turn` come first, then
    /// the newest change.
    pub async fn my_games(
        &self,
        player: PlayerId,
        stage: &StageName,
        status: Option<Status>,
        after: Option<ListPlace>,
        limit: i64,
    ) -> Result<Vec<(GameId, ListPlace)>, StoreError> {
        let status = status.map(Status::name);
        let my_turn = after.map(|place| place.my_turn);
        let position = after.map(|place| place.position);
        let stage = stage.as_str();
        let rows = self
            .read(
                sql::my_games_page,
                &[&player.0, &stage, &status, &my_turn, &position, &limit],
            )
            .await?;
        let listed = rows.iter().map(|row| {
            let place = ListPlace {
                my_turn: row.get("my_turn"),
                position: row.get("position"),
            };
            (GameId(row.get("game_id")), place)
        });
        Ok(listed.collect())
    }

    /// At most `limit` of a player's unfinished games, the newest change first.
    pub async fn my_unfinished_games(
        &self,
        player: PlayerId,
        stage: &StageName,
        limit: i64,
    ) -> Result<Vec<GameId>, StoreError> {
        let stage = stage.as_str();
        let rows = self
            .read(sql::my_games_unfinished, &[&player.0, &stage, &limit])
            .await?;
        Ok(rows.iter().map(|row| GameId(row.get(0))).collect())
    }

    /// The position of the log up to which the lists of games are complete.
    pub async fn my_games_position(&self) -> Result<i64, StoreError> {
        Ok(self.read_one(sql::my_games_position, &[]).await?.get(0))
    }

    /// At most `limit` games of a stage with events after `position`, the newest change first.
    pub async fn games_after(
        &self,
        position: i64,
        stage: &StageName,
        limit: i64,
    ) -> Result<Vec<GameId>, StoreError> {
        let stage = stage.as_str();
        let rows = self
            .read(sql::games_after, &[&position, &stage, &limit])
            .await?;
        Ok(rows.iter().map(|row| GameId(row.get(0))).collect())
    }

    /// The number of events of each of `games`, and the position of the last.
    pub async fn read_versions(
        &self,
        games: &[GameId],
    ) -> Result<HashMap<GameId, (u32, i64)>, StoreError> {
        let rows = self.read(sql::read_versions, &[&uuids(games)]).await?;
        let versions = rows.iter().map(|row| {
            let version: i32 = row.get("version");
            let version = version.unsigned_abs();
            (GameId(row.get("game_id")), (version, row.get("position")))
        });
        Ok(versions.collect())
    }

    /// All events of `games`: one list for each existing game, in no particular order.
    pub async fn read_games(&self, games: &[GameId]) -> Result<Vec<Vec<StoredEvent>>, StoreError> {
        if games.is_empty() {
            return Ok(Vec::new());
        }
        let rows = self.read(sql::read_games, &[&uuids(games)]).await?;
        let of_one_game = |a: &Row, b: &Row| game_of(a) == game_of(b);
        rows.chunk_by(of_one_game).map(many).collect()
    }
}

fn game_of(row: &Row) -> Uuid {
    row.get("game_id")
}

fn uuids(games: &[GameId]) -> Vec<Uuid> {
    games.iter().map(|game| game.0).collect()
}
