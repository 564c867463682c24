//! Reads one head: its length, the length of the body after it, and whether it asks for an upgrade.
//!
//! This repeats the checks of actix-http and runs them first, so that the answer can name the mistake.
//! If the two ever disagree, actix-http decides, because it alone reads the requests.

use std::mem::MaybeUninit;
use std::ops::Range;

use actix_web::http::Uri;
use httparse::{Header, Request, Status};

use super::fault::{Fault, MAX_HEADERS};

/// Whether a WebSocket may be opened at a path.
pub(super) type IsSocket = dyn Fn(&str) -> bool + Send + Sync;

/// The longest header name that the HTTP library can hold.
const MAX_NAME_BYTES: usize = 65_535;

/// A whole head.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Head {
    pub bytes: usize,
    pub then: Then,
}

/// The part after a head.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Then {
    /// A body of this many bytes (0 for no body), then the next head.
    Body(u64),
    /// A body in chunks, then the next head.
    Chunks,
    /// Bytes of another protocol, until the connection ends.
    Socket,
}

/// Reads the head at the start of `bytes`. Returns `None` if it is not yet complete.
///
/// A request that asks for an upgrade but does not open a WebSocket is served as if it did not ask
/// (RFC 9110, 7.8). actix-http would answer it and then close the connection without notice, so this
/// function overwrites the words that ask for the upgrade with spaces. A WebSocket handshake keeps
/// them.
///
/// # Errors
/// Fails if the bytes are not a valid head, or if the head contradicts itself about its body.
pub(super) fn read(bytes: &mut [u8], is_socket: &IsSocket) -> Result<Option<Head>, Fault> {
    let mut headers = [const { MaybeUninit::uninit() }; MAX_HEADERS];
    let mut request = Request::new(&mut []);
    let length = match request.parse_with_uninit_headers(bytes, &mut headers) {
        Ok(Status::Complete(length)) => length,
        Ok(Status::Partial) => return Ok(None),
        Err(error) => return Err(Fault::of_parser(error, bytes)),
    };
    let method = request.method.unwrap_or_default();
    let minor_version = request.version.unwrap_or_default();
    let mut said = Said::default();
    for header in request.headers.iter() {
        // actix-http panics on a longer name.
        if header.name.len() > MAX_NAME_BYTES {
            return Err(Fault::NAME_TOO_LONG);
        }
        said.note(header)?;
    }
    let Ok(uri) = Uri::try_from(request.path.unwrap_or_default()) else {
        return Err(Fault::malformed(
            "The address after the method is not one that HTTP allows, or is longer than 64 KiB.",
        ));
    };
    let body = said.body(method, minor_version)?;
    let opens_socket = method == "GET"
        && minor_version == 1
        && said.asks_for_socket()
        && body == Then::Body(0)
        && is_socket(uri.path());
    let blanks = said.blanks(opens_socket).into_iter();
    let blanks: Vec<Range<usize>> = blanks.map(|part| position(bytes, part)).collect();
    let then = if opens_socket { Then::Socket } else { body };
    for blank in blanks {
        bytes[blank].fill(b' ');
    }
    Ok(Some(Head {
        bytes: length,
        then,
    }))
}

/// The facts about a request's body and upgrade, collected from its headers.
#[derive(Default)]
struct Said<'a> {
    hosts: usize,
    content_length: Option<u64>,
    chunked: bool,
    closes: bool,
    websocket_version: bool,
    /// Each occurrence of the word `upgrade` in `Connection`.
    upgrades: Vec<&'a [u8]>,
    /// Each value of `Upgrade`.
    protocols: Vec<&'a [u8]>,
}

