//! Puts archived games back, event for event where they were.

use std::path::Path;

use super::UpkeepError;
use super::file::Reader;
use crate::projection::rows;
use crate::store::Database;
use crate::store::archive::{ArchiveError, Returned, Returning, Session};

/// How many games go back in one transaction.
const BATCH_LENGTH: usize = 100;

/// Puts the games of the archive at `path` back; those that are there already stay as they are, so
/// a repeat goes on where it broke off. Nobody is pushed anything: their positions are old ones.
///
/// # Errors
/// Nothing is put back where the archive is not whole, or cannot be read by this release; the
/// games before it are where one of them meets another game of its id.
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

/// The newest position in the archive, all of which is read: it is whole.
fn newest_position(path: &Path) -> Result<i64, UpkeepError> {
    let mut reader = Reader::open(path)?;
    let mut newest = 0;
    while let Some(game) = reader.next_game()? {
        newest = newest.max(game.history.last().position);
    }
    Ok(newest)
}
