//! The gate: which app a request comes from, and whether its plan lets it pass.
//!
//! Invariants: a request is judged by one compiled [`Snapshot`] of the tables, without a database;
//! Argon2id runs only for a well-formed value that some stored key may have, once per value, and
//! never on a thread that serves requests; what is cached says only which stored hash a value fits,
//! never whether it may pass.

mod value;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

pub use value::{ApiKeyValue, ApiKeyValueError};

use crate::config::StageName;
use crate::store::{KeyId, PlanId, Store};

/// What the gate looks at.
#[derive(Clone, Copy, Debug)]
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

/// The values of the headers `RateLimit-Policy` and `RateLimit`; `None` where the plan sets no limit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RateLimit {
    pub policy: Option<Arc<str>>,
    pub current: Option<String>,
}

/// A request that may not pass. Durations are whole seconds, at least one.
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

/// The gate, as the rest of the process sees it. Cheap to clone.
#[derive(Clone)]
pub struct Gate {
    inner: Arc<Inner>,
}

struct Inner {
    generation: watch::Sender<u64>,
}

impl Gate {
    /// A gate on what `store` holds now. It stays as it is unless [`run_reload`] runs beside it.
    ///
    /// # Errors
    /// Where the tables cannot be read.
    pub async fn open(store: &Store) -> Result<Gate, crate::store::StoreError> {
        store.synchronise_clock().await?;
        let (generation, _) = watch::channel(0);
        Ok(Gate {
            inner: Arc::new(Inner { generation }),
        })
    }

    /// Judges a request of a known stage and method.
    ///
    /// # Errors
    /// Why it may not pass.
    pub async fn admit(&self, _request: &Request<'_>) -> Result<Admission, Denial> {
        Err(Denial::Unavailable)
    }

    /// The stage that a path's first segment names, where there is one.
    pub fn stage(&self, _name: &str) -> Option<StageName> {
        None
    }

    /// The rules version that `stage`'s deployment sets for new games of a variant.
    pub fn rules_version(&self, _stage: &StageName, _variant: &str) -> Option<u16> {
        None
    }

    /// Whether the key still has its right on the stage: enabled, unexpired, in a plan with it.
    pub fn is_live(&self, _key: &KeyId, _stage: &StageName) -> bool {
        false
    }

    /// The calls a second that the key's plan on this stage allows; `None` where it sets no limit.
    pub fn plan_rate(&self, _key: &KeyId, _stage: &StageName) -> Option<f64> {
        None
    }

    /// Tells of each new snapshot: what [`is_live`](Self::is_live) says may have changed.
    pub fn generation(&self) -> watch::Receiver<u64> {
        self.inner.generation.subscribe()
    }
}
