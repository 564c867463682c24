//! The address at which a client reaches this server, taken from its own request. The API documents
//! name it as their server.
//! A header is used only if it is a valid address, because the readers of a document connect to the
//! address in it.
//! document follows it.

use actix_web::HttpRequest;
use actix_web::http::header::{self, HeaderName};
use actix_web::http::uri::Authority;

use super::front::Transport;
use super::openapi::DEFAULT_ORIGIN;
use super::{State, forwarded};

/// The server's address in the API documents.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// For example `https://games.example:8443`.
    pub origin: String,
    /// The default stage, or else another existing one; `dev` if there is none.
    pub stage: String,
}

/// The request headers on which the documents depend.
pub(super) const VARY: &str = "Host, X-Forwarded-Proto, X-Forwarded-Host, X-Forwarded-Port";

impl Default for Address {
    /// The default address, for documents that are made without a request.
    fn default() -> Address {
        Address {
            origin: DEFAULT_ORIGIN.to_owned(),
            stage: "dev".to_owned(),
        }
    }
}

impl Address {
    /// The address that this request was sent to.
    pub(super) fn of(request: &HttpRequest, state: &State) -> Address {
        let forwarded =
            |name: &HeaderName| forwarded::said(request, &state.settings.trusted_proxies, name);
        let scheme = match Transport::of(request) {
            Transport::Plain => "http",
            Transport::Tls => "https",
        };
        let called = || request.headers().get(header::HOST)?.to_str().ok();
        let origin = origin(
            forwarded(&forwarded::PROTO).unwrap_or(scheme),
            forwarded(&forwarded::HOST),
            called().or(request.uri().authority().map(Authority::as_str)),
            forwarded(&forwarded::PORT),
        );
        let default = Address::default();
        let stage = state
            .gate
            .shown_stage(state.settings.default_stage.as_ref());
        Address {
            origin: origin.unwrap_or(default.origin),
            stage: stage.map_or(default.stage, |stage| stage.as_str().to_owned()),
        }
    }
}

/// The origin with the first valid host.
fn origin(
    scheme: &str,
    forwarded_host: Option<&str>,
    host: Option<&str>,
    forwarded_port: Option<&str>,
) -> Option<String> {
    let scheme = match scheme.to_ascii_lowercase().as_str() {
        "http" | "ws" => "http",
        "https" | "wss" => "https",
        _ => return None,
    };
    let usual = if scheme == "https" { 443 } else { 80 };
    let hosts = [forwarded_host, host].into_iter().flatten();
    let (name, own_port) = hosts.filter_map(host_and_port).next()?;
    let port = own_port.or(forwarded_port.and_then(port_number));
    Some(match port.filter(|port| *port != usual) {
        Some(port) => format!("{scheme}://{name}:{port}"),
        None => format!("{scheme}://{name}"),
    })
}

/// The host, and the port if there is one.
fn host_and_port(authority: &str) -> Option<(&str, Option<u16>)> {
    let (name, port) = match authority.strip_prefix('[') {
        Some(rest) => {
            let (address, _) = rest.split_once(']')?;
            address.parse::<std::net::Ipv6Addr>().ok()?;
            authority.split_at(address.len() + 2)
        }
        None => {
            let end = authority.find(':').unwrap_or(authority.len());
            let (name, port) = authority.split_at(end);
            let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
            if name.is_empty() || name.len() > 253 || !name.bytes().all(plain) {
                return None;
            }
            (name, port)
        }
    };
    match port.strip_prefix(':') {
        None => port.is_empty().then_some((name, None)),
        Some(port) => Some((name, Some(port_number(port)?))),
    }
}

fn port_number(text: &str) -> Option<u16> {
    let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|port| is_number && *port > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_and_ports() {
        for (scheme, forwarded, host, port, expected) in [
            ("http", None, Some("h:8080"), None, Some("http://h:8080")),
            ("http", None, Some("h:80"), None, Some("http://h")),
            ("https", None, Some("h:443"), None, Some("https://h")),
            ("https", None, Some("h:80"), None, Some("https://h:80")),
            (
                "http",
                None,
                Some("[::1]:8080"),
                None,
                Some("http://[::1]:8080"),
            ),
            ("http", None, Some("[::1]"), None, Some("http://[::1]")),
            (
                "HTTPS",
                Some("g.example"),
                Some("h:1"),
                None,
                Some("https://g.example"),
            ),
            (
                "https",
                Some("g"),
                None,
                Some("8443"),
                Some("https://g:8443"),
            ),
            ("https", Some("g"), None, Some("443"), Some("https://g")),
            (
                "https",
                Some("g:9"),
                None,
                Some("8443"),
                Some("https://g:9"),
            ),
            (
                "https",
                None,
                Some("h"),
                Some("8443"),
                Some("https://h:8443"),
            ),
            // An invalid host is skipped, and an invalid port is ignored.
            ("http", Some("a/b"), Some("h"), None, Some("http://h")),
            ("http", Some("g"), None, Some("x"), Some("http://g")),
            ("http", None, None, None, None),
            ("javascript", None, Some("h"), None, None),
        ] {
            let found = origin(scheme, forwarded, host, port);
            assert_eq!(
                found.as_deref(),
                expected,
                "{scheme} {forwarded:?} {host:?} {port:?}"
            );
        }
    }

    #[test]
    fn what_is_no_authority() {
        for text in [
            "", ":80", "h:", "h:0", "h:65536", "h:+1", "h:1:2", "u@h", "h/x", "h?x", "a b", "<h>",
            "{h}", "\"h\"", "[::1", "[h]", "[::1]x", "[::1]:", "h\u{e9}",
        ] {
            assert_eq!(host_and_port(text), None, "{text}");
        }
    }
}
