//! Reads the whole body of a request, within limits of size and time.

use std::time::Duration;

use actix_web::HttpMessage;
use actix_web::dev::{Payload, ServiceRequest};
use actix_web::http::header::{self, HeaderMap};
use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;
use tokio::time::timeout;

use super::input::MAX_BODY_BYTES;
use super::problem::HttpError;

/// The time that a client has to send a body.
const BODY_DEADLINE: Duration = Duration::from_secs(10);
/// How long the server waits for the small body of a refused request, to keep the connection.
const DISCARD_DEADLINE: Duration = Duration::from_millis(200);

/// Reads the body of a request that the gate has let pass.
pub async fn read_body(request: &mut ServiceRequest) -> Result<Bytes, HttpError> {
    if content_length(request.headers()).is_some_and(|length| length > MAX_BODY_BYTES) {
        return Err(HttpError::TooLarge);
    }
    let payload = request.take_payload();
    match timeout(BODY_DEADLINE, collect(payload)).await {
        Ok(body) => body.map(without_byte_order_mark),
        Err(_) => Err(HttpError::Malformed(format!(
            "the body did not arrive within {} seconds",
            BODY_DEADLINE.as_secs()
        ))),
    }
}

async fn collect(mut payload: Payload) -> Result<Bytes, HttpError> {
    let mut body = BytesMut::new();
    while let Some(chunk) = payload.next().await {
        let chunk =
            chunk.map_err(|error| HttpError::Malformed(format!("the body broke off: {error}")))?;
        if body.len() + chunk.len() > MAX_BODY_BYTES {
            return Err(HttpError::TooLarge);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body.freeze())
}

/// Removes the byte order mark, which some editors and runtimes write before JSON.
fn without_byte_order_mark(body: Bytes) -> Bytes {
    const MARK: &[u8] = "\u{feff}".as_bytes();
    if body.starts_with(MARK) {
        body.slice(MARK.len()..)
    } else {
        body
    }
}

/// Reads and discards a small body of a refused request. An answer that leaves a body unread costs the
/// client its connection. A large body is left unread, and the answer says `Connection: close`.
pub async fn discard_small_body(request: &mut ServiceRequest) {
    let chunked = request.headers().contains_key(header::TRANSFER_ENCODING);
    let small = |length| length > 0 && length <= MAX_BODY_BYTES;
    if chunked || content_length(request.headers()).is_some_and(small) {
        // If the body is late or too long, the connection closes.
        let _ = timeout(DISCARD_DEADLINE, collect(request.take_payload())).await;
    }
}

fn content_length(headers: &HeaderMap) -> Option<usize> {
    headers
        .get(header::CONTENT_LENGTH)?
        .to_str()
        .ok()?
        .parse()
        .ok()
}
