//! A player and a watcher, as any HTTP and WebSocket client could be.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use futures_util::{SinkExt, StreamExt};
use reqwest::{Method, Response};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async_with_config};

const DEADLINE: Duration = Duration::from_secs(60);
/// Of a socket's two buffers, so that hundreds of sockets fit into a test.
const BUFFER_BYTES: usize = 4096;

/// Cheap to clone.
#[derive(Clone)]
pub struct Client {
    pub base: String,
    pub key: String,
    http: reqwest::Client,
}

impl Client {
    pub fn new(base: &str, key: &str) -> Client {
        Client::with_patience(base, key, DEADLINE)
    }

    /// One that waits so long for an answer.
    pub fn with_patience(base: &str, key: &str, patience: Duration) -> Client {
        let http = reqwest::Client::builder()
            .no_proxy()
            .timeout(patience)
            .build()
            .unwrap();
        Client {
            base: base.to_owned(),
            key: key.to_owned(),
            http,
        }
    }

    /// The same, calling another server.
    pub fn at(&self, base: &str) -> Client {
        Client {
            base: base.to_owned(),
            ..self.clone()
        }
    }

    pub async fn call(
        &self,
        token: Option<&str>,
        method: Method,
        path: &str,
        body: Value,
    ) -> reqwest::Result<(u16, Value)> {
        let answer = self.send(token, method, path, body).await?;
        Ok((answer.status().as_u16(), answer.json().await?))
    }

    /// As [`call`](Self::call), with the answer's headers.
    pub async fn send(
        &self,
        token: Option<&str>,
        method: Method,
        path: &str,
        body: Value,
    ) -> reqwest::Result<Response> {
        let url = format!("{}{path}", self.base);
        let mut request = self
            .http
            .request(method, url)
            .header("x-api-key", &self.key);
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        if !body.is_null() {
            request = request.json(&body);
        }
        request.send().await
    }

    /// What the header says of the plan's limits, where it has any.
    pub async fn rate_limit_policy(&self) -> Option<String> {
        let request = self.http.get(format!("{}/variants", self.base));
        let answer = request.header("x-api-key", &self.key).send().await.unwrap();
        let policy = answer.headers().get("ratelimit-policy")?;
        Some(policy.to_str().unwrap().to_owned())
    }

    /// A game with both seats taken: its id, and the tokens of X and O.
    pub async fn new_game(&self) -> (String, [String; 2]) {
        self.new_game_of("tic-tac-toe").await
    }

    /// As [`new_game`](Self::new_game), of another variant for two.
    pub async fn new_game_of(&self, variant: &str) -> (String, [String; 2]) {
        let game = json!({"name": "Ann", "variant": variant});
        let (status, created) = self.call(None, Method::POST, "/game", game).await.unwrap();
        assert_eq!(status, 201, "{created}");
        let join = json!({"invite": created["invite"], "name": "Bob"});
        let (status, joined) = self.call(None, Method::POST, "/join", join).await.unwrap();
        assert_eq!(status, 200, "{joined}");
        let token = |answer: &Value| answer["player"]["token"].as_str().unwrap().to_owned();
        let game = created["game"]["gameId"].as_str().unwrap().to_owned();
        (game, [token(&created), token(&joined)])
    }

    /// Moves on `version`, again and again until it is answered.
    pub async fn play(&self, token: &str, game: &str, cell: u32, version: u32) -> Value {
        let body = json!({"gameId": game, "move": cell, "version": version});
        let (status, answer) = self
            .call(Some(token), Method::PUT, "/game", body)
            .await
            .unwrap();
        assert_eq!(status, 200, "{answer}");
        answer
    }

    pub async fn events(&self, game: &str) -> Vec<Value> {
        let path = format!("/game/{game}/events");
        let (status, page) = self
            .call(None, Method::GET, &path, Value::Null)
            .await
            .unwrap();
        assert_eq!(status, 200, "{page}");
        page["events"].as_array().unwrap().clone()
    }

    pub async fn watch(&self, query: &str) -> Watcher {
        self.try_watch(query).await.unwrap()
    }

    /// Opens a socket, or tells why not.
    pub async fn try_watch(&self, query: &str) -> Result<Watcher, Box<Error>> {
        let headers = [
            ("x-api-key", self.key.as_str()),
            ("sec-websocket-protocol", "turnkey.v1"),
        ];
        self.watch_with(query, &headers).await
    }

    /// As a browser does, which can set no headers; the key in both of its forms.
    pub async fn watch_from_page(&self, query: &str, token: &str) -> Watcher {
        let encoded = URL_SAFE_NO_PAD.encode(&self.key);
        let offered = format!(
            "turnkey.v1, x-api-key.{}, x-api-key-b64.{encoded}, bearer.{token}",
            self.key
        );
        self.watch_with(query, &[("sec-websocket-protocol", &offered)])
            .await
            .unwrap()
    }

    async fn watch_with(
        &self,
        query: &str,
        headers: &[(&'static str, &str)],
    ) -> Result<Watcher, Box<Error>> {
        let url = format!("{}/live?{query}", self.base.replacen("http", "ws", 1));
        let mut request = url.into_client_request().unwrap();
        for (name, value) in headers {
            request.headers_mut().insert(*name, value.parse().unwrap());
        }
        let small = WebSocketConfig::default()
            .read_buffer_size(BUFFER_BYTES)
            .write_buffer_size(BUFFER_BYTES);
        let (socket, _) = connect_async_with_config(request, Some(small), true).await?;
        Ok(Watcher { socket })
    }
}

pub struct Watcher {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
}

impl Watcher {
    pub async fn send(&mut self, frame: &Value) {
        let frame = Message::text(frame.to_string());
        self.socket.send(frame).await.unwrap();
    }

    /// The next JSON frame, or the code of the close; `None` where the connection just ends.
    pub async fn next(&mut self) -> Option<Result<Value, u16>> {
        timeout(DEADLINE, self.wait())
            .await
            .expect("a frame must come")
    }

    /// As [`next`](Self::next), however long that takes.
    pub async fn wait(&mut self) -> Option<Result<Value, u16>> {
        loop {
            match self.socket.next().await {
                Some(Ok(Message::Text(text))) => {
                    return Some(Ok(serde_json::from_str(&text).unwrap()));
                }
                Some(Ok(Message::Close(frame))) => {
                    let _ = self.socket.flush().await;
                    return Some(Err(frame.map_or(1005, |frame| frame.code.into())));
                }
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return None,
            }
        }
    }

    /// Says that it goes, and goes.
    pub async fn leave(mut self) {
        // The other end may have gone before.
        let _ = timeout(DEADLINE, self.socket.close(None)).await;
    }

    /// The next frame of that type; frames of other types before it are passed over.
    pub async fn until(&mut self, kind: &str) -> Value {
        loop {
            let frame = self
                .next()
                .await
                .expect("the socket is open")
                .expect("and not closed");
            if frame["type"] == kind {
                return frame;
            }
        }
    }
}
