//! Clients that mean harm, many at once. Nobody who plays or watches is disturbed by them, and
//! nothing of them stays.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};

use crate::metrics::metrics;
use crate::world::{PATIENCE, Socket, Table, World};

const READERS: usize = 10;
/// Attackers of each kind.
const EACH: usize = 8;
const MOVES: u32 = 40;
/// What readers take milliseconds for, on a machine that does much else.
const PROMPTLY: Duration = Duration::from_secs(10);
/// How long an attacker stays at one connection.
const AT_IT: Duration = Duration::from_secs(2);
/// How long a request's head may take is 10 s.
const HEAD_IS_LATE: Duration = Duration::from_secs(60);

/// The bits of a frame's first byte.
const LAST: u8 = 0x80;
const TEXT: u8 = 1;
const PING: u8 = 9;

/// A way of doing harm: what is sent first, and then again and again.
struct Kind {
    name: &'static str,
    shakes_hands: bool,
    first: Vec<u8>,
    again: Vec<u8>,
    pause: Duration,
}

fn kinds() -> Vec<Kind> {
    let slowly = Duration::from_secs(1);
    let fast = Duration::from_millis(2);
    let kind = |name, shakes_hands, first: &[u8], again: Vec<u8>, pause| Kind {
        name,
        shakes_hands,
        first: first.to_vec(),
        again,
        pause,
    };
    let announced = |length: u64| {
        let mut header = vec![LAST | TEXT, 0x80 | 127];
        header.extend(length.to_be_bytes());
        header.extend([0; 4]);
        header
    };
    let masked = |first: u8, payload: &[u8]| frame(first, payload).repeat(50);
    vec![
        kind("no word", false, b"", Vec::new(), slowly),
        kind(
            "a head by the byte",
            false,
            b"GET /live HTTP/1.1\r\nx: ",
            b"x".to_vec(),
            slowly,
        ),
        kind("no word after the handshake", true, b"", Vec::new(), slowly),
        kind(
            "a frame by the byte",
            true,
            &announced(4000),
            b"x".to_vec(),
            slowly,
        ),
        kind(
            "a frame without end",
            true,
            &announced(1 << 40),
            vec![b'x'; 4096],
            fast,
        ),
        kind("pings", true, b"", masked(LAST | PING, b"ping"), fast),
        kind("pings in fragments", true, b"", masked(PING, b"ping"), fast),
        kind(
            "fragments without end",
            true,
            &frame(TEXT, b"x"),
            masked(0, b"x"),
            fast,
        ),
        kind(
            "empty fragments without end",
            true,
            &frame(TEXT, b""),
            masked(0, b""),
            fast,
        ),
    ]
}

/// A short frame, masked with zeros.
fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let length = u8::try_from(payload.len()).unwrap();
    let mut bytes = vec![first, 0x80 | length, 0, 0, 0, 0];
    bytes.extend(payload);
    bytes
}

/// Who is at it, until this is dropped.
struct Attack {
    /// How many connections each kind has begun.
    begun: Vec<(&'static str, Arc<AtomicUsize>)>,
    _attackers: JoinSet<()>,
}

impl Attack {
    fn begin(world: &World) -> Attack {
        let mut attack = Attack {
            begun: Vec::new(),
            _attackers: JoinSet::new(),
        };
        for kind in kinds().into_iter().map(Arc::new) {
            let begun = Arc::new(AtomicUsize::new(0));
            attack.begun.push((kind.name, begun.clone()));
            for _ in 0..EACH {
                let (address, key) = (address(world), world.server.key.clone());
                let (kind, begun) = (kind.clone(), begun.clone());
                attack._attackers.spawn(async move {
                    loop {
                        let mut stream = connect(&address).await;
                        if kind.shakes_hands {
                            shake_hands(&mut stream, &key).await;
                        }
                        begun.fetch_add(1, Ordering::SeqCst);
                        timeout(AT_IT, harm(&mut stream, &kind)).await.ok();
                    }
                });
            }
        }
        attack
    }

