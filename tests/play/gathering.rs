//! Rules of the tests: from 1 to 16 seats that all move at once.
//!
//! In each round every seat names a number, and the round is over when all have. The highest sum
//! wins.

use serde::Serialize;
use serde_json::{Map, Value, json};
use turnkey::rules::{
    After, Ending, FormError, Forms, MoveRefusal, Native, RefusalForm, Rulebook, Ruleset, Seat,
    SeatSet, whole_number,
};

pub const ID: &str = "gathering";

const SEATS: &[&str] = &[
    "A", "B", "C", "D", "E", "F", "G", "H", "I", "J", "K", "L", "M", "N", "O", "P",
];
const COUNTS: &[u8] = &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16];

#[derive(Serialize)]
struct Options {
    seats: u8,
    rounds: u8,
}

#[derive(Clone, PartialEq, Eq)]
struct Room {
    playing: SeatSet,
    to_move: SeatSet,
    rounds_left: u8,
    sums: Vec<u64>,
}

/// The built-in rules, and these.
pub fn rulebook() -> Rulebook {
    let mut book = Rulebook::built_in();
    book.add(ID, 1, version_1());
    book
}

fn version_1() -> impl Ruleset {
    Native {
        forms: forms(),
        read_options,
        seat_count: |options: &Options| options.seats,
        start: |options, _| Room {
            playing: SeatSet::first(options.seats),
            to_move: SeatSet::first(options.seats),
            rounds_left: options.rounds,
            sums: vec![0; options.seats.into()],
        },
        to_move: |room: &Room| room.to_move,
        read_move,
        legal_moves: |_, _| Some(vec![0, 1]),
        play: |room, seat, number: &u64, _| match number {
            0..=9 => Ok(room.named(seat, *number)),
            _ => Err(MoveRefusal::Never {
                detail: "name a number below 10".to_owned(),
            }),
        },
        leave: |room, seat| room.without(seat),
        show: |room, _| json!({"sums": room.sums, "roundsLeft": room.rounds_left}),
        sees_move: |_, _, _| true,
    }
}

fn read_options(options: &Map<String, Value>) -> Result<Options, FormError> {
    let read = |name: &str, default: u8, most: u8| match options.get(name) {
        None => Ok(default),
        Some(value) => whole_number(value)
            .and_then(|number| u8::try_from(number).ok())
            .filter(|number| (1..=most).contains(number))
            .ok_or_else(|| FormError(format!("`{name}` is from 1 to {most}"))),
    };
    Ok(Options {
        seats: read("seats", 16, 16)?,
        rounds: read("rounds", 1, 100)?,
    })
}

fn read_move(value: &Value) -> Result<u64, FormError> {
    let number = whole_number(value).and_then(|number| u64::try_from(number).ok());
    number.ok_or_else(|| FormError("a number is expected".to_owned()))
}

fn forms() -> Forms {
    Forms {
        title: "Gathering",
        seats: SEATS,
        seat_counts: COUNTS,
        options_schema: json!({"type": "object"}),
        move_schema: json!({"type": "integer", "minimum": 0, "maximum": 9}),
        board_schema: json!({"type": "object"}),
        ending_schema: json!({"type": "object", "properties": {"by": {"const": "sum"}}}),
        refusals: &[] as &[RefusalForm],
        lists_moves: true,
        hidden: false,
        chance: false,
        simultaneous: true,
    }
}

impl Room {
    fn named(&self, seat: Seat, number: u64) -> After<Room> {
        let mut next = self.clone();
        next.sums[seat.index()] += number;
        next.to_move = next.to_move.without(seat);
        next.settled()
    }

    fn without(&self, seat: Seat) -> After<Room> {
        let mut next = self.clone();
        next.playing = next.playing.without(seat);
        next.to_move = next.to_move.without(seat);
        next.settled()
    }

    /// Ends the round where nobody is left to move.
    fn settled(mut self) -> After<Room> {
        if !self.to_move.is_empty() {
            return After::going_on(self);
        }
        self.rounds_left -= 1;
        if self.rounds_left > 0 {
            self.to_move = self.playing;
            return After::going_on(self);
        }
        let ending = self.ending();
        After::perhaps_over(self, Some(ending))
    }

    fn ending(&self) -> Ending {
        let sum = |seat: &Seat| self.sums[seat.index()];
        let best = self.playing.iter().map(|seat| sum(&seat)).max();
        let scores: Map<String, Value> = self
            .playing
            .iter()
            .map(|seat| {
                let better = self.playing.iter().filter(|other| sum(other) > sum(&seat));
                let ranked = json!({"place": better.count() + 1, "score": sum(&seat)});
                (SEATS[seat.index()].to_owned(), ranked)
            })
            .collect();
        let winners = self.playing.iter().filter(|seat| Some(sum(seat)) == best);
        Ending {
            winners: winners.collect(),
            by: "sum",
            detail: Map::from_iter([("seats".to_owned(), Value::Object(scores))]),
        }
    }
}
