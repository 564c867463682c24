//! What sockets cost and how fast they are told: memory beside a bare echo server of the same
//! libraries, one game on several instances, one instance's move on another, and readers beside
//! sockets that never read. Every watcher checks that it misses nothing.

#![allow(
    clippy::unwrap_used,
    reason = "a measurement that unwraps fails where it should"
)]

mod support;

use std::time::Duration;

use memchr::memmem;
use nix::unistd::Pid;
use support::board::Board;
use support::client::{self, Connection};
use support::echo::{self, Echo};
use support::place::{Door, Place, control_of};
use support::process::Process;
use support::report::{Series, Target, percentile, print};
use support::socket::Socket;
use support::watchers::{Post, Seen, Watchers};
use support::{cost, parameter, runtime, wait_for};
use tokio::runtime::Runtime;

/// Between moves, so that each finds everyone idle.
const PAUSE: Duration = Duration::from_millis(20);
/// Games of a round between two instances.
const GAMES_ACROSS: u32 = 20;
/// Less than the server takes from one socket in five seconds.
const SUBSCRIPTIONS_UNREAD: usize = 90;
/// Moves before the measured ones, in which sockets that never read are filled.
const WARM_UP: u32 = 200;
const MEBIBYTE: f64 = 1024.0 * 1024.0;

fn main() {
    if echo::is_wanted() {
        return echo::run();
    }
    let place = wait_for(Place::make());
    let rounds = parameter("TURNKEY_BENCH_ROUNDS", 3);
    compare_memory(&place, rounds);
    let instances = parameter("TURNKEY_BENCH_INSTANCES", 3);
    let servers: Vec<Process> = (0..instances)
        .map(|number| place.serve(&format!("instance{number}")))
        .collect();
    let doors: Vec<Door> = servers
        .iter()
        .map(|server| Door::of(&place, server))
        .collect();
    compare_watchers(&doors, rounds);
    compare_instances(&doors, rounds);
    drop(servers);
    compare_stuck(&place, rounds);
}

fn compare_memory(place: &Place, rounds: u32) {
    let sockets = parameter("TURNKEY_BENCH_SOCKETS", 2000);
    let mut series = [
        Series::new("a bare actix-ws echo server"),
        Series::new("turnkey, following nothing"),
        Series::new("turnkey, following one game"),
    ];
    for _ in 0..rounds {
        series[0].values.push(echo_memory(sockets));
        for (following, series) in [0, 1].into_iter().zip(&mut series[1..]) {
            series
                .values
                .push(turnkey_memory(place, sockets, following));
        }
    }
    let title = format!("resident memory of an idle socket, of {sockets}");
    print(&title, "bytes", &series, Target::Open);
}

fn echo_memory(sockets: u32) -> f64 {
    let server = Echo::start();
    let memory = wait_for(memory_of(sockets, server.pid(), async || {
        let mut socket = Socket::open(server.address, "/", &[]).await.unwrap();
        socket.send_text("hello").await.unwrap();
        socket.next_text().await.unwrap();
        socket
    }));
    memory.unwrap_or(f64::NAN)
}

fn turnkey_memory(place: &Place, sockets: u32, following: u32) -> f64 {
    let server = place.serve("memory");
    let door = Door::of(place, &server);
    wait_for(async {
        let mut connection = Connection::open(door.address).await.unwrap();
        let boards = Board::make_many(&door, &mut connection, following).await;
        let path = Door::live_path(&names(&boards));
        memory_of(sockets, server.pid(), async || {
            let socket = Socket::open(door.address, &path, &door.live_headers()).await;
            let mut socket = socket.unwrap();
            let last = if following > 0 { "subscribed" } else { "hello" };
            socket.until(last).await.unwrap();
            socket
        })
        .await
    })
    .unwrap_or(f64::NAN)
}

/// The growth for each socket, once some have shown the server what a socket is.
async fn memory_of(sockets: u32, server: Pid, open: impl AsyncFn() -> Socket) -> Option<f64> {
    let mut opened = Vec::new();
    for _ in 0..100 {
        opened.push(open().await);
    }
    let before = cost::resident_bytes(server)?;
    for _ in 0..sockets {
        opened.push(open().await);
    }
    let after = cost::resident_bytes(server)?;
    Some((after - before) / f64::from(sockets))
}

