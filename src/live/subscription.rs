//! The subscription of one socket to one game.

use super::frames::Resume;

/// The reading that must be done before a game's updates can continue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Need {
    /// Nothing must be read.
    Nothing,
    /// Nothing was sent yet. The client left off here.
    Start(Resume),
    /// Every event after the last one sent.
    ReadOn,
    /// The current game, to be sent as a snapshot.
    Snapshot,
}

impl Need {
    /// The need that covers both.
    pub fn and(self, other: Need) -> Need {
        match (self, other) {
            // The log was restored, so the client's version says nothing about this log.
            (Need::Start(_), Need::Snapshot) => Need::Start(Resume::default()),
            (start @ Need::Start(_), Need::Nothing | Need::ReadOn) => start,
            (_, start @ Need::Start(_)) => start,
            (Need::Snapshot, Need::Nothing | Need::ReadOn | Need::Snapshot)
            | (Need::Nothing | Need::ReadOn, Need::Snapshot) => Need::Snapshot,
            (Need::ReadOn, Need::Nothing | Need::ReadOn) | (Need::Nothing, Need::ReadOn) => {
                Need::ReadOn
            }
            (Need::Nothing, Need::Nothing) => Need::Nothing,
        }
    }
}

/// How a subscription came about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The client named the game.
    Named,
    /// The client subscribed to its player's games.
    Mine,
    /// The client did both.
    Both,
}

impl Origin {
    /// The origin of a subscription that came about in both ways.
    pub fn and(self, other: Origin) -> Origin {
        match (self, other) {
            (Origin::Named, Origin::Named) => Origin::Named,
            (Origin::Mine, Origin::Mine) => Origin::Mine,
            (Origin::Both, Origin::Named | Origin::Mine | Origin::Both)
            | (Origin::Named | Origin::Mine, Origin::Both)
            | (Origin::Named, Origin::Mine)
            | (Origin::Mine, Origin::Named) => Origin::Both,
        }
    }

    /// Whether the client named the game.
    pub fn is_named(self) -> bool {
        self != Origin::Mine
    }

    /// Whether the game belongs to the subscription to the player's games.
    pub fn is_mine(self) -> bool {
        self != Origin::Named
    }
}

/// The state of a subscription.
#[derive(Clone, Debug)]
pub struct Subscription {
    /// How it came about.
    pub origin: Origin,
    /// The reading that waits for the writer.
    pub need: Need,
    /// The last version that was sent, or that the client had.
    pub cursor: u32,
    /// The version that the game had when the client began to follow it, or at its last snapshot.
    /// Later versions count as news.
    pub news_after: u32,
    /// `subscribed` was sent.
    pub is_started: bool,
    /// The writer is reading the game from the log.
    pub is_catching_up: bool,
    /// The game is over at `cursor`.
    pub is_finished: bool,
}

impl Subscription {
    /// A subscription of which nothing was sent.
    pub fn new(origin: Origin, need: Need) -> Subscription {
        Subscription {
            origin,
            need,
            cursor: 0,
            news_after: 0,
            is_started: false,
            is_catching_up: false,
            is_finished: false,
        }
    }
}
