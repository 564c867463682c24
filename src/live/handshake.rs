//! The credentials and subprotocols of a request for a WebSocket.
//!
//! A browser cannot set headers on a WebSocket, so the key and the player token may also come as
//! offered subprotocols, which are never echoed and never logged. A header wins over a
//! subprotocol.

use std::fmt;

use actix_web::HttpRequest;
use actix_web::http::header::{AUTHORIZATION, HeaderMap, SEC_WEBSOCKET_PROTOCOL};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// The only subprotocol of the live channel. An answer echoes it.
pub const SUBPROTOCOL: &str = "turnkey.v1";

/// The value of `Sec-WebSocket-Version` for RFC 6455.
pub const WEBSOCKET_VERSION: &str = "13";

/// The prefix of the API key among the offered subprotocols.
pub const KEY_PREFIX: &str = "x-api-key.";
/// The prefix of the API key in base64url without padding among the offered subprotocols.
pub const ENCODED_KEY_PREFIX: &str = "x-api-key-b64.";
/// The prefix of the player token among the offered subprotocols.
pub const TOKEN_PREFIX: &str = "bearer.";

/// The credentials of a handshake, not yet checked. Its `Debug` shows none of them.
pub struct Credentials {
    /// The API key's value.
    pub api_key: Option<String>,
    /// The content of an `Authorization` header: `Bearer …`, also for a token that came as a
    /// subprotocol.
    pub authorization: Option<String>,
    /// Whether [`SUBPROTOCOL`] is among the offered ones.
    pub speaks_turnkey: bool,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Credentials(…)")
    }
}

/// Reads the key and the token of a request for `/live`.
pub fn credentials(request: &HttpRequest) -> Credentials {
    from_headers(request.headers())
}

fn from_headers(headers: &HeaderMap) -> Credentials {
    let mut found = Credentials {
        api_key: header(headers, "x-api-key"),
        authorization: header(headers, AUTHORIZATION.as_str()),
        speaks_turnkey: false,
    };
    for offered in offered_protocols(headers) {
        if offered == SUBPROTOCOL {
            found.speaks_turnkey = true;
        } else if let Some(encoded) = offered.strip_prefix(ENCODED_KEY_PREFIX) {
            found.api_key.get_or_insert_with(|| decoded(encoded));
        } else if let Some(key) = offered.strip_prefix(KEY_PREFIX) {
            found.api_key.get_or_insert_with(|| key.to_owned());
        } else if let Some(token) = offered.strip_prefix(TOKEN_PREFIX) {
            found
                .authorization
                .get_or_insert_with(|| format!("Bearer {token}"));
        }
    }
    found
}

/// A header that is not text, or is there twice, counts as an empty credential, which is refused.
fn header(headers: &HeaderMap, name: &str) -> Option<String> {
    let mut values = headers.get_all(name);
    let value = values.next()?;
    match (value.to_str(), values.next()) {
        (Ok(text), None) => Some(text.to_owned()),
        _ => Some(String::new()),
    }
}

fn offered_protocols(headers: &HeaderMap) -> impl Iterator<Item = &str> {
    headers
        .get_all(SEC_WEBSOCKET_PROTOCOL)
        .filter_map(|value| value.to_str().ok())
        .flat_map(|list| list.split(','))
        .map(str::trim)
}

/// Text that cannot be decoded becomes a value that no key has, so the gate refuses it like any
/// other.
fn decoded(encoded: &str) -> String {
    URL_SAFE_NO_PAD
        .decode(encoded)
        .ok()
        .and_then(|bytes| String::from_utf8(bytes).ok())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    fn read(headers: &[(&str, &str)]) -> Credentials {
        let mut request = TestRequest::default();
        for header in headers {
            request = request.append_header(*header);
        }
        credentials(&request.to_http_request())
    }

    #[test]
    fn key_and_token_from_subprotocols() {
        let found = read(&[
            ("sec-websocket-protocol", "turnkey.v1, x-api-key.tk_abc"),
            ("sec-websocket-protocol", "bearer.a.b.c"),
        ]);
        assert!(found.speaks_turnkey);
        assert_eq!(found.api_key.as_deref(), Some("tk_abc"));
        assert_eq!(found.authorization.as_deref(), Some("Bearer a.b.c"));
    }

    #[test]
    fn a_key_with_characters_that_no_subprotocol_holds() {
        let encoded = URL_SAFE_NO_PAD.encode("a,key/with=separators");
        let found = read(&[(
            "sec-websocket-protocol",
            &format!("x-api-key-b64.{encoded}"),
        )]);
        assert!(!found.speaks_turnkey);
        assert_eq!(found.api_key.as_deref(), Some("a,key/with=separators"));
        let broken = read(&[("sec-websocket-protocol", "x-api-key-b64.%%%")]);
        assert_eq!(broken.api_key.as_deref(), Some(""));
    }

    #[test]
    fn a_header_wins() {
        let found = read(&[
            ("X-Api-Key", "from-header"),
            ("Authorization", "Bearer header"),
            ("sec-websocket-protocol", "x-api-key.other, bearer.other"),
        ]);
        assert_eq!(found.api_key.as_deref(), Some("from-header"));
        assert_eq!(found.authorization.as_deref(), Some("Bearer header"));
    }

    #[test]
    fn a_header_that_is_there_twice_is_nobodys() {
        for (name, value) in [("x-api-key", "a"), ("authorization", "Bearer a")] {
            let found = read(&[
                (name, value),
                (name, value),
                ("sec-websocket-protocol", "x-api-key.a, bearer.a"),
            ]);
            let said = match name {
                "x-api-key" => found.api_key,
                _ => found.authorization,
            };
            assert_eq!(said.as_deref(), Some(""), "{name}");
        }
    }

    #[test]
    fn nothing_said() {
        let found = read(&[]);
        assert!(found.api_key.is_none() && found.authorization.is_none());
        assert!(!found.speaks_turnkey);
        assert_eq!(format!("{found:?}"), "Credentials(…)");
    }
}
