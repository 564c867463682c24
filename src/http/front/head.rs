//! One head: how long it is, how long the body after it is, and what it says of an upgrade.
//!
//! What is checked here is what actix-http checks, and is checked first so that the client is told
//! what was wrong. Where the two disagree, actix-http is right: it alone reads requests.

use std::mem::MaybeUninit;
use std::ops::Range;

use actix_web::http::Uri;
use httparse::{Header, Request, Status};

use super::fault::{Fault, MAX_HEADERS};

/// Whether a WebSocket may be opened at a path.
pub(super) type IsSocket = dyn Fn(&str) -> bool + Send + Sync;

/// The longest name of a header that the HTTP library can hold.
const MAX_NAME_BYTES: usize = 65_535;

/// A whole head.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Head {
    pub bytes: usize,
    pub then: Then,
}

/// What follows a head.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Then {
    /// A body of so many bytes, perhaps none, and then the next head.
    Body(u64),
    /// A body in chunks, and then the next head.
    Chunks,
    /// Whatever the two ends have agreed on, to the end of the connection.
    Socket,
}

/// Reads the head that `bytes` begin with; `None` where they hold only a part of one.
///
/// A request that does not open a WebSocket goes on as if it did not ask for an upgrade
/// (RFC 9110, 7.8): actix-http would answer it and close the connection without a word. So spaces
/// are written over what it would take for an upgrade. A handshake keeps it.
///
/// # Errors
/// Bytes that are no head, or one that says two things of its body.
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
        // actix-http panics at a longer name.
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

/// What the headers of one request say of its body and of an upgrade.
#[derive(Default)]
struct Said<'a> {
    hosts: usize,
    content_length: Option<u64>,
    chunked: bool,
    closes: bool,
    websocket_version: bool,
    /// The word `upgrade` in `Connection`, wherever it stands.
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

    /// How long the body is.
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
            // As actix-http has it: what follows is for the other end of a tunnel.
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

    /// What must not be seen. Of a handshake, the protocols beside `websocket`, which actix-http
    /// knows only where it stands alone.
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

/// The entry `websocket` of a header `Upgrade`.
fn websocket(list: &[u8]) -> Option<&[u8]> {
    entries(list).find(|protocol| protocol.eq_ignore_ascii_case(b"websocket"))
}

/// What stands before and after `part` in `whole`.
fn around<'a>(whole: &'a [u8], part: &'a [u8]) -> [&'a [u8]; 2] {
    let part = position(whole, part);
    [&whole[..part.start], &whole[part.end..]]
}

/// The entries of a header that is a list.
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

/// Where `part` stands in `bytes`, which it is a part of.
fn position(bytes: &[u8], part: &[u8]) -> Range<usize> {
    let start = part.as_ptr().addr() - bytes.as_ptr().addr();
    start..start + part.len()
}

#[cfg(test)]
#[path = "head_tests.rs"]
mod tests;
