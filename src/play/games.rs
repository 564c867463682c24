//! Recent games in memory.
//!
//! What is here may be old, or be of a log that has been set back since, so it decides nothing by
//! itself: the log's own judgement stands behind every append, refusals are made only on what the
//! log says, and a read first asks the log where the game ends. One such question serves every
//! read of that game that came before it was asked, and none that came later.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use moka::ops::compute::Op;
use moka::sync::Cache;
use tokio::sync::oneshot;

use super::PlayError;
use crate::game::GameId;
use crate::store::{History, Recorded, Store};

/// How much memory the games may take, as [`weight`] reckons it.
const CAPACITY_BYTES: u64 = 64 << 20;

/// The cache of recent games. Cheap to clone.
#[derive(Clone)]
pub struct Games {
    store: Store,
    cache: Cache<GameId, Arc<History>>,
    reads: Arc<Mutex<HashMap<GameId, Reads>>>,
    /// Counts the times that everything was forgotten, so that what was read from the log before
    /// is not kept after.
    courses: Arc<AtomicU64>,
}

type Found = Result<Option<Arc<History>>, PlayError>;

/// The reads of one game that wait for a question to the log that is not asked yet. While the
/// entry exists, a task is asking.
#[derive(Default)]
struct Reads {
    waiting: Vec<oneshot::Sender<Found>>,
}

impl Games {
    pub fn new(store: Store) -> Games {
        let cache = Cache::builder()
            .max_capacity(CAPACITY_BYTES)
            .weigher(|_, history: &Arc<History>| weight(history))
            .build();
        Games {
            store,
            cache,
            reads: Arc::default(),
            courses: Arc::default(),
        }
    }

    /// Carries on the cached games with `events` of the log.
    pub fn observe(&self, events: &[Arc<Recorded>]) {
        for recorded in events {
            // Most events are of games that nobody here has asked for.
            if !self.cache.contains_key(&recorded.game_id) {
                continue;
            }
            self.cache
                .entry(recorded.game_id)
                .and_compute_with(|entry| match entry {
                    None => Op::Nop,
                    Some(entry) => carry_on(entry.value(), recorded),
                });
        }
    }

    /// Drops every game: the log is another one.
    pub fn forget_all(&self) {
        self.courses.fetch_add(1, Ordering::AcqRel);
        self.cache.invalidate_all();
    }

    /// The game as it was last seen here, if it was; perhaps not as it is.
    pub fn cached(&self, game: GameId) -> Option<Arc<History>> {
        self.cache.get(&game)
    }

    /// The game as the log has it at some moment after this call; `None` where there is none.
    pub async fn current(&self, game: GameId) -> Found {
        let (sender, answer) = oneshot::channel();
        if self.wait(game, sender) {
            let games = self.clone();
            tokio::spawn(async move { games.answer_reads(game).await });
        }
        answer.await.unwrap_or(Err(PlayError::NOTHING_SENT))
    }

    /// As [`current`](Self::current) for many games, of which those that exist are returned in
    /// the same order.
    pub async fn current_of(&self, games: &[GameId]) -> Result<Vec<Arc<History>>, PlayError> {
        let course = self.courses.load(Ordering::Acquire);
        let heads = self.store.read_versions(games).await?;
        let mut found: HashMap<GameId, Arc<History>> = heads
            .iter()
            .filter_map(|(game, head)| Some((*game, self.cached_at(*game, *head)?)))
            .collect();
        let missing: Vec<GameId> = heads
            .into_keys()
            .filter(|game| !found.contains_key(game))
            .collect();
        for history in self.store.read_histories(&missing).await? {
            let history = Arc::new(history);
            self.keep(course, &history);
            found.insert(history.game_id(), history);
        }
        Ok(games.iter().filter_map(|game| found.remove(game)).collect())
    }

    /// The game as the log has it, read whole.
    pub async fn read(&self, game: GameId) -> Found {
        let course = self.courses.load(Ordering::Acquire);
        let history = self.store.read_history(game).await?.map(Arc::new);
        match &history {
            Some(history) => self.keep(course, history),
            None => self.cache.invalidate(&game),
        }
        Ok(history)
    }

