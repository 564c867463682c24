//! HTTP answers. Each one has a request id, and each refusal has its type in a header.

use std::time::Duration;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderName, HeaderValue};
use serde_json::{Value, json};

use super::OperationError;
use super::credentials::CredentialError;
use crate::http::front::{Fault, FaultKind};
use crate::http::requests::{ProblemCode, RequestId};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-amzn-requestid");
const ERROR_TYPE: HeaderName = HeaderName::from_static("x-amzn-errortype");

/// The answer to a call that succeeded.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Reply {
    pub status: StatusCode,
    /// `None` for an empty body without a content type.
    pub body: Option<Value>,
}

impl Reply {
    pub(super) fn ok(body: Value) -> Reply {
        Reply {
            status: StatusCode::OK,
            body: Some(body),
        }
    }

    pub(super) fn created(body: Value) -> Reply {
        Reply {
            status: StatusCode::CREATED,
            body: Some(body),
        }
    }

    /// The answer to a deletion, as in API Gateway.
    pub(super) fn accepted() -> Reply {
        Reply {
            status: StatusCode::ACCEPTED,
            body: None,
        }
    }

    pub(super) fn no_content() -> Reply {
        Reply {
            status: StatusCode::NO_CONTENT,
            body: None,
        }
    }

    pub(super) fn into_response(self) -> HttpResponse {
        let mut response = HttpResponse::build(self.status);
        response.insert_header((header::CACHE_CONTROL, "no-store"));
        match self.body {
            Some(body) => response.json(body),
            None => response.finish(),
        }
    }
}

/// Why a request was refused before its call ran.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Turned {
    ForeignHost,
    Credentials(CredentialError),
    TooManyFailures(Duration),
    TooLarge,
    TooSlow,
    Broken,
    /// The bytes were not a valid HTTP request.
    NoRequest(Fault),
}

impl Turned {
    pub(super) fn into_response(self) -> HttpResponse {
        match self {
            Turned::ForeignHost => refusal(
                StatusCode::MISDIRECTED_REQUEST,
                "MisdirectedRequestException",
                "Call the control plane by a literal address, as localhost, or by a name in \
                 TURNKEY_CONTROL_HOSTS",
            ),
            Turned::Credentials(error) => {
                refusal(StatusCode::FORBIDDEN, error.kind(), &error.to_string())
            }
            Turned::TooManyFailures(wait) => {
                let mut response = refusal(
                    StatusCode::TOO_MANY_REQUESTS,
                    "TooManyRequestsException",
                    "Too many wrong credentials from this address",
                );
                let seconds = wait.as_secs().max(1);
                response
                    .headers_mut()
                    .insert(header::RETRY_AFTER, HeaderValue::from(seconds));
                response
            }
            Turned::TooLarge => refusal(
                StatusCode::PAYLOAD_TOO_LARGE,
                "RequestEntityTooLargeException",
                "The body is too large",
            ),
            Turned::TooSlow => refusal(
                StatusCode::REQUEST_TIMEOUT,
                "RequestTimeoutException",
                "The body did not arrive in time",
            ),
            Turned::Broken => refusal(
                StatusCode::BAD_REQUEST,
                "BadRequestException",
                "The body could not be read",
            ),
            Turned::NoRequest(fault) => {
                let (status, kind) = match fault.kind {
                    FaultKind::Malformed => (StatusCode::BAD_REQUEST, "BadRequestException"),
                    FaultKind::TooLate => (StatusCode::REQUEST_TIMEOUT, "RequestTimeoutException"),
                    FaultKind::TooLarge => (
                        StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
                        "RequestHeaderFieldsTooLargeException",
                    ),
                };
                refusal(status, kind, fault.detail)
            }
        }
    }
}

impl OperationError {
    pub(super) fn into_response(self) -> HttpResponse {
        let (status, kind) = match &self {
            OperationError::BadRequest(_) => (StatusCode::BAD_REQUEST, "BadRequestException"),
            OperationError::Validation(_) => (StatusCode::BAD_REQUEST, "ValidationException"),
            OperationError::NotFound(_) => (StatusCode::NOT_FOUND, "NotFoundException"),
            OperationError::Conflict(_) => (StatusCode::CONFLICT, "ConflictException"),
            OperationError::Unavailable | OperationError::Unknown => (
                StatusCode::SERVICE_UNAVAILABLE,
                "ServiceUnavailableException",
            ),
            OperationError::Internal(reason) => {
                tracing::error!(%reason, "a control-plane call failed");
                let status = StatusCode::INTERNAL_SERVER_ERROR;
                return refusal(status, "InternalFailureException", "Internal failure");
            }
        };
        let mut response = refusal(status, kind, &self.to_string());
        if status == StatusCode::SERVICE_UNAVAILABLE {
            let wait = HeaderValue::from_static("1");
            response.headers_mut().insert(header::RETRY_AFTER, wait);
        }
        response
    }
}

fn refusal(status: StatusCode, kind: &'static str, message: &str) -> HttpResponse {
    let mut response = HttpResponse::build(status);
    response.extensions_mut().insert(ProblemCode(kind));
    response
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .insert_header((ERROR_TYPE, kind))
        .json(json!({ "message": message }))
}

/// Adds the request id, by which an operator finds the request in the log.
pub(super) fn identified(mut response: HttpResponse, id: RequestId) -> HttpResponse {
    // Hexadecimal digits and hyphens are good in a header.
    let id = HeaderValue::from_str(&id.to_string()).expect("a UUID is visible ASCII");
    response.headers_mut().insert(REQUEST_ID, id);
    response
}
