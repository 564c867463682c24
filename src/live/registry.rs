//! The sockets of this instance, and the games and players that each of them listens to.
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
use crate::play::Sight;
use crate::record::{History, Recorded};

const SHARDS: usize = 64;

/// One open socket, as the rest of the instance sees it.
#[derive(Debug)]
pub struct Socket {
    /// The connection's id.
    pub id: Uuid,
    /// The id of the handshake's request, for the log.
    pub request_id: Uuid,
    /// The stage whose games it may follow.
    pub stage: StageName,
    /// The API key; `None` if the stage lets sockets be opened without one.
    pub key: Option<KeyId>,
    /// The value of the key with which it was opened. The socket ends when that value does.
    pub key_value: Option<ValueId>,
    /// The player that its token names.
    pub player: Option<PlayerId>,
    /// The work for its writer.
    pub mailbox: Mailbox,
    /// Frames that its connection has taken.
    pub frames: AtomicU64,
    /// The bytes of those frames.
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
    /// Counts a frame that the connection has taken.
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
    /// The newest history that this instance has read, from which the next event makes the game to
    /// show.
    latest: Option<Arc<History>>,
}

/// The sockets by id, by game and by player.
pub struct Registry {
    games: Vec<Mutex<HashMap<GameId, Watched>>>,
    players: Mutex<HashMap<(PlayerId, StageName), Sockets>>,
    sockets: Mutex<Sockets>,
    /// How often the log was restored.
    courses: AtomicU64,
}

/// The number of times that the log was restored before something was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Course(u64);

/// The game of an event, as far as the registry knows it.
pub enum Seen {
    /// No socket here listens to the game.
    NoListener,
    /// The game as of the event.
    Game(Arc<History>),
    /// The game must be read from the log.
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

    /// Enters an open socket.
    pub fn enter(&self, socket: &Arc<Socket>) {
        locked(&self.sockets).insert(socket.id, socket.clone());
    }

    /// Removes a socket, from `games` too.
    pub fn leave(&self, socket: &Socket, games: impl IntoIterator<Item = GameId>) {
        locked(&self.sockets).remove(&socket.id);
        self.leave_player(socket);
        for game_id in games {
            self.unwatch(game_id, socket);
        }
    }

    /// All open sockets.
    pub fn sockets(&self) -> Vec<Arc<Socket>> {
        locked(&self.sockets).values().cloned().collect()
    }

    /// Has the socket get the game's updates.
    pub fn watch(&self, game_id: GameId, socket: &Arc<Socket>) {
        let mut games = self.shard(game_id);
        let watched = games.entry(game_id).or_default();
        watched.sockets.insert(socket.id, socket.clone());
    }

    /// Ends the socket's updates of the game.
    pub fn unwatch(&self, game_id: GameId, socket: &Socket) {
        let mut games = self.shard(game_id);
        if let Some(watched) = games.get_mut(&game_id) {
            watched.sockets.remove(&socket.id);
            if watched.sockets.is_empty() {
                games.remove(&game_id);
            }
        }
    }

    /// Has the socket get its player's new games.
    pub fn enter_player(&self, socket: &Arc<Socket>) {
        if let Some(player) = socket.player {
            locked(&self.players)
                .entry((player, socket.stage.clone()))
                .or_default()
                .insert(socket.id, socket.clone());
        }
    }

    /// Ends the socket's new games of its player.
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

    /// The sockets that get the player's new games in this stage.
    pub fn sockets_of(&self, player: PlayerId, stage: &StageName) -> Vec<Arc<Socket>> {
        let players = locked(&self.players);
        players
            .get(&(player, stage.clone()))
            .map(|sockets| sockets.values().cloned().collect())
            .unwrap_or_default()
    }

    /// The current course. Ask for it before reading a history for [`remember`](Self::remember).
    pub fn course(&self) -> Course {
        Course(self.courses.load(Ordering::SeqCst))
    }

    /// Keeps a history that was read, if a socket listens to the game and no newer history is kept.
    /// A history whose reading began under another course of the log is not kept.
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

    /// Drops every history, because the log was restored.
    pub fn forget_histories(&self) {
        // This comes before any shard is locked: a history that is kept before it is dropped below.
        self.courses.fetch_add(1, Ordering::SeqCst);
        for shard in &self.games {
            for watched in locked(shard).values_mut() {
                watched.latest = None;
            }
        }
    }

    /// The event's game as of the event, which becomes its newest history here.
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

    /// What the sockets that listen to the game may see of it. Each sight comes once.
    pub fn sights(&self, history: &History) -> Vec<Sight> {
        let game = history.game();
        if !game.rules.forms().hidden {
            return vec![Sight::Open];
        }
        let mut sights = Vec::new();
        self.for_each_watcher(history.game_id(), |socket| {
            let sight = Sight::of(game, socket.player);
            if !sights.contains(&sight) {
                sights.push(sight);
            }
        });
        sights
    }

    /// Calls `tell` for each socket that listens to the game.
    pub fn for_each_watcher(&self, game_id: GameId, mut tell: impl FnMut(&Socket)) {
        if let Some(watched) = self.shard(game_id).get(&game_id) {
            for socket in watched.sockets.values() {
                tell(socket);
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
