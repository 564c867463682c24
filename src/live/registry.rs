//! Who listens to what on this instance.
//!
//! Plain mutexes, held for lookups and for handing out one frame, and never across a wait. A
//! registry lock may be held while a mailbox is locked, never the other way round.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use uuid::Uuid;

use super::inbox::Command;
use super::mailbox::Mailbox;
use super::open::Visitor;
use crate::config::StageName;
use crate::game::{GameId, PlayerId};
use crate::gate::{KeyId, ValueId};
use crate::store::{History, Recorded};

const SHARDS: usize = 64;

/// One open socket, as the rest of the instance sees it.
#[derive(Debug)]
pub struct Socket {
    pub id: Uuid,
    /// Of its handshake, for the log.
    pub request_id: Uuid,
    pub stage: StageName,
    /// `None` where its stage lets sockets be opened without a key.
    pub key: Option<KeyId>,
    /// Which of the key's values it was opened with: the socket ends when that value does.
    pub key_value: Option<ValueId>,
    pub player: Option<PlayerId>,
    pub mailbox: Mailbox,
    /// What it took.
    pub frames: AtomicU64,
    pub bytes: AtomicU64,
}

impl Socket {
    pub fn new(visitor: Visitor, commands: Vec<Command>) -> Arc<Socket> {
        Arc::new(Socket {
            id: Uuid::now_v7(),
            request_id: visitor.request_id,
            stage: visitor.stage,
            key: visitor.key,
            key_value: visitor.key_value,
            player: visitor.player,
            mailbox: Mailbox::new(commands),
            frames: AtomicU64::new(0),
            bytes: AtomicU64::new(0),
        })
    }
}

impl Socket {
    /// Its connection has taken a frame.
    pub fn count_frame(&self, size_bytes: usize) {
        let size_bytes = u64::try_from(size_bytes).unwrap_or(u64::MAX);
        self.frames.fetch_add(1, Ordering::Relaxed);
        self.bytes.fetch_add(size_bytes, Ordering::Relaxed);
    }
}

type Sockets = HashMap<Uuid, Arc<Socket>>;

#[derive(Default)]
struct Watched {
    sockets: Sockets,
    /// The newest history that anybody here has seen, so that the next event can be shown on it.
    latest: Option<Arc<History>>,
}

pub struct Registry {
    games: Vec<Mutex<HashMap<GameId, Watched>>>,
    players: Mutex<HashMap<(PlayerId, StageName), Sockets>>,
    sockets: Mutex<Sockets>,
    /// Counts the times that the log turned out to be another one.
    courses: AtomicU64,
}

/// Of which course of the log something was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Course(u64);

/// What the registry knows of an event's game.
pub enum Seen {
    /// Nobody here listens.
    NoListener,
    /// The game as of the event.
    Game(Arc<History>),
    /// The game must be read.
    Unknown,
}

impl Registry {
    pub fn new() -> Registry {
        Registry {
            games: (0..SHARDS).map(|_| Mutex::default()).collect(),
            players: Mutex::default(),
            sockets: Mutex::default(),
            courses: AtomicU64::new(0),
        }
    }

    pub fn enter(&self, socket: &Arc<Socket>) {
        locked(&self.sockets).insert(socket.id, socket.clone());
    }

    /// Forgets a socket and all that it listened to.
    pub fn leave(&self, socket: &Socket, games: impl IntoIterator<Item = GameId>) {
        locked(&self.sockets).remove(&socket.id);
        self.leave_player(socket);
        for game_id in games {
            self.unwatch(game_id, socket);
        }
    }

    pub fn sockets(&self) -> Vec<Arc<Socket>> {
        locked(&self.sockets).values().cloned().collect()
    }

    pub fn watch(&self, game_id: GameId, socket: &Arc<Socket>) {
        let mut games = self.shard(game_id);
        let watched = games.entry(game_id).or_default();
        watched.sockets.insert(socket.id, socket.clone());
    }

