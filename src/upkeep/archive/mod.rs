//! Moves finished games out of the database into files, and puts them back.
//!
//! A game is deleted only after it was read back from a complete file on disk, and only if it is still
//! equal to the file. So whatever interrupts the work, each game is in the database, in a file, or in
//! both. Running it again continues with the games that are still in the database.
//!
//! Three kinds of finished games stay: a game whose rematch waits for a player, because the player finds
//! the rematch only through it; the game with the log's last event, because followers find the end of the
//! log by it; and a game that cannot be read.

mod file;
mod format;
mod unarchive;

use std::collections::{BTreeSet, HashMap};
use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};

use serde_json::json;
use time::OffsetDateTime;
use time::macros::format_description;
use uuid::Uuid;

pub use file::{FileError, Written};
pub use unarchive::unarchive;

use crate::config::StageName;
use crate::game::{GameId, PlayerId, Status};
use crate::play::next_game_id;
use crate::record::History;
use crate::rules::Rulebook;
use crate::store::archive::{ArchiveError, Doomed, Kept, Session};
use crate::store::{Database, StoreError};
use file::{Reader, Writer};
use format::{FORMAT, Header};

/// The most games that are read at a time or deleted in one transaction: each transaction delays appends.
const BATCH_LENGTH: usize = 100;
/// The same, as a limit of rows.
const BATCH_ROWS: i64 = 100;
/// The list of the archives in the directory, one line each.
const MANIFEST: &str = "manifest.jsonl";

/// The selection of games.
#[derive(Clone, Debug)]
pub struct Selection {
    /// Only games without an event since this time.
    pub changed_before: OffsetDateTime,
    /// Only games of this stage; `None` for all stages.
    pub stage: Option<StageName>,
}

/// The outcome of an archiving.
#[derive(Debug, Default)]
pub struct Archived {
    /// The archive; `None` if there were no games, or if this was a dry run.
    pub file: Option<Written>,
    /// The games that were chosen.
    pub games: u64,
    /// The events that were archived.
    pub events: u64,
    /// The games that were deleted from the database.
    pub removed: u64,
    /// The finished games that stay in the database.
    pub stayed: Stayed,
}

/// Finished games of the selection that stay in the database.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stayed {
    /// Games whose rematch waits for its second player.
    pub rematch_waits: u64,
    /// Games with the last event of the log.
    pub has_last_event: u64,
    /// Games that this release cannot read.
    pub unreadable: u64,
    /// Games that changed in the meantime.
    pub changed: u64,
}

