//! The projector: it turns the log into the rows that lists and operators read.
//!
//! One instance at a time leads, by a lock that its session holds. The connection with the lock is the
//! one that writes. Each page of rows is written together with the position that it reaches, on the
//! condition that no other session has moved on. So two leaders cannot both write. A game's rows are
//! computed from its whole history each time, so writing a page twice changes nothing.

#![warn(missing_docs)]

mod rebuild;
pub mod rows;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::timeout;

pub use rebuild::rebuild;

use crate::game::{Event, GameId, PlayerId, Status};
use crate::play::{Given, Play};
use crate::record::History;
use crate::rules::Rulebook;
use crate::store::projection::{Page, PageRows, Progress, ProjectionName, Session};
use crate::store::tail::TailStatus;
use crate::store::{Database, StoreError};

const PAGE_LENGTH: i64 = 500;
/// The time limit of one page.
const PAGE_DEADLINE: Duration = Duration::from_secs(15);
/// The time that the games of a page have to end if they were given to deleted players: less than the
/// page.
const ENDS_DEADLINE: Duration = Duration::from_secs(8);
/// How often the leader checks that its session lives, and the others whether there is a leader.
const PULSE: Duration = Duration::from_secs(1);

/// The outcome of one step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// A page was folded.
    Forward(Progress),
    /// The whole log is folded.
    AtEnd,
    /// Another session has moved the projection on.
    Overtaken,
}

/// Whether this instance is the leader.
#[derive(Debug, Default)]
pub struct Leading(AtomicBool);

