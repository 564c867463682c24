//! From the socket to an answer: name, credentials, call.
//!
//! A signature covers the body, so the body is read before it is known who sent it: its hash
//! is taken as it comes, and only so much of it is kept as a call may have.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use actix_web::dev::Server;
use actix_web::http::header::{self, HeaderMap};
use actix_web::middleware::from_fn;
use actix_web::{App, HttpRequest, HttpResponse, web};
use futures_util::StreamExt;
use sha2::{Digest, Sha256};
use tokio::time::timeout;

use super::calls::{self, Call};
use super::credentials;
use super::door::{self, Failures};
use super::operations::import::MAX_FILE_BYTES;
use super::reply::{Turned, identified};
use super::sigv4::SignedRequest;
use crate::config::{ControlCredentials, TrustedProxies};
use crate::gate::Gate;
use crate::http::front::{self, Share, Socket};
use crate::http::requests::{Listener, Requests, Route};
use crate::store::Store;

/// More than this is kept of no body; a call that has more is told so once it is known whose.
const MAX_KEPT_BYTES: usize = MAX_FILE_BYTES;
/// More than this is not even read.
const MAX_READ_BYTES: usize = 16 * 1024 * 1024;
const BODY_DEADLINE: Duration = Duration::from_secs(30);
/// Threads that answer: operators and their tools are few.
const WORKERS: usize = 2;
/// Connections at once, where the system allows so many.
pub const MAX_CONNECTIONS: usize = 256;
/// What a proxy adds: with any of these a peer on loopback may speak for somebody else.
const FORWARDED: [&str; 5] = [
    "forwarded",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-real-ip",
    "via",
];

/// What requests are told apart by in the log and the metrics.
const ROUTES: [Route; 7] = [
    Route::of_path("/account"),
    Route::of_path("/apikeys"),
    Route::of_path("/metrics"),
    Route::of_path("/restapis"),
    Route::of_path("/tags"),
    Route::of_path("/turnkey"),
    Route::of_path("/usageplans"),
];

/// Makes the text of `/metrics`, in the form of Prometheus.
pub type Metrics = Arc<dyn Fn() -> String + Send + Sync>;

/// What the control plane works with.
pub struct State {
    store: Store,
    gate: Gate,
    settings: Settings,
    metrics: Metrics,
    requests: Arc<Requests>,
    failures: Failures,
}

/// What the operator set for the control plane.
#[derive(Clone, Debug)]
pub struct Settings {
    pub credentials: ControlCredentials,
    /// Names to be called by, besides addresses and localhost; lower case, without port.
    pub hosts: Vec<String>,
    pub trusted_proxies: TrustedProxies,
    pub max_connections: usize,
}

impl State {
    pub fn new(
        store: Store,
        gate: Gate,
        settings: Settings,
        requests: Arc<Requests>,
        metrics: Metrics,
    ) -> State {
        State {
            store,
            gate,
            settings,
            requests,
            metrics,
            failures: Failures::default(),
        }
    }
}

/// The counts of the requests that come to the control plane.
pub fn requests() -> Requests {
    Requests::new(Listener::Control, ROUTES.into_iter())
}

/// The control plane on a bound socket; requests under way may take `drain` when it stops.
///
/// # Errors
/// Where the socket cannot be listened on.
pub fn server(socket: Socket, state: State, drain: Duration) -> std::io::Result<Server> {
    let share = Share {
        workers: WORKERS,
        connections: state.settings.max_connections,
        drain,
    };
    let state = web::Data::new(state);
    let app = move || {
        App::new()
            .wrap(from_fn(front::run))
            .app_data(state.clone())
            .default_service(web::to(answer))
    };
    // No path here opens a WebSocket.
    front::listen(app, |_| false, socket, share)
}

async fn answer(
    request: HttpRequest,
    payload: web::Payload,
    state: web::Data<State>,
) -> HttpResponse {
    let mut record = state.requests.record(request.method().clone());
    record.route = route(request.uri().path());
    let response = match admit(&request, payload, &state).await {
        Ok(Admitted::Metrics) => HttpResponse::Ok()
            .content_type("text/plain; version=0.0.4")
            .body((state.metrics)()),
        Ok(Admitted::Call(call)) => {
            record.actor = Some(call.actor.to_string());
            record.path = Some(call.path.clone());
            match calls::run(&state.store, &state.gate, call).await {
                Ok(reply) => reply.into_response(),
                Err(error) => error.into_response(),
            }
        }
        Err(turned) => turned.into_response(),
    };
    record.answered(&response);
    identified(response, record.id)
}

