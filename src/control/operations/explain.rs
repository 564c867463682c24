//! Which link of the chain from key to quota refuses a call.

use super::{OperationError, keys};
use crate::gate::{Explanation, Gate, Question};
use crate::http::routes::{self, Endpoint, Matched};
use crate::store::{KeyId, Store};

/// A call that somebody might make, as an operator words it.
#[derive(Clone, Copy, Debug)]
pub struct ExplainCall<'a> {
    pub stage: &'a str,
    pub method: &'a str,
    /// A path, or its template: `/game/{gameId}`.
    pub path: &'a str,
    pub key: Option<&'a str>,
}

/// Judges a call without making it.
///
/// # Errors
/// A method and path that are no call of the API, or an id that is none.
pub async fn explain(
    store: &Store,
    gate: &Gate,
    call: &ExplainCall<'_>,
) -> Result<Explanation, OperationError> {
    let endpoint = endpoint(call)?;
    let key = call.key.map(keys::parse).transpose()?;
    let question = question(call, endpoint, key.as_ref());
    Ok(gate.explain(store, &question).await?)
}

/// As [`explain`], for a call that brings this key value, in place of `call.key`.
///
/// # Errors
/// As [`explain`]. A value that no key has is no error: the explanation says so.
pub async fn explain_value(
    store: &Store,
    gate: &Gate,
    call: &ExplainCall<'_>,
    value: &str,
) -> Result<Explanation, OperationError> {
    let question = question(call, endpoint(call)?, None);
    Ok(gate.explain_value(store, &question, value).await?)
}

fn question<'a>(
    call: &ExplainCall<'a>,
    endpoint: &'static Endpoint,
    key: Option<&'a KeyId>,
) -> Question<'a> {
    Question {
        stage: call.stage,
        path: endpoint.path,
        verb: endpoint.verb.as_str(),
        key,
    }
}

fn endpoint(call: &ExplainCall<'_>) -> Result<&'static Endpoint, OperationError> {
    let method = call.method.to_ascii_uppercase();
    match routes::find(&method, call.path) {
        Matched::Endpoint(endpoint) => Ok(endpoint),
        Matched::OtherMethod(methods) => Err(OperationError::bad(format!(
            "Invalid method '{}': {} has {}",
            call.method,
            call.path,
            methods.join(", ")
        ))),
        Matched::UnknownPath => Err(OperationError::bad(format!(
            "Invalid path '{}': it is a path of the API without its stage, such as /game",
            call.path
        ))),
    }
}