impl Leading {
    /// Whether this instance writes the projections.
    pub fn is_leading(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    fn set(&self, leads: bool) {
        self.0.store(leads, Ordering::Relaxed);
    }
}

/// Projects whenever this instance leads, until the log's follower is gone. `leading` shows when it
/// leads. `play` ends games that players get after they have deleted their account.
pub async fn run(
    database: Database,
    mut tail: watch::Receiver<TailStatus>,
    leading: Arc<Leading>,
    play: Play,
) {
    while tail.has_changed().is_ok() {
        if let Err(error) = lead(&database, &mut tail, &leading, &play).await {
            tracing::warn!(%error, "the projector lost the database");
        }
        leading.set(false);
        tokio::time::sleep(PULSE).await;
    }
}

/// Waits to become the leader, leads, and returns when it no longer leads.
async fn lead(
    database: &Database,
    tail: &mut watch::Receiver<TailStatus>,
    leading: &Leading,
    play: &Play,
) -> Result<(), StoreError> {
    let mut session = Session::open(database).await?;
    while !answered(session.try_lead()).await? {
        tokio::time::sleep(PULSE).await;
        if tail.has_changed().is_err() {
            return Ok(());
        }
    }
    tracing::info!("this instance projects");
    leading.set(true);
    let mut progress = answered(session.progress(ProjectionName::Live)).await?;
    loop {
        let Some(step) = answered(step_live(&mut session, progress, play)).await? else {
            tokio::time::sleep(PULSE).await;
            if tail.has_changed().is_err() {
                return Ok(());
            }
            continue;
        };
        match step {
            Step::Forward(further) => progress = further,
            Step::Overtaken => return Ok(()),
            // An empty poll also proves that the session lives.
            Step::AtEnd => {
                // If the log was restored to an earlier state, its end is behind this position, and new events would
                // be missed.
                if answered(session.progress(ProjectionName::Live)).await? != progress {
                    return Ok(());
                }
                if let Ok(Err(_)) = timeout(PULSE, tail.changed()).await {
                    return Ok(());
                }
            }
        }
    }
}

/// Folds the next page of the log into the rows of `progress`.
pub async fn step(
    session: &mut Session,
    book: &Rulebook,
    progress: Progress,
) -> Result<Step, StoreError> {
    match session.next_page(progress.position, PAGE_LENGTH).await? {
        None => Ok(Step::AtEnd),
        Some(page) => write(session, progress, &Folded::of(book, page)).await,
    }
}

/// As [`step`], for the leader. If a page gives a seat to a deleted player, the game is ended before the
/// lists pass that event. So the deletion of an account need not consider calls that come late. `None`
/// if such a game cannot be ended now: then nothing is written, and the same page must be tried again.
pub async fn step_live(
    session: &mut Session,
    progress: Progress,
    play: &Play,
) -> Result<Option<Step>, StoreError> {
    let Some(page) = session.next_page(progress.position, PAGE_LENGTH).await? else {
        return Ok(Some(Step::AtEnd));
    };
    let folded = Folded::of(play.rulebook(), page);
    let histories = folded.histories.iter();
    let given: Vec<Given> = histories
        .flat_map(|history| given(history, progress.position))
        .collect();
    let given = to_deleted(session, given).await?;
    if !given.is_empty() {
        let ended = timeout(ENDS_DEADLINE, play.end_games_given_to_deleted(&given)).await;
        if !matches!(ended, Ok(Ok(()))) {
            let games = given.len();
            tracing::warn!(
                games,
                "the projector waits: games of deleted players cannot be ended now"
            );
            return Ok(None);
        }
    }
    Ok(Some(write(session, progress, &folded).await?))
}

/// Returns those of the seats that were given to players who have deleted their account. It asks on the
/// projector's own connection, so that it does not wait for the connections of calls.
async fn to_deleted(session: &Session, given: Vec<Given>) -> Result<Vec<Given>, StoreError> {
    let mut players: Vec<PlayerId> = given.iter().map(|given| given.player).collect();
    players.sort_unstable();
    players.dedup();
    let living = session.living_players(&players).await?;
    let given = given.into_iter();
    Ok(given
        .filter(|given| !living.contains(&given.player))
        .collect())
}

/// A page of the log, folded into games.
struct Folded {
    end: i64,
    histories: Vec<History>,
    /// Games that cannot be folded, each with the reason.
    unreadable: Vec<(GameId, String)>,
}

impl Folded {
    fn of(book: &Rulebook, page: Page) -> Folded {
        let mut folded = Folded {
            end: page.end,
            histories: Vec::with_capacity(page.games.len()),
            unreadable: Vec::new(),
        };
        for (game, events) in page.games {
            let read = |events| History::read(book, events).map_err(|error| error.to_string());
            match events.and_then(read) {
                Ok(history) => folded.histories.extend(history),
                Err(error) => folded.unreadable.push((game, error)),
            }
        }
        folded
    }
}

async fn write(
    session: &mut Session,
    progress: Progress,
    folded: &Folded,
) -> Result<Step, StoreError> {
    for (game_id, error) in &folded.unreadable {
        tracing::error!(%game_id, %error, "a game cannot be folded and is quarantined");
    }
    let rows = PageRows {
        boards: folded.histories.iter().map(rows::board).collect(),
        my_games: folded.histories.iter().flat_map(rows::my_games).collect(),
        unreadable: folded.unreadable.clone(),
    };
    let written = session.write_page(progress, folded.end, &rows).await?;
    Ok(written.map_or(Step::Overtaken, Step::Forward))
}

/// The seats that players got by a game's events after `position`: by joining, or by a rematch, which
/// keeps a seat for each of them.
fn given(history: &History, position: i64) -> Vec<Given> {
    let game_id = history.game_id();
    let is_over = history.game().status() == Status::Finished;
    let seats = &history.game().seats;
    let players = || history.game().players();
    let kept = || seats.iter().filter_map(|(_, holder)| holder.kept_for());
    let to = |game| move |player| Given { game, player };
    let events = history.events().iter();
    events
        .filter(|recorded| recorded.position > position)
        .flat_map(|recorded| match &recorded.entry.event {
            Event::GameCreated(_) if !is_over => players().chain(kept()).map(to(game_id)).collect(),
            Event::PlayerSeated { player, .. } if !is_over => vec![to(game_id)(*player)],
            Event::RematchCreated { game } => players().map(to(*game)).collect(),
            Event::GameCreated(_)
            | Event::PlayerSeated { .. }
            | Event::SeatLeft { .. }
            | Event::MovePlayed { .. }
            | Event::Resigned { .. }
            | Event::DrawOffered { .. }
            | Event::DrawDeclined { .. }
            | Event::DrawAgreed { .. }
            | Event::Abandoned { .. } => Vec::new(),
        })
        .collect()
}

async fn answered<T>(answer: impl Future<Output = Result<T, StoreError>>) -> Result<T, StoreError> {
    match timeout(PAGE_DEADLINE, answer).await {
        Ok(answer) => answer,
        Err(_) => Err(StoreError::Unreachable(
            "the database did not answer in time".into(),
        )),
    }
}
