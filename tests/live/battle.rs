//! A game of battleship on two instances.

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use reqwest::Method;
use serde_json::{Value, json};

use crate::fleet::{Sea, random_fleet};
use crate::world::{Socket, World, open};

/// Somebody who looks on: the seat's player, or a stranger.
pub struct Eyes {
    pub seat: Option<usize>,
    pub token: Option<String>,
    pub sockets: Vec<Socket>,
}

/// An answer, with what matters of its head.
pub struct Reply {
    pub status: u16,
    pub etag: String,
    pub replayed: bool,
    pub body: Value,
}

/// One instance of two is asked, in turn.
pub struct Battle {
    pub worlds: [World; 2],
    pub game: String,
    pub tokens: [String; 2],
    /// The idempotency keys of the calls that began the game, and their bodies.
    pub first_calls: [(String, &'static str, Value); 2],
    pub version: u32,
    pub sea: Sea,
    pub random: StdRng,
    http: reqwest::Client,
}

impl Battle {
    /// Ann has made a game, and Bob is about to join it.
    pub async fn begin() -> Battle {
        let one = World::start().await;
        let other = World::of(one.server.beside().await);
        let seed = rand::random();
        eprintln!("seed {seed}");
        let mut random = StdRng::seed_from_u64(seed);
        let fleets = [0, 1].map(|_| random_fleet(&mut random));
        let mut battle = Battle {
            worlds: [one, other],
            game: String::new(),
            tokens: [String::new(), String::new()],
            first_calls: Default::default(),
            version: 0,
            sea: Sea::new(fleets),
            random,
            http: reqwest::Client::builder().no_proxy().build().unwrap(),
        };
        for seat in 0..2 {
            let path = "/players";
            let made = battle.call(None, seat, Method::POST, path, Value::Null, &[]);
            battle.tokens[seat] = text(&made.await.body["token"]);
        }
        battle.begin_again().await;
        battle
    }

    pub async fn begin_again(&mut self) {
        self.sea = Sea::new([0, 1].map(|_| random_fleet(&mut self.random)));
        let body = json!({"variant": "battleship"});
        self.first_calls[0] = (self.idempotency_key(), "/game", body);
        let made = self.first_call(0).await;
        assert_eq!((made.status, made.etag.as_str()), (201, "\"1-A\""));
        self.game = text(&made.body["game"]["gameId"]);
        self.version = 1;
        let invite = json!({"invite": made.body["invite"]});
        self.first_calls[1] = (self.idempotency_key(), "/join", invite);
    }

    pub fn idempotency_key(&mut self) -> String {
        format!("key-{}", self.random.random::<u64>())
    }

    /// The call that seated the player, or a repeat of it.
    pub async fn first_call(&self, seat: usize) -> Reply {
        let (key, path, body) = self.first_calls[seat].clone();
        let headers = [("idempotency-key", key.as_str())];
        let token = Some(self.tokens[seat].as_str());
        self.call(token, seat, Method::POST, path, body, &headers)
            .await
    }

    pub async fn join(&mut self) {
        let joined = self.first_call(1).await;
        assert_eq!((joined.status, joined.etag.as_str()), (200, "\"2-B\""));
        self.sea.search(Some(1), &joined.body);
        self.version = 2;
    }

    /// Both at once, each on an instance of their own.
    pub async fn place(&mut self) {
        let (one, other) = tokio::join!(self.places(0), self.places(1));
        for (seat, placed) in [one, other].into_iter().enumerate() {
            assert_eq!(placed.status, 200, "{}", placed.body);
            assert!(!placed.replayed);
            assert!(self.sea.is_shown(seat, &placed.body), "{}", placed.body);
            self.sea.search(Some(seat), &placed.body);
        }
        self.version = 4;
    }

    pub async fn places(&self, seat: usize) -> Reply {
        let fleet = json!({"place": self.sea.fleets[seat]});
        self.plays(seat, fleet, Some(2)).await
    }

    pub async fn plays(&self, seat: usize, played: Value, version: Option<u32>) -> Reply {
        let body = json!({"gameId": self.game, "move": played, "version": version});
        let token = Some(self.tokens[seat].as_str());
        self.call(token, seat, Method::PUT, "/game", body, &[])
            .await
    }

    pub async fn socket(&self, instance: usize, token: Option<&str>, query: &str) -> Socket {
        let mut request = self.worlds[instance].request(query);
        if let Some(token) = token {
            let bearer = format!("Bearer {token}").parse().unwrap();
            request.headers_mut().insert("authorization", bearer);
        }
        open(request).await.unwrap().0
    }

    pub async fn read(&self, seat: Option<usize>, query: &str) -> Reply {
        let token = seat.map(|seat| self.tokens[seat].as_str());
        let path = format!("/game/{}{query}", self.game);
        self.call(token, 1, Method::GET, &path, Value::Null, &[])
            .await
    }

    pub async fn read_as(&self, eyes: &Eyes, query: &str) -> Reply {
        let path = format!("/game/{}{query}", self.game);
        let token = eyes.token.as_deref();
        self.call(token, 0, Method::GET, &path, Value::Null, &[])
            .await
    }

    pub async fn call(
        &self,
        token: Option<&str>,
        instance: usize,
        method: Method,
        path: &str,
        body: Value,
        headers: &[(&str, &str)],
    ) -> Reply {
        let server = &self.worlds[instance].server;
        let mut request = self
            .http
            .request(method, format!("{}{path}", server.base))
            .header("x-api-key", &server.key);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        if !body.is_null() {
            request = request.json(&body);
        }
        let answer = request.send().await.unwrap();
        let header = |name: &str| {
            let value = answer.headers().get(name);
            value.map_or("", |value| value.to_str().unwrap()).to_owned()
        };
        Reply {
            status: answer.status().as_u16(),
            etag: header("etag"),
            replayed: header("turnkey-replayed") == "true",
            body: serde_json::from_str(&answer.text().await.unwrap()).unwrap_or_default(),
        }
    }
}

pub fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}
