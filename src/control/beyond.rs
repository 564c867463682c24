//! The calls that API Gateway does not have: rotation and expiry of keys, the rules of deployments,
//! explanations of refusals, and the audit log.

use serde::Deserialize;
use serde_json::{Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::OperationError;
use super::calls::{more, page};
use super::operations::explain::{self, ExplainCall};
use super::operations::{audit, deployments, rotation};
use super::reply::Reply;
use super::request::{self, Query, body};
use super::{names, wire};
use crate::gate::Gate;
use crate::store::Store;
use crate::store::control::{Actor, Audited};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct UpdateKey {
    expires_at: Value,
}

/// Calls below `/turnkey`.
pub(super) async fn run(
    store: &Store,
    gate: &Gate,
    actor: &Actor,
    method: &str,
    rest: &[&str],
    query: &Query,
    sent: &[u8],
) -> Result<Reply, OperationError> {
    match (method, rest) {
        ("POST", ["apikeys", id, "rotate"]) => {
            let rotated = rotation::rotate_key(store, actor, id, &body(sent)?).await?;
            let mut shown = wire::api_key(&rotated.key);
            shown["value"] = json!(rotated.value.expose());
            shown["previousValueExpiresDate"] = json!(rotated.previous_ends_at.unix_timestamp());
            Ok(Reply::ok(shown))
        }
        ("PATCH", ["apikeys", id]) => {
            let UpdateKey { expires_at } = body(sent)?;
            let expires_at = parse_moment(&expires_at)?;
            let key = rotation::expire_key(store, actor, id, expires_at).await?;
            Ok(Reply::ok(wire::api_key(&key)))
        }
        ("GET", ["audit"]) => {
            let limit = query.limit()?;
            let found = audit::read_audit(store, query.after_number()?, more(limit)).await?;
            let at = |change: &Audited| request::number_position(change.id);
            Ok(page(found, limit, wire::audited, at))
        }
        ("GET", ["deployments", id]) => {
            let deployment = deployments::read_deployment(store, id).await?;
            Ok(Reply::ok(wire::deployment_with_summary(&deployment)))
        }
        ("GET", ["explain"]) => {
            let call = ExplainCall {
                stage: query.required("stage")?,
                method: query.required("method")?,
                path: query.required("path")?,
                key: query.value("keyId").filter(|id| !id.is_empty()),
            };
            let explanation = explain::explain(store, gate, &call).await?;
            Ok(Reply::ok(json!(explanation)))
        }
        _ => Err(names::unmatched()),
    }
}

/// Reads a time: `null` for none, epoch seconds, or RFC 3339.
fn parse_moment(value: &Value) -> Result<Option<OffsetDateTime>, OperationError> {
    let invalid = || {
        OperationError::bad(
            "Invalid expiresAt: it must be null, epoch seconds, or a time such as \
             2027-01-01T00:00:00Z",
        )
    };
    match value {
        Value::Null => Ok(None),
        Value::Number(seconds) => seconds
            .as_i64()
            .and_then(|seconds| OffsetDateTime::from_unix_timestamp(seconds).ok())
            .filter(is_storable)
            .map(Some)
            .ok_or_else(invalid),
        Value::String(text) => OffsetDateTime::parse(text, &Rfc3339)
            .ok()
            .filter(is_storable)
            .map(Some)
            .ok_or_else(invalid),
        Value::Bool(_) | Value::Array(_) | Value::Object(_) => Err(invalid()),
    }
}

/// Whether a time is in the years 1970 to 9999. Postgres can store these, and any other year is a
/// mistake.
fn is_storable(at: &OffsetDateTime) -> bool {
    (1970..=9999).contains(&at.year())
}
