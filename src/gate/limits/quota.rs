//! One key's quota on this instance: a share, taken ahead from the database and spent here.
//!
//! The database counts a share as used when it is taken, so it can be spent without asking. It
//! ends after a second, or with the period, reckoned on this machine's monotonic clock from the
//! moment that the database was asked. What is left then goes back, and only its holder gives it.

use std::time::{Duration, Instant};

use crate::store::plans::QuotaSetting;
use crate::store::usage::{QuotaGrant, QuotaReturn};
use crate::store::{KeyId, PlanId};

const SHARE_LASTS: Duration = Duration::from_secs(1);
/// So long it is believed that nothing remains, where the database has said so.
const EXHAUSTION_LASTS: Duration = Duration::from_millis(200);
/// When others may give back what they hold.
const OTHERS_GIVE_BACK_IN: Duration = Duration::from_secs(2);
/// No share is taken for more calls than this.
const MOST_WANTED: i64 = 10_000;

#[derive(Default)]
pub(super) struct Share {
    left: i64,
    lease: Option<Lease>,
    exhausted: Option<(Instant, Exhausted)>,
    seen: Option<Seen>,
    /// What the last share was, when it was taken, and how much of it was spent since.
    last: Option<Taken>,
}

#[derive(Clone, Copy)]
struct Lease {
    quota: QuotaSetting,
    period_start: time::OffsetDateTime,
    epoch: i32,
    ends: Instant,
}

#[derive(Clone, Copy)]
struct Taken {
    at: Instant,
    granted: i64,
    spent: i64,
}

/// What the database last said.
#[derive(Clone, Copy)]
struct Seen {
    quota: QuotaSetting,
    at: Instant,
    remaining: i64,
    period_ends: Instant,
}

/// What is left of the quota, for all that this instance knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Remaining {
    pub calls: i64,
    pub resets_in: Duration,
}

/// The database says that nothing remains.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Exhausted {
    pub retry_after: Duration,
}

/// What can be said of a call without asking the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Spent {
    Passed,
    Exhausted(Exhausted),
    Ask,
}

impl Share {
    /// Spends one call of the share, if there is one.
    pub fn spend(&mut self, quota: QuotaSetting, now: Instant) -> Spent {
        if self.is_good(quota, now) && self.left > 0 {
            self.left -= 1;
            if let Some(last) = &mut self.last {
                last.spent += 1;
            }
            return Spent::Passed;
        }
        match self.exhausted {
            Some((until, exhausted)) if now < until => Spent::Exhausted(exhausted),
            Some(_) | None => Spent::Ask,
        }
    }

    /// How many calls to take ahead: what a second takes at the pace since the last time, and no
    /// more than twice the last share.
    pub fn wanted(&self, now: Instant) -> i64 {
        let Some(last) = self.last else { return 1 };
        let seconds = now.saturating_duration_since(last.at).as_secs_f64();
        // The pace of a moment says little.
        let pace = last.spent as f64 / seconds.max(0.01);
        let most = last.granted.saturating_mul(2).clamp(1, MOST_WANTED);
        (pace as i64).clamp(1, most)
    }

    /// Takes over a grant that was asked for at `asked`, for `pending` calls that wait; returns
    /// how many of them pass, and what of an older share is to be given back.
    pub fn grant(
        &mut self,
        quota: QuotaSetting,
        grant: &QuotaGrant,
        pending: i64,
        asked: Instant,
    ) -> (i64, Option<Unspent>) {
        let period_ends = asked + grant.period_left;
        self.seen = Some(Seen {
            quota,
            at: asked,
            remaining: grant.remaining,
            period_ends,
        });
        let passing = grant.granted.min(pending);
        if passing < pending {
            let retry_after = if grant.leased_lately {
                OTHERS_GIVE_BACK_IN.min(grant.period_left)
            } else {
                grant.period_left
            };
            let until = Instant::now() + EXHAUSTION_LASTS;
            self.exhausted = Some((until, Exhausted { retry_after }));
        }
        if grant.granted == 0 {
            return (passing, None);
        }
        self.last = Some(Taken {
            at: asked,
            granted: grant.granted,
            spent: passing,
        });
        let old = self.take_back();
        self.left = grant.granted - passing;
        self.lease = Some(Lease {
            quota,
            period_start: grant.period_start,
            epoch: grant.epoch,
            ends: period_ends.min(asked + SHARE_LASTS),
        });
        (passing, old)
    }

    /// That nothing remains, where the database has just said so.
    pub fn exhausted(&self) -> Option<Exhausted> {
        self.exhausted.map(|(_, exhausted)| exhausted)
    }

    /// A call that was to pass and did not want to any more.
    pub fn put_back(&mut self) {
        self.left += 1;
    }

    /// What is left of a share that has ended, or of any that is not of this quota any more.
    pub fn take_ended(&mut self, quota: Option<QuotaSetting>, now: Instant) -> Option<Unspent> {
        let is_good = quota.is_some_and(|quota| self.is_good(quota, now));
        if is_good { None } else { self.take_back() }
    }

