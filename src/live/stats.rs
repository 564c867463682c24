//! Counters of the live channel, for the metrics.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use super::frames::GoodbyeReason;
use crate::measure::Histogram;
pub use crate::measure::count;

/// Counters of this instance since its start. `sockets` and `subscriptions` are current numbers.
#[derive(Debug)]
pub struct Stats {
    /// Connections that are open now.
    pub sockets: AtomicI64,
    /// Subscriptions that all sockets have now.
    pub subscriptions: AtomicI64,
    /// Frames that connections have taken.
    pub frames: AtomicU64,
    /// The bytes of those frames.
    pub bytes: AtomicU64,
    /// Subscriptions that continued from a version that the client had.
    pub resumes: AtomicU64,
    /// Snapshots sent, when a socket subscribed or in place of updates that it missed.
    pub snapshots: AtomicU64,
    /// Sockets that ended, by reason.
    pub drops: Drops,
    /// Time from an event until a connection took its update, by the database's clock. An event's
    /// time is set when its command is accepted, just before the commit, so the time of the commit
    /// is included: only the instance that records an event sees when it is committed. Updates with
    /// which a returning client catches up are not counted.
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

/// Sockets that ended other than by the client's wish, by reason.
#[derive(Debug, Default)]
pub struct Drops {
    /// The instance is about to stop.
    pub restart: AtomicU64,
    /// The client did not take its frames fast enough.
    pub too_slow: AtomicU64,
    /// All connections together had too much waiting.
    pub full: AtomicU64,
    /// The client broke a limit.
    pub limit: AtomicU64,
    /// The player token was no longer good.
    pub player_token_revoked: AtomicU64,
    /// The API key was no longer good.
    pub key_revoked: AtomicU64,
    /// The client broke RFC 6455, or sent text that is not UTF-8.
    pub protocol: AtomicU64,
    /// The client was silent for too long, or the connection broke without a close frame.
    pub lost: AtomicU64,
}

impl Drops {
    /// The counter of a reason.
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
