//! A new release takes the place of the old one, instance by instance, and nobody notices.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use nix::sys::signal::Signal;
use reqwest::Method;
use serde_json::{Value, json};
use tokio::sync::mpsc;

use crate::support::balancer::Balancer;
use crate::support::player::{Client, Watcher};
use crate::support::postgres;
use crate::support::process::{Process, Scratch, log_of};
use crate::support::server::{SECRET, seed};

const INSTANCES: usize = 3;
const TABLES: usize = 6;
/// X wins with the last one.
const MOVES: [u32; 5] = [4, 0, 2, 1, 6];
/// The version that such a game ends with.
const LAST_VERSION: u64 = 7;
/// What orchestrators give a process to end.
const STOP_TIMEOUT: Duration = Duration::from_secs(30);

/// What a table has done.
#[derive(Default)]
struct Tally {
    requests: AtomicU32,
    games: AtomicU32,
    sockets: AtomicU32,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn three_instances_are_replaced_under_load_and_nobody_notices() {
    let scratch = Scratch::new();
    let database = postgres::database().await;
    let key = seed(&database).await;
    let url = postgres::url(&postgres::socket(), &postgres::name(&database));
    let serve = |number: usize, listen: &str| {
        let directory = scratch.path().join(number.to_string());
        std::fs::create_dir_all(&directory).unwrap();
        let variables = [
            ("DATABASE_URL", url.as_str()),
            ("TURNKEY_SECRET", SECRET),
            ("TURNKEY_DEFAULT_STAGE", "dev"),
            ("TURNKEY_LISTEN", listen),
        ];
        Process::serve(&directory, &variables)
    };
    let mut instances: Vec<(String, Process)> = (0..INSTANCES)
        .map(|number| {
            let process = serve(number, "127.0.0.1:0");
            (process.base.replace("http://", ""), process)
        })
        .collect();
    let servers: Vec<(String, String)> = (0..)
        .zip(&instances)
        .map(|(number, (address, _))| (format!("instance-{number}"), address.clone()))
        .collect();
    let mut balancer = Balancer::start(scratch.path(), &servers).await;

    let (tally, stop) = (Arc::new(Tally::default()), Arc::new(AtomicBool::new(false)));
    let tables: Vec<_> = (0..TABLES)
        .map(|_| {
            let client = Client::new(&balancer.base, &key);
            tokio::spawn(sit_at_table(client, tally.clone(), stop.clone()))
        })
        .collect();
    for (number, (name, address)) in servers.iter().enumerate() {
        let games_before = tally.games.load(Ordering::Relaxed);
        let (_, process) = instances.remove(0);
        let told = Instant::now();
        process.signal(Signal::SIGTERM);
        let ended = tokio::task::spawn_blocking(|| process.wait()).await;
        let (took, log) = (
            told.elapsed(),
            log_of(&scratch.path().join(number.to_string())),
        );
        assert!(ended.unwrap().success(), "{log}");
        assert!(took < STOP_TIMEOUT, "{took:?}\n{log}");
        println!("{name} ended {:.1} s after SIGTERM", took.as_secs_f64());
        instances.push((address.clone(), serve(number, address)));
        balancer.is_up(name).await;
        let games = tally.games.load(Ordering::Relaxed) - games_before;
        assert!(games > 0, "the tables went on playing");
    }
    stop.store(true, Ordering::Relaxed);
    for table in join_all(tables).await {
        table.unwrap();
    }
    let count = |counter: &AtomicU32| counter.load(Ordering::Relaxed);
    let sockets = count(&tally.sockets);
    println!(
        "{} requests, {} games, {sockets} sockets",
        count(&tally.requests),
        count(&tally.games),
    );
    assert!(
        sockets as usize > TABLES,
        "nobody was sent away: {sockets} sockets"
    );
}

/// Ann and Bob play game after game, and a third person watches every one of them.
async fn sit_at_table(client: Client, tally: Arc<Tally>, stop: Arc<AtomicBool>) {
    let (announce, announced) = mpsc::channel(64);
    let spectator = Spectator {
        client: Client::new(&client.base, &client.key),
        tally: tally.clone(),
        epoch: None,
        seen: BTreeMap::new(),
    };
    let watching = tokio::spawn(spectator.watch(announced));
    while !stop.load(Ordering::Relaxed) {
        play_game(&client, &tally, &announce).await;
        tally.games.fetch_add(1, Ordering::Relaxed);
    }
    drop(announce);
    watching.await.unwrap();
}

async fn play_game(client: &Client, tally: &Tally, announce: &mpsc::Sender<String>) {
    let call = async |token: Option<&str>, method, path: &str, body| {
        // A call that fails in any way fails the test: nothing is tried again.
        let answer = client.call(token, method, path, body).await;
        let (status, answer) = answer.expect("the call is answered");
        assert!((200..300).contains(&status), "{status} {answer}");
        tally.requests.fetch_add(1, Ordering::Relaxed);
        answer
    };
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let created = call(None, Method::POST, "/game", json!({"name": "Ann"})).await;
    let game = text(&created["game"]["gameId"]);
    announce.send(game.clone()).await.unwrap();
    let join = json!({"invite": created["invite"], "name": "Bob"});
    let joined = call(None, Method::POST, "/join", join).await;
    let tokens = [&created, &joined].map(|answer| text(&answer["player"]["token"]));
    for (played, cell) in MOVES.into_iter().enumerate() {
        let token = Some(tokens[played % 2].as_str());
        let body = json!({"gameId": game, "move": cell, "version": played + 2});
        let moved = call(token, Method::PUT, "/game", body).await;
        let read = call(token, Method::GET, &format!("/game/{game}"), Value::Null).await;
        assert_eq!(read, moved, "reads are current on every instance");
    }
}

/// Follows games on one socket, on whichever instance it is.
struct Spectator {
    client: Client,
    tally: Arc<Tally>,
    epoch: Option<String>,
    /// The version that it has seen of each game that is not over.
    seen: BTreeMap<String, u64>,
}

impl Spectator {
    /// Until nobody announces games any more, and all that were announced are over.
    async fn watch(mut self, mut announced: mpsc::Receiver<String>) {
        let mut socket = self.open().await;
        let mut all_announced = false;
        while !(all_announced && self.seen.is_empty()) {
            tokio::select! {
                game = announced.recv(), if !all_announced => match game {
                    Some(game) => {
                        let subscribe = json!({"type": "subscribe", "gameId": game, "after": 0});
                        socket.send(&subscribe).await;
                        self.seen.insert(game, 0);
                    }
                    None => all_announced = true,
                },
                frame = socket.next() => match frame {
                    Some(Ok(frame)) => self.look(&frame),
                    // Sooner than it was asked to, and yet it finds a place.
                    Some(Err(code)) => {
                        assert_eq!(code, 1012);
                        socket = self.open().await;
                    }
                    None => panic!("a socket ends with a close frame"),
                },
            }
        }
    }

    /// Opens a socket and goes on where the one before it ended.
    async fn open(&mut self) -> Watcher {
        let games = self.seen.iter();
        let mut query: Vec<String> = games
            .map(|(game, version)| format!("game={game}&after={version}"))
            .collect();
        query.extend(self.epoch.iter().map(|epoch| format!("epoch={epoch}")));
        let mut socket = self.client.watch(&query.join("&")).await;
        self.tally.sockets.fetch_add(1, Ordering::Relaxed);
        let hello = socket.until("hello").await;
        let epoch = hello["epoch"].as_str().unwrap().to_owned();
        assert_eq!(*self.epoch.get_or_insert_with(|| epoch.clone()), epoch);
        socket
    }

    fn look(&mut self, frame: &Value) {
        match frame["type"].as_str().unwrap() {
            "update" => {
                let game = frame["gameId"].as_str().unwrap();
                let seen = self.seen.get_mut(game).expect("a game that is not over");
                assert_eq!(frame["version"], *seen + 1, "of {game}");
                *seen += 1;
                if *seen == LAST_VERSION {
                    self.seen.remove(game);
                }
            }
            "subscribed" | "goodbye" => {}
            other => panic!("not to be sent here: {other}: {frame}"),
        }
    }
}
