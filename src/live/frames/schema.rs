//! The shapes of the client's frames for the AsyncAPI document. [`ClientFrame`](super::ClientFrame)
//! reads the frames, and tests compare the two.

use std::collections::HashMap;

use serde::Serialize;
use serde_json::Value;
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};
use uuid::Uuid;

use super::server::True;

/// A frame from a client.
#[derive(Serialize, ToSchema)]
#[serde(tag = "type", rename_all = "camelCase")]
#[schema(as = ClientFrame)]
pub enum ClientFrameSchema {
    /// Follow one game. If the socket follows it already, the subscription begins anew.
    #[serde(rename_all = "camelCase")]
    Subscribe {
        /// The game to follow.
        game_id: Uuid,
        /// The last version that the client has. Updates follow from the next one on.
        after: Option<u32>,
        /// The `epoch` that `hello` gave when that version was seen.
        epoch: Option<Uuid>,
    },
    /// Follow many games with one frame, as if the client subscribed to each by itself.
    #[serde(rename = "subscribe")]
    SubscribeGames {
        /// The games. A socket follows at most 100 games by their ids.
        #[schema(inline)]
        games: Vec<GameToFollow>,
        /// The `epoch` that `hello` gave when those versions were seen.
        epoch: Option<Uuid>,
    },
    /// Follow every unfinished game of the player, and the player's new games as they come.
    #[serde(rename = "subscribe")]
    SubscribeMine {
        #[schema(inline)]
        #[allow(
            missing_docs,
            reason = "utoipa makes a doc here an `allOf` that no value meets"
        )]
        mine: True,
        /// The last version that the client has of each game, by the game's id.
        after: Option<HashMap<Uuid, u32>>,
        /// The `epoch` that `hello` gave when those versions were seen.
        epoch: Option<Uuid>,
    },
    /// Stop following one game.
    #[serde(rename_all = "camelCase")]
    Unsubscribe {
        /// The game.
        game_id: Uuid,
    },
    /// Stop following the player's games, except those to which the client subscribed by id.
    #[serde(rename = "unsubscribe")]
    UnsubscribeMine {
        #[schema(inline)]
        #[allow(
            missing_docs,
            reason = "utoipa makes a doc here an `allOf` that no value meets"
        )]
        mine: True,
    },
    /// Ask for a pong, which shows that the server has read the client's earlier frames.
    Ping {
        /// Any JSON; the pong returns it.
        #[schema(required = false)]
        id: Value,
    },
}

/// One of the games of a frame.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct GameToFollow {
    /// The game to follow.
    pub game_id: Uuid,
    /// The last version that the client has. Updates follow from the next one on.
    pub after: Option<u32>,
}

impl PartialSchema for True {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::Boolean)
            .enum_values(Some([true]))
            .into()
    }
}

impl ToSchema for True {}
