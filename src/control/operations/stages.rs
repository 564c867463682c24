//! Deployments, and the stages that point to them.
//!
//! The settings of methods take effect on a stage only through a deployment. To roll back, point the
//! stage to an earlier deployment. Calls to a deleted stage are answered like calls to an unknown one,
//! and its games stay in the log.

use std::collections::BTreeMap;

use serde::Deserialize;
use time::OffsetDateTime;

use super::{OperationError, check_description, check_tags, filled, in_change, stage_patch};
use crate::config::StageName;
use crate::control::patch::{PatchList, Paths, REPLACE_REMOVE};
use crate::control::wire;
use crate::rules::Rulebook;
use crate::store::control::{Actor, AuditEntry, Deployment, Stage};
use crate::store::{Change, DeploymentId, Store};

const UNKNOWN_DEPLOYMENT: &str = "Invalid Deployment identifier specified";
const UNKNOWN_STAGE: &str = "Invalid Stage identifier specified";
const DEPLOYMENT_PATHS: &Paths = &[("/description", REPLACE_REMOVE)];

type Variables = BTreeMap<String, String>;

/// A deployment to create. An empty text counts as absent.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct CreateDeployment {
    /// The stage to point to the new deployment. It is created if it does not exist.
    pub stage_name: Option<String>,
    /// The new description of the stage, at most 125,000 characters. It needs a `stage_name`.
    pub stage_description: Option<String>,
    /// The description of the deployment, at most 125,000 characters.
    pub description: Option<String>,
    /// Variables to add to those of the stage, with the limits of [`CreateStage::variables`]. They need
    /// a `stage_name`.
    pub variables: Option<Variables>,
}

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
    /// At most 100. A name is 1 to 64 of `A-Z a-z 0-9 _`; a value has at most 512 characters.
    pub variables: Option<Variables>,
    /// With the limits of [`CreateKey::tags`](super::keys::CreateKey::tags).
    pub tags: Option<BTreeMap<String, String>>,
}

/// Creates a deployment: a snapshot of the current settings. If a stage is named, it then points to
/// the deployment.
///
/// # Errors
/// Fails with [`OperationError::BadRequest`] if a member is invalid, or if a member of the stage is
/// given without `stage_name`.
pub async fn create_deployment(
    store: &Store,
    actor: &Actor,
    input: CreateDeployment,
) -> Result<Deployment, OperationError> {
    let stage_name = filled(input.stage_name);
    let stage_name = stage_name.as_deref().map(parse_stage).transpose()?;
    let description = filled(input.description);
    let stage_description = filled(input.stage_description);
    check_description("Deployment", description.as_deref())?;
    check_description("Stage", stage_description.as_deref())?;
    let variables = input.variables.unwrap_or_default();
    let of_stage = [
        ("stageDescription", stage_description.is_some()),
        ("variables", !variables.is_empty()),
    ];
    if let (None, Some((member, _))) = (&stage_name, of_stage.iter().find(|(_, is_set)| *is_set)) {
        return Err(OperationError::bad(format!(
            "Invalid {member}: it belongs to a stage, and stageName names none"
        )));
    }
    in_change(store, async |change| {
        let id = DeploymentId::generate();
        change
            .insert_deployment(
                &id,
                description.as_deref(),
                &Rulebook::built_in().newest_versions(),
            )
            .await?;
        let deployment = existing_deployment(change, &id).await?;
        let entry = AuditEntry {
            actor,
            action: "CreateDeployment",
            target: &format!("/deployments/{id}"),
            before: None,
            after: Some(wire::deployment_with_summary(&deployment)),
        };
        change.audit(&entry).await?;
        if let Some(name) = stage_name {
            let before = change.stage(name.as_str()).await?;
            let mut stage = before.clone().unwrap_or_else(|| new_stage(name, &id));
            stage.deployment = id;
            stage.description = stage_description.or(stage.description);
            stage.variables.extend(variables);
            let action = match before {
                Some(_) => "UpdateStage",
                None => "CreateStage",
            };
            write_stage(change, actor, action, before.as_ref(), &stage).await?;
        }
        Ok(deployment)
    })
    .await
}

