//! Battleship: each seat hides five ships in its own waters, then they shoot in turn at cells of
//! the other's. Who has sunk all of the other's ships wins.
//!
//! Nothing that others see may depend on what is hidden: the answer to a shot says miss, hit or
//! sunk, and no more.

mod board;
mod waters;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::forms::{Forms, RefusalForm};
use super::json::{FormError, typed};
use super::native::{After, Native, NoOptions, no_options};
use super::ruleset::Ruleset;
use board::{Board, sees_ships_of};
use waters::{SIDE, Ship, cell_schema, ships_schema, waters_schema};

/// The id of the variant.
pub const ID: &str = "battleship";

const SEATS: &[&str] = &["A", "B"];

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Move {
    Place(Vec<Ship>),
    Shot(i64),
}

/// Version 1 of the rules.
pub fn version_1() -> impl Ruleset {
    Native {
        forms: forms(),
        read_options: |options| no_options(ID, options),
        seat_count: |NoOptions {}| 2,
        start: |NoOptions {}, _| Board::empty(),
        to_move: Board::to_move,
        read_move,
        // There are too many ways to place ships to list them.
        legal_moves: |board, seat| Some(board.targets(seat)?.map(Move::Shot).collect()),
        play: |board, seat, played, _| match played {
            Move::Place(ships) => board.place(seat, ships),
            Move::Shot(cell) => board.shoot(seat, *cell),
        },
        leave: After::unchanged,
        show: Board::show,
        sees_move: |played, by, viewer| match played {
            Move::Place(_) => sees_ships_of(by, viewer),
            Move::Shot(_) => true,
        },
    }
}

fn forms() -> Forms {
    let only = |name: &str, schema: Value| {
        json!({"type": "object", "additionalProperties": false, "required": [name],
               "properties": {name: schema}})
    };
    Forms {
        title: "Battleship",
        seats: SEATS,
        seat_counts: &[2],
        options_schema: json!({"type": "object", "additionalProperties": false}),
        move_schema: json!({"oneOf": [only("place", ships_schema(5)), only("shot", cell_schema())]}),
        board_schema: json!({"type": "object", "additionalProperties": false,
            "required": ["rows", "columns", "waters", "lastShot"], "properties": {
            "rows": {"const": SIDE},
            "columns": {"const": SIDE},
            "waters": {"type": "object", "additionalProperties": false, "required": SEATS,
                       "properties": {"A": waters_schema(), "B": waters_schema()}},
            "lastShot": {"oneOf": [{"const": null}, {"type": "object",
                "additionalProperties": false, "required": ["by", "cell", "answer"], "properties": {
                "by": {"enum": SEATS},
                "cell": cell_schema(),
                "answer": {"enum": ["miss", "hit", "sunk"]},
            }}]},
        }}),
        ending_schema: json!({"type": "object", "properties": {"by": {"const": "fleet_sunk"}}}),
        refusals: &[
            RefusalForm {
                code: "already_placed",
                title: "The ships are placed and stay where they are",
            },
            RefusalForm {
                code: "not_placed",
                title: "Both place their ships before the first shot",
            },
            RefusalForm {
                code: "already_shot",
                title: "The cell was shot at before",
            },
        ],
        lists_moves: false,
        hidden: true,
        chance: false,
        simultaneous: true,
    }
}

fn read_move(value: &Value) -> Result<Move, FormError> {
    let mut ships = value["place"].as_array().into_iter().flatten();
    let read = match ships.all(Value::is_object) {
        true => typed(value),
        // Serde would take a list of a ship's fields, too.
        false => Err(FormError("`place`: a ship is an object".into())),
    };
    read.map_err(|FormError(wrong)| {
        let ship = r#"{"cell":0,"length":5,"down":false}"#;
        FormError(format!(
            r#"{wrong}; a move is {{"place":[{ship},…]}} or {{"shot":0}}"#
        ))
    })
}
