//! Decides which origins may open a socket.
//!
//! A browser lets any page open a WebSocket to any server, and only names the page's origin in
//! `Origin`. So the server must check it: pages of the listed origins may open a socket, and pages of
//! other origins may not. Apps that are not pages send the server's own address as `Origin`, or none;
//! both are always accepted. Over HTTP, the same list decides which pages may read an answer
//! ([`cors`]).
//!
//! [`cors`]: super::cors

use actix_web::HttpRequest;
use actix_web::http::header::{self, HeaderName, HeaderValue};
use actix_web::http::uri::Authority;

use super::forwarded;
use super::front::Transport;
use crate::config::{Origins, TrustedProxies};

/// The address at which a client reached this server, as far as the request shows it.
#[derive(Debug, PartialEq, Eq)]
struct OwnAddress {
    host: String,
    port: OwnPort,
}

#[derive(Debug, PartialEq, Eq)]
enum OwnPort {
    Number(u16),
    /// The default port of HTTP or of HTTPS: the request names no port, and it is not known whether a
    /// proxy in front of the server speaks TLS.
    DefaultOfEither,
}

/// Whether every origin that the request names may open a socket. A request may name none.
pub fn may_open_socket(request: &HttpRequest, allowed: &Origins, proxies: &TrustedProxies) -> bool {
    request.headers().get_all(header::ORIGIN).all(|origin| {
        let Ok(origin) = origin.to_str() else {
            return false;
        };
        allowed.allow(origin) || is_own(origin, own_address(request, proxies).as_ref())
    })
}

/// Whether `origin` has the host and the port that the client called.
fn is_own(origin: &str, own: Option<&OwnAddress>) -> bool {
    let (Some((scheme, rest)), Some(own)) = (origin.split_once("://"), own) else {
        return false;
    };
    let Some(default) = default_port(scheme) else {
        return false;
    };
    // Some apps send the root of the URL that they call.
    let rest = rest.strip_suffix('/').unwrap_or(rest);
    let Some((host, port)) = host_and_port(rest) else {
        return false;
    };
    let is_default = port.is_none_or(|port| port == default);
    host == own.host
        && match own.port {
            OwnPort::Number(own) => port.unwrap_or(default) == own,
            OwnPort::DefaultOfEither => is_default,
        }
}

fn own_address(request: &HttpRequest, proxies: &TrustedProxies) -> Option<OwnAddress> {
    let forwarded = |name: &HeaderName| forwarded::said(request, proxies, name);
    let called = || {
        let target = request.uri().authority().map(Authority::as_str);
        target.or_else(|| host_header(request))
    };
    let (host, port) = host_and_port(forwarded(&forwarded::HOST).or_else(called)?)?;
    let forwarded_port = || forwarded(&forwarded::PORT).and_then(|port| port.parse().ok());
    let port_of_scheme = || match forwarded(&forwarded::PROTO) {
        Some(scheme) => default_port(scheme),
        None if Transport::of(request) == Transport::Tls => default_port("https"),
        None => None,
    };
    let port = port.or_else(forwarded_port).or_else(port_of_scheme);
    Some(OwnAddress {
        host,
        port: port.map_or(OwnPort::DefaultOfEither, OwnPort::Number),
    })
}

/// The `Host` header. `None` if there are two, because then the host is ambiguous.
fn host_header(request: &HttpRequest) -> Option<&str> {
    let mut values = request.headers().get_all(header::HOST);
    let host = values.next().map(HeaderValue::to_str)?.ok();
    host.filter(|_| values.next().is_none())
}

/// The parts of `host[:port]`; `None` for anything else.
fn host_and_port(text: &str) -> Option<(String, Option<u16>)> {
    let authority: Authority = text.parse().ok()?;
    let has_user = authority.as_str().contains('@');
    let after_host = &text[authority.host().len().min(text.len())..];
    let is_read = after_host.is_empty() || authority.port_u16().is_some();
    let host = authority.host().to_ascii_lowercase();
    (!has_user && is_read && !host.is_empty()).then_some((host, authority.port_u16()))
}

fn default_port(scheme: &str) -> Option<u16> {
    let is = |name| scheme.eq_ignore_ascii_case(name);
    if is("http") || is("ws") {
        Some(80)
    } else if is("https") || is("wss") {
        Some(443)
    } else {
        None
    }
}

#[cfg(test)]
#[path = "origin_tests.rs"]
mod tests;
