//! Requests that ask for an upgrade which nobody makes: they are answered as if they did not ask,
//! and their connection goes on (RFC 9110, 7.8).

use std::process::Command;

use serde_json::Value;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::support::certificate::Pair;
use crate::support::server::{ADMIN_TOKEN, TestServer};
use crate::world::{PATIENCE, World};

/// What Java's HttpClient, nginx recipes, curl and others say, and what looks like a handshake.
const ASKING: [&str; 6] = [
    "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAEAAEAAAAIAAAABAAMAAABk",
    "Connection: upgrade",
    "Connection: Upgrade\r\nUpgrade: h2c",
    "Connection: Upgrade\r\nUpgrade:",
    "Upgrade: websocket",
    "Connection: keep-alive, Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
     Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: turnkey.v1",
];

trait Stream: AsyncRead + AsyncWrite + Unpin {}
impl<S: AsyncRead + AsyncWrite + Unpin> Stream for S {}

/// One answer: its status, its head in small letters, and its body by its length.
async fn read_answer(stream: &mut dyn Stream, has_body: bool) -> (u16, String, String) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let byte = timeout(PATIENCE, stream.read_u8()).await.unwrap();
        head.push(byte.unwrap_or_else(|_| panic!("closed: {}", String::from_utf8_lossy(&head))));
    }
    let head = String::from_utf8(head).unwrap().to_lowercase();
    let status = head[9..12].parse().unwrap();
    let length = head.split("content-length: ").nth(1);
    let length = length.map_or("0", |rest| rest.lines().next().unwrap());
    let mut body = vec![0; if has_body { length.parse().unwrap() } else { 0 }];
    let read = timeout(PATIENCE, stream.read_exact(&mut body)).await;
    read.unwrap().unwrap();
    (status, head, String::from_utf8(body).unwrap())
}

/// A request that asks for an upgrade, with a body by its length or in chunks.
fn request(line: &str, asking: &str, credentials: &str, body: &str, chunked: bool) -> String {
    let framed = match (body, chunked) {
        ("", _) => "\r\n".to_owned(),
        (body, false) => format!("Content-Length: {}\r\n\r\n{body}", body.len()),
        (body, true) => {
            let (first, second) = body.split_at(3);
            format!(
                "Transfer-Encoding: chunked\r\n\r\n3\r\n{first}\r\n{:x}\r\n{second}\r\n0\r\n\r\n",
                second.len()
            )
        }
    };
    format!(
        "{line} HTTP/1.1\r\nHost: localhost\r\n{asking}\r\n{credentials}\r\n\
         Content-Type: application/json\r\n{framed}"
    )
}

