//! `turnkey stage …`: manages the stages of a database from the shell.

use std::io::Write;

use serde_json::{Value, json};

use super::{CommandError, Output};
use crate::control::operations::{OperationError, deployments, stages};
use crate::control::patch::{PatchList, PatchOperation};
use crate::control::wire;
use crate::store::Store;
use crate::store::control::{Actor, Deployment, Stage};

const PAGE_LENGTH: i64 = 500;

/// The commands on stages.
#[derive(Clone, Debug, clap::Subcommand)]
pub enum StageCommand {
    /// List all stages
    List,
    /// Show a stage and its deployment
    Show { stage: String },
    /// List all deployments, newest first
    Deployments,
    /// Point a stage to another deployment, for example to roll back
    Point { stage: String, deployment: String },
    /// Delete a stage; its games stay in the log
    Delete { stage: String },
}

/// Runs the command and prints the outcome to `out`.
pub async fn run(
    store: &Store,
    command: StageCommand,
    output: Output,
    out: &mut (dyn Write + Send),
) -> Result<(), CommandError> {
    let actor = &Actor::command_line();
    match command {
        StageCommand::List => {
            let found = store.stages().await.map_err(OperationError::from)?;
            print(&found, output, out)
        }
        StageCommand::Show { stage } => {
            let stage = stages::read_stage(store, &stage).await?;
            let id = stage.deployment.as_str();
            let deployment = deployments::read_deployment(store, id).await?;
            show(&stage, &deployment, output, out)
        }
        StageCommand::Deployments => {
            let found = store.deployments(None, PAGE_LENGTH).await;
            print_deployments(&found.map_err(OperationError::from)?, output, out)
        }
        StageCommand::Point { stage, deployment } => {
            let to = PatchOperation::new("replace", "/deploymentId", &deployment);
            let patches = PatchList::of(vec![to]);
            let stage = stages::update_stage(store, actor, &stage, &patches).await?;
            print(&[stage], output, out)
        }
        StageCommand::Delete { stage } => {
            stages::delete_stage(store, actor, &stage).await?;
            match output {
                Output::People => writeln!(out, "{stage} deleted")?,
                Output::Json => writeln!(out, "{}", json!({"stageName": stage}))?,
            }
            Ok(())
        }
    }
}

fn print(
    found: &[Stage],
    output: Output,
    out: &mut (dyn Write + Send),
) -> Result<(), CommandError> {
    match output {
        Output::Json => {
            let shown: Vec<Value> = found.iter().map(wire::stage).collect();
            writeln!(out, "{}", Value::from(shown))?;
        }
        Output::People => {
            let rows = found.iter().map(|stage| {
                vec![
                    stage.name.to_string(),
                    stage.deployment.to_string(),
                    stage.description.clone().unwrap_or_else(|| "-".to_owned()),
                ]
            });
            super::table::print(out, &["STAGE", "DEPLOYMENT", "DESCRIPTION"], rows)?;
        }
    }
    Ok(())
}

fn show(
    stage: &Stage,
    deployment: &Deployment,
    output: Output,
    out: &mut (dyn Write + Send),
) -> Result<(), CommandError> {
    match output {
        Output::Json => {
            let mut shown = wire::stage(stage);
            shown["deployment"] = wire::deployment_with_summary(deployment);
            writeln!(out, "{shown}")?;
        }
        Output::People => {
            print(std::slice::from_ref(stage), output, out)?;
            for (variant, version) in &deployment.rules {
                writeln!(out, "new games of {variant} have rules {version}")?;
            }
            let open = deployment.methods.iter().flat_map(|(path, verbs)| {
                let open = verbs.iter().filter(|(_, needs_key)| !**needs_key);
                open.map(move |(verb, _)| format!("{verb} {path}"))
            });
            let open: Vec<String> = open.collect();
            if open.is_empty() {
                writeln!(out, "every method needs a key")?;
            } else {
                writeln!(out, "every method needs a key but {}", open.join(", "))?;
            }
        }
    }
    Ok(())
}

fn print_deployments(
    found: &[Deployment],
    output: Output,
    out: &mut (dyn Write + Send),
) -> Result<(), CommandError> {
    match output {
        Output::Json => {
            let shown: Vec<Value> = found.iter().map(wire::deployment).collect();
            writeln!(out, "{}", Value::from(shown))?;
        }
        Output::People => {
            let rows = found.iter().map(|deployment| {
                let text = deployment.description.clone();
                vec![
                    deployment.id.to_string(),
                    super::key::date(deployment.created_at),
                    text.unwrap_or_else(|| "-".to_owned()),
                ]
            });
            super::table::print(out, &["DEPLOYMENT", "CREATED", "DESCRIPTION"], rows)?;
        }
    }
    Ok(())
}
