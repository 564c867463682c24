//! `turnkey deploy`: brings the current settings to a stage.

use std::io::Write;

use super::{CommandError, Output};
use crate::control::operations::stages::{self, CreateDeployment};
use crate::control::wire;
use crate::store::Store;
use crate::store::control::Actor;

#[derive(Clone, Debug, clap::Args)]
pub struct DeployOptions {
    /// The stage to point to the new deployment; it is created if it does not exist
    pub stage: String,

    /// What this deployment changes
    #[arg(long, value_name = "TEXT")]
    pub description: Option<String>,
}

/// Deploys the current settings to a stage and prints the deployment to `out`.
pub async fn run(
    store: &Store,
    options: DeployOptions,
    output: Output,
    out: &mut (dyn Write + Send),
) -> Result<(), CommandError> {
    let input = CreateDeployment {
        stage_name: Some(options.stage.clone()),
        description: options.description,
        ..CreateDeployment::default()
    };
    let deployment = stages::create_deployment(store, &Actor::command_line(), input).await?;
    match output {
        Output::People => writeln!(
            out,
            "Stage {} is at deployment {}.",
            options.stage, deployment.id
        )?,
        Output::Json => {
            let mut shown = wire::deployment(&deployment);
            shown["stageName"] = options.stage.into();
            writeln!(out, "{shown}")?;
        }
    }
    Ok(())
}
