//! Tells a client why the bytes that it sent are not a request.

use std::cell::Cell;
use std::rc::Rc;

use actix_web::HttpRequest;

/// The greatest number of headers that the HTTP library reads.
pub(super) const MAX_HEADERS: usize = 96;

/// The reason why the bytes of a connection are not a valid request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Determines the status of the answer.
    pub kind: FaultKind,
    /// Names the mistake and its remedy.
    pub detail: &'static str,
}

/// The three kinds of faults.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultKind {
    /// 400.
    Malformed,
    /// 408.
    TooLate,
    /// 431.
    TooLarge,
}

/// The fault of one connection. The connection sets it, and the answer is made from it.
#[derive(Clone, Default)]
pub(super) struct Noted(pub Rc<Cell<Option<Fault>>>);

/// A request in place of bytes that are not a valid request. So the fault is answered, logged and
/// counted like any request. The body of this request never ends: the server therefore reads and
/// discards further bytes, and closes the connection after the answer. If it closed with unread bytes,
/// the client might lose the answer.
pub(super) const STAND_IN: &[u8] = b"- / HTTP/1.1\r\nhost: -\r\ncontent-length: 1000000000\r\n\r\n";
const STAND_IN_METHOD: &str = "-";

/// The fault that this request stands for; `None` for a real request.
pub fn fault_of(request: &HttpRequest) -> Option<Fault> {
    if request.method().as_str() != STAND_IN_METHOD {
        return None;
    }
    request.conn_data::<Noted>()?.0.get()
}

impl Fault {
    pub(super) const TOO_LATE: Fault = Fault {
        kind: FaultKind::TooLate,
        detail: "The head of a request did not arrive within 10 seconds; send it whole, at once.",
    };
    pub(super) const TOO_MANY_HEADERS: Fault = Fault {
        kind: FaultKind::TooLarge,
        detail: "The request has too many headers; send at most 96.",
    };
    pub(super) const HEAD_TOO_LARGE: Fault = Fault {
        kind: FaultKind::TooLarge,
        detail: "The request's line and headers are too long; send at most 128 KiB of them.",
    };

    pub(super) const NAME_TOO_LONG: Fault = Fault {
        kind: FaultKind::TooLarge,
        detail: "The name of a header is too long; send at most 65,535 bytes.",
    };

    pub(super) const fn malformed(detail: &'static str) -> Fault {
        Fault {
            kind: FaultKind::Malformed,
            detail,
        }
    }

    /// The fault for an error of httparse in `bytes`.
    pub(super) fn of_parser(error: httparse::Error, bytes: &[u8]) -> Fault {
        /// The first byte of a TLS handshake.
        const TLS_HANDSHAKE: u8 = 0x16;
        match error {
            httparse::Error::TooManyHeaders => Fault::TOO_MANY_HEADERS,
            httparse::Error::HeaderName => Fault::malformed(
                "The name of a header holds a character that HTTP does not allow there, or a \
                 header goes on in a second line.",
            ),
            httparse::Error::HeaderValue => Fault::malformed(
                "The value of a header holds a character that HTTP does not allow, such as a \
                 line break or NUL.",
            ),
            httparse::Error::NewLine => {
                Fault::malformed("A line of the request's head does not end in CR LF.")
            }
            httparse::Error::Version => Fault::malformed(
                "This server speaks HTTP/1.1 and HTTP/1.0 only; do not begin with HTTP/2.",
            ),
            httparse::Error::Status | httparse::Error::Token
                if bytes.first() == Some(&TLS_HANDSHAKE) =>
            {
                Fault::malformed(
                    "This port speaks plain HTTP and the client began with TLS; call it as http, \
                     not as https.",
                )
            }
            httparse::Error::Status | httparse::Error::Token => Fault::malformed(
                "The request does not begin with a line such as `GET /healthz HTTP/1.1`.",
            ),
        }
    }
}
