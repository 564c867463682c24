//! Pig: a die, and the question when to stop.
//!
//! Each roll adds to the points of the turn, but a 1 loses them all and passes the turn. Who holds
//! banks them and passes the turn. The first to have banked `target` points wins.

use serde::Serialize;
use serde_json::{Map, Value, json};

use super::chance::Chance;
use super::forms::Forms;
use super::json::FormError;
use super::native::{After, Native};
use super::options::{NumberOption, number_schema, read_numbers};
use super::ruleset::{Ending, Ruleset};
use super::seat::{Seat, SeatSet};

/// The id of the variant.
pub const ID: &str = "pig";

const SEATS: &[&str] = &["A", "B", "C", "D", "E", "F"];
const OPTIONS: [NumberOption; 2] = [
    NumberOption::new("seats", "How many play.", 2..=6, 2),
    NumberOption::new("target", "The points that win.", 10..=1000, 100),
];

#[derive(Serialize)]
struct Options {
    seats: u8,
    target: u16,
}

#[derive(Clone, Copy, Serialize)]
#[serde(rename_all = "lowercase")]
enum Move {
    Roll,
    Hold,
}

#[derive(Clone, PartialEq, Eq)]
struct Table {
    target: u16,
    /// What each seat has banked.
    scores: Vec<u64>,
    /// The seats that have not left.
    playing: SeatSet,
    turn: Seat,
    turn_points: u64,
    last_roll: Option<u32>,
}

/// Version 1 of the rules.
pub fn version_1() -> impl Ruleset {
    Native {
        forms: forms(),
        read_options,
        seat_count: |options| options.seats,
        start: |options, _| Table::new(options.seats, options.target),
        to_move: |table| SeatSet::one(table.turn),
        read_move,
        legal_moves: |_, _| Some(vec![Move::Roll, Move::Hold]),
        play: |table, _, played, chance| match played {
            Move::Roll => Ok(table.roll(chance)),
            Move::Hold => Ok(table.hold()),
        },
        leave: Table::leave,
        show: |table, _| table.show(),
        sees_move: |_, _, _| true,
    }
}

fn forms() -> Forms {
    let points = json!({"type": "integer", "minimum": 0});
    let of_seats = |schema: &Value| {
        let properties: Value = SEATS.iter().map(|&seat| (seat, schema.clone())).collect();
        json!({"type": "object", "additionalProperties": false, "properties": properties})
    };
    Forms {
        title: "Pig",
        seats: SEATS,
        seat_counts: &[2, 3, 4, 5, 6],
        options_schema: number_schema(&OPTIONS),
        move_schema: json!({"enum": ["roll", "hold"],
                            "description": "Roll the die, or bank the points of the turn."}),
        board_schema: json!({"type": "object", "additionalProperties": false,
            "required": ["scores", "left", "turnPoints", "lastRoll"], "properties": {
            "scores": of_seats(&points),
            "left": {"type": "array", "items": {"enum": SEATS}},
            "turnPoints": points,
            "lastRoll": {"enum": [1, 2, 3, 4, 5, 6, null]},
        }}),
        ending_schema: json!({"type": "object", "properties": {
            "by": {"const": "target"},
            "seats": of_seats(&json!({"type": "object", "additionalProperties": false,
                "required": ["place", "score"], "properties": {
                "place": {"type": "integer", "minimum": 1, "maximum": 6},
                "score": points,
                "left": {"const": true},
            }})),
        }}),
        refusals: &[],
        lists_moves: true,
        hidden: false,
        chance: true,
        simultaneous: false,
    }
}

fn read_options(options: &Map<String, Value>) -> Result<Options, FormError> {
    let [seats, target] = read_numbers(ID, &OPTIONS, options)?;
    let seats = seats as u8; // At most 6.
    Ok(Options { seats, target })
}

fn read_move(value: &Value) -> Result<Move, FormError> {
    match value.as_str() {
        Some("roll") => Ok(Move::Roll),
        Some("hold") => Ok(Move::Hold),
        _ => Err(FormError("a move is \"roll\" or \"hold\"".into())),
    }
}

impl Table {
    fn new(seats: u8, target: u16) -> Table {
        Table {
            target,
            scores: vec![0; seats.into()],
            playing: SeatSet::first(seats),
            turn: Seat::FIRST,
            turn_points: 0,
            last_roll: None,
        }
    }

