//! Counters for the metrics, as plain atomics: counting takes no lock, allocates nothing and never
//! waits.
//! The modules that count do not know how, or whether, their counts are read.

#![warn(missing_docs)]

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// A histogram of observed values. Values are whole numbers of some unit; durations are
/// microseconds.
#[derive(Debug)]
pub struct Histogram {
    bounds: &'static [u64],
    /// One bucket for each bound, with the values up to it and above the bound before it. The last bucket
    /// holds all higher values.
    buckets: Box<[AtomicU64]>,
    sum: AtomicU64,
}

/// Bounds for durations, in microseconds: from half a millisecond to ten seconds.
pub const DURATIONS: [u64; 14] = [
    500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000,
    2_500_000, 5_000_000, 10_000_000,
];

/// Bounds for the sizes of batches.
pub const SIZES: [u64; 9] = [1, 2, 5, 10, 20, 50, 100, 200, 500];

impl Histogram {
    /// Makes a histogram. `bounds` must be in ascending order.
    pub fn new(bounds: &'static [u64]) -> Histogram {
        Histogram {
            bounds,
            buckets: (0..=bounds.len()).map(|_| AtomicU64::new(0)).collect(),
            sum: AtomicU64::new(0),
        }
    }

    /// A histogram of durations, in microseconds.
    pub fn of_durations() -> Histogram {
        Histogram::new(&DURATIONS)
    }

    /// Counts one value.
    pub fn record(&self, value: u64) {
        let bucket = self.bounds.partition_point(|bound| *bound < value);
        count(&self.buckets[bucket]);
        self.sum.fetch_add(value, Ordering::Relaxed);
    }

    /// Counts one duration, in microseconds.
    pub fn record_duration(&self, took: Duration) {
        self.record(u64::try_from(took.as_micros()).unwrap_or(u64::MAX));
    }

    /// Each bound with the number of values up to it. The last bound is `None`.
    pub fn cumulative(&self) -> impl Iterator<Item = (Option<u64>, u64)> {
        let bounds = self.bounds.iter().copied().map(Some).chain([None]);
        let mut values = 0;
        bounds.zip(&self.buckets).map(move |(bound, bucket)| {
            values += bucket.load(Ordering::Relaxed);
            (bound, values)
        })
    }

    /// The sum of all values counted.
    pub fn sum(&self) -> u64 {
        self.sum.load(Ordering::Relaxed)
    }
}

/// Adds one.
pub fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_fall_into_the_bucket_whose_bound_they_do_not_pass() {
        let histogram = Histogram::new(&[10, 20]);
        for value in [0, 10, 11, 20, 21, 1_000] {
            histogram.record(value);
        }
        let found: Vec<_> = histogram.cumulative().collect();
        assert_eq!(found, [(Some(10), 2), (Some(20), 4), (None, 6)]);
        assert_eq!(histogram.sum(), 1_062);
    }
}
