//! Explains, link by link, why a call would pass or not. This is for operators; the caller of a 403
//! learns nothing.

use serde::Serialize;
use time::OffsetDateTime;

use super::identity::Unidentified;
use super::snapshot::{Key, KeyPlan, Snapshot};
use super::{Gate, Refusal, Request};
use crate::store::{KeyId, Store, StoreError};

/// A call that might be made.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// The stage that would be called.
    pub stage: &'a str,
    /// The path's template without the stage: `/game/{gameId}`.
    pub path: &'a str,
    /// In upper case.
    pub verb: &'a str,
    /// The key of the call; `None` for no key.
    pub key: Option<&'a KeyId>,
}

/// The chain up to the first link that refuses.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Explanation {
    /// Whether the call would pass.
    pub passes: bool,
    /// The link that refuses.
    pub refused_by: Option<Link>,
    /// Every link that was judged, in order.
    pub links: Vec<Judged>,
}

/// The conditions of a call, in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Link {
    /// The key exists.
    Key,
    /// The key is enabled and has not expired.
    Enabled,
    /// The key is in a usage plan.
    Plan,
    /// A plan of the key holds the stage.
    Stage,
    /// The method exists on the stage.
    Method,
    /// The throttle has room.
    Throttle,
    /// The quota has room.
    Quota,
}

/// One link and its judgement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Judged {
    /// The link.
    pub link: Link,
    /// Whether it lets the call pass.
    pub holds: bool,
    /// An explanation for people.
    pub detail: String,
}

/// The links so far. The error is a chain that ends in a refusal.
struct Chain(Vec<Judged>);

impl Gate {
    /// Judges a call without making it: nothing is spent. The throttle is the one of this instance.
    ///
    /// # Errors
    /// Fails if the quota cannot be read.
    pub async fn explain(
        &self,
        store: &Store,
        question: &Question<'_>,
    ) -> Result<Explanation, StoreError> {
        let snapshot = self.inner.snapshot.load_full();
        let now = self.inner.clock.now();
        let (mut chain, plan) = match judge(&snapshot, question, now) {
            Ok(judged) => judged,
            Err(refused) => return Ok(refused),
        };
        let Some((key, plan)) = plan else {
            return Ok(chain.passing());
        };
        if let Err(refused) = self.judge_throttle(&mut chain, question, &plan) {
            return Ok(refused);
        }
        let Some(quota) = plan.on.plan.quota else {
            chain.holds(Link::Quota, "the plan sets none".to_owned());
            return Ok(chain.passing());
        };
        let state = store.quota_state(&plan.on.plan.id, &key).await?;
        let remaining = state.map_or(quota.limit, |state| state.remaining);
        let detail = format!("{remaining} of {} calls remain", quota.limit);
        if remaining <= 0 {
            return Ok(chain.refused(Link::Quota, detail));
        }
        chain.holds(Link::Quota, detail);
        Ok(chain.passing())
    }

    /// As [`explain`](Self::explain), for a call with this key value. It ignores the key in `question`. It
    /// hashes the value if this instance has not seen it before.
    ///
    /// # Errors
    /// Fails if the quota cannot be read, or if too many values are being hashed.
    pub async fn explain_value(
        &self,
        store: &Store,
        question: &Question<'_>,
        value: &str,
    ) -> Result<Explanation, StoreError> {
        let inner = &self.inner;
        let refusal = match inner.identities.find(value, &inner.snapshot).await {
            Ok(credential) if credential.is_good(|| inner.clock.now()) => {
                let key = Some(&credential.key.id);
                let question = Question { key, ..*question };
                return self.explain(store, &question).await;
            }
            Ok(credential) => {
                let id = &credential.key.id;
                format!("{}: it was one of key {id}", Refusal::ValueExpired)
            }
            Err(Unidentified::Refused(refusal)) => refusal.to_string(),
            Err(Unidentified::Overloaded) => {
                let reason = "too many key values are being hashed: ask again";
                return Err(StoreError::unreachable(reason));
            }
        };
        let without_key = Question {
            key: None,
            ..*question
        };
        let explanation = self.explain(store, &without_key).await?;
        if explanation.passes {
            return Ok(explanation);
        }
        Ok(Chain(Vec::new()).refused(Link::Key, refusal))
    }