/// Plays over one connection that asks for an upgrade with every request.
async fn plays_on(stream: &mut dyn Stream, key: &str) {
    let credentials = format!("x-api-key: {key}");
    for asking in ASKING {
        for chunked in [false, true] {
            let body = r#"{"opponent":"self"}"#;
            let create = request("POST /dev/game", asking, &credentials, body, chunked);
            stream.write_all(create.as_bytes()).await.unwrap();
            let (status, head, body) = read_answer(stream, true).await;
            assert_eq!(status, 201, "{asking}: {head}");
            assert!(!head.contains("connection:"), "{asking}: {head}");
            let made: Value = serde_json::from_str(&body).unwrap();
            let id = made["game"]["gameId"].as_str().unwrap();
            let token = made["player"]["token"].as_str().unwrap();
            let mut bearer = credentials.clone();
            bearer.push_str(&format!("\r\nAuthorization: Bearer {token}"));
            let played = format!(r#"{{"gameId":"{id}","move":4}}"#);
            // All at once, as a client that does not wait for answers.
            let pipelined = [
                request("PUT /game", asking, &bearer, &played, chunked),
                request(&format!("GET /game/{id}"), asking, &bearer, "", false),
                request(
                    &format!("POST /game/{id}/resign"),
                    asking,
                    &bearer,
                    "{}",
                    false,
                ),
                request("GET /nowhere", asking, &bearer, "", false),
                request("DELETE /game", asking, &bearer, "", false),
                request("GET /variants", asking, "x-api-key: wrong", "", false),
            ]
            .concat();
            stream.write_all(pipelined.as_bytes()).await.unwrap();
            for expected in [200, 200, 200, 404, 405, 403] {
                let (status, head, _) = read_answer(stream, true).await;
                assert_eq!(status, expected, "{asking}: {head}");
                assert!(!head.contains("connection:"), "{asking}: {head}");
            }
            let head_alone = request(&format!("HEAD /game/{id}"), asking, &bearer, "", false);
            stream.write_all(head_alone.as_bytes()).await.unwrap();
            let (status, head, _) = read_answer(stream, false).await;
            assert_eq!(status, 200, "{asking}: {head}");
            assert!(!head.contains("connection:"), "{asking}: {head}");
        }
    }
}

async fn manages_on(stream: &mut dyn Stream) {
    let credentials = format!("Authorization: Bearer {ADMIN_TOKEN}");
    for asking in ASKING {
        for chunked in [false, true] {
            let body = r#"{"name":"a key","enabled":true}"#;
            let create = request("POST /apikeys", asking, &credentials, body, chunked);
            let pipelined = [
                create,
                request("GET /account", asking, &credentials, "", false),
                request("GET /account", asking, "x: y", "", false),
                request("GET /metrics", asking, &credentials, "", false),
            ]
            .concat();
            stream.write_all(pipelined.as_bytes()).await.unwrap();
            for expected in [201, 200, 403, 200] {
                let (status, head, body) = read_answer(stream, true).await;
                assert_eq!(status, expected, "{asking}: {head}{body}");
                assert!(!head.contains("connection:"), "{asking}: {head}");
            }
        }
    }
}

async fn connect(base: &str) -> TcpStream {
    let address = base.strip_prefix("http://").unwrap();
    TcpStream::connect(address).await.unwrap()
}

#[tokio::test]
async fn a_connection_goes_on_at_both_listeners() {
    let world = World::start().await;
    plays_on(&mut connect(&world.base).await, &world.key).await;
    manages_on(&mut connect(world.control()).await).await;
}

#[tokio::test]
async fn and_over_tls() {
    let pair = Pair::new();
    let server = TestServer::start_with(|options| {
        options.tls_cert_file = Some(pair.certificate());
        options.tls_key_file = Some(pair.key());
    })
    .await;
    let address = |base: &str| base.strip_prefix("https://").unwrap().to_owned();
    let mut stream = pair.connect(&address(&server.base)).await.unwrap();
    plays_on(&mut stream, &server.key).await;
    let mut stream = pair.connect(&address(&server.control)).await.unwrap();
    manages_on(&mut stream).await;
    server.stop().await;
}

#[tokio::test]
async fn only_a_get_of_http_1_1_opens_a_socket() {
    let world = World::start().await;
    let mut stream = connect(&world.base).await;
    let key = format!("x-api-key: {}", world.key);
    let handshake = ASKING[5];
    let without_version = handshake.replace("Version: 13", "Version: 8");
    for (line, asking, status) in [
        ("HEAD /live", handshake, 426),
        ("HEAD /dev/live", handshake, 426),
        ("GET /live", ASKING[0], 426),
        ("GET /live", ASKING[1], 426),
        (
            "GET /live",
            "Upgrade: websocket\r\nSec-WebSocket-Version: 13",
            426,
        ),
        ("GET /live", without_version.as_str(), 426),
        ("POST /live", handshake, 405),
        ("GET /nowhere/live", handshake, 404),
    ] {
        let asked = request(line, asking, &key, "", false);
        stream.write_all(asked.as_bytes()).await.unwrap();
        let (found, head, _) = read_answer(&mut stream, !line.starts_with("HEAD")).await;
        assert_eq!(found, status, "{line} {asking}: {head}");
        assert_eq!(head.contains("upgrade: websocket"), status == 426, "{head}");
        assert!(!head.contains("close"), "{line} {asking}: {head}");
    }
    let old = format!("GET /live HTTP/1.0\r\nHost: x\r\n{handshake}\r\n{key}\r\n\r\n");
    stream.write_all(old.as_bytes()).await.unwrap();
    assert_eq!(read_answer(&mut stream, true).await.0, 426);

    for (line, asking) in [
        ("GET /live", handshake.to_owned()),
        ("GET /dev//live/", handshake.to_owned()),
        (
            "GET /dev/live",
            handshake.replace("websocket", "h2c, websocket"),
        ),
    ] {
        let mut stream = connect(&world.base).await;
        let asked = request(line, &asking, &key, "", false);
        stream.write_all(asked.as_bytes()).await.unwrap();
        let (status, head, _) = read_answer(&mut stream, false).await;
        assert_eq!(status, 101, "{line}: {head}");
        // `hello`, unmasked, in one frame.
        let first = timeout(PATIENCE, stream.read_u8()).await.unwrap().unwrap();
        assert_eq!(first, 0x81, "{line}");
    }
}

#[tokio::test]
async fn a_refused_handshake_says_that_it_closes() {
    let world = World::start().await;
    let key = format!("x-api-key: {}", world.key);
    let twice = format!("{key}\r\n{key}");
    for (credentials, status) in [
        ("x: y".to_owned(), 403),
        (twice, 403),
        (format!("{key}\r\nAuthorization: Bearer x"), 401),
    ] {
        let mut stream = connect(&world.base).await;
        let asked = request("GET /live", ASKING[5], &credentials, "", false);
        stream.write_all(asked.as_bytes()).await.unwrap();
        let (found, head, _) = read_answer(&mut stream, true).await;
        assert_eq!(found, status, "{credentials}: {head}");
        assert!(head.contains("connection: close"), "{credentials}: {head}");
    }
}

#[tokio::test]
async fn javas_client_calls_without_a_failure() {
    let world = World::start().await;
    let mut java = Command::new("java");
    let program = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/api/java/Posts.java");
    java.arg(program).args([&world.base, &world.key, "500"]);
    let ran = tokio::task::spawn_blocking(move || java.output());
    let output = match ran.await.unwrap() {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            println!("skipped: there is no `java` here; the tests beside this one send the same");
            return;
        }
        output => output.unwrap(),
    };
    let said = String::from_utf8_lossy(&output.stdout);
    let complaints = String::from_utf8_lossy(&output.stderr);
    assert_eq!(said.trim(), "500 calls, 0 failed", "{complaints}");
}
