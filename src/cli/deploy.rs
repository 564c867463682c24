//! `turnkey deploy`: brings the current settings and rules to a stage.

use std::collections::BTreeMap;
use std::io::Write;

use super::{CommandError, Output};
use crate::control::operations::deployments::{self, CreateDeployment};
use crate::control::wire;
use crate::stages;
use crate::store::Store;
use crate::store::control::Actor;

/// What to deploy, and where.
#[derive(Clone, Debug, clap::Args)]
#[command(group = clap::ArgGroup::new("where").required(true))]
pub struct DeployOptions {
    /// The stage to point to the new deployment; it is created if it does not exist
    #[arg(value_name = "STAGE", group = "where")]
    pub name: Option<String>,

    /// The same, by a name of its own
    #[arg(long, value_name = "STAGE", group = "where")]
    pub stage: Option<String>,

    /// The rules of new games, such as gomoku=2; others stay as on this stage, else the newest
    #[arg(long, value_name = "VARIANT=VERSION", num_args = 1.., value_parser = parse_rules)]
    pub rules: Vec<(String, String)>,

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
    let stage = options.name.or(options.stage);
    let input = CreateDeployment {
        stage_name: stage.clone(),
        description: options.description,
        variables: Some(variables(options.rules)?),
        ..CreateDeployment::default()
    };
    let actor = &Actor::command_line();
    let deployment = deployments::create_deployment(store, actor, input).await?;
    let stage = stage.unwrap_or_default();
    match output {
        Output::People => {
            writeln!(out, "Stage {stage} is at deployment {}.", deployment.id)?;
            for (variant, version) in &deployment.rules {
                writeln!(out, "new games of {variant} have rules {version}")?;
            }
        }
        Output::Json => {
            let mut shown = wire::deployment(&deployment);
            shown["stageName"] = stage.into();
            shown["rules"] = serde_json::json!(deployment.rules);
            writeln!(out, "{shown}")?;
        }
    }
    Ok(())
}

fn parse_rules(text: &str) -> Result<(String, String), String> {
    let (variant, version) = text
        .split_once('=')
        .ok_or("write a variant and a version, such as gomoku=2")?;
    Ok((variant.to_owned(), version.to_owned()))
}

/// The variables of CreateDeployment that name these rules.
fn variables(rules: Vec<(String, String)>) -> Result<BTreeMap<String, String>, CommandError> {
    let mut variables = BTreeMap::new();
    for (variant, version) in rules {
        let name = stages::variable(&variant);
        if variables.insert(name, version).is_some() {
            let reason = format!("--rules names {variant} twice: name one version of it");
            return Err(CommandError::usage(reason));
        }
    }
    Ok(variables)
}
