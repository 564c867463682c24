//! One key's quota on this instance: a share, taken from the database ahead of time and spent here.
//!
//! The database counts a share as used when it is taken, so the instance can spend it without asking.
//! A share ends after a second, or with the period. Both are measured on this machine's monotonic
//! clock, from the moment when the database was asked. Then the rest goes back; only the holder of a
//! share gives it back.
//!
//! A share is refilled when half of it is spent, so that calls at a steady pace never wait for the
//! database. Refilling has the same effect as giving the rest back and taking it again: the rest then
//! lasts as long as the new calls.

use std::time::{Duration, Instant};

use crate::store::plans::QuotaSetting;
use crate::store::usage::{QuotaGrant, QuotaReturn};
use crate::store::{KeyId, PlanId};

const SHARE_LASTS: Duration = Duration::from_secs(1);
/// How long the instance relies on the database's answer that nothing remains.
const EXHAUSTION_LASTS: Duration = Duration::from_millis(200);
/// The time in which other instances may give back their unspent calls.
const OTHERS_GIVE_BACK_IN: Duration = Duration::from_secs(2);
/// The most calls of one share.
const MOST_WANTED: i64 = 100_000;

/// One key's share of a quota. The fields that every call writes come first.
#[derive(Default)]
#[repr(C)]
pub(super) struct Share {
    left: i64,
    lease: Option<Lease>,
    exhausted: Option<(Instant, Exhausted)>,
    seen: Option<Seen>,
    last: Option<Taken>,
    /// Whether a refill has been asked for before it is needed.
    is_filling: bool,
}

#[derive(Clone, Copy)]
struct Lease {
    quota: QuotaSetting,
    period_start: time::OffsetDateTime,
    epoch: i32,
    ends: Instant,
}

/// The last time that a share was taken or refilled, and the spending since then.
#[derive(Clone, Copy)]
struct Taken {
    at: Instant,
    /// The calls that could be spent from that time on. Those that are no longer left have been spent.
    size: i64,
    /// The calls before that time. Their weight halves with every second that had passed since.
    of_late: f64,
}

/// The last answer of the database.
#[derive(Clone, Copy)]
struct Seen {
    quota: QuotaSetting,
    at: Instant,
    remaining: i64,
    period_ends: Instant,
}

/// The rest of the quota, as far as this instance knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Remaining {
    /// Calls that are left.
    pub calls: i64,
    /// Time until the next period begins.
    pub resets_in: Duration,
}

/// The database's answer that nothing remains.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Exhausted {
    /// Time until a call may pass again.
    pub retry_after: Duration,
}

/// The judgement of a call without asking the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Spent {
    Passed,
    /// The call passed, and a refill should be asked for. The call need not wait for it.
    PassedAndFill,
    Exhausted(Exhausted),
    Ask,
}

impl Share {
    /// Spends one call of the share, if one is left, and returns the rest of the quota.
    pub fn spend(&mut self, quota: QuotaSetting, now: Instant) -> (Spent, Option<Remaining>) {
        let spent = self.spend_one(quota, now);
        (spent, self.remaining(quota, now))
    }

    fn spend_one(&mut self, quota: QuotaSetting, now: Instant) -> Spent {
        if self.is_good(quota, now) && self.left > 0 {
            self.left -= 1;
            if self.is_to_be_filled(now) {
                self.is_filling = true;
                return Spent::PassedAndFill;
            }
            return Spent::Passed;
        }
        match self.exhausted {
            Some((until, exhausted)) if now < until => Spent::Exhausted(exhausted),
            Some(_) | None => Spent::Ask,
        }
    }

    /// The number of calls to take in addition to those that are left. It is the number for one second at
    /// the recent pace, but at most twice the last share.
    pub fn wanted(&self, now: Instant) -> i64 {
        let Some(last) = self.last else { return 1 };
        let most = last
            .size
            .saturating_mul(2)
            .max(last.pace_of_late(self.left, now) as i64);
        let second = (last.pace(self.left, now) as i64).clamp(1, most.max(1));
        (second.min(MOST_WANTED) - self.left).max(0)
    }

