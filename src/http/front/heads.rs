//! The requests of one connection, told apart: heads are looked at, bodies are passed over.

use super::chunks::Chunks;
use super::fault::Fault;
use super::head::{self, IsSocket, Then};

/// The longest head that the HTTP library reads.
pub(super) const MAX_HEAD_BYTES: usize = 128 * 1024;

/// Follows what a client sends, as it comes.
pub(super) struct Heads {
    place: Place,
    /// Heads that have come whole.
    pub(super) count: u64,
}

/// Where in the stream of requests the next byte stands.
enum Place {
    Head,
    Body(u64),
    Chunks(Chunks),
    /// No more requests come: the connection is a WebSocket's.
    Socket,
}

/// What may be handed on.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Passed {
    /// So many of the first bytes. The rest is a part of a head.
    pub bytes: usize,
    /// Why nothing after them may.
    pub end: Option<End>,
}

/// Why a connection is not read any further.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// What follows is no request.
    Fault(Fault),
    /// The body that is under way is broken. Its request is answered for it.
    BrokenBody,
}

impl Heads {
    pub(super) fn begin() -> Heads {
        Heads {
            place: Place::Head,
            count: 0,
        }
    }

    /// Whether the next byte is the first of a head, or one of its others.
    pub(super) fn at_head(&self) -> bool {
        matches!(self.place, Place::Head)
    }

    /// Whether the connection has become a WebSocket's.
    pub(super) fn is_socket(&self) -> bool {
        matches!(self.place, Place::Socket)
    }

    /// How many of the first bytes after those passed are blank lines with nothing behind them. Such
    /// lines say nothing (RFC 9112, 2.2), and some clients send one after a body.
    pub(super) fn blank_lines(&self, rest: &[u8]) -> usize {
        let mut blank = 0;
        while self.at_head() {
            match rest[blank..] {
                [b'\n', ..] => blank += 1,
                [b'\r', b'\n', ..] => blank += 2,
                // The LF of the last CR may still come.
                [] | [b'\r'] => return blank,
                _ => return 0,
            }
        }
        0
    }

    /// Looks at what came. The bytes of a head may be changed: see [`head::read`].
    pub(super) fn pass(&mut self, bytes: &mut [u8], is_socket: &IsSocket) -> Passed {
        let mut passed = 0;
        let mut end = None;
        while passed < bytes.len() && end.is_none() {
            let rest = &mut bytes[passed..];
            match &mut self.place {
                Place::Head => match head::read(rest, is_socket) {
                    Ok(Some(head)) if head.bytes > MAX_HEAD_BYTES => {
                        end = Some(End::Fault(Fault::HEAD_TOO_LARGE));
                    }
                    Ok(Some(head)) => {
                        passed += head.bytes;
                        self.count += 1;
                        self.place = Place::after(&head.then);
                    }
                    Ok(None) if rest.len() < MAX_HEAD_BYTES => break,
                    Ok(None) => end = Some(End::Fault(Fault::HEAD_TOO_LARGE)),
                    Err(fault) => end = Some(End::Fault(fault)),
                },
                Place::Body(left) => {
                    let here = usize::try_from(*left).unwrap_or(usize::MAX);
                    let here = here.min(rest.len());
                    *left -= here as u64;
                    passed += here;
                    if *left == 0 {
                        self.place = Place::Head;
                    }
                }
                Place::Chunks(chunks) => match chunks.pass(rest) {
                    Ok(here) => {
                        passed += here;
                        if chunks.are_over() {
                            self.place = Place::Head;
                        }
                    }
                    Err(_) => end = Some(End::BrokenBody),
                },
                Place::Socket => passed = bytes.len(),
            }
        }
        Passed { bytes: passed, end }
    }
}

impl Place {
    fn after(then: &Then) -> Place {
        match then {
            Then::Body(0) => Place::Head,
            Then::Body(length) => Place::Body(*length),
            Then::Chunks => Place::Chunks(Chunks::begin()),
            Then::Socket => Place::Socket,
        }
    }
}

#[cfg(test)]
#[path = "heads_tests.rs"]
mod tests;
