//! Headers that limit what a browser may do with an answer.

use actix_web::HttpRequest;
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};

/// The headers of every answer of both listeners, unless the answer sets them itself.
const ALWAYS: [(HeaderName, &str); 3] = [
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "no-referrer"),
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; frame-ancestors 'none'",
    ),
];
/// One year, and without `includeSubDomains`: other servers may live under the same domain.
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
    /// The protocol of this listener. A proxy that terminates TLS in front of it sets HSTS itself.
    pub fn of(request: &HttpRequest) -> Transport {
        let noted = request.conn_data::<Transport>();
        noted.copied().unwrap_or(Transport::Plain)
    }
}

/// Adds the headers that the answer does not have yet.
pub fn harden(headers: &mut HeaderMap, transport: Transport) {
    for (name, value) in ALWAYS {
        set_default(headers, name, value);
    }
    if transport == Transport::Tls {
        set_default(headers, header::STRICT_TRANSPORT_SECURITY, ONLY_TLS);
    }
}

/// Sets a header unless the answer already has it.
pub fn set_default(headers: &mut HeaderMap, name: HeaderName, value: &'static str) {
    if !headers.contains_key(&name) {
        headers.insert(name, HeaderValue::from_static(value));
    }
}
