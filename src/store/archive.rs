//! Moves finished games out of the log, and puts them back at their old positions.
//!
//! Both work in transactions of several games. So if anything breaks in between, each game is either
//! completely there or completely gone. Only one session may work at a time. A transaction that deletes
//! games locks the log for a moment. Otherwise an append that began earlier could continue a game that
//! no longer exists.

use std::collections::HashMap;
use std::time::Duration;

use time::OffsetDateTime;
use tokio::time::{Instant, sleep};
use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, Row, Transaction};
use uuid::Uuid;

use super::projection::{BoardRow, MyGameRow, put_boards, put_my_games};
use super::{Database, StoreError, StoredEvent, event, sql};
use crate::config::StageName;
use crate::game::GameId;

/// The timeouts are short, because every append waits behind this session while it waits. The server ends
/// a session that hangs.
const SESSION_OPTIONS: &str = "-c lock_timeout=250 -c statement_timeout=60000 \
     -c idle_in_transaction_session_timeout=5000 -c tcp_keepalives_idle=5 \
     -c tcp_keepalives_interval=2 -c tcp_keepalives_count=3";
/// How long the session keeps trying to get the locks. A vacuum of the log may hold them.
const LOCKED_WITHIN: Duration = Duration::from_secs(300);
/// The pause after a failed attempt to lock the log.
const PAUSE: Duration = Duration::from_millis(500);

/// The one session that archives or unarchives.
pub struct Session(Client);

/// A game's events, and the text of each that an archive keeps.
pub struct Kept {
    /// The game.
    pub game_id: GameId,
    /// Its events in order, or the reason why its rows cannot be read.
    pub events: Result<Vec<StoredEvent>, String>,
    /// Its events, one JSON text each.
    pub lines: Vec<String>,
}

/// A game to delete, in the state in which it was archived.
#[derive(Clone, Debug)]
pub struct Doomed {
    /// The game.
    pub game_id: GameId,
    /// The version that it ended with.
    pub version: u32,
    /// The position of its last event.
    pub position: i64,
    /// The id that its rematch would have, if it has no rematch.
    pub next: Option<GameId>,
    /// The players in its seats.
    pub players: Vec<Uuid>,
}

/// An archived game to put back.
pub struct Returning {
    /// The game.
    pub game_id: GameId,
    /// The game as a line of an archive.
    pub line: String,
    /// Its board row.
    pub board: BoardRow,
    /// Its rows in lists of games.
    pub my_games: Vec<MyGameRow>,
}

/// The outcome of putting archived games back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Returned {
    /// Games that were put back.
    pub games: u64,
    /// Events that were put back.
    pub events: u64,
    /// Games that already existed in the same state as in the archive.
    pub there: u64,
}

/// The reason why games were not archived or put back.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Another session archives or unarchives.
    #[error("another archive or unarchive is under way on this database: wait for it to end")]
    Busy,
    /// A rebuild of the projection is under way.
    #[error(
        "a rebuild of the projection is under way, or broke off: wait for it to end, or run \
         `turnkey projection rebuild`"
    )]
    Rebuilding,
    /// The log stayed locked for this long.
    #[error(
        "the log could not be locked for {0:?}: a vacuum or another lock is in the way; run the \
         command again later"
    )]
    Locked(Duration),
    /// The database has another game with this id.
    #[error(
        "game {0} is in the database and is not the archived one; nothing of it was put back. \
         Remove what is there, or the game from the archive"
    )]
    Conflict(GameId),
    /// The positions in the archive are beyond those of the database.
    #[error(
        "the archive's positions are beyond those of this database: run `turnkey restored` first \
         where a backup was restored; else the archive is of another database"
    )]
    Beyond,
}

impl From<tokio_postgres::Error> for ArchiveError {
    fn from(error: tokio_postgres::Error) -> ArchiveError {
        StoreError::from(error).into()
    }
}

impl Session {
    /// # Errors
    /// [`ArchiveError::Busy`] if another session archives or unarchives.
    pub async fn open(database: &Database) -> Result<Session, ArchiveError> {
        let client = database.with_options(SESSION_OPTIONS).client().await?;
        let is_alone: bool = client.query_one(sql::archive_try, &[]).await?.get(0);
        is_alone
            .then_some(Session(client))
            .ok_or(ArchiveError::Busy)
    }

    /// # Errors
    /// [`ArchiveError::Rebuilding`] during a rebuild, because nothing may be deleted then.
    pub async fn require_no_rebuild(&self) -> Result<(), ArchiveError> {
        let row = self.0.query_one(sql::archive_is_rebuilding, &[]).await?;
        match row.get(0) {
            true => Err(ArchiveError::Rebuilding),
            false => Ok(()),
        }
    }

    /// At most `limit` finished games after a game, in order of their ids, last changed before a time.
    pub async fn candidates(
        &self,
        after: GameId,
        changed_before: OffsetDateTime,
        stage: Option<&StageName>,
        limit: i64,
    ) -> Result<Vec<GameId>, StoreError> {
        let stage = stage.map(StageName::as_str);
        let rows = self
            .0
            .query(
                sql::archive_candidates,
                &[&after.0, &changed_before, &stage, &limit],
            )
            .await?;
        Ok(rows.iter().map(|row| GameId(row.get(0))).collect())
    }

