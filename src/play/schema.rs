//! Types that only the API's document uses: request bodies, which [`request`](super::request)
//! reads, and members of answers that [`view`](super::view) writes from JSON or from the rules'
//! types.
//!
//! A word that a client sends is one of a closed list, because other words are refused. A word that
//! a client reads is a plain string, because any release may add words.

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
    /// The variant's id, by default `tic-tac-toe`.
    #[schema(example = "tic-tac-toe")]
    pub variant: Option<String>,
    /// The variant's options. Its `options` in `GET /variants` is their JSON Schema.
    pub options: Option<HashMap<String, Value>>,
    /// The caller's name; with a player token it renames the player. 1 to 40 characters as people
    /// count them (grapheme clusters), at most 200 bytes of UTF-8, after spaces around it are
    /// removed and it is in NFC. Control, invisible, bidirectional and unassigned characters and
    /// line separators are refused, and the answer names their place. Joiners may stand in emoji
    /// and where a script needs them.
    #[schema(example = "Ann")]
    pub name: Option<String>,
    /// The caller's seat, by default the one that moves first.
    #[schema(example = "X")]
    pub seat: Option<String>,
    /// The players of the other seats, by default `invite`.
    pub opponent: Option<OpponentView>,
    /// Who may watch the game, by default `unlisted`.
    pub visibility: Option<VisibilityView>,
    /// What the caller adds to the chance of the game: at most 64 visible ASCII characters. Everybody
    /// sees it in the event with which the caller sits down. Who adds what the server could not know
    /// before knows that it did not choose the random numbers.
    #[schema(max_length = 64, pattern = "^[!-~]*$", example = "9fQx2")]
    pub entropy: Option<String>,
}

/// With `invite`, other players take the open seats by the game's invite. With `self`, the caller
/// holds all seats.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = Opponent)]
pub enum OpponentView {
    /// Other players take the open seats by the game's invite.
    Invite,
    /// The caller holds all seats.
    #[serde(rename = "self")]
    Oneself,
}

/// A move.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = MakeMove, example = json!({"gameId": "01935d5a-6e1f-7c3a-9d3e-5b8f2a7c4e10", "move": 4, "version": 3}))]
pub struct MakeMoveBody {
    /// The game to play in.
    pub game_id: Uuid,
    /// The move, in the form of the game's variant: see `GET /variants`.
    #[serde(rename = "move")]
    #[schema(value_type = Value, example = 4)]
    pub played: Value,
    /// The game's version that the player saw. With it, the call can be repeated safely.
    #[schema(minimum = 1, maximum = 2147483647)]
    pub version: Option<u32>,
    /// The seat that moves. Needed only where several of the caller's seats may move.
    #[schema(example = "X")]
    pub seat: Option<String>,
}