    /// Keeps a game that this instance has just carried on.
    pub fn put(&self, history: &Arc<History>) {
        self.keep(self.courses.load(Ordering::Acquire), history);
    }

    /// Joins the reads that wait for the next question; true where somebody must begin to ask.
    fn wait(&self, game: GameId, sender: oneshot::Sender<Found>) -> bool {
        // Nothing panics while the lock is held, and a map is whole in any case.
        let mut reads = self.reads.lock().unwrap_or_else(PoisonError::into_inner);
        let is_first = !reads.contains_key(&game);
        reads.entry(game).or_default().waiting.push(sender);
        is_first
    }

    /// The reads that wait now; none, and the entry is gone, where there is nobody to ask for.
    fn take_waiting(&self, game: GameId) -> Vec<oneshot::Sender<Found>> {
        let mut reads = self.reads.lock().unwrap_or_else(PoisonError::into_inner);
        let waiting = reads
            .get_mut(&game)
            .map(|reads| std::mem::take(&mut reads.waiting))
            .unwrap_or_default();
        if waiting.is_empty() {
            reads.remove(&game);
        }
        waiting
    }

    async fn answer_reads(&self, game: GameId) {
        let _asking = Asking { games: self, game };
        loop {
            let waiting = self.take_waiting(game);
            if waiting.is_empty() {
                return;
            }
            let found = self.ask(game).await;
            for sender in waiting {
                // Whoever asked may have gone.
                let _ = sender.send(found.clone());
            }
        }
    }

    async fn ask(&self, game: GameId) -> Found {
        match self.store.read_version(game).await? {
            None => Ok(None),
            Some(head) => match self.cached_at(game, head) {
                Some(history) => Ok(Some(history)),
                None => self.read(game).await,
            },
        }
    }

    /// The cached game where it ends exactly as the log says.
    fn cached_at(&self, game: GameId, head: (u32, i64)) -> Option<Arc<History>> {
        let (version, position) = head;
        self.cache
            .get(&game)
            .filter(|history| history.version() == version && history.last().position == position)
    }

    fn keep(&self, course: u64, history: &Arc<History>) {
        self.cache
            .entry(history.game_id())
            .and_compute_with(|entry| {
                if course != self.courses.load(Ordering::Acquire) {
                    return Op::Nop;
                }
                match entry {
                    Some(entry) if goes_on_from(entry.value(), history) => Op::Nop,
                    Some(_) | None => Op::Put(history.clone()),
                }
            });
    }
}

/// Somebody asks for a game. Should they fail, the next read asks anew instead of waiting for them.
struct Asking<'a> {
    games: &'a Games,
    game: GameId,
}

impl Drop for Asking<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let reads = &self.games.reads;
            reads
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .remove(&self.game);
        }
    }
}

/// Whether `cached` is `history`, or `history` and more.
fn goes_on_from(cached: &History, history: &History) -> bool {
    holds(cached, history.last())
}

fn holds(history: &History, recorded: &Recorded) -> bool {
    let after = history.after(recorded.version - 1);
    after.first().map(|event| event.position) == Some(recorded.position)
}

fn carry_on(cached: &Arc<History>, recorded: &Arc<Recorded>) -> Op<Arc<History>> {
    match cached.followed_by(recorded.clone()) {
        Some(history) => Op::Put(Arc::new(history)),
        None if holds(cached, recorded) => Op::Nop,
        // Behind a gap, or of another course of the log.
        None => Op::Remove,
    }
}

/// About how many bytes a game takes.
fn weight(history: &History) -> u32 {
    let event_bytes = size_of::<Recorded>() + 2 * size_of::<usize>() + 64;
    let bytes = 512 + history.events().len() * event_bytes;
    u32::try_from(bytes).unwrap_or(u32::MAX)
}

#[cfg(test)]
#[path = "games_tests.rs"]
mod tests;
