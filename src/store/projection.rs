//! The rows of the projection. They are derived from the log, and each rebuild makes a new generation.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use serde_json::Value;
use time::OffsetDateTime;
use tokio_postgres::{Client, GenericClient};
use uuid::Uuid;

use super::event::{StoredEvent, many};
use super::{Database, Store, StoreError, sql};
use crate::game::{GameId, PlayerId};

/// A projection that is being filled, and its progress.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// The set of rows.
    pub name: ProjectionName,
    /// The number of the set.
    pub generation: i32,
    /// The position that it has reached.
    pub position: i64,
}

/// A set of rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProjectionName {
    /// The set that is read.
    Live,
    /// The set that a rebuild fills.
    Next,
}

/// The progress of the live projection.
#[derive(Clone, Debug, PartialEq)]
pub struct ProjectionStatus {
    /// The number of the set.
    pub generation: i32,
    /// The position that it has reached.
    pub position: i64,
    /// The end of the log.
    pub log_end: i64,
    /// Events that are not projected yet.
    pub lag_events: i64,
    /// The age of the oldest event that is not projected yet.
    pub lag_seconds: f64,
    /// Games that cannot be projected.
    pub quarantined: i64,
}

/// The next part of the log, as the games that it changes.
#[derive(Debug, Default)]
pub struct Page {
    /// The last position that was read.
    pub end: i64,
    /// The games that changed, each with all its events up to `end`, or with the reason why its rows cannot
    /// be read.
    pub games: Vec<(GameId, Result<Vec<StoredEvent>, String>)>,
}

/// The rows that result from a page.
#[derive(Debug, Default)]
pub struct PageRows {
    /// A row for each game.
    pub boards: Vec<BoardRow>,
    /// A row for each game and player in it.
    pub my_games: Vec<MyGameRow>,
    /// Games that cannot be folded, each with the reason.
    pub unreadable: Vec<(GameId, String)>,
}

/// One game as its row on the board.
#[derive(Clone, Debug, PartialEq)]
pub struct BoardRow {
    /// The game.
    pub game_id: Uuid,
    /// Its stage.
    pub stage: String,
    /// Its variant.
    pub variant: String,
    /// Its rules version.
    pub rules: i16,
    /// Its version.
    pub version: i32,
    /// Its status.
    pub status: Cow<'static, str>,
    /// The seat to move, if there is one.
    pub turn: Option<Cow<'static, str>>,
    /// The board as the API shows it.
    pub board: Value,
    /// The players in the seats.
    pub seats: Value,
    /// The result, if the game has ended.
    pub result: Option<Value>,
    /// The position that it has reached.
    pub position: i64,
    /// When it was created.
    pub created_at: OffsetDateTime,
    /// When its newest event happened.
    pub updated_at: OffsetDateTime,
}

/// One game in the list of one player.
#[derive(Clone, Debug, PartialEq)]
pub struct MyGameRow {
    /// The player whose list this is.
    pub player_id: Uuid,
    /// The game.
    pub game_id: Uuid,
    /// Its stage.
    pub stage: String,
    /// Its status.
    pub status: Cow<'static, str>,
    /// Whether that player is to move.
    pub my_turn: bool,
    /// The position that it has reached.
    pub position: i64,
    /// When its newest event happened.
    pub updated_at: OffsetDateTime,
}

impl ProjectionName {
    fn as_str(self) -> &'static str {
        match self {
            ProjectionName::Live => "games",
            ProjectionName::Next => "games-next",
        }
    }
}

/// A connection of its own for the projector. The server notices by itself when this process is gone.
pub struct Session(Client);

impl Session {
    /// Opens a session that may become the leader.
    pub async fn open(database: &Database) -> Result<Session, StoreError> {
        let keepalives = "-c tcp_keepalives_idle=5 -c tcp_keepalives_interval=2 \
                          -c tcp_keepalives_count=3 -c statement_timeout=10000";
        Ok(Session(database.with_options(keepalives).client().await?))
    }

    /// Whether this session is now the leader. It stays the leader until it ends.
    pub async fn try_lead(&self) -> Result<bool, StoreError> {
        Ok(self
            .0
            .query_one(sql::projection_try_lead, &[])
            .await?
            .get(0))
    }

    /// The progress of a set of rows.
    pub async fn progress(&self, name: ProjectionName) -> Result<Progress, StoreError> {
        let row = self
            .0
            .query_one(sql::projection_state, &[&name.as_str()])
            .await?;
        Ok(Progress {
            name,
            generation: row.get(0),
            position: row.get(1),
        })
    }

    /// The next events after `position`, at most `limit`, by game; `None` at the end of the log.
    pub async fn next_page(&self, position: i64, limit: i64) -> Result<Option<Page>, StoreError> {
        let page = self
            .0
            .query_one(sql::projection_page_end, &[&position, &limit])
            .await?;
        let (Some(end), Some(games)) = (
            page.get::<_, Option<i64>>(0),
            page.get::<_, Option<Vec<Uuid>>>(1),
        ) else {
            return Ok(None);
        };
        let rows = self
            .0
            .query(sql::projection_histories, &[&games, &end])
            .await?;
        let mut by_game: HashMap<Uuid, Vec<_>> = HashMap::new();
        for row in rows {
            by_game.entry(row.get("game_id")).or_default().push(row);
        }
        let mut page = Page {
            end,
            ..Page::default()
        };
        for (game, rows) in by_game {
            let events = many(&rows).map_err(|error| error.to_string());
            page.games.push((GameId(game), events));
        }
        Ok(Some(page))
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
        let rows = self.0.query(sql::players_living, &[&ids]).await?;
        Ok(rows.iter().map(|row| PlayerId(row.get(0))).collect())
    }