/// The reason why the work was not done.
#[derive(Debug, thiserror::Error)]
pub enum UpkeepError {
    /// The database refused or failed.
    #[error(transparent)]
    Database(#[from] ArchiveError),
    /// The file cannot be used.
    #[error(transparent)]
    File(#[from] FileError),
}

impl From<StoreError> for UpkeepError {
    fn from(error: StoreError) -> UpkeepError {
        UpkeepError::Database(error.into())
    }
}

/// Returns what would be archived, and changes nothing.
pub async fn look(database: &Database, selection: &Selection) -> Result<Archived, UpkeepError> {
    let session = Session::open(database).await?;
    let mut found = Archived::default();
    let mut after = None;
    while let Some(chosen) = choose(&session, selection, &mut after, &mut found.stayed).await? {
        found.games += chosen.len() as u64;
        found.events += chosen
            .iter()
            .map(|kept| kept.lines.len() as u64)
            .sum::<u64>();
    }
    Ok(found)
}

/// Archives the selected games in a new file in `directory`, and deletes them from the database.
pub async fn archive(
    database: &Database,
    selection: &Selection,
    directory: &Path,
    now: OffsetDateTime,
) -> Result<Archived, UpkeepError> {
    let mut session = Session::open(database).await?;
    session.require_no_rebuild().await?;
    let mut done = Archived::default();
    let Some(written) = write(&session, selection, directory, now, &mut done.stayed).await? else {
        return Ok(done);
    };
    done.games = written.games;
    done.events = written.events;
    let mut reader = Reader::open(&written.path)?;
    loop {
        let mut doomed = Vec::with_capacity(BATCH_LENGTH);
        while doomed.len() < BATCH_LENGTH
            && let Some(game) = reader.next_game()?
        {
            doomed.push(doom(&game.history));
        }
        if doomed.is_empty() {
            break;
        }
        let removed = session.delete(&doomed).await?.len() as u64;
        done.removed += removed;
        done.stayed.changed += doomed.len() as u64 - removed;
    }
    done.file = Some(written);
    Ok(done)
}

/// Writes the file; `None` if there is no game for it.
async fn write(
    session: &Session,
    selection: &Selection,
    directory: &Path,
    now: OffsetDateTime,
    stayed: &mut Stayed,
) -> Result<Option<Written>, UpkeepError> {
    let mut after = None;
    // No file is created before there is a game.
    let mut chosen = Vec::new();
    while chosen.is_empty() {
        match choose(session, selection, &mut after, stayed).await? {
            Some(games) => chosen = games,
            None => return Ok(None),
        }
    }
    let (epoch, _) = session.log_head().await?;
    let header = Header {
        archive: "games".into(),
        format: FORMAT,
        epoch,
        archived_at: now,
        changed_before: selection.changed_before,
        stage: selection.stage.as_ref().map(ToString::to_string),
    };
    let made = file::make_directory(directory);
    made.map_err(|error| file::of(directory, error))?;
    let mut writer = Writer::create(&directory.join(name(now)), &header)?;
    let filled: Result<(), UpkeepError> = loop {
        let written = chosen
            .iter()
            .try_for_each(|kept: &Kept| writer.game(kept.game_id, &kept.lines));
        if let Err(error) = written {
            break Err(error.into());
        }
        match choose(session, selection, &mut after, stayed).await {
            Ok(Some(games)) => chosen = games,
            Ok(None) => break Ok(()),
            Err(error) => break Err(error),
        }
    };
    if let Err(error) = filled {
        writer.abandon()?;
        return Err(error);
    }
    let written = writer.finish()?;
    note(directory, &header, &written)
        .map_err(|error| file::of(&directory.join(MANIFEST), error))?;
    Ok(Some(written))
}

/// The next games of the selection that may be archived; `None` after the last. `after` is the end of the
/// previous games.
async fn choose(
    session: &Session,
    selection: &Selection,
    after: &mut Option<GameId>,
    stayed: &mut Stayed,
) -> Result<Option<Vec<Kept>>, UpkeepError> {
    let Selection {
        changed_before,
        stage,
    } = selection;
    let begin = after.unwrap_or(GameId(Uuid::nil()));
    let candidates = session
        .candidates(begin, *changed_before, stage.as_ref(), BATCH_ROWS)
        .await?;
    let Some(last) = candidates.last() else {
        return Ok(None);
    };
    *after = Some(*last);
    let (_, log_end) = session.log_head().await?;
    let book = Rulebook::built_in();
    let mut games = read(&book, session.games(&candidates).await?);
    let nexts: Vec<GameId> = games
        .iter()
        .filter_map(|kept| kept.history.as_ref())
        .map(next_game)
        .collect();
    let nexts: HashMap<GameId, Chosen> = read(&book, session.games(&nexts).await?)
        .into_iter()
        .map(|next| (next.kept.game_id, next))
        .collect();
    games.retain(|chosen| {
        let counter = match &chosen.history {
            None => &mut stayed.unreadable,
            Some(history) if history.last().position >= log_end => &mut stayed.has_last_event,
            Some(history) if !is_old(history, *changed_before) => &mut stayed.changed,
            Some(history) if rematch_waits(history, &nexts) => &mut stayed.rematch_waits,
            Some(_) => return true,
        };
        *counter += 1;
        false
    });
    Ok(Some(games.into_iter().map(|chosen| chosen.kept).collect()))
}

/// A game that may be chosen.
struct Chosen {
    kept: Kept,
    /// `None` if this release cannot read it.
    history: Option<History>,
}

fn read(book: &Rulebook, games: Vec<Kept>) -> Vec<Chosen> {
    let read = |kept: Kept| {
        let events = kept.events.clone().ok();
        let history = events.and_then(|events| History::read(book, events).ok().flatten());
        Chosen { kept, history }
    };
    games.into_iter().map(read).collect()
}

fn is_old(history: &History, changed_before: OffsetDateTime) -> bool {
    history.game().status() == Status::Finished && history.updated_at() < changed_before
}

/// The id that the game's rematch has, or would have.
fn next_game(history: &History) -> GameId {
    let named = history.game().rematch;
    named.unwrap_or_else(|| next_game_id(history))
}

/// Whether a player may still need this game to find the rematch: the rematch waits for the player, or
/// this game does not name it yet.
fn rematch_waits(history: &History, nexts: &HashMap<GameId, Chosen>) -> bool {
    let Some(next) = nexts.get(&next_game(history)) else {
        return false;
    };
    match &next.history {
        Some(next) => history.game().rematch.is_none() || next.game().status() == Status::Waiting,
        None => true,
    }
}

fn doom(history: &History) -> Doomed {
    let game = history.game();
    let players: BTreeSet<PlayerId> = game.players().collect();
    Doomed {
        game_id: history.game_id(),
        version: history.version(),
        position: history.last().position,
        next: game.rematch.is_none().then(|| next_game_id(history)),
        players: players.into_iter().map(|player| player.0).collect(),
    }
}

/// The file's name. Names sort by time, and each second has a new one. Only one archiving runs at a time.
fn name(now: OffsetDateTime) -> PathBuf {
    let form =
        format_description!("[year][month][day]T[hour][minute][second].[subsecond digits:3]Z");
    let stamp = now.to_offset(time::UtcOffset::UTC).format(form);
    // The format uses only parts that every time has.
    let stamp = stamp.expect("a time has a year and a second");
    PathBuf::from(format!("games-{stamp}.jsonl.zst"))
}

/// Adds the archive to the list in its directory, and syncs the list.
fn note(directory: &Path, header: &Header, written: &Written) -> std::io::Result<()> {
    let path = directory.join(MANIFEST);
    let mut manifest = OpenOptions::new().create(true).append(true).open(&path)?;
    let name = written.path.file_name().map(|name| name.to_string_lossy());
    let line = json!({
        "file": name,
        "sha256": written.sha256,
        "bytes": written.bytes,
        "games": written.games,
        "events": written.events,
        "header": header,
    });
    manifest.write_all(format!("{line}\n").as_bytes())?;
    manifest.sync_all()?;
    file::sync_directory(&path)
}
