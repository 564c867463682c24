//! Puts archived games back, every event at its old position.

use std::path::Path;

use super::UpkeepError;
use super::file::Reader;
use crate::projection::rows;
use crate::store::Database;
use crate::store::archive::{ArchiveError, Returned, Returning, Session};

/// The number of games in one transaction.
const BATCH_LENGTH: usize = 100;

/// Puts the games of the archive at `path` back. Games that already exist stay as they are, so a repeat
/// continues where the last run stopped. Clients get no pushes, because the positions are old.
///
/// # Errors
/// If the archive is incomplete or this release cannot read it, nothing is put back. If another game has
/// the id of one of the games, the games before it are already back.
pub async fn unarchive(database: &Database, path: &Path) -> Result<Returned, UpkeepError> {
    let newest = newest_position(path)?;
    let mut session = Session::open(database).await?;
    if newest > session.drawn().await? {
        return Err(ArchiveError::Beyond.into());
    }
    let mut returned = Returned::default();
    let mut reader = Reader::open(path)?;
    loop {
        let mut games = Vec::with_capacity(BATCH_LENGTH);
        while games.len() < BATCH_LENGTH
            && let Some(game) = reader.next_game()?
        {
            games.push(Returning {
                game_id: game.history.game_id(),
                line: game.line,
                board: rows::board(&game.history),
                my_games: rows::my_games(&game.history),
            });
        }
        if games.is_empty() {
            return Ok(returned);
        }
        let more = session.put_back(&games).await?;
        returned.games += more.games;
        returned.events += more.events;
        returned.there += more.there;
    }
}

/// The newest position in the archive. It reads the whole archive, and so verifies that it is complete.
fn newest_position(path: &Path) -> Result<i64, UpkeepError> {
    let mut reader = Reader::open(path)?;
    let mut newest = 0;
    while let Some(game) = reader.next_game()? {
        newest = newest.max(game.history.last().position);
    }
    Ok(newest)
}
