//! What is a history and what is none.

use uuid::Uuid;

use super::*;
use crate::game::variant::tic_tac_toe;
use crate::game::{Move, Opponent, Options, Seat, Variant, Visibility};

fn recorded(game: u128, version: u32, event: Event) -> Arc<Recorded> {
    Arc::new(Recorded {
        position: i64::from(version),
        game_id: GameId(Uuid::from_u128(game)),
        version,
        stage: "dev".parse().expect("the name of a stage"),
        rules: Rules::newest(Variant::TicTacToe),
        event,
        actor: PlayerId(Uuid::nil()),
        at: OffsetDateTime::UNIX_EPOCH,
    })
}

fn created() -> Arc<Recorded> {
    let options = Options::TicTacToe(tic_tac_toe::Options {});
    let player = PlayerId(Uuid::nil());
    let event = game::create(
        player,
        Seat::First,
        options,
        Visibility::Unlisted,
        Opponent::Oneself,
    );
    recorded(1, 1, event)
}

fn played(game: u128, version: u32) -> Arc<Recorded> {
    let event = Event::MovePlayed {
        seat: Seat::First,
        played: Move::TicTacToe(tic_tac_toe::Move(4)),
        result: None,
    };
    recorded(game, version, event)
}

#[test]
fn versions_are_dense_from_1() {
    assert_eq!(History::new(Vec::new()).expect("nothing"), None);
    for events in [
        vec![played(1, 2)],
        vec![created(), played(1, 3)],
        vec![created(), created()],
        vec![played(1, 1)],
    ] {
        assert!(History::new(events).is_err());
    }
}

#[test]
fn only_what_comes_next_carries_a_history_on() {
    let history = History::new(vec![created()])
        .expect("a whole history")
        .expect("a game");
    for other in [played(1, 1), played(1, 3), played(2, 2)] {
        assert_eq!(history.followed_by(other), None);
    }
    let next = history.followed_by(played(1, 2)).expect("what comes next");
    assert_eq!((next.version(), next.events().len()), (2, 2));
    assert_eq!(next.at(1), Some(history));
    assert_eq!(next.at(3), None);
    assert_eq!(next.at(0), None);
    assert_eq!(next.after(1), [played(1, 2)]);
    assert_eq!(next.after(2), []);
}
