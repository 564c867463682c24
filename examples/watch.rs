//! Watches games on the live channel, and prints the board after each frame: the reference for
//! other clients.
//!
//! ```sh
//! TURNKEY_API_KEY=… script/watch --game 01935d5a-6e1f-7c3a-9d3e-5b8f2a7c4e10
//! ```
//!
//! What a client owes the channel: it keeps the last version of each game and the epoch in which
//! it saw them; it resumes with both; it believes each frame's `game` and reckons nothing itself;
//! and it heeds why a connection ended ([`End`]).

use std::collections::BTreeMap;
use std::env;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::Parser;
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::time::{sleep, timeout};
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::{Error, Message};

/// Follow games, with the key in TURNKEY_API_KEY and a player token, if any, in TURNKEY_PLAYER_TOKEN.
#[derive(Parser)]
struct Options {
    /// The live channel, with or without a stage
    #[arg(
        long,
        env = "TURNKEY_LIVE_URL",
        default_value = "ws://127.0.0.1:8080/live"
    )]
    url: String,
    /// A game to follow; may be repeated
    #[arg(long = "game", value_name = "ID", required_unless_present = "mine")]
    games: Vec<String>,
    /// Follow every unfinished game of the player
    #[arg(long)]
    mine: bool,
}

/// Why a connection ended, and so what to do next.
enum End {
    /// It was closed in peace.
    Done,
    /// Nothing will be better the next time.
    Stop(String),
    /// The server has said when to come back.
    ComeBack(Duration),
    /// Come back after this time at least, and later each time.
    BackOff(Duration, String),
}

/// The server pings every 25 s: who hears nothing for so long has lost the connection.
const SILENCE: Duration = Duration::from_secs(60);
const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// A connection that lasted so long was a good one.
const GOOD_AFTER: Duration = Duration::from_secs(30);
/// The longest frame that a server takes that does not say so in its `hello`, in bytes.
const FRAME_BYTES: usize = 4096;
/// What one entry of `after` takes of a frame, and what the rest of it does.
const ENTRY_BYTES: usize = 50;
const OTHER_BYTES: usize = 200;

struct Watch {
    options: Options,
    /// The last version of each game, all seen in `epoch`.
    versions: BTreeMap<String, u64>,
    epoch: Option<String>,
    /// What the last goodbye asked for.
    retry_after: Duration,
}

#[tokio::main]
async fn main() -> ExitCode {
    let mut watch = Watch {
        options: Options::parse(),
        versions: BTreeMap::new(),
        epoch: None,
        retry_after: Duration::ZERO,
    };
    let mut pause = FIRST_PAUSE;
    loop {
        let began = Instant::now();
        let end = watch.connection().await;
        if began.elapsed() > GOOD_AFTER {
            pause = FIRST_PAUSE;
        }
        match end {
            End::Done => return ExitCode::SUCCESS,
            End::Stop(reason) => {
                eprintln!("watch: {reason}");
                return ExitCode::FAILURE;
            }
            End::ComeBack(after) => sleep(after).await,
            End::BackOff(at_least, reason) => {
                eprintln!("watch: {reason}");
                // At random, so that clients that fell together do not return together.
                sleep(at_least + pause.mul_f64(rand::random_range(0.5..1.0))).await;
                pause = (pause * 2).min(LONGEST_PAUSE);
            }
        }
    }
}

impl Watch {
    /// One connection, from the handshake to its end.
    async fn connection(&mut self) -> End {
        self.retry_after = Duration::ZERO;
        let mut request = match self.url().into_client_request() {
            Ok(request) => request,
            Err(error) => return End::Stop(format!("--url: {error}")),
        };
        let token = env::var("TURNKEY_PLAYER_TOKEN").map(|token| format!("Bearer {token}"));
        for (name, value) in [
            ("sec-websocket-protocol", Ok("turnkey.v1".to_owned())),
            ("x-api-key", env::var("TURNKEY_API_KEY")),
            ("authorization", token),
        ] {
            match value.map(|value| value.parse()) {
                Ok(Ok(value)) => drop(request.headers_mut().insert(name, value)),
                Ok(Err(_)) => return End::Stop(format!("no header can hold this {name}")),
                Err(_) => {}
            }
        }
        let mut socket = match tokio_tungstenite::connect_async(request).await {
            Ok((socket, _)) => socket,
            Err(error) => return refused(error),
        };
        loop {
            match timeout(SILENCE, socket.next()).await {
                Ok(Some(Ok(Message::Text(text)))) => {
                    let frame: Value = match serde_json::from_str(&text) {
                        Ok(frame) => frame,
                        Err(error) => return End::Stop(format!("not a frame: {error}")),
                    };
                    self.hear(&frame);
                    if self.options.mine
                        && frame["type"] == "hello"
                        && let Err(error) = socket.send(self.subscribe_mine(&frame)).await
                    {
                        return lost(error);
                    }
                }
                Ok(Some(Ok(Message::Close(close)))) => return self.closed(close),
                // The library answers pings.
                Ok(Some(Ok(_))) => {}
                Ok(Some(Err(error))) => return lost(error),
                Ok(None) => return lost("the connection has ended"),
                Err(_) => return lost("the server is silent"),
            }
        }
    }

