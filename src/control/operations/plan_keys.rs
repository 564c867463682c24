//! Puts keys in usage plans, and removes them.

use serde::Deserialize;
use serde_json::json;

use super::{API_ID, OperationError, in_change, keys, plans};
use crate::store::control::{Actor, AuditEntry, PlanKey};
use crate::store::{Change, KeyId, PlanId, Store};

const KEY_TYPE: &str = "API_KEY";
pub(super) const NOT_IN_PLAN: &str =
    "Invalid Usage Plan Key specified: the key is not in this usage plan";

/// A key to put in a plan.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct CreatePlanKey {
    /// The id of the key.
    pub key_id: String,
    /// Always `API_KEY`.
    pub key_type: String,
}

impl CreatePlanKey {
    /// For the key with this id.
    pub fn new(key_id: &str) -> CreatePlanKey {
        CreatePlanKey {
            key_id: key_id.to_owned(),
            key_type: KEY_TYPE.to_owned(),
        }
    }
}

/// Puts a key in a plan.
///
/// # Errors
/// Fails with [`OperationError::Validation`] if the type is wrong, with [`OperationError::NotFound`] if
/// the key or the plan does not exist, and with [`OperationError::Conflict`] if the key is in the plan
/// already, or in another plan with the same stage.
pub async fn create_plan_key(
    store: &Store,
    actor: &Actor,
    plan: &str,
    input: &CreatePlanKey,
) -> Result<PlanKey, OperationError> {
    if input.key_type != KEY_TYPE {
        let place = "createUsagePlanKeyInput.keyType";
        return Err(OperationError::not_among(
            &input.key_type,
            place,
            &[KEY_TYPE],
        ));
    }
    let key = keys::parse(&input.key_id)?;
    let plan = plans::parse(plan)?;
    in_change(store, async |change| add(change, actor, &plan, &key).await).await
}

/// As [`create_plan_key`], as a part of `change`.
pub(super) async fn add(
    change: &Change,
    actor: &Actor,
    plan: &PlanId,
    key: &KeyId,
) -> Result<PlanKey, OperationError> {
    if change.key(key).await?.is_none() {
        return Err(OperationError::not_found(keys::UNKNOWN));
    }
    plans::existing(change, plan).await?;
    if change.plan_key(plan, key).await?.is_some() {
        return Err(OperationError::Conflict(format!(
            "Usage Plan {plan} holds API Key {key} already"
        )));
    }
    check_one_plan(change, plan, Some(key)).await?;
    change.insert_plan_key(plan, key).await?;
    let entry = AuditEntry {
        actor,
        action: "CreateUsagePlanKey",
        target: &target(plan, key),
        before: None,
        after: Some(json!({"keyId": key, "usagePlanId": plan})),
    };
    change.audit(&entry).await?;
    let added = change.plan_key(plan, key).await?;
    added.ok_or_else(|| OperationError::Internal("an inserted plan key is gone".into()))
}

/// Checks that each key is in one plan per stage only. With `key`, it checks a key that is to join the
/// plan. Without, it checks all keys of the plan, which has a new stage. The database checks again at
/// the commit.
///
/// # Errors
/// Fails with [`OperationError::Conflict`], which names the key, its other plan and the stage.
pub(super) async fn check_one_plan(
    change: &Change,
    plan: &PlanId,
    key: Option<&KeyId>,
) -> Result<(), OperationError> {
    let Some(found) = change.plan_conflict(plan, key).await? else {
        return Ok(());
    };
    let key_name = found.key_name.map(|name| format!(" ('{name}')"));
    Err(OperationError::Conflict(format!(
        "API Key {}{} is in Usage Plan {} ('{}') with API Stage {{api: {API_ID}, stage: {}}} \
         already: a key can be in one usage plan per stage only. Take the key or the stage out \
         of that plan first",
        found.key,
        key_name.unwrap_or_default(),
        found.plan,
        found.plan_name,
        found.stage
    )))
}

/// Reads a key of a plan.
///
/// # Errors
/// Fails with [`OperationError::NotFound`] if the key or the plan does not exist, or if the key is not
/// in the plan.
pub async fn read_plan_key(
    store: &Store,
    plan: &str,
    key: &str,
) -> Result<PlanKey, OperationError> {
    let key = keys::parse(key)?;
    let plan = plans::parse(plan)?;
    if let Some(found) = store.plan_key(&plan, &key).await? {
        return Ok(found);
    }
    keys::read_key(store, key.as_str()).await?;
    plans::read_plan(store, plan.as_str()).await?;
    Err(OperationError::not_found(NOT_IN_PLAN))
}

/// Removes a key from a plan.
///
/// # Errors
/// Fails with [`OperationError::NotFound`] if the plan does not exist or the key is not in it.
pub async fn delete_plan_key(
    store: &Store,
    actor: &Actor,
    plan: &str,
    key: &str,
) -> Result<(), OperationError> {
    let plan = plans::parse(plan)?;
    let key = keys::parse(key)?;
    in_change(store, async |change| {
        plans::existing(change, &plan).await?;
        if change.plan_key(&plan, &key).await?.is_none() {
            return Err(OperationError::not_found(NOT_IN_PLAN));
        }
        change.delete_plan_key(&plan, &key).await?;
        let entry = AuditEntry {
            actor,
            action: "DeleteUsagePlanKey",
            target: &target(&plan, &key),
            before: Some(json!({"keyId": key, "usagePlanId": plan})),
            after: None,
        };
        Ok(change.audit(&entry).await?)
    })
    .await
}

fn target(plan: &PlanId, key: &KeyId) -> String {
    format!("/usageplans/{plan}/keys/{key}")
}
