//! The throttle and the quota of each key in each plan, on this instance.
//!
//! They outlive the snapshots: a key keeps its [`KeyLimits`] for as long as it is in the plan.

mod allowance;
mod desk;
mod quota;
mod settle;
mod throttle;

use std::collections::HashMap;
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::mpsc;
use uuid::Uuid;

use super::snapshot::PlanStage;
use super::{Allowances, Denial, RateLimit, Request};
use crate::store::plans::{QuotaSetting, Throttle};
use crate::store::{KeyId, PlanId};
use desk::{Answer, Ask};
use quota::{Exhausted, Remaining, Share, Spent};
use throttle::{Room, ThrottleState, TooFast};

pub(super) use allowance::policy;
pub(super) use settle::{count_instances, run, settle_all};

/// The calls that keys have spent, as far as this instance knows.
pub(super) struct Limits {
    /// The id of this instance among the living ones.
    instance: Uuid,
    /// The number of instances that share the throttles.
    instances: AtomicU32,
    keys: Mutex<HashMap<(PlanId, KeyId), Arc<KeyLimits>>>,
    /// Keys that have left their plans and still have quota to give back.
    retired: Mutex<Vec<Arc<KeyLimits>>>,
    desk: mpsc::Sender<Ask>,
    /// The queue of requests, until the task that answers them takes it.
    asks: Mutex<Option<mpsc::Receiver<Ask>>>,
}

/// The limits of one key in one plan. The fields that every call writes come first and share one cache
/// line, which the processors that serve the key's calls pass to each other.
#[repr(C, align(64))]
pub(super) struct KeyLimits {
    /// Calls that passed and are not yet recorded.
    calls: AtomicU64,
    share: Mutex<Share>,
    /// The part of `calls` that passed while the plan had no quota.
    unmetered: AtomicU64,
    plan: PlanId,
    key: KeyId,
    throttle: ThrottleState,
    /// The throttles of methods that have their own.
    methods: Mutex<HashMap<String, Arc<ThrottleState>>>,
    quota: Mutex<Option<QuotaSetting>>,
    last_use: Mutex<settle::LastUse>,
}

/// The limits that apply to one method.
pub(super) struct Limited {
    /// The throttle of the key, if its plan has one.
    pub throttle: Option<Throttle>,
    /// The limits in the form of the `RateLimit-Policy` header.
    pub policy: Allowances,
}

/// The judgement of a call without the database.
pub(super) enum Verdict {
    Passed(RateLimit),
    Denied(Denial),
    Unasked(Question),
}

/// The question that only the database can answer.
pub(super) enum Question {
    /// Takes one call of the quota. The throttle has this room left.
    Quota(QuotaSetting, Option<Room>),
    /// Reads the rest of the quota, for the answer to a call that is too fast.
    Remaining(QuotaSetting, TooFast),
}

impl Limits {
    /// Creates limits without plans or keys, for a single instance.
    pub fn new() -> Limits {
        let (desk, asks) = desk::channel();
        Limits {
            instance: Uuid::now_v7(),
            instances: AtomicU32::new(1),
            keys: Mutex::default(),
            retired: Mutex::default(),
            desk,
            asks: Mutex::new(Some(asks)),
        }
    }

    /// The id of this instance among those that share throttles.
    pub fn instance(&self) -> Uuid {
        self.instance
    }

    /// The number of instances that share the throttles.
    pub fn instances(&self) -> u32 {
        self.instances.load(Ordering::Relaxed)
    }

    /// Divides the throttles among this many instances.
    pub fn set_instances(&self, count: NonZeroU32) {
        self.instances.store(count.get(), Ordering::Relaxed);
    }

    /// The number of calls that wait for quota from the database.
    pub fn asking(&self) -> usize {
        self.desk.max_capacity() - self.desk.capacity()
    }

    /// The number of calls, over all quotas, that were taken ahead and not yet spent.
    pub fn leased(&self) -> i64 {
        let keys: Vec<Arc<KeyLimits>> = lock(&self.keys).values().cloned().collect();
        keys.iter().map(|key| lock(&key.share).left()).sum()
    }

    /// Replaces the plan memberships. Returns each member's limits, reusing existing ones.
    pub fn enrol<'a>(
        &self,
        members: impl Iterator<Item = (&'a PlanId, &'a KeyId, Option<QuotaSetting>)>,
    ) -> HashMap<(PlanId, KeyId), Arc<KeyLimits>> {
        let mut keys = lock(&self.keys);
        let mut before = std::mem::take(&mut *keys);
        for (plan, key, quota) in members {
            let name = (plan.clone(), key.clone());
            let limits = before
                .remove(&name)
                .unwrap_or_else(|| Arc::new(KeyLimits::new(plan, key)));
            *lock(&limits.quota) = quota;
            keys.insert(name, limits);
        }
        lock(&self.retired).extend(before.into_values());
        keys.clone()
    }

    /// The keys that may have something to settle. Keys that have left are returned only once.
    fn to_settle(&self) -> (Vec<Arc<KeyLimits>>, Vec<Arc<KeyLimits>>) {
        let present = lock(&self.keys).values().cloned().collect();
        let retired = std::mem::take(&mut *lock(&self.retired));
        (present, retired)
    }
}

impl KeyLimits {
    fn new(plan: &PlanId, key: &KeyId) -> KeyLimits {
        KeyLimits {
            plan: plan.clone(),
            key: key.clone(),
            throttle: ThrottleState::default(),
            methods: Mutex::default(),
            quota: Mutex::default(),
            share: Mutex::default(),
            calls: AtomicU64::new(0),
            unmetered: AtomicU64::new(0),
            last_use: Mutex::default(),
        }
    }

