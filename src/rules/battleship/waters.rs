//! The waters of one seat: its ships, and the other's shots at them.

use std::cmp::Reverse;
use std::collections::BTreeSet;
use std::ops::Range;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// How many rows and columns the waters have.
pub const SIDE: i64 = 10;
const CELLS: Range<i64> = 0..SIDE * SIDE;
/// The lengths of the ships of a fleet.
const LENGTHS: [i64; 5] = [5, 4, 3, 3, 2];

/// A ship from its topmost or leftmost cell on. Any integers have the form of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ship {
    cell: i64,
    length: i64,
    down: bool,
}

/// Ships of the right lengths that fit. They stand in one order, longest first and then by their
/// cells, so that it says nothing of how they were placed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Fleet([Ship; LENGTHS.len()]);

/// What belongs to a seat: its ships, and the cells that the other has shot at.
#[derive(Clone, PartialEq, Eq)]
pub struct Waters {
    pub fleet: Option<Fleet>,
    shots: BTreeSet<i64>,
}

/// What a shot is answered.
#[derive(Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Answer {
    Miss,
    Hit,
    Sunk,
}

impl Fleet {
    /// Makes a fleet of ships, or says what is wrong with them.
    pub fn of(ships: &[Ship]) -> Result<Fleet, String> {
        let Ok(mut ships) = <[Ship; LENGTHS.len()]>::try_from(ships) else {
            return Err(format!(
                "place {} ships, not {}",
                LENGTHS.len(),
                ships.len()
            ));
        };
        ships.sort_by_key(|ship| (Reverse(ship.length), ship.cell));
        let lengths = ships.map(|ship| ship.length);
        if lengths != LENGTHS {
            return Err(format!(
                "place ships of the lengths {LENGTHS:?}, not {lengths:?}"
            ));
        }
        if let Some(Ship { cell, length, .. }) = ships.iter().find(|ship| !ship.fits()) {
            return Err(format!(
                "a ship of {length} cells that begins at cell {cell} leaves the board; move it"
            ));
        }
        let mut taken = BTreeSet::new();
        match ships
            .iter()
            .flat_map(Ship::cells)
            .find(|&cell| !taken.insert(cell))
        {
            Some(cell) => Err(format!("two ships lie on cell {cell}; move one of them")),
            None => Ok(Fleet(ships)),
        }
    }
}

impl Ship {
    fn fits(&self) -> bool {
        let (row, column) = (self.cell / SIDE, self.cell % SIDE);
        let first = if self.down { row } else { column };
        CELLS.contains(&self.cell) && first + self.length <= SIDE
    }

    /// The cells of a ship that fits.
    fn cells(&self) -> impl Iterator<Item = i64> {
        let step = if self.down { SIDE } else { 1 };
        (0..self.length).map(move |place| self.cell + place * step)
    }
}

impl Waters {
    /// Waters without ships.
    pub fn empty() -> Waters {
        Waters {
            fleet: None,
            shots: BTreeSet::new(),
        }
    }

    /// The cells that nobody has shot at.
    pub fn open(&self) -> impl Iterator<Item = i64> {
        CELLS.filter(|cell| !self.shots.contains(cell))
    }

    /// Shoots at a cell; `None` where there is no such cell, and whether it is the first shot at it.
    pub fn shoot(&mut self, cell: i64) -> Option<bool> {
        CELLS.contains(&cell).then(|| self.shots.insert(cell))
    }

    /// What a shot at `cell` was answered.
    pub fn answer(&self, cell: i64) -> Answer {
        let hit = |ship: &&Ship| ship.cells().any(|other| other == cell);
        match self.ships().find(hit) {
            None => Answer::Miss,
            Some(ship) if self.is_sunk(ship) => Answer::Sunk,
            Some(_) => Answer::Hit,
        }
    }

    /// Whether all ships are sunk.
    pub fn are_lost(&self) -> bool {
        self.ships().all(|ship| self.is_sunk(ship))
    }

