//! `turnkey plan …`: manages usage plans from the shell.

use std::io::Write;

use serde_json::{Value, json};

use super::{CommandError, Output};
use crate::control::operations::plan_draft::{QuotaInput, ThrottleInput};
use crate::control::operations::plan_keys::{self, CreatePlanKey};
use crate::control::operations::plans::{self, ApiStage, CreatePlan};
use crate::control::operations::{API_ID, OperationError};
use crate::control::patch::{PatchList, PatchOperation};
use crate::control::wire;
use crate::store::control::{Actor, UsagePlan};
use crate::store::{PlanId, Store};

const PAGE_LENGTH: i64 = 500;

/// The commands on plans. A plan is named by its id or its name.
#[derive(Clone, Debug, clap::Subcommand)]
pub enum PlanCommand {
    /// Create a plan
    Create {
        name: String,
        /// A stage that the plan's keys may call; repeat the option for more stages
        #[arg(long = "stage", value_name = "STAGE")]
        stages: Vec<String>,
        #[command(flatten)]
        limits: Limits,
    },
    /// List all plans, newest first
    List,
    /// Show a plan and its keys
    Show { plan: String },
    /// Change a plan's name or limits
    Update {
        plan: String,
        #[arg(long, value_name = "NAME")]
        name: Option<String>,
        /// Remove the throttle
        #[arg(long, conflicts_with_all = ["rate", "burst"])]
        no_throttle: bool,
        /// Remove the quota
        #[arg(long, conflicts_with_all = ["quota", "period", "offset"])]
        no_quota: bool,
        #[command(flatten)]
        limits: Limits,
    },
    /// Delete a plan that has no stages
    Delete { plan: String },
    /// Put a key, named by its id or its name, in a plan
    AddKey { plan: String, key: String },
    /// Take a key, named by its id or its name, out of a plan
    RemoveKey { plan: String, key: String },
    /// Let a plan's keys call a stage
    AddStage { plan: String, stage: String },
    /// Stop a plan's keys from calling a stage
    RemoveStage { plan: String, stage: String },
}

/// The limits of each key of a plan.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Limits {
    /// Calls per second of each key in the long run
    #[arg(long, value_name = "NUMBER")]
    pub rate: Option<f64>,
    /// Calls of each key at once [default: the calls of one second if only --rate is given]
    #[arg(long, value_name = "NUMBER")]
    pub burst: Option<i32>,
    /// Calls of each key per period; needs --period
    #[arg(long, value_name = "NUMBER")]
    pub quota: Option<i64>,
    /// The quota's period: day, week or month
    #[arg(long, value_name = "PERIOD")]
    pub period: Option<String>,
    /// Day on which the week (0 is Sunday) or the month (0 is the first) begins
    #[arg(long, value_name = "DAY")]
    pub offset: Option<i32>,
}

/// The id of the plan with this id or name.
///
/// # Errors
/// [`OperationError::NotFound`]; [`OperationError::Conflict`] if several have the name.
pub async fn find(store: &Store, plan: &str) -> Result<PlanId, OperationError> {
    if let Ok(id) = plan.parse::<PlanId>()
        && store.usage_plan(&id).await?.is_some()
    {
        return Ok(id);
    }
    let named = super::named::only("usage plans", plan, store.plans_named(plan).await?)?;
    let unknown = || OperationError::NotFound(format!("there is no usage plan {plan:?}"));
    named.ok_or_else(unknown)
}

/// Runs the command and prints the outcome to `out`.
pub async fn run(
    store: &Store,
    command: PlanCommand,
    output: Output,
    out: &mut (dyn Write + Send),
) -> Result<(), CommandError> {
    let actor = &Actor::command_line();
    let changed = match command {
        PlanCommand::List => return list(store, output, out).await,
        PlanCommand::Show { plan } => {
            let id = find(store, &plan).await?;
            return show(store, &id, output, out).await;
        }
        PlanCommand::Create {
            name,
            stages,
            limits,
        } => plans::create_plan(store, actor, new_plan(name, stages, limits)).await?,
        PlanCommand::Update {
            plan,
            name,
            no_throttle,
            no_quota,
            limits,
        } => {
            let id = find(store, &plan).await?;
            let mut patches = limit_patches(&limits);
            let replaced = name.map(|name| PatchOperation::new("replace", "/name", &name));
            patches.extend(replaced);
            let removed = [(no_throttle, "/throttle"), (no_quota, "/quota")];
            let removed = removed.into_iter().filter(|(is_removed, _)| *is_removed);
            patches.extend(removed.map(|(_, path)| PatchOperation::new("remove", path, "")));
            patch(store, actor, &id, patches).await?
        }
        PlanCommand::AddStage { plan, stage } => {
            let id = find(store, &plan).await?;
            patch(store, actor, &id, vec![stage_patch("add", &stage)]).await?
        }
        PlanCommand::RemoveStage { plan, stage } => {
            let id = find(store, &plan).await?;
            patch(store, actor, &id, vec![stage_patch("remove", &stage)]).await?
        }
        PlanCommand::AddKey { plan, key } => {
            let id = find(store, &plan).await?;
            let key = super::key::find_or_keep(store, &key).await?;
            let input = CreatePlanKey::new(&key);
            plan_keys::create_plan_key(store, actor, id.as_str(), &input).await?;
            return show(store, &id, output, out).await;
        }
        PlanCommand::RemoveKey { plan, key } => {
            let id = find(store, &plan).await?;
            let key = super::key::find_or_keep(store, &key).await?;
            plan_keys::delete_plan_key(store, actor, id.as_str(), &key).await?;
            return show(store, &id, output, out).await;
        }
        PlanCommand::Delete { plan } => {
            let id = find(store, &plan).await?;
            plans::delete_plan(store, actor, id.as_str()).await?;
            match output {
                Output::People => writeln!(out, "{id} deleted")?,
                Output::Json => writeln!(out, "{}", json!({ "id": id }))?,
            }
            return Ok(());
        }
    };
    show(store, &changed.id, output, out).await
}

