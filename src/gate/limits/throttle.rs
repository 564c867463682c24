//! One key's throttle on this instance: its part of the plan's rate and burst.
//!
//! With n instances each gets rate/n and burst/n, at least one call. When n or the plan changes, the
//! new limiter begins no fuller than the old one was, so a change gives no second burst.
//!
//! A call that passes takes no lock while nothing changes, so the calls of one key do not wait for one
//! another.

use std::num::NonZeroU32;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use arc_swap::ArcSwapOption;
use governor::clock::{Clock, DefaultClock};
use governor::middleware::StateInformationMiddleware;
use governor::state::{InMemoryState, NotKeyed};
use governor::{Quota, RateLimiter};

use super::lock;
use crate::store::plans::Throttle;

/// The wait that callers see from a plan that lets no call pass.
const NEVER: Duration = Duration::from_secs(60);
/// The longest refill time of a burst that is calculated with: a century.
const LONGEST_REFILL_NANOS: u64 = 3_155_760_000 * 1_000_000_000;

type Limiter = RateLimiter<NotKeyed, InMemoryState, DefaultClock, StateInformationMiddleware>;

#[derive(Default)]
pub(super) struct ThrottleState {
    current: ArcSwapOption<Current>,
    changing: Mutex<()>,
}

struct Current {
    throttle: Throttle,
    instances: u32,
    quota: Quota,
    burst: NonZeroU32,
    limiter: Limiter,
    /// The end of the time in which calls are too fast, as of the last such call.
    blocked_until: Mutex<Option<Instant>>,
}

/// The rest of the burst on this instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::gate) struct Room {
    /// Calls that may pass at once.
    pub calls: u32,
    /// The time until the whole burst is available again.
    pub refilled_in: Duration,
}

/// The call is too fast. Another try may pass after this time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::gate) struct TooFast {
    /// Time until a call may pass.
    pub wait: Duration,
}

impl ThrottleState {
    /// Lets one call pass or refuses it, under a `throttle` that this many instances share.
    pub fn check(&self, throttle: Throttle, instances: u32) -> Result<Room, TooFast> {
        match self.current.load().as_deref() {
            Some(current) if current.is_of(throttle, instances) => current.check(),
            Some(_) | None => match self.change_to(throttle, instances) {
                Some(current) => current.check(),
                None => Err(TooFast { wait: NEVER }),
            },
        }
    }

    /// The time for which calls are still too fast, as of the last refused call.
    pub fn blocked_for(&self) -> Option<Duration> {
        let until = (*lock(&self.current.load_full()?.blocked_until))?;
        let wait = until.saturating_duration_since(Instant::now());
        (!wait.is_zero()).then_some(wait)
    }

    /// The limiter for a changed plan or number of instances; `None` if no call may pass.
    fn change_to(&self, throttle: Throttle, instances: u32) -> Option<Arc<Current>> {
        let _one_at_a_time = lock(&self.changing);
        let old = self.current.load_full();
        if let Some(same) = old.as_ref().filter(|old| old.is_of(throttle, instances)) {
            return Some(same.clone());
        }
        let new = quota(throttle, instances).map(|(quota, burst)| {
            Arc::new(Current {
                throttle,
                instances,
                quota,
                burst,
                limiter: match old {
                    Some(old) => no_fuller(quota, burst, &old.limiter),
                    None => limiter(quota),
                },
                blocked_until: Mutex::default(),
            })
        });
        self.current.store(new.clone());
        new
    }
}

impl Current {
    fn is_of(&self, throttle: Throttle, instances: u32) -> bool {
        self.throttle == throttle && self.instances == instances
    }

    fn check(&self) -> Result<Room, TooFast> {
        match self.limiter.check() {
            Ok(state) => {
                let calls = state.remaining_burst_capacity();
                let missing = self.burst.get().saturating_sub(calls);
                Ok(Room {
                    calls,
                    refilled_in: self.quota.replenish_interval().saturating_mul(missing),
                })
            }
            Err(until) => {
                let wait = until.wait_time_from(DefaultClock::default().now());
                *lock(&self.blocked_until) = Some(Instant::now() + wait);
                Err(TooFast { wait })
            }
        }
    }
}

