//! Maps each call to its operation: API Gateway's paths, and Turnkey's own under `/turnkey`.

use serde::Deserialize;
use serde_json::{Value, json};

use super::absent::{NOTHING, OF_KEY, OF_STAGE};
use super::operations::{account, api, deployments, import, keys, stages, tags};
use super::reply::Reply;
use super::request::{self, Query, body_without};
use super::resources::resources;
use super::wire::{self, Embed};
use super::{OperationError, beyond, names, plan_calls};
use crate::gate::Gate;
use crate::store::Store;
use crate::store::control::Actor;
use crate::store::keys::KeyFilter;

/// A request whose credentials were accepted.
pub(super) struct Call {
    pub actor: Actor,
    pub method: String,
    /// The raw path, as in the request line.
    pub path: String,
    pub query: String,
    /// `None` if the body was too large to keep.
    pub body: Option<Vec<u8>>,
}

/// Runs the operation that a call asks for.
pub(super) async fn run(store: &Store, gate: &Gate, call: Call) -> Result<Reply, OperationError> {
    let query = Query::parse(&call.query)?;
    let segments = request::segments(&call.path)?;
    let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
    let operation = names::find(&call.method, &segments, &query)?;
    operation.check_query(&query)?;
    let sent = match (&call.body, query.value("mode")) {
        (Some(bytes), _) => bytes.as_slice(),
        (None, Some("import")) => return Err(import::too_large()),
        (None, _) => return Err(OperationError::bad("Invalid request body: it is too large")),
    };
    operation.check_body(sent)?;
    let actor = &call.actor;
    match (call.method.as_str(), &segments[..]) {
        ("GET", ["account"]) => Ok(Reply::ok(wire::account())),
        ("PATCH", ["account"]) => {
            account::update_account(&body_without(sent, NOTHING)?)?;
            Ok(Reply::ok(wire::account()))
        }
        ("GET", ["restapis"]) => {
            let limit = query.limit()?;
            let found = match query.after_number()? {
                None => vec![api::read_api(store).await?],
                Some(_) => Vec::new(),
            };
            let shown = |api: &_| wire::without_empty_tags(wire::rest_api(api));
            Ok(page(found, limit, shown, |_| request::number_position(1)))
        }
        (method, ["restapis", id, rest @ ..]) => {
            api::check_api(id)?;
            run_on_api(store, actor, method, rest, &query, sent).await
        }
        ("POST", ["apikeys"]) if query.value("mode") == Some("import") => {
            import_keys(store, actor, &query, sent).await
        }
        ("POST", ["apikeys"]) => {
            let (key, value) = keys::create_key(store, actor, body_without(sent, OF_KEY)?).await?;
            let mut shown = wire::without_empty_tags(wire::api_key(&key));
            shown["value"] = json!(value.expose());
            Ok(Reply::created(shown))
        }
        ("GET", ["apikeys"]) => list_keys(store, &query).await,
        ("GET", ["apikeys", id]) => {
            let key = keys::read_key(store, id).await?;
            let shown = wire::api_key(&key);
            Ok(Reply::ok(with_warning(shown, query.flag("includeValue"))))
        }
        ("PATCH", ["apikeys", id]) => {
            let key = keys::update_key(store, actor, id, &body_without(sent, NOTHING)?).await?;
            Ok(Reply::ok(wire::api_key(&key)))
        }
        ("DELETE", ["apikeys", id]) => {
            keys::delete_key(store, actor, id).await?;
            Ok(Reply::accepted())
        }
        (method, ["usageplans", rest @ ..]) => {
            plan_calls::run(store, actor, method, rest, &query, sent).await
        }
        (method, ["tags", arn]) => run_on_tags(store, actor, method, arn, &query, sent).await,
        (method, ["turnkey", rest @ ..]) => {
            beyond::run(store, gate, actor, method, rest, &query, sent).await
        }
        _ => Err(names::unmatched()),
    }
}

