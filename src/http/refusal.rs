//! Builds and writes the two forms of a refusal.

use std::time::Duration;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderName, HeaderValue};
use serde::Serialize;
use utoipa::ToSchema;

use super::context::RequestId;
use super::requests::ProblemCode;
use crate::play::view::GameView;

pub const ERROR_TYPE: HeaderName = HeaderName::from_static("x-amzn-errortype");
pub const PROBLEM_TYPE: &str = "application/problem+json";
/// How long a client should wait before it calls a busy server again.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// RFC 9457 problem details. `message` is `detail`, for clients that read API Gateway's errors.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Problem<'a> {
    /// `/problems/` and the code.
    #[schema(value_type = String, example = "/problems/not_your_turn")]
    r#type: String,
    #[schema(value_type = String, example = "Not your turn")]
    title: &'a str,
    #[schema(minimum = 400, maximum = 599, example = 409)]
    status: u16,
    /// Says what to do.
    #[schema(value_type = String, example = "Wait for the other player's move, then send yours.")]
    detail: &'a str,
    /// Names the kind of problem, for programs.
    #[schema(value_type = String, example = "not_your_turn")]
    code: &'a str,
    /// The same as `detail`.
    #[schema(value_type = String, example = "Wait for the other player's move, then send yours.")]
    message: &'a str,
    #[schema(format = Uuid)]
    request_id: String,
    /// The current game, if the client's copy of it is out of date.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<GameView>, nullable = false)]
    game: Option<&'a GameView>,
}

/// A refusal of the gate.
#[derive(Debug, Serialize, ToSchema)]
pub struct GateError {
    #[schema(value_type = String, example = "Forbidden")]
    message: &'static str,
}

/// A problem that is not yet written.
pub struct Refusal<'a> {
    status: StatusCode,
    code: &'static str,
    title: &'static str,
    detail: &'a str,
    game: Option<&'a GameView>,
    headers: Vec<(HeaderName, String)>,
}

pub fn gate_error(status: StatusCode, kind: &'static str, message: &'static str) -> HttpResponse {
    HttpResponse::build(status)
        .insert_header((ERROR_TYPE, kind))
        .json(GateError { message })
}

/// Notes the name of a refusal for the log, for answers that do not contain it.
pub fn named(code: &'static str, mut response: HttpResponse) -> HttpResponse {
    response.extensions_mut().insert(ProblemCode(code));
    response
}

pub fn retry(mut response: HttpResponse, after: Duration) -> HttpResponse {
    let value = HeaderValue::from(whole_seconds(after));
    response.headers_mut().insert(header::RETRY_AFTER, value);
    response
}

/// The seconds in `duration`, rounded up and at least 1.
fn whole_seconds(duration: Duration) -> u64 {
    duration
        .as_millis()
        .div_ceil(1000)
        .max(1)
        .try_into()
        .unwrap_or(u64::MAX)
}

pub fn malformed(detail: &str) -> Refusal<'_> {
    refusal(
        StatusCode::BAD_REQUEST,
        "malformed",
        "Malformed request",
        detail,
    )
}

pub fn conflict<'a>(code: &'static str, title: &'static str, detail: &'a str) -> Refusal<'a> {
    refusal(StatusCode::CONFLICT, code, title, detail)
}

pub fn unprocessable<'a>(code: &'static str, title: &'static str, detail: &'a str) -> Refusal<'a> {
    refusal(StatusCode::UNPROCESSABLE_ENTITY, code, title, detail)
}

pub fn unavailable(detail: &str) -> Refusal<'_> {
    refusal(
        StatusCode::SERVICE_UNAVAILABLE,
        "unavailable",
        "Temporarily unavailable",
        detail,
    )
    .retrying()
}

pub fn refusal<'a>(
    status: StatusCode,
    code: &'static str,
    title: &'static str,
    detail: &'a str,
) -> Refusal<'a> {
    Refusal {
        status,
        code,
        title,
        detail,
        game: None,
        headers: Vec::new(),
    }
}

impl<'a> Refusal<'a> {
    pub fn with(mut self, name: HeaderName, value: impl Into<String>) -> Refusal<'a> {
        self.headers.push((name, value.into()));
        self
    }

    pub fn retrying(self) -> Refusal<'a> {
        self.with(header::RETRY_AFTER, whole_seconds(RETRY_AFTER).to_string())
    }

    pub fn showing(self, game: &'a GameView) -> Refusal<'a> {
        self.showing_if_any(Some(game))
    }

    pub fn showing_if_any(mut self, game: Option<&'a GameView>) -> Refusal<'a> {
        self.game = game;
        self
    }

    pub fn respond(self, request_id: RequestId) -> HttpResponse {
        let mut response = HttpResponse::build(self.status);
        for header in self.headers {
            response.insert_header(header);
        }
        response.insert_header((header::CONTENT_TYPE, PROBLEM_TYPE));
        response.extensions_mut().insert(ProblemCode(self.code));
        response.json(Problem {
            r#type: format!("/problems/{}", self.code),
            title: self.title,
            status: self.status.as_u16(),
            detail: self.detail,
            code: self.code,
            message: self.detail,
            request_id: request_id.to_string(),
            game: self.game,
        })
    }
}
