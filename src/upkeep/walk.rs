//! Walks over the games of a database, several at a time, and judges each.
//!
//! Every job has a connection of its own, and all of them see the database as of one moment. Memory holds
//! one page of games for each job, however many games there are.

use std::collections::HashMap;
use std::num::NonZeroUsize;
use std::sync::Arc;

use tokio::sync::{Mutex, mpsc};
use tokio::task::JoinSet;
use uuid::Uuid;

use super::judge::{self, Judged};
use super::{Fault, Kind};
use crate::game::{GameId, PlayerId};
use crate::projection::rows;
use crate::record::History;
use crate::rules::Rulebook;
use crate::store::check::{Head, Look, Scope, Stored};
use crate::store::projection::MyGameRow;
use crate::store::{Database, StoreError};

/// The number of games that a job reads at a time.
const PAGE_LENGTH: i64 = 100;

/// The result of judging some games.
#[derive(Debug, Default)]
pub(super) struct Page {
    /// The number of games.
    pub games: u64,
    /// Their events.
    pub events: u64,
    /// The games with a fault.
    pub faulty: u64,
    /// The faults of all of them, in their order.
    pub faults: Vec<Fault>,
}

/// What all jobs share.
struct Walk {
    book: Rulebook,
    head: Head,
    scope: Scope,
    /// The last game that some job has taken.
    taken: Mutex<Uuid>,
}

/// A job for each core.
pub(super) fn cores() -> NonZeroUsize {
    std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN)
}

/// Judges every game in `scope` as `look` sees it. The pages come in no order.
pub(super) async fn over(
    database: &Database,
    look: &Look,
    head: &Head,
    scope: &Scope,
    jobs: NonZeroUsize,
    mut found: impl FnMut(Page),
) -> Result<(), StoreError> {
    let walk = Arc::new(Walk {
        book: Rulebook::built_in(),
        head: *head,
        scope: scope.clone(),
        taken: Mutex::new(Uuid::nil()),
    });
    let (pages, mut judged) = mpsc::channel(jobs.get());
    let mut working = JoinSet::new();
    for _ in 0..jobs.get() {
        let look = look.beside(database).await?;
        working.spawn(work(walk.clone(), look, pages.clone()));
    }
    drop(pages);
    while let Some(page) = judged.recv().await {
        found(page);
    }
    while let Some(done) = working.join_next().await {
        match done {
            Ok(done) => done?,
            Err(broken) => std::panic::resume_unwind(broken.into_panic()),
        }
    }
    Ok(())
}

/// Takes pages of games until none are left.
async fn work(walk: Arc<Walk>, look: Look, pages: mpsc::Sender<Page>) -> Result<(), StoreError> {
    loop {
        let mut taken = walk.taken.lock().await;
        let games = look.games(&walk.scope, *taken, PAGE_LENGTH).await?;
        let Some(last) = games.last() else {
            return Ok(());
        };
        *taken = *last;
        drop(taken);
        let page = judge_page(&walk, &look, &games).await?;
        if pages.send(page).await.is_err() {
            return Ok(());
        }
    }
}

/// Judges games, and the rows derived from them.
async fn judge_page(walk: &Walk, look: &Look, ids: &[Uuid]) -> Result<Page, StoreError> {
    let head = &walk.head;
    let events = look.events(ids).await?;
    let boards = look.boards(head.generation, ids).await?;
    let quarantined = look.quarantined(head.generation, ids).await?;
    let games = events.chunk_by(|one: &Stored, next| one.game_id == next.game_id);
    let games: Vec<Judged> = games
        .map(|events| judge::judge(&walk.book, events))
        .collect();
    let expected: Vec<Vec<MyGameRow>> = games
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

    let mut page = Page::default();
    for (game, expected) in games.into_iter().zip(expected) {
        let then = projected(&game, head);
        let mut faults = game.faults;
        if let Some(error) = quarantined.get(&game.id.0) {
            faults.push(Fault::of_game(Kind::Quarantined, game.id, error.clone()));
        } else if game.history.is_some() {
            let board = then.as_ref().map(rows::board);
            faults.extend(judge::compare_board(game.id, board, boards.get(&game.id.0)));
            faults.extend(compare_my_games(&expected, &mine));
        }
        page.games += 1;
        page.events += game.events;
        page.faulty += u64::from(!faults.is_empty());
        page.faults.extend(faults);
    }
    Ok(page)
}

/// The game as of the position that the projection has reached.
fn projected(game: &Judged, head: &Head) -> Option<History> {
    let history = game.history.as_ref()?;
    let events = history.events();
    let seen = events.partition_point(|event| event.position <= head.projected);
    history.at(u32::try_from(seen).unwrap_or(u32::MAX))
}

fn compare_my_games(
    expected: &[MyGameRow],
    found: &HashMap<(Uuid, Uuid), MyGameRow>,
) -> Vec<Fault> {
    let compare = |row: &MyGameRow| {
        let player = PlayerId(row.player_id);
        let (kind, what) = match found.get(&(row.player_id, row.game_id)) {
            Some(there) if there == row => return None,
            Some(_) => {
                let what = format!("its row in the list of player {player} differs from the log");
                (Kind::RowDiffers, what)
            }
            None => {
                let what = format!("it is not in the list of player {player}");
                (Kind::RowMissing, what)
            }
        };
        Some(Fault::of_game(kind, GameId(row.game_id), what))
    };
    expected.iter().filter_map(compare).collect()
}