fn new_plan(name: String, stages: Vec<String>, limits: Limits) -> CreatePlan {
    let stages = stages.into_iter().map(|stage| ApiStage {
        api_id: Some(API_ID.to_owned()),
        stage: Some(stage),
        throttle: None,
    });
    let throttle = Some(ThrottleInput {
        rate_limit: limits.rate,
        burst_limit: limits.burst,
    });
    let quota = Some(QuotaInput {
        limit: limits.quota,
        offset: limits.offset,
        period: limits.period.map(|period| period.to_ascii_uppercase()),
    });
    CreatePlan {
        name: Some(name),
        description: None,
        api_stages: Some(stages.collect()),
        throttle: throttle.filter(|throttle| *throttle != ThrottleInput::default()),
        quota: quota.filter(|quota| *quota != QuotaInput::default()),
        tags: None,
    }
}

fn limit_patches(limits: &Limits) -> Vec<PatchOperation> {
    let texts = [
        (
            "/throttle/rateLimit",
            limits.rate.map(|rate| rate.to_string()),
        ),
        (
            "/throttle/burstLimit",
            limits.burst.map(|burst| burst.to_string()),
        ),
        ("/quota/limit", limits.quota.map(|quota| quota.to_string())),
        (
            "/quota/period",
            limits
                .period
                .as_ref()
                .map(|period| period.to_ascii_uppercase()),
        ),
        (
            "/quota/offset",
            limits.offset.map(|offset| offset.to_string()),
        ),
    ];
    let set = texts
        .into_iter()
        .filter_map(|(path, text)| Some((path, text?)));
    set.map(|(path, text)| PatchOperation::new("replace", path, &text))
        .collect()
}

fn stage_patch(op: &str, stage: &str) -> PatchOperation {
    PatchOperation::new(op, "/apiStages", &format!("{API_ID}:{stage}"))
}

async fn patch(
    store: &Store,
    actor: &Actor,
    id: &PlanId,
    patch_operations: Vec<PatchOperation>,
) -> Result<UsagePlan, OperationError> {
    let patches = PatchList::of(patch_operations);
    plans::update_plan(store, actor, id.as_str(), &patches).await
}

async fn list(
    store: &Store,
    output: Output,
    out: &mut (dyn Write + Send),
) -> Result<(), CommandError> {
    let mut found: Vec<UsagePlan> = Vec::new();
    loop {
        let after = found
            .last()
            .map(|last| (last.created_at, last.id.to_string()));
        let page = store.usage_plans(None, after.as_ref(), PAGE_LENGTH).await;
        let page = page.map_err(OperationError::from)?;
        if page.is_empty() {
            break;
        }
        found.extend(page);
    }
    match output {
        Output::Json => {
            let shown: Vec<Value> = found.iter().map(wire::usage_plan).collect();
            writeln!(out, "{}", Value::from(shown))?;
        }
        Output::People => {
            let heads = ["ID", "NAME", "STAGES", "THROTTLE", "QUOTA"];
            super::table::print(out, &heads, found.iter().map(row))?;
        }
    }
    Ok(())
}

async fn show(
    store: &Store,
    id: &PlanId,
    output: Output,
    out: &mut (dyn Write + Send),
) -> Result<(), CommandError> {
    let plan = plans::read_plan(store, id.as_str()).await?;
    let keys = store.plan_keys(id.as_str(), None, None, PAGE_LENGTH).await;
    let keys = keys.map_err(OperationError::from)?;
    match output {
        Output::Json => {
            let mut shown = wire::usage_plan(&plan);
            shown["keys"] = keys.iter().map(wire::plan_key).collect();
            writeln!(out, "{shown}")?;
        }
        Output::People => {
            let names = ["id", "name", "stages", "throttle", "quota"];
            for (name, cell) in names.into_iter().zip(row(&plan)) {
                writeln!(out, "{name:8}  {cell}")?;
            }
            for (stage, throttles) in &plan.stages {
                for (method, throttle) in throttles {
                    let (rate, burst) = (throttle.rate, throttle.burst);
                    writeln!(out, "{stage}{method}  {rate} a second, {burst} at once")?;
                }
            }
            let rows = keys
                .iter()
                .map(|key| vec![key.id.to_string(), key.name.clone().unwrap_or_default()]);
            super::table::print(out, &["KEY", "NAME"], rows)?;
        }
    }
    Ok(())
}

fn row(plan: &UsagePlan) -> Vec<String> {
    let stages: Vec<&str> = plan.stages.keys().map(String::as_str).collect();
    let throttle = plan
        .throttle
        .map(|throttle| format!("{} a second, {} at once", throttle.rate, throttle.burst));
    let quota = plan.quota.map(|quota| {
        format!(
            "{} a {}",
            quota.limit,
            quota.period.name().to_ascii_lowercase()
        )
    });
    let or_dash = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
    vec![
        plan.id.to_string(),
        plan.name.clone(),
        or_dash(Some(stages.join(", ")).filter(|text| !text.is_empty())),
        or_dash(throttle),
        or_dash(quota),
    ]
}
