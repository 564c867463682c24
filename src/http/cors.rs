//! Calls from web pages of other origins.
//!
//! An answer names the caller's origin and never `*`, so that a cache keeps origins apart. No
//! cookies are used here, so credentials are not allowed.

use actix_web::HttpResponse;
use actix_web::http::Method;
use actix_web::http::header::{self, HeaderMap, HeaderValue};

use super::routes::{self, Matched};
use crate::config::Origins;

const EXPOSED: HeaderValue = HeaderValue::from_static(
    "ETag, Location, Retry-After, RateLimit, RateLimit-Policy, Turnkey-Replayed, \
     x-amzn-RequestId, x-amzn-ErrorType",
);
const ALLOWED_HEADERS: HeaderValue = HeaderValue::from_static(
    "authorization, content-type, idempotency-key, if-none-match, x-api-key",
);
/// Browsers ask again after this; Chromium allows no more than two hours.
const MAX_AGE: HeaderValue = HeaderValue::from_static("7200");

/// Whether a browser asks what it may send, which it does without any key.
pub fn is_preflight(method: &Method, headers: &HeaderMap) -> bool {
    method == Method::OPTIONS
        && headers.contains_key(header::ORIGIN)
        && headers.contains_key(header::ACCESS_CONTROL_REQUEST_METHOD)
}

/// Answers a preflight on a known path, given without its stage.
pub fn preflight(path: &str) -> HttpResponse {
    let mut response = HttpResponse::NoContent();
    let methods = match routes::find("OPTIONS", path) {
        Matched::OtherMethod(methods) => methods.join(", "),
        Matched::Endpoint(_) | Matched::UnknownPath => routes::LISTENER_METHODS.join(", "),
    };
    response.insert_header((header::ACCESS_CONTROL_ALLOW_METHODS, methods));
    response.insert_header((header::ACCESS_CONTROL_ALLOW_HEADERS, ALLOWED_HEADERS));
    response.insert_header((header::ACCESS_CONTROL_MAX_AGE, MAX_AGE));
    response.finish()
}

/// Adds to any answer, to a refusal too, what lets the page of an allowed origin read it.
pub fn permit(allowed: &Origins, origin: Option<&HeaderValue>, headers: &mut HeaderMap) {
    if allowed.is_empty() {
        return;
    }
    headers.append(header::VARY, HeaderValue::from_static("Origin"));
    let Some(origin) = origin else { return };
    if origin.to_str().is_ok_and(|origin| allowed.allow(origin)) {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
        headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED);
    } else {
        for name in [
            header::ACCESS_CONTROL_ALLOW_METHODS,
            header::ACCESS_CONTROL_ALLOW_HEADERS,
            header::ACCESS_CONTROL_MAX_AGE,
        ] {
            headers.remove(name);
        }
    }
}