    /// Waits until each kind has begun so often.
    async fn has_begun(&self, times: usize) {
        for (name, begun) in &self.begun {
            let end = Instant::now() + PATIENCE;
            while begun.load(Ordering::SeqCst) < times {
                assert!(Instant::now() < end, "{name} has not begun");
                sleep(Duration::from_millis(5)).await;
            }
        }
    }
}

fn address(world: &World) -> String {
    world.server.base.trim_start_matches("http://").to_owned()
}

async fn connect(address: &str) -> TcpStream {
    TcpStream::connect(address).await.unwrap()
}

async fn shake_hands(stream: &mut TcpStream, key: &str) {
    let request = format!(
        "GET /live HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\n\
         sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
         sec-websocket-protocol: turnkey.v1\r\nx-api-key: {key}\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut head = Vec::new();
    while !head.windows(4).any(|window| window == b"\r\n\r\n") {
        let read = stream.read_buf(&mut head).await.unwrap();
        assert!(read > 0, "closed in the handshake");
    }
    assert!(head.starts_with(b"HTTP/1.1 101"), "{head:?}");
}

/// A socket whose peer never says a word.
pub async fn connect_silently(world: &World) -> TcpStream {
    let mut stream = connect(&address(world)).await;
    shake_hands(&mut stream, &world.server.key).await;
    stream
}

/// Until the server has enough of it.
async fn harm(stream: &mut TcpStream, kind: &Kind) {
    let mut sent = stream.write_all(&kind.first).await;
    while sent.is_ok() {
        sleep(kind.pause).await;
        sent = stream.write_all(&kind.again).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_clients_disturb_nobody_and_leave_nothing() {
    let world = World::start().await;
    let mut table = world.table().await;
    let query = format!("game={}", table.game);
    let mut readers = Vec::new();
    for _ in 0..READERS {
        let mut reader = world.connect(&query).await;
        assert_eq!(reader.many(2).await, ["snapshot 2", "subscribed 2"]);
        readers.push(reader);
    }
    let attack = Attack::begin(&world);
    attack.has_begun(EACH).await;
    for _ in 0..MOVES {
        hear_a_move(&world, &mut table, &mut readers).await;
    }
    // They were at it all the time, each anew.
    attack.has_begun(2 * EACH).await;
    hear_a_move(&world, &mut table, &mut readers).await;

    drop(attack);
    let end = Instant::now() + PATIENCE;
    while metrics(&world).await["live_sockets"] != READERS as f64 {
        assert!(Instant::now() < end, "the attackers' sockets must go");
        sleep(Duration::from_millis(20)).await;
    }
    let metrics = metrics(&world).await;
    for reason in ["limit", "protocol"] {
        let drops = metrics[&format!("live_drops_total{{reason=\"{reason}\"}}")];
        assert!(drops >= EACH as f64, "{reason}");
    }
    for reader in &mut readers {
        reader.settled().await;
    }
}

async fn hear_a_move(world: &World, table: &mut Table, readers: &mut [Socket]) {
    let made = Instant::now();
    world.advance(table).await;
    for reader in readers {
        assert_eq!(
            reader.next_in_short().await,
            format!("update {}", table.version)
        );
    }
    assert!(made.elapsed() < PROMPTLY, "{:?}", made.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn who_does_not_finish_a_request_is_let_go() {
    let world = World::start().await;
    let mut waiting = JoinSet::new();
    for kind in kinds().into_iter().filter(|kind| !kind.shakes_hands) {
        let mut stream = connect(&address(&world)).await;
        waiting.spawn(async move {
            let (mut reader, mut writer) = stream.split();
            let mut answer = Vec::new();
            let read = async { reader.read_to_end(&mut answer).await };
            let write = async {
                let mut sent = writer.write_all(&kind.first).await;
                while sent.is_ok() {
                    sleep(kind.pause).await;
                    sent = writer.write_all(&kind.again).await;
                }
                std::future::pending().await
            };
            let ended = async {
                tokio::select! {
                    ended = read => ended.map(|_| ()),
                    never = write => never,
                }
            };
            timeout(HEAD_IS_LATE, ended).await.expect(kind.name).ok();
        });
    }
    waiting.join_all().await;
}
