//! Games for unit tests: tic-tac-toe, with one player in both seats.

use std::sync::Arc;

use time::OffsetDateTime;
use uuid::Uuid;

use super::{History, Recorded};
use crate::game::{
    Actor, Creation, Entry, Event, GameId, Holder, Opponent, PlayerId, Seats, Visibility,
};
use crate::rules::{Json, Rulebook, Seat};

/// The event of `game` that makes `version`, at a position in the log.
pub(crate) fn recorded(game: GameId, version: u32, position: i64, event: Event) -> Arc<Recorded> {
    let book = Rulebook::built_in();
    Arc::new(Recorded {
        position,
        game_id: game,
        version,
        stage: "dev".parse().expect("the name of a stage"),
        rules: book.newest("tic-tac-toe").expect("built in").clone(),
        entry: Entry {
            event,
            at: OffsetDateTime::UNIX_EPOCH,
            actor: Actor::Player(PlayerId(Uuid::nil())),
            draws: Vec::new(),
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
