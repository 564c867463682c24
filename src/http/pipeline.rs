//! The steps of every request, in this order: give it an id, find the stage and call that its path
//! names, ask the gate, read the body, run the handler, and record it in the log and the metrics.
//!
//! No part of a body is examined before the gate has let the request pass.

use std::borrow::Cow;
use std::cell::Cell;
use std::net::{IpAddr, Ipv4Addr};

use actix_web::body::{EitherBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use actix_web::http::uri::{PathAndQuery, Uri};
use actix_web::http::{ConnectionType, Method, StatusCode};
use actix_web::middleware::Next;
use actix_web::{HttpMessage, web};
use bytes::Bytes;
use tracing::field::Empty;
use tracing::{Instrument, Span};
use uuid::Uuid;

use super::body::{discard_small_body, read_body};
use super::context::{Call, CallParts, RequestId};
use super::front::set_default;
use super::problem::HttpError;
use super::requests::{RequestRecord, Route};
use super::routes::{Endpoint, Verb};
use super::target::{self, Target};
use super::{Readiness, State, cors, forwarded, front, rate_limit};
use crate::config::StageName;
use crate::gate::{RateLimit, Request};
use crate::live::handshake;
use crate::trace::{self, span};

/// The header with the id of the request.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-amzn-requestid");

/// The middleware that takes each request through these steps.
pub async fn run<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B>>, actix_web::Error> {
    let origin = request.headers().get(header::ORIGIN).cloned();
    // `app` adds the state before any request arrives.
    let state = request
        .app_data::<web::Data<State>>()
        .expect("the app has its state")
        .clone();
    let mut record = state.requests.record(request.method().clone());
    let mut rate_limit = RateLimit::default();

    let span = request_span(&state, &request, record.id);
    record.span = span.clone();
    let mut response = serve(&state, request, next, &mut record, &mut rate_limit)
        .instrument(span)
        .await?;

    record.answered(response.response());
    let headers = response.headers_mut();
    finish(headers, record.id, rate_limit);
    cors::permit(&state.settings.cors_origins, origin.as_ref(), headers);
    let stopping = *state.readiness.borrow() == Readiness::Stopping;
    if stopping && response.status() != StatusCode::SWITCHING_PROTOCOLS {
        // So the client sends its next request on a new connection, which reaches another instance.
        let head = response.response_mut().head_mut();
        head.set_connection_type(ConnectionType::Close);
    }
    Ok(response)
}

/// The root span of the request. It continues the trace that `traceparent` names only if a trusted
/// proxy sent the request: otherwise any client could choose what is traced.
fn request_span(state: &State, request: &ServiceRequest, id: RequestId) -> Span {
    let span = span!(
        "request",
        otel.kind = "server",
        otel.status_code = Empty,
        http.request.method = request.method().as_str(),
        http.route = Empty,
        http.response.status_code = Empty,
        turnkey.request_id = %id,
        turnkey.stage = Empty,
        turnkey.key_id = Empty,
        turnkey.game_id = Empty,
        turnkey.refusal = Empty,
    );
    if span.is_disabled() {
        return span;
    }
    let traceparent = request.headers().get("traceparent");
    if let Some(Ok(traceparent)) = traceparent.map(HeaderValue::to_str)
        && forwarded::is_proxied(request.request(), &state.settings.trusted_proxies)
    {
        trace::continue_from(&span, traceparent);
    }
    span
}

async fn serve<B: MessageBody + 'static>(
    state: &State,
    mut request: ServiceRequest,
    next: Next<B>,
    record: &mut RequestRecord<'_>,
    rate_limit: &mut RateLimit,
) -> Result<ServiceResponse<EitherBody<B>>, actix_web::Error> {
    let target = target::resolve(
        state,
        request.method(),
        request.path(),
        cors::is_preflight(request.method(), request.headers()),
        front::fault_of(request.request()),
    );
    let admitted = match target {
        Target::Listener { template, path } => {
            record.route = Route::of_path(template);
            set_path(&mut request, &path);
            Ok(None)
        }
        Target::Preflight(methods) => {
            record.route = Route::PREFLIGHT;
            let answer = cors::preflight(methods, request.headers());
            return Ok(request.into_response(answer).map_into_right_body());
        }
        Target::Refused(error) => Err(error),
        Target::Call {
            endpoint,
            stage,
            prefix,
            path,
        } => {
            record.route = Route {
                method: Some(endpoint.verb.as_str()),
                path: endpoint.path,
            };
            record.stage = Some(stage.clone());
            record.game = game_of(endpoint, &path);
            set_path(&mut request, &path);
            admit(
                state,
                &mut request,
                endpoint,
                stage,
                prefix,
                record,
                rate_limit,
            )
            .await
            .map(Some)
        }
    };
    let call = match admitted {
        Ok(call) => call,
        Err(error) => {
            discard_small_body(&mut request).await;
            return Ok(request
                .into_response(error.respond(record.id))
                .map_into_right_body());
        }
    };
    if request.method() == Method::HEAD {
        // The connection leaves out the body of the answer to HEAD, so handlers need not know HEAD.
        request.head_mut().method = Method::GET;
    }
    let response = next.call(request).await?;
    if let Some(call) = call {
        record.game = record.game.or(call.game.get());
    }
    let refusal = response.response().error().map(|error| {
        error.as_error::<HttpError>().map_or_else(
            || of_framework(error, response.status()).respond(record.id),
            |error| error.respond(record.id),
        )
    });
    Ok(match refusal {
        Some(refusal) => response.into_response(refusal).map_into_right_body(),
        None => response.map_into_left_body(),
    })
}

