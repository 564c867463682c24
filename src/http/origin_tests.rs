//! Origins of native apps and of pages, and malformed origins.

use std::net::SocketAddr;

use actix_web::test::TestRequest;

use super::*;

const PROXY: &str = "10.0.0.7:40000";
const STRANGER: &str = "9.9.9.9:40000";

/// Whether a handshake with these headers may open a socket if no origin is listed.
fn is_let_in(peer: &str, headers: &[(&str, &str)]) -> bool {
    may_open(peer, headers, "")
}

fn may_open(peer: &str, headers: &[(&str, &str)], listed: &str) -> bool {
    let peer: SocketAddr = peer.parse().unwrap();
    let mut request = TestRequest::default().uri("/live").peer_addr(peer);
    for header in headers {
        request = request.append_header(*header);
    }
    let proxies = "10.0.0.0/8".parse().unwrap();
    may_open_socket(
        &request.to_http_request(),
        &listed.parse().unwrap(),
        &proxies,
    )
}

#[test]
fn an_app_sends_no_origin_or_the_servers_own() {
    assert!(is_let_in(STRANGER, &[("host", "h.example")]));
    for (host, origin) in [
        // React Native.
        ("h.example:8080", "http://h.example:8080"),
        ("h.example", "https://h.example"),
        // Starscream.
        ("h.example:8080", "ws://h.example:8080"),
        ("h.example", "wss://h.example"),
        ("h.example", "wss://h.example/"),
        // websocket-client.
        ("127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("h.example", "http://h.example"),
        // Clients that write the default port, or another case.
        ("h.example:443", "https://h.example"),
        ("h.example", "https://h.example:443"),
        ("h.example:80", "http://h.example"),
        ("H.example:8080", "HTTP://h.EXAMPLE:8080"),
        ("[::1]:8080", "http://[::1]:8080"),
        ("[::1]", "https://[::1]"),
    ] {
        let headers = [("host", host), ("origin", origin)];
        assert!(is_let_in(STRANGER, &headers), "{origin} at {host}");
    }
}

#[test]
fn a_foreign_origin_is_refused_where_none_is_listed() {
    for (host, origin) in [
        ("h.example", "https://other.example"),
        ("h.example", "https://h.example.evil"),
        ("h.example", "https://evil.h.example"),
        ("h.example", "https://h.example:8443"),
        ("h.example:8080", "http://h.example:9090"),
        ("h.example:8080", "http://h.example"),
        ("h.example:443", "http://h.example"),
        ("h.example", "https://h.example:80"),
        ("h.example", "https://h.example@evil.example"),
        ("h.example", "https://evil.example@h.example"),
        ("h.example", "https://h.example/evil"),
        ("h.example", "https://h.example:"),
        ("h.example", "https://h.example https://evil.example"),
        ("h.example", "h.example"),
        ("h.example", ""),
        ("h.example", "null"),
        ("h.example", "file://"),
        ("localhost", "capacitor://localhost"),
        ("localhost", "ionic://localhost"),
        ("h.example", "chrome-extension://h.example"),
        ("", "http://"),
    ] {
        let headers = [("host", host), ("origin", origin)];
        assert!(!is_let_in(STRANGER, &headers), "{origin} at {host}");
    }
}

#[test]
fn every_origin_that_is_named_must_be_let_in() {
    let own = ("origin", "https://h.example");
    let foreign = ("origin", "https://evil.example");
    let host = ("host", "h.example");
    assert!(is_let_in(STRANGER, &[host, own, own]));
    assert!(!is_let_in(STRANGER, &[host, own, foreign]));
    assert!(!is_let_in(STRANGER, &[host, foreign, own]));
    let two_hosts = [host, ("host", "evil.example"), own];
    assert!(!is_let_in(STRANGER, &two_hosts));
}

#[test]
fn a_trusted_proxy_says_what_the_client_called() {
    let behind = |headers: &[(&'static str, &'static str)], origin: &'static str| {
        let headers = [headers, &[("host", "inner:8080"), ("origin", origin)]].concat();
        (is_let_in(PROXY, &headers), is_let_in(STRANGER, &headers))
    };
    let public = [
        ("x-forwarded-host", "h.example"),
        ("x-forwarded-proto", "https"),
    ];
    assert_eq!(behind(&public, "https://h.example"), (true, false));
    assert_eq!(behind(&public, "wss://h.example"), (true, false));
    assert_eq!(behind(&public, "http://h.example"), (false, false));
    assert_eq!(behind(&public, "https://h.example:8443"), (false, false));
    let with_port = [
        ("x-forwarded-host", "evil.example, h.example"),
        ("x-forwarded-port", "8443"),
    ];
    assert_eq!(behind(&with_port, "https://h.example:8443"), (true, false));
    assert_eq!(behind(&with_port, "https://h.example"), (false, false));
    assert_eq!(
        behind(&with_port, "https://evil.example:8443"),
        (false, false)
    );
    let in_host = [
        ("x-forwarded-host", "h.example:8443"),
        ("x-forwarded-proto", "http, https"),
    ];
    assert_eq!(behind(&in_host, "https://h.example:8443"), (true, false));
    // A proxy that does not name the host passes on the client's Host header.
    assert_eq!(behind(&[], "http://inner:8080"), (true, true));
}

#[test]
fn listed_origins_are_let_in_beside_the_own_one() {
    let listed = "https://page.example, capacitor://localhost, file://, null";
    let host = ("host", "h.example");
    for origin in [
        "https://page.example",
        "https://h.example",
        "capacitor://localhost",
        "file://",
        "null",
    ] {
        assert!(
            may_open(STRANGER, &[host, ("origin", origin)], listed),
            "{origin}"
        );
    }
    let other = [host, ("origin", "https://other.example")];
    assert!(!may_open(STRANGER, &other, listed));
    for origin in ["https://other.example", "null", "file://"] {
        assert!(
            may_open(STRANGER, &[host, ("origin", origin)], "*"),
            "{origin}"
        );
    }
}
