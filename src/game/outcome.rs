//! How games end.

use serde_json::{Map, Value};
use smol_str::SmolStr;

use crate::rules::{Ending, SeatSet};

/// How a game ended.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// Won, drawn, or neither.
    pub kind: OutcomeKind,
    /// The seats that won; none unless it was won.
    pub winners: SeatSet,
    /// How it was decided, in one word for clients, such as `line` or `resignation`.
    pub by: SmolStr,
    /// What else the rules say about it.
    pub detail: Map<String, Value>,
}

/// The kind of an outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutcomeKind {
    /// One seat or several won.
    Win,
    /// Nobody won.
    Draw,
    /// The game was not played to an end.
    None,
}

const RESIGNATION: &str = "resignation";
const AGREEMENT: &str = "agreement";
const ABANDONED: &str = "abandoned";

impl Outcome {
    /// A win of the seat that is left when the others have given up; nobody wins where none is.
    pub fn resignation(left: SeatSet) -> Outcome {
        let kind = match left.is_empty() {
            true => OutcomeKind::None,
            false => OutcomeKind::Win,
        };
        Outcome::plain(kind, left, RESIGNATION)
    }

    /// A draw that the players agreed on.
    pub fn agreement() -> Outcome {
        Outcome::plain(OutcomeKind::Draw, SeatSet::NONE, AGREEMENT)
    }

    /// No result: the game was given up before it had all its players.
    pub fn abandoned() -> Outcome {
        Outcome::plain(OutcomeKind::None, SeatSet::NONE, ABANDONED)
    }

    fn plain(kind: OutcomeKind, winners: SeatSet, by: &'static str) -> Outcome {
        Outcome {
            kind,
            winners,
            by: SmolStr::new_static(by),
            detail: Map::new(),
        }
    }
}

impl From<Ending> for Outcome {
    fn from(ending: Ending) -> Outcome {
        Outcome {
            kind: match ending.winners.is_empty() {
                true => OutcomeKind::Draw,
                false => OutcomeKind::Win,
            },
            winners: ending.winners,
            by: SmolStr::new_static(ending.by),
            detail: ending.detail,
        }
    }
}
