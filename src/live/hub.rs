//! The live channel of one instance: its sockets, and everything that acts on them.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{Notify, Semaphore};
use uuid::Uuid;

use super::frames::{ErrorCode, ServerFrame};
use super::inbox::Started;
use super::registry::{Registry, Socket};
use super::stats::Stats;
use super::subscription::{Need, Origin};
use super::wire::Ledger;
use crate::config::StageName;
use crate::game::{GameId, PlayerId};
use crate::gate::Gate;
use crate::play::{Play, PlayError, UnfinishedGames};
use crate::record::History;
use crate::store::{Names, Store};

/// How many reads for sockets may be at the database at once, so that ten thousand sockets that
/// come back together leave it room for everything else.
const READS_AT_ONCE: usize = 6;
/// How many lists of games may be made for sockets at once; one may wait for seconds, asking the
/// database now and then.
const LISTS_AT_ONCE: usize = 32;
/// How many bytes may wait for all clients of this instance together.
const WAITING_BYTES: usize = 256 * 1024 * 1024;
/// How many bytes of updates may wait in mailboxes. An update counts once for all mailboxes. Beyond
/// it, sockets read the updates from the log.
const QUEUED_BYTES: usize = 64 * 1024 * 1024;
/// How many games of its player a socket follows by `mine`.
pub const MAX_MINE: usize = 200;

/// The parts of the instance that the live channel uses, and its bound.
#[derive(Clone)]
pub struct Settings {
    /// Reads games and lists.
    pub play: Play,
    /// Tells whether a socket's key is still good, and the rate of its plan.
    pub gate: Gate,
    /// Gives the database's clock.
    pub store: Store,
    /// The most sockets that this instance holds at once.
    pub max_sockets: usize,
}

/// A handle on the live channel. Cheap to clone.
#[derive(Clone)]
pub struct Hub {
    inner: Arc<Inner>,
}

struct Inner {
    settings: Settings,
    registry: Registry,
    stats: Stats,
    epoch: Mutex<Uuid>,
    draining: AtomicBool,
    places: Arc<Semaphore>,
    reads: Semaphore,
    lists: Semaphore,
    left: Notify,
    ledger: Arc<Ledger>,
    queued: Arc<Ledger>,
}

/// One connection's place, which is taken until the connection is gone.
pub(super) struct Place {
    hub: Hub,
    _permit: tokio::sync::OwnedSemaphorePermit,
}

/// A socket's entry in the registry. Dropping it ends the socket's subscriptions.
pub(super) struct Entry {
    hub: Hub,
    socket: Arc<Socket>,
}

impl Hub {
    /// A hub without sockets. `epoch` is the log's, as its follower saw it last.
    pub fn new(settings: Settings, epoch: Uuid) -> Hub {
        let places = Arc::new(Semaphore::new(settings.max_sockets));
        Hub {
            inner: Arc::new(Inner {
                settings,
                registry: Registry::new(),
                stats: Stats::default(),
                epoch: Mutex::new(epoch),
                draining: AtomicBool::new(false),
                places,
                reads: Semaphore::new(READS_AT_ONCE),
                lists: Semaphore::new(LISTS_AT_ONCE),
                left: Notify::new(),
                ledger: Arc::new(Ledger::new(WAITING_BYTES)),
                queued: Arc::new(Ledger::new(QUEUED_BYTES)),
            }),
        }
    }

    /// This instance's counters.
    pub fn stats(&self) -> &Stats {
        &self.inner.stats
    }

    /// The bytes that wait for the clients of this instance's sockets.
    pub fn ledger(&self) -> &Arc<Ledger> {
        &self.inner.ledger
    }

    /// The bytes of the updates that wait in mailboxes.
    pub(super) fn queued(&self) -> &Arc<Ledger> {
        &self.inner.queued
    }

    pub(super) fn settings(&self) -> &Settings {
        &self.inner.settings
    }

    pub(super) fn registry(&self) -> &Registry {
        &self.inner.registry
    }