impl<'a> Said<'a> {
    fn note(&mut self, header: &Header<'a>) -> Result<(), Fault> {
        let is = |name: &str| header.name.eq_ignore_ascii_case(name);
        if is("host") {
            self.hosts += 1;
        } else if is("content-length") {
            if self.content_length.is_some() {
                return Err(Fault::malformed(
                    "Send the header Content-Length once only.",
                ));
            }
            self.content_length = Some(number(header.value)?);
        } else if is("transfer-encoding") {
            if self.chunked {
                return Err(Fault::malformed(
                    "Send the header Transfer-Encoding once only.",
                ));
            }
            if !header.value.trim_ascii().eq_ignore_ascii_case(b"chunked") {
                return Err(Fault::malformed(
                    "The only Transfer-Encoding that is read here is `chunked`.",
                ));
            }
            self.chunked = true;
        } else if is("connection") {
            for option in entries(header.value) {
                self.closes |= option.eq_ignore_ascii_case(b"close");
                if option.eq_ignore_ascii_case(b"upgrade") {
                    self.upgrades.push(option);
                }
            }
        } else if is("upgrade") {
            self.protocols.push(header.value);
        } else if is("sec-websocket-version") {
            self.websocket_version |= entries(header.value).any(|version| version == b"13");
        }
        Ok(())
    }

    /// The part after the head: a body of known length, a body in chunks, or a tunnel.
    fn body(&self, method: &str, minor_version: u8) -> Result<Then, Fault> {
        let fault = |detail| Err(Fault::malformed(detail));
        if self.hosts > 1 {
            return fault("Send the header Host once only.");
        }
        if self.hosts == 0 && minor_version == 1 {
            return fault("An HTTP/1.1 request needs the header Host.");
        }
        match (self.chunked, self.content_length) {
            (true, _) if minor_version == 0 => {
                fault("Transfer-Encoding does not exist in HTTP/1.0; send Content-Length.")
            }
            (true, Some(_)) => fault("Send either Content-Length or Transfer-Encoding, not both."),
            (true, None) => Ok(Then::Chunks),
            (false, None) if minor_version == 0 && method == "POST" => {
                fault("A POST over HTTP/1.0 needs the header Content-Length.")
            }
            // As in actix-http: the bytes that follow belong to a tunnel.
            (false, None | Some(0)) if method == "CONNECT" => Ok(Then::Socket),
            (false, length) => Ok(Then::Body(length.unwrap_or(0))),
        }
    }

    fn asks_for_socket(&self) -> bool {
        !self.closes
            && !self.upgrades.is_empty()
            && self.websocket_version
            && self.protocols.iter().any(|list| websocket(list).is_some())
    }

    /// The parts that must be overwritten. In a handshake these are the protocols beside `websocket`,
    /// because actix-http recognises `websocket` only if it is the whole value. In any other request
    /// they are the words that ask for the upgrade.
    fn blanks(&self, opens_socket: bool) -> Vec<&'a [u8]> {
        let named = self.protocols.iter().copied();
        let named = named.filter_map(|list| Some((list, websocket(list)?)));
        if opens_socket {
            return named.flat_map(|(list, name)| around(list, name)).collect();
        }
        let protocols = named.map(|(list, _)| list);
        protocols.chain(self.upgrades.iter().copied()).collect()
    }
}

/// The entry `websocket` in the value of an `Upgrade` header.
fn websocket(list: &[u8]) -> Option<&[u8]> {
    entries(list).find(|protocol| protocol.eq_ignore_ascii_case(b"websocket"))
}

/// The parts of `whole` before and after `part`.
fn around<'a>(whole: &'a [u8], part: &'a [u8]) -> [&'a [u8]; 2] {
    let part = position(whole, part);
    [&whole[..part.start], &whole[part.end..]]
}

/// The entries of a header whose value is a list, without empty ones.
fn entries(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    let entries = value.split(|byte| *byte == b',');
    entries
        .map(<[u8]>::trim_ascii)
        .filter(|entry| !entry.is_empty())
}

fn number(value: &[u8]) -> Result<u64, Fault> {
    let digits = value.trim_ascii();
    let is_number = digits.iter().all(u8::is_ascii_digit);
    str::from_utf8(digits)
        .ok()
        .filter(|_| is_number)
        .and_then(|digits| digits.parse().ok())
        .ok_or(Fault::malformed(
            "Content-Length must be a whole number of bytes, 0 or more.",
        ))
}

/// The position of `part` in `bytes`. `part` must be a slice of `bytes`.
fn position(bytes: &[u8], part: &[u8]) -> Range<usize> {
    let start = part.as_ptr().addr() - bytes.as_ptr().addr();
    start..start + part.len()
}

#[cfg(test)]
#[path = "head_tests.rs"]
mod tests;
