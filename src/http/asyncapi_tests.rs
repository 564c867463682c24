//! Compares the document with the contract, the OpenAPI document and the reader of clients' frames.

use std::collections::BTreeSet;

use super::*;
use crate::live::frames::{ClientFrame, Resume, Subject};

/// Every field of every frame; those with `?` may be absent.
const FIELDS: [(&str, &[&str]); 16] = [
    ("subscribe", &["after?", "epoch?", "gameId", "type"]),
    ("subscribeGames", &["epoch?", "games", "type"]),
    ("subscribeMine", &["after?", "epoch?", "mine", "type"]),
    ("unsubscribe", &["gameId", "type"]),
    ("unsubscribeMine", &["mine", "type"]),
    ("ping", &["id?", "type"]),
    (
        "hello",
        &[
            "connectionId",
            "epoch",
            "heartbeatSeconds",
            "maxFrameBytes",
            "resumeLimit",
            "type",
        ],
    ),
    ("snapshot", &["game", "gameId", "type", "version"]),
    ("update", &["event", "game", "gameId", "type", "version"]),
    ("subscribed", &["gameId", "type", "version"]),
    ("subscribedMine", &["mine", "type"]),
    ("unsubscribed", &["gameId", "type"]),
    ("unsubscribedMine", &["mine", "type"]),
    ("pong", &["id", "type"]),
    ("error", &["code", "gameId?", "message", "type"]),
    ("goodbye", &["reason", "retryAfterMs", "type"]),
];

fn fields(payload: &Value) -> BTreeSet<String> {
    let required = payload["required"].as_array().unwrap();
    let mark = |name: &String| match required.contains(&json!(name)) {
        true => name.clone(),
        false => format!("{name}?"),
    };
    let properties = payload["properties"].as_object().unwrap();
    properties.keys().map(mark).collect()
}

#[test]
fn messages_have_the_fields_of_the_contract() {
    let document = document();
    let messages = document["components"]["messages"].as_object().unwrap();
    assert_eq!(messages.len(), FIELDS.len());
    for (name, expected) in FIELDS {
        let found = fields(&messages[name]["payload"]);
        let expected = expected.iter().map(|field| (*field).to_owned()).collect();
        assert_eq!(found, expected, "{name}");
        assert!(messages[name]["summary"].is_string(), "{name}");
        assert!(messages[name]["examples"][0].is_object(), "{name}");
    }
}

/// The name of a frame's message, and its fields other than `type`. A new frame or field does not
/// compile until it is added here.
fn read(frame: ClientFrame) -> (&'static str, Vec<&'static str>) {
    match frame {
        ClientFrame::Subscribe {
            game_id: _,
            resume: Resume { after: _, epoch: _ },
        } => ("subscribe", vec!["gameId", "after", "epoch"]),
        ClientFrame::SubscribeGames { games: _, epoch: _ } => {
            ("subscribeGames", vec!["games", "epoch"])
        }
        ClientFrame::SubscribeMine { after: _, epoch: _ } => {
            ("subscribeMine", vec!["mine", "after", "epoch"])
        }
        ClientFrame::Unsubscribe(Subject::Game(_)) => ("unsubscribe", vec!["gameId"]),
        ClientFrame::Unsubscribe(Subject::Mine) => ("unsubscribeMine", vec!["mine"]),
        ClientFrame::Ping { id: _ } => ("ping", vec!["id"]),
    }
}

#[test]
fn clients_frames_are_as_they_are_read() {
    let document = document();
    for frame in examples::of_client() {
        let (name, names) = read(ClientFrame::parse(&frame.to_string()).unwrap());
        let payload = &document["components"]["messages"][name]["payload"];
        let properties = payload["properties"].as_object().unwrap();
        let documented: BTreeSet<&str> = properties.keys().map(String::as_str).collect();
        let known: BTreeSet<&str> = names.into_iter().chain(["type"]).collect();
        assert_eq!(documented, known, "{name}");
        assert_eq!(payload["additionalProperties"], json!(false), "{name}");
        // The examples have every field.
        let fields: BTreeSet<&str> = frame
            .as_object()
            .unwrap()
            .keys()
            .map(String::as_str)
            .collect();
        assert_eq!(fields, known, "{name}");
    }
}

#[test]
fn a_game_of_a_list_has_the_fields_of_the_contract() {
    let document = document();
    let list = &document["components"]["messages"]["subscribeGames"]["payload"];
    let game = &list["properties"]["games"]["items"];
    let expected = ["after?", "gameId"].map(str::to_owned);
    assert_eq!(fields(game), BTreeSet::from(expected));
    assert_eq!(game["additionalProperties"], json!(false));
}

#[test]
fn codes_are_those_of_the_contract() {
    let document = document();
    let schemas = &document["components"]["schemas"];
    assert_eq!(
        schemas["ErrorCode"]["x-extensible-enum"],
        json!([
            "malformed",
            "game_not_found",
            "too_many_games",
            "player_token_required"
        ])
    );
    let closes = document["channels"]["live"]["x-close-codes"].as_array();
    let closes: Vec<Value> = closes
        .unwrap()
        .iter()
        .map(|close| json!([close["code"], close["goodbye"]]))
        .collect();
    assert_eq!(
        json!(closes),
        json!([
            [1000, null],
            [1001, null],
            [1002, null],
            [1007, null],
            [1008, ["limit"]],
            [1012, ["restart"]],
            [1013, ["too_slow", "full"]],
            [4401, ["player_token_revoked"]],
            [4403, ["key_revoked"]]
        ])
    );
}

#[test]
fn a_game_is_the_same_in_both_documents() {
    let document = document();
    let openapi = crate::http::openapi::document();
    let schemas = document["components"]["schemas"].as_object().unwrap();
    for name in ["Game", "Event", "EventData", "SeatHolder", "GameResult"] {
        let theirs = &openapi["components"]["schemas"][name];
        assert!(theirs.is_object(), "{name}");
        assert_eq!(&schemas[name], theirs, "{name}");
    }
}

#[test]
fn the_query_is_that_of_the_call() {
    let document = document();
    let openapi = crate::http::openapi::document();
    let query = &document["channels"]["live"]["bindings"]["ws"]["query"]["properties"];
    let ours: BTreeSet<&str> = query
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    let parameters = openapi["paths"]["/live"]["get"]["parameters"].as_array();
    let theirs: BTreeSet<&str> = parameters
        .unwrap()
        .iter()
        .filter(|parameter| parameter["in"] == "query")
        .filter_map(|parameter| parameter["name"].as_str())
        .collect();
    assert_eq!(ours, theirs);
}

#[test]
fn the_address_is_the_one_that_was_reached() {
    let address = Address {
        origin: "https://games.example:8443".to_owned(),
        stage: "prod".to_owned(),
    };
    let server = &document_at(&address)["servers"]["turnkey"];
    assert_eq!(server["variables"]["stage"]["default"], "prod");
    assert_eq!(server["host"], "games.example:8443");
    assert_eq!(server["protocol"], "wss");
    assert_eq!(document()["servers"]["turnkey"]["protocol"], "ws");
}

#[test]
fn limits_are_those_of_the_contract() {
    let description = document()["channels"]["live"]["description"].to_string();
    for limit in [
        "16384 bytes",
        "100 frames may come in any five seconds",
        "of which 200 together may come",
        "at most 100 games",
        "200 more as `mine`",
        "500 versions behind",
        "every 25 s",
        "silent for 60 s",
    ] {
        assert!(description.contains(limit), "{limit}: {description}");
    }
}