/// The game that a call's path (without its stage) names, if it names one by a valid id.
fn game_of(endpoint: &Endpoint, path: &str) -> Option<Uuid> {
    let rest = path.strip_prefix("/game/")?;
    let is_of_game = endpoint.path.starts_with("/game/{gameId}");
    let id = rest.split('/').next().filter(|_| is_of_game)?;
    id.parse().ok()
}

/// The answer to an error of actix itself. Such errors are rare, because actix sees only paths that
/// are in the tables.
fn of_framework(error: &actix_web::Error, status: StatusCode) -> HttpError {
    match status {
        StatusCode::NOT_FOUND => HttpError::NotFound,
        _ => {
            tracing::error!(%error, "a request failed outside its handler");
            HttpError::Internal
        }
    }
}

/// Asks the gate about a call, reads its body, and adds the [`Call`] to the request for the handler.
async fn admit(
    state: &State,
    request: &mut ServiceRequest,
    endpoint: &'static Endpoint,
    stage: StageName,
    prefix: String,
    record: &mut RequestRecord<'_>,
    rate_limit: &mut RateLimit,
) -> Result<Call, HttpError> {
    let api_key = if endpoint.operation == "openLive" {
        handshake::credentials(request.request())
            .api_key
            .map(Cow::Owned)
    } else {
        api_key(request.headers())
    };
    let admission = state
        .gate
        .admit(&Request {
            stage: &stage,
            path: endpoint.path,
            verb: endpoint.verb.as_str(),
            api_key: api_key.as_deref(),
        })
        .instrument(span!("gate"))
        .await
        .map_err(|denied| {
            record.key = denied.key;
            record.refusal = Some(denied.outcome.code());
            *rate_limit = denied.denial.rate_limit();
            denied.denial
        })?;
    record.key = admission.key;
    *rate_limit = admission.rate_limit;

    let body = match endpoint.verb {
        // No GET has a body, and after the handshake of a socket frames follow.
        Verb::Get => Bytes::new(),
        Verb::Delete | Verb::Patch | Verb::Post | Verb::Put => read_body(request).await?,
    };
    let client_address = client_address(state, request);
    let call = Call::new(CallParts {
        request_id: record.id,
        stage,
        prefix,
        key: record.key.clone(),
        key_value: admission.value,
        client_address,
        body,
        game: Cell::new(None),
    });
    request.extensions_mut().insert(call.clone());
    Ok(call)
}

/// The key that was sent. If it was sent twice or is not text, this is the empty text, which is not
/// the value of any key.
fn api_key(headers: &HeaderMap) -> Option<Cow<'_, str>> {
    let mut values = headers.get_all("x-api-key");
    let value = values.next()?;
    match (value.to_str(), values.next()) {
        (Ok(text), None) => Some(Cow::Borrowed(text)),
        _ => Some(Cow::Borrowed("")),
    }
}

fn client_address(state: &State, request: &ServiceRequest) -> IpAddr {
    let peer = request
        .peer_addr()
        .map_or(Ipv4Addr::UNSPECIFIED.into(), |peer| peer.ip());
    let forwarded: Vec<&str> = request
        .headers()
        .get_all("x-forwarded-for")
        .map(|value| value.to_str().unwrap_or_default())
        .collect();
    state
        .settings
        .trusted_proxies
        .client(peer, forwarded.into_iter())
}

/// Gives the request the path that the routes know: the one without its stage.
fn set_path(request: &mut ServiceRequest, path: &str) {
    if request.path() == path {
        return;
    }
    let mut parts = request.uri().clone().into_parts();
    let query = request.uri().query();
    let whole = query.map_or_else(|| path.to_owned(), |query| format!("{path}?{query}"));
    parts.path_and_query = PathAndQuery::try_from(whole).ok().or(parts.path_and_query);
    if let Ok(uri) = Uri::from_parts(parts) {
        request.match_info_mut().get_mut().update(&uri);
        request.head_mut().uri = uri;
    }
}

fn finish(headers: &mut HeaderMap, request_id: RequestId, rate_limit: RateLimit) {
    if let Ok(id) = HeaderValue::try_from(request_id.to_string()) {
        headers.insert(REQUEST_ID, id);
    }
    rate_limit::tell(headers, rate_limit);
    let defaults = [
        (header::CACHE_CONTROL, "private, no-cache"),
        (header::VARY, "Authorization, x-api-key"),
    ];
    for (name, value) in defaults {
        set_default(headers, name, value);
    }
}