    /// What anybody may see, and the ships for those who `sees_ships`.
    pub fn show(&self, sees_ships: bool) -> Value {
        let letter = |cell| match self.shots.contains(&cell).then(|| self.answer(cell)) {
            None => '.',
            Some(Answer::Miss) => 'o',
            Some(Answer::Hit) => 'x',
            Some(Answer::Sunk) => '#',
        };
        let sunk: Vec<&Ship> = self.ships().filter(|ship| self.is_sunk(ship)).collect();
        json!({
            "placed": self.fleet.is_some(),
            "cells": CELLS.map(letter).collect::<String>(),
            "sunk": sunk,
            "ships": self.fleet.as_ref().filter(|_| sees_ships),
        })
    }

    fn ships(&self) -> impl Iterator<Item = &Ship> {
        self.fleet.iter().flat_map(|Fleet(ships)| ships)
    }

    fn is_sunk(&self, ship: &Ship) -> bool {
        ship.cells().all(|cell| self.shots.contains(&cell))
    }
}

/// The schema of a cell.
pub fn cell_schema() -> Value {
    json!({"type": "integer", "minimum": 0, "maximum": 99,
           "description": "Row-major from the top left."})
}

/// The schema of the ships of a fleet, or of some of them.
pub fn ships_schema(least: usize) -> Value {
    json!({"type": "array", "minItems": least, "maxItems": LENGTHS.len(), "items": {
        "type": "object", "additionalProperties": false,
        "required": ["cell", "length", "down"], "properties": {
        "cell": cell_schema(),
        "length": {"type": "integer", "minimum": 2, "maximum": 5},
        "down": {"type": "boolean", "description": "From `cell` down, else to the right."},
    }}})
}

/// The schema of what is shown of waters.
pub fn waters_schema() -> Value {
    json!({"type": "object", "additionalProperties": false,
        "required": ["placed", "cells", "sunk", "ships"], "properties": {
        "placed": {"type": "boolean"},
        "cells": {"type": "string", "minLength": 100, "maxLength": 100,
                  "description": "A letter for each cell: . not shot at, o miss, x hit, # sunk."},
        "sunk": ships_schema(0),
        "ships": {"oneOf": [{"const": null}, ships_schema(LENGTHS.len())],
                  "description": "All ships, where they are placed and not hidden."},
    }})
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ships(list: [(i64, i64, bool); 5]) -> [Ship; 5] {
        list.map(|(cell, length, down)| Ship { cell, length, down })
    }

    #[test]
    fn a_fleet_that_touches_fits_in_any_order() {
        let placed = ships([
            (94, 2, false),
            (0, 5, false),
            (59, 5 - 1, true),
            (20, 3, false),
            (10, 3, false),
        ]);
        let Fleet(fleet) = Fleet::of(&placed).unwrap();
        assert_eq!(fleet.map(|ship| ship.cell), [0, 59, 10, 20, 94]);
    }

    #[test]
    fn a_fleet_that_is_none_says_why() {
        let good = [
            (0, 5, false),
            (10, 4, false),
            (20, 3, false),
            (30, 3, false),
            (40, 2, false),
        ];
        let refused = |index: usize, ship| {
            let mut list = good;
            list[index] = ship;
            Fleet::of(&ships(list)).unwrap_err()
        };
        assert_eq!(
            Fleet::of(&ships(good)[1..]).unwrap_err(),
            "place 5 ships, not 4"
        );
        assert_eq!(
            refused(4, (40, 3, false)),
            "place ships of the lengths [5, 4, 3, 3, 2], not [5, 4, 3, 3, 3]"
        );
        assert_eq!(
            refused(0, (6, 5, false)),
            "a ship of 5 cells that begins at cell 6 leaves the board; move it"
        );
        assert!(refused(0, (60, 5, true)).contains("leaves the board"));
        assert!(refused(0, (-10, 5, true)).contains("leaves the board"));
        assert!(refused(4, (100, 2, false)).contains("leaves the board"));
        assert_eq!(
            refused(4, (2, 2, true)),
            "two ships lie on cell 2; move one of them"
        );
    }
}
