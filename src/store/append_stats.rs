//! Counts of the append writer, for the metrics.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::append::AppendError;
use crate::measure::{Histogram, SIZES, count};

/// The counts of this instance's writer since it began.
#[derive(Debug)]
pub struct AppendStats {
    /// Batches that were sent.
    pub batches: AtomicU64,
    /// Events that were recorded.
    pub events: AtomicU64,
    /// Sessions that were ended because they held the append lock while idle.
    pub terminated_blockers: AtomicU64,
    /// The commands by outcome.
    pub outcomes: Outcomes,
    /// Events in one batch.
    pub batch_events: Histogram,
    /// The time from sending a batch to its last answer.
    pub batch_duration: Histogram,
    /// The time from a command's event to its answer, including the wait.
    pub duration: Histogram,
}

/// The outcomes of commands' events.
#[derive(Debug, Default)]
pub struct Outcomes {
    recorded: AtomicU64,
    lost_race: AtomicU64,
    full: AtomicU64,
    unreachable: AtomicU64,
    unknown: AtomicU64,
    refused: AtomicU64,
}

impl Default for AppendStats {
    fn default() -> AppendStats {
        AppendStats {
            batches: AtomicU64::default(),
            events: AtomicU64::default(),
            terminated_blockers: AtomicU64::default(),
            outcomes: Outcomes::default(),
            batch_events: Histogram::new(&SIZES),
            batch_duration: Histogram::of_durations(),
            duration: Histogram::of_durations(),
        }
    }
}

impl AppendStats {
    pub(super) fn record(&self, answer: &Result<i64, AppendError>, took: Duration) {
        count(self.outcomes.of(answer));
        self.duration.record_duration(took);
    }

    pub(super) fn record_batch(&self, sent: usize, recorded: usize, took: Duration) {
        count(&self.batches);
        self.events.fetch_add(recorded as u64, Ordering::Relaxed);
        self.batch_events.record(sent as u64);
        self.batch_duration.record_duration(took);
    }
}

impl Outcomes {
    fn of(&self, answer: &Result<i64, AppendError>) -> &AtomicU64 {
        match answer {
            Ok(_) => &self.recorded,
            Err(AppendError::LostRace) => &self.lost_race,
            Err(AppendError::Full) => &self.full,
            Err(AppendError::Unreachable) => &self.unreachable,
            Err(AppendError::OutcomeUnknown) => &self.unknown,
            Err(AppendError::Refused(_)) => &self.refused,
        }
    }

    /// The name of each outcome in the metrics, and its count.
    pub fn counts(&self) -> [(&'static str, u64); 6] {
        [
            ("recorded", &self.recorded),
            ("lost_race", &self.lost_race),
            ("full", &self.full),
            ("unreachable", &self.unreachable),
            ("unknown", &self.unknown),
            ("refused", &self.refused),
        ]
        .map(|(name, counter)| (name, counter.load(Ordering::Relaxed)))
    }
}
