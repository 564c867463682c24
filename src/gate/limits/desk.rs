//! Where quota is taken: one task, one statement for all that ask while the last one was under way.

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

/// How many may wait; one more is answered that the gate cannot decide.
const QUEUE_LENGTH: usize = 8192;
const BATCH_LENGTH: usize = 500;
const WAIT: Duration = Duration::from_secs(2);

/// Somebody who waits.
pub(super) struct Ask {
    limits: Arc<KeyLimits>,
    quota: QuotaSetting,
    purpose: Purpose,
    reply: oneshot::Sender<Answer>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// To let one call pass.
    Spend,
    /// To learn what is left.
    Look,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    Passed,
    Exhausted(Exhausted),
    Looked,
}

/// Those of one key who wait.
struct Group {
    limits: Arc<KeyLimits>,
    quota: QuotaSetting,
    waiting: Vec<oneshot::Sender<Answer>>,
    looking: Vec<oneshot::Sender<Answer>>,
}

pub(super) fn channel() -> (mpsc::Sender<Ask>, mpsc::Receiver<Ask>) {
    mpsc::channel(QUEUE_LENGTH)
}

/// Waits for the database's answer; `None` where there is none in time.
pub(super) async fn ask(
    desk: &mpsc::Sender<Ask>,
    limits: &Arc<KeyLimits>,
    quota: QuotaSetting,
    purpose: Purpose,
) -> Option<Answer> {
    let (reply, answer) = oneshot::channel();
    let ask = Ask {
        limits: limits.clone(),
        quota,
        purpose,
        reply,
    };
    desk.try_send(ask).ok()?;
    timeout(WAIT, answer).await.ok()?.ok()
}

/// Answers for as long as anybody may ask.
pub(super) async fn serve(mut asks: mpsc::Receiver<Ask>, limits: &Limits, store: &Store) {
    let mut batch = Vec::with_capacity(BATCH_LENGTH);
    while asks.recv_many(&mut batch, BATCH_LENGTH).await > 0 {
        answer(group(&mut batch), limits, store).await;
    }
}

fn group(batch: &mut Vec<Ask>) -> HashMap<(PlanId, KeyId), Group> {
    let mut groups: HashMap<(PlanId, KeyId), Group> = HashMap::new();
    for ask in batch.drain(..).filter(|ask| !ask.reply.is_closed()) {
        let name = (ask.limits.plan.clone(), ask.limits.key.clone());
        let group = groups.entry(name).or_insert_with(|| Group {
            limits: ask.limits,
            quota: ask.quota,
            waiting: Vec::new(),
            looking: Vec::new(),
        });
        // Where the plan has just changed, the last one knows.
        group.quota = ask.quota;
        match ask.purpose {
            Purpose::Spend => group.waiting.push(ask.reply),
            Purpose::Look => group.looking.push(ask.reply),
        }
    }
    groups
}

/// Who is not answered learns it from the dropped channel.
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

impl Group {
    fn claim(&self, now: Instant) -> QuotaClaim {
        let pending = i64::try_from(self.waiting.len()).unwrap_or(i64::MAX);
        let wanted = lock(&self.limits.share).wanted(now);
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
                // Who has gone meanwhile does not want to know.
                let _ = reply.send(Answer::Exhausted(exhausted));
            }
        }
        for reply in self.looking {
            let _ = reply.send(Answer::Looked);
        }
        unspent.map(|unspent| unspent.of(&self.limits.plan, &self.limits.key))
    }
}