/// Calls below `/restapis/turnkey`.
async fn run_on_api(
    store: &Store,
    actor: &Actor,
    method: &str,
    rest: &[&str],
    query: &Query,
    sent: &[u8],
) -> Result<Reply, OperationError> {
    match (method, rest) {
        ("GET", []) => Ok(Reply::ok(wire::rest_api(&api::read_api(store).await?))),
        ("PATCH", []) => {
            let api = api::update_api(store, actor, &body_without(sent, NOTHING)?).await?;
            Ok(Reply::ok(wire::rest_api(&api)))
        }
        ("GET", ["resources"]) => list_resources(store, query).await,
        ("GET", ["resources", id]) => {
            let embed = embed(query)?;
            let resource = api::read_resource(id)?;
            let methods = api::read_methods(store).await?;
            Ok(Reply::ok(wire::resource(resource, &methods, embed)))
        }
        ("GET", ["resources", id, "methods", verb]) => {
            let endpoint = api::read_method(id, verb)?;
            let methods = api::read_methods(store).await?;
            Ok(Reply::ok(wire::method(endpoint, &methods)))
        }
        ("PATCH", ["resources", id, "methods", verb]) => {
            let endpoint = api::read_method(id, verb)?;
            let methods =
                api::update_method(store, actor, endpoint, &body_without(sent, NOTHING)?).await?;
            Ok(Reply::ok(wire::method(endpoint, &methods)))
        }
        ("POST", ["deployments"]) => {
            let deployment =
                deployments::create_deployment(store, actor, body_without(sent, OF_STAGE)?).await?;
            Ok(Reply::created(wire::deployment(&deployment)))
        }
        ("GET", ["deployments"]) => {
            let limit = query.limit()?;
            let found = store
                .deployments(query.after()?.as_ref(), more(limit))
                .await?;
            let at = |d: &crate::store::control::Deployment| {
                request::position(d.created_at, d.id.as_str())
            };
            Ok(page(found, limit, wire::deployment, at))
        }
        ("GET", ["deployments", id]) => {
            let with_summary = has_embedded(query, "apisummary")?;
            let deployment = deployments::read_deployment(store, id).await?;
            Ok(Reply::ok(match with_summary {
                true => wire::deployment_with_summary(&deployment),
                false => wire::deployment(&deployment),
            }))
        }
        ("PATCH", ["deployments", id]) => {
            let patches = body_without(sent, NOTHING)?;
            let deployment = deployments::update_deployment(store, actor, id, &patches).await?;
            Ok(Reply::ok(wire::deployment(&deployment)))
        }
        ("DELETE", ["deployments", id]) => {
            deployments::delete_deployment(store, actor, id).await?;
            Ok(Reply::accepted())
        }
        ("POST", ["stages"]) => {
            let stage = stages::create_stage(store, actor, body_without(sent, OF_STAGE)?).await?;
            Ok(Reply::created(wire::without_empty_tags(wire::stage(
                &stage,
            ))))
        }
        ("GET", ["stages"]) => {
            let wanted = query.value("deploymentId");
            let stages = store
                .stages()
                .await
                .map_err(OperationError::from)?
                .into_iter();
            let stages = stages
                .filter(|stage| wanted.is_none_or(|id| stage.deployment.as_str() == id))
                .map(|stage| wire::without_empty_tags(wire::stage(&stage)))
                .collect();
            Ok(Reply::ok(wire::page(stages, None)))
        }
        ("GET", ["stages", name]) => {
            let stage = stages::read_stage(store, name).await?;
            Ok(Reply::ok(wire::without_empty_tags(wire::stage(&stage))))
        }
        ("PATCH", ["stages", name]) => {
            let stage =
                stages::update_stage(store, actor, name, &body_without(sent, NOTHING)?).await?;
            Ok(Reply::ok(wire::without_empty_tags(wire::stage(&stage))))
        }
        ("DELETE", ["stages", name]) => {
            stages::delete_stage(store, actor, name).await?;
            Ok(Reply::accepted())
        }
        _ => Err(names::unmatched()),
    }
}

async fn run_on_tags(
    store: &Store,
    actor: &Actor,
    method: &str,
    arn: &str,
    query: &Query,
    sent: &[u8],
) -> Result<Reply, OperationError> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct TagResource {
        tags: std::collections::BTreeMap<String, String>,
    }
    match method {
        "GET" => {
            let tags = tags::read_tags(store, arn).await?;
            Ok(Reply::ok(json!({ "tags": tags })))
        }
        "PUT" => {
            let TagResource { tags } = body_without(sent, NOTHING)?;
            tags::tag(store, actor, arn, tags).await?;
            Ok(Reply::no_content())
        }
        "DELETE" => {
            let removed: Vec<String> = query.values("tagKeys").map(str::to_owned).collect();
            tags::untag(store, actor, arn, &removed).await?;
            Ok(Reply::no_content())
        }
        _ => Err(names::unmatched()),
    }
}

