//! The forms that clients meet: variants, seats, options, moves, boards and results as JSON.

use serde_json::{Map, Value, json};
use turnkey::game::{DrawBy, Outcome, Rules, Seat, Variant, WinBy};

use crate::scenario::{against_another, cell};

#[test]
fn a_variant_is_found_by_the_id_it_shows() {
    for variant in Variant::ALL {
        assert_eq!(Variant::parse(variant.id()), Some(variant));
    }
    for unknown in ["", "chess", "Tic-Tac-Toe", "tic-tac-toe "] {
        assert_eq!(Variant::parse(unknown), None, "{unknown:?}");
    }
}

#[test]
fn a_seat_is_found_by_the_name_it_shows() {
    let variant = Variant::TicTacToe;
    assert_eq!(variant.parse_seat("X"), Some(Seat::First));
    assert_eq!(variant.parse_seat("O"), Some(Seat::Second));
    for unknown in ["", "x", "0", "XO", "first"] {
        assert_eq!(variant.parse_seat(unknown), None, "{unknown:?}");
    }
}

#[test]
fn rules_that_a_build_does_not_know_are_not_guessed() {
    for variant in Variant::ALL {
        let newest = Rules::newest(variant);
        assert_eq!(Rules::known(variant, newest.version), Some(newest));
        assert_eq!(Rules::known(variant, 0), None);
        assert_eq!(Rules::known(variant, newest.version + 1), None);
        assert!(variant.rules_versions().is_sorted());
    }
}

#[test]
fn a_move_is_any_integer_and_nothing_else() {
    let variant = Variant::TicTacToe;
    for number in [-1, 0, 8, 9, i64::MAX] {
        assert_eq!(variant.parse_move(&json!(number)), Ok(cell(number)));
    }
    // JSON has one kind of number.
    assert_eq!(variant.parse_move(&json!(4.0)), Ok(cell(4)));
    for odd in [
        json!(0.5),
        json!("4"),
        json!(null),
        json!(true),
        json!([4]),
        json!({"cell": 4}),
        json!(u64::MAX),
    ] {
        let error = variant.parse_move(&odd).unwrap_err();
        assert!(error.to_string().contains("0 to 8"), "{odd}: {error}");
    }
}

#[test]
fn there_is_no_option_to_choose() {
    let variant = Variant::TicTacToe;
    assert!(variant.parse_options(&Map::new()).is_ok());
    let options = Map::from_iter([("size".to_owned(), Value::from(4))]);
    let error = variant.parse_options(&options).unwrap_err();
    assert!(error.to_string().contains("\"size\""), "{error}");
}

#[test]
fn the_board_is_row_major_and_names_the_seats() {
    let game = against_another("O join, X 0, O 4, X 8").game;
    assert_eq!(
        serde_json::to_string(&game.position).unwrap(),
        r#"{"rows":3,"columns":3,"cells":["X",null,null,null,"O",null,null,null,"X"]}"#
    );
    assert_eq!(serde_json::to_value(game.options).unwrap(), json!({}));
    let last = game.last_move.unwrap();
    assert_eq!(serde_json::to_value(last.played).unwrap(), json!(8));
}

#[test]
fn wins_and_draws_of_the_board_read_back_as_they_were_written() {
    let variant = Variant::TicTacToe;
    let won = against_another("O join, X 0, O 3, X 4, O 5, X 8").game;
    let Some(Outcome::Win {
        by: WinBy::Board(win),
        ..
    }) = won.result
    else {
        panic!("X won on the board");
    };
    let written = serde_json::to_value(win).unwrap();
    assert_eq!(written, json!({"by": "line", "line": [0, 4, 8]}));
    assert_eq!(variant.parse_win(written), Ok(win));

    let full = against_another("O join, X 0, O 1, X 2, O 4, X 3, O 5, X 7, O 6, X 8").game;
    let Some(Outcome::Draw {
        by: DrawBy::Board(draw),
    }) = full.result
    else {
        panic!("the board filled up");
    };
    let written = serde_json::to_value(draw).unwrap();
    assert_eq!(written, json!({"by": "full_board"}));
    assert_eq!(variant.parse_draw(written), Ok(draw));
    for odd in [json!({"by": "magic"}), json!({}), json!(null)] {
        assert!(variant.parse_win(odd.clone()).is_err(), "{odd}");
        assert!(variant.parse_draw(odd.clone()).is_err(), "{odd}");
    }
}