    /// The log's epoch, as its follower saw it last.
    pub fn epoch(&self) -> Uuid {
        // The value is only ever assigned, so a panic cannot leave it half changed.
        *self
            .inner
            .epoch
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn set_epoch(&self, epoch: Uuid) {
        *self
            .inner
            .epoch
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = epoch;
    }

    pub(super) fn is_draining(&self) -> bool {
        self.inner.draining.load(Ordering::SeqCst)
    }

    pub(super) fn begin_draining(&self) {
        self.inner.draining.store(true, Ordering::SeqCst);
    }

    /// A place for one more connection; `None` if the instance is full.
    pub(super) fn place(&self) -> Option<Place> {
        let permit = self.inner.places.clone().try_acquire_owned().ok()?;
        self.stats().sockets.fetch_add(1, Ordering::Relaxed);
        Some(Place {
            hub: self.clone(),
            _permit: permit,
        })
    }

    /// Waits until no connection is left.
    pub(super) async fn emptied(&self) {
        loop {
            let left = self.inner.left.notified();
            if self.stats().sockets.load(Ordering::SeqCst) <= 0 {
                return;
            }
            left.await;
        }
    }

    pub(super) fn enter(&self, socket: Arc<Socket>) -> Entry {
        self.registry().enter(&socket);
        if self.is_draining() {
            // The socket was opened while the earlier ones were being closed.
            super::drain::send_away(&socket);
        }
        Entry {
            hub: self.clone(),
            socket,
        }
    }

    /// Begins a subscription. It first listens to the game's updates, and then has the socket's
    /// writer read the game.
    pub(super) fn subscribe(
        &self,
        socket: &Arc<Socket>,
        game_id: GameId,
        origin: Origin,
        need: Need,
    ) {
        self.registry().watch(game_id, socket);
        let started = socket
            .mailbox
            .subscriptions(|subscriptions| subscriptions.start(game_id, origin, need));
        match started {
            Started::New => {
                self.stats().subscriptions.fetch_add(1, Ordering::Relaxed);
            }
            Started::Anew => {}
            Started::Gone => self.registry().unwatch(game_id, socket),
        }
    }

    pub(super) fn unsubscribe(&self, socket: &Socket, game_id: GameId) {
        let was_there = socket
            .mailbox
            .subscriptions(|subscriptions| subscriptions.remove(game_id));
        self.registry().unwatch(game_id, socket);
        if was_there {
            self.stats().subscriptions.fetch_sub(1, Ordering::Relaxed);
        }
    }

    /// Subscribes a socket to a new game of its player. If the socket follows as many games as it
    /// may, the new game replaces a finished one; if none is finished, the client gets an error
    /// instead.
    pub(super) fn invite(&self, socket: &Arc<Socket>, game_id: GameId) {
        let room = socket.mailbox.subscriptions(|subscriptions| {
            if let Some(subscription) = subscriptions.of(game_id) {
                subscription.origin = subscription.origin.and(Origin::Mine);
                return Room::AlreadyThere;
            }
            let mine = subscriptions
                .iter()
                .filter(|(_, subscription)| subscription.origin.is_mine());
            if mine.count() < MAX_MINE {
                return Room::Free;
            }
            subscriptions
                .iter()
                .find(|(_, subscription)| {
                    subscription.is_finished && !subscription.origin.is_named()
                })
                .map_or(Room::Full, |(finished, _)| Room::InsteadOf(finished))
        });
        match room {
            Room::AlreadyThere => return,
            Room::Full => {
                socket.mailbox.answer(too_many_mine());
                return;
            }
            Room::InsteadOf(finished) => self.unsubscribe(socket, finished),
            Room::Free => {}
        }
        self.subscribe(
            socket,
            game_id,
            Origin::Mine,
            Need::Start(Default::default()),
        );
    }

    /// The game as the log has it now, for a socket that listens to it.
    ///
    /// # Errors
    /// [`PlayError::GameNotFound`], also if this socket may not see the game. Other errors are
    /// temporary.
    pub(super) async fn read(
        &self,
        socket: &Socket,
        game_id: GameId,
    ) -> Result<Arc<History>, PlayError> {
        let _permit = self.inner.reads.acquire().await;
        let play = &self.settings().play;
        let course = self.registry().course();
        let history = play
            .watch_check(&game_id.to_string(), &socket.stage, socket.player)
            .await?;
        self.registry().remember(course, &history);
        Ok(history)
    }

    /// A player's unfinished games in a stage.
    pub(super) async fn unfinished_games(
        &self,
        player: PlayerId,
        stage: &StageName,
    ) -> Result<UnfinishedGames, PlayError> {
        let _permit = self.inner.lists.acquire().await;
        self.settings().play.unfinished_games(player, stage).await
    }

    /// The names of all players in these games. The reads of all sockets wait in turn.
    pub(super) async fn names_in(&self, histories: &[Arc<History>]) -> Result<Names, PlayError> {
        let _permit = self.inner.reads.acquire().await;
        self.settings().play.names_in(histories).await
    }
}

enum Room {
    AlreadyThere,
    Free,
    InsteadOf(GameId),
    Full,
}

pub(super) fn too_many_mine() -> ServerFrame {
    let message = format!(
        "You have more than {MAX_MINE} unfinished games: subscribe to the others by their ids."
    );
    ServerFrame::error(ErrorCode::TooManyGames, &message)
}

impl Drop for Place {
    fn drop(&mut self) {
        self.hub.stats().sockets.fetch_sub(1, Ordering::SeqCst);
        self.hub.inner.left.notify_waiters();
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        let games: Vec<GameId> = self
            .socket
            .mailbox
            .subscriptions(|subscriptions| subscriptions.end());
        let count = i64::try_from(games.len()).unwrap_or(i64::MAX);
        self.hub
            .stats()
            .subscriptions
            .fetch_sub(count, Ordering::Relaxed);
        self.hub.registry().leave(&self.socket, games);
    }
}
