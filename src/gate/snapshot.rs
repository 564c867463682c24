//! The gate's tables, compiled for fast lookup.
//!
//! A snapshot never changes; a new one replaces it. So a request is judged by one state of all tables,
//! without a lock and without the database.

use std::collections::HashMap;
use std::sync::Arc;

use sha2::{Digest, Sha256};
use time::OffsetDateTime;

use super::Request;
use super::limits::{self, KeyLimits, Limited, Limits};
use crate::config::StageName;
use crate::store::gate_tables::{GateHead, GateTables, PlanRow, PlanStageRow, StageRow};
use crate::store::plans::{Period, QuotaSetting, Throttle, method_key};
use crate::store::{KeyId, Lookup, PlanId};

pub(super) struct Snapshot {
    /// Grows with every snapshot of this process, even if the database's generation stays the same.
    pub serial: u64,
    /// The generation of the tables that were read.
    pub head: GateHead,
    /// The salt of lookup tags.
    pub salt: Vec<u8>,
    stages: HashMap<String, Stage>,
    keys: HashMap<KeyId, Arc<Key>>,
    credentials: HashMap<Lookup, Vec<Arc<Credential>>>,
    values: HashMap<ValueId, Arc<Credential>>,
    compiled_at: OffsetDateTime,
    /// The times at which keys and their values expire, in order.
    expiries: Vec<OffsetDateTime>,
}

pub(super) struct Stage {
    pub name: StageName,
    deployed: StageRow,
}

pub(super) struct Key {
    pub id: KeyId,
    /// Whether the key is enabled.
    pub enabled: bool,
    /// The time at which it expires, if it does.
    pub expires_at: Option<OffsetDateTime>,
    /// All of its plans, including those without a stage.
    pub plan_ids: Vec<PlanId>,
    /// The plans with a stage: at most one for each stage.
    plans: Vec<KeyPlan>,
}

/// A plan on a stage, with the limits of one key.
#[derive(Clone)]
pub(super) struct KeyPlan {
    /// The plan on this stage.
    pub on: Arc<PlanStage>,
    /// The key's limits in this plan.
    pub limits: Arc<KeyLimits>,
}

/// A plan on one of its stages.
pub(super) struct PlanStage {
    pub stage: StageName,
    pub plan: Arc<Plan>,
    limits: Limited,
    /// The methods that have their own throttle, by path and verb.
    overrides: HashMap<String, HashMap<String, Limited>>,
}

pub(super) struct Plan {
    pub id: PlanId,
    /// The throttle, if there is one.
    pub throttle: Option<Throttle>,
    /// The quota, if there is one.
    pub quota: Option<QuotaSetting>,
}

/// Identifies one stored value of a key. A replaced value gets another id, even if the new value is
/// equal. It is safe to copy and compare; the value cannot be derived from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ValueId([u8; 16]);

/// One value of a key.
pub(super) struct Credential {
    /// The id of the stored value.
    pub id: ValueId,
    /// The key that the value belongs to.
    pub key: Arc<Key>,
    /// The stored hash.
    pub phc: Arc<str>,
    /// The time at which it expires, if it does.
    pub expires_at: Option<OffsetDateTime>,
}

impl Snapshot {
    /// Compiles the tables. `now` selects the month whose length the policies give.
    pub fn compile(
        tables: GateTables,
        serial: u64,
        limits: &Limits,
        now: OffsetDateTime,
    ) -> Snapshot {
        let keys = compile_keys(&tables, limits, now);
        let mut expiries: Vec<OffsetDateTime> =
            keys.values().filter_map(|key| key.expires_at).collect();
        let mut credentials: HashMap<Lookup, Vec<Arc<Credential>>> = HashMap::new();
        let mut values = HashMap::with_capacity(tables.key_values.len());
        for value in tables.key_values {
            if let Some(key) = keys.get(&value.key) {
                expiries.extend(value.expires_at);
                let credential = Arc::new(Credential {
                    id: ValueId::of_phc(&value.phc),
                    key: key.clone(),
                    phc: value.phc.into(),
                    expires_at: value.expires_at,
                });
                values.insert(credential.id, credential.clone());
                credentials
                    .entry(value.lookup)
                    .or_default()
                    .push(credential);
            }
        }
        expiries.sort_unstable();
        Snapshot {
            compiled_at: now,
            expiries,
            serial,
            head: tables.head,
            salt: tables.salt,
            stages: tables
                .stages
                .into_iter()
                .filter_map(compile_stage)
                .collect(),
            keys,
            credentials,
            values,
        }
    }

