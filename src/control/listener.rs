//! Answers each request: it checks the host name, then the credentials, then runs the call.
//!
//! A signature covers the body, so the server must read the body before it knows the sender. It
//! hashes the body as it arrives, and keeps no more of it than a call may have.

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

/// The largest body that is kept. A call with a larger one is refused after its credentials were
/// checked.
const MAX_KEPT_BYTES: usize = MAX_FILE_BYTES;
/// The largest body that is read. A larger one is refused at once.
const MAX_READ_BYTES: usize = 16 * 1024 * 1024;
const BODY_DEADLINE: Duration = Duration::from_secs(30);
/// The number of threads that answer. It is small, because operators and their tools are few.
const WORKERS: usize = 2;
/// The most connections at once, if the system allows that many open files.
pub const MAX_CONNECTIONS: usize = 256;
/// The headers that proxies add. With any of these, a loopback peer may be a proxy that forwards the
/// request of another client.
const FORWARDED: [&str; 5] = [
    "forwarded",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-real-ip",
    "via",
];

/// The beginnings of paths by which the log and the metrics group requests.
const ROUTES: [Route; 7] = [
    Route::of_path("/account"),
    Route::of_path("/apikeys"),
    Route::of_path("/metrics"),
    Route::of_path("/restapis"),
    Route::of_path("/tags"),
    Route::of_path("/turnkey"),
    Route::of_path("/usageplans"),
];

/// Writes the text of `/metrics`, in the text format of Prometheus.
pub type Metrics = Arc<dyn Fn() -> String + Send + Sync>;

/// The state that the control plane's workers share.
pub struct State {
    store: Store,
    gate: Gate,
    settings: Settings,
    metrics: Metrics,
    requests: Arc<Requests>,
    failures: Failures,
}

/// The operator's settings of the control plane.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The accepted credentials. Without any, every call is refused.
    pub credentials: ControlCredentials,
    /// The host names of this server, besides literal addresses and `localhost`: in lower case,
    /// without a port.
    pub hosts: Vec<String>,
    /// The proxies whose `X-Forwarded-For` names the client. Failures are counted for the client's
    /// address.
    pub trusted_proxies: TrustedProxies,
    /// The most connections at once. Further clients wait to be accepted.
    pub max_connections: usize,
}

impl State {
    /// Makes the state of a control plane. `requests` counts its requests: see [`requests`].
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

/// The counts of the control plane's requests, by the beginning of their path; all zero at first.
pub fn requests() -> Requests {
    Requests::new(Listener::Control, ROUTES.into_iter())
}

/// Serves the control plane on a bound socket. Requests under way may take `drain`, in whole seconds,
/// when it stops.
///
/// # Errors
/// Fails if the server cannot listen on the socket.
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

/// The route under which the log and the metrics record a path.
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

/// A request that was let in.
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
    /// `None` if the body was larger than [`MAX_KEPT_BYTES`].
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

/// The value of a header that occurs exactly once.
fn single<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let mut values = headers.get_all(name);
    match (values.next(), values.next()) {
        (Some(value), None) => value.to_str().ok(),
        (Some(_), Some(_)) | (None, _) => None,
    }
}
