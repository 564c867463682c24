//! Forms that only the documents need: request bodies, which [`request`](super::request) reads,
//! and members of answers that [`view`](super::view) writes from JSON or from the rules' types.
//!
//! What a client sends is a closed list of words, since others are refused. What a client reads is
//! open: a word may be added in any release, so there it is a plain text.

use std::collections::HashMap;

use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use utoipa::openapi::schema::{ObjectBuilder, OneOfBuilder, Type};
use utoipa::openapi::{Ref, Schema};
use uuid::Uuid;

/// A new game.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = CreateGame, example = json!({"variant": "tic-tac-toe", "name": "Ann"}))]
pub struct CreateGameBody {
    /// By default `tic-tac-toe`.
    #[schema(example = "tic-tac-toe")]
    pub variant: Option<String>,
    /// What the variant lets one choose.
    pub options: Option<HashMap<String, Value>>,
    /// The caller's name; with a player token it renames the player. 1 to 40 characters as people
    /// count them (grapheme clusters), at most 200 bytes of UTF-8, once spaces around it are gone
    /// and it is in NFC. Control, invisible, bidirectional and unassigned characters and line
    /// separators are refused with their place; joiners are fine in emoji and where a script
    /// needs them.
    #[schema(example = "Ann")]
    pub name: Option<String>,
    /// The caller's seat, by default the one that moves first.
    #[schema(example = "X")]
    pub seat: Option<String>,
    /// By default `invite`.
    pub opponent: Option<OpponentView>,
    /// By default `unlisted`.
    pub visibility: Option<VisibilityView>,
}

/// Another player, who takes the open seat by the game's invite; or `self`, where the caller
/// holds both seats.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = Opponent)]
pub enum OpponentView {
    Invite,
    #[serde(rename = "self")]
    Oneself,
}

/// A move.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = MakeMove, example = json!({"gameId": "01935d5a-6e1f-7c3a-9d3e-5b8f2a7c4e10", "move": 4, "version": 3}))]
pub struct MakeMoveBody {
    pub game_id: Uuid,
    /// In the form of the game's variant: see `GET /variants`.
    #[serde(rename = "move")]
    #[schema(value_type = Value, example = 4)]
    pub played: Value,
    /// The version that the player saw. With it a repeat is safe.
    #[schema(minimum = 1, maximum = 2147483647)]
    pub version: Option<u32>,
}

/// An invite: read without case, and without spaces, dashes, `_`, `.`, quotes and invisible
/// characters of any kind; full-width letters and digits are read as plain ones.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = JoinGame, example = json!({"invite": "K7QM-PD3X", "name": "Bob"}))]
pub struct JoinGameBody {
    #[schema(example = "K7QM-PD3X")]
    pub invite: String,
    /// The caller's name; with a player token it renames the player. 1 to 40 characters as people
    /// count them (grapheme clusters), at most 200 bytes of UTF-8, once spaces around it are gone
    /// and it is in NFC. Control, invisible, bidirectional and unassigned characters and line
    /// separators are refused with their place; joiners are fine in emoji and where a script
    /// needs them.
    #[schema(example = "Bob")]
    pub name: Option<String>,
}

/// A new player.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = CreatePlayer, example = json!({"name": "Ann"}))]
pub struct CreatePlayerBody {
    /// As in `POST /game`: 1 to 40 characters as people count them.
    #[schema(example = "Ann")]
    pub name: Option<String>,
}

/// A player's new name.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = RenamePlayer, example = json!({"name": "Ann"}))]
pub struct RenamePlayerBody {
    /// As in `POST /game`: 1 to 40 characters as people count them.
    #[schema(example = "Ann")]
    pub name: String,
}

/// Who may watch: whoever knows the id, or the players only.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = Visibility)]
pub enum VisibilityView {
    Unlisted,
    Private,
}

/// A game waits for its second player, is being played, or has ended.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = Status)]
pub enum StatusView {
    Waiting,
    Playing,
    Finished,
}

/// Cells are row-major from the top left; an empty one is null.
#[derive(Serialize, ToSchema)]
#[schema(as = Board)]
pub struct BoardView {
    #[schema(example = 3)]
    pub rows: u32,
    #[schema(example = 3)]
    pub columns: u32,
    #[schema(example = json!(["X", null, null, null, "O", null, null, null, null]))]
    pub cells: Vec<Option<String>>,
}

/// Each seat's name with its player, or null.
///
/// The null is said in the map itself. Behind a reference to a schema that may be null, generators
/// lose it, and a client of theirs cannot read a game with an open seat.
pub fn seats_of_a_game() -> Schema {
    let open = ObjectBuilder::new().schema_type(Type::Null);
    let seat = OneOfBuilder::new()
        .item(open)
        .item(Ref::from_schema_name("SeatHolder"));
    ObjectBuilder::new()
        .description(Some(
            "Each seat's name with its player; null where the seat is open.",
        ))
        .additional_properties(Some(Schema::from(seat)))
        .build()
        .into()
}

/// How a game ended.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = GameResult)]
pub struct ResultView {
    /// `win`, `draw` or `none`.
    #[schema(example = "win")]
    pub outcome: String,
    /// The seat that won; only with a win.
    #[schema(example = "X", nullable = false)]
    pub winner: Option<String>,
    /// `line` or `resignation`; `full_board` or `agreement`; `abandoned`.
    #[schema(example = "line")]
    pub by: String,
    /// The cells of the winning line; only with `line`.
    #[schema(example = json!([0, 4, 8]), nullable = false)]
    pub line: Option<Vec<u8>>,
}

/// What an event tells beside its type: a type has the members that it needs, and no others.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = EventData, example = json!({"seat": "X", "move": 4}))]
pub struct EventDataView {
    /// Of `game_created`.
    #[schema(nullable = false, example = "tic-tac-toe")]
    pub variant: Option<String>,
    /// Of `game_created`.
    #[schema(nullable = false)]
    pub options: Option<HashMap<String, Value>>,
    /// Of `game_created`: each seat's name with its player's id; null where the seat is open.
    #[schema(nullable = false)]
    pub seats: Option<HashMap<String, Option<Uuid>>>,
    /// Of `game_created`.
    #[schema(nullable = false, example = "unlisted")]
    pub visibility: Option<String>,
    /// Of `game_created`.
    #[schema(nullable = false, example = "invite")]
    pub opponent: Option<String>,
    /// The seat that did it.
    #[schema(nullable = false, example = "X")]
    pub seat: Option<String>,
    /// Of `player_seated`.
    #[schema(nullable = false)]
    pub player_id: Option<Uuid>,
    /// Of `move_played`.
    #[serde(rename = "move")]
    #[schema(required = false, example = 4)]
    pub played: Value,
    /// How the game ended; only where this event ended it.
    #[schema(nullable = false)]
    pub result: Option<ResultView>,
    /// Of `rematch_created`: the new game.
    #[schema(nullable = false)]
    pub game_id: Option<Uuid>,
}
