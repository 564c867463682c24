//! The judgement of one request: key, a plan that holds this key and this stage,
//! throttle, quota.

use std::sync::Arc;
use std::time::Duration;

use bytestring::ByteString;

use super::Gate;
use super::identity::Unidentified;
use super::snapshot::{Credential, KeyPlan};
use super::stats::Outcome;
use crate::config::StageName;
use crate::store::{KeyId, PlanId};

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
    pub plan: Option<PlanId>,
    /// The key's name, for logs.
    pub app: Option<Arc<str>>,
    pub rate_limit: RateLimit,
}

/// The values of the headers `RateLimit-Policy` and `RateLimit`; `None` where the plan sets no
/// limit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RateLimit {
    pub policy: Option<ByteString>,
    pub current: Option<String>,
}

/// A request that may not pass. `retry_after` is whole seconds, at least one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Denial {
    Forbidden,
    TooManyRequests {
        retry_after: Duration,
        rate_limit: RateLimit,
    },
    LimitExceeded {
        retry_after: Duration,
        rate_limit: RateLimit,
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
            | Denial::LimitExceeded { rate_limit, .. } => rate_limit.clone(),
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
        match self.needs_key(request) {
            Some(true) => {}
            Some(false) => return Ok(Admission::default()),
            None => return Err(forbidden(None, Refusal::StageUnknown)),
        }
        let credential = match self.identify(request.api_key).await {
            Ok(credential) => credential,
            Err(Unidentified::Overloaded) => return Err(unavailable()),
            Err(Unidentified::Refused(refusal)) => return Err(forbidden(None, refusal)),
        };
        let key = &credential.key;
        let plan = self
            .plan_of(&credential, request.stage)
            .map_err(|refusal| forbidden(Some(&key.id), refusal))?;
        let rate_limit = plan
            .limits
            .admit(&self.inner.limits, &plan.on, request)
            .await
            .map_err(|denial| limited(&key.id, denial))?;
        Ok(Admission {
            key: Some(key.id.clone()),
            plan: Some(plan.on.plan.id.clone()),
            app: key.app.clone(),
            rate_limit,
        })
    }

    /// `None` where the stage has gone since it was asked for.
    fn needs_key(&self, request: &Request<'_>) -> Option<bool> {
        let snapshot = self.inner.snapshot.load();
        let stage = snapshot.stage(request.stage.as_str())?;
        Some(stage.needs_key(request.path, request.verb))
    }

    async fn identify(&self, api_key: Option<&str>) -> Result<Arc<Credential>, Unidentified> {
        let text = api_key.ok_or(Refusal::KeyMissing)?;
        let inner = &self.inner;
        let remembered = inner.identities.remembered(text, &inner.snapshot.load());
        match remembered {
            Some(credential) => Ok(credential),
            None => inner.identities.find(text, &inner.snapshot).await,
        }
    }

    /// The plan that lets this key call this stage.
    fn plan_of<'a>(
        &self,
        credential: &'a Credential,
        stage: &StageName,
    ) -> Result<&'a KeyPlan, Refusal> {
        let now = self.inner.clock.now();
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

fn forbidden(key: Option<&KeyId>, refusal: Refusal) -> Denied {
    Denied {
        denial: Denial::Forbidden,
        key: key.cloned(),
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
fn limited(key: &KeyId, denial: Denial) -> Denied {
    let outcome = match denial {
        Denial::TooManyRequests { .. } => Outcome::Throttled,
        Denial::LimitExceeded { .. } => Outcome::QuotaExhausted,
        Denial::Forbidden | Denial::Unavailable => Outcome::Unavailable,
    };
    Denied {
        denial,
        key: Some(key.clone()),
        outcome,
    }
}
