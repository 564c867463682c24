//! Headers that limit what a browser may do with an answer.

use actix_web::HttpRequest;
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};

/// What every answer of both listeners says, unless it says otherwise itself.
const ALWAYS: [(HeaderName, &str); 3] = [
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "no-referrer"),
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; frame-ancestors 'none'",
    ),
];
/// A year, for this name alone: what else lives under the domain is not ours to speak for.
const ONLY_TLS: &str = "max-age=31536000";

/// How an answer travels to its client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// Plain HTTP.
    Plain,
    /// HTTP over TLS.
    Tls,
}

impl Transport {
    /// As the listener speaks it; what a proxy before it speaks is for the proxy to say.
    pub fn of(request: &HttpRequest) -> Transport {
        let noted = request.conn_data::<Transport>();
        noted.copied().unwrap_or(Transport::Plain)
    }
}

/// Adds what is not there yet.
pub fn harden(headers: &mut HeaderMap, transport: Transport) {
    for (name, value) in ALWAYS {
        set_default(headers, name, value);
    }
    if transport == Transport::Tls {
        set_default(headers, header::STRICT_TRANSPORT_SECURITY, ONLY_TLS);
    }
}

/// Sets a header that the answer does not have.
pub fn set_default(headers: &mut HeaderMap, name: HeaderName, value: &'static str) {
    if !headers.contains_key(&name) {
        headers.insert(name, HeaderValue::from_static(value));
    }
}
