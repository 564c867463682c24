//! Explains which link of the chain from key to quota refuses a call.

use super::{OperationError, keys};
use crate::gate::{Explanation, Gate, Question};
use crate::http::routes::{self, Endpoint, Matched};
use crate::store::{KeyId, Store};

/// A call to explain, as an operator writes it.
#[derive(Clone, Copy, Debug)]
pub struct ExplainCall<'a> {
    /// The name of the stage.
    pub stage: &'a str,
    /// The verb, in any case.
    pub method: &'a str,
    /// A path without its stage, or its template: `/game/{gameId}`.
    pub path: &'a str,
    /// The id of the key; `None` for a call without a key.
    pub key: Option<&'a str>,
}

/// Judges a call without making it.
///
/// # Errors
/// Fails with [`OperationError::BadRequest`] if the API does not have this method and path, and with
/// [`OperationError::NotFound`] if the id of the key is malformed. Any other refusal is in the
/// explanation.
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

/// As [`explain`], but for a call with the key that has this value. It ignores `call.key`.
///
/// # Errors
/// As [`explain`]. If no key has the value, the explanation says so.
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
