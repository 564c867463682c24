//! The gate's tables, compiled for looking up.
//!
//! A snapshot never changes; a new one takes its place. So a request is judged by one state of all
//! tables, without a lock and without the database.

use std::collections::HashMap;
use std::sync::Arc;

use time::OffsetDateTime;

use crate::config::StageName;
use crate::store::gate_tables::{GateHead, GateTables, PlanRow, PlanStageRow, StageRow};
use crate::store::plans::{QuotaSetting, Throttle};
use crate::store::{KeyId, Lookup, PlanId};

pub(super) struct Snapshot {
    /// Grows with every snapshot of this process, also where the database's generation does not.
    pub serial: u64,
    pub head: GateHead,
    pub salt: Vec<u8>,
    stages: HashMap<String, Stage>,
    keys: HashMap<KeyId, Arc<Key>>,
    credentials: HashMap<Lookup, Vec<Credential>>,
}

pub(super) struct Stage {
    pub name: StageName,
    deployed: StageRow,
}

pub(super) struct Key {
    pub id: KeyId,
    pub app: Option<Arc<str>>,
    pub enabled: bool,
    pub expires_at: Option<OffsetDateTime>,
    /// At most one for each stage.
    plans: Vec<Arc<PlanStage>>,
}

/// A plan on one of its stages.
pub(super) struct PlanStage {
    pub stage: StageName,
    pub plan: Arc<Plan>,
    /// By `path/VERB`.
    pub overrides: HashMap<String, Throttle>,
}

pub(super) struct Plan {
    pub id: PlanId,
    pub throttle: Option<Throttle>,
    pub quota: Option<QuotaSetting>,
}

/// A value that a key answers to.
#[derive(Clone)]
pub(super) struct Credential {
    pub key: Arc<Key>,
    pub phc: Arc<str>,
    pub expires_at: Option<OffsetDateTime>,
}

impl Snapshot {
    pub fn compile(tables: GateTables, serial: u64) -> Snapshot {
        let mut keys = compile_keys(&tables);
        let mut credentials: HashMap<Lookup, Vec<Credential>> = HashMap::new();
        for value in tables.key_values {
            if let Some(key) = keys.get(&value.key) {
                let credential = Credential {
                    key: key.clone(),
                    phc: value.phc.into(),
                    expires_at: value.expires_at,
                };
                credentials
                    .entry(value.lookup)
                    .or_default()
                    .push(credential);
            }
        }
        keys.shrink_to_fit();
        Snapshot {
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
        }
    }

    pub fn stage(&self, name: &str) -> Option<&Stage> {
        self.stages.get(name)
    }

    pub fn key(&self, id: &KeyId) -> Option<&Arc<Key>> {
        self.keys.get(id)
    }

    /// The values that one with this lookup may be.
    pub fn candidates(&self, lookup: &Lookup) -> &[Credential] {
        self.credentials
            .get(lookup)
            .map(Vec::as_slice)
            .unwrap_or_default()
    }

    /// The value of that hash, if it is still there.
    pub fn credential(&self, lookup: &Lookup, phc: &str) -> Option<&Credential> {
        self.candidates(lookup)
            .iter()
            .find(|credential| *credential.phc == *phc)
    }
}

impl Stage {
    pub fn needs_key(&self, path: &str, verb: &str) -> bool {
        let verb = if verb == "HEAD" { "GET" } else { verb };
        self.deployed
            .methods
            .get(path)
            .and_then(|verbs| verbs.get(verb))
            .is_none_or(|required| *required)
    }

    pub fn rules_version(&self, variant: &str) -> Option<u16> {
        self.deployed.rules.get(variant).copied()
    }
}

impl Key {
    pub fn plan_on(&self, stage: &StageName) -> Option<&Arc<PlanStage>> {
        self.plans.iter().find(|plan| plan.stage == *stage)
    }

    pub fn is_good(&self, now: OffsetDateTime) -> bool {
        self.enabled && is_before(now, self.expires_at)
    }
}

impl Credential {
    pub fn is_good(&self, now: OffsetDateTime) -> bool {
        is_before(now, self.expires_at)
    }
}

fn is_before(now: OffsetDateTime, end: Option<OffsetDateTime>) -> bool {
    end.is_none_or(|end| now < end)
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

fn compile_keys(tables: &GateTables) -> HashMap<KeyId, Arc<Key>> {
    let plan_stages = compile_plan_stages(&tables.plans, &tables.plan_stages);
    let mut plans_of_keys: HashMap<&KeyId, Vec<Arc<PlanStage>>> = HashMap::new();
    for (plan, key) in &tables.plan_keys {
        if let Some(stages) = plan_stages.get(plan) {
            plans_of_keys
                .entry(key)
                .or_default()
                .extend(stages.iter().cloned());
        }
    }
    tables
        .keys
        .iter()
        .map(|row| {
            let key = Key {
                id: row.id.clone(),
                app: row.name.as_deref().map(Into::into),
                enabled: row.enabled,
                expires_at: row.expires_at,
                plans: plans_of_keys.remove(&row.id).unwrap_or_default(),
            };
            (row.id.clone(), Arc::new(key))
        })
        .collect()
}

fn compile_plan_stages<'a>(
    plans: &'a [PlanRow],
    stages: &[PlanStageRow],
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
                overrides: stage.throttle.clone().into_iter().collect(),
            }))
        });
        compiled.insert(&row.id, mine.collect());
    }
    compiled
}
