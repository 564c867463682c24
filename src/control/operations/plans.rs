//! Usage plans: create, read, change, delete.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use time::OffsetDateTime;

use super::{API_ID, OperationError, check_description, check_tags, filled, in_change, plan_patch};
use crate::control::patch::PatchList;
use crate::control::wire;
use crate::http::routes::ENDPOINTS;
use crate::store::control::{Actor, AuditEntry, PlanStages, UsagePlan};
use crate::store::plans::{Period, QuotaSetting, Throttle};
use crate::store::{Change, PlanId, Store};

pub(super) const UNKNOWN: &str = "Invalid Usage Plan ID specified";
const MAX_METHOD_THROTTLES: usize = 20;

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CreatePlan {
    #[serde(default)]
    pub name: Option<String>,
    #[serde(default)]
    pub description: Option<String>,
    #[serde(default)]
    pub api_stages: Option<Vec<ApiStage>>,
    #[serde(default)]
    pub throttle: Option<ThrottleInput>,
    #[serde(default)]
    pub quota: Option<QuotaInput>,
    #[serde(default)]
    pub tags: Option<BTreeMap<String, String>>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ApiStage {
    #[serde(default)]
    pub api_id: Option<String>,
    #[serde(default)]
    pub stage: Option<String>,
    /// By `path/VERB`.
    #[serde(default)]
    pub throttle: Option<BTreeMap<String, ThrottleInput>>,
}

/// Not yet checked: both or neither may be set in the end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ThrottleInput {
    #[serde(default)]
    pub rate_limit: Option<f64>,
    #[serde(default)]
    pub burst_limit: Option<i32>,
}

/// Not yet checked: limit and period belong together.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct QuotaInput {
    #[serde(default)]
    pub limit: Option<i64>,
    #[serde(default)]
    pub offset: Option<i32>,
    #[serde(default)]
    pub period: Option<String>,
}

pub async fn create_plan(
    store: &Store,
    actor: &Actor,
    input: CreatePlan,
) -> Result<UsagePlan, OperationError> {
    let id = PlanId::generate();
    let draft = Draft {
        name: filled(input.name).unwrap_or_default(),
        description: filled(input.description),
        product_code: None,
        throttle: input.throttle.unwrap_or_default(),
        quota: input.quota.unwrap_or_default(),
        stages: draft_stages(&id, input.api_stages.unwrap_or_default())?,
        tags: input.tags.unwrap_or_default(),
    };
    in_change(store, async |change| {
        let plan = draft.check(id, OffsetDateTime::UNIX_EPOCH)?;
        check_stages_exist(change, &plan).await?;
        change.insert_usage_plan(&plan).await?;
        let plan = existing(change, &plan.id).await?;
        audit(change, actor, "CreateUsagePlan", None, Some(&plan)).await?;
        Ok(plan)
    })
    .await
}

pub async fn read_plan(store: &Store, id: &str) -> Result<UsagePlan, OperationError> {
    let plan = store.usage_plan(&parse(id)?).await?;
    plan.ok_or_else(|| OperationError::not_found(UNKNOWN))
}

/// Applies a patch list in memory and writes what comes of it: in between, no call sees a plan
/// without its stages.
pub async fn update_plan(
    store: &Store,
    actor: &Actor,
    id: &str,
    patches: &PatchList,
) -> Result<UsagePlan, OperationError> {
    let id = parse(id)?;
    in_change(store, async |change| {
        let before = existing(change, &id).await?;
        let known = stage_names(change).await?;
        let mut draft = Draft::of(&before);
        for patch in &patches.patch_operations {
            plan_patch::apply(&mut draft, patch, &id, &known)?;
        }
        let after = draft.check(id.clone(), before.created_at)?;
        change.update_usage_plan(&after).await?;
        audit(
            change,
            actor,
            "UpdateUsagePlan",
            Some(&before),
            Some(&after),
        )
        .await?;
        Ok(after)
    })
    .await
}

/// Removes a plan that has no stage any more.
pub async fn delete_plan(store: &Store, actor: &Actor, id: &str) -> Result<(), OperationError> {
    let id = parse(id)?;
    in_change(store, async |change| {
        let before = existing(change, &id).await?;
        if !before.stages.is_empty() {
            return Err(OperationError::bad(format!(
                "Cannot delete Usage Plan {id} because there are API Stages associated with it"
            )));
        }
        change.delete_usage_plan(&id).await?;
        audit(change, actor, "DeleteUsagePlan", Some(&before), None).await
    })
    .await
}

