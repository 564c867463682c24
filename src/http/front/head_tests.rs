//! Heads as clients and proxies send them, and heads that contradict themselves.

use super::*;

fn live(path: &str) -> bool {
    path == "/live"
}

/// Reads a head. Returns the part that follows it, and the head as actix-http receives it.
fn read_text(head: &str) -> Result<(Then, String), &'static str> {
    let mut bytes = head.as_bytes().to_vec();
    let read = read(&mut bytes, &live).map_err(|fault| fault.detail)?;
    let head = read.expect("the head is whole");
    assert_eq!(head.bytes, bytes.len());
    Ok((head.then, String::from_utf8(bytes).unwrap()))
}

#[test]
fn an_upgrade_that_nobody_makes_is_not_seen() {
    for (before, after) in [
        ("Connection: Upgrade", "Connection:        "),
        ("connection: upgrade", "connection:        "),
        (
            "Connection: Upgrade, HTTP2-Settings",
            "Connection:        , HTTP2-Settings",
        ),
        (
            "Connection: keep-alive , UPGRADE",
            "Connection: keep-alive ,        ",
        ),
        ("Upgrade: h2c", "Upgrade: h2c"),
        ("Upgrade: websocket", "Upgrade:          "),
        (
            "Connection: Upgrade\r\nUpgrade: WebSocket\r\nSec-WebSocket-Version: 13",
            "Connection:        \r\nUpgrade:          \r\nSec-WebSocket-Version: 13",
        ),
        ("X-Upgrade: upgrade", "X-Upgrade: upgrade"),
    ] {
        let head =
            |line| format!("POST /game HTTP/1.1\r\nHost: x\r\n{line}\r\nContent-Length: 3\r\n\r\n");
        assert_eq!(
            read_text(&head(before)),
            Ok((Then::Body(3), head(after))),
            "{before}"
        );
    }
}

#[test]
fn a_handshake_keeps_its_own() {
    let handshake = |first: &str, upgrade: &str| {
        format!(
            "{first}\r\nHost: x\r\nConnection: keep-alive, Upgrade\r\nUpgrade: {upgrade}\r\n\
             Sec-WebSocket-Version: 13\r\n\r\n"
        )
    };
    let whole = handshake("GET /live?game=a HTTP/1.1", "websocket");
    assert_eq!(read_text(&whole), Ok((Then::Socket, whole.clone())));
    let beside = handshake("GET /live HTTP/1.1", "h2c, websocket, x");
    let alone = handshake("GET /live HTTP/1.1", "     websocket   ");
    assert_eq!(read_text(&beside), Ok((Then::Socket, alone)));
    for first in [
        "HEAD /live HTTP/1.1",
        "POST /live HTTP/1.1",
        "GET /live HTTP/1.0",
        "GET /game/live HTTP/1.1",
        "GET /live HTTP/1.1\r\nContent-Length: 2",
        "GET /live HTTP/1.1\r\nConnection: close",
    ] {
        let (then, head) = read_text(&handshake(first, "websocket")).unwrap();
        assert_ne!(then, Then::Socket, "{first}");
        assert!(!head.contains("Upgrade\r\n"), "{first}: {head}");
        assert!(!head.contains("websocket\r\n"), "{first}: {head}");
    }
}

#[test]
fn a_head_that_is_none_says_why() {
    let host = "GET / HTTP/1.1\r\nHost: x\r\n";
    for (head, why) in [
        ("\u{16}\u{3}\u{1}\r\n\r\n".to_owned(), "began with TLS"),
        ("nonsense\r\n\r\n".to_owned(), "does not begin with a line"),
        ("PRI * HTTP/2.0\r\n\r\n".to_owned(), "HTTP/2"),
        ("GET / HTTP/1.1\r\n\r\n".to_owned(), "header Host"),
        (format!("{host}Host: y\r\n\r\n"), "Host once"),
        (format!("{host}a b: c\r\n\r\n"), "name of a header"),
        (format!("{host}a: b\u{1}\r\n\r\n"), "value of a header"),
        (
            format!("{host}Content-Length: 1\r\nContent-Length: 1\r\n\r\n"),
            "once",
        ),
        (format!("{host}Content-Length: +1\r\n\r\n"), "whole number"),
        (format!("{host}Content-Length: \r\n\r\n"), "whole number"),
        (
            format!("{host}Content-Length: 99999999999999999999\r\n\r\n"),
            "whole number",
        ),
        (
            format!("{host}Transfer-Encoding: gzip, chunked\r\n\r\n"),
            "`chunked`",
        ),
        (
            format!("{host}Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n"),
            "once",
        ),
        (
            format!("{host}Transfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n"),
            "not both",
        ),
        (
            "GET / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n".to_owned(),
            "HTTP/1.0",
        ),
        ("POST / HTTP/1.0\r\n\r\n".to_owned(), "Content-Length"),
        (
            format!("GET /{} HTTP/1.1\r\nHost: x\r\n\r\n", "x".repeat(70_000)),
            "64 KiB",
        ),
        (format!("{host}{}\r\n", "a: b\r\n".repeat(96)), "at most 96"),
    ] {
        let shown = &head[..head.len().min(60)];
        let detail = read_text(&head).expect_err(shown);
        assert!(detail.contains(why), "{shown:?}: {detail}");
    }
}

#[test]
fn a_part_of_a_head_is_waited_for() {
    let head = b"GET /live HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\n\r\n";
    for length in 0..head.len() {
        let mut part = head[..length].to_vec();
        assert_eq!(read(&mut part, &live), Ok(None), "{length}");
        assert_eq!(part, head[..length], "it is left as it is");
    }
}
