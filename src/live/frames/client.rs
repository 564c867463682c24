//! The frames that a client may send.

use std::collections::HashMap;

use serde_json::{Map, Value};

use crate::rules::whole_number;

/// A frame from a client. Its ids are text that is not yet looked up.
#[derive(Clone, Debug, PartialEq)]
pub enum ClientFrame {
    /// Follow one game.
    Subscribe {
        /// The game's id.
        game_id: String,
        /// Where the client left off.
        resume: Resume,
    },
    /// Follow each of these games, as if the client subscribed to each by itself.
    SubscribeGames {
        /// The games' ids, each with the last version that the client has.
        games: Vec<(String, Option<u32>)>,
        /// The epoch under which the client saw those versions.
        epoch: Option<String>,
    },
    /// Follow every unfinished game of the player.
    SubscribeMine {
        /// The last versions that the client has, by game id. Games may be missing.
        after: HashMap<String, u32>,
        /// The epoch under which the client saw those versions.
        epoch: Option<String>,
    },
    /// Stop following a game or the player's games.
    Unsubscribe(Subject),
    /// Ask for a pong.
    Ping {
        /// Any JSON; the pong returns it.
        id: Value,
    },
}

/// Where a client left off.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Resume {
    /// The last version that the client has; `None` asks for a snapshot.
    pub after: Option<u32>,
    /// The epoch under which the client saw that version. `None` counts as the current one.
    pub epoch: Option<String>,
}

/// The games that a frame is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subject {
    /// The game with this id.
    Game(String),
    /// The player's unfinished games.
    Mine,
}

/// Why a frame cannot be read. The text names the field and what it should be.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// The frame is not JSON. A client may send two of them on a socket.
    #[error("the frame is not JSON: {0}")]
    NotJson(String),
    /// The frame is JSON, but has an unknown type or field, or a wrong value.
    #[error("{0}")]
    Shape(String),
}

impl ClientFrame {
    /// Reads one text frame.
    ///
    /// # Errors
    /// [`Malformed::NotJson`] and [`Malformed::Shape`].
    pub fn parse(text: &str) -> Result<ClientFrame, Malformed> {
        let value: Value =
            serde_json::from_str(text).map_err(|error| Malformed::NotJson(error.to_string()))?;
        let Value::Object(fields) = value else {
            return Err(shape("a frame is a JSON object"));
        };
        let mut fields = Fields::of(fields);
        let frame = match fields.text("type")?.as_deref() {
            Some("subscribe") => subscribe(&mut fields)?,
            Some("unsubscribe") => ClientFrame::Unsubscribe(subject(&mut fields)?),
            Some("ping") => ClientFrame::Ping {
                id: fields.0.remove("id").unwrap_or(Value::Null),
            },
            Some(other) => {
                let message =
                    format!("type {other:?} is unknown: use subscribe, unsubscribe or ping");
                return Err(Malformed::Shape(message));
            }
            None => return Err(shape("type is missing: use subscribe, unsubscribe or ping")),
        };
        fields.end().map_err(Malformed::Shape)?;
        Ok(frame)
    }
}

fn subscribe(fields: &mut Fields) -> Result<ClientFrame, Malformed> {
    if let Some(list) = fields.0.remove("games") {
        return subscribe_games(list, fields);
    }
    let subject = subject(fields)?;
    let epoch = fields.text("epoch")?;
    let after = fields.0.remove("after");
    Ok(match subject {
        Subject::Game(game_id) => {
            let after = after.map(|value| version(&value)).transpose()?;
            ClientFrame::Subscribe {
                game_id,
                resume: Resume { after, epoch },
            }
        }
        Subject::Mine => ClientFrame::SubscribeMine {
            after: after.map(versions).transpose()?.unwrap_or_default(),
            epoch,
        },
    })
}

fn subscribe_games(list: Value, fields: &mut Fields) -> Result<ClientFrame, Malformed> {
    if fields.0.contains_key("gameId") || fields.0.contains_key("mine") {
        return Err(shape("games, gameId and mine exclude each other"));
    }
    if fields.0.contains_key("after") {
        return Err(shape("after belongs to each game: write it into games"));
    }
    let Value::Array(entries) = list else {
        return Err(shape(
            "games is a list: [{\"gameId\":\"…\",\"after\":3}, …]",
        ));
    };
    let games = entries
        .into_iter()
        .enumerate()
        .map(|(index, entry)| {
            game_to_follow(entry)
                .map_err(|wrong| Malformed::Shape(format!("games[{index}]: {wrong}")))
        })
        .collect::<Result<_, _>>()?;
    let epoch = fields.text("epoch")?;
    Ok(ClientFrame::SubscribeGames { games, epoch })
}

