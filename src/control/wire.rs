//! The JSON of answers, in API Gateway's format: absent members are left out, and times are epoch
//! seconds.
//!
//! The audit log records the same JSON, so it holds no secret either.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};
use time::OffsetDateTime;

use super::operations::API_ID;
use super::operations::account::USAGE_PLANS;
use super::operations::usage::{Usage, format_day};
use super::request::text_position;
use super::resources::{Resource, root_id};
use crate::http::routes::Endpoint;
use crate::store::control::{ApiSettings, Audited, Deployment, PlanKey, Stage, UsagePlan};
use crate::store::keys::ApiKey;
use crate::store::usage::DayOfUsage;

/// Whether a method needs a key, by path (`/game/{gameId}`) and verb (`GET`). A method that is
/// missing here needs one.
pub type Methods = BTreeMap<String, BTreeMap<String, bool>>;

/// The JSON of a key, without its value.
pub fn api_key(key: &ApiKey) -> Value {
    object([
        ("id", Some(json!(key.id))),
        ("name", key.name.as_ref().map(|name| json!(name))),
        ("customerId", key.customer_id.as_ref().map(|id| json!(id))),
        (
            "description",
            key.description.as_ref().map(|text| json!(text)),
        ),
        ("enabled", Some(json!(key.enabled))),
        ("createdDate", Some(seconds(key.created_at))),
        ("lastUpdatedDate", Some(seconds(key.updated_at))),
        ("stageKeys", Some(json!([]))),
        ("tags", Some(json!(key.tags))),
        ("expiresDate", key.expires_at.map(seconds)),
        ("lastUsedDate", key.last_used_at.map(seconds)),
    ])
}

/// The JSON of a usage plan with its stages and limits.
pub fn usage_plan(plan: &UsagePlan) -> Value {
    let stages: Vec<Value> = plan
        .stages
        .iter()
        .map(|(stage, throttle)| {
            object([
                ("apiId", Some(json!(API_ID))),
                ("stage", Some(json!(stage))),
                ("throttle", (!throttle.is_empty()).then(|| json!(throttle))),
            ])
        })
        .collect();
    object([
        ("id", Some(json!(plan.id))),
        ("name", Some(json!(plan.name))),
        (
            "description",
            plan.description.as_ref().map(|text| json!(text)),
        ),
        ("apiStages", Some(json!(stages))),
        ("throttle", plan.throttle.map(|throttle| json!(throttle))),
        ("quota", plan.quota.map(|quota| json!(quota))),
        (
            "productCode",
            plan.product_code.as_ref().map(|code| json!(code)),
        ),
        ("tags", Some(json!(plan.tags))),
    ])
}

/// The JSON of a key in a plan. It has no `value`, which was shown once, when the key was made.
pub fn plan_key(key: &PlanKey) -> Value {
    object([
        ("id", Some(json!(key.id))),
        ("type", Some(json!("API_KEY"))),
        ("name", key.name.as_ref().map(|name| json!(name))),
    ])
}

/// The JSON of the API. Name, description, date and tags are stored; the other members are fixed.
pub fn rest_api(api: &ApiSettings) -> Value {
    object([
        ("id", Some(json!(API_ID))),
        ("name", Some(json!(api.name))),
        (
            "description",
            api.description.as_ref().map(|text| json!(text)),
        ),
        ("createdDate", Some(seconds(api.created_at))),
        ("apiKeySource", Some(json!("HEADER"))),
        (
            "endpointConfiguration",
            Some(json!({"types": ["REGIONAL"]})),
        ),
        ("disableExecuteApiEndpoint", Some(json!(false))),
        ("rootResourceId", Some(json!(root_id()))),
        ("tags", Some(json!(api.tags))),
    ])
}

/// The JSON of a resource. `methods` are the current settings, which only [`Embed::Methods`] shows.
pub fn resource(resource: &Resource, methods: &Methods, embed: Embed) -> Value {
    let verbs: Map<String, Value> = resource
        .endpoints()
        .map(|endpoint| {
            let shown = match embed {
                Embed::Nothing => json!({}),
                Embed::Methods => method(endpoint, methods),
            };
            (endpoint.verb.to_string(), shown)
        })
        .collect();
    object([
        ("id", Some(json!(resource.id))),
        ("parentId", resource.parent_id.as_ref().map(|id| json!(id))),
        (
            "pathPart",
            Some(&resource.path_part)
                .filter(|part| !part.is_empty())
                .map(|part| json!(part)),
        ),
        ("path", Some(json!(resource.path))),
        (
            "resourceMethods",
            (!verbs.is_empty()).then_some(Value::Object(verbs)),
        ),
    ])
}

/// How much of each method a resource shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Embed {
    /// The verb only.
    Nothing,
    /// The whole method, as [`method`] writes it.
    Methods,
}

/// The JSON of a method. `methods` decides whether it needs a key.
pub fn method(endpoint: &Endpoint, methods: &Methods) -> Value {
    json!({
        "httpMethod": endpoint.verb.as_str(),
        "authorizationType": "NONE",
        "apiKeyRequired": needs_key(endpoint, methods),
        "operationName": endpoint.operation,
    })
}

