//! Ultimate tic-tac-toe: nine boards in one. A cell is 9·board + its place in the board, and the
//! place says on which board the other plays next.

use serde_json::{Value, json};

use super::forms::{Forms, RefusalForm};
use super::native::{After, Native, NoOptions, no_options, other};
use super::number::Number;
use super::ruleset::{Ending, MoveRefusal, Ruleset};
use super::seat::{Seat, SeatSet};
use super::tic_tac_toe::line_where;

/// The id of the variant.
pub const ID: &str = "ultimate-tic-tac-toe";

const SEATS: &[&str] = &["X", "O"];
const CELLS: usize = 81;

#[derive(Clone, PartialEq, Eq)]
struct Board {
    cells: [Option<Seat>; CELLS],
    boards: [Option<Small>; 9],
    /// The board to play on; `None` where any that is not decided may be chosen.
    active: Option<usize>,
    turn: Seat,
}

/// How a small board was decided.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Small {
    Won(Seat),
    Drawn,
}

/// Version 1 of the rules.
pub fn version_1() -> impl Ruleset {
    Native {
        forms: forms(),
        read_options: |options| no_options(ID, options),
        seat_count: |NoOptions {}| 2,
        start: |NoOptions {}, _| Board {
            cells: [None; CELLS],
            boards: [None; 9],
            active: None,
            turn: Seat::FIRST,
        },
        to_move: |board: &Board| SeatSet::one(board.turn),
        read_move: |value| Number::read(value, "the number of a cell, an integer from 0 to 80"),
        legal_moves: |board, _| Some(board.open_cells().map(Number::of).collect()),
        play: |board, seat, played, _| board.play(seat, played),
        leave: After::unchanged,
        show: |board, _| board.show(),
        sees_move: |_, _, _| true,
    }
}

fn forms() -> Forms {
    let number = |most: u8| json!({"type": "integer", "minimum": 0, "maximum": most});
    Forms {
        title: "Ultimate tic-tac-toe",
        seats: SEATS,
        seat_counts: &[2],
        options_schema: json!({"type": "object", "additionalProperties": false}),
        move_schema: json!({"type": "integer", "minimum": 0, "maximum": 80,
                       "description": "9 times the board and the cell in it; both are numbered \
                                       row by row from the top left."}),
        board_schema: json!({"type": "object", "required": ["cells", "boards", "activeBoard"],
            "properties": {
            "cells": {"type": "array", "minItems": 81, "maxItems": 81,
                      "description": "The nine cells of board 0, then those of board 1, and so on: \
                                      the item at a place is the cell that a move of this number marks.",
                      "items": {"enum": ["X", "O", null]}},
            "boards": {"type": "array", "minItems": 9, "maxItems": 9,
                       "description": "Who won each board; null while it is open.",
                       "items": {"enum": ["X", "O", "draw", null]}},
            "activeBoard": {"oneOf": [number(8), {"type": "null"}],
                            "description": "The board to play on; null where any open one may be \
                                            chosen, and when the game is over."},
        }}),
        ending_schema: json!({"type": "object", "properties": {
            "by": {"enum": ["line", "full_board"]},
            "line": {"type": "array", "minItems": 3, "maxItems": 3, "items": number(8),
                     "description": "The three boards that won."},
        }}),
        refusals: &[
            RefusalForm {
                code: "wrong_board",
                title: "Another board is to be played on",
            },
            RefusalForm {
                code: "board_decided",
                title: "The board is already decided",
            },
            RefusalForm {
                code: "cell_taken",
                title: "The cell is already marked",
            },
        ],
        lists_moves: true,
        hidden: false,
        chance: false,
        simultaneous: false,
    }
}

impl Board {
    fn open_cells(&self) -> impl Iterator<Item = usize> {
        (0..CELLS).filter(|&cell| self.refusal(cell).is_none())
    }

    /// Why `cell` may not be marked now: the code, and what is wrong with the cell.
    fn refusal(&self, cell: usize) -> Option<(&'static str, &'static str)> {
        let board = cell / 9;
        if self.active.is_some_and(|active| active != board) {
            return Some(("wrong_board", "is not on `activeBoard`"));
        }
        if self.boards[board].is_some() {
            return Some(("board_decided", "is on a board that is already decided"));
        }
        self.cells[cell].map(|_| ("cell_taken", "is already marked"))
    }

    fn play(&self, seat: Seat, played: &Number) -> Result<After<Board>, MoveRefusal> {
        let cell = played.place("cell", CELLS)?;
        if let Some((code, why)) = self.refusal(cell) {
            return Err(MoveRefusal::NotNow {
                code,
                detail: format!("cell {cell} {why}; play one of `legalMoves`"),
            });
        }
        let mut next = self.clone();
        next.cells[cell] = Some(seat);
        next.boards[cell / 9] = next.small_result(cell / 9, seat);
        next.turn = other(seat);
        let ending = next.ending(seat);
        let sent_to = cell % 9;
        next.active = (next.boards[sent_to].is_none() && ending.is_none()).then_some(sent_to);
        Ok(After::perhaps_over(next, ending))
    }

