//! The judgement of one request: key, a plan that holds this key and this stage,
//! throttle, quota.

use std::time::Duration;

use super::Gate;
use super::identity::Unidentified;
use super::limits::{Question, Verdict};
use super::snapshot::{Credential, KeyPlan, ValueId};
use super::stats::Outcome;
use crate::config::StageName;
use crate::store::KeyId;

/// What the gate looks at.
#[derive(Clone, Copy)]
pub struct Request<'a> {
    pub stage: &'a StageName,
    /// The path's template without the stage: `/game/{gameId}`.
    pub path: &'a str,
    /// In capitals; `HEAD` is judged as `GET`.
    pub verb: &'a str,
    /// What the client sent as its key, whatever it is.
    pub api_key: Option<&'a str>,
}

/// A request that may pass.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Admission {
    /// `None` where the method needs no key.
    pub key: Option<KeyId>,
    /// Which of the key's values the request brought; there wherever `key` is.
    pub value: Option<ValueId>,
    pub rate_limit: RateLimit,
}

/// What the headers `RateLimit-Policy` and `RateLimit` are to say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RateLimit {
    /// What the plan sets: calls in a window of so many seconds.
    pub policy: Allowances,
    /// What is left, as far as is known, and the seconds until it is whole again.
    pub current: Allowances,
}

/// `None` where there is no such limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Allowances {
    pub throttle: Option<Allowance>,
    pub quota: Option<Allowance>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allowance {
    pub calls: i64,
    pub seconds: u64,
}

/// A request that may not pass. `retry_after` is whole seconds, at least one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Denial {
    Forbidden,
    TooManyRequests {
        retry_after: Duration,
        rate_limit: Box<RateLimit>,
    },
    LimitExceeded {
        retry_after: Duration,
        rate_limit: Box<RateLimit>,
    },
    Unavailable,
}

/// A denial with what only the log and the metrics are told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Denied {
    pub denial: Denial,
    /// Where it was found out whose the request is.
    pub key: Option<KeyId>,
    pub outcome: Outcome,
}

impl Denial {
    /// What the key's plan says of its limits, where a limit is what denies.
    pub fn rate_limit(&self) -> RateLimit {
        match self {
            Denial::TooManyRequests { rate_limit, .. }
            | Denial::LimitExceeded { rate_limit, .. } => **rate_limit,
            Denial::Forbidden | Denial::Unavailable => RateLimit::default(),
        }
    }
}

/// Which link of the chain is missing where the answer is 403. For logs and the operator only:
/// the caller is told nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("the stage does not exist")]
    StageUnknown,
    #[error("no key was sent")]
    KeyMissing,
    #[error("what was sent has not the form of a key")]
    KeyMalformed,
    #[error("no such key is stored")]
    KeyUnknown,
    #[error("the value has expired")]
    ValueExpired,
    #[error("the key is disabled")]
    KeyDisabled,
    #[error("the key has expired")]
    KeyExpired,
    #[error("the key is in no usage plan that holds this stage")]
    PlanMissing,
}

impl Refusal {
    /// As the log and the metrics call it.
    pub fn code(self) -> &'static str {
        match self {
            Refusal::StageUnknown => "stage_unknown",
            Refusal::KeyMissing => "key_missing",
            Refusal::KeyMalformed => "key_malformed",
            Refusal::KeyUnknown => "key_unknown",
            Refusal::ValueExpired => "value_expired",
            Refusal::KeyDisabled => "key_disabled",
            Refusal::KeyExpired => "key_expired",
            Refusal::PlanMissing => "plan_missing",
        }
    }
}

/// What is known of a request without waiting.
enum AtOnce<'a> {
    NoKeyNeeded,
    Known(Known),
    /// Only hashing can tell whose this value is.
    Unknown(&'a str),
}

/// What is known of a request whose key is known.
enum Known {
    Passed(Admission),
    Unasked(Unasked),
}

/// Only the database can tell whether this key's plan lets the request pass.
struct Unasked {
    key: KeyId,
    value: ValueId,
    plan: KeyPlan,
    question: Question,
}

impl Gate {
    /// Judges a request of a known stage and method, and counts what came of it.
    ///
    /// # Errors
    /// Why it may not pass.
    pub async fn admit(&self, request: &Request<'_>) -> Result<Admission, Denied> {
        let judged = self.judge(request).await;
        let outcome = match &judged {
            Ok(Admission { key: None, .. }) => Outcome::Open,
            Ok(_) => Outcome::Passed,
            Err(denied) => denied.outcome,
        };
        self.inner.stats.count(outcome);
        judged
    }

