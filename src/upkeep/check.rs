//! Verifies a database: every game is complete, and everything derived from the log agrees with it.
//!
//! All data are read as of one moment, so a running server causes no fault. The projection is compared at
//! the position that it has reached.

use uuid::Uuid;

use super::walk::{self, Page};
use super::{Fault, Kind};
use crate::store::check::{Head, Look, Scope, StrayInvite};
use crate::store::{Database, StoreError};

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
    check_games(database, &look, &head, &mut report).await?;
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

async fn check_games(
    database: &Database,
    look: &Look,
    head: &Head,
    report: &mut Report,
) -> Result<(), StoreError> {
    let mut faults = Vec::new();
    let found = |page: Page| {
        report.games += page.games;
        report.events += page.events;
        faults.extend(page.faults);
    };
    walk::over(
        database,
        look,
        head,
        &Scope::default(),
        walk::cores(),
        found,
    )
    .await?;
    // Pages come as they are done.
    faults.sort_by_key(|fault| fault.game);
    faults.into_iter().for_each(|fault| report.add(fault));
    Ok(())
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
