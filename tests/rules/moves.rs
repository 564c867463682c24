//! What the events of play hold, and when a move is refused.

use turnkey::game::{Event, Holder, Opponent, Outcome, Refusal, Seats, Status, Visibility};
use turnkey::rules::{Ending, MoveRefusal, Seat, SeatSet};

use crate::scenario::{
    ANN, BOB, NEXT, Told, against_another, against_oneself, asked, cell, created, created_for,
    move_of, rules,
};

fn win_on(winner: Seat, line: [u8; 3]) -> Outcome {
    Ending::win(winner, "line")
        .with("line", line.to_vec())
        .into()
}

#[test]
fn a_creator_takes_the_seat_asked_for_and_the_other_stays_open() {
    for seat in [Seat::FIRST, Seat::SECOND] {
        let told = Told::begin(created(ANN, seat, Opponent::Invite), Opponent::Invite);
        let mut seats = Seats::all(2, Holder::Open);
        seats[seat] = Holder::Player(ANN);
        assert_eq!(told.game.seats, seats);
        assert!(told.game.has_free_seat());
        assert_eq!(told.game.status(), Status::Waiting);
        assert_eq!(told.game.version, 1);
        assert_eq!(told.game.rules, rules());
    }
}

#[test]
fn a_creation_keeps_what_was_asked_for() {
    for visibility in [Visibility::Unlisted, Visibility::Private] {
        for opponent in [Opponent::Invite, Opponent::Oneself] {
            let entry = created_for(ANN, Seat::FIRST, opponent, visibility);
            let game = Told::begin(entry, opponent).game;
            assert_eq!((game.visibility, game.opponent), (visibility, opponent));
        }
    }
}

#[test]
fn against_oneself_a_game_plays_at_once_and_one_player_moves_for_both() {
    let mut told = against_oneself("");
    assert_eq!(told.game.status(), Status::Playing);
    let movers: Vec<Seat> = ["X 0", "X 3", "X 1", "X 5"]
        .map(|step| match told.does(step) {
            Event::MovePlayed { seat, .. } => *seat,
            other => panic!("not a move: {other:?}"),
        })
        .into();
    assert_eq!(
        movers,
        [Seat::FIRST, Seat::SECOND, Seat::FIRST, Seat::SECOND]
    );
    assert_eq!(
        *told.does("X 2"),
        Event::MovePlayed {
            seat: Seat::FIRST,
            played: cell(2),
            result: Some(win_on(Seat::FIRST, [0, 1, 2])),
        }
    );
}

#[test]
fn joining_takes_the_open_seat_whichever_it_is() {
    let mut told = against_another("");
    assert_eq!(
        *told.does("O join"),
        Event::PlayerSeated {
            seat: Seat::SECOND,
            player: BOB
        }
    );
    let creation = created(ANN, Seat::SECOND, Opponent::Invite);
    let mut told = Told::begin(creation, Opponent::Invite);
    assert_eq!(
        *told.does("O join"),
        Event::PlayerSeated {
            seat: Seat::FIRST,
            player: BOB
        }
    );
    assert_eq!(told.game.turn.to_move.only(), Some(Seat::FIRST));
    assert_eq!(told.ask("X 4"), "not_your_turn");
    assert_eq!(told.ask("O 4"), "move_played");
}

#[test]
fn each_line_wins_for_each_seat() {
    let lines: [[u8; 3]; 8] = [
        [0, 1, 2],
        [3, 4, 5],
        [6, 7, 8],
        [0, 3, 6],
        [1, 4, 7],
        [2, 5, 8],
        [0, 4, 8],
        [2, 4, 6],
    ];
    for line in lines {
        let off = |number: &u8| !line.contains(number);
        let others: Vec<u8> = (0..9).filter(off).collect();
        for winner in [Seat::FIRST, Seat::SECOND] {
            let mut told = against_oneself("");
            let (mine, theirs): (Vec<u8>, Vec<u8>) = if winner == Seat::FIRST {
                (line.into(), others[..2].into())
            } else {
                // Three cells for X beside the line that are no line themselves.
                (no_line_in(&others, &lines), line.into())
            };
            let mut last = None;
            for turn in 0..5 + usize::from(winner == Seat::SECOND) {
                let number = [&mine, &theirs][turn % 2][turn / 2];
                last = Some(told.does(&format!("X {number}")).clone());
            }
            let Some(Event::MovePlayed { result, seat, .. }) = last else {
                panic!("the last event is a move");
            };
            assert_eq!((seat, result), (winner, Some(win_on(winner, line))));
            assert_eq!(told.game.status(), Status::Finished);
        }
    }
}

