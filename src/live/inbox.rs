//! The contents of a mailbox, and the order in which its writer gets them.

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
/// Too slow twice within this time is too slow.
const STRIKE_LASTS: Duration = Duration::from_secs(60);

/// An event as a frame, shared by all its receivers.
#[derive(Debug)]
pub struct Update {
    pub game_id: GameId,
    pub version: u32,
    /// Whether the game is over with this event.
    pub finished: bool,
    pub at: OffsetDateTime,
    pub text: ByteString,
    /// What this takes of the room for updates that wait.
    pub _held: Held,
}

/// Something that a client's frame asks for.
#[derive(Debug)]
pub enum Command {
    Follow(ClientFrame),
    /// The frame could not be followed; this is the answer.
    Answer(ServerFrame),
}

/// What the writer does next.
#[derive(Debug)]
pub enum Job {
    Command(Command),
    Send(Arc<Update>),
    Read { game_id: GameId, need: Need },
}

#[derive(Debug, Default)]
pub(super) struct Inbox {
    pub(super) farewell: Option<Farewell>,
    /// Each with the bytes that it came in.
    pub(super) commands: VecDeque<(Command, usize)>,
    /// A command that could not be followed, to be tried again at this time.
    pub(super) postponed: Option<(Instant, Command)>,
    pub(super) updates: VecDeque<Arc<Update>>,
    pub(super) subscriptions: HashMap<GameId, Subscription>,
    /// The socket is gone, though the hub may still be about to tell it of a game.
    has_ended: bool,
    /// The games that need reading, each once.
    due: VecDeque<GameId>,
    /// Not before this time, because reading just failed.
    read_after: Option<Instant>,
    read_last: bool,
    struck: Option<Instant>,
}

/// What became of a subscription that was to be started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Started {
    New,
    /// There was one to this game, and it begins anew.
    Anew,
    /// The socket has ended meanwhile.
    Gone,
}

/// The subscriptions of a socket, for the length of one change.
pub struct Subscriptions<'a> {
    pub(super) inbox: &'a mut Inbox,
}

impl Subscriptions<'_> {
    /// Starts a subscription, anew where there is one.
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

    /// Ends them all; none begins after this.
    pub fn end(&mut self) -> Vec<GameId> {
        self.inbox.has_ended = true;
        self.inbox.updates.clear();
        self.inbox.due.clear();
        let ended = std::mem::take(&mut self.inbox.subscriptions);
        ended.into_keys().collect()
    }

    pub fn remove(&mut self, game_id: GameId) -> bool {
        self.inbox
            .updates
            .retain(|update| update.game_id != game_id);
        self.inbox.due.retain(|due| *due != game_id);
        self.inbox.subscriptions.remove(&game_id).is_some()
    }

    pub fn of(&mut self, game_id: GameId) -> Option<&mut Subscription> {
        self.inbox.subscriptions.get_mut(&game_id)
    }

    pub fn iter(&self) -> impl Iterator<Item = (GameId, &Subscription)> {
        self.inbox
            .subscriptions
            .iter()
            .map(|(game_id, subscription)| (*game_id, subscription))
    }

    /// Leaves only what was named.
    pub fn unmark_mine(&mut self) {
        for subscription in self.inbox.subscriptions.values_mut() {
            if subscription.origin == Origin::Both {
                subscription.origin = Origin::Named;
            }
        }
    }

    /// After a failure: what was to be read still is, but not at once.
    pub fn retry(&mut self, game_id: GameId, need: Need, after: Instant) {
        self.inbox.need(game_id, need);
        self.inbox.read_after = Some(after);
    }
}

/// A socket that was too slow twice.
pub(super) struct TooSlow;

impl Inbox {
    pub(super) fn new(commands: Vec<Command>) -> Inbox {
        Inbox {
            commands: commands.into_iter().map(|command| (command, 0)).collect(),
            ..Inbox::default()
        }
    }

    /// The bytes of all commands that wait, of which there are few.
    pub(super) fn command_bytes(&self) -> usize {
        self.commands.iter().map(|(_, size_bytes)| size_bytes).sum()
    }

    /// The next job, or when to ask again; neither where only news brings one.
    pub(super) fn next(&mut self, now: Instant) -> (Option<Job>, Option<Instant>) {
        if let Some((command, _)) = self.commands.pop_front() {
            return (Some(Job::Command(command)), None);
        }
        if let Some((_, command)) = self.postponed.take_if(|(at, _)| *at <= now) {
            return (Some(Job::Command(command)), None);
        }
        let may_read = self.read_after.is_none_or(|after| after <= now);
        // In turn, so that neither a hot game nor a long way back keeps the other waiting.
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
            // The updates have shown a gap.
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
                    // Versions may begin lower: what is offered meanwhile is told from the snapshot
                    // by the snapshot's version, not by what was sent before.
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
        // What is about to be read holds this event already.
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

    /// Has a game read; the stronger need stands.
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
