//! Variants as clients see them.

use serde::Serialize;
use serde_json::Value;
use smol_str::SmolStr;
use utoipa::ToSchema;

use crate::rules::{Rulebook, Rules, Seat};

/// The variants that can be played.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Variants)]
pub struct VariantsView {
    /// The variants, each once.
    pub variants: Vec<VariantView>,
}

/// A variant, with the rules that new games of this stage get.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Variant)]
pub struct VariantView {
    /// The variant's id, for `variant` in `POST /game`.
    #[schema(value_type = String, example = "tic-tac-toe")]
    pub id: SmolStr,
    /// The rules version that new games of this stage get.
    #[schema(example = 1)]
    pub rules: u16,
    /// Every rules version that a game may keep.
    #[schema(value_type = Vec<u16>, example = json!([1]))]
    pub rules_versions: Vec<u16>,
    /// The variant's name for people.
    #[schema(value_type = String, example = "Tic-tac-toe")]
    pub title: &'static str,
    /// The seats, in the order of play. A game has the first of them.
    #[schema(value_type = Vec<String>, example = json!(["X", "O"]))]
    pub seats: Vec<&'static str>,
    /// How many seats a game can have; `options` settle how many.
    #[schema(value_type = Vec<u8>, example = json!([2]))]
    pub seat_counts: Vec<u8>,
    /// The seat that is first in the order of play.
    #[schema(example = "X")]
    pub first_seat: &'static str,
    /// The JSON Schema of `options`.
    #[schema(value_type = HashMap<String, Value>)]
    pub options: Value,
    /// The JSON Schema of a `move`.
    #[serde(rename = "move")]
    #[schema(value_type = HashMap<String, Value>)]
    pub move_schema: Value,
    /// The JSON Schema of a game's `board`.
    #[schema(value_type = HashMap<String, Value>)]
    pub board: Value,
    /// The JSON Schema of what a `result` carries beside `outcome`, `winner`, `winners`, `seats` and
    /// `by`.
    #[schema(value_type = HashMap<String, Value>)]
    pub ending: Value,
    /// The variant's own refusals of a move.
    pub refusals: Vec<MoveRefusalView>,
    /// Whether legal moves are listed in every position.
    pub lists_moves: bool,
    /// Whether players see different boards.
    pub hidden: bool,
    /// Whether the game has dice, cards or other chance.
    pub chance: bool,
    /// Whether several seats can be to move at once.
    pub simultaneous: bool,
    /// The levels of the server's own players. None in this release.
    #[schema(value_type = Vec<String>, example = json!([]))]
    pub bots: Vec<&'static str>,
    /// Where the rules come from: `built-in`.
    #[schema(value_type = Value, example = "built-in")]
    pub source: &'static str,
}

/// A variant's own refusal of a move.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = MoveRefusal)]
pub struct MoveRefusalView {
    /// The `code` of the problem.
    #[schema(value_type = String, example = "cell_taken")]
    pub code: &'static str,
    /// The `status` of the problem.
    #[schema(example = 409)]
    pub status: u16,
    /// What it means, for people.
    #[schema(value_type = String, example = "Cell taken")]
    pub title: &'static str,
}

/// The status of a refusal of what would be right in another position.
const CONFLICT: u16 = 409;

/// The variant of `rules`, which are the rules that new games get.
pub fn variant(book: &Rulebook, rules: &Rules) -> VariantView {
    let forms = rules.forms();
    let refusals = forms.refusals.iter().map(|refusal| MoveRefusalView {
        code: refusal.code,
        status: CONFLICT,
        title: refusal.title,
    });
    let versions = book.versions(&rules.id.variant);
    VariantView {
        id: rules.id.variant.clone(),
        title: forms.title,
        rules: rules.id.version,
        rules_versions: versions.map(|rules| rules.id.version).collect(),
        seats: forms.seats.to_vec(),
        seat_counts: forms.seat_counts.to_vec(),
        first_seat: rules.seat_name(Seat::FIRST),
        options: forms.options_schema.clone(),
        move_schema: forms.move_schema.clone(),
        board: forms.board_schema.clone(),
        ending: forms.ending_schema.clone(),
        refusals: refusals.collect(),
        lists_moves: forms.lists_moves,
        hidden: forms.hidden,
        chance: forms.chance,
        simultaneous: forms.simultaneous,
        bots: Vec::new(),
        source: "built-in",
    }
}
