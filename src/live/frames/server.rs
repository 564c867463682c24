//! The frames that the server sends.

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
        /// The connection's id, which the server's log also names.
        connection_id: Uuid,
        /// Names the history of the server's data. It changes when a backup is restored; versions
        /// seen under another epoch say nothing about the games now.
        epoch: Uuid,
        /// How often the server pings, in seconds.
        heartbeat_seconds: u64,
        /// A client that is more versions of a game behind than this gets a snapshot.
        resume_limit: u32,
        /// The longest frame that a client may send, in bytes. Where this field is missing, the
        /// server takes 4096 bytes and does not know `games`.
        max_frame_bytes: u64,
    },
    /// The game as of `version`, in place of all events up to it.
    #[serde(rename_all = "camelCase")]
    Snapshot {
        /// The game.
        #[schema(value_type = Uuid)]
        game_id: GameId,
        /// The version of `game`.
        version: u32,
        /// The game, without `yourSeats` and `invite`.
        game: Box<GameView>,
    },
    /// `event` made `version`, and `game` is the game as of it.
    #[serde(rename_all = "camelCase")]
    Update {
        /// The game.
        #[schema(value_type = Uuid)]
        game_id: GameId,
        /// The version that `event` made.
        version: u32,
        /// The event.
        event: Box<EventView>,
        /// The game after the event, without `yourSeats` and `invite`.
        game: Box<GameView>,
    },
    /// Updates of this game follow from the version after this one.
    #[serde(rename_all = "camelCase")]
    Subscribed {
        /// The game.
        #[schema(value_type = Uuid)]
        game_id: GameId,
        /// The last version that the client has.
        version: u32,
    },
    /// Every game that the player had when they subscribed to `mine` was answered.
    #[serde(rename = "subscribed")]
    SubscribedMine {
        #[schema(inline)]
        #[allow(
            missing_docs,
            reason = "utoipa makes a doc here an `allOf` that no value meets"
        )]
        mine: True,
    },
    /// No more updates of this game follow.
    #[serde(rename_all = "camelCase")]
    Unsubscribed {
        /// The game's id, as the client wrote it.
        game_id: String,
    },
    /// No more updates of the player's games follow, except of those subscribed to by id.
    #[serde(rename = "unsubscribed")]
    UnsubscribedMine {
        #[schema(inline)]
        #[allow(
            missing_docs,
            reason = "utoipa makes a doc here an `allOf` that no value meets"
        )]
        mine: True,
    },
    /// The answer to a ping frame, with its `id`.
    Pong {
        /// The `id` of the ping; null if it had none.
        id: Value,
    },
    /// Something that the client asked for cannot be done. The socket stays open.
    #[serde(rename_all = "camelCase")]
    Error {
        /// The reason.
        code: ErrorCode,
        /// The reason in a sentence for developers.
        message: String,
        /// The id of the game that the error is about, if it is about one.
        #[serde(skip_serializing_if = "Option::is_none")]
        #[schema(nullable = false)]
        game_id: Option<String>,
    },
    /// The server is about to close.
    #[serde(rename_all = "camelCase")]
    Goodbye {
        /// Why the server closes.
        reason: GoodbyeReason,
        /// How long to wait before connecting again, in milliseconds.
        retry_after_ms: u64,
    },
}

/// The only value of `mine`: `true`.
#[derive(Clone, Copy, Debug)]
pub struct True;

impl Serialize for True {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bool(true)
    }
}

/// Why something that the client asked for cannot be done: the frame is bad JSON or has an unknown
/// type or field (`malformed`); there is no such game for this client in this stage
/// (`game_not_found`); the socket follows as many games as it may (`too_many_games`); `mine` needs
/// a player token (`player_token_required`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ErrorCode {
    /// The frame is not JSON, or has an unknown type or field.
    Malformed,
    /// There is no such game for this client in this stage.
    GameNotFound,
    /// The socket follows as many games as it may.
    TooManyGames,
    /// `mine` needs a socket that was opened with a player token.
    PlayerTokenRequired,
}

/// Why the server closes: a deploy or a restart (`restart`); the client did not take its frames fast
/// enough (`too_slow`); the server has no room for what waits (`full`); the client broke a limit
/// (`limit`); the player token or the key is no longer good (`player_token_revoked`, `key_revoked`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum GoodbyeReason {
    /// A deploy or a restart.
    Restart,
    /// The client did not take its frames fast enough.
    TooSlow,
    /// The server has no room for what waits.
    Full,
    /// The client broke a limit.
    Limit,
    /// The player token is no longer good.
    PlayerTokenRevoked,
    /// The API key is no longer good.
    KeyRevoked,
}

impl GoodbyeReason {
    /// The reason's name in frames, the log and the metrics.
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
    /// The frame as JSON text. All its receivers can share the text.
    pub fn to_text(&self) -> ByteString {
        // Every field is plain data with string keys, which serde_json always writes.
        let text = serde_json::to_string(self).expect("a frame is plain data");
        ByteString::from(text)
    }

    /// An error frame that is not about one game.
    pub fn error(code: ErrorCode, message: &str) -> ServerFrame {
        ServerFrame::Error {
            code,
            message: message.to_owned(),
            game_id: None,
        }
    }

    /// The error for an unknown game, and for one that this client may not see: both are answered
    /// alike.
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