/// This instance's share of the throttle; `None` if no call may pass.
fn quota(throttle: Throttle, instances: u32) -> Option<(Quota, NonZeroU32)> {
    let whole = NonZeroU32::new(u32::try_from(throttle.burst).ok()?)?;
    if throttle.rate.is_nan() || throttle.rate <= 0.0 {
        return None;
    }
    let instances = instances.max(1);
    let burst = NonZeroU32::new(whole.get() / instances).unwrap_or(NonZeroU32::MIN);
    let longest = Duration::from_nanos(LONGEST_REFILL_NANOS / u64::from(burst.get()));
    let period = Duration::try_from_secs_f64(f64::from(instances) / throttle.rate)
        .map_or(longest, |period| period.min(longest))
        .max(Duration::from_nanos(1));
    Some((Quota::with_period(period)?.allow_burst(burst), burst))
}

fn limiter(quota: Quota) -> Limiter {
    RateLimiter::direct(quota).with_middleware()
}

/// A limiter with at most the present room of `old`.
fn no_fuller(quota: Quota, burst: NonZeroU32, old: &Limiter) -> Limiter {
    // Looking costs a call of the old limiter, which is discarded.
    let had = old
        .check()
        .map_or(0, |state| state.remaining_burst_capacity() + 1);
    let new = limiter(quota);
    if let Some(excess) = NonZeroU32::new(burst.get().saturating_sub(had)) {
        // A new limiter has room for its whole burst, and `excess` is at most that.
        let _ = new.check_n(excess);
    }
    new
}

#[cfg(test)]
mod tests {
    use super::*;

    const SLOW: f64 = 0.001;

    fn throttle(rate: f64, burst: i32) -> Throttle {
        Throttle { rate, burst }
    }

    fn passing(state: &ThrottleState, throttle: Throttle, instances: u32) -> usize {
        let check = || state.check(throttle, instances).is_ok();
        (0..1000).take_while(|_| check()).count()
    }

    #[test]
    fn a_burst_passes_and_then_the_rate() {
        let state = ThrottleState::default();
        let room = state
            .check(throttle(SLOW, 5), 1)
            .expect("the burst is whole");
        assert_eq!(room.calls, 4);
        assert_eq!(passing(&state, throttle(SLOW, 5), 1), 4);
        let refused = state
            .check(throttle(SLOW, 5), 1)
            .expect_err("the burst is spent");
        assert!(refused.wait > Duration::from_secs(900), "{refused:?}");
    }

    #[test]
    fn instances_share_and_each_lets_one_call_pass_at_least() {
        for (burst, instances, each) in [(10, 1, 10), (10, 2, 5), (10, 3, 3), (2, 4, 1)] {
            let state = ThrottleState::default();
            assert_eq!(passing(&state, throttle(SLOW, burst), instances), each);
        }
    }

    #[test]
    fn zero_lets_nothing_pass() {
        for nothing in [throttle(0.0, 5), throttle(5.0, 0), throttle(f64::NAN, 5)] {
            assert_eq!(passing(&ThrottleState::default(), nothing, 1), 0);
        }
    }

    #[test]
    fn a_change_is_no_second_burst() {
        let state = ThrottleState::default();
        assert_eq!(passing(&state, throttle(SLOW, 10), 2), 5);
        // With fewer instances or another plan, spent calls stay spent.
        assert_eq!(passing(&state, throttle(SLOW, 10), 1), 0);
        assert_eq!(passing(&state, throttle(SLOW, 100), 1), 0);

        let state = ThrottleState::default();
        state
            .check(throttle(SLOW, 10), 1)
            .expect("the burst is whole");
        assert_eq!(passing(&state, throttle(SLOW, 100), 1), 9);
    }

    #[test]
    fn extreme_plans_are_reckoned_without_overflow() {
        for (rate, burst) in [
            (f64::MIN_POSITIVE, i32::MAX),
            (f64::MAX, i32::MAX),
            (1e-9, 1),
        ] {
            let state = ThrottleState::default();
            assert!(
                state.check(throttle(rate, burst), 1).is_ok(),
                "{rate} {burst}"
            );
        }
    }
}
