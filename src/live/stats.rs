//! What the live channel counts, for the metrics.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use super::frames::GoodbyeReason;

/// Upper bounds of the delivery times' buckets, in milliseconds; the last bucket has none.
pub const DELIVERY_BOUNDS_MS: [u64; 11] = [1, 2, 5, 10, 25, 50, 100, 250, 500, 1000, 5000];

/// Counters of this instance since its start; `sockets` and `subscriptions` are what is now.
#[derive(Debug, Default)]
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
    pub delivery: Delivery,
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

/// How long news took from the event's time until a connection took the update, on the database's
/// clock. An event's time is stamped when its command is accepted, just before the commit, so the
/// commit is in it: no instance but the one that records an event sees when it is committed. What
/// a client catches up with after its return is no news.
#[derive(Debug, Default)]
pub struct Delivery {
    /// One for each of [`DELIVERY_BOUNDS_MS`] and one for all that took longer.
    pub buckets: [AtomicU64; DELIVERY_BOUNDS_MS.len() + 1],
    pub total_micros: AtomicU64,
}

impl Delivery {
    pub fn record(&self, took: Duration) {
        let bucket =
            DELIVERY_BOUNDS_MS.partition_point(|bound| Duration::from_millis(*bound) < took);
        count(&self.buckets[bucket]);
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        self.total_micros.fetch_add(micros, Ordering::Relaxed);
    }
}

/// One more.
pub fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delivery_times_fall_into_their_buckets() {
        let delivery = Delivery::default();
        for millis in [0, 1, 3, 9000] {
            delivery.record(Duration::from_millis(millis));
        }
        let counts: Vec<u64> = delivery
            .buckets
            .iter()
            .map(|bucket| bucket.load(Ordering::Relaxed))
            .collect();
        assert_eq!(counts, [2, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
    }
}
