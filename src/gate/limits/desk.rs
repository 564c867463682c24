//! Takes quota from the database: one task, with one statement for all requests that arrived during
//! the previous statement.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;

use super::quota::Exhausted;
use super::{KeyLimits, Limits, lock};
use crate::store::plans::QuotaSetting;
use crate::store::usage::{QuotaClaim, QuotaGrant, QuotaReturn};
use crate::store::{KeyId, PlanId, Store};

/// The most requests that may wait. Further calls are answered with 503.
const QUEUE_LENGTH: usize = 8192;
const BATCH_LENGTH: usize = 500;
const WAIT: Duration = Duration::from_secs(2);

/// One request for quota.
pub(super) struct Ask {
    limits: Arc<KeyLimits>,
    quota: QuotaSetting,
    purpose: Purpose,
}

enum Purpose {
    /// Lets one call pass.
    Spend(oneshot::Sender<Answer>),
    /// Reads the rest of the quota.
    Look(oneshot::Sender<()>),
    /// Takes more calls before the share is spent.
    Fill,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    Passed,
    Exhausted(Exhausted),
}

/// The waiting requests of one key.
struct Group {
    limits: Arc<KeyLimits>,
    quota: QuotaSetting,
    waiting: Vec<oneshot::Sender<Answer>>,
    looking: Vec<oneshot::Sender<()>>,
    is_to_be_filled: bool,
}

pub(super) fn channel() -> (mpsc::Sender<Ask>, mpsc::Receiver<Ask>) {
    mpsc::channel(QUEUE_LENGTH)
}

/// Takes one call from the database; `None` if no answer comes in time.
pub(super) async fn spend(
    desk: &mpsc::Sender<Ask>,
    limits: &Arc<KeyLimits>,
    quota: QuotaSetting,
) -> Option<Answer> {
    let (reply, answer) = oneshot::channel();
    enqueue(desk, limits, quota, Purpose::Spend(reply))?;
    timeout(WAIT, answer).await.ok()?.ok()
}

/// Reads the rest of the quota into the share; `None` if no answer comes in time.
pub(super) async fn look(
    desk: &mpsc::Sender<Ask>,
    limits: &Arc<KeyLimits>,
    quota: QuotaSetting,
) -> Option<()> {
    let (reply, answer) = oneshot::channel();
    enqueue(desk, limits, quota, Purpose::Look(reply))?;
    timeout(WAIT, answer).await.ok()?.ok()
}

/// Asks for a refill without waiting. If the refill does not come, the next call that needs it asks.
pub(super) fn fill(desk: &mpsc::Sender<Ask>, limits: &Arc<KeyLimits>, quota: QuotaSetting) {
    enqueue(desk, limits, quota, Purpose::Fill);
}

fn enqueue(
    desk: &mpsc::Sender<Ask>,
    limits: &Arc<KeyLimits>,
    quota: QuotaSetting,
    purpose: Purpose,
) -> Option<()> {
    let ask = Ask {
        limits: limits.clone(),
        quota,
        purpose,
    };
    desk.try_send(ask).ok()
}

/// Serves the requests until all senders are gone.
pub(super) async fn serve(mut asks: mpsc::Receiver<Ask>, limits: &Limits, store: &Store) {
    let mut batch = Vec::with_capacity(BATCH_LENGTH);
    while asks.recv_many(&mut batch, BATCH_LENGTH).await > 0 {
        answer(group(&mut batch), limits, store).await;
    }
}

fn group(batch: &mut Vec<Ask>) -> HashMap<(PlanId, KeyId), Group> {
    let mut groups: HashMap<(PlanId, KeyId), Group> = HashMap::new();
    for ask in batch.drain(..).filter(|ask| ask.purpose.is_wanted()) {
        let name = (ask.limits.plan.clone(), ask.limits.key.clone());
        let group = groups.entry(name).or_insert_with(|| Group {
            limits: ask.limits,
            quota: ask.quota,
            waiting: Vec::new(),
            looking: Vec::new(),
            is_to_be_filled: false,
        });
        // If the plan has just changed, the last request has its newest quota.
        group.quota = ask.quota;
        match ask.purpose {
            Purpose::Spend(reply) => group.waiting.push(reply),
            Purpose::Look(reply) => group.looking.push(reply),
            Purpose::Fill => group.is_to_be_filled = true,
        }
    }
    groups
}

/// Answers one batch. A caller without an answer notices that its channel was dropped.
async fn answer(mut groups: HashMap<(PlanId, KeyId), Group>, limits: &Limits, store: &Store) {
    let asked = Instant::now();
    let claims: Vec<QuotaClaim> = groups.values().map(|group| group.claim(asked)).collect();
    if claims.is_empty() {
        return;
    }
    let taken = timeout(WAIT, store.take_quota(&claims, limits.instances())).await;
    let grants = match taken {
        Ok(Ok(grants)) => grants,
        Ok(Err(error)) => {
            tracing::warn!(%error, "quota cannot be taken");
            return;
        }
        Err(_) => {
            tracing::warn!("quota cannot be taken: the database did not answer in time");
            return;
        }
    };
    let mut returns = Vec::new();
    for grant in grants {
        if let Some(group) = groups.remove(&(grant.plan.clone(), grant.key.clone())) {
            returns.extend(group.take_over(&grant, asked));
        }
    }
    if !returns.is_empty()
        && let Err(error) = store.give_back_quota(&returns).await
    {
        tracing::warn!(%error, "unspent quota is lost");
    }
}

impl Purpose {
    /// Whether a caller still waits, or none ever did.
    fn is_wanted(&self) -> bool {
        match self {
            Purpose::Spend(reply) => !reply.is_closed(),
            Purpose::Look(reply) => !reply.is_closed(),
            Purpose::Fill => true,
        }
    }
}

impl Group {
    fn claim(&self, now: Instant) -> QuotaClaim {
        let pending = i64::try_from(self.waiting.len()).unwrap_or(i64::MAX);
        let wanted = if pending > 0 || self.is_to_be_filled {
            lock(&self.limits.share).wanted(now)
        } else {
            0
        };
        QuotaClaim {
            plan: self.limits.plan.clone(),
            key: self.limits.key.clone(),
            quota: self.quota,
            pending,
            wanted: wanted.max(pending),
        }
    }

    fn take_over(self, grant: &QuotaGrant, asked: Instant) -> Option<QuotaReturn> {
        let pending = i64::try_from(self.waiting.len()).unwrap_or(i64::MAX);
        let mut share = lock(&self.limits.share);
        let (mut passing, unspent) = share.grant(self.quota, grant, pending, asked);
        for reply in self.waiting {
            if passing > 0 {
                passing -= 1;
                if reply.send(Answer::Passed).is_err() {
                    share.put_back();
                }
            } else if let Some(exhausted) = share.exhausted() {
                // A caller that has left needs no answer.
                let _ = reply.send(Answer::Exhausted(exhausted));
            }
        }
        for reply in self.looking {
            let _ = reply.send(());
        }
        unspent.map(|unspent| unspent.of(&self.limits.plan, &self.limits.key))
    }
}
