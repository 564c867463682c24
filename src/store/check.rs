//! Reads the whole database as of one moment, for `turnkey check`.
//!
//! It uses a read-only transaction on its own connection. No other session ever waits for its locks, so
//! servers keep working. The cost is that Postgres keeps the rows that were deleted since it began.

use std::collections::HashMap;

use time::OffsetDateTime;
use tokio_postgres::{Client, Row};
use uuid::Uuid;

use super::projection::{BoardRow, MyGameRow};
use super::{Database, Parameters, StoreError, StoredEvent, event, sql};
use crate::game::{GameId, PlayerId};

/// A snapshot of the database.
pub struct Look(Client);

/// Which games are looked at. The default is all of them.
#[derive(Clone, Debug, Default)]
pub struct Scope {
    /// Only those of this stage.
    pub stage: Option<String>,
    /// Only those of this variant.
    pub variant: Option<String>,
}

/// The facts that all rows are compared with.
#[derive(Clone, Copy, Debug)]
pub struct Head {
    /// The log's epoch; `None` if its row is missing.
    pub epoch: Option<Uuid>,
    /// The position of the last event; 0 if there is none.
    pub log_end: i64,
    /// The last position that was assigned.
    pub drawn: i64,
    /// The generation of the projection.
    pub generation: i32,
    /// The position up to which the live projection contains every event.
    pub projected: i64,
    /// When the snapshot was taken.
    pub at: OffsetDateTime,
}

/// An event as it is stored, decoded as far as possible.
#[derive(Clone, Debug)]
pub struct Stored {
    /// The game.
    pub game_id: GameId,
    /// The version of the event.
    pub version: i32,
    /// The position of the event.
    pub position: i64,
    /// When the event happened.
    pub at: OffsetDateTime,
    /// The event, or the reason why its row cannot be read.
    pub event: Result<StoredEvent, String>,
}

/// An invite without a game.
#[derive(Clone, Debug)]
pub struct StrayInvite {
    /// The game.
    pub game_id: GameId,
    /// The stage, as stored.
    pub stage: String,
    /// The stage of the game; `None` if there is no game.
    pub game_stage: Option<String>,
}

impl Scope {
    fn parameters(&self) -> (Option<&str>, Option<&str>) {
        (self.stage.as_deref(), self.variant.as_deref())
    }
}

impl Look {
    /// Opens a read-only snapshot of the whole database.
    pub async fn open(database: &Database) -> Result<Look, StoreError> {
        let client = database.client().await?;
        let begin = "begin transaction isolation level repeatable read read only";
        client.batch_execute(begin).await?;
        Ok(Look(client))
    }

    /// Another look, by a connection of its own, at the database as this one sees it.
    pub async fn beside(&self, database: &Database) -> Result<Look, StoreError> {
        let rows = self.read(sql::check_snapshot, &[]).await?;
        let name: &str = rows.first().map_or("", |row| row.get(0));
        let look = Look::open(database).await?;
        // Postgres made up the name, which is digits and dashes.
        let join = format!("set transaction snapshot '{name}'");
        look.0.batch_execute(&join).await?;
        Ok(look)
    }

    /// The facts about the whole log.
    pub async fn head(&self) -> Result<Head, StoreError> {
        let rows = self.read(sql::check_head, &[]).await?;
        let row = rows.first().ok_or_else(|| {
            StoreError::Corrupt("the row of the projection is gone; restore a backup".into())
        })?;
        Ok(Head {
            epoch: row.get(0),
            log_end: row.get(1),
            drawn: row.get(2),
            generation: row.get(3),
            projected: row.get(4),
            at: row.get(5),
        })
    }

    /// At most `limit` games after one, by their ids.
    pub async fn games(
        &self,
        scope: &Scope,
        after: Uuid,
        limit: i64,
    ) -> Result<Vec<Uuid>, StoreError> {
        let (stage, variant) = scope.parameters();
        let rows = self
            .read(sql::check_games, &[&after, &stage, &variant, &limit])
            .await?;
        Ok(rows.iter().map(|row| row.get(0)).collect())
    }

    /// How many games there are.
    pub async fn count_games(&self, scope: &Scope) -> Result<i64, StoreError> {
        let (stage, variant) = scope.parameters();
        let rows = self
            .read(sql::check_games_count, &[&stage, &variant])
            .await?;
        Ok(rows.first().map_or(0, |row| row.get(0)))
    }

    /// All events of these games, by game and version.
    pub async fn events(&self, games: &[Uuid]) -> Result<Vec<Stored>, StoreError> {
        let rows = self.read(sql::check_events, &[&games]).await?;
        let stored = rows.iter().map(|row| Stored {
            game_id: GameId(row.get("game_id")),
            version: row.get("version"),
            position: row.get("position"),
            at: row.get("at"),
            event: event::stored(row).map_err(|error| error.to_string()),
        });
        Ok(stored.collect())
    }

