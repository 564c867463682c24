//! What a ruleset says of itself: the forms of its JSON, its seats, and what its games are like.

use serde_json::Value;

/// What clients are told of one version of a variant's rules.
#[derive(Clone, Debug)]
pub struct Forms {
    /// The variant's name for people.
    pub title: &'static str,
    /// The names of the seats, in the order of play. A game has the first of them.
    pub seats: &'static [&'static str],
    /// How many seats a game can have.
    pub seat_counts: &'static [u8],
    /// The JSON Schema of the options.
    pub options_schema: Value,
    /// The JSON Schema of a move.
    pub move_schema: Value,
    /// The JSON Schema of the board.
    pub board_schema: Value,
    /// The JSON Schema of what a result carries beside `outcome`, `winner`, `winners` and `by`.
    pub ending_schema: Value,
    /// The variant's own refusals of a move that would be right in another position.
    pub refusals: &'static [RefusalForm],
    /// Whether legal moves are listed in every position of every game. Rules may list those of
    /// some only.
    pub lists_moves: bool,
    /// Whether the board or a move hides something from some players.
    pub hidden: bool,
    /// Whether the rules draw random numbers.
    pub chance: bool,
    /// Whether several seats can be to move at once.
    pub simultaneous: bool,
}

/// One refusal of the variant's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RefusalForm {
    /// The stable word for clients, such as `cell_taken`.
    pub code: &'static str,
    /// What it means, for people.
    pub title: &'static str,
}
