//! The form of the client's frames, for the AsyncAPI document; [`ClientFrame`](super::ClientFrame)
//! reads them, and the tests hold one against the other.

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
    /// Follow one game, anew where it is followed already.
    #[serde(rename_all = "camelCase")]
    Subscribe {
        game_id: Uuid,
        /// The last version that the client has: updates follow from the next one on.
        after: Option<u32>,
        /// The `epoch` that `hello` gave when that version was seen.
        epoch: Option<Uuid>,
    },
    /// Follow many games with one frame, each as if it were subscribed to by itself.
    #[serde(rename = "subscribe")]
    SubscribeGames {
        /// A socket follows at most 100 games by their ids.
        #[schema(inline)]
        games: Vec<GameToFollow>,
        /// The `epoch` that `hello` gave when those versions were seen.
        epoch: Option<Uuid>,
    },
    /// Follow every unfinished game of the player, those to come too.
    #[serde(rename = "subscribe")]
    SubscribeMine {
        #[schema(inline)]
        mine: True,
        /// From game ids to the last versions that the client has of them.
        after: Option<HashMap<Uuid, u32>>,
        /// The `epoch` that `hello` gave when those versions were seen.
        epoch: Option<Uuid>,
    },
    /// Follow one game no more.
    #[serde(rename_all = "camelCase")]
    Unsubscribe { game_id: Uuid },
    /// Follow the player's games no more, but for those that were named.
    #[serde(rename = "unsubscribe")]
    UnsubscribeMine {
        #[schema(inline)]
        mine: True,
    },
    /// Is the other end there, and done with what came before?
    Ping {
        /// Comes back in the pong.
        #[schema(required = false)]
        id: Value,
    },
}

/// One of the games of a frame.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct GameToFollow {
    pub game_id: Uuid,
    /// The last version that the client has: updates follow from the next one on.
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
