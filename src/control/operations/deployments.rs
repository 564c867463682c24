//! Deployments: snapshots of what is set for the API, and of the rules that its stages serve.
//!
//! The settings of methods take effect on a stage only through a deployment, and so do rules. What was
//! deployed never changes.

use serde::Deserialize;

use super::stages::{Variables, new_stage, parse_stage, write_stage};
use super::{OperationError, check_description, filled, in_change};
use crate::control::patch::{PatchList, Paths, REPLACE_REMOVE};
use crate::control::wire;
use crate::rules::Rulebook;
use crate::stages::{self, NamedRules};
use crate::store::control::{Actor, AuditEntry, Deployment};
use crate::store::{Change, DeploymentId, Store};

const UNKNOWN_DEPLOYMENT: &str = "Invalid Deployment identifier specified";
const DEPLOYMENT_PATHS: &Paths = &[("/description", REPLACE_REMOVE)];

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
    /// `rules_<variant>`, with `_` for `-`, names the version of the variant's rules: see
    /// [`NamedRules`]. The others are added to those of the stage, with the limits of
    /// [`CreateStage::variables`](super::stages::CreateStage::variables), and need a `stage_name`.
    pub variables: Option<Variables>,
}

/// Creates a deployment: a snapshot of the current settings, with the rules that are named. Variants
/// that are not named have the rules of the stage's deployment, or, where no stage is named, of the
/// newest deployment; see [`stages::next_rules`]. If a stage is named, it then points to the deployment.
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
    let book = Rulebook::built_in();
    let mut variables = input.variables.unwrap_or_default();
    let named = NamedRules::take(&book, &mut variables)
        .map_err(|error| OperationError::bad(format!("Invalid rules: {error}")))?;
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
        let stage = match &stage_name {
            Some(name) => change.stage(name.as_str()).await?,
            None => None,
        };
        let before = match (&stage_name, &stage) {
            (Some(_), Some(stage)) => change.deployment(&stage.deployment).await?,
            (Some(_), None) => None,
            (None, _) => change.newest_deployment().await?,
        };
        let rules = stages::next_rules(&book, named, before.as_ref());
        change
            .insert_deployment(&id, description.as_deref(), &rules)
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
            let mut pointed = stage.clone().unwrap_or_else(|| new_stage(name, &id));
            pointed.deployment = id;
            pointed.description = stage_description.or(pointed.description);
            pointed.variables.extend(variables);
            let action = match stage {
                Some(_) => "UpdateStage",
                None => "CreateStage",
            };
            write_stage(change, actor, action, stage.as_ref(), &pointed).await?;
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

async fn existing_deployment(
    change: &Change,
    id: &DeploymentId,
) -> Result<Deployment, OperationError> {
    let deployment = change.deployment(id).await?;
    deployment.ok_or_else(|| OperationError::not_found(UNKNOWN_DEPLOYMENT))
}

fn parse_deployment(id: &str) -> Result<DeploymentId, OperationError> {
    id.parse()
        .map_err(|_| OperationError::not_found(UNKNOWN_DEPLOYMENT))
}