fn game_to_follow(entry: Value) -> Result<(String, Option<u32>), Malformed> {
    let Value::Object(fields) = entry else {
        return Err(shape("a game is an object with gameId and perhaps after"));
    };
    let mut fields = Fields::of(fields);
    let game_id = fields.text("gameId")?;
    let game_id = game_id.ok_or_else(|| shape("gameId is missing"))?;
    let after = fields.0.remove("after");
    let after = after.map(|value| version(&value)).transpose()?;
    fields.end().map_err(Malformed::Shape)?;
    Ok((game_id, after))
}

fn subject(fields: &mut Fields) -> Result<Subject, Malformed> {
    let game_id = fields.text("gameId")?;
    match (game_id, fields.0.remove("mine")) {
        (Some(game_id), None) => Ok(Subject::Game(game_id)),
        (None, Some(Value::Bool(true))) => Ok(Subject::Mine),
        (None, Some(_)) => Err(shape("mine is true or absent")),
        (Some(_), Some(_)) => Err(shape("gameId and mine exclude each other")),
        (None, None) => Err(shape(
            "gameId is missing: name a game, or say \"mine\":true",
        )),
    }
}

fn versions(value: Value) -> Result<HashMap<String, u32>, Malformed> {
    let Value::Object(entries) = value else {
        return Err(shape("after is an object from game ids to versions"));
    };
    entries
        .into_iter()
        .filter(|(_, value)| !value.is_null())
        .map(|(game, value)| Ok((game, version(&value)?)))
        .collect()
}

/// Reads a version. One that is too great for a `u32` becomes `u32::MAX`, which is ahead of every
/// game.
fn version(value: &Value) -> Result<u32, Malformed> {
    let however_written = || whole_number(value).and_then(|number| u64::try_from(number).ok());
    value
        .as_u64()
        .or_else(however_written)
        .map(|number| u32::try_from(number).unwrap_or(u32::MAX))
        .ok_or_else(|| shape("after is a version: a whole number, 0 or more"))
}

fn shape(message: &str) -> Malformed {
    Malformed::Shape(message.to_owned())
}

/// The names of all fields of clients' frames.
const KNOWN: [&str; 7] = ["type", "gameId", "games", "mine", "after", "epoch", "id"];

/// The fields of a frame that are not yet read. Reading a field removes it.
struct Fields(Map<String, Value>);

impl Fields {
    /// The fields that are present. A null field counts as absent if its name is known; an unknown
    /// name stays, and is refused.
    fn of(mut fields: Map<String, Value>) -> Fields {
        fields.retain(|name, value| !value.is_null() || !KNOWN.contains(&name.as_str()));
        Fields(fields)
    }

    /// Refuses a frame with fields left over. The error names one of them.
    fn end(&self) -> Result<(), String> {
        match self.0.keys().next() {
            None => Ok(()),
            Some(unknown) => Err(format!("field {unknown:?} is unknown")),
        }
    }

