//! The rows of one game, computed from its history. The projector writes them; checks and restores
//! compare with them.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::game::PlayerId;
use crate::store::projection::{BoardRow, MyGameRow};
use crate::store::{History, codec};

/// The game as it stands on the board.
pub fn board(history: &History) -> BoardRow {
    let game = history.game();
    let variant = game.rules.variant;
    BoardRow {
        game_id: history.game_id().0,
        stage: history.stage().to_string(),
        variant: variant.id().into(),
        rules: i16::try_from(game.rules.version).unwrap_or(i16::MAX),
        version: i32::try_from(game.version).unwrap_or(i32::MAX),
        status: game.status().name().into(),
        turn: game.turn().map(|seat| variant.seat_name(seat).into()),
        board: json!(game.position),
        seats: game
            .seats
            .iter()
            .map(|(seat, player)| (variant.seat_name(seat).to_owned(), json!(player)))
            .collect::<Value>(),
        result: game
            .result
            .as_ref()
            .map(|result| codec::outcome(variant, result)),
        position: history.last().position,
        created_at: history.created_at(),
        updated_at: history.updated_at(),
    }
}

/// A row for each player at the board: one where a player holds both seats.
pub fn my_games(history: &History) -> Vec<MyGameRow> {
    let game = history.game();
    let players: BTreeSet<PlayerId> = game
        .seats
        .iter()
        .filter_map(|(_, player)| *player)
        .collect();
    players
        .into_iter()
        .map(|player| MyGameRow {
            player_id: player.0,
            game_id: history.game_id().0,
            stage: history.stage().to_string(),
            status: game.status().name().into(),
            my_turn: game
                .turn()
                .is_some_and(|seat| game.seats[seat] == Some(player)),
            position: history.last().position,
            updated_at: history.updated_at(),
        })
        .collect()
}
