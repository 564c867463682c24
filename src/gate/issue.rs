//! Issues key values. Values are hashed before anything is locked, and no value is issued twice.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::sync::{Arc, LazyLock};

use time::OffsetDateTime;
use tokio::sync::Semaphore;

use super::{ApiKeyValue, hash};
use crate::config::StageName;
use crate::rules::Rulebook;
use crate::stages::{self, NamedRules};
use crate::store::control::UsagePlan;
use crate::store::keys::{ApiKey, NewKey};
use crate::store::plans::{Period, QuotaSetting, Throttle};
use crate::store::{Change, DeploymentId, KeyId, Lookup, PlanId, Store, StoreError};

/// The name of the stage and of the plan that a first start makes.
pub const FIRST_NAME: &str = "dev";

/// The limits of each key in the plan that a first start makes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FirstLimits {
    /// The plan's throttle, if it has one.
    pub throttle: Option<Throttle>,
    /// The plan's quota, if it has one.
    pub quota: Option<QuotaSetting>,
}

impl FirstLimits {
    /// No limit at all.
    pub const NONE: FirstLimits = FirstLimits {
        throttle: None,
        quota: None,
    };

    /// Limits that are higher than the needs of one developer's phones. They exist so that an app sees the
    /// `RateLimit` headers from its first call on.
    pub const DEVELOPMENT: FirstLimits = FirstLimits {
        throttle: Some(Throttle {
            rate: 100.0,
            burst: 200,
        }),
        quota: Some(QuotaSetting {
            limit: 1_000_000,
            offset: 0,
            period: Period::Day,
        }),
    };
}

/// Each hashing occupies a core and 19 MiB.
static CORES: LazyLock<Semaphore> = LazyLock::new(|| {
    let cores = std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
    Semaphore::new(cores.get())
});