    fn small_result(&self, board: usize, mover: Seat) -> Option<Small> {
        let cells = &self.cells[9 * board..9 * board + 9];
        if line_where(|cell| cells[cell] == Some(mover)).is_some() {
            return Some(Small::Won(mover));
        }
        let full = cells.iter().all(Option::is_some);
        full.then_some(Small::Drawn)
    }

    fn ending(&self, mover: Seat) -> Option<Ending> {
        if let Some(line) = line_where(|board| self.boards[board] == Some(Small::Won(mover))) {
            return Some(Ending::win(mover, "line").with("line", line.to_vec()));
        }
        let all_decided = self.boards.iter().all(Option::is_some);
        all_decided.then(|| Ending::draw("full_board"))
    }

    fn show(&self) -> Value {
        let name = |seat: Seat| SEATS[seat.index()];
        let cells: Vec<_> = self.cells.iter().map(|mark| mark.map(name)).collect();
        let boards = self.boards.map(|result| {
            result.map(|small| match small {
                Small::Won(seat) => name(seat),
                Small::Drawn => "draw",
            })
        });
        json!({"cells": cells, "boards": boards, "activeBoard": self.active})
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::trial::Trial;

    fn after(moves: &[i64]) -> Trial<impl Ruleset> {
        Trial::begin(version_1(), &json!({})).plays(moves.iter().copied())
    }

    #[test]
    fn a_place_sends_the_other_to_its_board() {
        let start = after(&[]);
        assert_eq!(start.board()["activeBoard"], json!(null));
        assert_eq!(start.legal().unwrap().len(), 81);
        let sent = after(&[74]);
        assert_eq!(sent.board()["activeBoard"], json!(2));
        assert_eq!(sent.legal(), Some((18..27).map(Value::from).collect()));
        assert_eq!(sent.refuses(17), "wrong_board");
        assert_eq!(sent.refuses(74), "wrong_board");
        assert_eq!(after(&[40]).refuses(40), "cell_taken");
        assert_eq!(sent.refuses(81), "never");
    }

    #[test]
    fn a_board_that_is_won_frees_the_choice_and_is_closed() {
        // X takes the upper row of board 1, the last cell of which leads there.
        let free = after(&[9, 1, 11, 19, 10]);
        let board = free.board();
        assert_eq!(board["boards"][1], "X");
        assert_eq!(board["activeBoard"], json!(null));
        assert_eq!(free.refuses(12), "board_decided");
        assert_eq!(free.refuses(9), "board_decided");
        assert_eq!(free.refuses(1), "cell_taken");
        assert_eq!(free.legal().unwrap().len(), 81 - 9 - 2);
        assert_eq!(free.plays([26]).board()["activeBoard"], json!(8));
    }

    #[test]
    fn a_board_that_is_full_frees_the_choice_too() {
        let free = after(&[
            64, 9, 7, 65, 19, 13, 40, 36, 6, 55, 16, 66, 27, 3, 29, 22, 41, 53, 79, 63, 2, 25, 69,
            61, 67, 43, 71, 75, 34, 70, 68, 52,
        ]);
        let board = free.board();
        assert_eq!(board["boards"][7], "draw");
        assert_eq!(board["activeBoard"], json!(null));
        assert_eq!(free.refuses(63), "board_decided");
    }

    #[test]
    fn three_boards_in_a_row_win() {
        let moves = [
            14, 47, 22, 44, 75, 34, 67, 41, 46, 11, 23, 48, 32, 45, 3, 35, 76, 42, 57, 30, 31, 38,
            24, 61, 66, 33, 59, 51,
        ];
        let game = after(&moves);
        let won = (vec!["O"], json!({"by": "line", "line": [3, 4, 5]}));
        assert_eq!(game.result(), Some(won));
        let board = game.board();
        let boards = json!([null, null, null, "O", "O", "O", null, null, null]);
        assert_eq!(board["boards"], boards);
        assert_eq!(board["activeBoard"], json!(null));
        let cells = board["cells"].as_array().unwrap();
        assert_eq!(cells.len(), 81);
        assert_eq!((&cells[14], &cells[47]), (&json!("X"), &json!("O")));
        assert_eq!(cells.iter().filter(|mark| !mark.is_null()).count(), 28);
    }

    #[test]
    fn nine_boards_without_a_line_are_a_draw() {
        let moves = [
            11, 23, 48, 27, 4, 38, 26, 72, 7, 69, 62, 80, 79, 63, 3, 31, 37, 15, 61, 71, 73, 9, 8,
            76, 44, 70, 43, 35, 10, 12, 60, 20, 21, 5, 53, 19, 45, 1, 51, 39, 40, 0, 6, 18,
        ];
        let game = after(&moves);
        assert_eq!(game.result(), Some((vec![], json!({"by": "full_board"}))));
        let boards = json!(["X", "O", "O", "O", "X", "X", "X", "O", "O"]);
        assert_eq!(game.board()["boards"], boards);
    }
}