/// One game, watched on all instances; the moves come through the first.
fn compare_watchers(doors: &[Door], rounds: u32) {
    let count = parameter("TURNKEY_BENCH_WATCHERS", 5000);
    let mut series = [
        Series::new("from the request to the only watcher"),
        Series::new("from the request to the last watcher"),
        Series::new("from the first watcher to the last"),
    ];
    for _ in 0..rounds {
        for (watchers, offset) in [(1, 0), (count, 1)] {
            let seen = Tables::set(&doors[0], 1, |games| posts(doors, games, watchers)).play(9);
            series[offset].values.push(median_of(&seen, Seen::last));
            if watchers > 1 {
                series[2].values.push(median_of(&seen, Seen::spread));
            }
        }
    }
    let instances = doors.len();
    let title = format!("a move to {count} watchers of one game on {instances} instances");
    print(&title, "us", &series, Target::Open);
    println!("  every watcher had every frame, in order");
}

/// The same move, on a socket of the instance it was made through and on one of another.
fn compare_instances(doors: &[Door], rounds: u32) {
    let Some(pair) = doors.get(..2) else {
        return;
    };
    let both = || {
        [
            Series::new("to a socket on the same instance"),
            Series::new("to a socket on another instance"),
        ]
    };
    let (mut middle, mut late) = (both(), both());
    for _ in 0..rounds {
        let mut tables = Tables::set(&pair[0], GAMES_ACROSS, |games| posts(pair, games, 2));
        let seen = tables.play(GAMES_ACROSS * 9);
        for watcher in 0..2 {
            let delays: Vec<u32> = seen.iter().map(|seen| seen.delay_of(watcher)).collect();
            middle[watcher].values.push(percentile(&delays, 50.0));
            late[watcher].values.push(percentile(&delays, 99.0));
        }
    }
    print(
        "from the request, in the middle",
        "us",
        &middle,
        Target::Open,
    );
    print("from the request, p99", "us", &late, Target::Open);
}

/// Many games at once on one instance, each with its own readers.
fn compare_stuck(place: &Place, rounds: u32) {
    let sockets = parameter("TURNKEY_BENCH_READERS", 10_000);
    let stuck = parameter("TURNKEY_BENCH_STUCK", 100);
    let games = parameter("TURNKEY_BENCH_WATCHED", 100);
    let moves = parameter("TURNKEY_BENCH_MOVES", 250);
    let readers = sockets - stuck;
    assert!(WARM_UP + moves <= games * 9, "more games for so many moves");
    let both = || {
        [
            Series::new("readers alone"),
            Series::new("readers beside those that never read"),
        ]
    };
    let (mut delays, mut memory) = (both(), both());
    let mut let_go = Vec::new();
    for round in 0..rounds {
        let mut turns = [0, stuck];
        if round % 2 == 1 {
            turns.reverse();
        }
        for count in turns {
            let server = place.serve("stuck");
            let door = Door::of(place, &server);
            let mut tables = Tables::set(&door, games, |games| one_each(&door, games, readers));
            let unread = wait_for(open_stuck(&door, &tables.games(), count));
            // By the end of this, the connections of those that never read are full.
            tables.hurry(WARM_UP);
            let mut greatest = 0.0_f64;
            let mut all = Vec::new();
            for _ in 0..moves {
                all.extend(tables.play(1).iter().flat_map(Seen::delays));
                let now = cost::resident_bytes(server.pid()).unwrap_or(f64::NAN);
                greatest = greatest.max(now);
            }
            let index = usize::from(count > 0);
            delays[index].values.push(percentile(&all, 99.0));
            memory[index].values.push(greatest / MEBIBYTE);
            if count > 0 {
                let_go.push(too_slow(&server));
            }
            drop(unread);
        }
    }
    let title =
        format!("p99 from the request to {readers} readers of {games} games, {stuck} never read");
    print(&title, "us", &delays, Target::AtMost(2.0));
    print(
        "resident memory at its greatest",
        "MiB",
        &memory,
        Target::Open,
    );
    println!(
        "  of those that never read, let go as too slow: {}",
        let_go.join(", ")
    );
}