    /// Whether the snapshot is still right at `now`: a month's policy depends on the length of the month.
    pub fn is_of_day(&self, now: OffsetDateTime) -> bool {
        self.compiled_at.date() == now.date()
    }

    /// Whether a key or a value expired after `since` and not after `now`.
    pub fn has_expiry(&self, since: OffsetDateTime, now: OffsetDateTime) -> bool {
        let next = self.expiries.partition_point(|expiry| *expiry <= since);
        self.expiries.get(next).is_some_and(|expiry| *expiry <= now)
    }

    /// The stage of that name.
    pub fn stage(&self, name: &str) -> Option<&Stage> {
        self.stages.get(name)
    }

    /// The first stage by name.
    pub fn first_stage(&self) -> Option<&Stage> {
        self.stages
            .values()
            .min_by(|a, b| a.name.as_str().cmp(b.name.as_str()))
    }

    /// The key with that id.
    pub fn key(&self, id: &KeyId) -> Option<&Arc<Key>> {
        self.keys.get(id)
    }

    /// Whether the key has a value that has not expired. This searches all values of all keys.
    pub fn has_good_value(&self, id: &KeyId, now: OffsetDateTime) -> bool {
        let mut all = self.credentials.values().flatten();
        all.any(|credential| credential.key.id == *id && credential.is_good(|| now))
    }

    /// The value with this id, if it is still stored.
    pub fn value(&self, id: ValueId) -> Option<&Credential> {
        self.values.get(&id).map(Arc::as_ref)
    }

    /// The stored values that a value with this lookup may equal.
    pub fn candidates(&self, lookup: &Lookup) -> &[Arc<Credential>] {
        self.credentials
            .get(lookup)
            .map(Vec::as_slice)
            .unwrap_or_default()
    }

    /// The value with that hash, if it is still stored.
    pub fn credential(&self, lookup: &Lookup, phc: &str) -> Option<&Arc<Credential>> {
        self.candidates(lookup)
            .iter()
            .find(|credential| *credential.phc == *phc)
    }
}

impl Stage {
    /// Whether the method needs a key on this stage.
    pub fn needs_key(&self, path: &str, verb: &str) -> bool {
        self.deployed
            .methods
            .get(path)
            .and_then(|verbs| verbs.get(as_get(verb)))
            .is_none_or(|required| *required)
    }

    /// The rules version that new games of the variant get on this stage.
    pub fn rules_version(&self, variant: &str) -> Option<u16> {
        self.deployed.rules.get(variant).copied()
    }
}

impl Key {
    /// The plan that lets the key call the stage.
    pub fn plan_on(&self, stage: &StageName) -> Option<&KeyPlan> {
        self.plans.iter().find(|plan| plan.on.stage == *stage)
    }

    /// Whether the key is enabled and has not expired.
    pub fn is_good(&self, now: impl FnOnce() -> OffsetDateTime) -> bool {
        self.enabled && is_before(now, self.expires_at)
    }
}

impl PlanStage {
    /// The throttle and the policy that apply to the request's method.
    pub fn limits_of(&self, request: &Request<'_>) -> &Limited {
        self.overriding(request).unwrap_or(&self.limits)
    }

    /// The name of the method's own throttle; `None` if the plan's applies.
    pub fn override_name(&self, request: &Request<'_>) -> Option<String> {
        self.overriding(request)?;
        let Request {
            stage, path, verb, ..
        } = request;
        Some(format!("{stage} {path} {}", as_get(verb)))
    }

    fn overriding(&self, request: &Request<'_>) -> Option<&Limited> {
        self.overrides.get(request.path)?.get(as_get(request.verb))
    }
}

impl ValueId {
    /// Each stored hash has its own salt, so no two values have the same id.
    fn of_phc(phc: &str) -> ValueId {
        let digest = Sha256::digest(phc.as_bytes());
        let mut id = [0; 16];
        id.copy_from_slice(&digest[..16]);
        ValueId(id)
    }
}

impl Credential {
    /// Whether the value has not expired.
    pub fn is_good(&self, now: impl FnOnce() -> OffsetDateTime) -> bool {
        is_before(now, self.expires_at)
    }
}

/// Few keys expire, so `now` is rarely needed and is a function.
fn is_before(now: impl FnOnce() -> OffsetDateTime, end: Option<OffsetDateTime>) -> bool {
    end.is_none_or(|end| now() < end)
}

