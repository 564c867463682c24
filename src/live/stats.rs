//! What the live channel counts, for the metrics.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use super::frames::GoodbyeReason;
use crate::measure::Histogram;
pub use crate::measure::count;

/// Counters of this instance since its start; `sockets` and `subscriptions` are what is now.
#[derive(Debug)]
pub struct Stats {
    pub sockets: AtomicI64,
    pub subscriptions: AtomicI64,
    /// Frames that connections have taken, and their bytes.
    pub frames: AtomicU64,
    pub bytes: AtomicU64,
    /// Subscriptions that went on from a version the client had.
    pub resumes: AtomicU64,
    /// Snapshots made for one socket each, on subscribing or in place of what it missed.
    pub snapshots: AtomicU64,
    pub drops: Drops,
    /// How long news took from the event's time until a connection took the update, on the
    /// database's clock. An event's time is stamped when its command is accepted, just before the
    /// commit, so the commit is in it: no instance but the one that records an event sees when it
    /// is committed. What a client catches up with after its return is no news.
    pub delivery: Histogram,
}

impl Default for Stats {
    fn default() -> Stats {
        Stats {
            sockets: AtomicI64::default(),
            subscriptions: AtomicI64::default(),
            frames: AtomicU64::default(),
            bytes: AtomicU64::default(),
            resumes: AtomicU64::default(),
            snapshots: AtomicU64::default(),
            drops: Drops::default(),
            delivery: Histogram::of_durations(),
        }
    }
}

impl Stats {
    pub(super) fn count_frame(&self, size_bytes: usize) {
        count(&self.frames);
        let size_bytes = u64::try_from(size_bytes).unwrap_or(u64::MAX);
        self.bytes.fetch_add(size_bytes, Ordering::Relaxed);
    }
}

/// Sockets that the server closed, by reason.
#[derive(Debug, Default)]
pub struct Drops {
    pub restart: AtomicU64,
    pub too_slow: AtomicU64,
    pub full: AtomicU64,
    pub limit: AtomicU64,
    pub player_token_revoked: AtomicU64,
    pub key_revoked: AtomicU64,
    /// Broke RFC 6455, or sent text that is not UTF-8.
    pub protocol: AtomicU64,
    /// Silent, or gone without a word.
    pub lost: AtomicU64,
}

impl Drops {
    pub fn of(&self, reason: GoodbyeReason) -> &AtomicU64 {
        match reason {
            GoodbyeReason::Restart => &self.restart,
            GoodbyeReason::TooSlow => &self.too_slow,
            GoodbyeReason::Full => &self.full,
            GoodbyeReason::Limit => &self.limit,
            GoodbyeReason::PlayerTokenRevoked => &self.player_token_revoked,
            GoodbyeReason::KeyRevoked => &self.key_revoked,
        }
    }
}