    fn is_to_be_filled(&self, now: Instant) -> bool {
        let is_half_spent = self.last.is_some_and(|last| self.left < last.size / 2);
        is_half_spent && !self.is_filling && self.wanted(now) > 0
    }

    /// Takes over a grant that was asked for at `asked` for `pending` waiting calls. Returns the number of
    /// them that pass, and the part of an older share that must be given back.
    pub fn grant(
        &mut self,
        quota: QuotaSetting,
        grant: &QuotaGrant,
        pending: i64,
        asked: Instant,
    ) -> (i64, Option<Unspent>) {
        let period_ends = asked + grant.period_left;
        self.is_filling = false;
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
        let lease = Lease {
            quota,
            period_start: grant.period_start,
            epoch: grant.epoch,
            ends: period_ends.min(asked + SHARE_LASTS),
        };
        let is_of_same = self.lease.is_some_and(|old| old.is_of_same(&lease));
        let old = if is_of_same { None } else { self.take_back() };
        let of_late = self.last.map_or(0.0, |last| last.of_late(self.left, asked));
        self.last = Some(Taken {
            at: asked,
            size: self.left + grant.granted,
            of_late,
        });
        self.left += grant.granted - passing;
        self.lease = Some(lease);
        (passing, old)
    }

    /// The database's recent answer that nothing remains, if it gave one.
    pub fn exhausted(&self) -> Option<Exhausted> {
        self.exhausted.map(|(_, exhausted)| exhausted)
    }

    /// The number of calls that are not yet spent.
    pub fn left(&self) -> i64 {
        self.left
    }

    /// Returns one call that was granted to a caller that has left.
    pub fn put_back(&mut self) {
        self.left += 1;
    }

    /// The rest of a share that has ended, or that belongs to an earlier quota.
    pub fn take_ended(&mut self, quota: Option<QuotaSetting>, now: Instant) -> Option<Unspent> {
        let is_good = quota.is_some_and(|quota| self.is_good(quota, now));
        if is_good { None } else { self.take_back() }
    }

    /// The rest of the share, whether or not it has ended.
    pub fn take_back(&mut self) -> Option<Unspent> {
        let lease = self.lease.take()?;
        let unspent = std::mem::take(&mut self.left);
        if let Some(last) = &mut self.last {
            last.size -= unspent;
        }
        (unspent > 0).then_some(Unspent {
            period_start: lease.period_start,
            epoch: lease.epoch,
            unspent,
        })
    }

    /// The rest of the quota; `None` if the last answer is more than a second old.
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

impl Lease {
    /// Whether the rest of one share can be spent and given back as a part of the other.
    fn is_of_same(&self, other: &Lease) -> bool {
        (self.quota, self.period_start, self.epoch)
            == (other.quota, other.period_start, other.epoch)
    }
}

impl Taken {
    /// The calls per second since that time, but at least the recent pace: a moment's pace says little.
    fn pace(&self, left: i64, now: Instant) -> f64 {
        let seconds = self.seconds_since(now).max(0.01);
        (self.spent(left) as f64 / seconds).max(self.pace_of_late(left, now))
    }

    /// The recent pace, because a caller who pauses is likely to come back as fast. It is never more than
    /// the real spending.
    fn pace_of_late(&self, left: i64, now: Instant) -> f64 {
        // Calls at this pace per second, weighted as in `of_late`, add up to `of_late`.
        self.of_late(left, now) * std::f64::consts::LN_2
    }

    fn of_late(&self, left: i64, now: Instant) -> f64 {
        (self.of_late + self.spent(left) as f64) * (-self.seconds_since(now)).exp2()
    }

    fn spent(&self, left: i64) -> i64 {
        self.size - left
    }

    fn seconds_since(&self, now: Instant) -> f64 {
        now.saturating_duration_since(self.at).as_secs_f64()
    }
}

/// The part of a share that goes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Unspent {
    period_start: time::OffsetDateTime,
    epoch: i32,
    unspent: i64,
}

impl Unspent {
    /// Names the plan and key that the calls are given back to.
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
#[path = "quota_tests.rs"]
mod tests;
