//! Usage plans: create, read, change, delete.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use time::OffsetDateTime;

use super::plan_draft::{Draft, QuotaInput, ThrottleInput};
use super::{API_ID, OperationError, filled, in_change, plan_keys, plan_patch};
use crate::control::patch::PatchList;
use crate::control::wire;
use crate::store::control::{Actor, AuditEntry, UsagePlan};
use crate::store::{Change, PlanId, Store};

pub(super) const UNKNOWN: &str = "Invalid Usage Plan ID specified";

/// A usage plan to create. An empty text counts as absent.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CreatePlan {
    /// Required: 1 to 1,024 characters.
    #[serde(default)]
    pub name: Option<String>,
    /// At most 125,000 characters.
    #[serde(default)]
    pub description: Option<String>,
    /// The stages that the plan's keys may call, each at most once.
    #[serde(default)]
    pub api_stages: Option<Vec<ApiStage>>,
    /// The throttle of each key; absent for none.
    #[serde(default)]
    pub throttle: Option<ThrottleInput>,
    /// The quota of each key; absent for none.
    #[serde(default)]
    pub quota: Option<QuotaInput>,
    /// With the limits of [`CreateKey::tags`](super::keys::CreateKey::tags).
    #[serde(default)]
    pub tags: Option<BTreeMap<String, String>>,
}

/// A stage of a plan.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ApiStage {
    /// Required: [`API_ID`].
    #[serde(default)]
    pub api_id: Option<String>,
    /// Required: the name of a stage that exists.
    #[serde(default)]
    pub stage: Option<String>,
    /// The throttles of single methods by `path/VERB`, such as `/game/POST`; at most 20. The names are
    /// kept as they are given.
    #[serde(default)]
    pub throttle: Option<BTreeMap<String, ThrottleInput>>,
}

/// Creates a usage plan.
///
/// # Errors
/// Fails with [`OperationError::BadRequest`] or [`OperationError::Validation`] if a member is invalid,
/// and with [`OperationError::NotFound`] if a stage does not exist.
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
        throttle: input.throttle,
        quota: input.quota,
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

/// Reads a usage plan.
///
/// # Errors
/// Fails with [`OperationError::NotFound`] if no plan has this id.
pub async fn read_plan(store: &Store, id: &str) -> Result<UsagePlan, OperationError> {
    let plan = store.usage_plan(&parse(id)?).await?;
    plan.ok_or_else(|| OperationError::not_found(UNKNOWN))
}

/// Applies a patch list in memory and writes only the result. So no call ever sees a state in between,
/// such as a plan without its stages.
///
/// # Errors
/// Fails with [`OperationError::NotFound`] if no plan has this id or a stage does not exist, with
/// [`OperationError::BadRequest`] or [`OperationError::Validation`] if the list or its result is
/// invalid, and with [`OperationError::Conflict`] if a key would be in two plans with the same stage.
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
        patches.apply("updateUsagePlanInput", |patch| {
            plan_patch::apply(&mut draft, patch, &id, &known)
        })?;
        let after = draft.check(id.clone(), before.created_at)?;
        change.update_usage_plan(&after).await?;
        if after
            .stages
            .keys()
            .any(|stage| !before.stages.contains_key(stage))
        {
            plan_keys::check_one_plan(change, &id, None).await?;
        }
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

/// Deletes a plan that has no stages.
///
/// # Errors
/// Fails with [`OperationError::NotFound`] if no plan has this id, and with
/// [`OperationError::BadRequest`] if the plan has stages.
pub async fn delete_plan(store: &Store, actor: &Actor, id: &str) -> Result<(), OperationError> {
    let id = parse(id)?;
    in_change(store, async |change| {
        let before = existing(change, &id).await?;
        if !before.stages.is_empty() {
            let stages: Vec<&str> = before.stages.keys().map(String::as_str).collect();
            return Err(OperationError::bad(format!(
                "Cannot delete Usage Plan {id} because there are API Stages associated with it: \
                 {API_ID}:{}",
                stages.join(&format!(", {API_ID}:"))
            )));
        }
        change.delete_usage_plan(&id).await?;
        audit(change, actor, "DeleteUsagePlan", Some(&before), None).await
    })
    .await
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
        if stages.contains_key(&stage) {
            return Err(OperationError::bad(format!(
                "Invalid apiStages: {API_ID}:{stage} is there twice"
            )));
        }
        stages.insert(stage, throttle.unwrap_or_default());
    }
    Ok(stages)
}

/// The error for a stage that does not exist, in the words recorded from API Gateway.
pub(super) fn unknown_stage(plan: &PlanId, api: &str, stage: &str) -> OperationError {
    OperationError::not_found(format!(
        "Invalid API Stage {{api: {api}, stage: {stage}}} specified for usageplan {plan}"
    ))
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

/// Parses the id of a plan. A malformed id is reported as one that no plan has.
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
