//! The content of a mailbox, and the order in which its writer gets it.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use bytestring::ByteString;
use time::OffsetDateTime;
use tokio::time::Instant;

use super::frames::{ClientFrame, ServerFrame};
use super::mailbox::Farewell;
use super::subscription::{Need, Origin, Subscription};
use super::wire::Held;
use crate::game::GameId;

/// How many updates may wait for a socket.
const QUEUE_FRAMES: usize = 64;
/// A socket that is too slow twice within this time is closed.
const STRIKE_LASTS: Duration = Duration::from_secs(60);

/// An event as a frame, shared by all its receivers.
#[derive(Debug)]
pub struct Update {
    /// The event's game.
    pub game_id: GameId,
    /// The version that the event made.
    pub version: u32,
    /// Whether the game is over after this event.
    pub finished: bool,
    /// The event's time.
    pub at: OffsetDateTime,
    /// The frame as JSON text.
    pub text: ByteString,
    /// Its bytes in the ledger of updates that wait.
    pub _held: Held,
}

/// The work that a client's frame results in.
#[derive(Debug)]
pub enum Command {
    /// Do what the frame asks for.
    Follow(ClientFrame),
    /// Send this frame as the answer.
    Answer(ServerFrame),
}

/// The next work of the writer.
#[derive(Debug)]
pub enum Job {
    /// Carry out a command.
    Command(Command),
    /// Send an update.
    Send(Arc<Update>),
    /// Read a game from the log.
    Read { game_id: GameId, need: Need },
}

#[derive(Debug, Default)]
pub(super) struct Inbox {
    pub(super) farewell: Option<Farewell>,
    /// Each command with the size of its frame in bytes.
    pub(super) commands: VecDeque<(Command, usize)>,
    /// A command that could not be carried out, to be tried again at this time.
    pub(super) postponed: Option<(Instant, Command)>,
    pub(super) updates: VecDeque<Arc<Update>>,
    pub(super) subscriptions: HashMap<GameId, Subscription>,
    /// The socket is gone. The hub may still try to subscribe it to a game.
    has_ended: bool,
    /// The games that must be read, each once.
    due: VecDeque<GameId>,
    /// Nothing is read before this time, because a read has just failed.
    read_after: Option<Instant>,
    read_last: bool,
    struck: Option<Instant>,
}

/// The result of starting a subscription.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Started {
    /// It is new.
    New,
    /// There was one to this game, which begins anew.
    Anew,
    /// The socket has ended, so there is no subscription.
    Gone,
}

/// The subscriptions of a socket, for the length of one change.
pub struct Subscriptions<'a> {
    pub(super) inbox: &'a mut Inbox,
}

impl Subscriptions<'_> {
    /// Starts a subscription. If there is one to the game, it begins anew.
    pub fn start(&mut self, game_id: GameId, origin: Origin, need: Need) -> Started {
        let inbox = &mut *self.inbox;
        if inbox.has_ended {
            return Started::Gone;
        }
        inbox.updates.retain(|update| update.game_id != game_id);
        let before = inbox.subscriptions.remove(&game_id);
        let origin = before.as_ref().map_or(origin, |old| old.origin.and(origin));
        inbox
            .subscriptions
            .insert(game_id, Subscription::new(origin, need));
        if !inbox.due.contains(&game_id) {
            inbox.due.push_back(game_id);
        }
        match before {
            None => Started::New,
            Some(_) => Started::Anew,
        }
    }

    /// Ends all subscriptions and returns their games. None can begin after this.
    pub fn end(&mut self) -> Vec<GameId> {
        self.inbox.has_ended = true;
        self.inbox.updates.clear();
        self.inbox.due.clear();
        let ended = std::mem::take(&mut self.inbox.subscriptions);
        ended.into_keys().collect()
    }

    /// Ends a subscription. Returns whether there was one.
    pub fn remove(&mut self, game_id: GameId) -> bool {
        self.inbox
            .updates
            .retain(|update| update.game_id != game_id);
        self.inbox.due.retain(|due| *due != game_id);
        self.inbox.subscriptions.remove(&game_id).is_some()
    }

    /// The subscription to a game.
    pub fn of(&mut self, game_id: GameId) -> Option<&mut Subscription> {
        self.inbox.subscriptions.get_mut(&game_id)
    }

    /// All subscriptions with their games.
    pub fn iter(&self) -> impl Iterator<Item = (GameId, &Subscription)> {
        self.inbox
            .subscriptions
            .iter()
            .map(|(game_id, subscription)| (*game_id, subscription))
    }

    /// Leaves `mine` in the subscriptions that have both origins: they are named from here on.
    pub fn unmark_mine(&mut self) {
        for subscription in self.inbox.subscriptions.values_mut() {
            if subscription.origin == Origin::Both {
                subscription.origin = Origin::Named;
            }
        }
    }

    /// Has a game read after a failure, but not before `after`.
    pub fn retry(&mut self, game_id: GameId, need: Need, after: Instant) {
        self.inbox.need(game_id, need);
        self.inbox.read_after = Some(after);
    }
}