/// Reads a deployment.
///
/// # Errors
/// Fails with [`OperationError::NotFound`] if no deployment has this id.
pub async fn read_deployment(store: &Store, id: &str) -> Result<Deployment, OperationError> {
    let deployment = store.deployment(&parse_deployment(id)?).await?;
    deployment.ok_or_else(|| OperationError::not_found(UNKNOWN_DEPLOYMENT))
}

/// Changes the description of a deployment. The snapshot itself never changes.
///
/// # Errors
/// Fails with [`OperationError::NotFound`] if no deployment has this id, and with
/// [`OperationError::BadRequest`] or [`OperationError::Validation`] if the list or its result is
/// invalid.
pub async fn update_deployment(
    store: &Store,
    actor: &Actor,
    id: &str,
    patches: &PatchList,
) -> Result<Deployment, OperationError> {
    let id = parse_deployment(id)?;
    in_change(store, async |change| {
        let before = existing_deployment(change, &id).await?;
        let mut after = before.clone();
        patches.apply("updateDeploymentInput", |patch| {
            patch.op_of(DEPLOYMENT_PATHS)?;
            after.description = patch.optional_text();
            Ok(())
        })?;
        check_description("Deployment", after.description.as_deref())?;
        change
            .describe_deployment(&id, after.description.as_deref())
            .await?;
        let entry = AuditEntry {
            actor,
            action: "UpdateDeployment",
            target: &format!("/deployments/{id}"),
            before: Some(wire::deployment(&before)),
            after: Some(wire::deployment(&after)),
        };
        change.audit(&entry).await?;
        Ok(after)
    })
    .await
}

/// Deletes a deployment that no stage points to.
///
/// # Errors
/// Fails with [`OperationError::NotFound`] if no deployment has this id, and with
/// [`OperationError::BadRequest`] if a stage points to it.
pub async fn delete_deployment(
    store: &Store,
    actor: &Actor,
    id: &str,
) -> Result<(), OperationError> {
    let id = parse_deployment(id)?;
    in_change(store, async |change| {
        let before = existing_deployment(change, &id).await?;
        let stages = change.stages().await?;
        if stages.iter().any(|stage| stage.deployment == id) {
            return Err(OperationError::bad(
                "Active stages pointing to this deployment must be moved or deleted",
            ));
        }
        change.delete_deployment(&id).await?;
        let entry = AuditEntry {
            actor,
            action: "DeleteDeployment",
            target: &format!("/deployments/{id}"),
            before: Some(wire::deployment_with_summary(&before)),
            after: None,
        };
        Ok(change.audit(&entry).await?)
    })
    .await
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
    in_change(store, async |change| {
        if change.stage(name.as_str()).await?.is_some() {
            return Err(OperationError::Conflict("Stage already exists".into()));
        }
        check_target(change, &deployment).await?;
        let mut stage = new_stage(name, &deployment);
        stage.description = filled(input.description);
        stage.variables = input.variables.unwrap_or_default();
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

async fn existing_deployment(
    change: &Change,
    id: &DeploymentId,
) -> Result<Deployment, OperationError> {
    let deployment = change.deployment(id).await?;
    deployment.ok_or_else(|| OperationError::not_found(UNKNOWN_DEPLOYMENT))
}

async fn check_target(change: &Change, id: &DeploymentId) -> Result<(), OperationError> {
    match change.deployment(id).await? {
        Some(_) => Ok(()),
        None => Err(OperationError::bad("Deployment id does not exist")),
    }
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
fn new_stage(name: StageName, deployment: &DeploymentId) -> Stage {
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

fn parse_stage(name: &str) -> Result<StageName, OperationError> {
    name.parse()
        .map_err(|error| OperationError::bad(format!("Invalid stageName: {error}")))
}

fn parse_deployment(id: &str) -> Result<DeploymentId, OperationError> {
    id.parse()
        .map_err(|_| OperationError::not_found(UNKNOWN_DEPLOYMENT))
}
