//! Counts for the metrics: each request once, by its outcome at the gate.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::Refusal;

/// The outcome of one request at the gate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The request passed with a key.
    Passed,
    /// The request passed because its method needs no key.
    Open,
    /// 429: the throttle refused.
    Throttled,
    /// 429: the quota is used up.
    QuotaExhausted,
    /// 503: the gate could not decide.
    Unavailable,
    /// 403, for this reason.
    Refused(Refusal),
}

/// The number of requests with each [`Outcome`].
#[derive(Debug, Default)]
pub struct GateStats([AtomicU64; Outcome::ALL.len()]);

/// The state of the gate at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GateVitals {
    /// Key values hashed since the start.
    pub hashed: u64,
    /// Key values that are queued for hashing.
    pub hash_queue: usize,
    /// Calls that wait for quota from the database.
    pub quota_queue: usize,
    /// Calls of quota that this instance has taken ahead and not yet spent.
    pub quota_leased: i64,
    /// The number of times that the tables were read.
    pub generation: u64,
    /// Time since the snapshot was last confirmed against the tables.
    pub snapshot_age: Duration,
    /// The number of instances that share the throttles.
    pub instances: u32,
}

impl Outcome {
    /// Every outcome.
    pub const ALL: [Outcome; 13] = [
        Outcome::Passed,
        Outcome::Open,
        Outcome::Throttled,
        Outcome::QuotaExhausted,
        Outcome::Unavailable,
        Outcome::Refused(Refusal::StageUnknown),
        Outcome::Refused(Refusal::KeyMissing),
        Outcome::Refused(Refusal::KeyMalformed),
        Outcome::Refused(Refusal::KeyUnknown),
        Outcome::Refused(Refusal::ValueExpired),
        Outcome::Refused(Refusal::KeyDisabled),
        Outcome::Refused(Refusal::KeyExpired),
        Outcome::Refused(Refusal::PlanMissing),
    ];

    /// The name in the log and the metrics.
    pub fn code(self) -> &'static str {
        match self {
            Outcome::Passed => "passed",
            Outcome::Open => "open",
            Outcome::Throttled => "throttled",
            Outcome::QuotaExhausted => "quota_exhausted",
            Outcome::Unavailable => "unavailable",
            Outcome::Refused(refusal) => refusal.code(),
        }
    }

    /// The index in [`Outcome::ALL`].
    fn index(self) -> usize {
        match self {
            Outcome::Passed => 0,
            Outcome::Open => 1,
            Outcome::Throttled => 2,
            Outcome::QuotaExhausted => 3,
            Outcome::Unavailable => 4,
            Outcome::Refused(refusal) => 5 + refusal as usize,
        }
    }
}

impl GateStats {
    pub(super) fn count(&self, outcome: Outcome) {
        self.0[outcome.index()].fetch_add(1, Ordering::Relaxed);
    }

    /// Each outcome's code and its count since the start.
    pub fn counts(&self) -> impl Iterator<Item = (&'static str, u64)> {
        Outcome::ALL.into_iter().map(|outcome| {
            (
                outcome.code(),
                self.0[outcome.index()].load(Ordering::Relaxed),
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_outcome_has_its_own_place_and_code() {
        for (index, outcome) in Outcome::ALL.into_iter().enumerate() {
            assert_eq!(outcome.index(), index, "{outcome:?}");
        }
        let mut codes = Outcome::ALL.map(Outcome::code);
        codes.sort_unstable();
        assert!(codes.is_sorted_by(|a, b| a < b), "{codes:?}");
    }
}
