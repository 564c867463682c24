//! A server, its players, and sockets that say what they heard.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::handshake::client::{Request, Response};
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use crate::support::player::Client;
use crate::support::server::TestServer;

/// Longer than anything here takes, on a machine that does much else.
pub const PATIENCE: Duration = Duration::from_secs(40);

pub struct World {
    pub server: TestServer,
    pub client: Client,
}

/// A game with both seats taken: version 2.
pub struct Table {
    pub game: String,
    pub tokens: [String; 2],
    pub version: u32,
}

pub struct Socket {
    pub stream: WebSocketStream<MaybeTlsStream<TcpStream>>,
    pub hello: Value,
}

impl World {
    pub async fn start() -> World {
        World::of(TestServer::start().await)
    }

    pub fn of(server: TestServer) -> World {
        let client = Client::new(&server.base, &server.key);
        World { server, client }
    }

    /// A handshake with the key and the subprotocol.
    pub fn request(&self, query: &str) -> Request {
        let mut request = self.bare_request(query);
        let headers = request.headers_mut();
        headers.insert("x-api-key", self.server.key.parse().unwrap());
        headers.insert("sec-websocket-protocol", "turnkey.v1".parse().unwrap());
        request
    }

    /// A handshake without either.
    pub fn bare_request(&self, query: &str) -> Request {
        let url = format!("{}?{query}", self.server.live());
        url.into_client_request().unwrap()
    }

    pub async fn connect(&self, query: &str) -> Socket {
        open(self.request(query)).await.unwrap().0
    }

    pub async fn connect_as(&self, token: &str) -> Socket {
        let mut request = self.request("");
        let authorization = format!("Bearer {token}").parse().unwrap();
        request.headers_mut().insert("authorization", authorization);
        open(request).await.unwrap().0
    }

    pub async fn table(&self) -> Table {
        let (game, tokens) = self.client.new_game().await;
        Table {
            game,
            tokens,
            version: 2,
        }
    }

    /// A call that must be answered with `status`.
    pub async fn call(
        &self,
        token: Option<&str>,
        method: Method,
        path: &str,
        body: Value,
        status: u16,
    ) -> Value {
        let (answered, answer) = self.client.call(token, method, path, body).await.unwrap();
        assert_eq!(answered, status, "{answer}");
        answer
    }

    pub async fn delete_player(&self, token: &str) {
        let url = format!("{}/players/me", self.server.base);
        let request = reqwest::Client::new().delete(url).bearer_auth(token);
        let request = request.header("x-api-key", &self.server.key);
        assert_eq!(request.send().await.unwrap().status(), 204);
    }

    /// The next event of the game, whatever it does to it.
    pub async fn advance(&self, table: &mut Table) {
        let path = format!("/game/{}/draw", table.game);
        // Each player offers, and takes it back or declines: two of four events in turn.
        let move_to = (table.version - 2) / 5;
        match (table.version - 2) % 5 {
            0 => self.offer(&path, &table.tokens[0], Method::POST).await,
            1 => self.offer(&path, &table.tokens[0], Method::DELETE).await,
            2 => self.offer(&path, &table.tokens[1], Method::POST).await,
            3 => self.offer(&path, &table.tokens[1], Method::DELETE).await,
            _ => {
                let cell = [0, 1, 2, 4, 3, 5, 7, 6, 8][move_to as usize];
                let token = &table.tokens[move_to as usize % 2];
                self.client
                    .play(token, &table.game, cell, table.version)
                    .await;
            }
        }
        table.version += 1;
    }

    async fn offer(&self, path: &str, token: &str, method: Method) {
        self.call(Some(token), method, path, Value::Null, 200).await;
    }
}

/// Opens a socket and takes its hello.
pub async fn open(request: Request) -> Result<(Socket, Response), Error> {
    let (stream, response) = connect_async(request).await?;
    let mut socket = Socket {
        stream,
        hello: Value::Null,
    };
    socket.hello = socket.next().await;
    assert_eq!(socket.hello["type"], "hello");
    Ok((socket, response))
}

/// The status and the body that a handshake which fails is answered with.
pub async fn refused(request: Request) -> (u16, Value) {
    let response = refusal(request).await;
    let body = response.body().as_deref().unwrap_or_default();
    let body = serde_json::from_slice(body).unwrap_or_default();
    (response.status().as_u16(), body)
}

/// An answer that says that there is no room, and when to come again.
pub fn assert_is_full(response: &Response) {
    assert_eq!(response.status(), 503);
    assert!(response.headers().contains_key("retry-after"));
    let body = response.body().as_deref().unwrap_or_default();
    let body: Value = serde_json::from_slice(body).unwrap();
    assert_eq!(body["code"], "unavailable");
}

pub async fn refusal(request: Request) -> Response {
    match connect_async(request).await {
        Err(Error::Http(response)) => *response,
        Err(error) => panic!("not an answer over HTTP: {error}"),
        Ok(_) => panic!("it was opened"),
    }
}

impl Socket {
    pub async fn say(&mut self, frame: Value) {
        self.say_text(&frame.to_string()).await;
    }

    pub async fn say_text(&mut self, text: &str) {
        self.stream.send(Message::text(text)).await.unwrap();
    }

    /// The next frame.
    pub async fn next(&mut self) -> Value {
        match self.next_or_close().await {
            Ok(frame) => frame,
            Err(code) => panic!("the socket was closed with {code:?}"),
        }
    }

    /// The next frame, or the close code of the end.
    pub async fn next_or_close(&mut self) -> Result<Value, Option<u16>> {
        // Pings do not prolong it.
        let deadline = Instant::now() + PATIENCE;
        loop {
            let next = timeout_at(deadline, self.stream.next()).await;
            match next.expect("a frame must come") {
                Some(Ok(Message::Text(text))) => return Ok(serde_json::from_str(&text).unwrap()),
                Some(Ok(Message::Close(frame))) => {
                    let code = frame.map(|frame| frame.code.into());
                    // Lets the library answer the close.
                    while let Some(Ok(_)) = self.stream.next().await {}
                    return Err(code);
                }
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return Err(None),
            }
        }
    }

    /// The next frame, in short: its type with the version it is of.
    pub async fn next_in_short(&mut self) -> String {
        in_short(&self.next().await)
    }

    /// The next frames in short.
    pub async fn many(&mut self, count: usize) -> Vec<String> {
        let mut frames = Vec::new();
        for _ in 0..count {
            frames.push(self.next_in_short().await);
        }
        frames
    }

    /// Reads to the close: the goodbye, if there was one, and the code.
    pub async fn farewell(&mut self) -> (Option<Value>, Option<u16>) {
        let mut goodbye = None;
        loop {
            match self.next_or_close().await {
                Ok(frame) if frame["type"] == "goodbye" => goodbye = Some(frame),
                Ok(_) => {}
                Err(code) => return (goodbye, code),
            }
        }
    }

    /// Says a ping and takes the pong: what came before it has been done.
    pub async fn settled(&mut self) {
        self.say(json!({"type": "ping", "id": "settled"})).await;
        assert_eq!(
            self.next().await,
            json!({"type": "pong", "id": "settled"}),
            "nothing else is said"
        );
    }
}

pub fn in_short(frame: &Value) -> String {
    let kind = frame["type"].as_str().unwrap();
    match (&frame["version"], &frame["code"]) {
        (Value::Number(version), _) => format!("{kind} {version}"),
        (_, Value::String(code)) => format!("{kind} {code}"),
        _ => kind.to_owned(),
    }
}
