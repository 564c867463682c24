//! The HTTP side of the live channel: every answer before the upgrade to a WebSocket.

use actix_web::{HttpRequest, HttpResponse, web};

use crate::http::State;
use crate::http::context::Call;
use crate::http::origin::may_open_socket;
use crate::http::problem::HttpError;
use crate::live::{self, OpenError, Visitor};
use crate::play::{PlayError, Unavailable, bearer_token};

/// Open the live channel
///
/// A WebSocket of the subprotocol `turnkey.v1`. Each event of the games that the client follows arrives
/// once, in order. `/asyncapi.json` describes its frames. Browsers send the key as the offered
/// subprotocol `x-api-key.<key>` or `x-api-key-b64.<base64url of the key>`, and the player token as
/// `bearer.<token>`.
#[utoipa::path(
    get, path = "/live", operation_id = "openLive", tag = "live",
    params(
        ("Sec-WebSocket-Protocol" = String, Header, description = "`turnkey.v1` among others", example = "turnkey.v1"),
        ("game" = Option<Vec<String>>, Query, description = "`<id>`, or `<id>:<version>` to resume after that version: subscribe at once", example = json!(["01935d5a-6e1f-7c3a-9d3e-5b8f2a7c4e10:3"])),
        ("after" = Option<Vec<u32>>, Query, description = "The older form of a version, taken right behind its `game` only; write `game=<id>:<version>` instead"),
        ("epoch" = Option<uuid::Uuid>, Query, description = "The `epoch` that `hello` gave when those versions were seen"),
    ),
    responses((status = 101, description = "Frames follow"))
)]
pub async fn open_live(
    state: web::Data<State>,
    request: HttpRequest,
    payload: web::Payload,
    call: Call,
) -> Result<HttpResponse, HttpError> {
    let settings = &state.settings;
    if !may_open_socket(&request, &settings.cors_origins, &settings.trusted_proxies) {
        return Err(HttpError::OriginRefused);
    }
    let handshake = live::read_handshake(&state.hub, &request).map_err(refused)?;
    let bearer = handshake
        .authorization
        .as_deref()
        .map(bearer_token)
        .transpose()?;
    let visitor = Visitor {
        request_id: call.request_id.0,
        stage: call.stage.clone(),
        key: call.key.clone(),
        key_value: call.key_value,
        player: state.play.authenticate(bearer).await?,
    };
    live::open_live(&state.hub, &request, payload, handshake, visitor).map_err(refused)
}

fn refused(error: OpenError) -> HttpError {
    match error {
        OpenError::UpgradeRequired => HttpError::UpgradeRequired,
        OpenError::Malformed(detail) => HttpError::Malformed(detail),
        OpenError::Full | OpenError::Draining => {
            HttpError::Play(PlayError::Unavailable(Unavailable::NothingSent))
        }
    }
}
