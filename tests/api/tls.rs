//! TLS on both listeners, asked by rustls, by OpenSSL (through Python) and by a WebSocket client.

use std::process::Command;

use futures_util::{SinkExt, StreamExt};
use rustls::pki_types::ServerName;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};
use tokio_tungstenite::client_async;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

use crate::support::certificate::Pair;
use crate::support::server::{ADMIN_TOKEN, TestServer};
use crate::world::PATIENCE;

async fn server(pair: &Pair) -> TestServer {
    TestServer::start_with(|options| {
        options.tls_cert_file = Some(pair.certificate());
        options.tls_key_file = Some(pair.key());
    })
    .await
}

fn address(base: &str) -> &str {
    base.strip_prefix("https://").unwrap()
}

/// What OpenSSL makes of a URL: the answer's status and its HSTS header, or why it would not.
async fn openssl(url: &str, authority: &Pair, header: (&str, &str)) -> Result<Value, String> {
    const SCRIPT: &str = "\
import json, ssl, sys, urllib.request
url, authority, name, value = sys.argv[1:]
context = ssl.create_default_context(cafile=authority)
answer = urllib.request.urlopen(
    urllib.request.Request(url, headers={name: value}), context=context, timeout=60)
print(json.dumps([answer.status, answer.headers['strict-transport-security']]))
";
    let mut command = Command::new("python3");
    command.args(["-c", SCRIPT, url]);
    command
        .arg(authority.certificate())
        .args([header.0, header.1]);
    for proxy in ["http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"] {
        command.env_remove(proxy);
    }
    let output = tokio::task::spawn_blocking(move || command.output().unwrap());
    let output = output.await.unwrap();
    if output.status.success() {
        Ok(serde_json::from_slice(&output.stdout).unwrap())
    } else {
        Err(String::from_utf8_lossy(&output.stderr).into_owned())
    }
}

/// The answer to one request on a connection of its own, head and body.
async fn ask(pair: &Pair, base: &str, head: &str) -> std::io::Result<String> {
    let mut stream = pair.connect(address(base)).await?;
    let request = format!("{head}\r\nhost: localhost\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut answer = String::new();
    timeout(PATIENCE, stream.read_to_string(&mut answer)).await??;
    Ok(answer)
}

#[tokio::test(flavor = "multi_thread")]
async fn both_listeners_speak_tls() {
    let pair = Pair::new();
    let server = server(&pair).await;
    let hsts = json!([200, "max-age=31536000"]);
    let key = ("x-api-key", server.key.as_str());
    let game_api = openssl(&format!("{}/variants", server.base), &pair, key).await;
    assert_eq!(game_api, Ok(hsts.clone()));
    let bearer = format!("Bearer {ADMIN_TOKEN}");
    let account = format!("{}/account", server.control);
    let control = openssl(&account, &pair, ("authorization", &bearer)).await;
    assert_eq!(control, Ok(hsts));

    let stranger = Pair::new();
    for url in [format!("{}/healthz", server.base), account] {
        let refused = openssl(&url, &stranger, key).await.unwrap_err();
        assert!(refused.contains("CERTIFICATE_VERIFY_FAILED"), "{refused}");
    }
    let document = ask(&pair, &server.base, "GET /openapi.json HTTP/1.1");
    let document = document.await.unwrap();
    assert!(document.contains(r#""default":"https://localhost""#));
    server.stop().await;
}

#[tokio::test]
async fn http_1_1_is_what_is_spoken() {
    let pair = Pair::new();
    let server = server(&pair).await;
    for (offered, agreed) in [
        (vec!["h2", "http/1.1"], Some("http/1.1")),
        (vec![], None),
        (vec!["h2"], Some("refused")),
    ] {
        let stream = TcpStream::connect(address(&server.base)).await.unwrap();
        let name = ServerName::try_from("localhost").unwrap();
        let connected = pair.connector(&offered).connect(name, stream).await;
        let found = match &connected {
            Ok(stream) => {
                let found = stream.get_ref().1.alpn_protocol();
                found.map(|name| str::from_utf8(name).unwrap())
            }
            Err(_) => Some("refused"),
        };
        assert_eq!(found, agreed, "{offered:?}");
    }
    server.stop().await;
}

#[tokio::test]
async fn plain_http_gets_nothing_and_disturbs_nobody() {
    let pair = Pair::new();
    let server = server(&pair).await;
    for base in [&server.base, &server.control] {
        let mut stream = TcpStream::connect(address(base)).await.unwrap();
        let request = b"GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n";
        stream.write_all(request).await.unwrap();
        let mut answer = Vec::new();
        // An alert of TLS at most, and the end.
        let ended = timeout(PATIENCE, stream.read_to_end(&mut answer)).await;
        ended.expect("the connection must end").ok();
        assert!(!answer.starts_with(b"HTTP"), "{answer:?}");
    }
    let healthy = ask(&pair, &server.base, "GET /healthz HTTP/1.1").await;
    assert!(healthy.unwrap().starts_with("HTTP/1.1 200"));
    server.stop().await;
}

#[tokio::test]
async fn a_rotation_drops_no_socket() {
    let pair = Pair::new();
    let server = server(&pair).await;
    let first = pair.connect(address(&server.base)).await.unwrap();
    let url = format!("wss://{}/live", address(&server.base));
    let mut request = url.into_client_request().unwrap();
    let headers = request.headers_mut();
    headers.insert("x-api-key", server.key.parse().unwrap());
    headers.insert("sec-websocket-protocol", "turnkey.v1".parse().unwrap());
    let (mut socket, upgraded) = client_async(request, first).await.unwrap();
    assert_eq!(upgraded.status(), 101);

    let old = pair.connector(&[]);
    pair.renew();
    let end = Instant::now() + PATIENCE;
    while pair.connect(address(&server.base)).await.is_err() {
        assert!(Instant::now() < end, "the new certificate is not shown");
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    assert!(pair.connect(address(&server.control)).await.is_ok());
    let name = ServerName::try_from("localhost").unwrap();
    let stream = TcpStream::connect(address(&server.base)).await.unwrap();
    assert!(
        old.connect(name, stream).await.is_err(),
        "the old one is shown"
    );

    let create = format!(
        "POST /game HTTP/1.1\r\nx-api-key: {}\r\ncontent-length: 0",
        server.key
    );
    let made = ask(&pair, &server.base, &create).await.unwrap();
    let body: Value = serde_json::from_str(made.split_once("\r\n\r\n").unwrap().1).unwrap();
    let subscribe = json!({"type": "subscribe", "gameId": body["game"]["gameId"]});
    socket
        .send(Message::text(subscribe.to_string()))
        .await
        .unwrap();
    let mut kinds = Vec::new();
    while !kinds.contains(&"subscribed".to_owned()) {
        let message = timeout(PATIENCE, socket.next()).await.unwrap();
        if let Message::Text(text) = message.unwrap().unwrap() {
            let frame: Value = serde_json::from_str(&text).unwrap();
            kinds.push(frame["type"].as_str().unwrap().to_owned());
        }
    }
    assert_eq!(kinds, ["hello", "snapshot", "subscribed"]);
    server.stop().await;
}