fn compile_stage(row: StageRow) -> Option<(String, Stage)> {
    match row.name.parse() {
        Ok(name) => Some((
            row.name.clone(),
            Stage {
                name,
                deployed: row,
            },
        )),
        Err(error) => {
            tracing::error!(stage = row.name, %error, "a stage cannot be served");
            None
        }
    }
}

fn compile_keys(
    tables: &GateTables,
    limits: &Limits,
    now: OffsetDateTime,
) -> HashMap<KeyId, Arc<Key>> {
    let quotas: HashMap<&PlanId, Option<QuotaSetting>> = tables
        .plans
        .iter()
        .map(|plan| (&plan.id, plan.quota))
        .collect();
    let members = tables.plan_keys.iter().map(|(plan, key)| {
        let quota = quotas.get(plan).copied().flatten();
        (plan, key, quota)
    });
    let members = limits.enrol(members);
    let plan_stages = compile_plan_stages(&tables.plans, &tables.plan_stages, now);
    let mut plans_of_keys: HashMap<&KeyId, Vec<KeyPlan>> = HashMap::new();
    let mut plan_ids: HashMap<&KeyId, Vec<PlanId>> = HashMap::new();
    for member in &tables.plan_keys {
        let (plan, key) = member;
        plan_ids.entry(key).or_default().push(plan.clone());
        if let (Some(stages), Some(limits)) = (plan_stages.get(plan), members.get(member)) {
            let on_each = stages.iter().map(|on| KeyPlan {
                on: on.clone(),
                limits: limits.clone(),
            });
            plans_of_keys.entry(key).or_default().extend(on_each);
        }
    }
    tables
        .keys
        .iter()
        .map(|row| {
            let key = Key {
                id: row.id.clone(),
                enabled: row.enabled,
                expires_at: row.expires_at,
                plan_ids: plan_ids.remove(&row.id).unwrap_or_default(),
                plans: plans_of_keys.remove(&row.id).unwrap_or_default(),
            };
            (row.id.clone(), Arc::new(key))
        })
        .collect()
}

fn compile_plan_stages<'a>(
    plans: &'a [PlanRow],
    stages: &[PlanStageRow],
    now: OffsetDateTime,
) -> HashMap<&'a PlanId, Vec<Arc<PlanStage>>> {
    let mut compiled = HashMap::new();
    for row in plans {
        let plan = Arc::new(Plan {
            id: row.id.clone(),
            throttle: row.throttle,
            quota: row.quota,
        });
        let mine = stages.iter().filter(|stage| stage.plan == row.id);
        let mine = mine.filter_map(|stage| {
            Some(Arc::new(PlanStage {
                stage: stage.stage.parse().ok()?,
                plan: plan.clone(),
                limits: limited(row.throttle, row.quota, now),
                overrides: compile_overrides(stage, row.quota, now),
            }))
        });
        compiled.insert(&row.id, mine.collect());
    }
    compiled
}

fn compile_overrides(
    stage: &PlanStageRow,
    quota: Option<QuotaSetting>,
    now: OffsetDateTime,
) -> HashMap<String, HashMap<String, Limited>> {
    let mut overrides: HashMap<String, HashMap<String, Limited>> = HashMap::new();
    for (name, throttle) in &stage.throttle {
        // `/game/{gameId}/GET`
        if let Some((path, verb)) = method_key(name).rsplit_once('/') {
            let limited = limited(Some(*throttle), quota, now);
            let verbs = overrides.entry(path.to_owned()).or_default();
            verbs.insert(verb.to_owned(), limited);
        }
    }
    overrides
}

fn limited(
    throttle: Option<Throttle>,
    quota: Option<QuotaSetting>,
    now: OffsetDateTime,
) -> Limited {
    let quota = quota.map(|quota| (quota.limit, period_seconds(quota, now)));
    Limited {
        throttle,
        policy: limits::policy(throttle, quota),
    }
}

fn period_seconds(quota: QuotaSetting, now: OffsetDateTime) -> u64 {
    const DAY: u64 = 24 * 3600;
    match quota.period {
        Period::Day => DAY,
        Period::Week => 7 * DAY,
        Period::Month => {
            let begun = now - time::Duration::days(i64::from(quota.offset));
            DAY * u64::from(begun.month().length(begun.year()))
        }
    }
}

/// `HEAD` is judged as `GET`.
fn as_get(verb: &str) -> &str {
    if verb == "HEAD" { "GET" } else { verb }
}