/// The reason why a key value was not issued.
#[derive(Debug, thiserror::Error)]
pub enum IssueError {
    /// Another key has this value.
    #[error("API Key already exists")]
    Exists(KeyId),
    /// The key would be in two plans of one stage.
    #[error("the key is in another usage plan of the same stage")]
    PlanConflict,
    /// The value could not be hashed.
    #[error("a value cannot be hashed: {0}")]
    Hashing(String),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A value that is ready to be stored.
#[derive(Clone, Debug)]
pub struct Hashed {
    value: ApiKeyValue,
    lookup: Lookup,
    phc: String,
}

/// Creates a key with the value `value`, and puts it in a plan if one is given.
///
/// # Errors
/// [`IssueError::Exists`] if another key has this value.
pub async fn create_key(
    store: &Store,
    key: &NewKey,
    value: &ApiKeyValue,
    plan: Option<&PlanId>,
) -> Result<ApiKey, IssueError> {
    let hashed = hash_value(store, value).await?;
    let change = begin(store, std::slice::from_ref(&hashed)).await?;
    if let Some(owner) = find_owner(&change, &hashed).await? {
        change.roll_back().await;
        return Err(IssueError::Exists(owner));
    }
    let created = insert(&change, key, &hashed).await?;
    if let Some(plan) = plan {
        change.insert_plan_key(plan, &created.id).await?;
    }
    change.commit().await.map_err(|error| match error {
        StoreError::Conflict(_) => IssueError::PlanConflict,
        other @ (StoreError::Unreachable(_)
        | StoreError::OutcomeUnknown(_)
        | StoreError::Refused(_)
        | StoreError::Corrupt(_)) => IssueError::Store(other),
    })?;
    Ok(created)
}

/// Creates the key of a first start. The first call in the life of a database also creates stage `dev`,
/// a deployment for it, and plan `dev` with that stage and these limits. A later call, made because the
/// value was lost, replaces the key and does not change the plan.
///
/// # Errors
/// See [`IssueError`].
pub async fn make_first_key(store: &Store, limits: FirstLimits) -> Result<ApiKeyValue, IssueError> {
    let value = ApiKeyValue::generate();
    let hashed = hash_value(store, &value).await?;
    let change = begin(store, std::slice::from_ref(&hashed)).await?;
    let plan = match change.first_key().await? {
        Some(before) => {
            change.delete_key(&before).await?;
            change.plan_named(FIRST_NAME).await?
        }
        None => Some(make_first_plan(&change, limits).await?),
    };
    let key = insert(&change, &new_key(FIRST_NAME), &hashed).await?;
    if let Some(plan) = plan {
        change.insert_plan_key(&plan, &key.id).await?;
    }
    change.set_first_key(&key.id).await?;
    change.commit().await?;
    Ok(value)
}

async fn make_first_plan(change: &Change, limits: FirstLimits) -> Result<PlanId, StoreError> {
    let stage: StageName = FIRST_NAME
        .parse()
        .map_err(|error| StoreError::Corrupt(format!("{error}")))?;
    let (deployment, plan) = (DeploymentId::generate(), PlanId::generate());
    change
        .insert_deployment(
            &deployment,
            Some("made by the first start"),
            &stages::next_rules(&Rulebook::built_in(), NamedRules::default(), None),
        )
        .await?;
    change.insert_stage(&stage, &deployment).await?;
    change
        .insert_usage_plan(&UsagePlan {
            id: plan.clone(),
            name: FIRST_NAME.to_owned(),
            description: None,
            product_code: None,
            throttle: limits.throttle,
            quota: limits.quota,
            stages: BTreeMap::from([(stage.to_string(), BTreeMap::new())]),
            tags: BTreeMap::new(),
            // The database sets the time by its own clock.
            created_at: OffsetDateTime::UNIX_EPOCH,
        })
        .await?;
    Ok(plan)
}

/// The settings of a new, enabled key of that name.
pub fn new_key(name: &str) -> NewKey {
    NewKey {
        id: KeyId::generate(),
        name: Some(name.to_owned()),
        description: None,
        customer_id: None,
        enabled: true,
        tags: BTreeMap::new(),
        expires_at: None,
    }
}

/// Hashes a value on another thread, without any lock.
pub async fn hash_value(store: &Store, value: &ApiKeyValue) -> Result<Hashed, IssueError> {
    let lookup = value.lookup(&store.gate_salt().await?);
    let to_hash = value.clone();
    let phc = on_a_core(move || hash::hash(&to_hash))
        .await?
        .map_err(|error| IssueError::Hashing(error.to_string()))?;
    Ok(Hashed {
        value: value.clone(),
        lookup,
        phc,
    })
}

/// Begins a change that may issue these values. No other change can issue equal values until it ends.
pub async fn begin(store: &Store, values: &[Hashed]) -> Result<Change, StoreError> {
    let lookups: Vec<Lookup> = values.iter().map(|hashed| hashed.lookup.clone()).collect();
    store.change_values(&lookups).await
}

/// The key that has this value, even if the key or the value has expired or is disabled.
pub async fn find_owner(change: &Change, hashed: &Hashed) -> Result<Option<KeyId>, IssueError> {
    let candidates = change.candidates(&hashed.lookup).await?;
    if candidates.is_empty() {
        return Ok(None);
    }
    let value = hashed.value.clone();
    on_a_core(move || {
        candidates.into_iter().find_map(|candidate| {
            let phc: Arc<str> = candidate.phc.into();
            hash::first_fit(&value, &[phc]).map(|_| candidate.key)
        })
    })
    .await
}

/// Adds a key with this value.
pub async fn insert(change: &Change, key: &NewKey, hashed: &Hashed) -> Result<ApiKey, StoreError> {
    let created = change.insert_key(key).await?;
    change
        .insert_key_value(&created.id, &hashed.lookup, &hashed.phc)
        .await?;
    Ok(created)
}

/// Adds a value to an existing key.
pub async fn add_value(change: &Change, key: &KeyId, hashed: &Hashed) -> Result<(), StoreError> {
    change
        .insert_key_value(key, &hashed.lookup, &hashed.phc)
        .await
}

/// Runs CPU-heavy work on a blocking thread, at most one for each core.
async fn on_a_core<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, IssueError> {
    let _permit = CORES
        .acquire()
        .await
        .map_err(|error| IssueError::Hashing(error.to_string()))?;
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|error| IssueError::Hashing(error.to_string()))
}