    /// What is left, whatever it is of.
    pub fn take_back(&mut self) -> Option<Unspent> {
        let lease = self.lease.take()?;
        let unspent = std::mem::take(&mut self.left);
        (unspent > 0).then_some(Unspent {
            period_start: lease.period_start,
            epoch: lease.epoch,
            unspent,
        })
    }

    /// What is left of the quota; `None` where the last answer is more than a second old.
    pub fn remaining(&self, quota: QuotaSetting, now: Instant) -> Option<Remaining> {
        let seen = self.seen.filter(|seen| seen.quota == quota)?;
        if now.saturating_duration_since(seen.at) > SHARE_LASTS || now >= seen.period_ends {
            return None;
        }
        Some(Remaining {
            calls: seen.remaining.saturating_add(self.left).max(0),
            resets_in: seen.period_ends.saturating_duration_since(now),
        })
    }

    fn is_good(&self, quota: QuotaSetting, now: Instant) -> bool {
        self.lease
            .is_some_and(|lease| lease.quota == quota && now < lease.ends)
    }
}

/// What of a share goes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Unspent {
    period_start: time::OffsetDateTime,
    epoch: i32,
    unspent: i64,
}

impl Unspent {
    pub fn of(self, plan: &PlanId, key: &KeyId) -> QuotaReturn {
        QuotaReturn {
            plan: plan.clone(),
            key: key.clone(),
            period_start: self.period_start,
            epoch: self.epoch,
            unspent: self.unspent,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::plans::Period;

    const QUOTA: QuotaSetting = QuotaSetting {
        limit: 100,
        offset: 0,
        period: Period::Day,
    };

    fn grant(granted: i64, remaining: i64) -> QuotaGrant {
        QuotaGrant {
            plan: PlanId::generate(),
            key: KeyId::generate(),
            period_start: time::OffsetDateTime::UNIX_EPOCH,
            epoch: 0,
            granted,
            remaining,
            period_left: Duration::from_secs(3600),
            leased_lately: false,
        }
    }

    #[test]
    fn a_share_is_spent_and_no_more() {
        let (mut share, now) = (Share::default(), Instant::now());
        assert_eq!(share.spend(QUOTA, now), Spent::Ask);
        assert_eq!(share.grant(QUOTA, &grant(3, 10), 1, now), (1, None));
        let remaining = share.remaining(QUOTA, now).expect("it was just said");
        assert_eq!(remaining.calls, 12);
        assert_eq!(share.spend(QUOTA, now), Spent::Passed);
        assert_eq!(share.spend(QUOTA, now), Spent::Passed);
        assert_eq!(share.spend(QUOTA, now), Spent::Ask);
    }

    #[test]
    fn a_share_ends_after_a_second_and_what_is_left_goes_back() {
        let (mut share, now) = (Share::default(), Instant::now());
        share.grant(QUOTA, &grant(3, 10), 1, now);
        assert_eq!(share.take_ended(Some(QUOTA), now), None);
        let later = now + SHARE_LASTS;
        assert_eq!(share.spend(QUOTA, later), Spent::Ask);
        let unspent = share.take_ended(Some(QUOTA), later).expect("two are left");
        assert_eq!(unspent.unspent, 2);
        assert_eq!(share.take_ended(Some(QUOTA), later), None);
    }

    #[test]
    fn a_share_does_not_outlive_the_period_nor_the_plan() {
        let (mut share, now) = (Share::default(), Instant::now());
        let mut ending = grant(3, 10);
        ending.period_left = Duration::from_millis(100);
        share.grant(QUOTA, &ending, 1, now);
        let after = now + Duration::from_millis(100);
        assert_eq!(share.spend(QUOTA, after), Spent::Ask);

        share.grant(QUOTA, &grant(3, 10), 1, now);
        let other = QuotaSetting { limit: 2, ..QUOTA };
        assert_eq!(share.spend(other, now), Spent::Ask);
        assert!(share.take_ended(Some(other), now).is_some());
    }

    #[test]
    fn exhaustion_is_believed_for_a_moment() {
        let (mut share, now) = (Share::default(), Instant::now());
        assert_eq!(share.grant(QUOTA, &grant(1, 0), 3, now), (1, None));
        let exhausted = Exhausted {
            retry_after: Duration::from_secs(3600),
        };
        assert_eq!(share.spend(QUOTA, now), Spent::Exhausted(exhausted));
        let later = Instant::now() + EXHAUSTION_LASTS;
        assert_eq!(share.spend(QUOTA, later), Spent::Ask);
    }

    #[test]
    fn shares_grow_with_the_pace_and_at_most_double() {
        let (mut share, now) = (Share::default(), Instant::now());
        assert_eq!(share.wanted(now), 1);
        let mut at = now;
        let mut wanted = Vec::new();
        for _ in 0..6 {
            let taken = grant(share.wanted(at), 1000);
            share.grant(QUOTA, &taken, 1, at);
            while share.spend(QUOTA, at) == Spent::Passed {}
            at += Duration::from_millis(10);
            wanted.push(share.wanted(at));
        }
        assert_eq!(wanted, [2, 4, 8, 16, 32, 64]);
        let idle = at + Duration::from_secs(100);
        assert_eq!(share.wanted(idle), 1);
    }
}