    fn text(&mut self, name: &str) -> Result<Option<String>, Malformed> {
        match self.0.remove(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(Malformed::Shape(format!("{name} is a string"))),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn parsed(frame: Value) -> ClientFrame {
        ClientFrame::parse(&frame.to_string()).expect("this frame is well-formed")
    }

    #[test]
    fn well_formed_frames() {
        assert_eq!(
            parsed(json!({"type": "subscribe", "gameId": "g", "after": 3, "epoch": "e"})),
            ClientFrame::Subscribe {
                game_id: "g".into(),
                resume: Resume {
                    after: Some(3),
                    epoch: Some("e".into())
                },
            }
        );
        assert_eq!(
            parsed(json!({"type": "subscribe", "mine": true, "after": {"g": u64::MAX}})),
            ClientFrame::SubscribeMine {
                after: HashMap::from([("g".into(), u32::MAX)]),
                epoch: None
            }
        );
        assert_eq!(
            parsed(json!({"type": "subscribe", "mine": true, "after": {"g": 3.0, "h": 1e15}})),
            ClientFrame::SubscribeMine {
                after: HashMap::from([("g".into(), 3), ("h".into(), u32::MAX)]),
                epoch: None
            }
        );
        assert_eq!(
            parsed(json!({
                "type": "subscribe", "epoch": "e",
                "games": [{"gameId": "g", "after": 3.0}, {"gameId": "h"}, {"gameId": "g"}]
            })),
            ClientFrame::SubscribeGames {
                games: vec![
                    ("g".into(), Some(3)),
                    ("h".into(), None),
                    ("g".into(), None)
                ],
                epoch: Some("e".into()),
            }
        );
        assert_eq!(
            parsed(json!({"type": "unsubscribe", "mine": true})),
            ClientFrame::Unsubscribe(Subject::Mine)
        );
        assert_eq!(
            parsed(json!({"type": "ping", "id": {"any": 1}})),
            ClientFrame::Ping {
                id: json!({"any": 1})
            }
        );
    }

    #[test]
    fn null_is_absent() {
        let absent = parsed(json!({"type": "subscribe", "gameId": "g"}));
        let null = json!({
            "type": "subscribe", "gameId": "g",
            "after": null, "epoch": null, "mine": null, "games": null, "id": null
        });
        assert_eq!(parsed(null), absent);
        let absent = parsed(json!({"type": "subscribe", "games": [{"gameId": "g"}]}));
        let null = json!({
            "type": "subscribe", "gameId": null, "epoch": null,
            "games": [{"gameId": "g", "after": null, "epoch": null}]
        });
        assert_eq!(parsed(null), absent);
        let absent = parsed(json!({"type": "subscribe", "mine": true, "after": {"h": 1}}));
        let null = json!({
            "type": "subscribe", "mine": true, "after": {"g": null, "h": 1}, "epoch": null
        });
        assert_eq!(parsed(null), absent);
        let absent = parsed(json!({"type": "ping"}));
        assert_eq!(parsed(json!({"type": "ping", "id": null})), absent);
    }

    #[test]
    fn what_is_not_json() {
        for text in [
            "",
            "{",
            "nonsense",
            "{\"type\":\"ping\",\"id\":\"\\ud800\"}",
        ] {
            let error = ClientFrame::parse(text).expect_err(text);
            assert!(matches!(error, Malformed::NotJson(_)), "{text}");
        }
    }

    #[test]
    fn json_of_another_shape() {
        for frame in [
            json!([]),
            json!({}),
            json!({"type": 1}),
            json!({"type": "move", "gameId": "g"}),
            json!({"type": "subscribe"}),
            json!({"type": "subscribe", "gameId": 7}),
            json!({"type": "subscribe", "gameId": "g", "mine": true}),
            json!({"type": "subscribe", "gameId": "g", "after": -1}),
            json!({"type": "subscribe", "gameId": "g", "after": -1.0}),
            json!({"type": "subscribe", "gameId": "g", "after": 1.5}),
            json!({"type": "subscribe", "gameId": "g", "after": {"g": 1}}),
            json!({"type": "subscribe", "gameId": "g", "epoch": 1}),
            json!({"type": "subscribe", "gameId": "g", "more": 1}),
            json!({"type": "subscribe", "gameId": "g", "more": null}),
            json!({"type": "subscribe", "gameId": null}),
            json!({"type": "subscribe", "games": null}),
            json!({"type": "subscribe", "games": "g"}),
            json!({"type": "subscribe", "games": [["g"]]}),
            json!({"type": "subscribe", "games": [{}]}),
            json!({"type": "subscribe", "games": [{"gameId": "g", "more": 1}]}),
            json!({"type": "subscribe", "games": [{"gameId": "g"}], "after": {"g": 1}}),
            json!({"type": "subscribe", "games": [], "mine": true}),
            json!({"type": null}),
            json!({"type": "subscribe", "mine": false}),
            json!({"type": "subscribe", "mine": true, "after": 3}),
            json!({"type": "subscribe", "mine": true, "after": {"g": "1"}}),
            json!({"type": "unsubscribe", "gameId": "g", "after": 1}),
            json!({"type": "ping", "id": 1, "more": 1}),
        ] {
            let error = ClientFrame::parse(&frame.to_string()).expect_err("malformed");
            assert!(matches!(error, Malformed::Shape(_)), "{frame}");
        }
    }
}
