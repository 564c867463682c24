//! One clock for all instances: the clock of the database.
//!
//! An instance computes it from its own monotonic clock and the last measured offset. So a clock that
//! is wrong or jumps on one machine does not affect any recorded or published time.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use time::OffsetDateTime;

/// The database's clock, computed from this machine's monotonic one.
#[derive(Debug)]
pub struct Clock {
    started: Instant,
    /// The database's time at `started`, in microseconds since the epoch.
    base_micros: AtomicI64,
}

impl Default for Clock {
    /// Uses this machine's own clock until the database has been asked.
    fn default() -> Clock {
        let base_micros = AtomicI64::new(micros(OffsetDateTime::now_utc()));
        Clock {
            started: Instant::now(),
            base_micros,
        }
    }
}

impl Clock {
    /// The present time in microseconds, the precision of stored times.
    pub fn now(&self) -> OffsetDateTime {
        let since = duration_micros(self.started.elapsed());
        from_micros(
            self.base_micros
                .load(Ordering::Relaxed)
                .saturating_add(since),
        )
    }

    /// Takes over the database's answer, just received, to a question that was sent at `asked`.
    pub fn set(&self, asked: Instant, answer: OffsetDateTime) {
        let asked_at = duration_micros(asked.saturating_duration_since(self.started));
        let half_way = duration_micros(asked.elapsed()) / 2;
        self.base_micros
            .store(micros(answer) - asked_at - half_way, Ordering::Relaxed);
    }
}

fn duration_micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}

fn micros(at: OffsetDateTime) -> i64 {
    i64::try_from(at.unix_timestamp_nanos() / 1000).unwrap_or(i64::MAX)
}

fn from_micros(micros: i64) -> OffsetDateTime {
    OffsetDateTime::UNIX_EPOCH
        .checked_add(time::Duration::microseconds(micros))
        .unwrap_or(OffsetDateTime::UNIX_EPOCH)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_taken_to_be_half_as_old_as_the_question() {
        let clock = Clock::default();
        let theirs = OffsetDateTime::UNIX_EPOCH;
        // A machine that has run for a shorter time has no such `Instant`.
        if let Some(asked) = Instant::now().checked_sub(Duration::from_secs(20)) {
            let clock = Clock {
                started: asked,
                ..clock
            };
            clock.set(asked, theirs);
            let expected = theirs + Duration::from_secs(10);
            assert!((clock.now() - expected).abs() < Duration::from_secs(3));
        }
    }

    #[test]
    fn the_database_is_believed_over_this_machine() {
        let clock = Clock::default();
        let theirs = OffsetDateTime::now_utc() + Duration::from_secs(3600);
        clock.set(Instant::now(), theirs);
        assert!((clock.now() - theirs).abs() < Duration::from_secs(60));
    }
}
