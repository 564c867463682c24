//! Sockets that follow games, on a thread of their own: each tells when an update came, and fails
//! the measurement where one is missing, comes twice or out of order.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use futures_util::{StreamExt, stream};
use memchr::memmem;
use tokio::sync::Notify;
use tokio::task::JoinSet;

use super::board::Board;
use super::client::Connection;
use super::place::Door;
use super::socket::{Socket, is_of};

/// How long a move may take to all.
const DEADLINE: Duration = Duration::from_secs(30);
/// How many handshakes are under way at once.
const OPENING: usize = 16;

/// Where one watcher connects, and which games it follows.
pub struct Post {
    pub door: Door,
    pub games: Vec<String>,
}

pub struct Watchers {
    /// How many follow each game.
    counts: HashMap<String, usize>,
    came: Receiver<Came>,
    over: Arc<Notify>,
    thread: Option<JoinHandle<()>>,
}

/// What a watcher tells.
enum Came {
    Update { watcher: usize, at: Instant },
    Failed(String),
}

/// When a move was sent, and when each watcher had it.
pub struct Seen {
    sent: Instant,
    came: Vec<(usize, Instant)>,
}

impl Watchers {
    /// Returns once all follow their games. A watcher's number is its place in `posts`.
    pub fn start(posts: Vec<Post>) -> Watchers {
        let mut counts = HashMap::new();
        for game in posts.iter().flat_map(|post| &post.games) {
            *counts.entry(game.clone()).or_default() += 1;
        }
        let (tell, came) = channel();
        let (opened, is_open) = channel();
        let over = Arc::new(Notify::new());
        let is_over = over.clone();
        let thread = std::thread::spawn(move || {
            super::wait_for(async {
                let mut watching = JoinSet::new();
                let opening = posts.into_iter().enumerate().map(open);
                let mut opening = stream::iter(opening).buffer_unordered(OPENING);
                while let Some((watcher, socket, versions)) = opening.next().await {
                    watching.spawn(watch(watcher, socket, versions, tell.clone()));
                }
                opened.send(()).unwrap();
                is_over.notified().await;
            });
        });
        is_open.recv().unwrap();
        Watchers {
            counts,
            came,
            over,
            thread: Some(thread),
        }
    }

    /// Moves in the game through `door`, and waits until all who follow it have been told.
    pub async fn see_move(
        &self,
        door: &Door,
        connection: &mut Connection,
        board: &mut Board,
    ) -> Seen {
        let sent = board.advance(door, connection).await;
        let end = sent + DEADLINE;
        let count = self.counts.get(&board.game).copied().unwrap_or_default();
        let came = (0..count).map(|_| {
            let left = end.saturating_duration_since(Instant::now());
            match self.came.recv_timeout(left) {
                Ok(Came::Update { watcher, at }) => (watcher, at),
                Ok(Came::Failed(why)) => panic!("{why}"),
                Err(_) => panic!("a watcher was not told within {DEADLINE:?}"),
            }
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

impl Seen {
    /// From the sending of the move to each watcher, in microseconds.
    pub fn delays(&self) -> Vec<u32> {
        self.came.iter().map(|(_, at)| self.delay(*at)).collect()
    }

    /// The same to the watcher of that number.
    pub fn delay_of(&self, watcher: usize) -> u32 {
        let mut came = self.came.iter();
        let (_, at) = came.find(|(number, _)| *number == watcher).unwrap();
        self.delay(*at)
    }

    /// From the sending of the move to the last watcher.
    pub fn last(&self) -> u32 {
        self.delays().into_iter().max().unwrap_or_default()
    }

    /// From the first watcher to the last.
    pub fn spread(&self) -> u32 {
        self.last() - self.delays().into_iter().min().unwrap_or_default()
    }

    fn delay(&self, at: Instant) -> u32 {
        u32::try_from((at - self.sent).as_micros()).unwrap()
    }
}

/// The version that each game's next update follows.
type Versions = HashMap<Vec<u8>, u64>;

async fn open((watcher, post): (usize, Post)) -> (usize, Socket, Versions) {
    let path = Door::live_path(&post.games);
    let headers = post.door.live_headers();
    let socket = Socket::open(post.door.address, &path, &headers).await;
    let mut socket = socket.unwrap();
    let mut versions = Versions::new();
    while versions.len() < post.games.len() {
        let text = socket.until("subscribed").await.unwrap();
        let (game, version) = game_and_version(&text).unwrap();
        versions.insert(game.to_vec(), version);
    }
    (watcher, socket, versions)
}

async fn watch(watcher: usize, mut socket: Socket, mut versions: Versions, tell: Sender<Came>) {
    loop {
        let came = match socket.next_text().await {
            Ok(text) if !is_of("update", &text) => continue,
            Ok(text) => {
                let at = Instant::now();
                match follow(&mut versions, &text) {
                    true => Came::Update { watcher, at },
                    false => Came::Failed(String::from_utf8_lossy(&text).into_owned()),
                }
            }
            Err(error) => Came::Failed(format!("a watcher lost its socket: {error}")),
        };
        let is_over = matches!(came, Came::Failed(_));
        if tell.send(came).is_err() || is_over {
            return;
        }
    }
}

/// Whether the update is the one that comes next in its game.
fn follow(versions: &mut Versions, text: &[u8]) -> bool {
    let Some((game, version)) = game_and_version(text) else {
        return false;
    };
    let Some(before) = versions.get_mut(game) else {
        return false;
    };
    let is_next = version == *before + 1;
    *before = version;
    is_next
}

/// From the head of a frame, without parsing what follows.
fn game_and_version(text: &[u8]) -> Option<(&[u8], u64)> {
    let game = after(text, b"\"gameId\":\"")?;
    let version = after(game, b"\"version\":")?;
    let digits = version.iter().take_while(|byte| byte.is_ascii_digit());
    let number = digits.fold(0, |number, digit| number * 10 + u64::from(digit - b'0'));
    Some((game.get(..36)?, number))
}

fn after<'a>(text: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    text.get(memmem::find(text, name)? + name.len()..)
}
