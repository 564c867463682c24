//! One WebSocket, independent of the frames that it carries: reading under limits, writing under
//! deadlines, heartbeats, and an end that really ends the connection.
//!
//! It runs on the worker thread that owns the connection, as one task. Reading and writing are two
//! futures of that task: a peer that reads nothing can still be heard, and a peer that sends
//! nothing is still written to.

mod intake;
mod ledger;
mod meter;
mod outlet;
mod pace;

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::os::fd::{AsRawFd, RawFd};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use actix_tls::accept::rustls_0_23::TlsStream;
use actix_web::dev::Extensions;
use actix_web::rt::net::TcpStream;
use actix_web::{HttpRequest, HttpResponse, web};
use nix::sys::socket::setsockopt;
use nix::sys::socket::sockopt::SndBuf;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

pub use actix_ws::{CloseCode, CloseReason};
pub use intake::{Heard, Intake};
pub use ledger::{Held, Ledger};
pub use meter::Violation;
pub use outlet::{Outlet, SendError};
pub use pace::Bound;

use super::handshake::SUBPROTOCOL;
use pace::Pace;

/// How many bytes the kernel keeps of a connection until the peer has them: about a hundred
/// updates. A peer that is further behind is better served by a snapshot.
const SEND_BUFFER_BYTES: usize = 128 * 1024;

/// The limits of one connection.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// The longest message from the peer, in bytes, over all its fragments.
    pub message_bytes: u64,
    /// The most frames from the peer in any five seconds, pongs included. Also the most frames of
    /// one message, however long they take.
    pub frames_in_five_seconds: u32,
    /// The most pings and frames of messages that count as [`Bound::Generous`], in any five
    /// seconds, in addition to the others.
    pub generous_frames_in_five_seconds: u32,
    /// The time between two pings to the peer, give or take a fifth.
    pub heartbeat: Duration,
    /// How long the peer may send nothing at all.
    pub silence: Duration,
    /// How long one message may wait until the connection takes it.
    pub write: Duration,
}

/// Why a conversation is over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ending {
    /// The peer sent a close frame. It is answered with its own code.
    Peer(Option<CloseReason>),
    /// The connection is gone, or its peer was silent for too long.
    Lost,
    /// The peer broke RFC 6455.
    Protocol,
    /// A text message was not UTF-8.
    NotText,
    /// The peer broke one of the [`Limits`].
    Limit,
    /// The peer did not take a message in time.
    Stuck,
    /// All connections together have too much waiting for their peers.
    Full,
    /// The caller's side has ended it, with this code.
    Ours(CloseCode),
}

/// The state that the connection and both directions of its conversation share.
struct Line {
    limits: Limits,
    violation: Cell<Option<Violation>>,
    pace: RefCell<Pace>,
    heard: Cell<Instant>,
    /// Bytes that were handed to the connection and that it has not yet asked for.
    in_flight: Cell<usize>,
    ledger: Arc<Ledger>,
    /// Signalled when `in_flight` falls to zero, and when the connection is gone.
    moved: Notify,
    gone: Cell<bool>,
    /// The connection ends as soon as the close frame is written.
    ends_at_once: Cell<bool>,
    descriptor: Cell<Option<RawFd>>,
}

/// The descriptor of a connection, for as long as its dispatcher lives.
struct Descriptor(RawFd);

/// Give it to the server's `on_connect`. Without it, a peer that reads nothing would keep its
/// connection after the server gave it up, and the kernel would keep megabytes for it.
pub fn note_connection(connection: &dyn Any, extensions: &mut Extensions) {
    if let Some(stream) = tcp_stream(connection) {
        // If it fails, the connection keeps the kernel's own bound.
        setsockopt(stream, SndBuf, &SEND_BUFFER_BYTES).ok();
        extensions.insert(Descriptor(stream.as_raw_fd()));
    }
}

/// The TCP stream below a connection, plain or TLS; `None` for another kind of connection.
pub fn tcp_stream(connection: &dyn Any) -> Option<&TcpStream> {
    let tls = connection.downcast_ref::<TlsStream<TcpStream>>();
    tls.map(|stream| stream.get_ref().0)
        .or_else(|| connection.downcast_ref())
}

