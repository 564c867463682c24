//! What the server says.

use bytestring::ByteString;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::game::GameId;
use crate::play::view::{EventView, GameView};

/// A frame from the server.
///
/// Fields are renamed variant by variant, because the schema knows no `rename_all_fields`.
#[derive(Debug, Serialize, ToSchema)]
#[serde(tag = "type", rename_all = "camelCase")]
pub enum ServerFrame {
    /// The first frame of every connection.
    #[serde(rename_all = "camelCase")]
    Hello {
        connection_id: Uuid,
        /// Names the course of the log; versions of another one say nothing about this one.
        epoch: Uuid,
        /// How often the server pings.
        heartbeat_seconds: u64,
        /// A client that is more versions behind than this gets a snapshot.
        resume_limit: u32,
        /// The longest frame that a client may send, in bytes. Where this field is missing, the
        /// server takes 4096 bytes and does not know `games`.
        max_frame_bytes: u64,
    },
    /// The game as of `version`; stands for all events up to it.
    #[serde(rename_all = "camelCase")]
    Snapshot {
        #[schema(value_type = Uuid)]
        game_id: GameId,
        version: u32,
        game: Box<GameView>,
    },
    /// `event` made `version`, and `game` is the game as of it.
    #[serde(rename_all = "camelCase")]
    Update {
        #[schema(value_type = Uuid)]
        game_id: GameId,
        version: u32,
        event: Box<EventView>,
        game: Box<GameView>,
    },
    /// Updates of this game follow from the version after this one.
    #[serde(rename_all = "camelCase")]
    Subscribed {
        #[schema(value_type = Uuid)]
        game_id: GameId,
        version: u32,
    },
    /// Every game that the player had when they subscribed to theirs was answered for.
    #[serde(rename = "subscribed")]
    SubscribedMine {
        #[schema(inline)]
        mine: True,
    },
    /// Nothing more follows of this game.
    #[serde(rename_all = "camelCase")]
    Unsubscribed { game_id: String },
    /// Nothing more follows of the player's games, but for those that were named.
    #[serde(rename = "unsubscribed")]
    UnsubscribedMine {
        #[schema(inline)]
        mine: True,
    },
    /// Answers a ping frame, with its `id`.
    Pong { id: Value },
    /// A frame could not be followed; the socket stays open.
    #[serde(rename_all = "camelCase")]
    Error {
        code: ErrorCode,
        message: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        #[schema(nullable = false)]
        game_id: Option<String>,
    },
    /// The server is about to close.
    #[serde(rename_all = "camelCase")]
    Goodbye {
        reason: GoodbyeReason,
        /// How long to wait before connecting again, in milliseconds.
        retry_after_ms: u64,
    },
}

/// The one value of `mine`.
#[derive(Clone, Copy, Debug)]
pub struct True;

impl Serialize for True {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bool(true)
    }
}

/// Why a frame could not be followed: it is bad JSON or has an unknown type or field (`malformed`);
/// there is no such game for this client in this stage (`game_not_found`); the socket follows as
/// many games as it may (`too_many_games`); `mine` needs a player token (`player_token_required`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ErrorCode {
    Malformed,
    GameNotFound,
    TooManyGames,
    PlayerTokenRequired,
}

/// Why the server closes: a deploy or a restart (`restart`); the client did not take its frames fast
/// enough (`too_slow`); the server has no room for what waits (`full`); the client broke a limit
/// (`limit`); the player token or the key is no longer good (`player_token_revoked`, `key_revoked`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum GoodbyeReason {
    Restart,
    TooSlow,
    Full,
    Limit,
    PlayerTokenRevoked,
    KeyRevoked,
}

impl GoodbyeReason {
    /// As frames, the log and the metrics call it.
    pub fn as_str(self) -> &'static str {
        match self {
            GoodbyeReason::Restart => "restart",
            GoodbyeReason::TooSlow => "too_slow",
            GoodbyeReason::Full => "full",
            GoodbyeReason::Limit => "limit",
            GoodbyeReason::PlayerTokenRevoked => "player_token_revoked",
            GoodbyeReason::KeyRevoked => "key_revoked",
        }
    }
}

impl ServerFrame {
    /// The frame as it travels; to be shared by all its receivers.
    pub fn to_text(&self) -> ByteString {
        // Every field is plain data with string keys, which serde_json always writes.
        let text = serde_json::to_string(self).expect("a frame is plain data");
        ByteString::from(text)
    }

    pub fn error(code: ErrorCode, message: &str) -> ServerFrame {
        ServerFrame::Error {
            code,
            message: message.to_owned(),
            game_id: None,
        }
    }

    /// One and the same for a game that is not there and one that is not for this client.
    pub fn game_not_found(game_id: String) -> ServerFrame {
        ServerFrame::Error {
            code: ErrorCode::GameNotFound,
            message: "There is no such game for you in this stage: check the id.".to_owned(),
            game_id: Some(game_id),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_as_they_travel() {
        let game_id = GameId(Uuid::nil());
        let nil = "00000000-0000-0000-0000-000000000000";
        let cases = [
            (
                ServerFrame::Hello {
                    connection_id: Uuid::nil(),
                    epoch: Uuid::nil(),
                    heartbeat_seconds: 25,
                    resume_limit: 500,
                    max_frame_bytes: 16384,
                },
                format!(
                    r#"{{"type":"hello","connectionId":"{nil}","epoch":"{nil}","heartbeatSeconds":25,"resumeLimit":500,"maxFrameBytes":16384}}"#
                ),
            ),
            (
                ServerFrame::Subscribed {
                    game_id,
                    version: 4,
                },
                format!(r#"{{"type":"subscribed","gameId":"{nil}","version":4}}"#),
            ),
            (
                ServerFrame::SubscribedMine { mine: True },
                r#"{"type":"subscribed","mine":true}"#.to_owned(),
            ),
            (
                ServerFrame::Unsubscribed {
                    game_id: nil.to_owned(),
                },
                format!(r#"{{"type":"unsubscribed","gameId":"{nil}"}}"#),
            ),
            (
                ServerFrame::Pong { id: Value::Null },
                r#"{"type":"pong","id":null}"#.to_owned(),
            ),
            (
                ServerFrame::error(ErrorCode::TooManyGames, "m"),
                r#"{"type":"error","code":"too_many_games","message":"m"}"#.to_owned(),
            ),
            (
                ServerFrame::Goodbye {
                    reason: GoodbyeReason::Restart,
                    retry_after_ms: 7,
                },
                r#"{"type":"goodbye","reason":"restart","retryAfterMs":7}"#.to_owned(),
            ),
        ];
        for (frame, text) in cases {
            assert_eq!(&*frame.to_text(), text);
        }
    }
}
