//! Serves one request at a time: a head waits until the answer before it has been written.
//!
//! actix-http keeps three facts for each connection, not for each request: whether the answer has no
//! body, its HTTP version, and whether the connection stays open after it. It sets them when it reads
//! a head, and it reads heads ahead of its answers. So a `GET` sent behind a `HEAD` would make it
//! answer the `HEAD` with a body, and the client would read that body as the next answer.

use std::cell::Cell;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use actix_web::HttpRequest;
use actix_web::body::{BodySize, BoxBody, MessageBody};
use bytes::Bytes;

/// Tells whether the next head of a connection may be passed on. The connection and its requests
/// share it.
#[derive(Clone, Default)]
pub(super) struct Turn(Rc<Shared>);

#[derive(Default)]
struct Shared {
    /// Whether a request is under way.
    is_taken: Cell<bool>,
    /// Whether the client leaves answers unread. actix-http collects answers without a body for such
    /// a client, as many as it asks for.
    is_blocked: Cell<bool>,
    /// Wakes the connection, if a head waits.
    waiting: Cell<Option<Waker>>,
}

impl Turn {
    pub(super) fn is_free(&self) -> bool {
        !self.0.is_taken.get() && !self.0.is_blocked.get()
    }

    /// Records that a head has been passed on.
    pub(super) fn take(&self) {
        self.0.is_taken.set(true);
    }

    /// Asks to be woken when the turn is free.
    pub(super) fn wait(&self, cx: &Context<'_>) {
        self.0.waiting.set(Some(cx.waker().clone()));
    }

    pub(super) fn end(&self) {
        self.0.is_taken.set(false);
        self.wake_if_free();
    }

    /// Records whether the client has taken the bytes that were last written.
    pub(super) fn note_write(&self, is_blocked: bool) {
        self.0.is_blocked.set(is_blocked);
        self.wake_if_free();
    }

    fn wake_if_free(&self) {
        if self.is_free()
            && let Some(waker) = self.0.waiting.take()
        {
            waker.wake();
        }
    }
}

/// The turn of one request. It ends when this is dropped.
pub(super) struct Taken(Option<Turn>);

impl Taken {
    pub(super) fn by(request: &HttpRequest) -> Taken {
        Taken(request.conn_data::<Turn>().cloned())
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        if let Some(turn) = &self.0 {
            turn.end();
        }
    }
}

/// The body of an answer. actix-http drops it when it has encoded the whole answer, which ends the
/// turn of the request.
pub struct Answer {
    body: BoxBody,
    _taken: Taken,
}

impl Answer {
    pub(super) fn new(body: BoxBody, taken: Taken) -> Answer {
        Answer {
            body,
            _taken: taken,
        }
    }
}

impl MessageBody for Answer {
    type Error = <BoxBody as MessageBody>::Error;

    fn size(&self) -> BodySize {
        self.body.size()
    }

    fn poll_next(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Self::Error>>> {
        Pin::new(&mut self.body).poll_next(cx)
    }
}
