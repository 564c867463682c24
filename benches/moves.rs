//! Moves a second over HTTP, 64 games at once, beside plain inserts of one row each into the same
//! Postgres over as many connections: what it would take to store moves with no game around them.

#![allow(
    clippy::unwrap_used,
    reason = "a measurement that unwraps fails where it should"
)]

mod support;

use std::net::SocketAddr;
use std::time::Instant;

use serde_json::json;
use support::client::{self, Connection};
use support::place::{Place, address_of};
use support::report::{Series, Target, print};
use support::{parameter, wait_for};
use tokio::task::JoinSet;
use tokio_postgres::Client;
use uuid::Uuid;

/// A game that ends in a draw, so that every cell is played.
const CELLS: [u32; 9] = [0, 1, 2, 4, 3, 5, 7, 6, 8];

/// As wide as an event's row.
const TABLE: &str = "
    create table bench_row (
        id uuid, version int, stage text, type text, data jsonb, actor uuid,
        at timestamptz default clock_timestamp(), primary key (id, version)
    )";
const INSERT: &str = "
    insert into bench_row (id, version, stage, type, data, actor)
    values ($1, $2, 'dev', 'move_played', '{\"seat\":\"X\",\"move\":4}', $1)";

fn main() {
    let rounds = parameter("TURNKEY_BENCH_ROUNDS", 7);
    let games = parameter("TURNKEY_BENCH_GAMES", 64);
    let games_each = parameter("TURNKEY_BENCH_GAMES_EACH", 6);
    wait_for(run(rounds, games, games_each));
}

async fn run(rounds: u32, games: u32, games_each: u32) {
    let place = Place::make().await;
    let server = place.serve("moves");
    let header = format!("x-api-key: {}", place.key.expose());
    let mut players = Vec::new();
    let mut inserters = Vec::new();
    for _ in 0..games {
        players.push(Player::open(address_of(&server), &header).await);
        inserters.push(place.client().await);
    }
    inserters[0].batch_execute(TABLE).await.unwrap();
    let mut series = [
        Series::new("inserts of one row, prepared"),
        Series::new("moves over HTTP"),
    ];
    for round in 0..=rounds {
        let wanted = usize::try_from(games * games_each).unwrap() * CELLS.len();
        let prepared = prepare(players, games_each).await;
        let (inserted, moved);
        if round % 2 == 0 {
            (inserters, inserted) = insert(inserters, games_each).await;
            (players, moved) = play(prepared).await;
        } else {
            (players, moved) = play(prepared).await;
            (inserters, inserted) = insert(inserters, games_each).await;
        }
        // The first round warms up.
        if round > 0 {
            series[0].values.push(wanted as f64 / inserted);
            series[1].values.push(wanted as f64 / moved);
        }
    }
    let title = format!("{games} games at once: moves");
    print(&title, "a second", &series, Target::Open);
}

/// A connection, and who plays both seats over it.
struct Player {
    connection: Connection,
    header: String,
}

/// A player, and the moves that are to be sent one after the other.
type Prepared = (Player, Vec<Vec<u8>>);

impl Player {
    async fn open(address: SocketAddr, header: &str) -> Player {
        Player {
            connection: Connection::open(address).await.unwrap(),
            header: header.to_owned(),
        }
    }

    /// Makes a game and writes out its moves.
    async fn prepare(&mut self, requests: &mut Vec<Vec<u8>>) {
        let body = json!({"opponent": "self"});
        let create = client::request("POST", "/dev/game", &[&self.header], Some(&body));
        let created = self.connection.call_json(&create, 201).await;
        let token = created["player"]["token"].as_str().unwrap();
        let bearer = format!("authorization: Bearer {token}");
        for (version, cell) in (1..).zip(CELLS) {
            let game = &created["game"]["gameId"];
            let body = json!({"gameId": game, "move": cell, "version": version});
            let headers = [self.header.as_str(), bearer.as_str()];
            requests.push(client::request("PUT", "/dev/game", &headers, Some(&body)));
        }
    }
}

async fn prepare(players: Vec<Player>, games_each: u32) -> Vec<Prepared> {
    let mut preparing = JoinSet::new();
    for mut player in players {
        preparing.spawn(async move {
            let mut requests = Vec::new();
            for _ in 0..games_each {
                player.prepare(&mut requests).await;
            }
            (player, requests)
        });
    }
    preparing.join_all().await
}

/// All players at once; returns how many seconds it took.
async fn play(prepared: Vec<Prepared>) -> (Vec<Player>, f64) {
    let began = Instant::now();
    let mut playing = JoinSet::new();
    for (mut player, requests) in prepared {
        playing.spawn(async move {
            for request in &requests {
                let answer = player.connection.call(request).await.unwrap();
                let text = String::from_utf8_lossy(answer.body);
                assert_eq!(answer.status, 200, "{text}");
            }
            player
        });
    }
    let players = playing.join_all().await;
    (players, began.elapsed().as_secs_f64())
}

/// As many rows as there are moves; returns how many seconds it took.
async fn insert(clients: Vec<Client>, games_each: u32) -> (Vec<Client>, f64) {
    let mut statements = Vec::new();
    for client in &clients {
        statements.push(client.prepare(INSERT).await.unwrap());
    }
    let began = Instant::now();
    let mut inserting = JoinSet::new();
    for (client, statement) in clients.into_iter().zip(statements) {
        inserting.spawn(async move {
            for _ in 0..games_each {
                let id = Uuid::now_v7();
                for version in 1..=9_i32 {
                    client.execute(&statement, &[&id, &version]).await.unwrap();
                }
            }
            client
        });
    }
    let clients = inserting.join_all().await;
    (clients, began.elapsed().as_secs_f64())
}
