//! Compares the bytes that are passed on with the requests that actix-http's own parser reads in them.

use actix_http::h1::{Codec, Message};
use bytes::BytesMut;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use tokio_util::codec::Decoder;

use super::*;

/// A request and its body, as text.
type Sent = (String, String);

fn nowhere(_: &str) -> bool {
    false
}

/// The result of a new connection's first `bytes`.
fn pass(bytes: &mut [u8]) -> Passed {
    Heads::begin().pass(bytes, &nowhere, &Turn::default())
}

fn heads() -> impl Strategy<Value = String> {
    let first = select(vec![
        "GET /a?upgrade=websocket HTTP/1.1",
        "POST /b HTTP/1.1",
        "PUT /live HTTP/1.1",
        "GET /live HTTP/1.1",
        "DELETE /c HTTP/1.1",
    ]);
    let connection = select(vec![
        "",
        "Connection: keep-alive\r\n",
        "Connection: Upgrade\r\n",
        "Connection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AAEAAEAAAAIAAAABAAMAAABk\r\n",
        "connection: keep-alive\r\nconnection:upgrade\r\n",
    ]);
    let upgrade = select(vec![
        "",
        "Upgrade: h2c\r\n",
        "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n",
        "upgrade: WebSocket, x\r\n",
    ]);
    (first, connection, upgrade).prop_map(|(first, connection, upgrade)| {
        format!("{first}\r\nHost: x\r\n{connection}{upgrade}")
    })
}

/// The chunks of a body. Their data may look like heads.
fn bodies() -> impl Strategy<Value = Vec<String>> {
    let part = prop_oneof![
        "[a-z]{1,40}",
        Just("GET / HTTP/1.1\r\nHost: x\r\nConnection: upgrade\r\n\r\n".to_owned()),
        Just("0\r\n\r\n".to_owned()),
    ];
    vec(part, 0..4)
}

fn on_the_wire(head: &str, parts: &[String], chunked: bool) -> String {
    let body = parts.concat();
    if !chunked {
        return format!("{head}Content-Length: {}\r\n\r\n{body}", body.len());
    }
    let chunks: String = parts
        .iter()
        .map(|part| format!("{:x};ext=1\r\n{part}\r\n", part.len()))
        .collect();
    format!("{head}Transfer-Encoding: chunked\r\n\r\n{chunks}0\r\ntrailer: x\r\n\r\n")
}

/// Every request that actix-http reads from `bytes`, which arrive in pieces of these lengths.
fn received(bytes: &[u8], lengths: &[usize]) -> Vec<Sent> {
    let (mut heads, turn) = (Heads::begin(), Turn::default());
    let mut codec = Codec::default();
    let (mut held, mut handed_on) = (Vec::new(), BytesMut::new());
    let mut received: Vec<Sent> = Vec::new();
    let mut lengths = lengths.iter().cycle();
    let mut rest = bytes;
    while !rest.is_empty() {
        let length = lengths.next().map_or(1, |length| *length).min(rest.len());
        held.extend_from_slice(&rest[..length]);
        rest = &rest[length..];
        loop {
            let read_before = received.len();
            let passed = heads.pass(&mut held, &nowhere, &turn);
            assert_eq!(passed.end, None);
            handed_on.extend_from_slice(&held[..passed.bytes]);
            held.drain(..passed.bytes);
            while let Some(message) = codec.decode(&mut handed_on).expect("it is HTTP") {
                match message {
                    Message::Item(request) => {
                        assert!(!codec.upgrade() && codec.keep_alive(), "{request:?}");
                        let line = format!("{} {}", request.method(), request.uri());
                        received.push((line, String::new()));
                    }
                    Message::Chunk(Some(chunk)) => {
                        let (_, body) = received.last_mut().expect("it has a head");
                        body.push_str(str::from_utf8(&chunk).expect("it is text"));
                    }
                    Message::Chunk(None) => {}
                }
            }
            assert!(received.len() <= read_before + 1, "one head at a time");
            // The answer has been written.
            turn.end();
            if passed.bytes == 0 {
                break;
            }
        }
    }
    assert!(heads.at_head() && held.is_empty() && handed_on.is_empty());
    received
}

