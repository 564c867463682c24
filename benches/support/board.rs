//! A game in which one player holds both seats, and the moves in it.

use std::time::Instant;

use serde_json::json;

use super::client::{self, Connection};
use super::place::Door;

/// A game that ends in a draw, so that every cell is played.
const CELLS: [u32; 9] = [0, 1, 2, 4, 3, 5, 7, 6, 8];

pub struct Board {
    pub game: String,
    bearer: String,
    moved: usize,
}

impl Board {
    pub async fn make(door: &Door, connection: &mut Connection) -> Board {
        let body = json!({"opponent": "self"});
        let create = client::request("POST", "/dev/game", &[&door.key], Some(&body));
        let created = connection.call_json(&create, 201).await;
        let token = created["player"]["token"].as_str().unwrap();
        Board {
            game: created["game"]["gameId"].as_str().unwrap().to_owned(),
            bearer: format!("authorization: Bearer {token}"),
            moved: 0,
        }
    }

    pub async fn make_many(door: &Door, connection: &mut Connection, count: u32) -> Vec<Board> {
        let mut boards = Vec::new();
        for _ in 0..count {
            boards.push(Board::make(door, connection).await);
        }
        boards
    }

    /// Makes the next move; when it was sent.
    pub async fn advance(&mut self, door: &Door, connection: &mut Connection) -> Instant {
        let cell = CELLS[self.moved];
        self.moved += 1;
        let body = json!({"gameId": self.game, "move": cell, "version": self.moved});
        let headers = [door.key.as_str(), &self.bearer];
        let request = client::request("PUT", "/dev/game", &headers, Some(&body));
        let sent = Instant::now();
        connection.call_json(&request, 200).await;
        sent
    }
}
