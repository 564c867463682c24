//! The work that waits for one socket's writer: the client's frames, updates from the hub, and
//! games that must be read from the log.
//!
//! The hub never waits for a socket. An update that finds no room is not kept: the game is marked
//! instead, and the writer reads the missed updates from the log. So the queue may lose frames, but
//! the client loses none: the writer sends a game's updates in order of their versions, and reads
//! from the log wherever one is missing.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

use super::frames::{GoodbyeReason, ServerFrame};
use super::inbox::{Command, Inbox, Job, Subscriptions, TooSlow, Update};
use super::subscription::Need;
use crate::game::GameId;

/// How many of the client's frames may wait. Beyond it, no more is read from the client until there
/// is room.
const QUEUE_COMMANDS: usize = 16;
/// How many bytes of those frames may wait.
const QUEUE_COMMAND_BYTES: usize = 64 * 1024;
/// A socket that has not taken a frame for this long is slow, and not just behind a burst.
const SLOW_AFTER: Duration = Duration::from_millis(250);

/// How the server ends a socket; the goodbye frame says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Farewell {
    /// Why the server ends it.
    pub reason: GoodbyeReason,
    /// The client is asked to wait for a random time up to this before it comes back.
    pub retry_within: Duration,
}

impl Farewell {
    /// A farewell that spreads returning clients over the shortest time.
    pub fn new(reason: GoodbyeReason) -> Farewell {
        Farewell {
            reason,
            retry_within: super::drain::LEAST_SPREAD,
        }
    }
}

/// The queue between the hub, the client's frames and the socket's writer.
#[derive(Debug)]
pub struct Mailbox {
    inbox: Mutex<Inbox>,
    work: Notify,
    room: Notify,
    ending: Notify,
    started: Instant,
    /// When the writer began to wait for the connection, in milliseconds after `started`; 0 while
    /// it does not wait.
    waiting_since: AtomicU64,
}

impl Mailbox {
    /// A mailbox with the commands that came with the handshake.
    pub fn new(commands: Vec<Command>) -> Mailbox {
        Mailbox {
            inbox: Mutex::new(Inbox::new(commands)),
            work: Notify::new(),
            room: Notify::new(),
            ending: Notify::new(),
            started: Instant::now(),
            waiting_since: AtomicU64::new(0),
        }
    }

    fn inbox(&self) -> MutexGuard<'_, Inbox> {
        // Nothing below panics half-way through a change.
        self.inbox.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next job; waits for one.
    pub async fn next(&self) -> Job {
        loop {
            let (job, again_at) = self.inbox().next(Instant::now());
            if let Some(job) = job {
                if matches!(job, Job::Command(_)) {
                    self.room.notify_one();
                }
                return job;
            }
            match again_at {
                None => self.work.notified().await,
                Some(at) => {
                    tokio::select! {
                        () = self.work.notified() => {}
                        () = sleep_until(at) => {}
                    }
                }
            }
        }
    }

    /// Queues a command that came in a frame of `size_bytes`. Waits for room.
    pub async fn command(&self, command: Command, size_bytes: usize) {
        loop {
            {
                let mut inbox = self.inbox();
                let bytes = inbox.command_bytes() + size_bytes;
                let waiting = inbox.commands.len();
                let has_room = waiting < QUEUE_COMMANDS && bytes <= QUEUE_COMMAND_BYTES;
                if waiting == 0 || has_room {
                    inbox.commands.push_back((command, size_bytes));
                    break;
                }
            }
            self.room.notified().await;
        }
        self.work.notify_one();
    }

    /// Queues a frame that answers no frame of the client. It is dropped if there is no room.
    pub fn answer(&self, frame: ServerFrame) {
        let mut inbox = self.inbox();
        if inbox.commands.len() < QUEUE_COMMANDS {
            inbox.commands.push_back((Command::Answer(frame), 0));
        }
        drop(inbox);
        self.work.notify_one();
    }

    /// Has the writer carry out a command at `until`. It replaces the command that was postponed
    /// before.
    pub fn postpone(&self, command: Command, until: Instant) {
        self.inbox().postponed = Some((until, command));
    }

    /// Drops the postponed command.
    pub fn forget_postponed(&self) {
        self.inbox().postponed = None;
    }

    /// Ends the socket. Only the first reason counts.
    pub fn close(&self, farewell: Farewell) {
        self.inbox().farewell.get_or_insert(farewell);
        self.ending.notify_one();
    }

    /// Waits for the socket's end.
    pub async fn farewell(&self) -> Farewell {
        loop {
            let farewell = self.inbox().farewell;
            match farewell {
                Some(farewell) => return farewell,
                None => self.ending.notified().await,
            }
        }
    }

    /// Queues an update if there is room. Never waits.
    pub fn offer(&self, update: &Arc<Update>) {
        let slow = self.is_slow();
        let offered = self.inbox().offer(update, slow, Instant::now());
        match offered {
            Ok(()) => self.work.notify_one(),
            Err(TooSlow) => self.close(Farewell::new(GoodbyeReason::TooSlow)),
        }
    }

    /// Has the writer read the game's next updates from the log, because an update could not be
    /// made.
    pub fn mark_behind(&self, game_id: GameId) {
        self.inbox().need(game_id, Need::ReadOn);
        self.work.notify_one();
    }

    /// Has every subscription send a snapshot, because the log was restored.
    pub fn restart(&self) {
        let mut inbox = self.inbox();
        inbox.updates.clear();
        let games: Vec<GameId> = inbox.subscriptions.keys().copied().collect();
        for game_id in games {
            inbox.need(game_id, Need::Snapshot);
        }
        drop(inbox);
        self.work.notify_one();
    }

    /// Changes the subscriptions.
    pub fn subscriptions<T>(&self, change: impl FnOnce(&mut Subscriptions<'_>) -> T) -> T {
        let changed = change(&mut Subscriptions {
            inbox: &mut self.inbox(),
        });
        self.work.notify_one();
        changed
    }

    /// Call it when the writer begins to wait for the connection.
    pub fn wait_begins(&self) {
        self.waiting_since
            .store(self.millis().max(1), Ordering::Relaxed);
    }

    /// Call it when the connection has taken the writer's frame.
    pub fn wait_ends(&self) {
        self.waiting_since.store(0, Ordering::Relaxed);
    }

    fn is_slow(&self) -> bool {
        let since = self.waiting_since.load(Ordering::Relaxed);
        let slow_after = u64::try_from(SLOW_AFTER.as_millis()).unwrap_or(u64::MAX);
        since > 0 && self.millis().saturating_sub(since) > slow_after
    }

    fn millis(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}
