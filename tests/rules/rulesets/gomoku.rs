//! Gomoku beside a slow second program: it keeps a list of stones, and after each move looks for
//! rows from every cell of the board.

use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use serde_json::{Value, json};
use turnkey::rules::{
    Chance, Ending, MoveRefusal, Played, Position, Rulebook, Rules, RulesId, Seat, SeatSet, Viewer,
};

#[derive(Clone, Copy, Debug)]
struct Size {
    rows: i64,
    columns: i64,
    in_a_row: i64,
}

fn rules(version: u16) -> Rules {
    let id = RulesId {
        variant: "gomoku".into(),
        version,
    };
    Rulebook::built_in().find(&id).unwrap().clone()
}

fn start(rules: &Rules, size: Size) -> Position {
    let options = json!({"rows": size.rows, "columns": size.columns, "inARow": size.in_a_row});
    let options = rules.read_options(options.as_object().unwrap()).unwrap();
    rules.start(&options, &mut Chance::none())
}

fn play(rules: &Rules, position: &Position, cell: i64) -> Result<Played, MoveRefusal> {
    let seat = rules.to_move(position).only().unwrap();
    let read = rules.read_move(&json!(cell)).unwrap();
    rules.play(position, seat, &read, &mut Chance::none())
}

/// The cells in the order in which they were taken; black has the first.
#[derive(Default)]
struct Slow {
    taken: Vec<i64>,
}

impl Slow {
    fn holder(&self, cell: i64) -> Option<usize> {
        let place = self.taken.iter().position(|&taken| taken == cell);
        place.map(|place| place % 2)
    }

    /// Every row of one colour that cannot be made longer.
    fn longest_rows(&self, size: Size) -> Vec<(usize, Vec<i64>)> {
        let at = |row: i64, column: i64| {
            let inside = (0..size.rows).contains(&row) && (0..size.columns).contains(&column);
            inside.then(|| row * size.columns + column)
        };
        let holds =
            |cell: Option<i64>, who| cell.is_some_and(|cell| self.holder(cell) == Some(who));
        let mut found = Vec::new();
        for who in [0, 1] {
            for (row, column) in
                (0..size.rows).flat_map(|row| (0..size.columns).map(move |c| (row, c)))
            {
                for (down, right) in [(0, 1), (1, 0), (1, 1), (1, -1)] {
                    if holds(at(row - down, column - right), who) {
                        continue;
                    }
                    let cells = (0..).map(|step| at(row + step * down, column + step * right));
                    let line = cells.take_while(|&cell| holds(cell, who)).flatten();
                    found.push((who, line.collect()));
                }
            }
        }
        found
    }

    fn text(&self, size: Size) -> String {
        let cells = 0..size.rows * size.columns;
        cells
            .map(|cell| self.holder(cell).map_or('.', |who| ['b', 'w'][who]))
            .collect()
    }
}

fn agrees_on_the_end(slow: &Slow, size: Size, version: u16, ending: Option<&Ending>) {
    let wins = |length: i64| match version {
        1 => length >= size.in_a_row,
        _ => length == size.in_a_row,
    };
    let mut rows = slow.longest_rows(size);
    rows.retain(|(_, row)| wins(row.len() as i64));
    let full = slow.taken.len() as i64 == size.rows * size.columns;
    let Some(ending) = ending else {
        assert_eq!(rows, []);
        assert!(!full, "a full board ends the game");
        return;
    };
    if ending.by == "full_board" {
        assert_eq!((rows, full), (vec![], true));
        assert_eq!(ending.winners, SeatSet::NONE);
        return;
    }
    let winner = ending.winners.only().unwrap().index();
    let line: Vec<i64> = serde_json::from_value(ending.detail["line"].clone()).unwrap();
    assert_eq!(ending.by, "line");
    assert!(
        rows.contains(&(winner, line)),
        "{ending:?} is none of {rows:?}"
    );
    assert!(rows.iter().all(|&(who, _)| who == winner));
}

fn agrees(version: u16, size: Size, cells: &[i64]) {
    let rules = rules(version);
    let mut position = start(&rules, size);
    let mut slow = Slow::default();
    let all = size.rows * size.columns;
    for &cell in cells {
        match play(&rules, &position, cell) {
            Ok(played) => {
                assert!((0..all).contains(&cell) && slow.holder(cell).is_none());
                slow.taken.push(cell);
                agrees_on_the_end(&slow, size, version, played.ending.as_ref());
                position = played.position;
                let board = json!({"rows": size.rows, "columns": size.columns,
                                   "cells": slow.text(size)});
                assert_eq!(rules.show(&position, Viewer::Spectator), board);
                if played.ending.is_some() {
                    return;
                }
            }
            Err(MoveRefusal::NotNow { code, .. }) => {
                assert_eq!(code, "cell_taken");
                assert!(slow.holder(cell).is_some());
            }
            Err(MoveRefusal::Never { .. }) => assert!(!(0..all).contains(&cell)),
        }
        let seat = rules.to_move(&position).only().unwrap();
        assert_eq!(Some(seat), Seat::at(slow.taken.len() % 2));
        let listed = rules.legal_moves(&position, seat);
        let listed = listed.map(|moves| moves.into_iter().map(|one| one.into_value()).collect());
        let empty = (0..all).filter(|&cell| slow.holder(cell).is_none());
        let empty: Option<Vec<Value>> = (all <= 100).then(|| empty.map(Value::from).collect());
        assert_eq!(listed, empty);
    }
}