async fn import_keys(
    store: &Store,
    actor: &Actor,
    query: &Query,
    file: &[u8],
) -> Result<Reply, OperationError> {
    if query.value("format") != Some("csv") {
        let given = query.value("format").unwrap_or_default();
        return Err(OperationError::not_among(given, "format", &["csv"]));
    }
    let on_warning = if query.flag("failonwarnings") {
        import::OnWarning::RollBack
    } else {
        import::OnWarning::GoOn
    };
    let imported = import::import_keys(store, actor, file, on_warning).await?;
    Ok(Reply::created(json!({
        "ids": imported.ids,
        "warnings": imported.warnings,
    })))
}

async fn list_keys(store: &Store, query: &Query) -> Result<Reply, OperationError> {
    let limit = query.limit()?;
    let after = query.after()?;
    let after = after.and_then(|(at, id)| Some((at, id.parse().ok()?)));
    let filter = KeyFilter {
        name_prefix: query.value("name").map(str::to_owned),
        customer_id: query.value("customerId").map(str::to_owned),
        plan: None,
        after,
    };
    let found = store.keys(&filter, more(limit)).await?;
    let shown = |key: &_| wire::without_empty_tags(wire::api_key(key));
    let at = |key: &crate::store::keys::ApiKey| request::position(key.created_at, key.id.as_str());
    let mut reply = page(found, limit, shown, at);
    let is_asked = query.flag("includeValues");
    reply.body = reply.body.map(|shown| with_warning(shown, is_asked));
    Ok(reply)
}

async fn list_resources(store: &Store, query: &Query) -> Result<Reply, OperationError> {
    let (limit, embed) = (query.limit()?, embed(query)?);
    let start = query.after_number()?.unwrap_or(0);
    let start = usize::try_from(start).unwrap_or(usize::MAX);
    let methods = api::read_methods(store).await?;
    let rest = resources().get(start..).unwrap_or_default();
    let shown = rest.iter().take(limit);
    let shown = shown
        .map(|resource| wire::resource(resource, &methods, embed))
        .collect();
    let next = start.saturating_add(limit);
    let next = (limit > 0 && next < resources().len())
        .then(|| request::number_position(i64::try_from(next).unwrap_or(i64::MAX)));
    Ok(Reply::ok(wire::page(shown, next)))
}

fn embed(query: &Query) -> Result<Embed, OperationError> {
    has_embedded(query, "methods").map(|is_asked| match is_asked {
        true => Embed::Methods,
        false => Embed::Nothing,
    })
}

/// Whether the query's `embed` asks for `part`, the only one that can be embedded.
///
/// # Errors
/// Fails if `embed` has any other value.
fn has_embedded(query: &Query, part: &str) -> Result<bool, OperationError> {
    let asked = query.values("embed").filter(|asked| !asked.is_empty());
    let asked: Vec<&str> = asked.collect();
    match asked.iter().find(|asked| **asked != part) {
        Some(other) => Err(OperationError::bad(format!(
            "Invalid embed '{other}': it must be {part}"
        ))),
        None => Ok(!asked.is_empty()),
    }
}

/// Adds a warning if the caller asked for the values of keys, which are never included.
fn with_warning(mut shown: Value, is_asked: bool) -> Value {
    if is_asked {
        shown["warnings"] = json!([
            "Values are not included: they are stored as hashes, and a value is shown once, in \
             the answer that makes it. POST /turnkey/apikeys/{id}/rotate gives a key another value"
        ]);
    }
    shown
}

/// The number of items to read for a page: one more than it holds, to learn whether another page
/// follows.
pub(super) fn more(limit: usize) -> i64 {
    // A limit is at most 500.
    i64::try_from(limit).map_or(i64::MAX, |limit| limit + i64::from(limit > 0))
}

/// The page with the first `limit` of the items found.
pub(super) fn page<T>(
    mut found: Vec<T>,
    limit: usize,
    shown: impl Fn(&T) -> Value,
    position: impl Fn(&T) -> String,
) -> Reply {
    let has_more = found.len() > limit;
    found.truncate(limit);
    let next = found.last().filter(|_| has_more).map(position);
    Reply::ok(wire::page(found.iter().map(shown).collect(), next))
}
