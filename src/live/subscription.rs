//! One socket's watch on one game.

use super::frames::Resume;

/// What must be read from the log before updates can go on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Need {
    Nothing,
    /// Nothing was sent yet.
    Start(Resume),
    /// Every event after the last one sent.
    ReadOn,
    /// The game as it is.
    Snapshot,
}

impl Need {
    /// What meets both.
    pub fn and(self, other: Need) -> Need {
        match (self, other) {
            // What a client knew of a log that is no more says nothing about this one.
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
    Named,
    Mine,
    Both,
}

impl Origin {
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

    pub fn is_named(self) -> bool {
        self != Origin::Mine
    }

    pub fn is_mine(self) -> bool {
        self != Origin::Named
    }
}

#[derive(Clone, Debug)]
pub struct Subscription {
    pub origin: Origin,
    pub need: Need,
    /// The version that the client has.
    pub cursor: u32,
    /// The version that the game had when the client began to follow it, or at its last snapshot:
    /// what comes after it is news.
    pub news_after: u32,
    /// The client was told that updates follow.
    pub is_started: bool,
    /// Being read from the log in this moment.
    pub is_catching_up: bool,
    pub is_finished: bool,
}

impl Subscription {
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
