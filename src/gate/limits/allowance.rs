//! The limits of a plan in the units that callers see: calls and seconds.

use std::time::Duration;

use super::quota::Remaining;
use super::throttle::Room;
use crate::gate::{Allowance, Allowances};
use crate::store::plans::Throttle;

/// The limits that a plan sets. `quota` is its limit and the seconds of its period.
pub(crate) fn policy(throttle: Option<Throttle>, quota: Option<(i64, u64)>) -> Allowances {
    Allowances {
        throttle: throttle.map(|throttle| Allowance {
            calls: i64::from(throttle.burst.max(0)),
            seconds: window_seconds(throttle),
        }),
        quota: quota.map(|(calls, seconds)| Allowance { calls, seconds }),
    }
}

/// The calls that are left now, as far as this instance knows.
pub(super) fn current(throttle: Option<Room>, quota: Option<Remaining>) -> Allowances {
    Allowances {
        throttle: throttle.map(|room| Allowance {
            calls: i64::from(room.calls),
            seconds: whole_seconds(room.refilled_in),
        }),
        quota: quota.map(|remaining| Allowance {
            calls: remaining.calls,
            seconds: whole_seconds(remaining.resets_in),
        }),
    }
}

/// The seconds in `duration`, rounded up.
pub(super) fn whole_seconds(duration: Duration) -> u64 {
    duration.as_secs() + u64::from(duration.subsec_nanos() > 0)
}

/// The time in which a whole burst is refilled, at least one second.
fn window_seconds(throttle: Throttle) -> u64 {
    let seconds = (f64::from(throttle.burst) / throttle.rate).ceil();
    // A plan that lets no call pass has no window. The cast turns too large numbers into the largest.
    if seconds.is_finite() {
        (seconds as u64).max(1)
    } else {
        1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn allowance(calls: i64, seconds: u64) -> Option<Allowance> {
        Some(Allowance { calls, seconds })
    }

    #[test]
    fn policies_are_what_the_plan_sets() {
        let throttle = |rate, burst| Some(Throttle { rate, burst });
        assert_eq!(policy(None, None), Allowances::default());
        let both = policy(throttle(5.0, 12), Some((1000, 86400)));
        assert_eq!(both.throttle, allowance(12, 3));
        assert_eq!(both.quota, allowance(1000, 86400));
        let nothing_passes = policy(throttle(0.0, 0), None);
        assert_eq!(nothing_passes.throttle, allowance(0, 1));
        assert_eq!(nothing_passes.quota, None);
    }

    #[test]
    fn what_is_left_is_in_whole_seconds_rounded_up() {
        let room = Room {
            calls: 3,
            refilled_in: Duration::from_millis(1001),
        };
        let remaining = Remaining {
            calls: 9,
            resets_in: Duration::from_secs(60),
        };
        let left = current(Some(room), Some(remaining));
        assert_eq!(
            (left.throttle, left.quota),
            (allowance(3, 2), allowance(9, 60))
        );
        assert_eq!(current(None, None), Allowances::default());
    }
}