/// An invite, and perhaps a name.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = JoinGame, example = json!({"invite": "K7QM-PD3X", "name": "Bob"}))]
pub struct JoinGameBody {
    /// The invite's code. Case, spaces, dashes, `_`, `.`, quotes and invisible characters of any
    /// kind do not matter; full-width letters and digits are read as plain ones.
    #[schema(example = "K7QM-PD3X")]
    pub invite: String,
    /// The caller's name; with a player token it renames the player. 1 to 40 characters as people
    /// count them (grapheme clusters), at most 200 bytes of UTF-8, after spaces around it are
    /// removed and it is in NFC. Control, invisible, bidirectional and unassigned characters and
    /// line separators are refused, and the answer names their place. Joiners may stand in emoji
    /// and where a script needs them.
    #[schema(example = "Bob")]
    pub name: Option<String>,
    /// The seat that the caller asks for, by default the first open one.
    #[schema(example = "O")]
    pub seat: Option<String>,
    /// What the caller adds to the chance of the game, as in `POST /game`.
    #[schema(max_length = 64, pattern = "^[!-~]*$", example = "w71Lk")]
    pub entropy: Option<String>,
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

/// Who may watch a game: with `unlisted`, everyone who knows its id; with `private`, only its
/// players.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = Visibility)]
pub enum VisibilityView {
    /// Everyone who knows the game's id may watch.
    Unlisted,
    /// Only the players may watch.
    Private,
}

/// A game is `waiting` for its players, is `playing`, or is `finished`.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = Status)]
pub enum StatusView {
    /// The game waits for its players.
    Waiting,
    /// The game is being played.
    Playing,
    /// The game has ended.
    Finished,
}

/// Each seat's name with its player, or null.
///
/// The schema of the map itself allows null. Generators lose a null that stands behind a reference,
/// and their clients then cannot read a game with an open seat.
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
    /// The seat that won; only with a win of just one.
    #[schema(example = "X", nullable = false)]
    pub winner: Option<String>,
    /// The seats that won, in the order of play; only with a win.
    #[schema(example = json!(["X"]), nullable = false)]
    pub winners: Option<Vec<String>>,
    /// Each seat's place and score; only where the variant ranks the seats.
    #[schema(nullable = false)]
    pub seats: Option<HashMap<String, Value>>,
    /// How it was decided: `resignation`, `agreement`, `abandoned`, or a word of the variant, such
    /// as `line` or `full_board`.
    #[schema(example = "line")]
    pub by: String,
    /// The cells of the winning line; only with `line`. `ending` of `GET /variants` tells of this,
    /// and of what else the variant adds.
    #[schema(example = json!([0, 4, 8]), nullable = false)]
    pub line: Option<Vec<u32>>,
}

/// The data of an event. Each type of event has only the members that it needs.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = EventData, example = json!({"seat": "X", "move": 4}))]
pub struct EventDataView {
    /// Of `game_created`: the variant's id.
    #[schema(nullable = false, example = "tic-tac-toe")]
    pub variant: Option<String>,
    /// Of `game_created`: the chosen options.
    #[schema(nullable = false)]
    pub options: Option<HashMap<String, Value>>,
    /// Of `game_created`: each seat's name with its player's id; null where the seat is open.
    #[schema(nullable = false)]
    pub seats: Option<HashMap<String, Option<Uuid>>>,
    /// Of `game_created`: the names of the seats, in the order of play.
    #[schema(nullable = false, example = json!(["X", "O"]))]
    pub seat_order: Option<Vec<String>>,
    /// Of `game_created`: for whom seats are kept, by the seats' names; only where some are, as in a
    /// rematch.
    #[schema(nullable = false)]
    pub holders: Option<HashMap<String, Value>>,
    /// Of `game_created`: who may watch.
    #[schema(nullable = false, example = "unlisted")]
    pub visibility: Option<String>,
    /// Of `game_created`: the players of the other seats: `invite` or `self`.
    #[schema(nullable = false, example = "invite")]
    pub opponent: Option<String>,
    /// Of `game_created`, where the variant has chance: the SHA-256 of the game's seed.
    #[schema(nullable = false)]
    pub commitment: Option<String>,
    /// Of `game_created` and `player_seated`: what the player adds to the chance of the game.
    #[schema(nullable = false)]
    pub entropy: Option<String>,
    /// The seat that acted.
    #[schema(nullable = false, example = "X")]
    pub seat: Option<String>,
    /// Of `player_seated`: the player's id.
    #[schema(nullable = false)]
    pub player_id: Option<Uuid>,
    /// Of `move_played`: the move; null where it is hidden from the caller.
    #[serde(rename = "move")]
    #[schema(required = false, example = 4)]
    pub played: Value,
    /// How the game ended. Absent where this event did not end it, but null in a `resigned` after
    /// which the others go on.
    pub result: Option<ResultView>,
    /// The seed of a game of chance; only where this event ended it.
    #[schema(nullable = false)]
    pub seed: Option<String>,
    /// Of `rematch_created`: the new game.
    #[schema(nullable = false)]
    pub game_id: Option<Uuid>,
}
