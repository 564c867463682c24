//! Verifies a database: every game is complete, and everything derived from the log agrees with it.
//!
//! All data are read as of one moment, so a running server causes no fault. Games are read in pages, so
//! memory holds only one page and one game at a time. The projection is compared at the position that it
//! has reached.

mod fault;
mod game;

use std::collections::HashMap;

use uuid::Uuid;

pub use fault::{Fault, Kind};

use crate::game::{GameId, PlayerId};
use crate::projection::rows;
use crate::record::History;
use crate::rules::Rulebook;
use crate::store::check::{Head, Look, Stored, StrayInvite};
use crate::store::projection::MyGameRow;
use crate::store::{Database, StoreError};
use game::Verified;

/// The number of events that are read at a time.
const PAGE_LENGTH: i64 = 2000;
/// The most faults that are listed. The others are only counted.
const MOST_FAULTS: usize = 1000;
/// The same limit, for the statements that look for faults.
const MOST_ROWS: i64 = 1000;

/// The findings of a check.
#[derive(Debug)]
pub struct Report {
    /// The epoch of the log.
    pub epoch: Option<Uuid>,
    /// The last position of the log.
    pub log_end: i64,
    /// The position that the projection has reached.
    pub projected: i64,
    /// Games that were read.
    pub games: u64,
    /// Events that were read.
    pub events: u64,
    /// Games that are reserved but not begun: their calls were cut off or are under way.
    pub reservations: i64,
    /// The first faults that were found.
    pub faults: Vec<Fault>,
    /// The number of further faults.
    pub more_faults: u64,
}

impl Report {
    /// Whether no fault was found.
    pub fn is_sound(&self) -> bool {
        self.faults.is_empty()
    }

    fn add(&mut self, fault: Fault) {
        if self.faults.len() < MOST_FAULTS {
            self.faults.push(fault);
        } else {
            self.more_faults += 1;
        }
    }
}

/// Verifies all data about games in `database`.
///
/// # Errors
/// Fails if the database does not answer. Faults of the data are in the report.
pub async fn check(database: &Database) -> Result<Report, StoreError> {
    let look = Look::open(database).await?;
    let head = look.head().await?;
    let mut report = Report {
        epoch: head.epoch,
        log_end: head.log_end,
        projected: head.projected,
        games: 0,
        events: 0,
        reservations: look.reservations().await?,
        faults: Vec::new(),
        more_faults: 0,
    };
    check_log(&look, &head, &mut report).await?;
    check_games(&look, &head, &Rulebook::built_in(), &mut report).await?;
    check_strays(&look, &head, &mut report).await?;
    Ok(report)
}

async fn check_log(look: &Look, head: &Head, report: &mut Report) -> Result<(), StoreError> {
    if head.epoch.is_none() {
        report.add(Fault::of_log(Kind::NoEpoch, "the log has no epoch".into()));
    }
    if head.drawn < head.log_end {
        let (drawn, end) = (head.drawn, head.log_end);
        let what = format!("the log ends at position {end}, but only {drawn} were assigned");
        report.add(Fault::of_log(Kind::PositionsBehind, what));
    }
    for (game, position) in look.positions_twice(MOST_ROWS).await? {
        let what = format!("position {position} is given to more than one event");
        report.add(Fault::of_game(Kind::PositionTwice, game, what));
    }
    Ok(())
}

/// Verifies every game, in pages.
async fn check_games(
    look: &Look,
    head: &Head,
    book: &Rulebook,
    report: &mut Report,
) -> Result<(), StoreError> {
    let mut after = (GameId(Uuid::nil()), 0);
    let mut waiting: Vec<Stored> = Vec::new();
    loop {
        let page = look.events(after, PAGE_LENGTH).await?;
        let is_last = page.len() < usize::try_from(PAGE_LENGTH).unwrap_or(usize::MAX);
        if let Some(last) = page.last() {
            after = (last.game_id, last.version);
        }
        waiting.extend(page);
        // The page may have ended in the middle of its last game.
        let whole = match waiting.last() {
            Some(last) if !is_last => waiting
                .iter()
                .position(|stored| stored.game_id == last.game_id)
                .unwrap_or(0),
            Some(_) | None => waiting.len(),
        };
        let rest = waiting.split_off(whole);
        check_page(look, head, book, &waiting, report).await?;
        if is_last {
            return Ok(());
        }
        waiting = rest;
    }
}

