//! Computes the rows of one game from its history. The projector writes them; checks and restores compare
//! with them.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::game::PlayerId;
use crate::record::{History, codec};
use crate::rules::Viewer;
use crate::store::projection::{BoardRow, MyGameRow};

/// The game's row on the board: what a spectator may see, for good.
pub fn board(history: &History) -> BoardRow {
    let game = history.game();
    let rules = &game.rules;
    let board = game.position.as_ref();
    BoardRow {
        game_id: history.game_id().0,
        stage: history.stage().to_string(),
        variant: rules.id.variant.to_string(),
        rules: i16::try_from(rules.id.version).unwrap_or(i16::MAX),
        version: i32::try_from(game.version).unwrap_or(i32::MAX),
        status: game.status().name().into(),
        turn: game
            .turn
            .to_move
            .only()
            .map(|seat| rules.seat_name(seat).into()),
        board: board.map_or(Value::Null, |board| rules.show(board, Viewer::Spectator)),
        seats: game
            .seats
            .iter()
            .map(|(seat, holder)| (rules.seat_name(seat).to_owned(), json!(holder.player())))
            .collect::<Value>(),
        result: game
            .result
            .as_ref()
            .map(|result| codec::outcome(rules, result)),
        position: history.last().position,
        created_at: history.created_at(),
        updated_at: history.updated_at(),
    }
}

/// A row for each player of the game: one row if a player has both seats.
pub fn my_games(history: &History) -> Vec<MyGameRow> {
    let game = history.game();
    let players: BTreeSet<PlayerId> = game.players().collect();
    players
        .into_iter()
        .map(|player| MyGameRow {
            player_id: player.0,
            game_id: history.game_id().0,
            stage: history.stage().to_string(),
            status: game.status().name().into(),
            my_turn: !game.turn.to_move.and(game.seats_of(player)).is_empty(),
            position: history.last().position,
            updated_at: history.updated_at(),
        })
        .collect()
}
