//! Separates the requests of one connection: it reads the heads and skips the bodies.

use super::chunks::Chunks;
use super::fault::Fault;
use super::head::{self, IsSocket, Then};
use super::turn::Turn;

/// The longest head that the HTTP library reads.
pub(super) const MAX_HEAD_BYTES: usize = 128 * 1024;

/// Tracks which part of a request the received bytes belong to.
pub(super) struct Heads {
    place: Place,
    /// The number of complete heads so far.
    pub(super) count: u64,
}

/// The part of a request to which the next byte belongs.
enum Place {
    Head,
    Body(u64),
    Chunks(Chunks),
    /// The connection is a WebSocket or a tunnel; no more requests come.
    Socket,
}

/// How many bytes may be passed on.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Passed {
    /// The number of leading bytes that may be passed on. The rest is part of a head, or begins with
    /// a head that waits for the answer before it.
    pub bytes: usize,
    /// Why no byte after them may be passed on.
    pub end: Option<End>,
}

/// Why a connection is not read any further.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// The following bytes are not a valid request.
    Fault(Fault),
    /// The current body is malformed. The answer to its request reports it.
    BrokenBody,
}

impl Heads {
    pub(super) fn begin() -> Heads {
        Heads {
            place: Place::Head,
            count: 0,
        }
    }

    /// Whether the next byte belongs to a head.
    pub(super) fn at_head(&self) -> bool {
        matches!(self.place, Place::Head)
    }

    /// Whether the connection has become a WebSocket or a tunnel.
    pub(super) fn is_socket(&self) -> bool {
        matches!(self.place, Place::Socket)
    }

    /// The number of bytes in blank lines at the start of `rest`: 0 if anything but a lone CR follows
    /// them, or if no head comes next. Such lines are ignored (RFC 9112, 2.2); some clients send one
    /// after a body.
    pub(super) fn blank_lines(&self, rest: &[u8]) -> usize {
        let mut blank = 0;
        while self.at_head() {
            match rest[blank..] {
                [b'\n', ..] => blank += 1,
                [b'\r', b'\n', ..] => blank += 2,
                // The LF after a final CR may still arrive.
                [] | [b'\r'] => return blank,
                _ => return 0,
            }
        }
        0
    }

    /// Decides how many of the received bytes may be passed on. It may change the bytes of a head: see
    /// [`head::read`].
    pub(super) fn pass(&mut self, bytes: &mut [u8], is_socket: &IsSocket, turn: &Turn) -> Passed {
        let mut passed = 0;
        let mut end = None;
        while passed < bytes.len() && end.is_none() {
            let rest = &mut bytes[passed..];
            match &mut self.place {
                Place::Head if !turn.is_free() => break,
                Place::Head => match head::read(rest, is_socket) {
                    Ok(Some(head)) if head.bytes > MAX_HEAD_BYTES => {
                        end = Some(End::Fault(Fault::HEAD_TOO_LARGE));
                    }
                    Ok(Some(head)) => {
                        passed += head.bytes;
                        self.count += 1;
                        turn.take();
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