#[test]
fn requests_go_on_one_after_another_however_they_come() {
    let sequences = vec((heads(), bodies(), any::<bool>()), 1..6);
    let pieces = vec(1_usize..80, 1..8);
    // The parser keeps a clock that needs a thread of actix.
    actix_web::rt::System::new().block_on(async {
        let mut runner = proptest::test_runner::TestRunner::default();
        let run = runner.run(&(sequences, pieces), |(requests, pieces)| {
            let wire: String = requests
                .iter()
                .map(|(head, parts, chunked)| on_the_wire(head, parts, *chunked))
                .collect();
            let sent: Vec<Sent> = requests
                .iter()
                .map(|(head, parts, _)| {
                    let line = head.split(" HTTP/").next().unwrap_or_default();
                    (line.to_owned(), parts.concat())
                })
                .collect();
            prop_assert_eq!(received(wire.as_bytes(), &pieces), sent);
            Ok(())
        });
        run.expect("both read the same requests");
    });
}

#[test]
fn a_body_that_breaks_the_rules_ends_the_connection() {
    for body in [
        "x",
        "\r\n",
        "1",
        "1\r\nab",
        "1 1\r\n",
        "1;\u{1}",
        "10000000000000000\r\n",
        "0\r\n\rx",
        "1\r\na\r\n\r\n",
    ] {
        let head = "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n";
        let mut bytes = format!("{head}{body}").into_bytes();
        let passed = pass(&mut bytes);
        let is_whole = body == "1";
        assert_eq!(
            passed.end,
            (!is_whole).then_some(End::BrokenBody),
            "{body:?}"
        );
    }
}

#[test]
fn a_head_without_an_end_is_too_large() {
    let mut bytes = vec![b'x'; MAX_HEAD_BYTES - 1];
    bytes[..16].copy_from_slice(b"GET / HTTP/1.1\r\n");
    assert_eq!(pass(&mut bytes).end, None);
    bytes.push(b'x');
    let end = pass(&mut bytes).end;
    assert_eq!(end, Some(End::Fault(Fault::HEAD_TOO_LARGE)));
}

#[test]
fn a_whole_head_may_be_too_large() {
    let of_length = |length: usize| {
        let head = "GET / HTTP/1.1\r\nHost: x\r\na: ";
        let value = "v".repeat(length - head.len() - 4);
        format!("{head}{value}\r\n\r\n").into_bytes()
    };
    let passed = pass(&mut of_length(MAX_HEAD_BYTES));
    assert_eq!((passed.bytes, passed.end), (MAX_HEAD_BYTES, None));
    let passed = pass(&mut of_length(MAX_HEAD_BYTES + 1));
    let too_large = Some(End::Fault(Fault::HEAD_TOO_LARGE));
    assert_eq!((passed.bytes, passed.end), (0, too_large));
}

#[test]
fn blank_lines_are_dropped_only_where_nothing_follows() {
    let heads = Heads::begin();
    for (bytes, blank) in [
        ("", 0),
        ("\r\n", 2),
        ("\n", 1),
        ("\r\n\n\r\n", 5),
        ("\r", 0),
        ("\r\n\r", 2),
        ("\r\r\n", 0),
        ("\r\nGET", 0),
        (" \r\n", 0),
    ] {
        assert_eq!(heads.blank_lines(bytes.as_bytes()), blank, "{bytes:?}");
    }
    let mut heads = Heads::begin();
    let mut head = *b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n";
    heads.pass(&mut head, &nowhere, &Turn::default());
    assert_eq!(heads.blank_lines(b"\r\n"), 0, "it is a body");
}
