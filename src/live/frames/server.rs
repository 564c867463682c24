//! What the server says.

use bytestring::ByteString;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::game::GameId;
use crate::play::view::{EventView, GameView};

/// A frame from the server.
#[derive(Debug, Serialize, ToSchema)]
#[serde(
    tag = "type",
    rename_all = "camelCase",
    rename_all_fields = "camelCase"
)]
pub enum ServerFrame {
    /// The first frame of every connection.
    Hello {
        connection_id: Uuid,
        /// Names the course of the log; versions of another one say nothing about this one.
        epoch: Uuid,
        /// How often the server pings.
        heartbeat_seconds: u64,
        /// A client that is more versions behind than this gets a snapshot.
        resume_limit: u32,
    },
    /// The game as of `version`; stands for all events up to it.
    Snapshot {
        #[schema(value_type = Uuid)]
        game_id: GameId,
        version: u32,
        game: Box<GameView>,
    },
    /// `event` made `version`, and `game` is the game as of it.
    Update {
        #[schema(value_type = Uuid)]
        game_id: GameId,
        version: u32,
        event: Box<EventView>,
        game: Box<GameView>,
    },
    /// Updates follow from the version after this one.
    Subscribed {
        #[serde(flatten)]
        subject: Subscribed,
    },
    Unsubscribed {
        #[serde(flatten)]
        subject: Unsubscribed,
    },
    /// Answers a ping frame, with its `id`.
    Pong { id: Value },
    /// A frame could not be followed; the socket stays open.
    Error {
        code: ErrorCode,
        message: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        game_id: Option<String>,
    },
    /// The server is about to close.
    Goodbye {
        reason: GoodbyeReason,
        /// How long to wait before connecting again, in milliseconds.
        retry_after_ms: u64,
    },
}

#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(untagged, rename_all_fields = "camelCase")]
pub enum Subscribed {
    Game {
        #[schema(value_type = Uuid)]
        game_id: GameId,
        version: u32,
    },
    /// Every game that the player has at this moment was answered for.
    Mine {
        #[schema(value_type = bool)]
        mine: True,
    },
}

#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(untagged, rename_all_fields = "camelCase")]
pub enum Unsubscribed {
    Game {
        game_id: String,
    },
    Mine {
        #[schema(value_type = bool)]
        mine: True,
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

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ErrorCode {
    Malformed,
    GameNotFound,
    TooManyGames,
    PlayerTokenRequired,
}

/// Why the server closes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum GoodbyeReason {
    /// A deploy or a restart.
    Restart,
    /// The client did not take its frames fast enough.
    TooSlow,
    /// This server has no room for what is queued.
    Full,
    /// The client broke a limit.
    Limit,
    /// The player token is no longer good.
    PlayerTokenRevoked,
    /// The API key is no longer good.
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
                },
                format!(
                    r#"{{"type":"hello","connectionId":"{nil}","epoch":"{nil}","heartbeatSeconds":25,"resumeLimit":500}}"#
                ),
            ),
            (
                ServerFrame::Subscribed {
                    subject: Subscribed::Game {
                        game_id,
                        version: 4,
                    },
                },
                format!(r#"{{"type":"subscribed","gameId":"{nil}","version":4}}"#),
            ),
            (
                ServerFrame::Subscribed {
                    subject: Subscribed::Mine { mine: True },
                },
                r#"{"type":"subscribed","mine":true}"#.to_owned(),
            ),
            (
                ServerFrame::Unsubscribed {
                    subject: Unsubscribed::Game {
                        game_id: nil.to_owned(),
                    },
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
