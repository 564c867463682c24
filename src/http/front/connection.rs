//! A connection as the HTTP library reads it. Each head arrives whole and within its deadline, after
//! the answer before it, and asks for an upgrade only where the server makes one. Malformed requests
//! get a complete answer of ours.
//!
//! actix-http answers malformed requests itself, with an empty body and without our headers. It also
//! closes a connection if a request asks for an upgrade that the server does not make. Neither can be
//! configured, so this module corrects both before actix-http parses the bytes.

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
use super::turn::Turn;

/// The time in which a head must arrive. For the first head it runs from the start of the connection,
/// for each later head from its first byte.
const HEAD_DEADLINE: Duration = Duration::from_secs(10);
const READ_BYTES: usize = 8 * 1024;

/// `S` is the transport below: TCP, or TLS over TCP.
pub(super) struct Connection<S> {
    stream: S,
    is_socket: Arc<IsSocket>,
    heads: Heads,
    /// The bytes that were read from the stream and not yet passed on.
    read: BytesMut,
    /// How many of them may be passed on.
    ready: usize,
    /// Whether the bytes after those begin with a head that waits for the answer before it.
    held: bool,
    turn: Turn,
    /// The deadline of the next head, while it runs.
    deadline: Option<Pin<Box<Sleep>>>,
    reading: Reading,
    fault: Noted,
}

/// How the bytes that still arrive are treated.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reading {
    Requests,
    /// They are discarded, until the client has its answer and closes the connection.
    Nothing,
    /// The connection counts as closed; nothing more is read.
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
            held: false,
            turn: Turn::default(),
            deadline: None,
            reading: Reading::Requests,
            fault: Noted::default(),
        }
    }

    pub(super) fn stream(&self) -> &S {
        &self.stream
    }

    /// The cell in which this connection notes its fault, for the requests on it to read.
    pub(super) fn fault(&self) -> Noted {
        self.fault.clone()
    }

    pub(super) fn turn(&self) -> Turn {
        self.turn.clone()
    }

    /// Decides how many of the received bytes may be passed on.
    fn look(&mut self) {
        let before = self.heads.count;
        let passed = self
            .heads
            .pass(&mut self.read, &*self.is_socket, &self.turn);
        self.ready = passed.bytes;
        self.held = false;
        if self.heads.count > before {
            self.deadline = None;
        }
        match passed.end {
            None => {
                let blank = self.heads.blank_lines(&self.read[self.ready..]);
                let rest = self.read.split_off(self.ready);
                self.read.extend_from_slice(&rest[blank..]);
                let has_head = self.heads.at_head() && self.read.len() > self.ready;
                self.held = has_head && !self.turn.is_free();
            }
            Some(End::Fault(fault)) => self.end_with(fault),
            Some(End::BrokenBody) => {
                self.read.truncate(self.ready);
                self.reading = Reading::Ended;
            }
        }
    }

    /// Passes on a request that stands for the fault, and nothing after it.
    fn end_with(&mut self, fault: Fault) {
        self.fault.0.set(Some(fault));
        self.read.truncate(self.ready);
        self.read.extend_from_slice(STAND_IN);
        self.ready = self.read.len();
        self.reading = Reading::Nothing;
    }

    /// Whether part of a head has arrived. A lone CR may be the first half of a blank line.
    fn has_begun_head(&self) -> bool {
        !matches!(self.read[..], [] | [b'\r'])
    }

    /// Whether the next head has missed its deadline.
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
    /// Reads the bytes that have arrived and returns their number.
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
            if this.held {
                if !this.turn.is_free() {
                    // The stream is not read, so requests sent ahead take no more memory than this.
                    this.turn.wait(cx);
                    return Poll::Pending;
                }
                this.look();
                continue;
            }
            match (this.poll_more(cx), this.reading) {
                (Poll::Ready(Ok(0)), _) => return Poll::Ready(Ok(())),
                (Poll::Ready(Ok(_)), Reading::Requests) => this.look(),
                (Poll::Ready(Ok(_)), Reading::Nothing | Reading::Ended) => {
                    // Yield between such reads, so that a client that keeps sending does not
                    // starve the other tasks.
                    cx.waker().wake_by_ref();
                    return Poll::Pending;
                }
                (Poll::Ready(Err(error)), _) => return Poll::Ready(Err(error)),
                (Poll::Pending, Reading::Requests) if this.is_late(cx) => {
                    if this.has_begun_head() {
                        this.end_with(Fault::TOO_LATE);
                    } else {
                        // Browsers and load balancers open connections in advance, so no client
                        // waits for an answer.
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
        let polled = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.turn.note_write(polled.is_pending());
        polled
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
#[path = "connection_tests.rs"]
mod tests;