    fn judge_throttle(
        &self,
        chain: &mut Chain,
        question: &Question<'_>,
        plan: &KeyPlan,
    ) -> Result<(), Explanation> {
        let request = Request {
            stage: &plan.on.stage,
            path: question.path,
            verb: question.verb,
            api_key: None,
        };
        let Some(throttle) = plan.on.limits_of(&request).throttle else {
            chain.holds(Link::Throttle, "the plan sets none".to_owned());
            return Ok(());
        };
        let (rate, burst) = (throttle.rate, throttle.burst);
        let detail = format!("{rate} calls a second, {burst} at once");
        if rate <= 0.0 || burst <= 0 {
            let detail = format!("{detail}: nothing passes");
            return Err(chain.refused(Link::Throttle, detail));
        }
        if let Some(wait) = plan.limits.throttled_for(&plan.on, &request) {
            let wait_ms = wait.as_millis();
            let detail = format!("{detail}; spent on this instance, for {wait_ms} ms more");
            return Err(chain.refused(Link::Throttle, detail));
        }
        chain.holds(Link::Throttle, detail);
        Ok(())
    }
}

/// The key and plan whose limits are judged next; `None` if the method needs no key.
type Limiting = Option<(KeyId, KeyPlan)>;

/// Judges the links that depend on the tables alone.
fn judge(
    snapshot: &Snapshot,
    question: &Question<'_>,
    now: OffsetDateTime,
) -> Result<(Chain, Limiting), Explanation> {
    let mut chain = Chain(Vec::new());
    let stage = snapshot.stage(question.stage);
    let Question { path, verb, .. } = question;
    if stage.is_some_and(|stage| !stage.needs_key(path, verb)) {
        let detail = format!(
            "as deployed on {}, {verb} {path} needs no key: plan, throttle and quota are skipped",
            question.stage
        );
        chain.holds(Link::Method, detail);
        return Ok((chain, None));
    }
    let key = judge_key(&mut chain, snapshot, question.key, now)?;
    if key.plan_ids.is_empty() {
        let detail = "the key is in no usage plan".to_owned();
        return Err(chain.refused(Link::Plan, detail));
    }
    let ids: Vec<&str> = key.plan_ids.iter().map(|id| id.as_str()).collect();
    chain.holds(Link::Plan, format!("in usage plan {}", ids.join(", ")));
    let Some(stage) = stage else {
        let detail = format!("{}: {:?}", Refusal::StageUnknown, question.stage);
        return Err(chain.refused(Link::Stage, detail));
    };
    let Some(plan) = key.plan_on(&stage.name) else {
        let detail = format!("no usage plan of the key holds stage {}", stage.name);
        return Err(chain.refused(Link::Stage, detail));
    };
    let detail = format!("usage plan {} holds stage {}", plan.on.plan.id, stage.name);
    chain.holds(Link::Stage, detail);
    let detail = format!("as deployed on {}, {verb} {path} needs a key", stage.name);
    chain.holds(Link::Method, detail);
    Ok((chain, Some((key.id.clone(), plan.clone()))))
}

fn judge_key<'a>(
    chain: &mut Chain,
    snapshot: &'a Snapshot,
    id: Option<&KeyId>,
    now: OffsetDateTime,
) -> Result<&'a Key, Explanation> {
    let Some(id) = id else {
        return Err(chain.refused(Link::Key, Refusal::KeyMissing.to_string()));
    };
    let Some(key) = snapshot.key(id) else {
        return Err(chain.refused(Link::Key, format!("there is no key {id}")));
    };
    if !snapshot.has_good_value(id, now) {
        let detail = "every value of the key has expired".to_owned();
        return Err(chain.refused(Link::Key, detail));
    }
    chain.holds(Link::Key, format!("key {id} exists"));
    if !key.enabled {
        return Err(chain.refused(Link::Enabled, Refusal::KeyDisabled.to_string()));
    }
    if !key.is_good(|| now) {
        return Err(chain.refused(Link::Enabled, Refusal::KeyExpired.to_string()));
    }
    chain.holds(Link::Enabled, "the key is enabled".to_owned());
    Ok(key)
}

impl Chain {
    fn holds(&mut self, link: Link, detail: String) {
        self.0.push(Judged {
            link,
            holds: true,
            detail,
        });
    }

    fn refused(&mut self, link: Link, detail: String) -> Explanation {
        let mut links = std::mem::take(&mut self.0);
        links.push(Judged {
            link,
            holds: false,
            detail,
        });
        Explanation {
            passes: false,
            refused_by: Some(link),
            links,
        }
    }

    fn passing(self) -> Explanation {
        Explanation {
            passes: true,
            refused_by: None,
            links: self.0,
        }
    }
}
