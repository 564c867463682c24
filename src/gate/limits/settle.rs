//! What is done beside the requests: this instance's heartbeat, calls written down, and shares of
//! quotas given back.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use tokio::time::{Interval, MissedTickBehavior};

use super::{KeyLimits, Limits, desk, lock};
use crate::store::usage::{Calls, QuotaReturn};
use crate::store::{KeyId, Store, StoreError};

const BEAT_EVERY: Duration = Duration::from_secs(1);
const GIVE_BACK_EVERY: Duration = Duration::from_millis(200);
const WRITE_DOWN_EVERY: Duration = Duration::from_secs(1);
/// A key that is used all the time is written down as used so often.
const TOUCH_EVERY: Duration = Duration::from_secs(20);
/// Rows of one statement.
const BATCH_LENGTH: usize = 1000;

/// Does all of it, until it is dropped.
pub(crate) async fn run(limits: &Limits, store: &Store) {
    // A second one, were there any, finds nobody asking.
    let asks = lock(&limits.asks).take();
    let serve = async {
        match asks {
            Some(asks) => desk::serve(asks, limits, store).await,
            None => std::future::pending().await,
        }
    };
    tokio::join!(
        serve,
        beat(limits, store),
        give_back_ended(limits, store),
        write_down_all(limits, store),
    );
}

/// Gives back and writes down everything, at the end of this instance.
pub(crate) async fn settle_all(limits: &Limits, store: &Store) {
    write_down(limits, store).await;
    give_back(limits, store, Which::All).await;
}

#[derive(Clone, Copy)]
enum Which {
    Ended,
    All,
}

fn ticks(every: Duration) -> Interval {
    let mut ticks = tokio::time::interval(every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks
}

async fn give_back_ended(limits: &Limits, store: &Store) {
    let mut ticks = ticks(GIVE_BACK_EVERY);
    loop {
        ticks.tick().await;
        give_back(limits, store, Which::Ended).await;
    }
}

async fn write_down_all(limits: &Limits, store: &Store) {
    let mut ticks = ticks(WRITE_DOWN_EVERY);
    loop {
        ticks.tick().await;
        write_down(limits, store).await;
    }
}

async fn beat(limits: &Limits, store: &Store) {
    let mut ticks = ticks(BEAT_EVERY);
    loop {
        ticks.tick().await;
        match count_instances(limits, store).await {
            Ok(count) => limits.set_instances(count),
            // As many as before are believed to live.
            Err(error) => tracing::debug!(%error, "the heartbeat cannot be written"),
        }
    }
}

/// Says that this instance lives, and counts those that do.
pub(crate) async fn count_instances(
    limits: &Limits,
    store: &Store,
) -> Result<NonZeroU32, StoreError> {
    let count = store.beat(limits.instance()).await?;
    let count = u32::try_from(count).ok().and_then(NonZeroU32::new);
    Ok(count.unwrap_or(NonZeroU32::MIN))
}

async fn give_back(limits: &Limits, store: &Store, which: Which) {
    let now = Instant::now();
    let (present, retired) = limits.to_settle();
    let of_present = present.iter().filter_map(|key| match which {
        Which::Ended => key.take_ended(now),
        Which::All => key.take_back(),
    });
    let of_retired = retired.iter().filter_map(|key| key.take_back());
    let returns: Vec<QuotaReturn> = of_present.chain(of_retired).collect();
    for batch in returns.chunks(BATCH_LENGTH) {
        // Not repeated: the database may have done it, and what is lost is counted as used.
        if let Err(error) = store.give_back_quota(batch).await {
            tracing::warn!(%error, "unspent quota is lost");
        }
    }
}

async fn write_down(limits: &Limits, store: &Store) {
    let present: Vec<Arc<KeyLimits>> = lock(&limits.keys).values().cloned().collect();
    let now = Instant::now();
    let mut used: Vec<(Arc<KeyLimits>, Calls)> = Vec::new();
    let mut touched: Vec<KeyId> = Vec::new();
    for key in present {
        let calls = key.calls.swap(0, Ordering::Relaxed);
        if calls == 0 {
            continue;
        }
        if key.is_to_be_touched(now) {
            touched.push(key.key.clone());
        }
        let calls = Calls {
            plan: key.plan.clone(),
            key: key.key.clone(),
            calls: i64::try_from(calls).unwrap_or(i64::MAX),
        };
        used.push((key, calls));
    }
    for batch in used.chunks(BATCH_LENGTH) {
        let calls: Vec<Calls> = batch.iter().map(|(_, calls)| calls.clone()).collect();
        match store.add_usage(&calls).await {
            Ok(()) => {}
            Err(StoreError::OutcomeUnknown(reason)) => {
                tracing::warn!(reason, "calls may not have been written down");
            }
            Err(error) => {
                tracing::warn!(%error, "calls are written down later");
                for (key, calls) in batch {
                    let calls = u64::try_from(calls.calls).unwrap_or(0);
                    key.calls.fetch_add(calls, Ordering::Relaxed);
                }
            }
        }
    }
    for batch in touched.chunks(BATCH_LENGTH) {
        if let Err(error) = store.touch_keys(batch).await {
            tracing::warn!(%error, "last use is written down later");
        }
    }
}

impl KeyLimits {
    fn take_ended(&self, now: Instant) -> Option<QuotaReturn> {
        let quota = *lock(&self.quota);
        let unspent = lock(&self.share).take_ended(quota, now)?;
        Some(unspent.of(&self.plan, &self.key))
    }

    fn take_back(&self) -> Option<QuotaReturn> {
        let unspent = lock(&self.share).take_back()?;
        Some(unspent.of(&self.plan, &self.key))
    }

    fn is_to_be_touched(&self, now: Instant) -> bool {
        let mut touched = lock(&self.touched);
        let is_due = touched.is_none_or(|at| now.saturating_duration_since(at) >= TOUCH_EVERY);
        if is_due {
            *touched = Some(now);
        }
        is_due
    }
}
