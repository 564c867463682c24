//! The answers to requests that are refused or fail.
//!
//! This file alone decides the statuses, codes and texts of the game API; each refusal is an arm of
//! one `match`. There are two forms. A refusal of the gate equals API Gateway's, byte for byte. Every
//! other refusal is a problem of RFC 9457.

use std::time::Duration;

use actix_web::http::{StatusCode, header};
use actix_web::{HttpResponse, ResponseError};

use super::context::RequestId;
use super::front::{Fault, FaultKind};
use super::refusal::{
    Refusal, conflict, gate_error, malformed, named, refusal, retry, unavailable, unprocessable,
};
use crate::gate::Denial;
use crate::live::WEBSOCKET_VERSION;
use crate::play::{PlayError, Unavailable};

/// Every reason to refuse a request, or to fail.
#[derive(Debug, thiserror::Error)]
pub enum HttpError {
    /// The gate refused the request.
    #[error("the gate refused the request")]
    Denied(Denial),
    /// The command or query was refused, or failed.
    #[error(transparent)]
    Play(#[from] PlayError),
    /// The request is malformed. The text names what is wrong, and where.
    #[error("{0}")]
    Malformed(String),
    /// The bytes were not a valid HTTP request.
    #[error("{}", .0.detail)]
    NoRequest(Fault),
    /// There is no such path or stage.
    #[error("no such path")]
    NotFound,
    /// The path has only these methods.
    #[error("no such method")]
    MethodNotAllowed(Vec<&'static str>),
    /// The body is over 16 KiB.
    #[error("the body is too large")]
    TooLarge,
    /// The body is not declared as JSON, or is compressed.
    #[error("the body is not sent as JSON")]
    UnsupportedMediaType,
    /// A page of another origin may not open a socket.
    #[error("this origin may not open a socket")]
    OriginRefused,
    /// The path opens a WebSocket, and the request is not a handshake.
    #[error("not a WebSocket handshake")]
    UpgradeRequired,
    /// A fault of the server. The log has its cause.
    #[error("internal error")]
    Internal,
}

impl HttpError {
    /// The answer to the request with this id.
    pub fn respond(&self, request_id: RequestId) -> HttpResponse {
        match self {
            HttpError::Denied(denial) => deny(denial),
            HttpError::OriginRefused => named("origin_refused", deny(&Denial::Forbidden)),
            HttpError::Play(error) => of_play(error, request_id),
            HttpError::Malformed(detail) => malformed(detail).respond(request_id),
            HttpError::NoRequest(fault) => no_request(*fault).respond(request_id),
            HttpError::NotFound => refusal(
                StatusCode::NOT_FOUND,
                "not_found",
                "Not found",
                "There is no such path or stage; /docs shows every call, and a path begins with \
                 its stage.",
            )
            .respond(request_id),
            HttpError::MethodNotAllowed(allowed) => refusal(
                StatusCode::METHOD_NOT_ALLOWED,
                "method_not_allowed",
                "Method not allowed",
                "Use one of the methods that the header Allow names.",
            )
            .with(header::ALLOW, allowed.join(", "))
            .respond(request_id),
            HttpError::TooLarge => refusal(
                StatusCode::PAYLOAD_TOO_LARGE,
                "too_large",
                "Body too large",
                "Send a body of at most 16 KiB.",
            )
            .respond(request_id),
            HttpError::UnsupportedMediaType => refusal(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "unsupported_media_type",
                "Unsupported media type",
                "Send the body as UTF-8 JSON with Content-Type: application/json, uncompressed.",
            )
            .respond(request_id),
            HttpError::UpgradeRequired => refusal(
                StatusCode::UPGRADE_REQUIRED,
                "upgrade_required",
                "Upgrade required",
                "Open this path as a WebSocket that offers the subprotocol `turnkey.v1`.",
            )
            .with(header::UPGRADE, "websocket")
            .with(header::SEC_WEBSOCKET_VERSION, WEBSOCKET_VERSION)
            .respond(request_id),
            HttpError::Internal => of_play(
                &PlayError::Unavailable(Unavailable::OutcomeUnknown),
                request_id,
            ),
        }
    }
}

impl From<Denial> for HttpError {
    fn from(denial: Denial) -> HttpError {
        HttpError::Denied(denial)
    }
}

impl ResponseError for HttpError {
    fn status_code(&self) -> StatusCode {
        self.error_response().status()
    }

    /// An answer with a made-up id. The pipeline knows the request's id and writes the answer again.
    fn error_response(&self) -> HttpResponse {
        self.respond(RequestId::generate())
    }
}

fn no_request(fault: Fault) -> Refusal<'static> {
    match fault.kind {
        FaultKind::Malformed => malformed(fault.detail),
        FaultKind::TooLate => refusal(
            StatusCode::REQUEST_TIMEOUT,
            "request_timeout",
            "Request timeout",
            fault.detail,
        ),
        FaultKind::TooLarge => refusal(
            StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            "headers_too_large",
            "Headers too large",
            fault.detail,
        ),
    }
}

fn deny(denial: &Denial) -> HttpResponse {
    match denial {
        Denial::Forbidden => gate_error(StatusCode::FORBIDDEN, "ForbiddenException", "Forbidden"),
        Denial::TooManyRequests { retry_after, .. } => throttled(*retry_after),
        Denial::LimitExceeded { retry_after, .. } => retry(
            gate_error(
                StatusCode::TOO_MANY_REQUESTS,
                "LimitExceededException",
                "Limit Exceeded",
            ),
            *retry_after,
        ),
        Denial::Unavailable => gate_error(
            StatusCode::SERVICE_UNAVAILABLE,
            "ServiceUnavailableException",
            "Service Unavailable",
        ),
    }
}

fn throttled(retry_after: Duration) -> HttpResponse {
    let response = gate_error(
        StatusCode::TOO_MANY_REQUESTS,
        "TooManyRequestsException",
        "Too Many Requests",
    );
    retry(response, retry_after)
}

fn of_play(error: &PlayError, request_id: RequestId) -> HttpResponse {
    let refusal = match error {
        PlayError::Malformed { detail } => malformed(detail),
        PlayError::PlayerTokenRequired => refusal(
            StatusCode::UNAUTHORIZED,
            "player_token_required",
            "Player token required",
            "Send Authorization: Bearer and a player token; POST /game, POST /join and \
             POST /players give one to a caller without.",
        )
        .with(header::WWW_AUTHENTICATE, "Bearer"),
        PlayError::PlayerTokenInvalid => refusal(
            StatusCode::UNAUTHORIZED,
            "player_token_invalid",
            "Player token invalid",
            "This token is not valid on this server, or its player was deleted; POST /game, \
             POST /join and POST /players without the header Authorization give a new one.",
        )
        .with(header::WWW_AUTHENTICATE, "Bearer"),
        PlayError::NotSeated => refusal(
            StatusCode::FORBIDDEN,
            "not_seated",
            "Not seated",
            "Only a player with a seat in this game may do this; use that player's token.",
        ),
        PlayError::GameNotFound => refusal(
            StatusCode::NOT_FOUND,
            "game_not_found",
            "Game not found",
            "There is no such game on this stage, or it is private and not yours; check the id, \
             the stage and the player token.",
        ),
        PlayError::InviteNotFound => refusal(
            StatusCode::NOT_FOUND,
            "invite_not_found",
            "Invite not found",
            "There is no such invite on this stage; ask for it again: it has 8 letters and \
             digits.",
        ),
        PlayError::VersionConflict { game } => conflict(
            "version_conflict",
            "Version conflict",
            "The game has changed since you saw it; look at `game`, and decide again.",
        )
        .showing(game),
        PlayError::NotYourTurn { game } => conflict(
            "not_your_turn",
            "Not your turn",
            "Wait for the other player's move, then send yours.",
        )
        .showing(game),
        PlayError::MoveNotNow { code, detail, game } => {
            conflict(code, "Move not possible now", detail).showing(game)
        }
        PlayError::NotStarted { game } => conflict(
            "not_started",
            "Not started",
            "A seat of this game was never taken; a move, a draw and a rematch need all players.",
        )
        .showing(game),
        PlayError::GameOver { game } => conflict(
            "game_over",
            "Game over",
            "The game has ended; start another one.",
        )
        .showing_if_any(game.as_deref()),
        PlayError::GameNotOver { game } => conflict(
            "game_not_over",
            "Game not over",
            "Play the game to its end first, or resign it.",
        )
        .showing(game),
        PlayError::SeatTaken { game } => conflict(
            "seat_taken",
            "Seat taken",
            "This seat is not free; ask for another one if the game has one, or for an invite to \
             another game.",
        )
        .showing_if_any(game.as_deref()),
        PlayError::NoDrawOffer { game } => conflict(
            "no_draw_offer",
            "No draw offer",
            "There is no offer to decline or withdraw; look at `drawOfferedBy` in `game`.",
        )
        .showing(game),
        PlayError::DrawAlreadyOffered { game } => conflict(
            "draw_already_offered",
            "Draw already offered",
            "Your last offer was declined or withdrawn; offer again after a move.",
        )
        .showing(game),
        PlayError::InProgress => conflict(
            "in_progress",
            "In progress",
            "The first call with this Idempotency-Key is under way; repeat it in a second.",
        )
        .retrying(),
        PlayError::IllegalMove { detail } => unprocessable("illegal_move", "Illegal move", detail),
        PlayError::UnknownVariant { detail } => {
            unprocessable("unknown_variant", "Unknown variant", detail)
        }
        PlayError::InvalidOption { detail } => {
            unprocessable("invalid_option", "Invalid option", detail)
        }
        PlayError::IdempotencyKeyReused => unprocessable(
            "idempotency_key_reused",
            "Idempotency key reused",
            "This Idempotency-Key was used before with another body; use a new one for a new call.",
        ),
        PlayError::TooManyUnknownInvites { retry_after } => {
            return named("too_many_unknown_invites", throttled(*retry_after));
        }
        PlayError::RulesFailed => refusal(
            StatusCode::SERVICE_UNAVAILABLE,
            "rules_failed",
            "Rules failed",
            "The rules of this game cannot run here. Nothing has happened; the operator can see \
             the reason in the server's log.",
        ),
        PlayError::Unavailable(Unavailable::NothingSent) => {
            unavailable("Nothing was sent to the store, so nothing has happened; try again soon.")
        }
        PlayError::Unavailable(Unavailable::OutcomeUnknown) => unavailable(
            "The outcome is unknown. To repeat safely, send a move with the same `version`, and \
             other calls with the same Idempotency-Key where they take one.",
        ),
    };
    refusal.respond(request_id)
}

#[cfg(test)]
mod tests;
