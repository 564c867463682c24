//! A player and a watcher, as any HTTP and WebSocket client could be.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use futures_util::{SinkExt, StreamExt};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

const DEADLINE: Duration = Duration::from_secs(60);

pub struct Client {
    pub base: String,
    pub key: String,
    http: reqwest::Client,
}

impl Client {
    pub fn new(base: &str, key: &str) -> Client {
        let http = reqwest::Client::builder()
            .no_proxy()
            .timeout(DEADLINE)
            .build()
            .unwrap();
        Client {
            base: base.to_owned(),
            key: key.to_owned(),
            http,
        }
    }

    pub async fn call(
        &self,
        token: Option<&str>,
        method: Method,
        path: &str,
        body: Value,
    ) -> reqwest::Result<(u16, Value)> {
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
        let answer = request.send().await?;
        Ok((answer.status().as_u16(), answer.json().await?))
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
        let (status, created) = self
            .call(None, Method::POST, "/game", json!({"name": "Ann"}))
            .await
            .unwrap();
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
    }

    async fn watch_with(&self, query: &str, headers: &[(&'static str, &str)]) -> Watcher {
        let url = format!("{}/live?{query}", self.base.replacen("http", "ws", 1));
        let mut request = url.into_client_request().unwrap();
        for (name, value) in headers {
            request.headers_mut().insert(*name, value.parse().unwrap());
        }
        let (socket, _) = connect_async(request).await.unwrap();
        Watcher { socket }
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
        loop {
            let next = timeout(DEADLINE, self.socket.next())
                .await
                .expect("a frame must come");
            match next {
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
