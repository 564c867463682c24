//! The parts that both listeners share: the server, its limits on a connection, and the headers that
//! every answer carries.
//!
//! Every wait on a client has a deadline. The code that reads bytes also bounds them: [`heads`] bounds
//! a head, [`super::body`] a body of the game API, `control::listener` a body of the control plane,
//! and `live` a frame.

mod chunks;
mod connection;
mod fault;
mod hardening;
mod head;
mod heads;
mod idle;
mod turn;

use std::any::Any;
use std::fmt::Debug;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use actix_http::error::DispatchError;
use actix_http::{HttpService, Protocol, Request, Response};
use actix_server::GracefulShutdownSignal;
use actix_service::{
    IntoServiceFactory, ServiceFactory, ServiceFactoryExt, fn_service, map_config,
};
use actix_tls::accept::TlsError;
use actix_tls::accept::rustls_0_23::{Acceptor, TlsStream};
use actix_web::Error;
use actix_web::body::MessageBody;
use actix_web::dev::{AppConfig, Extensions, Server, Service, ServiceRequest, ServiceResponse};
use actix_web::http::StatusCode;
use actix_web::middleware::Next;
use actix_web::rt::net::TcpStream;
use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncWrite};

pub use fault::{Fault, FaultKind, fault_of};
pub use hardening::Transport;
pub(super) use hardening::set_default;

use crate::live::{note_connection, tcp_stream};
use connection::Connection;
use turn::{Answer, Taken};

/// The time allowed for a TLS handshake: a few round trips on the slowest network.
const HANDSHAKE_DEADLINE: Duration = Duration::from_secs(5);
/// How long a connection may be idle between requests. It is longer than the usual 60 s of a load
/// balancer, so that the load balancer closes an idle connection first and never sends a request
/// on one that the server is closing.
const KEEP_ALIVE: Duration = Duration::from_secs(75);
/// How long a connection may have no request under way. Part of a head, or an answer that the client
/// does not read, does not extend it.
const REST_DEADLINE: Duration = KEEP_ALIVE.saturating_add(Duration::from_secs(10));
/// How long the server reads on from a connection that it is closing, so that the client receives
/// the answer.
const DISCONNECT_DEADLINE: Duration = Duration::from_secs(5);

/// A bound socket and its protocol.
pub struct Socket {
    /// The bound socket.
    pub listener: TcpListener,
    /// The TLS configuration; `None` for plain HTTP.
    pub tls: Option<ServerConfig>,
}

/// A listener's share of the machine.
#[derive(Clone, Copy, Debug)]
pub struct Share {
    /// The number of threads that answer.
    pub workers: usize,
    /// The most connections at once. Further clients wait to be accepted until one has closed.
    pub connections: usize,
    /// How long requests under way may take when the listener stops. Fractions of a second are
    /// dropped.
    pub drain: Duration,
}

/// The number of threads that the machine runs at once; 2 if it is unknown.
pub fn all_workers() -> usize {
    std::thread::available_parallelism().map_or(2, NonZeroUsize::get)
}

/// Serves the app that `app` makes on a socket, until the returned server's handle stops it. A
/// request may open a WebSocket at the paths for which `is_socket` returns true.
///
/// # Errors
/// Fails if the server cannot listen on the socket.
pub fn listen<A, I, S, B>(
    app: A,
    is_socket: impl Fn(&str) -> bool + Send + Sync + 'static,
    socket: Socket,
    share: Share,
) -> io::Result<Server>
where
    A: Fn() -> I + Send + Clone + 'static,
    I: IntoServiceFactory<S, Request>,
    S: ServiceFactory<Request, Config = AppConfig> + 'static,
    S::Error: Into<Error> + 'static,
    S::InitError: Debug,
    S::Response: Into<Response<B>> + 'static,
    <S::Service as Service<Request>>::Future: 'static,
    S::Service: 'static,
    B: MessageBody + 'static,
{
    let server = Server::build()
        .workers(share.workers)
        .max_concurrent_connections(share.connections.div_ceil(share.workers))
        .shutdown_timeout(share.drain.as_secs())
        .disable_signals();
    let stopping = server.graceful_shutdown_signal();
    let is_socket: Arc<head::IsSocket> = Arc::new(is_socket);
    let server = match socket.tls {
        None => server.listen("http", socket.listener, move || {
            let is_socket = is_socket.clone();
            fn_service(move |stream: TcpStream| {
                let peer = stream.peer_addr().ok();
                let connection = Connection::new(stream, is_socket.clone());
                async move { Ok((connection, Protocol::Http1, peer)) }
            })
            .and_then(http(&app, stopping.clone(), Transport::Plain))
        })?,
        Some(mut config) => {
            config.alpn_protocols = vec![b"http/1.1".to_vec()];
            server.listen("https", socket.listener, move || {
                let is_socket = is_socket.clone();
                let mut acceptor = Acceptor::new(config.clone());
                acceptor.set_handshake_timeout(HANDSHAKE_DEADLINE);
                acceptor
                    .map_err(TlsError::into_service_error)
                    .map(move |stream: TlsStream<TcpStream>| {
                        let peer = stream.get_ref().0.peer_addr().ok();
                        let connection = Connection::new(stream, is_socket.clone());
                        (connection, Protocol::Http1, peer)
                    })
                    .and_then(
                        http(&app, stopping.clone(), Transport::Tls).map_err(TlsError::Service),
                    )
            })?
        }
    };
    Ok(server.run())
}

/// The HTTP service of one app, for connections of one kind.
fn http<A, I, S, B, T>(
    app: &A,
    stopping: GracefulShutdownSignal,
    transport: Transport,
) -> impl ServiceFactory<
    (Connection<T>, Protocol, Option<SocketAddr>),
    Config = (),
    Response = (),
    Error = DispatchError,
    InitError = (),
> + use<A, I, S, B, T>
where
    A: Fn() -> I,
    I: IntoServiceFactory<S, Request>,
    S: ServiceFactory<Request, Config = AppConfig> + 'static,
    S::Error: Into<Error> + 'static,
    S::InitError: Debug,
    S::Response: Into<Response<B>> + 'static,
    <S::Service as Service<Request>>::Future: 'static,
    S::Service: 'static,
    B: MessageBody + 'static,
    T: AsyncRead + AsyncWrite + Unpin + 'static,
{
    let app = app().into_factory();
    let app = app.map_err(|error| error.into().error_response());
    HttpService::build()
        .graceful_shutdown_signal(move || {
            let stopping = stopping.clone();
            async move { stopping.notified().await }
        })
        .keep_alive(KEEP_ALIVE)
        // `Connection` keeps this deadline and answers a late head.
        .client_request_timeout(Duration::ZERO)
        .client_disconnect_timeout(DISCONNECT_DEADLINE)
        .on_connect_ext(move |connection: &Connection<T>, extensions| {
            extensions.insert(transport);
            extensions.insert(connection.fault());
            extensions.insert(connection.turn());
            meet(connection.stream(), extensions);
        })
        .finish(map_config(app, |()| AppConfig::default()))
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
) -> Result<ServiceResponse<Answer>, Error> {
    let taken = Taken::by(request.request());
    let transport = Transport::of(request.request());
    let busy = idle::Busy::begin(request.request());
    let mut response = next.call(request).await?;
    hardening::harden(response.headers_mut(), transport);
    if response.status() == StatusCode::SWITCHING_PROTOCOLS {
        // From here on `live` keeps its own deadlines.
        busy.stay();
    }
    let response = response.map_into_boxed_body();
    Ok(response.map_body(|_, body| Answer::new(body, taken)))
}
