//! The one interface behind which every game stands.

use std::any::Any;
use std::fmt;
use std::sync::Arc;

use serde_json::{Map, Value};

use super::chance::Chance;
use super::forms::Forms;
use super::json::{FormError, Json};
use super::seat::{Seat, SeatSet};

/// One version of one variant's rules. Pure: no clock, no random source, no input or output. Time
/// plays no part in it, and chance arrives as a value.
///
/// Rules that were released once never answer otherwise for the same input: of a native ruleset
/// nothing but the moves and the draws is stored, so `start`, `play` and `leave` make each
/// stored game anew. Another answer is another version.
pub trait Ruleset: Send + Sync {
    /// What clients are told of these rules.
    fn forms(&self) -> &Forms;

    /// Reads the options of a new game, and fills in those that are left out.
    ///
    /// # Errors
    /// An option that there is not, or a value that it does not take.
    fn read_options(&self, options: &Map<String, Value>) -> Result<Json, FormError>;

    /// How many seats a game with these options has.
    fn seat_count(&self, options: &Json) -> u8;

    /// The position before the first move of a game with these options.
    fn start(&self, options: &Json, chance: &mut Chance) -> Position;

    /// The seats that may move. While the game goes on there is one; of the position that ended it
    /// nobody asks.
    fn to_move(&self, position: &Position) -> SeatSet;

    /// Reads a move; whether the position takes it is asked later.
    ///
    /// # Errors
    /// A value that has not the form of a move.
    fn read_move(&self, played: &Value) -> Result<Json, FormError>;

    /// The moves that `seat` may make, none where it is not to move; `None` where these rules do
    /// not list them.
    fn legal_moves(&self, position: &Position, seat: Seat) -> Option<Vec<Json>>;

    /// What the move of `seat`, which is to move, leads to. Rules that have drawn may not refuse.
    ///
    /// # Errors
    /// Where the rules do not allow the move.
    fn play(
        &self,
        position: &Position,
        seat: Seat,
        played: &Json,
        chance: &mut Chance,
    ) -> Result<Played, MoveRefusal>;

    /// How the others go on when `seat` leaves. Asked only while at least two others are left.
    fn leave(&self, position: &Position, seat: Seat) -> Played;

    /// The board as `viewer` may see it.
    fn show(&self, position: &Position, viewer: Viewer) -> Value;

    /// The move of seat `by` as `viewer` may see it once it has led to `position`; `None` where
    /// it is hidden.
    fn show_move(
        &self,
        position: &Position,
        by: Seat,
        played: &Json,
        viewer: Viewer,
    ) -> Option<Value>;
}

/// The state of a board between two moves. Only the rules that made it can look into it.
#[derive(Clone)]
pub struct Position {
    value: Arc<dyn Any + Send + Sync>,
    equal: fn(&Position, &Position) -> bool,
}

/// The position after a move or a departure, and what came of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Played {
    /// The position now.
    pub position: Position,
    /// How the game ended, if it did.
    pub ending: Option<Ending>,
    /// Whether a new turn begins for the seats to move that no change of these seats shows.
    pub new_turn: bool,
}

/// How the rules ended a game.
#[derive(Clone, Debug, PartialEq)]
pub struct Ending {
    /// The seats that won; none in a draw.
    pub winners: SeatSet,
    /// How the game was decided, in one word for clients, such as `line`.
    pub by: &'static str,
    /// What else clients are told, such as the cells of the winning line.
    pub detail: Map<String, Value>,
}

/// Why the rules do not allow a move.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MoveRefusal {
    /// It would be right in another position. `code` is one of the rules' own words.
    NotNow {
        /// A stable word for clients, such as `cell_taken`.
        code: &'static str,
        /// A sentence that says what is wrong and what to do.
        detail: String,
    },
    /// It is right in no position of this game.
    Never {
        /// A sentence that says what is wrong and what to do.
        detail: String,
    },
}

/// The eyes that see a board.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Viewer {
    /// Of somebody who holds no seat.
    Spectator,
    /// Of the player of this seat.
    Seat(Seat),
    /// Of anybody, once the game is over: nothing is hidden any more.
    Afterwards,
}

impl Position {
    /// Wraps the position of one ruleset.
    pub fn new<P: PartialEq + Send + Sync + 'static>(position: P) -> Position {
        Position {
            value: Arc::new(position),
            equal: |one, other| match (one.value.downcast_ref::<P>(), other.value.downcast_ref()) {
                (Some(one), Some(other)) => one == other,
                _ => false,
            },
        }
    }

    /// The position as the ruleset knows it; `None` where another ruleset made it.
    pub fn downcast<P: 'static>(&self) -> Option<&P> {
        self.value.downcast_ref()
    }
}

impl PartialEq for Position {
    fn eq(&self, other: &Position) -> bool {
        Arc::ptr_eq(&self.value, &other.value) || (self.equal)(self, other)
    }
}

impl fmt::Debug for Position {
    /// Prints nothing of the position: it may be secret.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Position")
    }
}