    /// The boards of `games`, as far as they have one.
    pub async fn boards(
        &self,
        generation: i32,
        games: &[Uuid],
    ) -> Result<HashMap<Uuid, BoardRow>, StoreError> {
        let rows = self.read(sql::check_boards, &[&generation, &games]).await?;
        let boards = rows.iter().map(board_row).map(|row| (row.game_id, row));
        Ok(boards.collect())
    }

    /// The rows of these players in these games, as far as they exist.
    pub async fn my_games(
        &self,
        generation: i32,
        players: &[Uuid],
        games: &[Uuid],
    ) -> Result<HashMap<(Uuid, Uuid), MyGameRow>, StoreError> {
        let rows = self
            .read(sql::check_my_games, &[&generation, &players, &games])
            .await?;
        let mine = rows.iter().map(|row| MyGameRow {
            player_id: row.get("player_id"),
            game_id: row.get("game_id"),
            stage: row.get("stage"),
            status: row.get::<_, String>("status").into(),
            my_turn: row.get("my_turn"),
            position: row.get("position"),
            updated_at: row.get("updated_at"),
        });
        Ok(mine
            .map(|row| ((row.player_id, row.game_id), row))
            .collect())
    }

    /// Those of `games` that the projection left out, each with the reason.
    pub async fn quarantined(
        &self,
        generation: i32,
        games: &[Uuid],
    ) -> Result<HashMap<Uuid, String>, StoreError> {
        let rows = self
            .read(sql::check_quarantined, &[&generation, &games])
            .await?;
        Ok(rows.iter().map(|row| (row.get(0), row.get(1))).collect())
    }

    /// At most `limit` positions that several events have, each with one of their games.
    pub async fn positions_twice(&self, limit: i64) -> Result<Vec<(GameId, i64)>, StoreError> {
        let rows = self.read(sql::check_positions_twice, &[&limit]).await?;
        let twice = rows.iter().map(|row| (GameId(row.get(0)), row.get(1)));
        Ok(twice.collect())
    }

    /// At most `limit` games without events that have a board or are quarantined.
    pub async fn stray_boards(
        &self,
        generation: i32,
        limit: i64,
    ) -> Result<Vec<GameId>, StoreError> {
        let rows = self
            .read(sql::check_stray_boards, &[&generation, &limit])
            .await?;
        Ok(rows.iter().map(|row| GameId(row.get(0))).collect())
    }

    /// At most `limit` players with a game in their list that is not theirs.
    pub async fn stray_my_games(
        &self,
        generation: i32,
        limit: i64,
    ) -> Result<Vec<(GameId, PlayerId)>, StoreError> {
        let rows = self
            .read(sql::check_stray_my_games, &[&generation, &limit])
            .await?;
        let strays = rows
            .iter()
            .map(|row| (GameId(row.get(0)), PlayerId(row.get(1))));
        Ok(strays.collect())
    }

    /// At most `limit` invites without a game of their stage.
    pub async fn stray_invites(&self, limit: i64) -> Result<Vec<StrayInvite>, StoreError> {
        let rows = self.read(sql::check_stray_invites, &[&limit]).await?;
        let strays = rows.iter().map(|row| StrayInvite {
            game_id: GameId(row.get(0)),
            stage: row.get(1),
            game_stage: row.get(2),
        });
        Ok(strays.collect())
    }

    /// The number of games that are reserved but not begun.
    pub async fn reservations(&self) -> Result<i64, StoreError> {
        let rows = self.read(sql::check_reservations, &[]).await?;
        Ok(rows.first().map_or(0, |row| row.get(0)))
    }

    async fn read(
        &self,
        statement: &str,
        parameters: Parameters<'_>,
    ) -> Result<Vec<Row>, StoreError> {
        let rows = self.0.query(statement, parameters).await;
        rows.map_err(|error| StoreError::from(error).of_read())
    }
}

fn board_row(row: &Row) -> BoardRow {
    BoardRow {
        game_id: row.get("game_id"),
        stage: row.get("stage"),
        variant: row.get("variant"),
        rules: row.get("rules"),
        version: row.get("version"),
        status: row.get::<_, String>("status").into(),
        turn: row.get::<_, Option<String>>("turn").map(Into::into),
        board: row.get("board"),
        seats: row.get("seats"),
        result: row.get("result"),
        position: row.get("position"),
        created_at: row.get("created_at"),
        updated_at: row.get("updated_at"),
    }
}
