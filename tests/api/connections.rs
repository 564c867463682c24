//! What holds for every answer: its headers, `HEAD`, connections that go on; and the listener's
//! own paths.

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::world::{PATIENCE, World, reply};

async fn connect(world: &World) -> TcpStream {
    TcpStream::connect(world.base.trim_start_matches("http://"))
        .await
        .unwrap()
}

/// Reads one answer; its head in small letters, and its body by its length.
async fn read_answer(stream: &mut TcpStream) -> (String, String) {
    let mut bytes = Vec::new();
    let head_end = loop {
        if let Some(at) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            break at + 4;
        }
        let mut chunk = [0; 4096];
        let count = timeout(PATIENCE, stream.read(&mut chunk))
            .await
            .unwrap()
            .unwrap();
        assert!(
            count > 0,
            "closed after {:?}",
            String::from_utf8_lossy(&bytes)
        );
        bytes.extend_from_slice(&chunk[..count]);
    };
    let head = String::from_utf8(bytes[..head_end].to_vec())
        .unwrap()
        .to_lowercase();
    let length = head.split("content-length: ").nth(1).unwrap();
    let length: usize = length.lines().next().unwrap().parse().unwrap();
    while bytes.len() < head_end + length {
        let mut chunk = [0; 4096];
        let count = timeout(PATIENCE, stream.read(&mut chunk))
            .await
            .unwrap()
            .unwrap();
        assert!(count > 0);
        bytes.extend_from_slice(&chunk[..count]);
    }
    assert_eq!(bytes.len(), head_end + length, "more than one answer");
    (head, String::from_utf8(bytes[head_end..].to_vec()).unwrap())
}