/// Answers a handshake with an upgrade. The bytes that wait for the peer are entered in `ledger`,
/// and `place` is held until the connection is gone.
///
/// # Errors
/// If the request is not a WebSocket handshake of version 13.
pub fn open(
    request: &HttpRequest,
    payload: web::Payload,
    limits: Limits,
    ledger: Arc<Ledger>,
    place: impl Sized + 'static,
) -> Result<(HttpResponse, Intake, Outlet), actix_web::Error> {
    let line = Rc::new(Line {
        limits,
        violation: Cell::new(None),
        pace: RefCell::new(Pace::new(&limits, Instant::now())),
        heard: Cell::new(Instant::now()),
        in_flight: Cell::new(0),
        ledger,
        moved: Notify::new(),
        gone: Cell::new(false),
        ends_at_once: Cell::new(false),
        descriptor: Cell::new(request.conn_data::<Descriptor>().map(|found| found.0)),
    });
    let payload = meter::metered(request, payload, line.clone());
    let (response, session, messages) =
        actix_ws::handle_with_protocols(request, payload, &[SUBPROTOCOL])?;
    let response = outlet::leashed(response, line.clone(), place);
    let intake = Intake::new(messages, line.clone());
    Ok((response, intake, Outlet::new(session, line)))
}

/// Runs one conversation to its end. `hear` gets each message of the peer and returns the bound
/// that the message counts towards. `write` sends; when it returns, the conversation is over.
pub async fn converse(
    mut intake: Intake,
    outlet: &Outlet,
    hear: impl AsyncFnMut(Heard) -> Result<Bound, Ending>,
    write: impl Future<Output = Ending>,
) -> Ending {
    tokio::select! {
        ending = listen(&mut intake, outlet, hear) => ending,
        ending = write => ending,
        ending = keep_alive(outlet) => ending,
    }
}

async fn listen(
    intake: &mut Intake,
    outlet: &Outlet,
    mut hear: impl AsyncFnMut(Heard) -> Result<Bound, Ending>,
) -> Ending {
    loop {
        let heard = match intake.next().await {
            Ok(heard) => heard,
            Err(ending) => return ending,
        };
        let done = match heard {
            Heard::Ping(payload) => outlet.pong(&payload).await.map_err(Ending::from),
            Heard::Pong => Ok(()),
            message @ (Heard::Text(_) | Heard::Binary(_)) => match hear(message).await {
                Ok(bound) => outlet.line().message_read(bound),
                Err(ending) => Err(ending),
            },
        };
        if let Err(ending) = done {
            return ending;
        }
    }
}

async fn keep_alive(outlet: &Outlet) -> Ending {
    let line = outlet.line();
    let limits = line.limits;
    let mut next_ping = Instant::now() + jittered(limits.heartbeat);
    loop {
        let silent_at = line.heard.get() + limits.silence;
        sleep_until(next_ping.min(silent_at)).await;
        let now = Instant::now();
        if now >= line.heard.get() + limits.silence {
            return Ending::Lost;
        }
        if now >= next_ping {
            if let Err(error) = outlet.ping().await {
                return error.into();
            }
            next_ping = Instant::now() + jittered(limits.heartbeat);
        }
    }
}

impl Line {
    /// Counts the frames of the message that was read last.
    fn message_read(&self, bound: Bound) -> Result<(), Ending> {
        let counted = self.pace.borrow_mut().message_read(bound, Instant::now());
        counted.map_err(|_| Ending::Limit)
    }
}

/// Varies a duration by up to a fifth, so that connections that were opened together do not stay in
/// step.
fn jittered(duration: Duration) -> Duration {
    duration.mul_f64(rand::random_range(0.8..1.2))
}

impl Ending {
    /// The content of the close frame, if there is one.
    fn reason(&self) -> Option<CloseReason> {
        match self {
            Ending::Peer(reason) => reason.clone(),
            Ending::Lost => None,
            Ending::Protocol => Some(CloseCode::Protocol.into()),
            Ending::NotText => Some(CloseCode::Invalid.into()),
            Ending::Limit => Some(CloseCode::Policy.into()),
            Ending::Stuck | Ending::Full => Some(CloseCode::Again.into()),
            Ending::Ours(code) => Some(CloseReason::from(*code)),
        }
    }

    /// The close code, or what RFC 6455 calls a close without one (1005) or without a frame (1006).
    pub fn close_code(&self) -> u16 {
        match (self, self.reason()) {
            (_, Some(reason)) => reason.code.into(),
            (Ending::Lost, None) => 1006,
            (_, None) => 1005,
        }
    }
}

impl From<SendError> for Ending {
    fn from(error: SendError) -> Ending {
        match error {
            SendError::Gone => Ending::Lost,
            SendError::Stuck => Ending::Stuck,
            SendError::Full => Ending::Full,
        }
    }
}