    fn roll(&self, chance: &mut Chance) -> After<Table> {
        let die = chance.random_below(6) + 1;
        let mut next = self.clone();
        next.last_roll = Some(die);
        match die {
            1 => next.pass_turn(),
            _ => next.turn_points += u64::from(die),
        }
        After::going_on(next)
    }

    fn hold(&self) -> After<Table> {
        let mut next = self.clone();
        next.scores[self.turn.index()] += self.turn_points;
        next.pass_turn();
        let won = next.scores[self.turn.index()] >= self.target.into();
        let ending = won.then(|| Ending::win(self.turn, "target").with("seats", next.ranking()));
        After::perhaps_over(next, ending)
    }

    fn leave(&self, seat: Seat) -> After<Table> {
        let mut next = self.clone();
        next.playing = self.playing.without(seat);
        if seat == self.turn {
            next.pass_turn();
        }
        After::going_on(next)
    }

    /// The next seat that has not left begins its turn.
    fn pass_turn(&mut self) {
        let first = self.playing.iter().next();
        let later = self.playing.iter().find(|&seat| seat > self.turn);
        self.turn = later.or(first).unwrap_or(self.turn);
        self.turn_points = 0;
    }

    /// Each seat's place. Equal scores share one, and who has left comes after who stayed.
    fn ranking(&self) -> Value {
        let standing = |seat: Seat| (self.playing.contains(seat), self.scores[seat.index()]);
        let place = |seat| {
            let better = |&(_, other): &(_, Seat)| standing(other) > standing(seat);
            1 + self.seats().filter(better).count()
        };
        let result = |seat| match standing(seat) {
            (true, score) => json!({"place": place(seat), "score": score}),
            (false, score) => json!({"place": place(seat), "score": score, "left": true}),
        };
        let ranked = |(name, seat)| (name, result(seat));
        self.seats().map(ranked).collect()
    }

    fn show(&self) -> Value {
        let score = |(name, seat): (_, Seat)| (name, self.scores[seat.index()]);
        let left = |(name, seat)| (!self.playing.contains(seat)).then_some(name);
        json!({
            "scores": self.seats().map(score).collect::<Value>(),
            "left": self.seats().filter_map(left).collect::<Value>(),
            "turnPoints": self.turn_points,
            "lastRoll": self.last_roll,
        })
    }

    /// The seats of this game with their names.
    fn seats(&self) -> impl Iterator<Item = (&'static str, Seat)> {
        let seats = (0..self.scores.len()).filter_map(Seat::at);
        SEATS.iter().copied().zip(seats)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Plays a game of three to 10 points: `h` holds, a digit is what the die shows.
    fn after(script: &str) -> After<Table> {
        let table = Table::new(3, 10);
        let step = |after: After<Table>, step: char| match step.to_digit(10) {
            Some(die) => after.position.roll(&mut Chance::recorded(&[die - 1])),
            None => after.position.hold(),
        };
        script.chars().fold(After::going_on(table), step)
    }

    /// What the seats have banked, the points of the turn, and whose turn it is.
    fn standing(after: &After<Table>) -> (&[u64], u64, &str) {
        let table = &after.position;
        (&table.scores, table.turn_points, SEATS[table.turn.index()])
    }

    #[test]
    fn rolls_add_up_until_a_one_loses_them_or_they_are_banked() {
        assert_eq!(standing(&after("62")), (&[0, 0, 0][..], 8, "A"));
        assert_eq!(standing(&after("62h")), (&[8, 0, 0][..], 0, "B"));
        assert_eq!(standing(&after("62h41")), (&[8, 0, 0][..], 0, "C"));
    }

    #[test]
    fn who_has_banked_enough_wins() {
        assert_eq!(after("64").ending, None);
        let seats = json!({"A": {"place": 1, "score": 10}, "B": {"place": 2, "score": 4},
                           "C": {"place": 3, "score": 2}});
        let win = Ending::win(Seat::FIRST, "target").with("seats", seats);
        assert_eq!(after("4h4h2h6h").ending, Some(win));
    }

    #[test]
    fn who_leaves_is_passed_over_and_comes_last() {
        let left = after("h54h").position.leave(Seat::SECOND).position.hold();
        assert_eq!(standing(&left), (&[0, 9, 0][..], 0, "A"));
        let seats = json!({"A": {"place": 1, "score": 0}, "C": {"place": 1, "score": 0},
                           "B": {"place": 3, "score": 9, "left": true}});
        assert_eq!(left.position.ranking(), seats);
        let gone = after("55").position.leave(Seat::FIRST);
        assert_eq!(standing(&gone), (&[0, 0, 0][..], 0, "B"));
    }
}
