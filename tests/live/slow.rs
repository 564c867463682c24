//! A client that does not read is given up, and disturbs nobody.

use std::collections::HashMap;

use serde_json::Value;
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::Instant;
use tokio_tungstenite::tungstenite::Error;
use tokio_tungstenite::tungstenite::handshake::client::Request;
use tokio_tungstenite::{MaybeTlsStream, client_async};

use crate::support::server::TestServer;
use crate::world::{PATIENCE, Socket, Table, World, open};

/// More updates than fit between a server and a client that does not read.
const GAMES: usize = 8;
const EVENTS_EACH: usize = 44;

/// A socket whose own buffer is small, so that what it does not read stays with the server.
async fn open_narrow(world: &World, request: Request) -> Socket {
    let address = world.server.base.trim_start_matches("http://");
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
    let stream: TcpStream = socket.connect(address.parse().unwrap()).await.unwrap();
    let stream = MaybeTlsStream::Plain(stream);
    let (stream, _) = client_async(request, stream).await.unwrap();
    Socket {
        stream,
        hello: Value::Null,
    }
}

async fn tables(world: &World) -> Vec<Table> {
    let mut tables = Vec::new();
    for _ in 0..GAMES {
        tables.push(world.table().await);
    }
    tables
}

fn query(tables: &[Table]) -> String {
    let games: Vec<String> = tables
        .iter()
        .map(|table| format!("game={}", table.game))
        .collect();
    games.join("&")
}

#[tokio::test(flavor = "multi_thread")]
async fn who_reads_nothing_is_given_up_and_others_hear_everything() {
    let server = TestServer::start_with(|options| options.max_sockets = Some("2".into())).await;
    let world = World::of(server);
    let mut tables = tables(&world).await;
    let query = query(&tables);
    let mut reader = world.connect(&query).await;
    reader.many(2 * GAMES).await;
    let sleeper = open_narrow(&world, world.request(&query)).await;
    assert!(matches!(open(world.request("")).await, Err(Error::Http(_))));
    for table in &mut tables {
        for _ in 0..EVENTS_EACH {
            world.advance(table).await;
            let update = format!("update {}", table.version);
            assert_eq!(reader.next_in_short().await, update);
        }
    }
    // Its place is free as soon as its connection is gone.
    let deadline = Instant::now() + PATIENCE;
    while open(world.request("")).await.is_err() {
        assert!(Instant::now() < deadline, "the sleeper keeps its place");
    }
    reader.settled().await;
    drop(sleeper);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_reads_late_misses_nothing_that_no_snapshot_stands_for() {
    let world = World::start().await;
    let mut tables = tables(&world).await;
    let mut sleeper = open_narrow(&world, world.request(&query(&tables))).await;
    for table in &mut tables {
        for _ in 0..EVENTS_EACH {
            world.advance(table).await;
        }
    }
    let mut versions: HashMap<String, u64> = HashMap::new();
    let complete = |versions: &HashMap<String, u64>| {
        tables
            .iter()
            .all(|table| versions.get(&table.game) == Some(&u64::from(table.version)))
    };
    while !complete(&versions) {
        let frame = match sleeper.next_or_close().await {
            Ok(frame) => frame,
            // Given up: it resumes on a new socket from the versions that it has.
            Err(code) => return assert!(matches!(code, Some(1013) | None), "{code:?}"),
        };
        let Some(game) = frame["gameId"].as_str() else {
            continue;
        };
        let version = frame["version"].as_u64().unwrap();
        let known = versions.insert(game.to_owned(), version);
        match frame["type"].as_str().unwrap() {
            "update" => assert_eq!(known, Some(version - 1), "{frame}"),
            "subscribed" => assert_eq!(known, Some(version)),
            "snapshot" => assert!(known <= Some(version)),
            other => panic!("{other}"),
        }
    }
}