/// A plan on its way to be checked.
#[derive(Clone, Debug)]
pub(super) struct Draft {
    pub name: String,
    pub description: Option<String>,
    pub product_code: Option<String>,
    pub throttle: ThrottleInput,
    pub quota: QuotaInput,
    pub stages: BTreeMap<String, BTreeMap<String, ThrottleInput>>,
    pub tags: BTreeMap<String, String>,
}

impl Draft {
    fn of(plan: &UsagePlan) -> Draft {
        let methods = |methods: &BTreeMap<String, Throttle>| {
            methods
                .iter()
                .map(|(method, throttle)| (method.clone(), ThrottleInput::from(*throttle)))
                .collect()
        };
        Draft {
            name: plan.name.clone(),
            description: plan.description.clone(),
            product_code: plan.product_code.clone(),
            throttle: plan.throttle.map(ThrottleInput::from).unwrap_or_default(),
            quota: plan.quota.map(QuotaInput::from).unwrap_or_default(),
            stages: plan
                .stages
                .iter()
                .map(|(stage, throttles)| (stage.clone(), methods(throttles)))
                .collect(),
            tags: plan.tags.clone(),
        }
    }

    fn check(self, id: PlanId, created_at: OffsetDateTime) -> Result<UsagePlan, OperationError> {
        if self.name.is_empty() || self.name.chars().count() > 1024 {
            return Err(OperationError::bad(
                "Invalid Usage Plan name specified: name must have 1 to 1024 characters",
            ));
        }
        check_description("Usage Plan", self.description.as_deref())?;
        check_tags(&self.tags)?;
        let mut stages = PlanStages::new();
        for (stage, methods) in self.stages {
            if methods.len() > MAX_METHOD_THROTTLES {
                return Err(OperationError::bad(format!(
                    "Invalid throttle of stage {stage}: at most {MAX_METHOD_THROTTLES} methods"
                )));
            }
            let mut throttles = BTreeMap::new();
            for (method, throttle) in methods {
                let field = format!("apiStages.throttle['{method}']");
                check_method(&method)?;
                if let Some(throttle) = throttle.check(&field)? {
                    throttles.insert(method, throttle);
                }
            }
            stages.insert(stage, throttles);
        }
        Ok(UsagePlan {
            id,
            name: self.name,
            description: self.description,
            product_code: self.product_code,
            throttle: self.throttle.check("throttle")?,
            quota: self.quota.check()?,
            stages,
            tags: self.tags,
            created_at,
        })
    }
}

impl From<Throttle> for ThrottleInput {
    fn from(throttle: Throttle) -> ThrottleInput {
        ThrottleInput {
            rate_limit: Some(throttle.rate),
            burst_limit: Some(throttle.burst),
        }
    }
}

impl From<QuotaSetting> for QuotaInput {
    fn from(quota: QuotaSetting) -> QuotaInput {
        QuotaInput {
            limit: Some(quota.limit),
            offset: Some(quota.offset),
            period: Some(quota.period.name().to_owned()),
        }
    }
}

impl ThrottleInput {
    fn check(self, field: &str) -> Result<Option<Throttle>, OperationError> {
        let (rate, burst) = match (self.rate_limit, self.burst_limit) {
            (None, None) => return Ok(None),
            (Some(rate), Some(burst)) => (rate, burst),
            (Some(_), None) => {
                return Err(OperationError::bad(format!(
                    "Invalid {field}: rateLimit is set without burstLimit; set both or neither"
                )));
            }
            (None, Some(_)) => {
                return Err(OperationError::bad(format!(
                    "Invalid {field}: burstLimit is set without rateLimit; set both or neither"
                )));
            }
        };
        if !rate.is_finite() || rate < 0.0 {
            return Err(OperationError::bad(format!(
                "Invalid {field}: rateLimit must be 0 or more"
            )));
        }
        if burst < 0 {
            return Err(OperationError::bad(format!(
                "Invalid {field}: burstLimit must be 0 or more"
            )));
        }
        Ok(Some(Throttle { rate, burst }))
    }
}

