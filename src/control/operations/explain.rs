//! Which link of the chain from key to quota refuses a call.

use super::{OperationError, keys};
use crate::gate::{Explanation, Gate, Question};
use crate::http::routes::{self, Matched};
use crate::store::Store;

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
    let method = call.method.to_ascii_uppercase();
    let endpoint = match routes::find(&method, call.path) {
        Matched::Endpoint(endpoint) => endpoint,
        Matched::OtherMethod(methods) => {
            return Err(OperationError::bad(format!(
                "Invalid method '{}': {} has {}",
                call.method,
                call.path,
                methods.join(", ")
            )));
        }
        Matched::UnknownPath => {
            return Err(OperationError::bad(format!(
                "Invalid path '{}': it is a path of the API without its stage, such as /game",
                call.path
            )));
        }
    };
    let key = call.key.map(keys::parse).transpose()?;
    let question = Question {
        stage: call.stage,
        path: endpoint.path,
        verb: endpoint.verb.as_str(),
        key: key.as_ref(),
    };
    Ok(gate.explain(store, &question).await?)
}
