//! Reads the `X-Forwarded-*` headers of a proxy in front of this server.
//!
//! A client can send the same headers, and most proxies append to the headers that they receive. So
//! only the last entry counts: the proxy next to this server wrote it.

use actix_web::HttpRequest;
use actix_web::http::header::HeaderName;

use crate::config::TrustedProxies;

pub(super) const HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
pub(super) const PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
pub(super) const PORT: HeaderName = HeaderName::from_static("x-forwarded-port");

/// Whether the peer is a trusted proxy.
pub(super) fn is_proxied(request: &HttpRequest, proxies: &TrustedProxies) -> bool {
    let peer = request.peer_addr();
    peer.is_some_and(|peer| proxies.contains(peer.ip()))
}

/// The last entry of a header; `None` if the peer is not trusted or the entry is empty.
pub(super) fn said<'a>(
    request: &'a HttpRequest,
    proxies: &TrustedProxies,
    name: &HeaderName,
) -> Option<&'a str> {
    let lines = request.headers().get_all(name);
    let line = lines.last().filter(|_| is_proxied(request, proxies))?;
    let entry = line.to_str().ok()?.rsplit(',').next()?.trim();
    (!entry.is_empty()).then_some(entry)
}
