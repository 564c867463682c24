//! Valid and invalid histories.

use uuid::Uuid;

use super::*;
use crate::record::sample;
use crate::rules::{Json, Seat};

fn game(number: u128) -> GameId {
    GameId(Uuid::from_u128(number))
}

fn created() -> Arc<Recorded> {
    sample::created(game(1), 1)
}

fn played(number: u128, version: u32) -> Arc<Recorded> {
    sample::played(game(number), version, i64::from(version), 4)
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

#[test]
fn an_event_of_a_seat_that_the_game_does_not_have_is_no_part_of_it() {
    let stray = |event| sample::recorded(game(1), 2, 2, event);
    // A variant of six seats has this one, and a game of two does not.
    let seat = Seat::at(5).expect("a game can have so many seats");
    for event in [
        Event::SeatLeft { seat },
        Event::DrawOffered { seat },
        Event::Resigned { seat, result: None },
        Event::PlayerSeated {
            seat,
            player: PlayerId(Uuid::nil()),
        },
        Event::MovePlayed {
            seat,
            played: Json::of(&4),
            result: None,
        },
    ] {
        let history = History::new(vec![created()])
            .expect("whole")
            .expect("a game");
        assert_eq!(history.followed_by(stray(event.clone())), None);
        assert!(History::new(vec![created(), stray(event)]).is_err());
    }
}
