//! Makes the AsyncAPI document of the live channel from the code. Its messages come from the types of
//! the frames, its examples are frames, its limits are the constants that enforce them, and a game has
//! the same schema as in the OpenAPI document.
//!
//! The document takes the server's view: it calls a client's frames received.

use serde_json::{Map, Value, json};
use utoipa::OpenApi;

use super::address::Address;
use super::openapi::{CONTRACT_VERSION, words};
use crate::live::frames::schema::ClientFrameSchema;
use crate::live::frames::{CLOSES, GoodbyeReason, ServerFrame, examples};
use crate::live::handshake::{ENCODED_KEY_PREFIX, KEY_PREFIX, SUBPROTOCOL, TOKEN_PREFIX};
use crate::live::{LIMITS, MAX_MINE, MAX_NAMED, RESUME_LIMIT};
use crate::play::view::SeatView;

/// The possible answers to each frame of a client.
const ANSWERS: [(&str, &[&str]); 6] = [
    ("subscribe", &["snapshot", "subscribed", "update", "error"]),
    (
        "subscribeGames",
        &["snapshot", "subscribed", "update", "error"],
    ),
    (
        "subscribeMine",
        &[
            "snapshot",
            "subscribed",
            "update",
            "subscribedMine",
            "error",
        ],
    ),
    ("unsubscribe", &["unsubscribed"]),
    ("unsubscribeMine", &["unsubscribedMine"]),
    ("ping", &["pong"]),
];

#[derive(OpenApi)]
#[openapi(components(schemas(ClientFrameSchema, ServerFrame, SeatView)))]
struct Frames;

/// The document of a server on its default address.
pub fn document() -> Value {
    document_at(&Address::default())
}

/// The document of a server that clients reach at `address`.
pub fn document_at(address: &Address) -> Value {
    // The document is a tree of maps, lists and texts, so every value has a JSON form.
    let frames = serde_json::to_value(Frames::openapi()).expect("the document is plain data");
    let mut schemas = frames["components"]["schemas"].clone();
    let mut from_client = messages(&schemas["ClientFrame"].take(), &examples::of_client());
    let from_server = messages(&schemas["ServerFrame"].take(), &server_examples());
    for (_, message) in &mut from_client {
        // The server refuses unknown fields.
        message["payload"]["additionalProperties"] = json!(false);
    }
    words::tell(&mut schemas);
    for name in ["ErrorCode", "GoodbyeReason"] {
        words::open(&mut schemas[name]);
    }
    if let Some(schemas) = schemas.as_object_mut() {
        schemas.retain(|_, schema| !schema.is_null());
    }
    let operations = operations(from_server.keys());
    let messages: Map<String, Value> = from_client.into_iter().chain(from_server).collect();
    json!({
        "asyncapi": "3.0.0",
        "info": info(),
        "defaultContentType": "application/json",
        "servers": {"turnkey": server(address)},
        "channels": {"live": channel(messages.keys())},
        "operations": operations,
        "components": {
            "messages": messages,
            "schemas": schemas,
            "securitySchemes": security_schemes()
        }
    })
}

fn info() -> Value {
    json!({
        "title": "Turnkey, live",
        "version": CONTRACT_VERSION,
        "description": "A WebSocket on which each event of the games that a client follows \
            arrives once, in order. Commands go over the API of `/openapi.json`.\n\n\
            For each game, versions arrive in order and each once, across reconnects with `after`, \
            deployments and lost connections. None is skipped, except those that a snapshot stands \
            for. The server may send new fields, frames and words in a later release: ignore those \
            that you do not know.",
        "contact": {"name": "The operator of this server"},
        "license": {
            "name": "MIT OR Apache-2.0",
            "url": "https://www.apache.org/licenses/LICENSE-2.0"
        },
        "tags": [{"name": "live", "description": "The WebSocket"}]
    })
}