    /// Writes the rows of a page that ends at `end`, and the new progress, in one transaction. If another
    /// session has moved the projection on, it writes nothing and returns `None`.
    pub async fn write_page(
        &mut self,
        from: Progress,
        end: i64,
        rows: &PageRows,
    ) -> Result<Option<Progress>, StoreError> {
        let transaction = self.0.transaction().await?;
        let moved = transaction
            .query_opt(
                sql::projection_advance,
                &[&from.name.as_str(), &from.generation, &from.position, &end],
            )
            .await?;
        if moved.is_none() {
            return Ok(None);
        }
        put_boards(&transaction, from.generation, &rows.boards).await?;
        put_my_games(&transaction, from.generation, &rows.my_games).await?;
        put_quarantine(&transaction, from.generation, rows).await?;
        transaction.commit().await?;
        Ok(Some(Progress {
            position: end,
            ..from
        }))
    }

    /// Begins or continues to fill the next generation.
    pub async fn begin_rebuild(&self) -> Result<Progress, StoreError> {
        let row = self.0.query_one(sql::projection_begin_rebuild, &[]).await?;
        Ok(Progress {
            name: ProjectionName::Next,
            generation: row.get(0),
            position: row.get(1),
        })
    }

    /// Makes the filled generation the live one. Returns false if its progress is not yet as far.
    pub async fn swap(&self, filled: Progress) -> Result<bool, StoreError> {
        Ok(self
            .0
            .query_opt(sql::projection_swap, &[&filled.generation])
            .await?
            .is_some())
    }

    /// Deletes the rows of generations before the live one, in short statements.
    pub async fn sweep(&self) -> Result<(), StoreError> {
        let sweeps = [
            sql::projection_sweep_board,
            sql::projection_sweep_my_game,
            sql::projection_sweep_quarantine,
        ];
        for statement in sweeps {
            while self.0.execute(statement, &[]).await? > 0 {}
        }
        Ok(())
    }
}

impl Store {
    /// The progress of the live rows.
    pub async fn projection_status(&self) -> Result<ProjectionStatus, StoreError> {
        let row = self.read_one(sql::projection_status, &[]).await?;
        Ok(ProjectionStatus {
            generation: row.get(0),
            position: row.get(1),
            log_end: row.get(2),
            lag_events: row.get(3),
            lag_seconds: row.get(4),
            quarantined: row.get(5),
        })
    }

    /// The games that the live projection left out, newest first, at most 100.
    pub async fn quarantined_games(&self) -> Result<Vec<(GameId, String)>, StoreError> {
        let rows = self.read(sql::projection_quarantined, &[]).await?;
        Ok(rows
            .iter()
            .map(|row| (GameId(row.get(0)), row.get(1)))
            .collect())
    }

    /// The position up to which the live projection contains every event.
    pub async fn projected_position(&self) -> Result<i64, StoreError> {
        let live = ProjectionName::Live.as_str();
        Ok(self
            .read_one(sql::projection_state, &[&live])
            .await?
            .get("position"))
    }
}

pub(super) async fn put_boards(
    client: &impl GenericClient,
    generation: i32,
    rows: &[BoardRow],
) -> Result<(), StoreError> {
    fn column<T>(rows: &[BoardRow], value: impl Fn(&BoardRow) -> T) -> Vec<T> {
        rows.iter().map(value).collect()
    }
    client
        .execute(
            sql::projection_put_boards,
            &[
                &generation,
                &column(rows, |row| row.game_id),
                &column(rows, |row| row.stage.clone()),
                &column(rows, |row| row.variant.clone()),
                &column(rows, |row| row.rules),
                &column(rows, |row| row.version),
                &column(rows, |row| row.status.clone()),
                &column(rows, |row| row.turn.clone()),
                &column(rows, |row| row.board.clone()),
                &column(rows, |row| row.seats.clone()),
                &column(rows, |row| row.result.clone()),
                &column(rows, |row| row.position),
                &column(rows, |row| row.created_at),
                &column(rows, |row| row.updated_at),
            ],
        )
        .await?;
    Ok(())
}

pub(super) async fn put_my_games(
    client: &impl GenericClient,
    generation: i32,
    rows: &[MyGameRow],
) -> Result<(), StoreError> {
    fn column<T>(rows: &[MyGameRow], value: impl Fn(&MyGameRow) -> T) -> Vec<T> {
        rows.iter().map(value).collect()
    }
    client
        .execute(
            sql::projection_put_my_games,
            &[
                &generation,
                &column(rows, |row| row.player_id),
                &column(rows, |row| row.game_id),
                &column(rows, |row| row.stage.clone()),
                &column(rows, |row| row.status.clone()),
                &column(rows, |row| row.my_turn),
                &column(rows, |row| row.position),
                &column(rows, |row| row.updated_at),
            ],
        )
        .await?;
    Ok(())
}

async fn put_quarantine(
    client: &impl GenericClient,
    generation: i32,
    rows: &PageRows,
) -> Result<(), StoreError> {
    let readable: Vec<Uuid> = rows.boards.iter().map(|board| board.game_id).collect();
    client
        .execute(sql::projection_release, &[&generation, &readable])
        .await?;
    let (games, errors): (Vec<Uuid>, Vec<&str>) = rows
        .unreadable
        .iter()
        .map(|(game, error)| (game.0, error.as_str()))
        .unzip();
    client
        .execute(sql::projection_quarantine, &[&generation, &games, &errors])
        .await?;
    Ok(())
}
