//! A connection as the HTTP library reads it: heads come whole and in time, ask for an upgrade only
//! where there is one, and what is no request is answered in full by us.
//!
//! actix-http answers bytes that are no request by itself, with an empty body and none of our
//! headers, and closes a connection whose request asks for an upgrade that nobody makes. Neither
//! can be set, so both are mended here, before its parser.

use std::io;
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::{Buf, BytesMut};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Duration, Sleep, sleep};

use super::fault::{Fault, Noted, STAND_IN};
use super::head::IsSocket;
use super::heads::{End, Heads};

/// How long a head may take to arrive: the first from the connection on, each other from its first
/// byte on.
const HEAD_DEADLINE: Duration = Duration::from_secs(10);
const READ_BYTES: usize = 8 * 1024;

/// `S` is what is below: TCP, or TLS over it.
pub(super) struct Connection<S> {
    stream: S,
    is_socket: Arc<IsSocket>,
    heads: Heads,
    /// What was read from the stream and not handed on.
    read: BytesMut,
    /// So much of it may be.
    ready: usize,
    /// Of the head that is awaited.
    deadline: Option<Pin<Box<Sleep>>>,
    reading: Reading,
    fault: Noted,
}

/// What becomes of the bytes that still come.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reading {
    Requests,
    /// They are thrown away, until the client has its answer and goes.
    Nothing,
    /// The connection is as good as at its end.
    Ended,
}

impl<S> Connection<S> {
    pub(super) fn new(stream: S, is_socket: Arc<IsSocket>) -> Connection<S> {
        Connection {
            stream,
            is_socket,
            heads: Heads::begin(),
            read: BytesMut::new(),
            ready: 0,
            deadline: None,
            reading: Reading::Requests,
            fault: Noted::default(),
        }
    }

    pub(super) fn stream(&self) -> &S {
        &self.stream
    }

    /// What its requests are to know of it.
    pub(super) fn fault(&self) -> Noted {
        self.fault.clone()
    }

    /// Decides what of the bytes that have come may be handed on.
    fn look(&mut self) {
        let before = self.heads.count;
        let passed = self.heads.pass(&mut self.read, &*self.is_socket);
        self.ready = passed.bytes;
        if self.heads.count > before {
            self.deadline = None;
        }
        match passed.end {
            None => {
                let blank = self.heads.blank_lines(&self.read[self.ready..]);
                let rest = self.read.split_off(self.ready);
                self.read.extend_from_slice(&rest[blank..]);
            }
            Some(End::Fault(fault)) => self.end_with(fault),
            Some(End::BrokenBody) => {
                self.read.truncate(self.ready);
                self.reading = Reading::Ended;
            }
        }
    }

    /// Hands on a request that stands for the fault, and nothing after it.
    fn end_with(&mut self, fault: Fault) {
        self.fault.0.set(Some(fault));
        self.read.truncate(self.ready);
        self.read.extend_from_slice(STAND_IN);
        self.ready = self.read.len();
        self.reading = Reading::Nothing;
    }

    /// Whether a part of a head has come. A CR alone may be the first half of a blank line.
    fn has_begun_head(&self) -> bool {
        !matches!(self.read[..], [] | [b'\r'])
    }

    /// Whether the head that is awaited has not come in time.
    fn is_late(&mut self, cx: &mut Context<'_>) -> bool {
        let is_first = self.heads.count == 0;
        if !self.heads.at_head() || (!self.has_begun_head() && !is_first) {
            return false;
        }
        let deadline = self
            .deadline
            .get_or_insert_with(|| Box::pin(sleep(HEAD_DEADLINE)));
        deadline.as_mut().poll(cx).is_ready()
    }
}

impl<S: AsyncRead + Unpin> Connection<S> {
    /// Reads what has come; how many bytes that were.
    fn poll_more(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let mut space = [MaybeUninit::uninit(); READ_BYTES];
        let mut chunk = ReadBuf::uninit(&mut space);
        let polled = Pin::new(&mut self.stream).poll_read(cx, &mut chunk);
        polled.map_ok(|()| {
            if self.reading == Reading::Requests {
                self.read.extend_from_slice(chunk.filled());
            }
            chunk.filled().len()
        })
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Connection<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        loop {
            if this.ready > 0 {
                let count = this.ready.min(buffer.remaining());
                buffer.put_slice(&this.read[..count]);
                this.read.advance(count);
                this.ready -= count;
                return Poll::Ready(Ok(()));
            }
            if this.heads.is_socket() {
                return Pin::new(&mut this.stream).poll_read(cx, buffer);
            }
            if this.reading == Reading::Ended {
                return Poll::Ready(Ok(()));
            }
            match (this.poll_more(cx), this.reading) {
                (Poll::Ready(Ok(0)), _) => return Poll::Ready(Ok(())),
                (Poll::Ready(Ok(_)), Reading::Requests) => this.look(),
                (Poll::Ready(Ok(_)), Reading::Nothing | Reading::Ended) => {
                    // Others have their turn between one such read and the next.
                    cx.waker().wake_by_ref();
                    return Poll::Pending;
                }
                (Poll::Ready(Err(error)), _) => return Poll::Ready(Err(error)),
                (Poll::Pending, Reading::Requests) if this.is_late(cx) => {
                    if this.has_begun_head() {
                        this.end_with(Fault::TOO_LATE);
                    } else {
                        // Browsers and load balancers connect ahead; nobody waits for an answer.
                        this.reading = Reading::Ended;
                    }
                }
                (Poll::Pending, _) => return Poll::Pending,
            }
        }
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Connection<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
