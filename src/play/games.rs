//! Recent games in memory.
//!
//! A cached game may be old, or come from a log that has been restored to an earlier state since,
//! so the cache decides nothing by itself. The database checks every append against the log, a
//! command is refused only on a game that was just read from the log, and a read first asks the log
//! for the game's last version. One such query answers every read of that game that was waiting
//! when it was sent, and none that came later.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use moka::ops::compute::Op;
use moka::sync::Cache;
use tokio::sync::oneshot;

use super::PlayError;
use crate::game::GameId;
use crate::record::{History, RecordError, Recorded};
use crate::rules::Rulebook;
use crate::store::{Store, StoredEvent};

/// How much memory the games may take, as [`weight`] estimates it.
const CAPACITY_BYTES: u64 = 64 << 20;

/// The cache of recent games. Cheap to clone.
#[derive(Clone)]
pub struct Games {
    store: Store,
    rulebook: Arc<Rulebook>,
    cache: Cache<GameId, Arc<History>>,
    reads: Arc<Mutex<HashMap<GameId, Reads>>>,
    /// How often every game was dropped. A game whose reading began before a drop is not kept after
    /// it.
    courses: Arc<AtomicU64>,
}

type Found = Result<Option<Arc<History>>, PlayError>;

/// The reads of one game that wait for the next query to the log. While the entry exists, a task is
/// querying.
#[derive(Default)]
struct Reads {
    waiting: Vec<oneshot::Sender<Found>>,
}

impl Games {
    /// An empty cache of games in `store`. It holds at most about 64 MiB of games.
    pub fn new(store: Store, rulebook: Arc<Rulebook>) -> Games {
        let cache = Cache::builder()
            .max_capacity(CAPACITY_BYTES)
            .weigher(|_, history: &Arc<History>| weight(history))
            .build();
        Games {
            store,
            rulebook,
            cache,
            reads: Arc::default(),
            courses: Arc::default(),
        }
    }

    /// Applies `events`, which must come in the order of the log, to the cached games. A cached
    /// game that misses an event before one of these is dropped.
    pub fn observe(&self, events: &[Arc<Recorded>]) {
        for recorded in events {
            // Most events are of games that are not cached here.
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

    /// Drops every game. Call it when the log was restored.
    pub fn forget_all(&self) {
        self.courses.fetch_add(1, Ordering::AcqRel);
        self.cache.invalidate_all();
    }

    /// The cached game, if there is one. It may be older than the game in the log.
    pub fn cached(&self, game: GameId) -> Option<Arc<History>> {
        self.cache.get(&game)
    }

    /// The game as the log has it at some moment after this call; `None` if it does not exist.
    ///
    /// # Errors
    /// [`PlayError::Unavailable`].
    pub async fn current(&self, game: GameId) -> Found {
        let (sender, answer) = oneshot::channel();
        if self.wait(game, sender) {
            let games = self.clone();
            tokio::spawn(async move { games.answer_reads(game).await });
        }
        answer.await.unwrap_or(Err(PlayError::NOTHING_SENT))
    }

    /// As [`current`](Self::current) for many games. Returns those that exist, in the same order.
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
        for events in self.store.read_games(&missing).await? {
            let game = events.first().map(|event| event.row.game_id);
            match self.history(events) {
                Ok(Some(history)) => {
                    self.keep(course, &history);
                    found.insert(history.game_id(), history);
                }
                Ok(None) => {}
                // One that this release cannot read keeps nobody from the others.
                Err(error) => tracing::error!(?game, %error, "a game cannot be read"),
            }
        }
        Ok(games.iter().filter_map(|game| found.remove(game)).collect())
    }

    /// Reads the whole game from the log and caches it; `None` if it does not exist.
    ///
    /// # Errors
    /// [`PlayError::Unavailable`].
    pub async fn read(&self, game: GameId) -> Found {
        let course = self.courses.load(Ordering::Acquire);
        let history = self.history(self.store.read_game(game).await?)?;
        match &history {
            Some(history) => self.keep(course, history),
            None => self.cache.invalidate(&game),
        }
        Ok(history)
    }

    fn history(&self, events: Vec<StoredEvent>) -> Result<Option<Arc<History>>, RecordError> {
        Ok(History::read(&self.rulebook, events)?.map(Arc::new))
    }

    /// Caches a game after this instance has appended an event to it.
    pub fn put(&self, history: &Arc<History>) {
        self.keep(self.courses.load(Ordering::Acquire), history);
    }

    /// Adds a read to those that wait for the next query. Returns true if the caller must start the
    /// querying task.
    fn wait(&self, game: GameId, sender: oneshot::Sender<Found>) -> bool {
        // Nothing panics while the lock is held, and a map is whole in any case.
        let mut reads = self.reads.lock().unwrap_or_else(PoisonError::into_inner);
        let is_first = !reads.contains_key(&game);
        reads.entry(game).or_default().waiting.push(sender);
        is_first
    }

    /// Takes the reads that wait now. If there are none, it removes the game's entry, and the
    /// querying task must end.
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
                // The reader may have given up.
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

    /// The cached game, if it ends at exactly this version and position.
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

/// Stands for a task that queries a game. If the task panics, the next read starts a new one
/// instead of waiting for it.
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

/// Whether `cached` is `history`, or continues it.
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
        // There is a gap before the event, or the log was restored.
        None => Op::Remove,
    }
}

/// The estimated size of a game in memory, in bytes.
fn weight(history: &History) -> u32 {
    let event_bytes = size_of::<Recorded>() + 2 * size_of::<usize>() + 64;
    let bytes = 512 + history.events().len() * event_bytes;
    u32::try_from(bytes).unwrap_or(u32::MAX)
}

#[cfg(test)]
#[path = "games_tests.rs"]
mod tests;