/// Verifies whole games, and the rows derived from them.
async fn check_page(
    look: &Look,
    head: &Head,
    book: &Rulebook,
    page: &[Stored],
    report: &mut Report,
) -> Result<(), StoreError> {
    let games: Vec<&[Stored]> = page
        .chunk_by(|one, next| one.game_id == next.game_id)
        .collect();
    let ids: Vec<Uuid> = games.iter().map(|events| events[0].game_id.0).collect();
    let boards = look.boards(head.generation, &ids).await?;
    let quarantined = look.quarantined(head.generation, &ids).await?;
    let verify = |events: &&[Stored]| game::verify(book, events);
    let verified: Vec<Verified> = games.iter().map(verify).collect();
    let expected: Vec<Vec<MyGameRow>> = verified
        .iter()
        .map(|game| {
            let then = projected(game, head);
            then.as_ref().map(rows::my_games).unwrap_or_default()
        })
        .collect();
    let (players, of_games): (Vec<Uuid>, Vec<Uuid>) = expected
        .iter()
        .flatten()
        .map(|row| (row.player_id, row.game_id))
        .unzip();
    let mine = look.my_games(head.generation, &players, &of_games).await?;

    for (game, expected) in verified.into_iter().zip(expected) {
        report.games += 1;
        report.events += game.events;
        let then = projected(&game, head);
        let id = game.id;
        game.faults.into_iter().for_each(|fault| report.add(fault));
        if let Some(error) = quarantined.get(&id.0) {
            report.add(Fault::of_game(Kind::Quarantined, id, error.clone()));
        } else if game.is_readable {
            let board = boards.get(&id.0);
            let differs = game::compare_board(id, then.as_ref().map(rows::board), board);
            differs.into_iter().for_each(|fault| report.add(fault));
            compare_my_games(&expected, &mine, report);
        }
    }
    Ok(())
}

/// The game as of the position that the projection has reached.
fn projected(game: &Verified, head: &Head) -> Option<History> {
    let history = game.history.as_ref()?;
    let events = history.events();
    let seen = events.partition_point(|event| event.position <= head.projected);
    history.at(u32::try_from(seen).unwrap_or(u32::MAX))
}

fn compare_my_games(
    expected: &[MyGameRow],
    found: &HashMap<(Uuid, Uuid), MyGameRow>,
    report: &mut Report,
) {
    for row in expected {
        let id = GameId(row.game_id);
        let player = PlayerId(row.player_id);
        match found.get(&(row.player_id, row.game_id)) {
            Some(there) if there == row => {}
            Some(_) => {
                let what = format!("its row in the list of player {player} differs from the log");
                report.add(Fault::of_game(Kind::RowDiffers, id, what));
            }
            None => {
                let what = format!("it is not in the list of player {player}");
                report.add(Fault::of_game(Kind::RowMissing, id, what));
            }
        }
    }
}

/// Finds rows and invites of games that do not exist.
async fn check_strays(look: &Look, head: &Head, report: &mut Report) -> Result<(), StoreError> {
    for game in look.stray_boards(head.generation, MOST_ROWS).await? {
        let what = "it is projected, but has no event".to_owned();
        report.add(Fault::of_game(Kind::RowStray, game, what));
    }
    for (game, player) in look.stray_my_games(head.generation, MOST_ROWS).await? {
        let what = format!("it is in the list of player {player}, who has no seat in it");
        report.add(Fault::of_game(Kind::RowStray, game, what));
    }
    for invite in look.stray_invites(MOST_ROWS).await? {
        let StrayInvite {
            game_id,
            stage,
            game_stage,
        } = invite;
        let what = match game_stage {
            Some(other) => format!("it is of stage {other}, its invite of stage {stage}"),
            None => "an invite leads to it, and it does not exist".to_owned(),
        };
        report.add(Fault::of_game(Kind::InviteStray, game_id, what));
    }
    Ok(())
}