fn server(address: &Address) -> Value {
    let origin = address.origin.as_str();
    let (scheme, host) = origin.split_once("://").unwrap_or(("http", origin));
    json!({
        "host": host,
        "protocol": if scheme == "https" { "wss" } else { "ws" },
        "pathname": "/{stage}",
        "description": "A stage of this server. Its default stage, if it has one, is also served \
                        without a prefix.",
        "variables": {"stage": {
            "default": address.stage,
            "description": "The stage's name; each stage has games of its own."
        }},
        "security": [
            {"$ref": "#/components/securitySchemes/apiKey"},
            {"$ref": "#/components/securitySchemes/apiKeyAsSubprotocol"}
        ]
    })
}

fn security_schemes() -> Value {
    let as_subprotocol = |description: String| {
        json!({
            "type": "httpApiKey", "in": "header", "name": "Sec-WebSocket-Protocol",
            "description": description
        })
    };
    json!({
        "apiKey": {
            "type": "httpApiKey", "in": "header", "name": "x-api-key",
            "description": "Identifies the app."
        },
        "apiKeyAsSubprotocol": as_subprotocol(format!(
            "The same from a browser: the offered subprotocol `{KEY_PREFIX}<key>`, or \
             `{ENCODED_KEY_PREFIX}<base64url of the key, unpadded>` for keys with characters that \
             a subprotocol may not hold."
        )),
        "playerToken": {
            "type": "http", "scheme": "bearer", "bearerFormat": "JWT",
            "description": "Identifies the player. Only `mine` and private games need it."
        },
        "playerTokenAsSubprotocol": as_subprotocol(format!(
            "The same from a browser: the offered subprotocol `{TOKEN_PREFIX}<token>`."
        ))
    })
}

fn channel<'a>(messages: impl Iterator<Item = &'a String>) -> Value {
    let references: Map<String, Value> = messages
        .map(|name| (name.clone(), reference(&["components", "messages", name])))
        .collect();
    json!({
        "address": "/live",
        "title": "The live channel",
        "summary": format!("A WebSocket of the subprotocol `{SUBPROTOCOL}`"),
        "description": channel_description(),
        "messages": references,
        "bindings": {"ws": {
            "method": "GET",
            "query": query(),
            "headers": headers(),
            "bindingVersion": "0.1.0"
        }},
        "x-close-codes": CLOSES.map(|close| {
            let mut row = json!({
                "code": close.code, "means": close.means, "client": close.client
            });
            let reasons: Vec<Value> = GoodbyeReason::ALL
                .into_iter()
                .filter(|reason| reason.close_code() == close.code)
                .map(|reason| json!(reason))
                .collect();
            if !reasons.is_empty() {
                row["goodbye"] = json!(reasons);
            }
            row
        })
    })
}

fn channel_description() -> String {
    let closes: String = CLOSES
        .iter()
        .map(|close| format!("\n| {} | {} | {} |", close.code, close.means, close.client))
        .collect();
    format!(
        "Offer the subprotocol `{SUBPROTOCOL}`; the answer names only this one. A header takes \
         precedence over a subprotocol, and neither key nor token is ever part of a URL. A refusal \
         before the upgrade is an HTTP answer: see `openLive` in `/openapi.json`.\n\n\
         A client's frame is JSON text of at most {bytes} bytes; a field that is null is absent. \
         {frames} frames may come in any five seconds, not counting `subscribe` and the pings of \
         RFC 6455, of which {generous} together may come. A socket names at most {MAX_NAMED} games, \
         and follows {MAX_MINE} more as `mine`. A client that is more than {RESUME_LIMIT} versions \
         behind gets a snapshot. The server pings about every {heartbeat} s, and drops a client that \
         is silent for {silence} s.\n\n\
         Before it closes, the server says `goodbye`, unless the client broke RFC 6455.\n\n\
         | close | means | what to do |\n|---|---|---|{closes}",
        bytes = LIMITS.message_bytes,
        frames = LIMITS.frames_in_five_seconds,
        generous = LIMITS.generous_frames_in_five_seconds,
        heartbeat = LIMITS.heartbeat.as_secs(),
        silence = LIMITS.silence.as_secs(),
    )
}

