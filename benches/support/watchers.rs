//! Many who watch the same games, on a thread of their own, and one who moves in them.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use serde_json::json;
use tokio::sync::Notify;
use tokio::task::JoinSet;

use super::client::{self, Connection};
use super::socket::{Socket, is_of};

/// A game that ends in a draw, so that every cell is played.
const CELLS: [u32; 9] = [0, 1, 2, 4, 3, 5, 7, 6, 8];
/// How long a move may take to all.
const DEADLINE: Duration = Duration::from_secs(30);

/// How to reach a server, and with which key.
#[derive(Clone)]
pub struct Door {
    pub address: SocketAddr,
    /// `x-api-key: …`
    pub key: String,
}

/// Sockets that read, and tell when each update came.
pub struct Watchers {
    count: u32,
    came: Receiver<Instant>,
    over: Arc<Notify>,
    thread: Option<JoinHandle<()>>,
}

/// A game in which one player holds both seats.
pub struct Board {
    pub game: String,
    headers: [String; 2],
    moved: usize,
}

/// When a move was sent, and when each watcher had it.
pub struct Seen {
    sent: Instant,
    came: Vec<Instant>,
}

impl Door {
    pub async fn make_board(&self) -> Board {
        let mut connection = Connection::open(self.address).await.unwrap();
        let body = json!({"opponent": "self"});
        let create = client::request("POST", "/dev/game", &[&self.key], Some(&body));
        let created = connection.call_json(&create, 201).await;
        let token = created["player"]["token"].as_str().unwrap();
        Board {
            game: created["game"]["gameId"].as_str().unwrap().to_owned(),
            headers: [self.key.clone(), format!("authorization: Bearer {token}")],
            moved: 0,
        }
    }

    /// The path of a socket that follows these games.
    pub fn live_path(boards: &[Board]) -> String {
        let mut path = "/dev/live".to_owned();
        for (number, board) in boards.iter().enumerate() {
            path.push(if number == 0 { '?' } else { '&' });
            path.push_str("game=");
            path.push_str(&board.game);
        }
        path
    }

    pub fn live_headers(&self) -> [&str; 2] {
        [&self.key, "sec-websocket-protocol: turnkey.v1"]
    }
}

impl Watchers {
    /// Returns once all follow all the games.
    pub fn start(door: &Door, boards: &[Board], count: u32) -> Watchers {
        let (told, came) = channel();
        let (opened, is_open) = channel();
        let over = Arc::new(Notify::new());
        let (path, games) = (Door::live_path(boards), boards.len());
        let (door, is_over) = (door.clone(), over.clone());
        let thread = std::thread::spawn(move || {
            super::wait_for(async {
                let mut watching = JoinSet::new();
                for _ in 0..count {
                    let headers = door.live_headers();
                    let socket = Socket::open(door.address, &path, &headers).await;
                    let mut socket = socket.unwrap();
                    for _ in 0..games {
                        socket.until("subscribed").await.unwrap();
                    }
                    watching.spawn(watch(socket, told.clone()));
                }
                opened.send(()).unwrap();
                is_over.notified().await;
            });
        });
        is_open.recv().unwrap();
        Watchers {
            count,
            came,
            over,
            thread: Some(thread),
        }
    }

    /// Moves in the game, and waits until every watcher has been told.
    pub async fn see_move(&self, connection: &mut Connection, board: &mut Board) -> Seen {
        let cell = CELLS[board.moved];
        board.moved += 1;
        let body = json!({"gameId": board.game, "move": cell, "version": board.moved});
        let headers = [board.headers[0].as_str(), &board.headers[1]];
        let request = client::request("PUT", "/dev/game", &headers, Some(&body));
        let sent = Instant::now();
        connection.call_json(&request, 200).await;
        let end = sent + DEADLINE;
        let came = (0..self.count).map(|_| {
            let left = end.saturating_duration_since(Instant::now());
            self.came.recv_timeout(left).expect("every watcher is told")
        });
        Seen {
            sent,
            came: came.collect(),
        }
    }
}

impl Drop for Watchers {
    fn drop(&mut self) {
        self.over.notify_one();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Board {
    pub fn is_over(&self) -> bool {
        self.moved == CELLS.len()
    }
}

impl Seen {
    /// From the sending of the move to each watcher, in microseconds.
    pub fn delays(&self) -> Vec<u32> {
        let delay = |came: &Instant| micros(*came - self.sent);
        self.came.iter().map(delay).collect()
    }

    /// From the sending of the move to the last watcher.
    pub fn last(&self) -> u32 {
        self.delays().into_iter().max().unwrap_or_default()
    }

    /// From the first watcher to the last.
    pub fn spread(&self) -> u32 {
        self.last() - self.delays().into_iter().min().unwrap_or_default()
    }
}

async fn watch(mut socket: Socket, told: Sender<Instant>) {
    while let Ok(text) = socket.next_text().await {
        if is_of("update", &text) && told.send(Instant::now()).is_err() {
            return;
        }
    }
}

fn micros(duration: Duration) -> u32 {
    u32::try_from(duration.as_micros()).unwrap()
}