/// Games, and who watches them.
struct Tables {
    runtime: Runtime,
    door: Door,
    connection: Connection,
    boards: Vec<Board>,
    watchers: Watchers,
    moved: usize,
}

impl Tables {
    /// Makes so many games through `door`, and has them watched.
    fn set(door: &Door, count: u32, posts: impl FnOnce(&[String]) -> Vec<Post>) -> Tables {
        let runtime = runtime();
        let mut connection = runtime.block_on(Connection::open(door.address)).unwrap();
        let boards = runtime.block_on(Board::make_many(door, &mut connection, count));
        let watchers = Watchers::start(posts(&names(&boards)));
        Tables {
            runtime,
            door: door.clone(),
            connection,
            boards,
            watchers,
            moved: 0,
        }
    }

    fn games(&self) -> Vec<String> {
        names(&self.boards)
    }

    /// Moves so often, in one game after the other.
    fn play(&mut self, moves: u32) -> Vec<Seen> {
        let paced = (0..moves).map(|_| {
            std::thread::sleep(PAUSE);
            self.move_once()
        });
        paced.collect()
    }

    /// The same without a pause, and not measured.
    fn hurry(&mut self, moves: u32) {
        for _ in 0..moves {
            self.move_once();
        }
    }

    fn move_once(&mut self) -> Seen {
        let next = self.moved % self.boards.len();
        self.moved += 1;
        let (board, connection) = (&mut self.boards[next], &mut self.connection);
        self.runtime
            .block_on(self.watchers.see_move(&self.door, connection, board))
    }
}

fn names(boards: &[Board]) -> Vec<String> {
    boards.iter().map(|board| board.game.clone()).collect()
}

/// So many watchers of all the games, on one instance after the other.
fn posts(doors: &[Door], games: &[String], count: u32) -> Vec<Post> {
    let post = |(_, door): (u32, &Door)| Post {
        door: door.clone(),
        games: games.to_vec(),
    };
    (0..count).zip(doors.iter().cycle()).map(post).collect()
}

/// So many watchers, each of one game.
fn one_each(door: &Door, games: &[String], count: u32) -> Vec<Post> {
    let post = |(_, game): (u32, &String)| Post {
        door: door.clone(),
        games: vec![game.clone()],
    };
    (0..count).zip(games.iter().cycle()).map(post).collect()
}

/// Sockets that ask for more than their connections hold, and read none of it.
async fn open_stuck(door: &Door, games: &[String], count: u32) -> Vec<Socket> {
    let mut sockets = Vec::new();
    for _ in 0..count {
        let path = Door::live_path(games);
        let socket = Socket::open_narrow(door.address, &path, &door.live_headers()).await;
        let mut socket = socket.unwrap();
        for game in games.iter().cycle().take(SUBSCRIPTIONS_UNREAD) {
            let frame = format!("{{\"type\":\"subscribe\",\"gameId\":\"{game}\"}}");
            socket.send_text(&frame).await.unwrap();
        }
        sockets.push(socket);
    }
    sockets
}

/// What the server's metrics say.
fn too_slow(server: &Process) -> String {
    wait_for(async {
        let mut connection = Connection::open(control_of(server)).await.unwrap();
        let request = client::request("GET", "/metrics", &[], None);
        let answer = connection.call(&request).await.unwrap();
        let name = b"turnkey_live_drops_total{reason=\"too_slow\"} ";
        let start = memmem::find(answer.body, name).map_or(answer.body.len(), |at| at + name.len());
        let text = String::from_utf8_lossy(&answer.body[start..]);
        text.lines().next().unwrap_or("?").to_owned()
    })
}

fn median_of(seen: &[Seen], value: impl Fn(&Seen) -> u32) -> f64 {
    let values: Vec<u32> = seen.iter().map(value).collect();
    percentile(&values, 50.0)
}
