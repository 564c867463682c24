//! Clients that send requests ahead, without waiting for answers: each answer has the form that its
//! own request asks for, whatever comes after that.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::support::server::ADMIN_TOKEN;
use crate::world::{PATIENCE, World};

/// A request, the status of its answer, and what its body, if it has one, holds.
type Expected<'a> = (String, u16, Option<&'a str>);

/// One answer, taken off the front of `text`: its status, its head, and its body.
fn split_answer<'a>(text: &mut &'a str, has_body: bool) -> (u16, &'a str, &'a str) {
    let all = *text;
    let (head, rest) = all
        .split_once("\r\n\r\n")
        .unwrap_or_else(|| panic!("no head: {all}"));
    let status = head
        .strip_prefix("HTTP/1.1 ")
        .or(head.strip_prefix("HTTP/1.0 "));
    let status = status.unwrap_or_else(|| panic!("no answer: {all}"));
    let length = head.split("content-length: ").nth(1).unwrap();
    let length = length.lines().next().unwrap().parse().unwrap();
    let (body, rest) = rest.split_at(if has_body { length } else { 0 });
    *text = rest;
    (status[..3].parse().unwrap(), head, body)
}

/// Sends all of the requests at once, the last with `Connection: close`, and reads to the end.
async fn sent_ahead(base: &str, requests: &[Expected<'_>]) {
    let address = base.strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(address).await.unwrap();
    let wire: String = requests
        .iter()
        .map(|(request, ..)| request.as_str())
        .collect();
    stream.write_all(wire.as_bytes()).await.unwrap();
    let mut answers = String::new();
    let read = timeout(PATIENCE, stream.read_to_string(&mut answers)).await;
    read.unwrap_or_else(|_| panic!("not closed after\n{wire}"))
        .unwrap();
    let mut rest = answers.as_str();
    for (index, (request, expected, holds)) in requests.iter().enumerate() {
        let (status, head, body) = split_answer(&mut rest, holds.is_some());
        assert_eq!(status, *expected, "{request}: {answers}");
        assert!(
            body.contains(holds.unwrap_or_default()),
            "{request}: {answers}"
        );
        let closes = head.contains("connection: close");
        assert_eq!(closes, index + 1 == requests.len(), "{request}: {answers}");
    }
    assert_eq!(rest, "", "{wire}");
}

fn request(line: &str, headers: &str, body: &str) -> String {
    let framed = match body {
        "" => String::new(),
        body => format!("Content-Length: {}\r\n", body.len()),
    };
    format!("{line} HTTP/1.1\r\nHost: localhost\r\n{headers}\r\n{framed}\r\n{body}")
}

fn in_chunks(line: &str, headers: &str, body: &str) -> String {
    let headers = format!("{headers}\r\nTransfer-Encoding: chunked");
    let chunks = format!("{:x}\r\n{body}\r\n0\r\n\r\n", body.len());
    request(line, &headers, "") + &chunks
}

#[tokio::test]
async fn each_answer_is_framed_by_its_own_request() {
    let world = World::start().await;
    let (game, _, _) = world.begun_game().await;
    let key = format!("x-api-key: {}\r\nContent-Type: application/json", world.key);
    let path = format!("/game/{game}");
    let head = || (request(&format!("HEAD {path}"), &key, ""), 200, None);
    let unknown = || (request("HEAD /nowhere", &key, ""), 404, None);
    let get = || {
        (
            request(&format!("GET {path}"), &key, ""),
            200,
            Some(game.as_str()),
        )
    };
    let variants = || (request("GET /variants", &key, ""), 200, Some("tic-tac-toe"));
    let post = |framed: fn(&str, &str, &str) -> String| {
        let body = r#"{"opponent":"self"}"#;
        (framed("POST /game", &key, body), 201, Some("playing"))
    };
    let last = || {
        let closing = format!("{key}\r\nConnection: close");
        (
            request(&format!("GET {path}"), &closing, ""),
            200,
            Some(game.as_str()),
        )
    };
    for requests in [
        vec![head(), last()],
        vec![get(), head(), last()],
        vec![head(), head(), last()],
        vec![head(), variants(), unknown(), last()],
        vec![post(request), head(), last()],
        vec![head(), post(request), last()],
        vec![post(in_chunks), head(), post(in_chunks), head(), last()],
        [get(), head()]
            .into_iter()
            .cycle()
            .take(40)
            .chain([last()])
            .collect(),
    ] {
        sent_ahead(&world.base, &requests).await;
    }
}

#[tokio::test]
async fn and_at_the_control_plane() {
    let world = World::start().await;
    let admin = format!("Authorization: Bearer {ADMIN_TOKEN}");
    let get = || (request("GET /apikeys", &admin, ""), 200, Some("item"));
    let make = || {
        (
            request("POST /apikeys", &admin, r#"{"name":"a key"}"#),
            201,
            Some("a key"),
        )
    };
    let head = || (request("HEAD /apikeys", &admin, ""), 400, None);
    let closing = format!("{admin}\r\nConnection: close");
    let last = || (request("GET /account", &closing, ""), 200, Some("throttle"));
    for requests in [
        vec![head(), get(), last()],
        vec![get(), head(), last()],
        vec![make(), head(), head(), last()],
    ] {
        sent_ahead(world.control(), &requests).await;
    }
}

#[tokio::test]
async fn what_is_no_request_is_answered_in_its_turn() {
    let world = World::start().await;
    let key = format!("x-api-key: {}", world.key);
    let (game, _, _) = world.begun_game().await;
    let head = (request(&format!("HEAD /game/{game}"), &key, ""), 200, None);
    let nonsense = (
        "nonsense\r\n\r\n".to_owned(),
        400,
        Some("does not begin with a line"),
    );
    sent_ahead(&world.base, &[head, nonsense]).await;
}

#[tokio::test]
async fn each_answer_has_the_version_of_its_own_request() {
    let world = World::start().await;
    let (game, _, _) = world.begun_game().await;
    let key = format!("x-api-key: {}", world.key);
    let newer = request(&format!("GET /game/{game}"), &key, "");
    let older = newer.replace("HTTP/1.1", "HTTP/1.0");
    let address = world.base.strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream
        .write_all([newer, older].concat().as_bytes())
        .await
        .unwrap();
    let mut answers = String::new();
    let read = timeout(PATIENCE, stream.read_to_string(&mut answers)).await;
    read.unwrap().unwrap();
    let mut rest = answers.as_str();
    for version in ["HTTP/1.1 200", "HTTP/1.0 200"] {
        let (_, head, _) = split_answer(&mut rest, true);
        assert!(head.starts_with(version), "{answers}");
    }
    assert_eq!(rest, "");
}

#[tokio::test]
async fn a_socket_opens_after_the_answers_before_it() {
    let world = World::start().await;
    let (game, _, _) = world.begun_game().await;
    let key = format!("x-api-key: {}", world.key);
    let handshake = format!(
        "{key}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: turnkey.v1"
    );
    let wire = [
        request(&format!("HEAD /game/{game}"), &key, ""),
        request(&format!("GET /game/{game}"), &key, ""),
        request("GET /live", &handshake, ""),
    ];
    let address = world.base.strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(wire.concat().as_bytes()).await.unwrap();
    let mut bytes = Vec::new();
    // Up to `hello`, whose frame is not text as a whole.
    while !bytes.windows(7).any(|window| window == b"\"hello\"") {
        let count = timeout(PATIENCE, stream.read_buf(&mut bytes))
            .await
            .unwrap()
            .unwrap();
        assert!(count > 0, "{}", String::from_utf8_lossy(&bytes));
    }
    let text = String::from_utf8_lossy(&bytes);
    let mut rest = text.as_ref();
    assert_eq!(split_answer(&mut rest, false).0, 200);
    let (status, _, body) = split_answer(&mut rest, true);
    assert_eq!((status, body.contains(&game)), (200, true), "{text}");
    assert!(rest.starts_with("HTTP/1.1 101"), "{text}");
}

#[tokio::test]
async fn a_body_is_asked_for_in_its_turn() {
    let world = World::start().await;
    let (game, _, _) = world.begun_game().await;
    let key = format!("x-api-key: {}", world.key);
    let body = r#"{"opponent":"self"}"#;
    let create = format!("{key}\r\nContent-Type: application/json\r\nExpect: 100-continue");
    let create = request("POST /game", &create, body);
    let wire = [
        request(&format!("HEAD /game/{game}"), &key, ""),
        create.strip_suffix(body).unwrap().to_owned(),
    ];
    let address = world.base.strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(wire.concat().as_bytes()).await.unwrap();
    let mut bytes = Vec::new();
    while !bytes.ends_with(b"HTTP/1.1 100 Continue\r\n\r\n") {
        let count = timeout(PATIENCE, stream.read_buf(&mut bytes))
            .await
            .unwrap()
            .unwrap();
        assert!(count > 0, "{}", String::from_utf8_lossy(&bytes));
    }
    let head = request(
        &format!("HEAD /game/{game}"),
        &format!("{key}\r\nConnection: close"),
        "",
    );
    let wire = [body, &head].concat();
    stream.write_all(wire.as_bytes()).await.unwrap();
    let read = timeout(PATIENCE, stream.read_to_end(&mut bytes)).await;
    read.unwrap().unwrap();
    let text = String::from_utf8(bytes)
        .unwrap()
        .replace("HTTP/1.1 100 Continue\r\n\r\n", "");
    let mut rest = text.as_str();
    assert_eq!(split_answer(&mut rest, false).0, 200);
    assert_eq!(split_answer(&mut rest, true).0, 201, "{text}");
    assert_eq!(split_answer(&mut rest, false).0, 200, "{text}");
    assert_eq!(rest, "");
}
