//! Plays stored games again with this build, before it serves them.
//!
//! Each game is judged as [`check`](super::check) judges it: its events can be read and make a game, the
//! rules allow every move and give the recorded result, and the rows of the projection show what this
//! build would show.

use std::num::NonZeroUsize;

use super::Fault;
use super::walk::{self, Page};
use crate::store::check::Look;
use crate::store::{Database, StoreError};

pub use crate::store::check::Scope;

/// The most faults that are listed. The others are only counted.
const MOST_FAULTS: usize = 1000;

/// The findings of a replay, at its end or until now.
#[derive(Debug, Default)]
pub struct Report {
    /// The games that there are to play.
    pub total: u64,
    /// Those that were played.
    pub games: u64,
    /// Their events.
    pub events: u64,
    /// Those that differ from what is recorded or shown.
    pub differing: u64,
    /// How they differ. At the end they are in the order of the games.
    pub faults: Vec<Fault>,
    /// The number of further faults.
    pub more_faults: u64,
}

/// Plays every game in `scope` again, `jobs` at a time, and calls `progress` now and then.
///
/// # Errors
/// Fails if the database does not answer. Games that differ are in the report.
pub async fn replay(
    database: &Database,
    scope: &Scope,
    jobs: Option<NonZeroUsize>,
    mut progress: impl FnMut(&Report),
) -> Result<Report, StoreError> {
    let look = Look::open(database).await?;
    let head = look.head().await?;
    let total = look.count_games(scope).await?;
    let mut report = Report {
        total: u64::try_from(total).unwrap_or_default(),
        ..Report::default()
    };
    let found = |page: Page| {
        report.add(page);
        progress(&report);
    };
    let jobs = jobs.unwrap_or_else(walk::cores);
    walk::over(database, &look, &head, scope, jobs, found).await?;
    report.faults.sort_by_key(|fault| fault.game);
    Ok(report)
}

impl Report {
    fn add(&mut self, page: Page) {
        self.games += page.games;
        self.events += page.events;
        self.differing += page.faulty;
        let room = MOST_FAULTS - self.faults.len();
        self.more_faults += page.faults.len().saturating_sub(room) as u64;
        self.faults.extend(page.faults.into_iter().take(room));
    }
}
