//! Sends messages to the peer, and ends the connection.

use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;

use actix_web::HttpResponse;
use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::web::Bytes;
use actix_ws::{CloseCode, Closed, Session};
use bytestring::ByteString;
use nix::sys::socket::{Shutdown, shutdown};
use tokio::time::{sleep, timeout};

use super::{Ending, Line};

/// How many bytes may be handed to a connection ahead of what it asked for. Beyond it, the sender
/// waits, and its owner can see its queue.
const AHEAD_BYTES: usize = 16 * 1024;
/// How long a peer has to take a close frame, and then to close the connection.
const PARTING: Duration = Duration::from_secs(2);

/// Why a message was not sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// The connection is gone.
    #[error("the connection is gone")]
    Gone,
    /// The connection did not take the message within [`Limits::write`](super::Limits::write).
    #[error("the peer did not take a message in time")]
    Stuck,
    /// The ledger has no room for the message.
    #[error("all connections together have too much waiting")]
    Full,
}

/// The writing half of a connection. Every message is sent within
/// [`Limits::write`](super::Limits::write), or fails.
pub struct Outlet {
    session: Session,
    line: Rc<Line>,
}

impl Outlet {
    pub(super) fn new(session: Session, line: Rc<Line>) -> Outlet {
        Outlet { session, line }
    }

    pub(super) fn line(&self) -> &Line {
        &self.line
    }

    /// Sends a text message. Waits while the connection holds more than 16 KiB that it has not
    /// asked for.
    ///
    /// # Errors
    /// Any [`SendError`].
    pub async fn text(&self, text: ByteString) -> Result<(), SendError> {
        let size = text.len();
        let mut session = self.session.clone();
        self.send(size, async move { session.text(text).await })
            .await
    }

    /// As [`text`](Self::text), for a binary message.
    ///
    /// # Errors
    /// Any [`SendError`].
    pub async fn binary(&self, bytes: Bytes) -> Result<(), SendError> {
        let size = bytes.len();
        let mut session = self.session.clone();
        self.send(size, async move { session.binary(bytes).await })
            .await
    }

    pub(super) async fn ping(&self) -> Result<(), SendError> {
        let mut session = self.session.clone();
        self.send(0, async move { session.ping(b"").await }).await
    }

    pub(super) async fn pong(&self, payload: &[u8]) -> Result<(), SendError> {
        let mut session = self.session.clone();
        self.send(payload.len(), async move { session.pong(payload).await })
            .await
    }

    async fn send(
        &self,
        size_bytes: usize,
        message: impl Future<Output = Result<(), Closed>>,
    ) -> Result<(), SendError> {
        let sent = timeout(self.line.limits.write, async {
            while self.line.in_flight.get() > AHEAD_BYTES {
                self.line.moved.notified().await;
            }
            if self.line.gone.get() {
                return Err(SendError::Gone);
            }
            if !self.line.ledger.enter(size_bytes) {
                return Err(SendError::Full);
            }
            let in_flight = self.line.in_flight.get() + size_bytes;
            self.line.in_flight.set(in_flight);
            message.await.map_err(|_| SendError::Gone)
        });
        sent.await.unwrap_or(Err(SendError::Stuck))
    }

    /// Sends the close frame for `ending` if the peer still takes it, and makes sure that the
    /// connection ends within four seconds.
    pub async fn close(self, ending: &Ending) {
        let reason = ending.reason();
        let Outlet { session, line } = self;
        // A slow peer may need the time before the connection is cut to take the frames that wait.
        line.ends_at_once.set(!matches!(
            ending,
            Ending::Stuck | Ending::Full | Ending::Ours(CloseCode::Again)
        ));
        // This fails if the peer takes nothing, and the connection is cut below.
        timeout(PARTING, session.close(reason)).await.ok();
        let gone = async {
            while !line.gone.get() {
                line.moved.notified().await;
            }
        };
        tokio::select! {
            () = gone => {}
            () = sleep(PARTING) => line.cut(),
        }
    }
}

impl Line {
    /// Notes that the connection has asked for everything that was handed to it.
    fn landed(&self) {
        self.ledger.leave(self.in_flight.replace(0));
        self.moved.notify_waiters();
    }

    /// Tells the peer that nothing follows. The dispatcher would do so only after the peer has
    /// closed, and clients report the socket as closed only after the end of the stream.
    fn finish(&self) {
        if let Some(descriptor) = self.descriptor.get() {
            // This fails if the peer has just gone.
            shutdown(descriptor, Shutdown::Write).ok();
        }
    }

    /// Ends the connection even if writes to it are still waiting.
    fn cut(&self) {
        if let Some(descriptor) = self.descriptor.take() {
            // This fails if the peer has just gone, which is the wanted result.
            shutdown(descriptor, Shutdown::Both).ok();
        }
    }
}

/// Wraps the answer's body, which is the connection, so that the line knows when the connection
/// asks for bytes and when it ends.
pub(super) fn leashed(
    response: HttpResponse,
    line: Rc<Line>,
    place: impl Sized + 'static,
) -> HttpResponse {
    response.map_body(|_, body| {
        BoxBody::new(Leash {
            body,
            line,
            is_said: false,
            _place: place,
        })
    })
}

struct Leash<Place> {
    body: BoxBody,
    line: Rc<Line>,
    /// The dispatcher has got the last bytes.
    is_said: bool,
    _place: Place,
}

impl<Place> Unpin for Leash<Place> {}

impl<Place> MessageBody for Leash<Place> {
    type Error = <BoxBody as MessageBody>::Error;

    fn size(&self) -> BodySize {
        self.body.size()
    }

    fn poll_next(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Self::Error>>> {
        let this = self.get_mut();
        if this.is_said {
            this.line.finish();
            return Poll::Ready(None);
        }
        let polled = Pin::new(&mut this.body).poll_next(context);
        if matches!(polled, Poll::Ready(None)) && this.line.ends_at_once.get() {
            // The dispatcher writes the bytes that it has before it asks again.
            this.is_said = true;
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        if polled.is_pending() {
            // The connection has asked for everything that was handed to it.
            this.line.landed();
        }
        polled
    }
}

impl<Place> Drop for Leash<Place> {
    /// The body lives as long as the dispatcher answers with it, and the dispatcher owns the
    /// connection: from here on the descriptor may belong to another connection.
    fn drop(&mut self) {
        self.line.gone.set(true);
        self.line.descriptor.set(None);
        self.line.landed();
    }
}
