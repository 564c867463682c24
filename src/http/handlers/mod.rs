//! One function for each call. It parses the request, calls `play`, and shapes the answer.

pub mod commands;
pub mod games;
pub mod live;
pub mod players;

use actix_web::HttpRequest;

use super::State;
use super::context::Call;
use super::input;
use super::problem::HttpError;
use crate::play::{Caller, RequestKey};
use crate::rules::Rulebook;

/// The caller: the app of the key, and the player of the player token if there is one.
async fn caller(state: &State, request: &HttpRequest, call: &Call) -> Result<Caller, HttpError> {
    let bearer = input::bearer_token(request.headers())?;
    Ok(Caller {
        stage: call.stage.clone(),
        api_key_id: call.key.as_ref().map(|key| key.as_str().to_owned()),
        client_address: call.client_address,
        player: state.play.authenticate(bearer).await?,
    })
}

/// As [`caller`], for the call that deletes the player: a deleted player may repeat it.
fn leaving_caller(state: &State, request: &HttpRequest, call: &Call) -> Result<Caller, HttpError> {
    let bearer = input::bearer_token(request.headers())?;
    Ok(Caller {
        stage: call.stage.clone(),
        api_key_id: call.key.as_ref().map(|key| key.as_str().to_owned()),
        client_address: call.client_address,
        player: state.play.authenticate_leaving(bearer)?,
    })
}

/// The idempotency key, which makes a repeat of this call safe; `None` if the client sent none.
fn request_key(
    request: &HttpRequest,
    call: &Call,
    caller: &Caller,
    book: &Rulebook,
) -> Result<Option<RequestKey>, HttpError> {
    input::text_header(request.headers(), "idempotency-key")?
        .map(|key| RequestKey::parse(key, &call.body, caller, book).map_err(HttpError::from))
        .transpose()
}