    pub fn unwatch(&self, game_id: GameId, socket: &Socket) {
        let mut games = self.shard(game_id);
        if let Some(watched) = games.get_mut(&game_id) {
            watched.sockets.remove(&socket.id);
            if watched.sockets.is_empty() {
                games.remove(&game_id);
            }
        }
    }

    /// Has the socket told of its player's new games.
    pub fn enter_player(&self, socket: &Arc<Socket>) {
        if let Some(player) = socket.player {
            locked(&self.players)
                .entry((player, socket.stage.clone()))
                .or_default()
                .insert(socket.id, socket.clone());
        }
    }

    pub fn leave_player(&self, socket: &Socket) {
        let Some(player) = socket.player else {
            return;
        };
        let mut players = locked(&self.players);
        let name = (player, socket.stage.clone());
        if let Some(sockets) = players.get_mut(&name) {
            sockets.remove(&socket.id);
            if sockets.is_empty() {
                players.remove(&name);
            }
        }
    }

    pub fn sockets_of(&self, player: PlayerId, stage: &StageName) -> Vec<Arc<Socket>> {
        let players = locked(&self.players);
        players
            .get(&(player, stage.clone()))
            .map(|sockets| sockets.values().cloned().collect())
            .unwrap_or_default()
    }

    /// To be asked before reading what is to be remembered.
    pub fn course(&self) -> Course {
        Course(self.courses.load(Ordering::SeqCst))
    }

    /// Keeps a history that was read, where the game is listened to and this is its newest. One
    /// whose reading began under another course of the log is not kept.
    pub fn remember(&self, course: Course, history: &Arc<History>) {
        if let Some(watched) = self.shard(history.game_id()).get_mut(&history.game_id()) {
            if course != self.course() {
                return;
            }
            let known = watched.latest.as_ref().map_or(0, |known| known.version());
            if history.version() > known {
                watched.latest = Some(history.clone());
            }
        }
    }

    /// Forgets what games are like, because the log is not the one that was followed.
    pub fn forget_histories(&self) {
        // Before any shard is locked: what is remembered before this is forgotten below.
        self.courses.fetch_add(1, Ordering::SeqCst);
        for shard in &self.games {
            for watched in locked(shard).values_mut() {
                watched.latest = None;
            }
        }
    }

    /// The event's game as of the event.
    pub fn observe(&self, event: &Arc<Recorded>) -> Seen {
        let mut games = self.shard(event.game_id);
        let Some(watched) = games.get_mut(&event.game_id) else {
            return Seen::NoListener;
        };
        let Some(latest) = &watched.latest else {
            return Seen::Unknown;
        };
        if latest.version() >= event.version {
            // A subscriber has read the log further than it has been followed here.
            let history = latest.at(event.version).map(Arc::new);
            return match history.filter(|history| history.last().position == event.position) {
                Some(history) => Seen::Game(history),
                None => {
                    watched.latest = None;
                    Seen::Unknown
                }
            };
        }
        let next = latest.followed_by(event.clone()).map(Arc::new);
        watched.latest.clone_from(&next);
        match next {
            Some(history) => Seen::Game(history),
            None => Seen::Unknown,
        }
    }

    /// Calls `tell` for each socket that listens to the game.
    pub fn for_each_watcher(&self, game_id: GameId, mut tell: impl FnMut(&Mailbox)) {
        if let Some(watched) = self.shard(game_id).get(&game_id) {
            for socket in watched.sockets.values() {
                tell(&socket.mailbox);
            }
        }
    }

    fn shard(&self, game_id: GameId) -> MutexGuard<'_, HashMap<GameId, Watched>> {
        // The last bytes of a UUIDv7 are random. Less than SHARDS, which fits any integer.
        let shard = usize::from(game_id.0.as_bytes()[15]) % SHARDS;
        locked(&self.games[shard])
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Nothing in this file panics half-way through a change.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
#[path = "registry_tests.rs"]
mod tests;