/// Boards on which random games end in rows, overlines and full boards, and cells to try.
fn games() -> impl Strategy<Value = (Size, Vec<i64>)> {
    let sizes = prop_oneof![4 => (5..=7_i64, 5..=7_i64), 1 => (5..=19_i64, 5..=19_i64)];
    (sizes, 4..=6_i64).prop_flat_map(|((rows, columns), most)| {
        let size = Size {
            rows,
            columns,
            in_a_row: most.min(rows.max(columns)),
        };
        let all = rows * columns;
        let cells = proptest::collection::vec(-1..=all, 0..4 * all as usize);
        (Just(size), cells)
    })
}

fn config() -> ProptestConfig {
    let mut config = ProptestConfig {
        cases: 64,
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    if config.rng_seed == RngSeed::Random {
        config.rng_seed = RngSeed::Fixed(0x7075_6b6e);
    }
    config
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn random_games_go_as_the_slow_program_says((size, cells) in games()) {
        for version in [1, 2] {
            agrees(version, size, &cells);
        }
    }
}

/// Black takes `black` in this order, white stones that never make a row.
fn black_plays(version: u16, size: Size, black: &[i64]) -> Option<Value> {
    let white = [180, 182, 184, 186, 188, 190, 192, 194, 210, 212, 214];
    let rules = rules(version);
    let mut position = start(&rules, size);
    let mut moves: Vec<i64> = black.iter().zip(white).flat_map(|(&b, w)| [b, w]).collect();
    // Black has the last word.
    moves.pop();
    for (number, &cell) in moves.iter().enumerate() {
        let played = play(&rules, &position, cell).unwrap();
        if let Some(ending) = played.ending {
            assert_eq!(number + 1, moves.len(), "black won before its last stone");
            assert_eq!(ending.winners.only(), Some(Seat::FIRST));
            return Some(ending.detail["line"].clone());
        }
        position = played.position;
    }
    None
}

const USUAL: Size = Size {
    rows: 15,
    columns: 15,
    in_a_row: 5,
};

#[test]
fn an_overline_wins_in_version_1_and_does_not_in_version_2() {
    let six = [0, 1, 2, 4, 5, 3];
    assert_eq!(black_plays(1, USUAL, &six), Some(json!([0, 1, 2, 3, 4, 5])));
    assert_eq!(black_plays(2, USUAL, &six), None);
    let nine = [0, 1, 2, 3, 5, 6, 7, 8, 4];
    let whole = json!([0, 1, 2, 3, 4, 5, 6, 7, 8]);
    assert_eq!(black_plays(1, USUAL, &nine), Some(whole));
    assert_eq!(black_plays(2, USUAL, &nine), None);
}

#[test]
fn a_stone_that_makes_an_overline_and_a_row_wins_by_the_row() {
    // Cell 3 makes six across and five down.
    let both = [0, 1, 2, 4, 5, 18, 33, 48, 63, 3];
    let down = json!([3, 18, 33, 48, 63]);
    assert_eq!(black_plays(2, USUAL, &both), Some(down));
}

#[test]
fn of_two_rows_the_level_one_is_told() {
    for version in [1, 2] {
        let both = [0, 1, 2, 4, 18, 33, 48, 63, 3];
        let level = json!([0, 1, 2, 3, 4]);
        assert_eq!(black_plays(version, USUAL, &both), Some(level));
    }
}

#[test]
fn a_whole_board_takes_few_bytes() {
    let size = Size {
        rows: 19,
        columns: 19,
        in_a_row: 6,
    };
    let rules = rules(2);
    let mut position = start(&rules, size);
    let seat = rules.to_move(&position).only().unwrap();
    assert_eq!(rules.legal_moves(&position, seat), None);
    // Pairs of columns change hands from row to row: no row gets longer than three.
    let cells = 0..19 * 19;
    let is_black = |cell: &i64| (cell % 19 / 2 + cell / 19) % 2 == 0;
    let (black, white): (Vec<i64>, Vec<i64>) = cells.partition(is_black);
    assert_eq!(black.len(), white.len() + 1);
    let mut ending = None;
    for number in 0..19 * 19 {
        let cell = [&black, &white][number % 2][number / 2];
        let played = play(&rules, &position, cell).unwrap();
        (position, ending) = (played.position, played.ending);
    }
    assert_eq!(ending.unwrap().by, "full_board");
    let board = rules.show(&position, Viewer::Spectator).to_string();
    assert_eq!(
        board.len(),
        361 + r#"{"cells":"","columns":19,"rows":19}"#.len()
    );
}
