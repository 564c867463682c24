//! What both listeners have in common: how they speak, what a client may take of them, and what
//! every answer says.
//!
//! Every wait on a client ends. What bounds bytes is where the bytes are read: a body of the game
//! API in [`super::input`], one of the control plane in its listener, a frame in `live`. A head is
//! bounded by actix-http: 96 headers, 128 KiB.

mod hardening;
mod idle;

use std::any::Any;
use std::fmt::Debug;
use std::io;
use std::net::TcpListener;
use std::num::NonZeroUsize;
use std::time::Duration;

use actix_http::{Request, Response};
use actix_service::IntoServiceFactory;
use actix_web::body::MessageBody;
use actix_web::dev::{
    AppConfig, Extensions, Server, Service, ServiceFactory, ServiceRequest, ServiceResponse,
};
use actix_web::http::StatusCode;
use actix_web::middleware::Next;
use actix_web::{Error, HttpServer};
use rustls::ServerConfig;

pub(super) use hardening::set_default;

use crate::live::{note_connection, tcp_stream};

/// How long a greeting of TLS may take: a few round trips of the slowest network.
const HANDSHAKE_DEADLINE: Duration = Duration::from_secs(5);
/// How long the head of a connection's first request may take to arrive, from the connection on.
const HEAD_DEADLINE: Duration = Duration::from_secs(10);
/// How long a connection may be idle between requests: longer than the load balancers in front
/// of it, whose common setting is 60 s, so that it is never closed under a request of theirs.
const KEEP_ALIVE: Duration = Duration::from_secs(75);
/// How long a connection may have no request under way, a part of a head or an answer that nobody
/// takes notwithstanding.
const REST_DEADLINE: Duration = KEEP_ALIVE.saturating_add(HEAD_DEADLINE);
/// How long a connection that is being closed is read from, so that its client gets the answer.
const DISCONNECT_DEADLINE: Duration = Duration::from_secs(5);

/// A bound socket, and how it is spoken to.
pub struct Socket {
    pub listener: TcpListener,
    /// `None` for plain HTTP.
    pub tls: Option<ServerConfig>,
}

/// What a listener may use of the machine.
#[derive(Clone, Copy, Debug)]
pub struct Share {
    /// Threads that answer.
    pub workers: usize,
    /// Connections at once. Who comes after them waits to be accepted until others have gone.
    pub connections: usize,
    /// How long requests under way may take to end when the listener stops, in whole seconds.
    pub drain: Duration,
}

/// As many threads as the machine runs at once.
pub fn all_workers() -> usize {
    std::thread::available_parallelism().map_or(2, NonZeroUsize::get)
}

/// Serves `server` on a socket. It stops only when told to.
///
/// # Errors
/// Where the socket cannot be listened on.
pub fn listen<F, I, S, B>(
    server: HttpServer<F, I, S, B>,
    socket: Socket,
    share: Share,
) -> io::Result<Server>
where
    F: Fn() -> I + Send + Clone + 'static,
    I: IntoServiceFactory<S, Request>,
    S: ServiceFactory<Request, Config = AppConfig> + 'static,
    S::Error: Into<Error> + 'static,
    S::InitError: Debug,
    S::Response: Into<Response<B>> + 'static,
    <S::Service as Service<Request>>::Future: 'static,
    S::Service: 'static,
    B: MessageBody + 'static,
{
    let server = server
        .on_connect(meet)
        .workers(share.workers)
        .max_connections(share.connections.div_ceil(share.workers))
        .keep_alive(KEEP_ALIVE)
        .client_request_timeout(HEAD_DEADLINE)
        .client_disconnect_timeout(DISCONNECT_DEADLINE)
        .tls_handshake_timeout(HANDSHAKE_DEADLINE)
        .shutdown_timeout(share.drain.as_secs())
        .disable_signals();
    let server = match socket.tls {
        None => server.listen(socket.listener)?,
        Some(config) => server.listen_rustls_0_23(socket.listener, config)?,
    };
    Ok(server.run())
}

fn meet(connection: &dyn Any, extensions: &mut Extensions) {
    note_connection(connection, extensions);
    if let Some(stream) = tcp_stream(connection) {
        idle::watch(stream, REST_DEADLINE, extensions);
    }
}

/// The outermost middleware of both listeners.
pub async fn run<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, Error> {
    let transport = hardening::Transport::of(request.app_config());
    let busy = idle::Busy::begin(request.request());
    let mut response = next.call(request).await?;
    hardening::harden(response.headers_mut(), transport);
    if response.status() == StatusCode::SWITCHING_PROTOCOLS {
        // From here on `live` has deadlines of its own.
        busy.stay();
    }
    Ok(response)
}
