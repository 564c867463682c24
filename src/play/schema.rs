//! The form of request bodies, for the OpenAPI document; [`request`](super::request) reads them.

use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use super::view::VisibilityView;

/// A new game.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = CreateGame, example = json!({"variant": "tic-tac-toe", "name": "Ann"}))]
pub struct CreateGameBody {
    /// By default `tic-tac-toe`.
    #[schema(example = "tic-tac-toe")]
    pub variant: Option<String>,
    /// What the variant lets one choose.
    #[schema(value_type = Option<Object>)]
    pub options: Option<Value>,
    /// The caller's name, trimmed; with a player token it renames the player.
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

/// An invite, read without case, spaces and hyphen.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = JoinGame, example = json!({"invite": "K7QM-PD3X", "name": "Bob"}))]
pub struct JoinGameBody {
    #[schema(example = "K7QM-PD3X")]
    pub invite: String,
    /// The caller's name, trimmed; with a player token it renames the player.
    #[schema(example = "Bob")]
    pub name: Option<String>,
}

/// A new player.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = CreatePlayer, example = json!({"name": "Ann"}))]
pub struct CreatePlayerBody {
    #[schema(example = "Ann")]
    pub name: Option<String>,
}

/// A player's new name.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = RenamePlayer, example = json!({"name": "Ann"}))]
pub struct RenamePlayerBody {
    #[schema(example = "Ann")]
    pub name: String,
}
