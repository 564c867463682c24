//! The door to the live channel: everything that is answered over HTTP, before the upgrade.

use actix_web::http::header::{self, HeaderMap};
use actix_web::{HttpRequest, HttpResponse, web};

use crate::http::State;
use crate::http::context::Call;
use crate::http::input;
use crate::http::problem::HttpError;
use crate::live::handshake::{self, SUBPROTOCOL};

/// Open the live channel
///
/// A WebSocket of the subprotocol `turnkey.v1`, on which each event of the games subscribed to
/// arrives once, in order. From a browser, the key travels as the offered subprotocol
/// `x-api-key.<key>` or `x-api-key-b64.<base64url of the key>`, a player token as `bearer.<token>`.
#[utoipa::path(
    get, path = "/live", operation_id = "openLive", tag = "live",
    params(
        ("Sec-WebSocket-Protocol" = String, Header, description = "`turnkey.v1` among others", example = "turnkey.v1"),
        ("game" = Option<Vec<uuid::Uuid>>, Query, description = "Subscribe at once; each may be followed by its `after`"),
        ("after" = Option<Vec<u32>>, Query, description = "Resume the `game` before it after this version"),
        ("epoch" = Option<uuid::Uuid>, Query, description = "The `epoch` that `hello` gave when those versions were seen"),
    ),
    responses((status = 101, description = "Frames follow"))
)]
pub async fn open_live(
    state: web::Data<State>,
    request: HttpRequest,
    _call: Call,
) -> Result<HttpResponse, HttpError> {
    if !asks_for_websocket(request.headers()) {
        return Err(HttpError::UpgradeRequired);
    }
    let credentials = handshake::credentials(&request);
    let bearer = credentials
        .authorization
        .as_deref()
        .map(input::bearer_of)
        .transpose()?;
    let _player = state.play.authenticate(bearer).await?;
    if !credentials.speaks_turnkey {
        return Err(HttpError::Malformed(format!(
            "offer the subprotocol `{SUBPROTOCOL}` in Sec-WebSocket-Protocol"
        )));
    }
    Err(HttpError::Internal)
}

fn asks_for_websocket(headers: &HeaderMap) -> bool {
    headers
        .get_all(header::UPGRADE)
        .filter_map(|value| value.to_str().ok())
        .flat_map(|list| list.split(','))
        .any(|protocol| protocol.trim().eq_ignore_ascii_case("websocket"))
}
