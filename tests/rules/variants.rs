//! The forms that clients meet: variants, seats, options, moves, boards and results as JSON.

use serde_json::{Map, Value, json};
use turnkey::record::codec;
use turnkey::rules::{Json, Rulebook, RulesId, Seat, Viewer};

use crate::scenario::{against_another, cell, rules};

#[test]
fn rules_are_found_by_the_variant_and_version_that_they_show() {
    let book = Rulebook::built_in();
    for rules in book.iter() {
        assert_eq!(book.find(&rules.id), Some(rules));
    }
    for variant in book.variants() {
        let newest = book.newest(variant).unwrap();
        for version in [0, newest.id.version + 1] {
            let unknown = RulesId {
                variant: variant.into(),
                version,
            };
            assert_eq!(book.find(&unknown), None, "{unknown}");
        }
        let versions = book.versions(variant).map(|rules| rules.id.version);
        assert!(versions.is_sorted());
        assert_eq!(book.newest_versions()[variant], newest.id.version);
    }
    for unknown in ["", "chess", "Tic-Tac-Toe", "tic-tac-toe "] {
        assert_eq!(book.newest(unknown), None, "{unknown:?}");
    }
}

#[test]
fn a_seat_is_found_by_the_name_it_shows() {
    let rules = rules();
    assert_eq!(rules.seat_called("X"), Some(Seat::FIRST));
    assert_eq!(rules.seat_called("O"), Some(Seat::SECOND));
    for unknown in ["", "x", "0", "XO", "first"] {
        assert_eq!(rules.seat_called(unknown), None, "{unknown:?}");
    }
}

#[test]
fn a_move_is_any_integer_and_nothing_else() {
    let rules = rules();
    let most = (1_i64 << 53) - 1;
    for number in [-1, 0, 8, 9, most, -most] {
        assert_eq!(rules.read_move(&json!(number)), Ok(cell(number)));
    }
    // JSON has one kind of number.
    assert_eq!(rules.read_move(&json!(4.0)), Ok(cell(4)));
    for odd in [
        json!("4"),
        json!(null),
        json!(true),
        json!([4]),
        json!({"cell": 4}),
    ] {
        let error = rules.read_move(&odd).unwrap_err();
        assert!(error.to_string().contains("0 to 8"), "{odd}: {error}");
    }
    for number in [
        json!(0.5),
        json!(u64::MAX),
        json!(i64::MAX),
        json!(most + 1),
    ] {
        let error = rules.read_move(&number).unwrap_err();
        assert!(error.to_string().contains("9007199254740991"), "{error}");
    }
}

#[test]
fn there_is_no_option_to_choose() {
    let rules = rules();
    assert_eq!(rules.read_options(&Map::new()), Ok(Json::empty_object()));
    let options = Map::from_iter([("size".to_owned(), Value::from(4))]);
    let error = rules.read_options(&options).unwrap_err();
    assert!(error.to_string().contains("\"size\""), "{error}");
}

#[test]
fn the_board_is_row_major_and_names_the_seats() {
    let game = against_another("O join, X 0, O 4, X 8").game;
    let board = game.rules.show(&game.position.unwrap(), Viewer::Spectator);
    let cells = json!(["X", null, null, null, "O", null, null, null, "X"]);
    assert_eq!(board, json!({"rows": 3, "columns": 3, "cells": cells}));
    assert_eq!(game.options, Json::empty_object());
    assert_eq!(game.last_move.unwrap().played, cell(8));
}

#[test]
fn endings_show_how_the_game_ended() {
    let shown = |steps| {
        let game = against_another(steps).game;
        codec::outcome(&game.rules, &game.result.unwrap())
    };
    assert_eq!(
        shown("O join, X 0, O 3, X 4, O 5, X 8"),
        json!({"outcome": "win", "winner": "X", "by": "line", "line": [0, 4, 8]})
    );
    assert_eq!(
        shown("O join, X 0, O 1, X 2, O 4, X 3, O 5, X 7, O 6, X 8"),
        json!({"outcome": "draw", "by": "full_board"})
    );
    assert_eq!(
        shown("O join, X 0, O resign"),
        json!({"outcome": "win", "winner": "X", "by": "resignation"})
    );
    assert_eq!(
        shown("O join, X draw, O draw"),
        json!({"outcome": "draw", "by": "agreement"})
    );
    assert_eq!(
        shown("X resign"),
        json!({"outcome": "none", "by": "abandoned"})
    );
}