    /// Spends one call or refuses it, as far as that is known without the database. A call that is too fast
    /// spends no quota.
    pub fn admit(
        self: &Arc<Self>,
        limits: &Limits,
        on: &PlanStage,
        request: &Request<'_>,
    ) -> Verdict {
        let limited = on.limits_of(request);
        let checked = limited.throttle.map(|throttle| {
            self.throttle_of(on, request)
                .check(throttle, limits.instances())
        });
        let room = match checked.transpose() {
            Ok(room) => room,
            Err(too_fast) => return self.refuse(too_fast, limited, on.plan.quota),
        };
        let remaining = match on.plan.quota {
            None => {
                self.unmetered.fetch_add(1, Ordering::Relaxed);
                None
            }
            Some(quota) => {
                let mut share = lock(&self.share);
                // Read the time with the lock held: a share must not outlive its end while a thread waits.
                let (spent, remaining) = share.spend(quota, Instant::now());
                drop(share);
                match spent {
                    Spent::Passed => remaining,
                    Spent::PassedAndFill => {
                        desk::fill(&limits.desk, self, quota);
                        remaining
                    }
                    Spent::Exhausted(exhausted) => {
                        return Verdict::Denied(exhaustion(exhausted, limited, room, remaining));
                    }
                    Spent::Ask => return Verdict::Unasked(Question::Quota(quota, room)),
                }
            }
        };
        self.calls.fetch_add(1, Ordering::Relaxed);
        Verdict::Passed(rate_limit(limited, room, remaining))
    }

    /// Judges a call that needs an answer of the database.
    ///
    /// # Errors
    /// Returns the reason why the call may not pass.
    pub async fn ask(
        self: &Arc<Self>,
        limits: &Limits,
        on: &PlanStage,
        request: &Request<'_>,
        question: Question,
    ) -> Result<RateLimit, Denial> {
        let limited = on.limits_of(request);
        match question {
            Question::Quota(quota, room) => match desk::spend(&limits.desk, self, quota).await {
                Some(Answer::Passed) => {
                    self.calls.fetch_add(1, Ordering::Relaxed);
                    Ok(rate_limit(limited, room, self.known(quota)))
                }
                Some(Answer::Exhausted(exhausted)) => {
                    Err(exhaustion(exhausted, limited, room, self.known(quota)))
                }
                None => Err(Denial::Unavailable),
            },
            Question::Remaining(quota, too_fast) => {
                // Without an answer, the rest of the quota stays unknown.
                let _ = desk::look(&limits.desk, self, quota).await;
                Err(excess(too_fast, limited, self.known(quota)))
            }
        }
    }

    /// Refuses a call that is too fast, and reports the rest of the quota.
    fn refuse(&self, too_fast: TooFast, limited: &Limited, quota: Option<QuotaSetting>) -> Verdict {
        match quota.map(|quota| (quota, self.known(quota))) {
            Some((quota, None)) => Verdict::Unasked(Question::Remaining(quota, too_fast)),
            Some((_, remaining)) => Verdict::Denied(excess(too_fast, limited, remaining)),
            None => Verdict::Denied(excess(too_fast, limited, None)),
        }
    }

    /// The time for which calls are still too fast, if the last one was.
    pub fn throttled_for(&self, on: &PlanStage, request: &Request<'_>) -> Option<Duration> {
        match self.throttle_of(on, request) {
            ThrottleOf::Plan(state) => state.blocked_for(),
            ThrottleOf::Method(state) => state.blocked_for(),
        }
    }

    /// The throttle of this method: its own, or else the plan's.
    fn throttle_of(&self, on: &PlanStage, request: &Request<'_>) -> ThrottleOf<'_> {
        match on.override_name(request) {
            None => ThrottleOf::Plan(&self.throttle),
            Some(name) => {
                let mut methods = lock(&self.methods);
                ThrottleOf::Method(match methods.get(&name) {
                    Some(state) => state.clone(),
                    None => methods.entry(name).or_default().clone(),
                })
            }
        }
    }

    fn known(&self, quota: QuotaSetting) -> Option<Remaining> {
        lock(&self.share).remaining(quota, Instant::now())
    }
}

enum ThrottleOf<'a> {
    Plan(&'a ThrottleState),
    Method(Arc<ThrottleState>),
}

impl ThrottleOf<'_> {
    fn check(&self, throttle: Throttle, instances: u32) -> Result<Room, TooFast> {
        match self {
            ThrottleOf::Plan(state) => state.check(throttle, instances),
            ThrottleOf::Method(state) => state.check(throttle, instances),
        }
    }
}

fn excess(too_fast: TooFast, limited: &Limited, remaining: Option<Remaining>) -> Denial {
    let none = Room {
        calls: 0,
        refilled_in: too_fast.wait,
    };
    Denial::TooManyRequests {
        retry_after: at_least_a_second(too_fast.wait),
        rate_limit: Box::new(rate_limit(limited, Some(none), remaining)),
    }
}

fn exhaustion(
    exhausted: Exhausted,
    limited: &Limited,
    room: Option<Room>,
    remaining: Option<Remaining>,
) -> Denial {
    let none = Remaining {
        calls: 0,
        resets_in: exhausted.retry_after,
    };
    Denial::LimitExceeded {
        retry_after: at_least_a_second(exhausted.retry_after),
        rate_limit: Box::new(rate_limit(limited, room, remaining.or(Some(none)))),
    }
}

fn rate_limit(limited: &Limited, room: Option<Room>, remaining: Option<Remaining>) -> RateLimit {
    RateLimit {
        policy: limited.policy,
        current: allowance::current(room, remaining),
    }
}

fn at_least_a_second(duration: Duration) -> Duration {
    Duration::from_secs(allowance::whole_seconds(duration).max(1))
}

/// Locks a mutex. No code panics while it holds one of these locks, so the data is consistent in any case.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
