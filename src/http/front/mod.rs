//! What both listeners have in common: how they speak, what a client may take of them, and what
//! every answer says.
//!
//! Every wait on a client ends. What bounds bytes is where the bytes are read: a head in [`head`], a
//! body of the game API in [`super::input`], one of the control plane in its listener, a frame in
//! `live`.

mod chunks;
mod connection;
mod fault;
mod hardening;
mod head;
mod heads;
mod idle;

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

/// How long a greeting of TLS may take: a few round trips of the slowest network.
const HANDSHAKE_DEADLINE: Duration = Duration::from_secs(5);
/// How long a connection may be idle between requests: longer than the load balancers in front
/// of it, whose common setting is 60 s, so that it is never closed under a request of theirs.
const KEEP_ALIVE: Duration = Duration::from_secs(75);
/// How long a connection may have no request under way, a part of a head or an answer that nobody
/// takes notwithstanding.
const REST_DEADLINE: Duration = KEEP_ALIVE.saturating_add(Duration::from_secs(10));
/// How long a connection that is being closed is read from, so that its client gets the answer.
const DISCONNECT_DEADLINE: Duration = Duration::from_secs(5);

/// A bound socket, and how it is spoken to.
pub struct Socket {
    /// The bound socket.
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

/// Serves the app that `app` makes on a socket. It stops only when told to. A connection becomes a
/// WebSocket's where `is_socket` says so of the path.
///
/// # Errors
/// Where the socket cannot be listened on.
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

/// One app, spoken to over connections of one kind.
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
        // `Connection` keeps this deadline, and answers for it.
        .client_request_timeout(Duration::ZERO)
        .client_disconnect_timeout(DISCONNECT_DEADLINE)
        .on_connect_ext(move |connection: &Connection<T>, extensions| {
            extensions.insert(transport);
            extensions.insert(connection.fault());
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
) -> Result<ServiceResponse<B>, Error> {
    let transport = Transport::of(request.request());
    let busy = idle::Busy::begin(request.request());
    let mut response = next.call(request).await?;
    hardening::harden(response.headers_mut(), transport);
    if response.status() == StatusCode::SWITCHING_PROTOCOLS {
        // From here on `live` has deadlines of its own.
        busy.stay();
    }
    Ok(response)
}