#[tokio::test]
async fn a_refusal_leaves_the_connection_open() {
    let world = World::start().await;
    let mut stream = connect(&world).await;
    let body = r#"{"name":"Ann"}"#;
    let requests = [
        format!(
            "POST /game HTTP/1.1\r\nhost: x\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        ),
        format!(
            "POST /nowhere HTTP/1.1\r\nhost: x\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        ),
        format!(
            "PUT /join HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n{:x}\r\n{body}\r\n0\r\n\r\n",
            body.len()
        ),
        "GET /variants HTTP/1.1\r\nhost: x\r\n\r\n".to_owned(),
    ];
    for (request, status) in requests.iter().zip(["403", "404", "405", "403"]) {
        let (head, body) = request.split_once("\r\n\r\n").unwrap();
        stream
            .write_all(format!("{head}\r\n\r\n").as_bytes())
            .await
            .unwrap();
        // Slower than the gate, as over a network.
        tokio::task::yield_now().await;
        stream.write_all(body.as_bytes()).await.unwrap();
        let (head, _) = read_answer(&mut stream).await;
        assert!(head.starts_with(&format!("http/1.1 {status}")), "{head}");
        assert!(!head.contains("connection: close"), "{head}");
    }
}

#[tokio::test]
async fn a_great_body_is_answered_before_it_has_come() {
    let world = World::start().await;
    for (key, status) in [("none", "403"), (world.key.as_str(), "413")] {
        let mut stream = connect(&world).await;
        let length = 10 * 1024 * 1024;
        let head = format!(
            "POST /game HTTP/1.1\r\nhost: x\r\nx-api-key: {key}\r\ncontent-type: \
             application/json\r\ncontent-length: {length}\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        let (mut reader, mut writer) = stream.split();
        let sending = async {
            let chunk = vec![b'x'; 64 * 1024];
            for _ in 0..length / chunk.len() {
                if writer.write_all(&chunk).await.is_err() {
                    break;
                }
            }
        };
        let receiving = async {
            let mut answer = Vec::new();
            let mut chunk = [0; 4096];
            while !answer.ends_with(b"}") {
                let count = timeout(PATIENCE, reader.read(&mut chunk))
                    .await
                    .unwrap()
                    .unwrap();
                assert!(count > 0, "closed without an answer");
                answer.extend_from_slice(&chunk[..count]);
            }
            String::from_utf8(answer).unwrap().to_lowercase()
        };
        let ((), answer) = tokio::join!(sending, receiving);
        assert!(
            answer.starts_with(&format!("http/1.1 {status}")),
            "{answer}"
        );
        assert!(answer.contains("connection: close"), "{answer}");
    }
    let great = json!({"name": "x".repeat(10 * 1024 * 1024)});
    let answer = reply(world.request("POST", "/game").json(&great)).await;
    assert_eq!(
        (answer.status.as_u16(), answer.code().as_str()),
        (413, "too_large")
    );
    assert_eq!(reply(world.request("GET", "/variants")).await.status, 200);
    assert_eq!(world.recorded_events().await, 0);
}

#[tokio::test]
async fn a_body_without_a_length_is_measured_too() {
    let world = World::start().await;
    let mut stream = connect(&world).await;
    let head = format!(
        "POST /game HTTP/1.1\r\nhost: x\r\nx-api-key: {}\r\ncontent-type: application/json\r\n\
         transfer-encoding: chunked\r\n\r\n",
        world.key
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let chunk = format!("1000\r\n{}\r\n", "x".repeat(0x1000));
    for _ in 0..5 {
        stream.write_all(chunk.as_bytes()).await.unwrap();
    }
    let (head, body) = read_answer(&mut stream).await;
    assert!(head.starts_with("http/1.1 413"), "{head}");
    assert!(body.contains("too_large"));
}

#[tokio::test]
async fn head_is_get_without_a_body() {
    let world = World::start().await;
    let (game, _, _) = world.begun_game().await;
    for path in [
        format!("/dev/game/{game}"),
        "/variants".into(),
        "/healthz".into(),
    ] {
        let got = reply(world.request("GET", &path)).await;
        let head = reply(world.request("HEAD", &path)).await;
        assert_eq!(
            (head.status, head.text.as_str()),
            (got.status, ""),
            "{path}"
        );
        for name in ["content-length", "content-type", "etag", "cache-control"] {
            assert_eq!(head.header(name), got.header(name), "{path} {name}");
        }
    }
    let denied = reply(world.bare("HEAD", "/variants")).await;
    assert_eq!((denied.status.as_u16(), denied.text.as_str()), (403, ""));
}

#[tokio::test]
async fn every_answer_is_named_and_measured() {
    let world = World::start().await;
    let (game, _, _) = world.begun_game().await;
    for path in [
        "/healthz",
        "/readyz",
        "/openapi.json",
        "/asyncapi.json",
        "/docs",
        "/nowhere",
        "/variants",
    ]
    .map(str::to_owned)
    .into_iter()
    .chain([format!("/game/{game}"), format!("/game/{game}/events")])
    {
        let answer = reply(world.request("GET", &path)).await;
        assert_eq!(answer.header("x-amzn-requestid").len(), 36, "{path}");
        let length = answer.text.len().to_string();
        assert_eq!(answer.header("content-length"), length, "{path}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
    }
}

#[tokio::test]
async fn health_and_readiness() {
    let world = World::start().await;
    assert_eq!(reply(world.bare("GET", "/healthz")).await.status, 200);
    assert_eq!(reply(world.bare("GET", "/readyz")).await.status, 200);
}

#[tokio::test]
async fn documents_come_from_here_alone() {
    let world = World::start().await;
    let document = reply(world.bare("GET", "/openapi.json")).await;
    assert_eq!(document.header("content-type"), "application/json");
    let document: Value = document.json();
    assert_eq!(document["openapi"], "3.1.0");
    assert_eq!(
        document["servers"][0]["variables"]["origin"]["default"],
        world.base.as_str()
    );
    let page = reply(world.bare("GET", "/docs")).await;
    assert_eq!(page.status, 200);
    assert!(page.header("content-type").starts_with("text/html"));
    assert!(
        !page.text.contains("http://") && !page.text.contains("https://"),
        "{}",
        page.text
    );
    for file in page
        .text
        .split('"')
        .filter_map(|part| part.strip_prefix("./"))
    {
        let answer = reply(world.bare("GET", &format!("/docs/{file}"))).await;
        assert_eq!(answer.status, 200, "{file}");
    }
    let start = reply(world.bare("GET", "/docs/swagger-initializer.js")).await;
    assert!(start.text.contains("/openapi.json"), "{}", start.text);
}