/// Three of `cells` that are not a line.
fn no_line_in(cells: &[u8], lines: &[[u8; 3]]) -> Vec<u8> {
    let mut threes = (0..cells.len() - 2).flat_map(|first| {
        let last = move |last| vec![cells[first], cells[first + 1], cells[last]];
        (first + 2..cells.len()).map(last)
    });
    threes
        .find(|three| !lines.iter().any(|line| line[..] == three[..]))
        .unwrap()
}

#[test]
fn the_ninth_mark_draws_unless_it_wins() {
    let drawn = against_another("O join, X 0, O 1, X 2, O 4, X 3, O 5, X 7, O 6, X 8");
    assert_eq!(drawn.game.result, Some(Ending::draw("full_board").into()));
    let won = against_another("O join, X 0, O 1, X 2, O 3, X 4, O 5, X 7, O 6, X 8");
    assert_eq!(won.game.result, Some(win_on(Seat::FIRST, [0, 4, 8])));
}

#[test]
fn a_marked_cell_is_refused_now_and_a_missing_one_forever() {
    let told = against_another("O join, X 4");
    let Err(Refusal::Move(MoveRefusal::NotNow { code, detail })) = told.decide("O 4") else {
        panic!("a marked cell was not refused");
    };
    assert_eq!(code, "cell_taken");
    assert!(detail.contains("cell 4"), "{detail}");
    for number in [-1, 9, 10, (1_i64 << 53) - 1] {
        let answer = told.decide(&format!("O {number}"));
        let Err(Refusal::Move(MoveRefusal::Never { detail })) = answer else {
            panic!("cell {number}: {answer:?}");
        };
        assert!(detail.contains(&number.to_string()), "{detail}");
    }
}

#[test]
fn resigning_gives_the_game_to_the_other_even_out_of_turn() {
    let seats = [
        ("X", Seat::FIRST, Seat::SECOND),
        ("O", Seat::SECOND, Seat::FIRST),
    ];
    for (who, seat, other) in seats {
        let mut told = against_another("O join, X 4");
        let result = Some(Outcome::resignation(SeatSet::one(other)));
        let event = Event::Resigned {
            seat,
            result: result.clone(),
        };
        assert_eq!(*told.does(&format!("{who} resign")), event);
        assert_eq!(told.game.result, result);
    }
}

#[test]
fn against_oneself_the_seat_to_move_resigns() {
    let mut told = against_oneself("X 4");
    let Event::Resigned { seat, .. } = told.does("X resign") else {
        panic!("not a resignation");
    };
    assert_eq!(*seat, Seat::SECOND);
}

#[test]
fn resigning_while_waiting_abandons_the_game() {
    let mut told = against_another("");
    assert_eq!(
        *told.does("X resign"),
        Event::Abandoned {
            result: Outcome::abandoned()
        }
    );
    assert_eq!(told.game.status(), Status::Finished);
    assert_eq!(told.game.turn.to_move, SeatSet::NONE);
}

#[test]
fn a_rematch_links_the_next_game_and_a_second_one_keeps_the_link() {
    let mut told = against_another("O join, X resign");
    let link = Event::RematchCreated { game: NEXT };
    assert_eq!(*told.does("X rematch"), link);
    assert_eq!(told.game.rematch, Some(NEXT));
    assert_eq!(told.game.status(), Status::Finished);
    assert_eq!(told.ask("O rematch"), "holds");
    assert_eq!(told.game.rematch, Some(NEXT));
}

#[test]
fn a_refusal_is_the_same_however_often_it_is_asked_for() {
    let told = against_another("O join, X 4");
    let ask = || asked(&told.game, BOB, move_of(&told.game, BOB, cell(4)));
    assert_eq!(ask(), ask());
}