/// The query parameters: subscriptions that begin with the socket.
fn query() -> Value {
    json!({
        "type": "object",
        "properties": {
            "game": {
                "type": "array", "items": {"type": "string"},
                "description": "A game to follow, as `<id>`, or as `<id>:<version>` to resume \
                                after that version; may be repeated."
            },
            "after": {
                "type": "array", "items": {"type": "integer", "minimum": 0},
                "description": "The older form of a version. It must come directly after its \
                                `game`; write `game=<id>:<version>` instead."
            },
            "epoch": {
                "type": "string", "format": "uuid",
                "description": "The `epoch` that `hello` gave when those versions were seen; one \
                                for all games."
            }
        }
    })
}

fn headers() -> Value {
    json!({
        "type": "object",
        "required": ["Sec-WebSocket-Protocol"],
        "properties": {
            "Sec-WebSocket-Protocol": {
                "type": "string",
                "description": format!("`{SUBPROTOCOL}`, and from a browser key and token"),
                "examples": [
                    SUBPROTOCOL,
                    format!("{SUBPROTOCOL}, {KEY_PREFIX}<key>, {TOKEN_PREFIX}<token>")
                ]
            },
            "x-api-key": {"type": "string", "description": "The API key"},
            "Authorization": {"type": "string", "description": "`Bearer <player token>`"}
        }
    })
}

fn operations<'a>(from_server: impl Iterator<Item = &'a String>) -> Value {
    let channel = reference(&["channels", "live"]);
    let messages = |names: &[&str]| -> Vec<Value> {
        let of_channel = |name: &&str| reference(&["channels", "live", "messages", name]);
        names.iter().map(of_channel).collect()
    };
    let mut operations: Map<String, Value> = ANSWERS
        .iter()
        .map(|(name, answers)| {
            let operation = json!({
                "action": "receive",
                "channel": channel,
                "messages": messages(&[name]),
                "reply": {"channel": channel, "messages": messages(answers)}
            });
            ((*name).to_owned(), operation)
        })
        .collect();
    operations["subscribeMine"]["security"] = json!([
        {"$ref": "#/components/securitySchemes/playerToken"},
        {"$ref": "#/components/securitySchemes/playerTokenAsSubprotocol"}
    ]);
    let names: Vec<&str> = from_server.map(String::as_str).collect();
    let tell = json!({"action": "send", "channel": channel, "messages": messages(&names)});
    operations.insert("tell".into(), tell);
    Value::Object(operations)
}

/// One message for each variant of a type of frames.
fn messages(frames: &Value, examples: &[Value]) -> Map<String, Value> {
    let variants = frames["oneOf"].as_array().into_iter().flatten();
    let message = |variant: &Value| {
        let mut payload = variant.clone();
        let summary = payload["description"].take();
        if let Some(fields) = payload.as_object_mut() {
            fields.remove("description");
        }
        let name = name_of(|field| variant["properties"].get(field).cloned());
        let of_this = |frame: &&Value| name_of(|field| frame.get(field).cloned()) == name;
        let examples: Vec<Value> = examples
            .iter()
            .filter(of_this)
            .map(|frame| json!({"payload": frame}))
            .collect();
        let message = json!({
            "name": name,
            "title": name,
            "summary": summary,
            "payload": payload,
            "examples": examples
        });
        (name, message)
    };
    variants.map(message).collect()
}

/// The name of a message: its type, and a suffix if it is about several games. `field` finds a field of
/// a frame, or of its schema.
fn name_of(field: impl Fn(&str) -> Option<Value>) -> String {
    let kind = field("type").unwrap_or_default();
    // In a schema, `type` is a list of one word.
    let kind = kind["enum"].get(0).unwrap_or(&kind);
    let several = [("mine", "Mine"), ("games", "Games")];
    let several = several.into_iter().find(|(name, _)| field(name).is_some());
    let several = several.map_or("", |(_, suffix)| suffix);
    format!("{}{several}", kind.as_str().unwrap_or_default())
}

fn server_examples() -> Vec<Value> {
    let frames = examples::of_server();
    // As in `ServerFrame::to_text`.
    let value = |frame| serde_json::to_value(frame).expect("a frame is plain data");
    frames.iter().map(value).collect()
}

fn reference(path: &[&str]) -> Value {
    json!({"$ref": format!("#/{}", path.join("/"))})
}

#[cfg(test)]
#[path = "asyncapi_tests.rs"]
mod tests;
