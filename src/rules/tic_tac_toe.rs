//! Tic-tac-toe: three in a row on a board of nine cells, row-major from the top left.

use serde_json::{Value, json};

use super::forms::{Forms, RefusalForm};
use super::native::{After, Native, NoOptions, no_options, other};
use super::number::Number;
use super::ruleset::{Ending, MoveRefusal, Ruleset};
use super::seat::{Seat, SeatSet};

/// The id of the variant.
pub const ID: &str = "tic-tac-toe";

const SEATS: &[&str] = &["X", "O"];
const CELLS: usize = 9;
const LINES: [[usize; 3]; 8] = [
    [0, 1, 2],
    [3, 4, 5],
    [6, 7, 8],
    [0, 3, 6],
    [1, 4, 7],
    [2, 5, 8],
    [0, 4, 8],
    [2, 4, 6],
];

#[derive(Clone, Copy, PartialEq, Eq)]
struct Board {
    cells: [Option<Seat>; CELLS],
    turn: Seat,
}

/// Version 1 of the rules.
pub fn version_1() -> impl Ruleset {
    Native {
        forms: forms(),
        read_options: |options| no_options(ID, options),
        seat_count: |NoOptions {}| 2,
        start: |NoOptions {}, _| Board {
            cells: [None; CELLS],
            turn: Seat::FIRST,
        },
        to_move: |board: &Board| SeatSet::one(board.turn),
        read_move: |value| Number::read(value, "the number of a cell, an integer from 0 to 8"),
        legal_moves: |board, _| Some(board.empty_cells().map(Number::of).collect()),
        play: |board, seat, played, _| board.play(seat, played),
        leave: After::unchanged,
        show: |board, _| board.show(),
        sees_move: |_, _, _| true,
    }
}

fn forms() -> Forms {
    Forms {
        title: "Tic-tac-toe",
        seats: SEATS,
        seat_counts: &[2],
        options_schema: json!({"type": "object", "additionalProperties": false}),
        move_schema: json!({"type": "integer", "minimum": 0, "maximum": 8,
                       "description": "The cell to mark, row-major from the top left."}),
        board_schema: json!({"type": "object", "required": ["rows", "columns", "cells"], "properties": {
            "rows": {"const": 3},
            "columns": {"const": 3},
            "cells": {"type": "array", "minItems": 9, "maxItems": 9,
                      "items": {"enum": ["X", "O", null]}},
        }}),
        ending_schema: json!({"type": "object", "properties": {
            "by": {"enum": ["line", "full_board"]},
            "line": {"type": "array", "minItems": 3, "maxItems": 3,
                     "items": {"type": "integer", "minimum": 0, "maximum": 8}},
        }}),
        refusals: &[RefusalForm {
            code: "cell_taken",
            title: "The cell is already marked",
        }],
        lists_moves: true,
        hidden: false,
        chance: false,
        simultaneous: false,
    }
}

/// The first line that `holds` in all its cells.
pub(super) fn line_where(holds: impl Fn(usize) -> bool) -> Option<[usize; 3]> {
    LINES
        .into_iter()
        .find(|line| line.iter().all(|&cell| holds(cell)))
}

impl Board {
    fn empty_cells(&self) -> impl Iterator<Item = usize> {
        (0..CELLS).filter(|&cell| self.cells[cell].is_none())
    }

    fn play(&self, seat: Seat, played: &Number) -> Result<After<Board>, MoveRefusal> {
        let cell = played.place("cell", CELLS)?;
        if self.cells[cell].is_some() {
            return Err(MoveRefusal::NotNow {
                code: "cell_taken",
                detail: format!("cell {cell} is already marked; play one of `legalMoves`"),
            });
        }
        let mut next = *self;
        next.cells[cell] = Some(seat);
        next.turn = other(seat);
        Ok(After::perhaps_over(next, next.ending(seat)))
    }

    fn ending(&self, mover: Seat) -> Option<Ending> {
        if let Some(line) = line_where(|cell| self.cells[cell] == Some(mover)) {
            return Some(Ending::win(mover, "line").with("line", line.to_vec()));
        }
        let full = self.cells.iter().all(Option::is_some);
        full.then(|| Ending::draw("full_board"))
    }

    fn show(&self) -> Value {
        let cells = self.cells.map(|mark| mark.map(|seat| SEATS[seat.index()]));
        json!({"rows": 3, "columns": 3, "cells": cells})
    }
}
