//! Games for unit tests: tic-tac-toe, with one player in both seats, and battleship, which hides
//! something, with two players.

use std::sync::Arc;

use serde_json::{Value, json};
use time::OffsetDateTime;
use uuid::Uuid;

use super::{History, Recorded};
use crate::game::{
    Actor, Creation, Entry, Event, GameId, Holder, Luck, Opponent, PlayerId, Seats, Visibility,
};
use crate::rules::{Json, Rulebook, Seat};

/// The event of `game` that makes `version`, at a position in the log.
pub(crate) fn recorded(game: GameId, version: u32, position: i64, event: Event) -> Arc<Recorded> {
    of_variant("tic-tac-toe", game, version, position, event)
}

fn of_variant(
    variant: &str,
    game: GameId,
    version: u32,
    position: i64,
    event: Event,
) -> Arc<Recorded> {
    let book = Rulebook::built_in();
    Arc::new(Recorded {
        position,
        game_id: game,
        version,
        stage: "dev".parse().expect("the name of a stage"),
        rules: book.newest(variant).expect("built in").clone(),
        entry: Entry {
            event,
            at: OffsetDateTime::UNIX_EPOCH,
            actor: Actor::Player(PlayerId(Uuid::nil())),
            luck: Luck::default(),
        },
    })
}

/// The creation of `game`.
pub(crate) fn created(game: GameId, position: i64) -> Arc<Recorded> {
    let creation = Creation {
        options: Json::empty_object(),
        seats: Seats::all(2, Holder::Player(PlayerId(Uuid::nil()))),
        visibility: Visibility::Unlisted,
        opponent: Opponent::Oneself,
    };
    recorded(game, 1, position, Event::GameCreated(creation))
}

/// X marks `cell`.
pub(crate) fn played(game: GameId, version: u32, position: i64, cell: i64) -> Arc<Recorded> {
    let event = Event::MovePlayed {
        seat: Seat::FIRST,
        played: Json::of(&cell),
        result: None,
    };
    recorded(game, version, position, event)
}

/// The history that `events` make.
pub(crate) fn history(events: Vec<Arc<Recorded>>) -> Arc<History> {
    let history = History::new(events).expect("a whole history");
    Arc::new(history.expect("a game"))
}

/// A game of battleship between two players, in which A has just placed its ships, one on each of
/// these cells and to the right of it.
pub(crate) fn ships_placed(
    game: GameId,
    players: [PlayerId; 2],
    visibility: Visibility,
    cells: [i64; 5],
) -> Arc<History> {
    let mut seats = Seats::all(2, Holder::Open);
    for (seat, player) in Seat::first(2).zip(players) {
        seats[seat] = Holder::Player(player);
    }
    let creation = Creation {
        options: Json::empty_object(),
        seats,
        visibility,
        opponent: Opponent::Invite,
    };
    let ships = [5, 4, 3, 3, 2].into_iter().zip(cells);
    let ships: Vec<Value> = ships
        .map(|(length, cell)| json!({"cell": cell, "length": length, "down": false}))
        .collect();
    let placed = Event::MovePlayed {
        seat: Seat::FIRST,
        played: Json::of(&json!({"place": ships})),
        result: None,
    };
    let event = |version, event| of_variant("battleship", game, version, version.into(), event);
    history(vec![
        event(1, Event::GameCreated(creation)),
        event(2, placed),
    ])
}
