//! Frames from clients: what is read says all that was sent, and no field is passed over.

use serde_json::{Map, Value, json};
use turnkey::live::frames::{ClientFrame, Subject};

pub fn check(input: &[u8]) {
    let Ok(text) = str::from_utf8(input) else {
        return;
    };
    let Ok(frame) = ClientFrame::parse(text) else {
        return;
    };
    let fields = fields(&frame);
    let written = Value::Object(fields.clone()).to_string();
    assert_eq!(
        ClientFrame::parse(&written).as_ref(),
        Ok(&frame),
        "{written}"
    );

    let sent: Map<String, Value> = serde_json::from_str(text).expect("it was read before");
    let names = |fields: &Map<String, Value>| {
        let names = fields.iter().filter(|(_, value)| !value.is_null());
        names.map(|(name, _)| name.clone()).collect::<Vec<_>>()
    };
    assert!(
        names(&sent)
            .iter()
            .all(|name| names(&fields).contains(name)),
        "{text} became {written}"
    );
    let mut more = sent.clone();
    more.insert("surplus".into(), Value::Null);
    assert!(ClientFrame::parse(&Value::Object(more).to_string()).is_err());
    let mut more = Value::Object(sent);
    if let Some(Value::Object(game)) = more.pointer_mut("/games/0") {
        game.insert("surplus".into(), Value::Null);
        assert!(ClientFrame::parse(&more.to_string()).is_err());
    }
}

/// The frame as a client would write it.
fn fields(frame: &ClientFrame) -> Map<String, Value> {
    let written = match frame {
        ClientFrame::Subscribe { game_id, resume } => json!({
            "type": "subscribe", "gameId": game_id, "after": resume.after, "epoch": resume.epoch,
        }),
        ClientFrame::SubscribeGames { games, epoch } => {
            let game = |(game_id, after)| json!({"gameId": game_id, "after": after});
            let games: Vec<Value> = games.iter().cloned().map(game).collect();
            json!({"type": "subscribe", "games": games, "epoch": epoch})
        }
        ClientFrame::SubscribeMine { after, epoch } => json!({
            "type": "subscribe", "mine": true, "after": after, "epoch": epoch,
        }),
        ClientFrame::Unsubscribe(Subject::Game(game_id)) => {
            json!({"type": "unsubscribe", "gameId": game_id})
        }
        ClientFrame::Unsubscribe(Subject::Mine) => json!({"type": "unsubscribe", "mine": true}),
        ClientFrame::Ping { id } => return ping(id),
    };
    let Value::Object(fields) = written else {
        unreachable!("each of them is an object");
    };
    let set = fields.into_iter().filter(|(_, value)| !value.is_null());
    set.collect()
}

fn ping(id: &Value) -> Map<String, Value> {
    let fields = [("type", Value::from("ping")), ("id", id.clone())];
    let fields = fields.map(|(name, value)| (name.to_owned(), value));
    fields.into_iter().collect()
}
