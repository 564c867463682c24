//! Clients that take their time, or too much: each wait on them ends, what is too large is refused,
//! and the others are served meanwhile.

use std::time::Duration;

use futures_util::future::join_all;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};

use crate::support::certificate::Pair;
use crate::support::server::{ADMIN_TOKEN, TestServer};
use crate::world::{World, reply};

/// Several times what the longest of the deadlines allows.
const PATIENCE: Duration = Duration::from_secs(90);

fn address(base: &str) -> &str {
    base.split_once("://").unwrap().1
}

/// Sends `text` and nothing more; all that comes until the server ends the connection.
async fn last_words(address: &str, text: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(text.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    let ended = timeout(PATIENCE, stream.read_to_end(&mut answer)).await;
    // Ended it is, whether by a word or a reset.
    ended.expect("the server must end the connection").ok();
    String::from_utf8_lossy(&answer).to_lowercase()
}

/// Many slow clients at once, all let go in the end; one that is not slow is served meanwhile.
async fn all_are_let_go(world: &World, text: &str) -> Vec<String> {
    let address = address(&world.base);
    let slow = join_all((0..200).map(|_| last_words(address, text)));
    let served = async {
        // Some of the slow are there before it.
        let mut answers = 0;
        let end = Instant::now() + Duration::from_secs(2);
        while Instant::now() < end {
            assert_eq!(reply(world.request("GET", "/variants")).await.status, 200);
            answers += 1;
        }
        answers
    };
    let (words, answers) = tokio::join!(slow, served);
    assert!(answers > 1);
    words
}

#[tokio::test]
async fn a_head_that_does_not_come() {
    let world = World::start().await;
    let words = all_are_let_go(&world, "GET /variants HTTP/1.1\r\nhost: x\r\nx-sl").await;
    for word in words {
        assert!(word.starts_with("http/1.1 408"), "{word}");
        assert!(word.contains("within 10 seconds"), "{word}");
    }
}

#[tokio::test]
async fn a_body_that_does_not_come() {
    let world = World::start().await;
    let head = format!(
        "POST /game HTTP/1.1\r\nhost: x\r\nx-api-key: {}\r\ncontent-type: application/json\r\n\
         content-length: 20\r\n\r\n{{",
        world.key
    );
    for word in all_are_let_go(&world, &head).await {
        assert!(word.starts_with("http/1.1 400"), "{word}");
        assert!(word.contains("did not arrive within 10 seconds"), "{word}");
    }
}

#[tokio::test]
async fn a_greeting_of_tls_that_does_not_come() {
    let pair = Pair::new();
    let server = TestServer::start_with(|options| {
        options.tls_cert_file = Some(pair.certificate());
        options.tls_key_file = Some(pair.key());
    })
    .await;
    let address = address(&server.base);
    // More than the handshakes that all workers hold at once.
    let silent = join_all((0..600).map(|_| last_words(address, "")));
    let served = async {
        let mut stream = timeout(PATIENCE, pair.connect(address))
            .await
            .unwrap()
            .unwrap();
        let request = "GET /healthz HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    };
    let (words, ()) = tokio::join!(silent, served);
    assert!(words.iter().all(|word| !word.starts_with("http")));
    server.stop().await;
}

#[tokio::test]
async fn more_connections_than_the_control_plane_has() {
    let server = TestServer::start().await;
    let control = address(&server.control);
    let mut idle = Vec::new();
    for _ in 0..300 {
        idle.push(TcpStream::connect(control).await.unwrap());
    }
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let game_api = client.get(format!("{}/healthz", server.base)).send().await;
    assert_eq!(game_api.unwrap().status(), 200);
    // It waits until the deadline for a head has made room.
    let account = client.get(format!("{}/account", server.control));
    let account = account.bearer_auth(ADMIN_TOKEN).timeout(PATIENCE);
    assert_eq!(account.send().await.unwrap().status(), 200);
    server.stop().await;
}

#[tokio::test]
async fn a_second_head_that_does_not_come() {
    let world = World::start().await;
    let whole = "GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n";
    let words = last_words(address(&world.base), &format!("{whole}GET /dev")).await;
    assert!(words.starts_with("http/1.1 200"), "{words}");
    assert_eq!(words.matches("http/1.1 408").count(), 1, "{words}");
}

#[tokio::test]
async fn what_is_too_large_or_no_http_is_refused_as_all_else_is() {
    let world = World::start().await;
    let many = "a: b\r\n".repeat(97);
    let long = "x".repeat(140_000);
    let cases = [
        ("\0\0\0 garbage\r\n\r\n".to_owned(), "400", "a line such as"),
        ("\u{16}\u{3}\u{1}\u{2}".to_owned(), "400", "began with tls"),
        (
            "GET / HTTP/1.1\r\nhost: x\r\nbad header\r\n\r\n".to_owned(),
            "400",
            "name of a header",
        ),
        ("GET / HTTP/1.1\r\n\r\n".to_owned(), "400", "header host"),
        (
            format!("GET / HTTP/1.1\r\nhost: x\r\n{many}\r\n"),
            "431",
            "at most 96",
        ),
        (
            format!("GET / HTTP/1.1\r\nhost: x\r\na: {long}"),
            "431",
            "at most 128 kib",
        ),
        (format!("GET /{long}"), "431", "at most 128 kib"),
        (
            format!(
                "GET / HTTP/1.1\r\nhost: x\r\na: {}\r\n\r\n",
                &long[..132_000]
            ),
            "431",
            "at most 128 kib",
        ),
        (
            format!(
                "GET / HTTP/1.1\r\nhost: x\r\n{}: b\r\n\r\n",
                &long[..65_536]
            ),
            "431",
            "at most 65,535 bytes",
        ),
        (
            format!("GET /{} HTTP/1.1\r\nhost: x\r\n\r\n", &long[..70_000]),
            "400",
            "longer than 64 kib",
        ),
        (
            "POST /game HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\ntransfer-encoding: chunked\
             \r\n\r\n"
                .to_owned(),
            "400",
            "not both",
        ),
    ];
    let words = |base: &str| {
        let address = address(base).to_owned();
        let cases = cases.clone();
        async move { join_all(cases.iter().map(|case| last_words(&address, &case.0))).await }
    };
    let (public, control) = tokio::join!(words(&world.base), words(world.control()));
    for (text, status, detail) in &cases {
        let at = cases.iter().position(|case| case.0 == *text).unwrap();
        let shown = &text[..text.len().min(60)];
        for (answer, form) in [
            (&public[at], "content-type: application/problem+json"),
            (&control[at], "x-amzn-errortype: "),
        ] {
            let (head, body) = answer.split_once("\r\n\r\n").unwrap();
            assert!(
                head.starts_with(&format!("http/1.1 {status}")),
                "{shown:?}: {head}"
            );
            for header in [
                form,
                "x-amzn-requestid: ",
                "x-content-type-options: nosniff",
                "referrer-policy: no-referrer",
                "content-security-policy: default-src 'none'",
                "connection: close",
            ] {
                assert!(head.contains(header), "{shown:?}: no {header} in {head}");
            }
            assert!(body.contains(detail), "{shown:?}: {body}");
            assert!(
                !body.contains("http/1.1 4"),
                "{shown:?}: two answers: {body}"
            );
        }
    }
    assert_eq!(reply(world.request("GET", "/variants")).await.status, 200);
}

#[tokio::test]
async fn the_longest_name_of_a_header() {
    let world = World::start().await;
    let name = "x".repeat(65_535);
    for (base, path) in [
        (world.base.as_str(), "/healthz"),
        (world.control(), "/metrics"),
    ] {
        let text = format!(
            "GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n{name}: b\r\n\r\n"
        );
        let words = last_words(address(base), &text).await;
        assert!(words.starts_with("http/1.1 200"), "{words}");
    }
}

#[tokio::test]
async fn a_connection_that_says_nothing_is_closed_without_a_word() {
    let world = World::start().await;
    for base in [world.base.as_str(), world.control()] {
        let (silent, blank, begun) = tokio::join!(
            last_words(address(base), ""),
            last_words(address(base), "\r\n\r"),
            last_words(address(base), "G"),
        );
        assert_eq!((silent.as_str(), blank.as_str()), ("", ""));
        assert!(begun.starts_with("http/1.1 408"), "{begun}");
    }
}

#[tokio::test]
async fn a_blank_line_after_a_body_says_nothing() {
    let world = World::start().await;
    let head = format!(
        "POST /game HTTP/1.1\r\nhost: x\r\nx-api-key: {}\r\ncontent-type: application/json\r\n\
         content-length: 2\r\n\r\n{{}}",
        world.key
    );
    let again = "GET /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
    let tries = ["\r\n", "\n", "\r\n\r\n"].map(|blank| {
        let (address, text) = (address(&world.base), format!("{head}{blank}"));
        async move {
            let mut stream = TcpStream::connect(address).await.unwrap();
            stream.write_all(text.as_bytes()).await.unwrap();
            let mut words = Vec::new();
            // Longer than the deadline of a head: the connection stays, and says nothing unasked.
            let ended = timeout(Duration::from_secs(12), stream.read_to_end(&mut words)).await;
            assert!(ended.is_err(), "{}", String::from_utf8_lossy(&words));
            stream.write_all(again.as_bytes()).await.unwrap();
            stream.read_to_end(&mut words).await.unwrap();
            String::from_utf8(words).unwrap()
        }
    });
    for words in join_all(tries).await {
        assert!(words.starts_with("HTTP/1.1 201"), "{words}");
        assert_eq!(words.matches("HTTP/1.1 200").count(), 1, "{words}");
        assert_eq!(words.matches("HTTP/1.1").count(), 2, "{words}");
    }
}

#[tokio::test]
async fn a_request_before_one_that_is_none_is_answered() {
    let world = World::start().await;
    let text = "GET /healthz HTTP/1.1\r\nhost: x\r\n\r\nnonsense\r\n\r\n";
    let words = last_words(address(&world.base), text).await;
    let first = words.find("http/1.1 200").unwrap();
    assert!(words.find("http/1.1 400").unwrap() > first, "{words}");
    // The method that stands in for it is no secret, and does nothing.
    let alone = "- / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
    let words = last_words(address(&world.base), alone).await;
    assert!(words.starts_with("http/1.1 404"), "{words}");
}

#[tokio::test]
async fn a_broken_body_is_answered_once() {
    let world = World::start().await;
    let text = format!(
        "POST /game HTTP/1.1\r\nhost: x\r\nx-api-key: {}\r\ncontent-type: application/json\r\n\
         transfer-encoding: chunked\r\n\r\n2\r\n{{}}\r\nno size\r\n",
        world.key
    );
    let words = last_words(address(&world.base), &text).await;
    assert!(words.starts_with("http/1.1 400"), "{words}");
    assert!(words.contains("the body broke off"), "{words}");
    assert_eq!(words.matches("http/1.1").count(), 1, "{words}");
    assert_eq!(world.recorded_events().await, 0);
}

#[tokio::test]
async fn every_answer_hardens_a_browser() {
    let world = World::start().await;
    let control = world.control();
    for (url, policy) in [
        (
            format!("{}/docs/index.html", world.base),
            "default-src 'none'; script-src 'self'",
        ),
        (format!("{}/healthz", world.base), "default-src 'none'"),
        (format!("{}/variants", world.base), "default-src 'none'"),
        (format!("{}/nowhere", world.base), "default-src 'none'"),
        (format!("{control}/metrics"), "default-src 'none'"),
        (format!("{control}/account"), "default-src 'none'"),
    ] {
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let answer = reply(client.get(&url)).await;
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{url}");
        assert_eq!(answer.header("referrer-policy"), "no-referrer", "{url}");
        let found = answer.header("content-security-policy");
        assert!(found.starts_with(policy), "{url}: {found}");
        assert!(found.contains("frame-ancestors 'none'"), "{url}: {found}");
        // Without TLS it would lock browsers out.
        assert_eq!(answer.header("strict-transport-security"), "", "{url}");
    }
}
