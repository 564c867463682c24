//! From a request that passed the gate to an open socket.

use actix_web::http::Version;
use actix_web::http::header::{CONNECTION, SEC_WEBSOCKET_VERSION, UPGRADE};
use actix_web::{HttpRequest, HttpResponse, rt, web};
use uuid::Uuid;

use super::frames::ClientFrame;
use super::handshake::{self, SUBPROTOCOL, WEBSOCKET_VERSION};
use super::hub::Hub;
use super::inbox::Command;
use super::query;
use super::registry::Socket;
use super::session::{self, LIMITS};
use super::wire;
use crate::config::StageName;
use crate::game::PlayerId;
use crate::gate::{KeyId, ValueId};

/// Why a socket was not opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// 426, with `Upgrade: websocket`.
    #[error("this is a WebSocket: connect to it as one")]
    UpgradeRequired,
    /// 400; says what is wrong.
    #[error("{0}")]
    Malformed(String),
    /// 503.
    #[error("this server holds as many sockets as it may: try again")]
    Full,
    /// 503.
    #[error("this server is about to stop: try again")]
    Draining,
}

/// A request that asks for a socket and may be given one.
pub struct Handshake {
    /// What an `Authorization` header would hold, to be looked at before the socket is opened.
    pub authorization: Option<String>,
    commands: Vec<Command>,
}

/// Whom a socket is opened for: what the gate and the player token have said.
#[derive(Clone, Debug)]
pub struct Visitor {
    /// Of the handshake, for the log.
    pub request_id: Uuid,
    pub stage: StageName,
    pub key: Option<KeyId>,
    /// Which of the key's values the socket was opened with.
    pub key_value: Option<ValueId>,
    pub player: Option<PlayerId>,
}

/// Reads a request that passed the gate.
///
/// # Errors
/// What to answer over HTTP instead of opening a socket.
pub fn read_handshake(hub: &Hub, request: &HttpRequest) -> Result<Handshake, OpenError> {
    if !asks_for_upgrade(request) {
        return Err(OpenError::UpgradeRequired);
    }
    let credentials = handshake::credentials(request);
    if !credentials.speaks_turnkey {
        let message = format!("offer the subprotocol {SUBPROTOCOL} in Sec-WebSocket-Protocol");
        return Err(OpenError::Malformed(message));
    }
    let commands = commands(request.query_string())?;
    if hub.is_draining() {
        return Err(OpenError::Draining);
    }
    Ok(Handshake {
        authorization: credentials.authorization,
        commands,
    })
}

/// Opens a socket.
///
/// # Errors
/// What to answer over HTTP instead.
pub fn open_live(
    hub: &Hub,
    request: &HttpRequest,
    payload: web::Payload,
    handshake: Handshake,
    visitor: Visitor,
) -> Result<HttpResponse, OpenError> {
    let place = hub.place().ok_or(OpenError::Full)?;
    let ledger = hub.ledger().clone();
    let (response, intake, outlet) = wire::open(request, payload, LIMITS, ledger, place)
        .map_err(|error| OpenError::Malformed(format!("not a WebSocket handshake: {error}")))?;
    let socket = Socket::new(visitor, handshake.commands);
    rt::spawn(session::serve(hub.clone(), socket, intake, outlet));
    Ok(response)
}

fn asks_for_upgrade(request: &HttpRequest) -> bool {
    let names = |header, token: &str| {
        request
            .headers()
            .get_all(header)
            .filter_map(|value| value.to_str().ok())
            .flat_map(|list| list.split(','))
            .any(|entry| entry.trim().eq_ignore_ascii_case(token))
    };
    request.version() == Version::HTTP_11
        && names(UPGRADE, "websocket")
        && names(CONNECTION, "upgrade")
        && names(SEC_WEBSOCKET_VERSION, WEBSOCKET_VERSION)
}

/// The subscriptions that a query asks for.
fn commands(query: &str) -> Result<Vec<Command>, OpenError> {
    let asked = query::subscriptions(query);
    let asked = asked.map_err(|error| OpenError::Malformed(error.to_string()))?;
    let subscribe = |(game_id, resume)| Command::Follow(ClientFrame::Subscribe { game_id, resume });
    Ok(asked.into_iter().map(subscribe).collect())
}