/// What the log and the metrics call a path: what it begins with.
fn route(path: &str) -> Route {
    let is_below = |route: &&Route| {
        let rest = path.strip_prefix(route.path);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    ROUTES
        .iter()
        .find(is_below)
        .copied()
        .unwrap_or(Route::UNKNOWN)
}

/// A request that may go on.
enum Admitted {
    Metrics,
    Call(Call),
}

async fn admit(
    request: &HttpRequest,
    payload: web::Payload,
    state: &State,
) -> Result<Admitted, Turned> {
    if let Some(fault) = front::fault_of(request) {
        return Err(Turned::NoRequest(fault));
    }
    let headers = request.headers();
    let host = single(headers, header::HOST.as_str()).unwrap_or_default();
    if !door::is_our_name(host, &state.settings.hosts) {
        return Err(Turned::ForeignHost);
    }
    let peer = request.peer_addr();
    let peer = peer.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.ip());
    let is_metrics = request.method() == "GET" && request.uri().path() == "/metrics";
    let is_direct = !FORWARDED.iter().any(|name| headers.contains_key(*name));
    if is_metrics && is_direct && peer.to_canonical().is_loopback() {
        return Ok(Admitted::Metrics);
    }
    let forwarded_for = headers.get_all("x-forwarded-for");
    let forwarded_for: Vec<&str> = forwarded_for.filter_map(|hop| hop.to_str().ok()).collect();
    let proxies = &state.settings.trusted_proxies;
    let address = proxies.client(peer, forwarded_for.into_iter());

    let authorization = single(headers, header::AUTHORIZATION.as_str());
    if authorization.is_some()
        && let Some(wait) = state.failures.wait(address, Instant::now())
    {
        return Err(Turned::TooManyFailures(wait));
    }
    let body = timeout(BODY_DEADLINE, read_body(payload));
    let body = body.await.map_err(|_| Turned::TooSlow)??;
    let headers: Vec<(&str, &[u8])> = headers
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_bytes()))
        .collect();
    let (path, query) = (request.uri().path(), request.uri().query());
    let signed = SignedRequest {
        method: request.method().as_str(),
        path,
        query: query.unwrap_or_default(),
        headers: &headers,
        body_sha256: body.sha256,
    };
    let now = state.store.clock().now();
    let credentials = &state.settings.credentials;
    let actor = credentials::judge(credentials, authorization, &signed, now).map_err(|error| {
        if error.is_wrong() {
            state.failures.count(address, Instant::now());
        }
        Turned::Credentials(error)
    })?;
    if is_metrics {
        return Ok(Admitted::Metrics);
    }
    Ok(Admitted::Call(Call {
        actor,
        method: signed.method.to_owned(),
        path: path.to_owned(),
        query: signed.query.to_owned(),
        body: body.kept,
    }))
}

struct Body {
    sha256: [u8; 32],
    /// `None` where there was more than may be kept.
    kept: Option<Vec<u8>>,
}

async fn read_body(mut payload: web::Payload) -> Result<Body, Turned> {
    let mut digest = Sha256::new();
    let mut kept = Some(Vec::new());
    let mut read_bytes = 0;
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.map_err(|_| Turned::Broken)?;
        read_bytes += chunk.len();
        if read_bytes > MAX_READ_BYTES {
            return Err(Turned::TooLarge);
        }
        digest.update(&chunk);
        match &mut kept {
            Some(bytes) if read_bytes <= MAX_KEPT_BYTES => bytes.extend_from_slice(&chunk),
            Some(_) | None => kept = None,
        }
    }
    Ok(Body {
        sha256: digest.finalize().into(),
        kept,
    })
}

/// The value of a header that is there once.
fn single<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let mut values = headers.get_all(name);
    match (values.next(), values.next()) {
        (Some(value), None) => value.to_str().ok(),
        (Some(_), Some(_)) | (None, _) => None,
    }
}