/// Whether a method needs a key. It does if `methods` has no setting for it.
pub fn needs_key(endpoint: &Endpoint, methods: &Methods) -> bool {
    methods
        .get(endpoint.path)
        .and_then(|verbs| verbs.get(endpoint.verb.as_str()))
        .copied()
        .unwrap_or(true)
}

/// The JSON of a deployment, without its methods and rules.
pub fn deployment(deployment: &Deployment) -> Value {
    object([
        ("id", Some(json!(deployment.id))),
        (
            "description",
            deployment.description.as_ref().map(|text| json!(text)),
        ),
        ("createdDate", Some(seconds(deployment.created_at))),
    ])
}

/// The JSON of a deployment with `apiSummary` and, beyond API Gateway, `rules`: the rules version of
/// new games, by variant.
pub fn deployment_with_summary(deployed: &Deployment) -> Value {
    let mut summary: BTreeMap<&str, Map<String, Value>> = BTreeMap::new();
    for endpoint in &crate::http::routes::ENDPOINTS {
        let needs_key = needs_key(endpoint, &deployed.methods);
        let method = json!({"authorizationType": "NONE", "apiKeyRequired": needs_key});
        summary
            .entry(endpoint.path)
            .or_default()
            .insert(endpoint.verb.to_string(), method);
    }
    let mut shown = deployment(deployed);
    shown["apiSummary"] = json!(summary);
    shown["rules"] = json!(deployed.rules);
    shown
}

/// The JSON of a stage. Its members for the cache, tracing and method settings are fixed: there are none.
pub fn stage(stage: &Stage) -> Value {
    object([
        ("stageName", Some(json!(stage.name))),
        ("deploymentId", Some(json!(stage.deployment))),
        (
            "description",
            stage.description.as_ref().map(|text| json!(text)),
        ),
        ("cacheClusterEnabled", Some(json!(false))),
        ("cacheClusterStatus", Some(json!("NOT_AVAILABLE"))),
        ("methodSettings", Some(json!({}))),
        (
            "variables",
            (!stage.variables.is_empty()).then(|| json!(stage.variables)),
        ),
        ("tracingEnabled", Some(json!(false))),
        ("createdDate", Some(seconds(stage.created_at))),
        ("lastUpdatedDate", Some(seconds(stage.updated_at))),
        ("tags", Some(json!(stage.tags))),
    ])
}

/// The JSON of usage. `values` has a list of days for each key id. Each day is the list of the calls
/// used and, if the plan has a quota, the calls remaining.
pub fn usage(usage: &Usage) -> Value {
    let values: BTreeMap<&str, Vec<Vec<i64>>> = usage
        .keys
        .iter()
        .map(|(key, days)| {
            let day = |day: &DayOfUsage| [Some(day.used), day.remaining].into_iter().flatten();
            let days = days.iter().map(|found| day(found).collect()).collect();
            (key.as_str(), days)
        })
        .collect();
    object([
        ("usagePlanId", Some(json!(usage.plan))),
        ("startDate", Some(json!(format_day(usage.first_day)))),
        ("endDate", Some(json!(format_day(usage.last_day)))),
        ("values", Some(json!(values))),
        (
            "position",
            usage
                .next
                .as_ref()
                .map(|key| json!(text_position(key.as_str()))),
        ),
    ])
}

/// The JSON of the account. `throttleSettings` are those of every new account at API Gateway, and are
/// not enforced: only usage plans limit calls.
pub fn account() -> Value {
    json!({
        "throttleSettings": {"burstLimit": 5000, "rateLimit": 10000.0},
        "features": [USAGE_PLANS],
        "apiKeyVersion": "4",
    })
}

/// The JSON of one row of the audit log.
pub fn audited(change: &Audited) -> Value {
    object([
        ("id", Some(json!(change.id))),
        ("at", Some(seconds(change.at))),
        ("actor", Some(json!(change.actor))),
        ("action", Some(json!(change.action))),
        ("target", Some(json!(change.target))),
        ("before", change.before.clone()),
        ("after", change.after.clone()),
    ])
}

/// The JSON of one page of a list. The last page has no `position`.
pub fn page(items: Vec<Value>, position: Option<String>) -> Value {
    object([
        ("item", Some(Value::Array(items))),
        ("position", position.map(Value::String)),
    ])
}

/// Removes `tags` if it is empty, as API Gateway does in answers to Create and in lists.
pub fn without_empty_tags(mut thing: Value) -> Value {
    if let Value::Object(members) = &mut thing {
        let empty = |tags: &Value| tags.as_object().is_some_and(Map::is_empty);
        if members.get("tags").is_some_and(empty) {
            members.remove("tags");
        }
    }
    thing
}

fn seconds(at: OffsetDateTime) -> Value {
    json!(at.unix_timestamp())
}

fn object<const N: usize>(members: [(&str, Option<Value>); N]) -> Value {
    let members = members
        .into_iter()
        .filter_map(|(name, value)| Some((name.to_owned(), value?)))
        .collect();
    Value::Object(members)
}
