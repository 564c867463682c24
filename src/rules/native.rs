//! The adapter between a ruleset's own types and the rest of the program.
//!
//! The rules of a variant are functions on types of its own: options `O`, position `P`, move `M`.
//! [`Native`] is the table of these functions. It parses JSON into the types, and here alone is a
//! [`Position`] looked into.

use serde::Serialize;
use serde_json::{Map, Value};

use super::chance::Chance;
use super::forms::Forms;
use super::json::{FormError, Json};
use super::ruleset::{Ending, MoveRefusal, Played, Position, Ruleset, Viewer};
use super::seat::{Seat, SeatSet};

/// One version of one variant's rules, written in Rust.
pub struct Native<O, P, M> {
    /// What clients are told of these rules.
    pub forms: Forms,
    /// Reads the options; those that are left out get their default.
    pub read_options: fn(&Map<String, Value>) -> Result<O, FormError>,
    /// How many seats a game has.
    pub seat_count: fn(&O) -> u8,
    /// The position before the first move.
    pub start: fn(&O, &mut Chance) -> P,
    /// The seats that may move.
    pub to_move: fn(&P) -> SeatSet,
    /// Reads a move from JSON in canonical form.
    pub read_move: fn(&Value) -> Result<M, FormError>,
    /// The moves of a seat that is to move; `None` where they are not listed.
    pub legal_moves: fn(&P, Seat) -> Option<Vec<M>>,
    /// What a move of a seat that is to move leads to.
    pub play: Play<P, M>,
    /// How the others go on when a seat leaves.
    pub leave: fn(&P, Seat) -> After<P>,
    /// The board as the viewer may see it.
    pub show: fn(&P, Viewer) -> Value,
    /// Whether the viewer may see this move of this seat.
    pub sees_move: fn(&M, Seat, Viewer) -> bool,
}

type Play<P, M> = fn(&P, Seat, &M, &mut Chance) -> Result<After<P>, MoveRefusal>;

/// [`Played`] in the variant's own type.
pub struct After<P> {
    /// The position now.
    pub position: P,
    /// How the game ended, if it did.
    pub ending: Option<Ending>,
    /// Whether a new turn begins that no change of the seats to move shows.
    pub new_turn: bool,
}

impl<P> After<P> {
    /// The game goes on.
    pub fn going_on(position: P) -> After<P> {
        After {
            position,
            ending: None,
            new_turn: false,
        }
    }

    /// The game is over where there is an ending, and else goes on.
    pub fn perhaps_over(position: P, ending: Option<Ending>) -> After<P> {
        After {
            position,
            ending,
            new_turn: false,
        }
    }
}

impl<P: Clone> After<P> {
    /// `leave` of games of two seats: rules are asked only while two others are left in.
    pub(super) fn unchanged(position: &P, _leaver: Seat) -> After<P> {
        After::going_on(position.clone())
    }
}

impl Ending {
    /// A win of one seat.
    pub fn win(winner: Seat, by: &'static str) -> Ending {
        Ending {
            winners: SeatSet::one(winner),
            by,
            detail: Map::new(),
        }
    }

    /// A draw.
    pub fn draw(by: &'static str) -> Ending {
        Ending {
            winners: SeatSet::NONE,
            by,
            detail: Map::new(),
        }
    }

    /// The same ending with one thing more to tell.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Ending {
        self.detail.insert(name.to_owned(), value.into());
        self
    }
}

impl<O, P, M> Native<O, P, M>
where
    P: Send + Sync + 'static,
{
    fn own<'a>(&self, position: &'a Position) -> &'a P {
        // A game keeps its rules from its first event on, so they made its position.
        position
            .downcast()
            .expect("a position goes back to the rules that made it")
    }

    fn options(&self, options: &Json) -> O {
        let nothing = Map::new();
        // They were read by these rules before they were recorded, and rules never change.
        (self.read_options)(options.value().as_object().unwrap_or(&nothing))
            .unwrap_or_else(|error| panic!("recorded options are not those of the rules: {error}"))
    }
}

impl<P: PartialEq + Send + Sync + 'static> From<After<P>> for Played {
    fn from(after: After<P>) -> Played {
        Played {
            position: Position::new(after.position),
            ending: after.ending,
            new_turn: after.new_turn,
        }
    }
}

impl<O, P, M> Ruleset for Native<O, P, M>
where
    O: Serialize + 'static,
    P: PartialEq + Send + Sync + 'static,
    M: Serialize + 'static,
{
    fn forms(&self) -> &Forms {
        &self.forms
    }

    fn read_options(&self, options: &Map<String, Value>) -> Result<Json, FormError> {
        (self.read_options)(options).map(|options| Json::of(&options))
    }

    fn seat_count(&self, options: &Json) -> u8 {
        (self.seat_count)(&self.options(options))
    }

    fn start(&self, options: &Json, chance: &mut Chance) -> Position {
        Position::new((self.start)(&self.options(options), chance))
    }

    fn to_move(&self, position: &Position) -> SeatSet {
        (self.to_move)(self.own(position))
    }

    fn read_move(&self, played: &Value) -> Result<Json, FormError> {
        let played = Json::read(played)?;
        (self.read_move)(played.value()).map(|played| Json::of(&played))
    }

    fn legal_moves(&self, position: &Position, seat: Seat) -> Option<Vec<Json>> {
        if !self.to_move(position).contains(seat) {
            return Some(Vec::new());
        }
        let moves = (self.legal_moves)(self.own(position), seat)?;
        Some(moves.iter().map(|played| Json::of(played)).collect())
    }

    fn play(
        &self,
        position: &Position,
        seat: Seat,
        played: &Json,
        chance: &mut Chance,
    ) -> Result<Played, MoveRefusal> {
        let played = (self.read_move)(played.value())
            .map_err(|FormError(detail)| MoveRefusal::Never { detail })?;
        (self.play)(self.own(position), seat, &played, chance).map(Played::from)
    }

    fn leave(&self, position: &Position, seat: Seat) -> Played {
        (self.leave)(self.own(position), seat).into()
    }

    fn show(&self, position: &Position, viewer: Viewer) -> Value {
        (self.show)(self.own(position), viewer)
    }

    fn show_move(
        &self,
        _position: &Position,
        by: Seat,
        played: &Json,
        viewer: Viewer,
    ) -> Option<Value> {
        let read = (self.read_move)(played.value()).ok()?;
        (self.sees_move)(&read, by, viewer).then(|| played.value().clone())
    }
}

/// For variants without options: only an empty object is accepted.
pub(super) fn no_options(
    variant: &str,
    options: &Map<String, Value>,
) -> Result<NoOptions, FormError> {
    match options.keys().next() {
        None => Ok(NoOptions {}),
        Some(name) => Err(FormError(format!(
            "{variant} has no option {name:?}; leave `options` out or send {{}}"
        ))),
    }
}

/// There is nothing to choose.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct NoOptions {}

/// The first seat, then the second, and so on in turn.
pub(super) fn other(seat: Seat) -> Seat {
    seat.next(2)
}
