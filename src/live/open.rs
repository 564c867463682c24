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
    /// The request does not ask for a WebSocket. Answered by 426 with `Upgrade: websocket`.
    #[error("this is a WebSocket: connect to it as one")]
    UpgradeRequired,
    /// The handshake is malformed; the text says how. Answered by 400.
    #[error("{0}")]
    Malformed(String),
    /// The server holds as many sockets as it may. Answered by 503.
    #[error("this server holds as many sockets as it may: try again")]
    Full,
    /// The server is about to stop. Answered by 503.
    #[error("this server is about to stop: try again")]
    Draining,
}

/// A request that asks for a socket, with the subscriptions of its query.
pub struct Handshake {
    /// The content of an `Authorization` header, also if it came as a subprotocol. Check it before
    /// the socket is opened.
    pub authorization: Option<String>,
    commands: Vec<Command>,
}

/// The client of a socket, as the gate and the player token have identified it.
#[derive(Clone, Debug)]
pub struct Visitor {
    /// The id of the handshake's request, for the log.
    pub request_id: Uuid,
    /// The stage whose games the socket may follow.
    pub stage: StageName,
    /// The API key; `None` if the stage lets sockets be opened without one.
    pub key: Option<KeyId>,
    /// The value of the key that the client sent. After a rotation, the old value can stay good for
    /// a while.
    pub key_value: Option<ValueId>,
    /// The player that the token names; `None` without a token.
    pub player: Option<PlayerId>,
}

/// Reads a request that passed the gate.
///
/// # Errors
/// The reason to refuse the socket over HTTP.
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

/// Opens a socket and returns the response that upgrades the connection. A task of the current
/// worker serves the socket.
///
/// # Errors
/// [`OpenError::Full`] and [`OpenError::Malformed`], to be answered over HTTP.
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
