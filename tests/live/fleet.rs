//! What is known of a game of battleship, and a search for what is shown of it too early.

use rand::RngExt;
use rand::rngs::StdRng;
use serde_json::{Value, json};

pub const SEATS: [&str; 2] = ["A", "B"];
const LENGTHS: [i64; 5] = [5, 4, 3, 3, 2];

/// Five ships that do not overlap, in the order in which they are shown.
pub fn random_fleet(random: &mut StdRng) -> Vec<Value> {
    let mut taken: Vec<i64> = Vec::new();
    let mut ships: Vec<(i64, Value)> = Vec::new();
    for length in LENGTHS {
        loop {
            let down: bool = random.random();
            let (along, across) = (
                random.random_range(0..=10 - length),
                random.random_range(0..10),
            );
            let cell = if down {
                along * 10 + across
            } else {
                across * 10 + along
            };
            let ship = json!({"cell": cell, "length": length, "down": down});
            if cells(&ship).iter().all(|cell| !taken.contains(cell)) {
                taken.extend(cells(&ship));
                ships.push((cell - 1000 * length, ship));
                break;
            }
        }
    }
    ships.sort_by_key(|(order, _)| *order);
    ships.into_iter().map(|(_, ship)| ship).collect()
}

fn cells(ship: &Value) -> Vec<i64> {
    let number = |name: &str| ship[name].as_i64().unwrap();
    let step = if ship["down"] == true { 10 } else { 1 };
    let places = 0..number("length");
    places.map(|place| number("cell") + place * step).collect()
}

/// A game of which everything is known.
pub struct Sea {
    pub fleets: [Vec<Value>; 2],
    /// The cells of each seat's waters that were shot at.
    pub shots: [Vec<i64>; 2],
    /// How many answers, frames and events were searched.
    pub searched: usize,
}

impl Sea {
    pub fn new(fleets: [Vec<Value>; 2]) -> Sea {
        Sea {
            fleets,
            shots: [Vec::new(), Vec::new()],
            searched: 0,
        }
    }

    /// A cell of the seat's waters that was not shot at.
    pub fn target(&self, owner: usize, random: &mut StdRng) -> i64 {
        let open = (0..100).filter(|cell| !self.shots[owner].contains(cell));
        let open: Vec<i64> = open.collect();
        open[random.random_range(0..open.len())]
    }

    pub fn is_lost(&self, owner: usize) -> bool {
        self.fleets[owner]
            .iter()
            .all(|ship| self.is_sunk(owner, ship))
    }

    fn is_sunk(&self, owner: usize, ship: &Value) -> bool {
        let shots = &self.shots[owner];
        cells(ship).iter().all(|cell| shots.contains(cell))
    }

    /// Searches what the player of seat `own`, or a stranger, was told while the game ran. A ship
    /// may be shown to its owner, and to all once it is sunk; a cell once it was shot at.
    pub fn search(&mut self, own: Option<usize>, told: &Value) {
        self.searched += 1;
        self.search_in(own, told, told);
    }

    fn search_in(&self, own: Option<usize>, told: &Value, part: &Value) {
        match part {
            Value::Object(fields) => {
                if fields.contains_key("length") {
                    self.search_ship(own, told, part);
                }
                for (owner, name) in SEATS.iter().enumerate() {
                    let letters = fields.get("waters").map(|waters| &waters[name]["cells"]);
                    self.search_cells(owner, told, letters.and_then(Value::as_str).unwrap_or(""));
                }
                fields
                    .values()
                    .for_each(|part| self.search_in(own, told, part));
            }
            Value::Array(parts) => parts
                .iter()
                .for_each(|part| self.search_in(own, told, part)),
            Value::String(text) => {
                let ships = (0..2).flat_map(|owner| self.fleets[owner].iter());
                let mut hidden = ships.filter(|ship| !self.is_known(own, ship));
                let is_told = hidden.any(|ship| text.contains(&ship.to_string()));
                assert!(!is_told, "{own:?} is told of a ship: {told}");
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    fn search_ship(&self, own: Option<usize>, told: &Value, ship: &Value) {
        let is_known = self.is_known(own, ship);
        assert!(is_known, "{own:?} is told of {ship}: {told}");
    }

    fn is_known(&self, own: Option<usize>, ship: &Value) -> bool {
        (0..2).any(|owner| {
            self.fleets[owner].contains(ship) && (own == Some(owner) || self.is_sunk(owner, ship))
        })
    }

    fn search_cells(&self, owner: usize, told: &Value, letters: &str) {
        for (cell, letter) in (0..).zip(letters.chars()) {
            let is_known = letter == '.' || self.shots[owner].contains(&cell);
            assert!(is_known, "cell {cell} is told of: {told}");
        }
    }

    /// Whether the game that was told shows this seat's fleet.
    pub fn is_shown(&self, owner: usize, game: &Value) -> bool {
        game["board"]["waters"][SEATS[owner]]["ships"] == json!(self.fleets[owner])
    }
}