    /// Games with all their events, in order of their ids, without those that do not exist.
    pub async fn games(&self, games: &[GameId]) -> Result<Vec<Kept>, StoreError> {
        let ids: Vec<Uuid> = games.iter().map(|game| game.0).collect();
        let rows = self.0.query(sql::archive_games, &[&ids]).await?;
        let game_of = |row: &Row| row.get::<_, Uuid>("game_id");
        let of_one_game = |one: &Row, next: &Row| game_of(one) == game_of(next);
        let kept = rows.chunk_by(of_one_game).map(|rows| Kept {
            game_id: GameId(game_of(&rows[0])),
            events: event::many(rows).map_err(|error| error.to_string()),
            lines: rows.iter().map(|row| row.get("line")).collect(),
        });
        Ok(kept.collect())
    }

    /// The end of the log.
    pub async fn log_head(&self) -> Result<(Uuid, i64), StoreError> {
        let row = self.0.query_one(sql::log_head, &[]).await?;
        Ok((row.get(0), row.get(1)))
    }

    /// Deletes those of `games` that are unchanged, with all rows derived from them. Returns their ids. Appends
    /// wait for some milliseconds meanwhile.
    pub async fn delete(&mut self, games: &[Doomed]) -> Result<Vec<GameId>, ArchiveError> {
        let end = Instant::now() + LOCKED_WITHIN;
        loop {
            match self.try_delete(games).await {
                Err(error) if error.code() == Some(&SqlState::LOCK_NOT_AVAILABLE) => {
                    if Instant::now() > end {
                        return Err(ArchiveError::Locked(LOCKED_WITHIN));
                    }
                    sleep(PAUSE).await;
                }
                deleted => return Ok(deleted?),
            }
        }
    }

    async fn try_delete(&mut self, games: &[Doomed]) -> Result<Vec<GameId>, tokio_postgres::Error> {
        let ids: Vec<Uuid> = games.iter().map(|game| game.game_id.0).collect();
        let versions: Vec<i32> = games
            .iter()
            .map(|game| super::batch::stored_version(game.version))
            .collect();
        let positions: Vec<i64> = games.iter().map(|game| game.position).collect();
        let nexts: Vec<Option<Uuid>> = games
            .iter()
            .map(|game| game.next.map(|next| next.0))
            .collect();
        let (players, of_games): (Vec<Uuid>, Vec<Uuid>) = games
            .iter()
            .flat_map(|game| game.players.iter().map(|player| (*player, game.game_id.0)))
            .unzip();
        let transaction = self.0.transaction().await?;
        transaction.batch_execute(sql::projection_lock).await?;
        transaction.batch_execute(sql::archive_lock_log).await?;
        let rows = transaction
            .query(
                sql::archive_delete,
                &[&ids, &versions, &positions, &nexts, &players, &of_games],
            )
            .await?;
        transaction.commit().await?;
        Ok(rows.iter().map(|row| GameId(row.get(0))).collect())
    }

    /// The last position that was assigned.
    pub async fn drawn(&self) -> Result<i64, StoreError> {
        Ok(self.0.query_one(sql::archive_drawn, &[]).await?.get(0))
    }

    /// Puts archived games back, all or none of them. It also writes the rows derived from them, because
    /// the projector has passed their positions.
    ///
    /// # Errors
    /// [`ArchiveError::Conflict`] if another game has the id of one of them.
    pub async fn put_back(&mut self, games: &[Returning]) -> Result<Returned, ArchiveError> {
        let transaction = self.0.transaction().await?;
        lock_projection(&transaction).await?;
        let lines: Vec<&str> = games.iter().map(|game| game.line.as_str()).collect();
        let compared = transaction
            .query(sql::unarchive_compare, &[&lines])
            .await?
            .iter()
            .map(|row| (row.get(0), (row.get(1), row.get(2), row.get(3))))
            .collect::<HashMap<Uuid, (i32, i32, i32)>>();
        let mut absent = Vec::with_capacity(games.len());
        for game in games {
            match compared.get(&game.game_id.0) {
                Some((_, _, 0)) => absent.push(game),
                Some((archived, equal, _)) if archived == equal => {}
                Some(_) | None => return Err(ArchiveError::Conflict(game.game_id)),
            }
        }
        let returned = Returned {
            games: absent.len() as u64,
            events: insert(&transaction, &absent).await?,
            there: (games.len() - absent.len()) as u64,
        };
        let boards: Vec<BoardRow> = absent.iter().map(|game| game.board.clone()).collect();
        let my_games: Vec<MyGameRow> = absent
            .iter()
            .flat_map(|game| game.my_games.clone())
            .collect();
        for row in transaction.query(sql::projection_generations, &[]).await? {
            put_boards(&transaction, row.get(0), &boards).await?;
            put_my_games(&transaction, row.get(0), &my_games).await?;
        }
        transaction.commit().await?;
        Ok(returned)
    }
}

/// Locks the projection. The projector holds this lock for one page at a time.
async fn lock_projection(transaction: &Transaction<'_>) -> Result<(), tokio_postgres::Error> {
    transaction
        .batch_execute("set local lock_timeout = 15000")
        .await?;
    transaction.batch_execute(sql::projection_lock).await
}

/// Inserts the events of the games that do not exist. Returns the number of events.
async fn insert(transaction: &Transaction<'_>, games: &[&Returning]) -> Result<u64, ArchiveError> {
    let lines: Vec<&str> = games.iter().map(|game| game.line.as_str()).collect();
    let rows = transaction.query(sql::unarchive_put, &[&lines]).await?;
    let mut inserted: HashMap<Uuid, i32> = HashMap::new();
    for row in &rows {
        *inserted.entry(row.get(0)).or_default() += 1;
    }
    for game in games {
        // If there are fewer, another game's event is at the position of one of its events.
        if inserted.get(&game.game_id.0) != Some(&game.board.version) {
            return Err(ArchiveError::Conflict(game.game_id));
        }
    }
    Ok(rows.len() as u64)
}
