//! Whose turn an event begins or ends, where several seats move at once or one moves several times.

use serde_json::{Value, json};
use turnkey::game::{
    Actor, Ask, Command, Creation, Decision, Entry, Game, Holder, Opponent, PlayerId, Refusal,
    Seats, Since, Visibility, create, decide, evolve, fold, since,
};
use turnkey::rules::{Chance, Json, Rulebook, Rules, Seat};
use uuid::Uuid;

use crate::scenario::AT;

/// A game with all its players, and what happened in it.
struct Table {
    rules: Rules,
    entries: Vec<Entry>,
    game: Game,
}

impl Table {
    fn of(variant: &str, options: &Value) -> Table {
        let rules = Rulebook::built_in().newest(variant).unwrap().clone();
        let options = rules.read_options(options.as_object().unwrap()).unwrap();
        let mut seats = Seats::all(rules.seat_count(&options), Holder::Open);
        let all: Vec<Seat> = seats.iter().map(|(seat, _)| seat).collect();
        for seat in all {
            seats[seat] = Holder::Player(player(seat));
        }
        let creation = Creation {
            options,
            seats,
            visibility: Visibility::Unlisted,
            opponent: Opponent::Invite,
        };
        let first = create(&rules, player(Seat::FIRST), AT, creation, dice(1));
        let game = fold(&rules, [&first]).unwrap();
        Table {
            rules,
            entries: vec![first],
            game,
        }
    }

    fn seat(&self, name: &str) -> Seat {
        self.rules.seat_called(name).unwrap()
    }

    fn read(&self, played: &Value) -> Json {
        self.rules.read_move(played).unwrap()
    }

    fn asks(&self, name: &str, ask: Ask) -> Result<Decision, Refusal> {
        let command = Command {
            by: Actor::Player(player(self.seat(name))),
            at: AT,
            ask,
        };
        decide(&self.game, &command, dice(self.game.version + 1))
    }

    fn tries(&self, name: &str, played: &Value) -> Result<Decision, Refusal> {
        let (seat, played) = (self.seat(name), self.read(played));
        self.asks(name, Ask::Play { seat, played })
    }

    fn records(&mut self, decision: Result<Decision, Refusal>) {
        let Ok(Decision::Record(entry)) = decision else {
            panic!("{decision:?} in {:?}", self.game);
        };
        self.game = evolve(self.game.clone(), &entry);
        self.entries.push(entry);
    }

    fn plays(&mut self, name: &str, played: &Value) {
        let decision = self.tries(name, played);
        self.records(decision);
    }

    /// What a move finds that was sent with `version`.
    fn sent(&self, name: &str, played: &Value, version: u32) -> Since {
        let (seen, later) = self.entries.split_at(version as usize);
        let seen = fold(&self.rules, seen).unwrap();
        since(seen, later, self.seat(name), &self.read(played))
    }

    fn to_move(&self) -> Vec<&str> {
        let seats = self.game.turn.to_move.iter();
        seats.map(|seat| self.rules.seat_name(seat)).collect()
    }
}

fn player(seat: Seat) -> PlayerId {
    PlayerId(Uuid::from_u128(0x100 + seat.index() as u128))
}

/// Chance that is the same in every run.
fn dice(version: u32) -> Chance {
    Chance::seeded([u8::try_from(version).unwrap(); 32])
}

/// All ships in the first cells of rows, from the row `top` on.
fn fleet(top: u32) -> Value {
    let ships = [5, 4, 3, 3, 2].into_iter().zip(top..);
    let ships =
        ships.map(|(length, row)| json!({"cell": row * 10, "length": length, "down": false}));
    json!({"place": ships.collect::<Vec<_>>()})
}

#[test]
fn placing_a_fleet_passes_over_the_other_sides() {
    let mut table = Table::of("battleship", &json!({}));
    assert_eq!(table.to_move(), ["A", "B"]);
    table.plays("A", &fleet(0));
    assert_eq!(table.to_move(), ["B"]);
    // B's turn has neither begun nor ended: B's picture is not old.
    assert_eq!(table.sent("B", &fleet(3), 1), Since::Nothing);
    assert_eq!(table.sent("A", &fleet(0), 1), Since::SameMove);
    assert_eq!(table.sent("A", &fleet(1), 1), Since::Otherwise);
    // The same fleet is not the same seat's move.
    assert_eq!(table.sent("B", &fleet(0), 1), Since::Nothing);
    table.plays("B", &fleet(0));
    assert_eq!(table.sent("B", &fleet(0), 1), Since::SameMove);
    assert_eq!(table.sent("A", &fleet(0), 1), Since::SameMove);
    // A's next turn began with it.
    assert_eq!(table.to_move(), ["A"]);
    assert_eq!(table.sent("A", &json!({"shot": 5}), 2), Since::Otherwise);
    assert_eq!(table.sent("A", &json!({"shot": 5}), 3), Since::Nothing);
    table.plays("A", &json!({"shot": 5}));
    assert_eq!(table.sent("B", &json!({"shot": 5}), 3), Since::Otherwise);
    assert_eq!(table.sent("B", &json!({"shot": 5}), 4), Since::Nothing);
}

#[test]
fn of_three_at_pig_only_the_ones_whose_turn_changes_are_concerned() {
    let mut table = Table::of("pig", &json!({"seats": 3}));
    let (roll, hold) = (json!("roll"), json!("hold"));
    assert_eq!(table.to_move(), ["A"]);
    // Until the turn passes on, a roll begins a new turn of the one who rolled.
    let mut rolls = 0;
    while table.to_move() == ["A"] && rolls < 2 {
        table.plays("A", &roll);
        rolls += 1;
    }
    assert_eq!(
        (rolls, table.to_move()),
        (2, vec!["A"]),
        "the dice are these"
    );
    assert_eq!(table.sent("A", &roll, 1), Since::SameMove);
    assert_eq!(table.sent("A", &roll, 2), Since::SameMove);
    assert_eq!(table.sent("A", &hold, 2), Since::Otherwise);
    assert_eq!(table.sent("B", &roll, 1), Since::Nothing);
    assert_eq!(table.tries("B", &roll), Err(Refusal::NotYourTurn));
    table.plays("A", &hold);
    assert_eq!(table.to_move(), ["B"]);
    assert_eq!(table.sent("B", &roll, 1), Since::Otherwise);
    assert_eq!(table.sent("C", &roll, 1), Since::Nothing);
    // One who leaves is no move of another seat.
    let version = table.game.version;
    let left = table.asks("A", Ask::Resign);
    table.records(left);
    assert_eq!(table.sent("B", &roll, version), Since::Otherwise);
    assert_eq!(table.to_move(), ["B"]);
    table.plays("B", &hold);
    assert_eq!(table.to_move(), ["C"]);
    table.plays("C", &hold);
    assert_eq!(table.to_move(), ["B"]);
    let left = table.asks("C", Ask::Resign);
    table.records(left);
    let result = table.game.result.as_ref().unwrap();
    assert_eq!(result.winners.only(), Some(table.seat("B")));
    assert_eq!(result.by, "resignation");
}