    /// The games that are named are subscribed to with the handshake.
    fn url(&self) -> String {
        let mut query = Vec::new();
        for game in &self.options.games {
            query.push(match self.versions.get(game) {
                Some(version) => format!("game={game}:{version}"),
                None => format!("game={game}"),
            });
        }
        query.extend(self.epoch.iter().map(|epoch| format!("epoch={epoch}")));
        format!("{}?{}", self.options.url, query.join("&"))
    }

    /// Tells the version of as many games as fit in a frame; the others begin with a snapshot.
    fn subscribe_mine(&self, hello: &Value) -> Message {
        let most = hello["maxFrameBytes"].as_u64();
        let most = most.map_or(FRAME_BYTES, |bytes| bytes.try_into().unwrap_or(usize::MAX));
        let resumed = most.saturating_sub(OTHER_BYTES) / ENTRY_BYTES;
        let after: BTreeMap<_, _> = self.versions.iter().take(resumed).collect();
        let mut frame = json!({"type": "subscribe", "mine": true, "after": after});
        if let Some(epoch) = &self.epoch {
            frame["epoch"] = json!(epoch);
        }
        Message::text(frame.to_string())
    }

    fn hear(&mut self, frame: &Value) {
        match frame["type"].as_str() {
            Some("hello") => {
                let epoch = frame["epoch"].as_str().map(str::to_owned);
                if self.epoch != epoch {
                    // What was seen of another course of the log says nothing about this one.
                    self.versions.clear();
                    self.epoch = epoch;
                }
            }
            Some("snapshot" | "update") => {
                let game = frame["gameId"].as_str().unwrap_or_default();
                let version = frame["version"].as_u64().unwrap_or_default();
                self.versions.insert(game.to_owned(), version);
                print(game, version, &frame["game"]);
            }
            Some("error") => eprintln!("watch: {}", frame["message"]),
            Some("goodbye") => {
                let millis = frame["retryAfterMs"].as_u64().unwrap_or_default();
                self.retry_after = Duration::from_millis(millis);
            }
            // Whatever a later server may say beside what is needed here.
            _ => {}
        }
    }

    fn closed(&self, close: Option<CloseFrame>) -> End {
        let code = close.map_or(1005, |close| u16::from(close.code));
        match code {
            1000 | 1001 => End::Done,
            1012 => End::ComeBack(self.retry_after),
            // A limit was broken, which a slower pace may mend.
            1008 => End::BackOff(self.retry_after, format!("closed with {code}: too fast")),
            1002 | 1007 => End::Stop(format!("closed with {code}: this client is wrong")),
            4401 => End::Stop("the player token is no longer good".into()),
            4403 => End::Stop("the API key is no longer good".into()),
            // 1013 among them.
            _ => End::BackOff(self.retry_after, format!("closed with {code}")),
        }
    }
}

fn lost(reason: impl ToString) -> End {
    End::BackOff(Duration::ZERO, reason.to_string())
}

/// What was answered over HTTP, if anything was.
fn refused(error: Error) -> End {
    let Error::Http(response) = error else {
        return lost(error);
    };
    let body = String::from_utf8_lossy(response.body().as_deref().unwrap_or_default());
    let reason = format!("{}: {body}", response.status());
    let retry_after = response.headers().get("retry-after");
    let seconds = retry_after.and_then(|value| value.to_str().ok()?.parse().ok());
    match response.status().as_u16() {
        // 502 and 504 come from a balancer with no server behind it in this moment.
        429 | 500..=599 => End::BackOff(Duration::from_secs(seconds.unwrap_or(0)), reason),
        _ => End::Stop(reason),
    }
}

/// The board, and who is to move on it or how it ended.
fn print(id: &str, version: u64, game: &Value) {
    let state = match (&game["turn"], &game["result"]) {
        (Value::String(seat), _) => format!("{seat} to move"),
        (_, Value::Null) => game["status"].to_string(),
        (_, result) => result.to_string(),
    };
    println!("{id} version {version}: {state}");
    let columns = game["board"]["columns"].as_u64().unwrap_or(1).max(1);
    let cells = game["board"]["cells"].as_array().into_iter().flatten();
    for (index, cell) in (1..).zip(cells) {
        let end = if index % columns == 0 { "\n" } else { "" };
        print!(" {}{end}", cell.as_str().unwrap_or("."));
    }
}
