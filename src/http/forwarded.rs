//! What a proxy in front of this server says of the request that it forwards.
//!
//! A client can send the same headers, and most proxies append to what they got. So the last entry
//! counts, which the proxy next to this server wrote.

use actix_web::HttpRequest;
use actix_web::http::header::HeaderName;

use crate::config::TrustedProxies;

pub(super) const HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
pub(super) const PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
pub(super) const PORT: HeaderName = HeaderName::from_static("x-forwarded-port");

/// Whether the peer is a proxy that is believed.
pub(super) fn is_proxied(request: &HttpRequest, proxies: &TrustedProxies) -> bool {
    let peer = request.peer_addr();
    peer.is_some_and(|peer| proxies.contains(peer.ip()))
}

/// The last entry of a header, where it is believed; `None` where that entry is empty.
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
