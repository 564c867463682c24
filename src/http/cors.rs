//! Calls from web pages of other origins.
//!
//! An answer names the caller's origin and never `*`, so that caches keep origins apart. This server
//! uses no cookies, so credentials are not allowed.

use std::borrow::Cow;

use actix_web::HttpResponse;
use actix_web::http::Method;
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};

use crate::config::Origins;

const EXPOSED: HeaderValue = HeaderValue::from_static(
    "ETag, Location, Retry-After, RateLimit, RateLimit-Policy, Turnkey-Replayed, \
     x-amzn-RequestId, x-amzn-ErrorType",
);
/// The headers that calls use. A page may send other headers too, such as those of tracing. They have
/// no effect here, but a page that had to leave them out could not call at all.
const READ_HEADERS: [&str; 9] = [
    "authorization",
    "baggage",
    "content-type",
    "idempotency-key",
    "if-none-match",
    "sentry-trace",
    "traceparent",
    "tracestate",
    "x-api-key",
];
/// More bytes of header names than any page asks for.
const MAX_ASKED_BYTES: usize = 2048;
/// Every method that some call has.
pub const METHODS: [&str; 6] = ["DELETE", "GET", "HEAD", "PATCH", "POST", "PUT"];
/// Browsers repeat the preflight after this time. Chromium allows no more than two hours.
const MAX_AGE: HeaderValue = HeaderValue::from_static("7200");

/// Whether this is a preflight: a browser's question, sent without a key, which requests it may send.
pub fn is_preflight(method: &Method, headers: &HeaderMap) -> bool {
    method == Method::OPTIONS
        && headers.contains_key(header::ORIGIN)
        && headers.contains_key(header::ACCESS_CONTROL_REQUEST_METHOD)
}

/// Answers a preflight on a path that has `methods`. The method that the page wants to use is always
/// allowed too. The call is still refused, but the page can then read the refusal.
pub fn preflight(methods: Vec<&'static str>, headers: &HeaderMap) -> HttpResponse {
    let mut methods: Vec<Cow<str>> = methods.into_iter().map(Cow::from).collect();
    for method in tokens(headers, header::ACCESS_CONTROL_REQUEST_METHOD) {
        if !methods.iter().any(|known| *known == method) {
            methods.push(method.into());
        }
    }
    let mut allowed: Vec<Cow<str>> = READ_HEADERS.into_iter().map(Cow::from).collect();
    for name in tokens(headers, header::ACCESS_CONTROL_REQUEST_HEADERS) {
        if !allowed
            .iter()
            .any(|known| known.eq_ignore_ascii_case(&name))
        {
            allowed.push(name.into());
        }
    }
    HttpResponse::NoContent()
        .insert_header((header::ACCESS_CONTROL_ALLOW_METHODS, methods.join(", ")))
        .insert_header((header::ACCESS_CONTROL_ALLOW_HEADERS, allowed.join(", ")))
        .insert_header((header::ACCESS_CONTROL_MAX_AGE, MAX_AGE))
        .insert_header((
            header::VARY,
            "Access-Control-Request-Method, Access-Control-Request-Headers",
        ))
        .finish()
}

/// The entries of a header that lists names. It is empty if there are too many.
fn tokens(headers: &HeaderMap, name: HeaderName) -> Vec<String> {
    // Browsers take `*` for every name.
    let is_token = |text: &&str| *text != "*" && HeaderName::try_from(*text).is_ok();
    let values = headers
        .get_all(name)
        .filter_map(|value| value.to_str().ok());
    let values: Vec<&str> = values.collect();
    if values.iter().map(|value| value.len()).sum::<usize>() > MAX_ASKED_BYTES {
        return Vec::new();
    }
    let entries = values.iter().flat_map(|list| list.split(','));
    let entries = entries.map(str::trim).filter(|entry| !entry.is_empty());
    entries.filter(is_token).map(str::to_owned).collect()
}

/// Adds the headers that let a page of an allowed origin read an answer. Refusals need them too.
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
