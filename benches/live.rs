//! What sockets cost and how fast they are told: memory beside a bare echo server of the same
//! libraries, a move to many watchers beside one, readers beside sockets that never read.

#![allow(
    clippy::unwrap_used,
    reason = "a measurement that unwraps fails where it should"
)]

mod support;

use std::io::{BufRead, BufReader, Write};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use nix::unistd::Pid;
use support::client::{self, Connection, find};
use support::place::{Place, address_of, control_of};
use support::process::Process;
use support::report::{Series, Target, percentile, print};
use support::socket::Socket;
use support::watchers::{Board, Door, Seen, Watchers};
use support::{cost, parameter, wait_for};

/// Set in the process that is the echo server.
const ECHO: &str = "TURNKEY_BENCH_ECHO";
const GAMES: usize = 4;
/// Between moves, so that each finds everyone idle.
const PAUSE: Duration = Duration::from_millis(20);
/// Less than the server takes from one socket in five seconds.
const SUBSCRIPTIONS_UNREAD: u32 = 80;

fn main() {
    if std::env::var_os(ECHO).is_some() {
        return wait_for_echo();
    }
    let place = wait_for(Place::make());
    let rounds = parameter("TURNKEY_BENCH_ROUNDS", 5);
    compare_memory(&place, rounds.min(3));
    compare_watchers(&place, rounds);
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
        for (following, series) in [false, true].into_iter().zip(&mut series[1..]) {
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

fn turnkey_memory(place: &Place, sockets: u32, following: bool) -> f64 {
    let server = place.serve("memory");
    let door = door(place, &server);
    wait_for(async {
        let boards = if following {
            vec![door.make_board().await]
        } else {
            Vec::new()
        };
        let path = Door::live_path(&boards);
        memory_of(sockets, server.pid(), async || {
            let socket = Socket::open(door.address, &path, &door.live_headers()).await;
            let mut socket = socket.unwrap();
            let last = if following { "subscribed" } else { "hello" };
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

fn compare_watchers(place: &Place, rounds: u32) {
    let count = parameter("TURNKEY_BENCH_WATCHERS", 1000);
    let server = place.serve("watchers");
    let door = door(place, &server);
    let mut lasts = [
        Series::new("from the request to the only watcher"),
        Series::new("from the request to the last of all watchers"),
        Series::new("from the first watcher to the last"),
    ];
    for _ in 0..rounds {
        for (watchers, offset) in [(1, 0), (count, 1)] {
            let seen = play(&door, watchers, async |_| ());
            let of = |value: fn(&Seen) -> u32| {
                percentile(&seen.iter().map(value).collect::<Vec<_>>(), 50.0)
            };
            lasts[offset].values.push(of(Seen::last));
            if offset == 1 {
                lasts[2].values.push(of(Seen::spread));
            }
        }
    }
    let title = format!("a move to {count} watchers on one instance");
    print(&title, "us", &lasts, Target::Open);
}

fn compare_stuck(place: &Place, rounds: u32) {
    let sockets = parameter("TURNKEY_BENCH_READERS", 500);
    let stuck = parameter("TURNKEY_BENCH_STUCK", 20);
    let server = place.serve("stuck");
    let door = door(place, &server);
    let readers = sockets - stuck;
    let mut series = [
        Series::new("readers alone"),
        Series::new("readers beside those that never read"),
    ];
    for round in 0..rounds {
        let mut turns = [0, 1];
        if round % 2 == 1 {
            turns.reverse();
        }
        for index in turns {
            let count = if index == 1 { stuck } else { 0 };
            let seen = play(&door, readers, async |boards| {
                open_stuck(&door, boards, count).await
            });
            let delays: Vec<u32> = seen.iter().flat_map(Seen::delays).collect();
            series[index].values.push(percentile(&delays, 99.0));
        }
    }
    let title = format!("p99 from the request to {readers} readers, {stuck} never read");
    print(&title, "us", &series, Target::AtMost(2.0));
    println!(
        "  of those that never read, let go as too slow: {}",
        too_slow(&server)
    );
}

/// Plays whole games while so many watch them; `beside` is kept until the end.
fn play<T>(door: &Door, watchers: u32, beside: impl AsyncFn(&[Board]) -> T) -> Vec<Seen> {
    wait_for(async {
        let mut boards = Vec::new();
        for _ in 0..GAMES {
            boards.push(door.make_board().await);
        }
        let watchers = Watchers::start(door, &boards, watchers);
        let kept = beside(&boards).await;
        let mut connection = Connection::open(door.address).await.unwrap();
        let mut seen = Vec::new();
        while !boards[0].is_over() {
            for board in &mut boards {
                seen.push(watchers.see_move(&mut connection, board).await);
                tokio::time::sleep(PAUSE).await;
            }
        }
        drop(kept);
        seen
    })
}

/// Sockets that ask for more than their connections hold, and read none of it.
async fn open_stuck(door: &Door, boards: &[Board], count: u32) -> Vec<Socket> {
    let mut sockets = Vec::new();
    for _ in 0..count {
        let path = Door::live_path(boards);
        let socket = Socket::open_narrow(door.address, &path, &door.live_headers()).await;
        let mut socket = socket.unwrap();
        for _ in 0..SUBSCRIPTIONS_UNREAD {
            let game = &boards[0].game;
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
        let start = find(answer.body, name).map_or(answer.body.len(), |at| at + name.len());
        let text = String::from_utf8_lossy(&answer.body[start..]);
        text.lines().next().unwrap_or("?").to_owned()
    })
}

fn door(place: &Place, server: &Process) -> Door {
    Door {
        address: address_of(server),
        key: format!("x-api-key: {}", place.key.expose()),
    }
}

/// The echo server, in a process of its own.
struct Echo {
    child: Child,
    address: SocketAddr,
}

impl Echo {
    fn start() -> Echo {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .env(ECHO, "1")
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let output = child.stdout.take().unwrap();
        BufReader::new(output).read_line(&mut line).unwrap();
        Echo {
            child,
            address: line.trim().parse().unwrap(),
        }
    }

    fn pid(&self) -> Pid {
        Pid::from_raw(i32::try_from(self.child.id()).unwrap())
    }
}

impl Drop for Echo {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Is the echo server until it is killed.
fn wait_for_echo() {
    actix_web::rt::System::new().block_on(async {
        let server = HttpServer::new(|| App::new().route("/", web::get().to(echo)))
            .bind("127.0.0.1:0")
            .unwrap();
        println!("{}", server.addrs()[0]);
        std::io::stdout().flush().unwrap();
        server.run().await.unwrap();
    });
}

async fn echo(request: HttpRequest, body: web::Payload) -> Result<HttpResponse, actix_web::Error> {
    let (response, mut session, mut messages) = actix_ws::handle(&request, body)?;
    actix_web::rt::spawn(async move {
        while let Some(Ok(message)) = messages.recv().await {
            let said = match message {
                actix_ws::Message::Text(text) => session.text(text).await,
                actix_ws::Message::Ping(payload) => session.pong(&payload).await,
                actix_ws::Message::Close(_) => break,
                _ => Ok(()),
            };
            if said.is_err() {
                break;
            }
        }
        let _ = session.close(None).await;
    });
    Ok(response)
}
