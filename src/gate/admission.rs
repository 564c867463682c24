//! Judges one request: key, a plan that holds this key and this stage, throttle, quota.

use std::time::Duration;

use super::Gate;
use super::identity::Unidentified;
use super::limits::{Question, Verdict};
use super::snapshot::{Credential, KeyPlan, ValueId};
use super::stats::Outcome;
use crate::config::StageName;
use crate::store::KeyId;

/// The parts of a request that the gate examines.
#[derive(Clone, Copy)]
pub struct Request<'a> {
    /// The stage that is called.
    pub stage: &'a StageName,
    /// The path's template without the stage: `/game/{gameId}`.
    pub path: &'a str,
    /// In upper case; `HEAD` is judged as `GET`.
    pub verb: &'a str,
    /// The text that the client sent as its key; it may be anything.
    pub api_key: Option<&'a str>,
}

/// A request that may pass.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Admission {
    /// `None` if the method needs no key.
    pub key: Option<KeyId>,
    /// The value of the key that the request was sent with. It is set whenever `key` is.
    pub value: Option<ValueId>,
    /// The limits, for the answer's headers.
    pub rate_limit: RateLimit,
}

/// The content of the headers `RateLimit-Policy` and `RateLimit`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RateLimit {
    /// The limits that the plan sets: calls in a window of this many seconds.
    pub policy: Allowances,
    /// The calls that are left, as far as this instance knows, and the seconds until the limit is whole
    /// again.
    pub current: Allowances,
}

/// A throttle and a quota. A part is `None` if there is no such limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Allowances {
    /// The throttle, if the plan has one.
    pub throttle: Option<Allowance>,
    /// The quota, if the plan has one.
    pub quota: Option<Allowance>,
}

/// A limit in the form of the `RateLimit` headers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allowance {
    /// The number of calls.
    pub calls: i64,
    /// The seconds of the window, or the seconds that are left.
    pub seconds: u64,
}

/// A request that may not pass. `retry_after` is whole seconds, at least one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Denial {
    /// 403: the caller has no right to call.
    Forbidden,
    /// 429: the throttle refuses.
    TooManyRequests {
        /// When a call may pass again.
        retry_after: Duration,
        /// The limits, for the answer's headers.
        rate_limit: Box<RateLimit>,
    },
    /// 429: the quota is used up.
    LimitExceeded {
        /// When a call may pass again.
        retry_after: Duration,
        /// The limits, for the answer's headers.
        rate_limit: Box<RateLimit>,
    },
    /// 503: the gate cannot decide.
    Unavailable,
}

/// A denial, with the details that only the log and the metrics get.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Denied {
    /// The answer to the caller.
    pub denial: Denial,
    /// The key, if it was found.
    pub key: Option<KeyId>,
    /// The decision for log and metrics.
    pub outcome: Outcome,
}

impl Denial {
    /// The limits of the key's plan, if a limit is the reason.
    pub fn rate_limit(&self) -> RateLimit {
        match self {
            Denial::TooManyRequests { rate_limit, .. }
            | Denial::LimitExceeded { rate_limit, .. } => **rate_limit,
            Denial::Forbidden | Denial::Unavailable => RateLimit::default(),
        }
    }
}

/// The link of the chain that is missing, for a 403. Only logs and operators see it. The caller's
/// answer does not contain it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The stage does not exist.
    #[error("the stage does not exist")]
    StageUnknown,
    /// The call has no key.
    #[error("no key was sent")]
    KeyMissing,
    /// The value does not have the form of a key.
    #[error("the value that was sent does not have the form of a key")]
    KeyMalformed,
    /// No key has this value.
    #[error("no such key is stored")]
    KeyUnknown,
    /// The value has expired.
    #[error("the value has expired")]
    ValueExpired,
    /// The key is disabled.
    #[error("the key is disabled")]
    KeyDisabled,
    /// The key has expired.
    #[error("the key has expired")]
    KeyExpired,
    /// No usage plan holds both the key and the stage.
    #[error("the key is in no usage plan that holds this stage")]
    PlanMissing,
}

impl Refusal {
    /// The name in the log and the metrics.
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

/// The judgement of a request as far as it can be made without waiting.
enum AtOnce<'a> {
    NoKeyNeeded,
    Known(Known),
    /// The key of this value is unknown until the value is hashed.
    Unknown(&'a str),
}

/// The judgement of a request whose key is known.
enum Known {
    Passed(Admission),
    Unasked(Unasked),
}

/// Only the database knows whether this key's plan lets the request pass.
struct Unasked {
    key: KeyId,
    value: ValueId,
    plan: KeyPlan,
    question: Question,
}

impl Gate {
    /// Judges a request of a known stage and method, and counts the outcome.
    ///
    /// # Errors
    /// Returns the reason why the request may not pass.
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
        // The state of a call that waits is kept on the heap, so that all other calls stay small.
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

    /// Writes no memory that calls share, except the limits. Otherwise the calls of one key would slow each
    /// other down on every processor.
    fn judge_at_once<'a>(&self, request: &Request<'a>) -> Result<AtOnce<'a>, Denied> {
        let snapshot = self.inner.snapshot.load();
        // The stage may have been deleted since the request's stage was looked up.
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

/// A denial by a limit of the key's plan.
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