impl QuotaInput {
    fn check(self) -> Result<Option<QuotaSetting>, OperationError> {
        let period = self.period.as_deref().map(parse_period).transpose()?;
        let (limit, period) = match (self.limit, period) {
            (Some(limit), Some(period)) => (limit, period),
            (None, None) if self.offset.unwrap_or(0) == 0 => return Ok(None),
            (Some(_), None) => {
                return Err(OperationError::bad(
                    "Invalid quota: limit is set without period, one of DAY, WEEK, MONTH",
                ));
            }
            (None, Some(_) | None) => {
                return Err(OperationError::bad("Invalid quota: limit is missing"));
            }
        };
        if limit < 0 {
            return Err(OperationError::bad(
                "Invalid quota: limit must be 0 or more",
            ));
        }
        let offset = self.offset.unwrap_or(0);
        let last = match period {
            Period::Day => 0,
            Period::Week => 6,
            Period::Month => 27,
        };
        if !(0..=last).contains(&offset) {
            return Err(OperationError::bad(match period {
                Period::Day => "Usage Plan quota offset must be zero in the DAY period",
                Period::Week => {
                    "Usage Plan quota offset must be between 0 and 6 inclusive in the WEEK period"
                }
                Period::Month => {
                    "Usage Plan quota offset must be between 0 and 27 inclusive in the MONTH period"
                }
            }));
        }
        Ok(Some(QuotaSetting {
            limit,
            offset,
            period,
        }))
    }
}

fn parse_period(name: &str) -> Result<Period, OperationError> {
    Period::parse(name).ok_or_else(|| {
        OperationError::not_among(name, "quota.period", &Period::ALL.map(Period::name))
    })
}

fn draft_stages(
    plan: &PlanId,
    input: Vec<ApiStage>,
) -> Result<BTreeMap<String, BTreeMap<String, ThrottleInput>>, OperationError> {
    let mut stages = BTreeMap::new();
    for ApiStage {
        api_id,
        stage,
        throttle,
    } in input
    {
        let (Some(api_id), Some(stage)) = (filled(api_id), filled(stage)) else {
            return Err(OperationError::bad("Invalid API Stage specified"));
        };
        if api_id != API_ID {
            return Err(unknown_stage(plan, &api_id, &stage));
        }
        let throttle = throttle.unwrap_or_default();
        let throttle = throttle
            .into_iter()
            .map(|(method, throttle)| (plan_patch::method_key(&method), throttle))
            .collect();
        stages.insert(stage, throttle);
    }
    Ok(stages)
}

/// As recorded from API Gateway.
pub(super) fn unknown_stage(plan: &PlanId, api: &str, stage: &str) -> OperationError {
    OperationError::not_found(format!(
        "Invalid API Stage {{api: {api}, stage: {stage}}} specified for usageplan {plan}"
    ))
}

fn check_method(method: &str) -> Result<(), OperationError> {
    let known = ENDPOINTS
        .iter()
        .any(|endpoint| method == format!("{}/{}", endpoint.path, endpoint.verb));
    if known {
        return Ok(());
    }
    Err(OperationError::bad(format!(
        "Invalid method '{method}' in apiStages.throttle: it is a path and a verb of the API, \
         such as /game/POST or /game/{{gameId}}/GET"
    )))
}

async fn check_stages_exist(change: &Change, plan: &UsagePlan) -> Result<(), OperationError> {
    let known = stage_names(change).await?;
    match plan.stages.keys().find(|stage| !known.contains(*stage)) {
        Some(stage) => Err(unknown_stage(&plan.id, API_ID, stage)),
        None => Ok(()),
    }
}

async fn stage_names(change: &Change) -> Result<BTreeSet<String>, OperationError> {
    let stages = change.stages().await?.into_iter();
    Ok(stages.map(|stage| stage.name.to_string()).collect())
}

pub(super) async fn existing(change: &Change, id: &PlanId) -> Result<UsagePlan, OperationError> {
    let plan = change.usage_plan(id).await?;
    plan.ok_or_else(|| OperationError::not_found(UNKNOWN))
}

/// The id of a plan; one that is not of its form is the id of none.
pub(super) fn parse(id: &str) -> Result<PlanId, OperationError> {
    id.parse().map_err(|_| OperationError::not_found(UNKNOWN))
}

pub(super) async fn audit(
    change: &Change,
    actor: &Actor,
    action: &str,
    before: Option<&UsagePlan>,
    after: Option<&UsagePlan>,
) -> Result<(), OperationError> {
    let id = before.or(after).map(|plan| plan.id.to_string());
    let entry = AuditEntry {
        actor,
        action,
        target: &format!("/usageplans/{}", id.unwrap_or_default()),
        before: before.map(wire::usage_plan),
        after: after.map(wire::usage_plan),
    };
    Ok(change.audit(&entry).await?)
}
