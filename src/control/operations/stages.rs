//! Stages, each of which points to a deployment.
//!
//! To roll back, point the stage to an earlier deployment. Calls to a deleted stage are answered like
//! calls to an unknown one, and its games stay in the log.

use std::collections::BTreeMap;

use serde::Deserialize;
use time::OffsetDateTime;

use super::{OperationError, check_description, check_tags, filled, in_change, stage_patch};
use crate::config::StageName;
use crate::control::patch::PatchList;
use crate::control::wire;
use crate::stages;
use crate::store::control::{Actor, AuditEntry, Stage};
use crate::store::{Change, DeploymentId, Store};

const UNKNOWN_STAGE: &str = "Invalid Stage identifier specified";

pub(super) type Variables = BTreeMap<String, String>;

/// A stage to create.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct CreateStage {
    /// Required: a [`StageName`] that no other stage has.
    pub stage_name: Option<String>,
    /// Required: the id of a deployment that exists.
    pub deployment_id: Option<String>,
    /// At most 125,000 characters.
    pub description: Option<String>,
    /// At most 100. A name is 1 to 64 of `A-Z a-z 0-9 _`; a value has at most 512 characters. Names that
    /// begin with `rules_` are a deployment's.
    pub variables: Option<Variables>,
    /// With the limits of [`CreateKey::tags`](super::keys::CreateKey::tags).
    pub tags: Option<BTreeMap<String, String>>,
}

/// Creates a stage.
///
/// # Errors
/// Fails with [`OperationError::Conflict`] if the stage exists, and with
/// [`OperationError::BadRequest`] if a member is invalid or the deployment does not exist.
pub async fn create_stage(
    store: &Store,
    actor: &Actor,
    input: CreateStage,
) -> Result<Stage, OperationError> {
    let name = parse_stage(input.stage_name.as_deref().unwrap_or_default())?;
    let deployment = filled(input.deployment_id)
        .ok_or_else(|| OperationError::bad("Invalid deploymentId: it is missing"))?;
    let deployment = deployment
        .parse()
        .map_err(|_| OperationError::bad("Deployment id does not exist"))?;
    let variables = input.variables.unwrap_or_default();
    variables.keys().try_for_each(|name| check_owner(name))?;
    in_change(store, async |change| {
        if change.stage(name.as_str()).await?.is_some() {
            return Err(OperationError::Conflict("Stage already exists".into()));
        }
        check_target(change, &deployment).await?;
        let mut stage = new_stage(name, &deployment);
        stage.description = filled(input.description);
        stage.variables = variables;
        stage.tags = input.tags.unwrap_or_default();
        write_stage(change, actor, "CreateStage", None, &stage).await
    })
    .await
}

/// Reads a stage.
///
/// # Errors
/// Fails with [`OperationError::NotFound`] if no stage has this name.
pub async fn read_stage(store: &Store, name: &str) -> Result<Stage, OperationError> {
    let mut stages = store.stages().await?.into_iter();
    stages
        .find(|stage| stage.name.as_str() == name)
        .ok_or_else(|| OperationError::not_found(UNKNOWN_STAGE))
}

/// Applies a patch list to a stage. To deploy or roll back, replace `/deploymentId`.
///
/// # Errors
/// Fails with [`OperationError::NotFound`] if no stage has this name, and with
/// [`OperationError::BadRequest`] or [`OperationError::Validation`] if the list or its result is
/// invalid, or if the deployment does not exist.
pub async fn update_stage(
    store: &Store,
    actor: &Actor,
    name: &str,
    patches: &PatchList,
) -> Result<Stage, OperationError> {
    in_change(store, async |change| {
        let before = existing_stage(change, name).await?;
        let mut after = before.clone();
        patches.apply("updateStageInput", |patch| {
            stage_patch::apply(&mut after, patch)
        })?;
        check_target(change, &after.deployment).await?;
        write_stage(change, actor, "UpdateStage", Some(&before), &after).await
    })
    .await
}

/// Deletes a stage, and removes it from the plans that have it. Its games stay in the log.
///
/// # Errors
/// Fails with [`OperationError::NotFound`] if no stage has this name.
pub async fn delete_stage(store: &Store, actor: &Actor, name: &str) -> Result<(), OperationError> {
    in_change(store, async |change| {
        let before = existing_stage(change, name).await?;
        change.delete_stage(&before.name).await?;
        let entry = AuditEntry {
            actor,
            action: "DeleteStage",
            target: &format!("/stages/{name}"),
            before: Some(wire::stage(&before)),
            after: None,
        };
        Ok(change.audit(&entry).await?)
    })
    .await
}

/// Writes a stage and returns it as stored, with the database's times.
pub(super) async fn write_stage(
    change: &Change,
    actor: &Actor,
    action: &str,
    before: Option<&Stage>,
    after: &Stage,
) -> Result<Stage, OperationError> {
    check_description("Stage", after.description.as_deref())?;
    check_variables(&after.variables)?;
    check_tags(&after.tags)?;
    change.put_stage(after).await?;
    let written = existing_stage(change, after.name.as_str()).await?;
    let entry = AuditEntry {
        actor,
        action,
        target: &format!("/stages/{}", after.name),
        before: before.map(wire::stage),
        after: Some(wire::stage(&written)),
    };
    change.audit(&entry).await?;
    Ok(written)
}

pub(super) async fn existing_stage(change: &Change, name: &str) -> Result<Stage, OperationError> {
    let stage = change.stage(name).await?;
    stage.ok_or_else(|| OperationError::not_found(UNKNOWN_STAGE))
}

async fn check_target(change: &Change, id: &DeploymentId) -> Result<(), OperationError> {
    match change.deployment(id).await? {
        Some(_) => Ok(()),
        None => Err(OperationError::bad("Deployment id does not exist")),
    }
}

/// Refuses variables that name rules, which only a deployment has.
pub(super) fn check_owner(variable: &str) -> Result<(), OperationError> {
    if !stages::is_variable(variable) {
        return Ok(());
    }
    Err(OperationError::bad(format!(
        "Invalid stage variable '{variable}': rules belong to a deployment. Give it to \
         CreateDeployment"
    )))
}

fn check_variables(variables: &Variables) -> Result<(), OperationError> {
    let word = |name: &str| {
        !name.is_empty()
            && name.len() <= 64
            && name
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    };
    if variables.len() > 100 {
        return Err(OperationError::bad("Invalid variables: at most 100"));
    }
    for (name, value) in variables {
        if !word(name) || value.chars().count() > 512 {
            return Err(OperationError::bad(format!(
                "Invalid stage variable '{name}': a name is 1 to 64 of A-Z a-z 0-9 _, a value at \
                 most 512 characters"
            )));
        }
    }
    Ok(())
}

/// A new stage. The database sets its times.
pub(super) fn new_stage(name: StageName, deployment: &DeploymentId) -> Stage {
    Stage {
        name,
        deployment: deployment.clone(),
        description: None,
        variables: Variables::new(),
        tags: BTreeMap::new(),
        created_at: OffsetDateTime::UNIX_EPOCH,
        updated_at: OffsetDateTime::UNIX_EPOCH,
    }
}

pub(super) fn parse_stage(name: &str) -> Result<StageName, OperationError> {
    name.parse()
        .map_err(|error| OperationError::bad(format!("Invalid stageName: {error}")))
}
