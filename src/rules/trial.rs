//! Games in a few numbers, for the unit tests of the variants.

use serde_json::{Value, json};

use super::chance::Chance;
use super::json::Json;
use super::ruleset::{Ending, MoveRefusal, Played, Position, Ruleset, Viewer};
use super::seat::Seat;

/// A game without chance of seats that move in turn; moves are numbers.
pub(super) struct Trial<R> {
    rules: R,
    position: Position,
    ending: Option<Ending>,
}

impl<R: Ruleset> Trial<R> {
    /// Begins a game with these options.
    pub(super) fn begin(rules: R, options: &Value) -> Trial<R> {
        let options = options.as_object().expect("options are an object");
        let options = rules.read_options(options).expect("options to play with");
        let position = rules.start(&options, &mut Chance::none());
        Trial {
            rules,
            position,
            ending: None,
        }
    }

    /// Plays moves that the rules allow.
    pub(super) fn plays(mut self, moves: impl IntoIterator<Item = i64>) -> Trial<R> {
        for number in moves {
            assert_eq!(self.ending, None, "{number} is after the end");
            let played = self.play(number);
            let played = played.unwrap_or_else(|refusal| panic!("{number}: {refusal:?}"));
            self.position = played.position;
            self.ending = played.ending;
        }
        self
    }

    /// The code with which the rules refuse a move, and `never` for one that is never right.
    pub(super) fn refuses(&self, number: i64) -> &'static str {
        match self.play(number) {
            Ok(_) => panic!("{number} is allowed"),
            Err(MoveRefusal::NotNow { code, .. }) => {
                let forms = self.rules.forms();
                assert!(forms.refusals.iter().any(|form| form.code == code));
                code
            }
            Err(MoveRefusal::Never { .. }) => "never",
        }
    }

    fn play(&self, number: i64) -> Result<Played, MoveRefusal> {
        let read = self.rules.read_move(&json!(number)).expect("a number");
        let mut chance = Chance::none();
        self.rules
            .play(&self.position, self.turn(), &read, &mut chance)
    }

    /// The seat to move.
    pub(super) fn turn(&self) -> Seat {
        let seats = self.rules.to_move(&self.position);
        seats.only().expect("one seat is to move")
    }

    /// The moves that are listed.
    pub(super) fn legal(&self) -> Option<Vec<Value>> {
        let moves = self.rules.legal_moves(&self.position, self.turn())?;
        Some(moves.into_iter().map(Json::into_value).collect())
    }

    /// The board.
    pub(super) fn board(&self) -> Value {
        self.rules.show(&self.position, Viewer::Spectator)
    }

    /// The names of those who won, and how the game ended; `None` while it goes on.
    pub(super) fn result(&self) -> Option<(Vec<&'static str>, Value)> {
        let ending = self.ending.as_ref()?;
        let seats = self.rules.forms().seats;
        let winners = ending.winners.iter().map(|seat| seats[seat.index()]);
        let mut told = json!({"by": ending.by});
        for (name, value) in &ending.detail {
            told[name] = value.clone();
        }
        Some((winners.collect(), told))
    }
}