    async fn judge(&self, request: &Request<'_>) -> Result<Admission, Denied> {
        if !self.is_confirmed() {
            return Err(unavailable());
        }
        // What waits is kept on the heap, so that the many calls that need not are small.
        let known = match self.judge_at_once(request)? {
            AtOnce::NoKeyNeeded => return Ok(Admission::default()),
            AtOnce::Known(known) => known,
            AtOnce::Unknown(text) => Box::pin(self.judge_by_hashing(text, request)).await?,
        };
        match known {
            Known::Passed(admission) => Ok(admission),
            Known::Unasked(unasked) => Box::pin(self.judge_by_asking(unasked, request)).await,
        }
    }

    /// Writes nothing that calls share but what limits them: callers of one key would pay for it
    /// on every processor.
    fn judge_at_once<'a>(&self, request: &Request<'a>) -> Result<AtOnce<'a>, Denied> {
        let snapshot = self.inner.snapshot.load();
        // The stage may have gone since it was asked for.
        let Some(stage) = snapshot.stage(request.stage.as_str()) else {
            return Err(forbidden(None, Refusal::StageUnknown));
        };
        if !stage.needs_key(request.path, request.verb) {
            return Ok(AtOnce::NoKeyNeeded);
        }
        let Some(text) = request.api_key else {
            return Err(forbidden(None, Refusal::KeyMissing));
        };
        Ok(match self.inner.identities.remembered(text, &snapshot) {
            Some(credential) => AtOnce::Known(self.judge_known(credential, request)?),
            None => AtOnce::Unknown(text),
        })
    }

    async fn judge_by_hashing(&self, text: &str, request: &Request<'_>) -> Result<Known, Denied> {
        let inner = &self.inner;
        match inner.identities.find(text, &inner.snapshot).await {
            Ok(credential) => self.judge_known(&credential, request),
            Err(Unidentified::Overloaded) => Err(unavailable()),
            Err(Unidentified::Refused(refusal)) => Err(forbidden(None, refusal)),
        }
    }

    fn judge_known(&self, credential: &Credential, request: &Request<'_>) -> Result<Known, Denied> {
        let key = &credential.key.id;
        let plan = self
            .plan_of(credential, request.stage)
            .map_err(|refusal| forbidden(Some(key.clone()), refusal))?;
        let limits = &self.inner.limits;
        match plan.limits.admit(limits, &plan.on, request) {
            Verdict::Passed(rate_limit) => Ok(Known::Passed(Admission {
                key: Some(key.clone()),
                value: Some(credential.id),
                rate_limit,
            })),
            Verdict::Denied(denial) => Err(limited(key.clone(), denial)),
            Verdict::Unasked(question) => Ok(Known::Unasked(Unasked {
                key: key.clone(),
                value: credential.id,
                plan: plan.clone(),
                question,
            })),
        }
    }

    async fn judge_by_asking(
        &self,
        unasked: Unasked,
        request: &Request<'_>,
    ) -> Result<Admission, Denied> {
        let Unasked {
            key,
            value,
            plan,
            question,
        } = unasked;
        let limits = &self.inner.limits;
        match plan.limits.ask(limits, &plan.on, request, question).await {
            Ok(rate_limit) => Ok(Admission {
                key: Some(key),
                value: Some(value),
                rate_limit,
            }),
            Err(denial) => Err(limited(key, denial)),
        }
    }

    /// The plan that lets this key call this stage.
    fn plan_of<'a>(
        &self,
        credential: &'a Credential,
        stage: &StageName,
    ) -> Result<&'a KeyPlan, Refusal> {
        let now = || self.inner.clock.now();
        let key = &credential.key;
        if !credential.is_good(now) {
            return Err(Refusal::ValueExpired);
        }
        if !key.enabled {
            return Err(Refusal::KeyDisabled);
        }
        if !key.is_good(now) {
            return Err(Refusal::KeyExpired);
        }
        key.plan_on(stage).ok_or(Refusal::PlanMissing)
    }
}

fn forbidden(key: Option<KeyId>, refusal: Refusal) -> Denied {
    Denied {
        denial: Denial::Forbidden,
        key,
        outcome: Outcome::Refused(refusal),
    }
}

fn unavailable() -> Denied {
    Denied {
        denial: Denial::Unavailable,
        key: None,
        outcome: Outcome::Unavailable,
    }
}

/// What a limit of the key's plan denies.
fn limited(key: KeyId, denial: Denial) -> Denied {
    let outcome = match denial {
        Denial::TooManyRequests { .. } => Outcome::Throttled,
        Denial::LimitExceeded { .. } => Outcome::QuotaExhausted,
        Denial::Forbidden | Denial::Unavailable => Outcome::Unavailable,
    };
    Denied {
        denial,
        key: Some(key),
        outcome,
    }
}