/// The socket was too slow twice.
pub(super) struct TooSlow;

impl Inbox {
    pub(super) fn new(commands: Vec<Command>) -> Inbox {
        Inbox {
            commands: commands.into_iter().map(|command| (command, 0)).collect(),
            ..Inbox::default()
        }
    }

    /// The bytes of all commands that wait. The commands are few, so they are summed up each time.
    pub(super) fn command_bytes(&self) -> usize {
        self.commands.iter().map(|(_, size_bytes)| size_bytes).sum()
    }

    /// The next job, or the time to ask again. Neither if only new work can bring a job.
    pub(super) fn next(&mut self, now: Instant) -> (Option<Job>, Option<Instant>) {
        if let Some((command, _)) = self.commands.pop_front() {
            return (Some(Job::Command(command)), None);
        }
        if let Some((_, command)) = self.postponed.take_if(|(at, _)| *at <= now) {
            return (Some(Job::Command(command)), None);
        }
        let may_read = self.read_after.is_none_or(|after| after <= now);
        // Reads and updates take turns, so that neither a busy game nor a long catch-up holds up
        // the other.
        let updates_are_next = self.read_last && !self.updates.is_empty();
        if may_read
            && !updates_are_next
            && let Some(job) = self.next_read()
        {
            self.read_last = true;
            return (Some(job), None);
        }
        self.read_last = false;
        if let Some(update) = self.next_update() {
            return (Some(Job::Send(update)), None);
        }
        if may_read && let Some(job) = self.next_read() {
            // The updates have a gap, so their game must be read.
            return (Some(job), None);
        }
        let read_at = (!self.due.is_empty()).then_some(self.read_after).flatten();
        let command_at = self.postponed.as_ref().map(|(at, _)| *at);
        (None, [read_at, command_at].into_iter().flatten().min())
    }

    fn next_read(&mut self) -> Option<Job> {
        while let Some(game_id) = self.due.pop_front() {
            if let Some(subscription) = self.subscriptions.get_mut(&game_id) {
                let need = std::mem::replace(&mut subscription.need, Need::Nothing);
                subscription.is_catching_up = true;
                if need == Need::Snapshot {
                    // The restored log may have lower versions. Updates that come meanwhile are
                    // compared with the snapshot's version, not with the version that was sent
                    // before.
                    subscription.cursor = 0;
                }
                self.read_after = None;
                return Some(Job::Read { game_id, need });
            }
        }
        None
    }

    fn next_update(&mut self) -> Option<Arc<Update>> {
        while let Some(update) = self.updates.pop_front() {
            let Some(subscription) = self.subscriptions.get_mut(&update.game_id) else {
                continue;
            };
            let is_next = update.version == subscription.cursor + 1;
            if subscription.need != Need::Nothing || update.version <= subscription.cursor {
                continue;
            }
            if is_next {
                subscription.cursor = update.version;
                subscription.is_finished |= update.finished;
                return Some(update);
            }
            self.need(update.game_id, Need::ReadOn);
        }
        None
    }

    pub(super) fn offer(
        &mut self,
        update: &Arc<Update>,
        slow: bool,
        now: Instant,
    ) -> Result<(), TooSlow> {
        let Some(subscription) = self.subscriptions.get(&update.game_id) else {
            return Ok(());
        };
        // The next read covers this event.
        if subscription.need != Need::Nothing || update.version <= subscription.cursor {
            return Ok(());
        }
        if self.updates.len() < QUEUE_FRAMES {
            self.updates.push_back(update.clone());
            return Ok(());
        }
        let catches_up = subscription.is_catching_up;
        self.updates
            .retain(|queued| queued.game_id != update.game_id);
        if catches_up || !slow {
            self.need(update.game_id, Need::ReadOn);
        } else if self.struck.is_some_and(|at| now < at + STRIKE_LASTS) {
            return Err(TooSlow);
        } else {
            self.struck = Some(now);
            self.need(update.game_id, Need::Snapshot);
        }
        Ok(())
    }

    /// Has a game read. If a read is due already, the stronger need counts.
    pub(super) fn need(&mut self, game_id: GameId, need: Need) {
        if let Some(subscription) = self.subscriptions.get_mut(&game_id) {
            if subscription.need == Need::Nothing {
                self.due.push_back(game_id);
            }
            let before = std::mem::replace(&mut subscription.need, Need::Nothing);
            subscription.need = before.and(need);
        }
    }
}

#[cfg(test)]
#[path = "inbox_tests.rs"]
mod tests;
