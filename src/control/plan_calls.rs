//! The calls on usage plans, their keys, and the usage of those keys.

use super::absent::NOTHING;
use super::calls::{more, page};
use super::operations::usage::{self, UsageQuestion};
use super::operations::{plan_keys, plans};
use super::reply::Reply;
use super::request::{self, Query, body_without};
use super::{OperationError, names, wire};
use crate::store::Store;
use crate::store::control::{Actor, PlanKey, UsagePlan};

/// Calls below `/usageplans`.
pub(super) async fn run(
    store: &Store,
    actor: &Actor,
    method: &str,
    rest: &[&str],
    query: &Query,
    sent: &[u8],
) -> Result<Reply, OperationError> {
    match (method, rest) {
        ("POST", []) => {
            let plan = plans::create_plan(store, actor, body_without(sent, NOTHING)?).await?;
            let shown = wire::without_empty_tags(wire::usage_plan(&plan));
            Ok(Reply::created(shown))
        }
        ("GET", []) => {
            let (limit, key) = (query.limit()?, query.value("keyId"));
            let found = store
                .usage_plans(key, query.after()?.as_ref(), more(limit))
                .await?;
            let shown = |plan: &_| wire::without_empty_tags(wire::usage_plan(plan));
            let at = |plan: &UsagePlan| request::position(plan.created_at, plan.id.as_str());
            Ok(page(found, limit, shown, at))
        }
        ("GET", [id]) => {
            let plan = plans::read_plan(store, id).await?;
            Ok(Reply::ok(wire::usage_plan(&plan)))
        }
        ("PATCH", [id]) => {
            let plan = plans::update_plan(store, actor, id, &body_without(sent, NOTHING)?).await?;
            Ok(Reply::ok(wire::usage_plan(&plan)))
        }
        ("DELETE", [id]) => {
            plans::delete_plan(store, actor, id).await?;
            Ok(Reply::accepted())
        }
        ("POST", [id, "keys"]) => {
            let added =
                plan_keys::create_plan_key(store, actor, id, &body_without(sent, NOTHING)?).await?;
            Ok(Reply::created(wire::plan_key(&added)))
        }
        ("GET", [id, "keys"]) => {
            let (limit, name) = (query.limit()?, query.value("name"));
            let after = query.after()?;
            let found = store
                .plan_keys(id, name, after.as_ref(), more(limit))
                .await?;
            let at = |key: &PlanKey| request::position(key.since, key.id.as_str());
            Ok(page(found, limit, wire::plan_key, at))
        }
        ("GET", [id, "keys", key]) => {
            let found = plan_keys::read_plan_key(store, id, key).await?;
            Ok(Reply::ok(wire::plan_key(&found)))
        }
        ("DELETE", [id, "keys", key]) => {
            plan_keys::delete_plan_key(store, actor, id, key).await?;
            Ok(Reply::accepted())
        }
        ("GET", [id, "usage"]) => {
            let after = query.after_text()?;
            let question = UsageQuestion {
                plan: id,
                key: query.value("keyId").filter(|key| !key.is_empty()),
                first_day: query.value("startDate").unwrap_or_default(),
                last_day: query.value("endDate").unwrap_or_default(),
                after: after.as_deref(),
                limit: query.limit()?,
            };
            let usage = usage::read_usage(store, &question).await?;
            Ok(Reply::ok(wire::usage(&usage)))
        }
        ("PATCH", [id, "keys", key, "usage"]) => {
            let usage =
                usage::update_usage(store, actor, id, key, &body_without(sent, NOTHING)?).await?;
            Ok(Reply::ok(wire::usage(&usage)))
        }
        _ => Err(names::unmatched()),
    }
}
