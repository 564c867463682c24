//! The work beside the requests: sending this instance's heartbeat, recording calls, and giving back
//! shares of quotas.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use time::OffsetDateTime;
use tokio::time::{Interval, MissedTickBehavior};

use super::{KeyLimits, Limits, desk, lock};
use crate::store::usage::{Calls, QuotaReturn};
use crate::store::{KeyId, Store, StoreError};

const BEAT_EVERY: Duration = Duration::from_secs(1);
const GIVE_BACK_EVERY: Duration = Duration::from_millis(200);
const WRITE_DOWN_EVERY: Duration = Duration::from_secs(1);
/// How often the last use of a key that is always in use is recorded.
const TOUCH_EVERY: Duration = Duration::from_secs(20);
/// The most rows in one statement.
const BATCH_LENGTH: usize = 1000;

/// Does all of this work until it is dropped.
pub(crate) async fn run(limits: &Limits, store: &Store) {
    // A second run would find the queue taken.
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

/// Gives back and records everything, when this instance ends.
pub(crate) async fn settle_all(limits: &Limits, store: &Store) {
    write_down(limits, store, Which::All).await;
    give_back(limits, store, Which::All).await;
}

/// The last use of a key, until it is recorded in the database.
#[derive(Default)]
pub(super) struct LastUse {
    unwritten: Option<OffsetDateTime>,
    written_at: Option<Instant>,
}

impl LastUse {
    /// The time to record now, if one is due.
    fn take(&mut self, which: Which, now: Instant) -> Option<OffsetDateTime> {
        let is_to_wait = match which {
            Which::Due => self
                .written_at
                .is_some_and(|at| now.saturating_duration_since(at) < TOUCH_EVERY),
            Which::All => false,
        };
        if is_to_wait {
            return None;
        }
        let unwritten = self.unwritten.take()?;
        self.written_at = Some(now);
        Some(unwritten)
    }
}

#[derive(Clone, Copy)]
enum Which {
    Due,
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
        give_back(limits, store, Which::Due).await;
    }
}

async fn write_down_all(limits: &Limits, store: &Store) {
    let mut ticks = ticks(WRITE_DOWN_EVERY);
    loop {
        ticks.tick().await;
        write_down(limits, store, Which::Due).await;
    }
}

async fn beat(limits: &Limits, store: &Store) {
    let mut ticks = ticks(BEAT_EVERY);
    loop {
        ticks.tick().await;
        match count_instances(limits, store).await {
            Ok(count) => limits.set_instances(count),
            // The number of instances is assumed to be unchanged.
            Err(error) => tracing::debug!(%error, "the heartbeat cannot be written"),
        }
    }
}

/// Records that this instance is alive, and counts the living ones.
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
        Which::Due => key.take_ended(now),
        Which::All => key.take_back(),
    });
    let of_retired = retired.iter().filter_map(|key| key.take_back());
    let returns: Vec<QuotaReturn> = of_present.chain(of_retired).collect();
    for batch in returns.chunks(BATCH_LENGTH) {
        // Not repeated: the database may have done it. Calls that are not given back count as used.
        if let Err(error) = store.give_back_quota(batch).await {
            tracing::warn!(%error, "unspent quota is lost");
        }
    }
    write_down_of(retired, store, Which::All).await;
}

async fn write_down(limits: &Limits, store: &Store, which: Which) {
    let present: Vec<Arc<KeyLimits>> = lock(&limits.keys).values().cloned().collect();
    write_down_of(present, store, which).await;
}

async fn write_down_of(keys: Vec<Arc<KeyLimits>>, store: &Store, which: Which) {
    let now = Instant::now();
    let at = store.clock().now();
    let mut used: Vec<(Arc<KeyLimits>, Calls)> = Vec::new();
    let mut last_uses: Vec<(KeyId, OffsetDateTime)> = Vec::new();
    for key in keys {
        // Read in this order: a call in between counts as metered at first, which is the strict side.
        let unmetered = key.unmetered.swap(0, Ordering::Relaxed);
        let calls = key.calls.swap(0, Ordering::Relaxed);
        let mut last_use = lock(&key.last_use);
        if calls > 0 {
            last_use.unwritten = Some(at);
        }
        if let Some(at) = last_use.take(which, now) {
            last_uses.push((key.key.clone(), at));
        }
        drop(last_use);
        if calls > 0 || unmetered > 0 {
            let calls = Calls {
                plan: key.plan.clone(),
                key: key.key.clone(),
                calls: i64::try_from(calls).unwrap_or(i64::MAX),
                unmetered: i64::try_from(unmetered).unwrap_or(i64::MAX),
            };
            used.push((key, calls));
        }
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
                    let passed = u64::try_from(calls.calls).unwrap_or(0);
                    let unmetered = u64::try_from(calls.unmetered).unwrap_or(0);
                    key.calls.fetch_add(passed, Ordering::Relaxed);
                    key.unmetered.fetch_add(unmetered, Ordering::Relaxed);
                }
            }
        }
    }
    for batch in last_uses.chunks(BATCH_LENGTH) {
        if let Err(error) = store.touch_keys(batch).await {
            tracing::warn!(%error, "when keys were last used is not written down");
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
}
