//! Makes the OpenAPI document from the code. Calls and bodies come from the handlers and the views;
//! this module adds the parts that all calls share.
//!
//! A test compares it with [`ENDPOINTS`]: no call is missing, and none is invented.

mod refusals;
mod requests;
pub(in crate::http) mod words;

use serde_json::{Map, Value, json};
use utoipa::OpenApi;

use super::address::Address;
use super::handlers::{commands, games, live, players};
use super::refusal::{GateError, Problem};
use super::routes::{ENDPOINTS, Endpoint};
use crate::play::schema::StatusView;
use crate::play::view::SeatView;

/// The default address of a server.
pub const DEFAULT_ORIGIN: &str = "http://127.0.0.1:8080";

/// The version of the API's contract, in both documents. It is not the version of the program, which
/// changes with every release.
///
/// The second number grows when something is added (a call, a field, a word, a code, a frame). The
/// third grows when only the wording of the documents changes. The first stays 1: nothing is renamed,
/// removed or given another meaning.
pub const CONTRACT_VERSION: &str = "1.1.0";

/// The document of a server on its default address.
pub fn document() -> Value {
    document_at(&Address::default())
}

/// The document of a server that clients reach at `address`.
pub fn document_at(address: &Address) -> Value {
    // The document is a tree of maps, lists and texts, so every value has a JSON form.
    let mut document = serde_json::to_value(Api::openapi()).expect("the document is plain data");
    document["info"]["version"] = json!(CONTRACT_VERSION);
    document["servers"] = servers(address);
    document["security"] = json!([{"apiKey": []}, {"apiKey": [], "playerToken": []}]);
    document["components"]["securitySchemes"] = security_schemes();
    document["components"]["headers"] = headers();
    document["components"]["schemas"]["Health"] = health();
    requests::narrow_bodies(&mut document["components"]["schemas"]);
    words::tell(&mut document["components"]["schemas"]);
    for endpoint in &ENDPOINTS {
        let verb = endpoint.verb.as_str().to_ascii_lowercase();
        let operation = &mut document["paths"][endpoint.path][verb];
        if operation.is_object() {
            complete(operation, endpoint);
        }
    }
    document["paths"]["/healthz"] = listener_path(
        "readHealth",
        "Should the process keep running",
        "ok",
        "stopping",
    );
    document["paths"]["/readyz"] = listener_path(
        "readReadiness",
        "Can the server take requests",
        "ready",
        "not ready",
    );
    document
}

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Turnkey",
        description = "Turn-based games: make a game, invite somebody, play. \
            Commands go over this API; `GET /live` is a WebSocket on which each move arrives.\n\n\
            Every call needs an API key in `x-api-key`. A player token identifies the player. The \
            first call that seats a player gives one: keep it, and send it as \
            `Authorization: Bearer …`.\n\n\
            Every accepted command adds one to a game's `version`. If you send the version you saw \
            with a move, you can safely repeat the move after a lost answer.",
        contact(name = "The operator of this server"),
        license(name = "MIT OR Apache-2.0", identifier = "MIT OR Apache-2.0"),
    ),
    paths(
        games::create_game, games::join_game, games::read_game, games::read_events,
        games::list_games, games::list_variants, commands::make_move, commands::resign_game,
        commands::offer_draw, commands::decline_draw, commands::rematch_game,
        players::create_player, players::read_player, players::rename_player,
        players::delete_player, live::open_live,
    ),
    components(schemas(Problem, GateError, SeatView, StatusView)),
    tags(
        (name = "games", description = "Making, joining, reading and listing games"),
        (name = "commands", description = "Moves, resignations, draw offers and rematches"),
        (name = "players", description = "A player's name and token"),
        (name = "live", description = "The WebSocket"),
        (name = "listener", description = "The server's health; these paths have no stage and need no key"),
    )
)]
struct Api;

/// The servers. The address is absolute, because generators and linters use it as it stands.
fn servers(address: &Address) -> Value {
    json!([{
        "url": "{origin}/{stage}",
        "description": "A stage of this server. Its default stage, if it has one, is also served \
                        without a prefix.",
        "variables": {
            "origin": {"default": address.origin, "description": "Where the server listens."},
            "stage": {
                "default": address.stage,
                "description": "The stage's name; each stage has games of its own."
            }
        }
    }])
}

fn security_schemes() -> Value {
    json!({
        "apiKey": {
            "type": "apiKey", "in": "header", "name": "x-api-key",
            "description": "Identifies the app."
        },
        "playerToken": {
            "type": "http", "scheme": "bearer", "bearerFormat": "JWT",
            "description": "Identifies the player."
        }
    })
}

fn headers() -> Value {
    let text = |description: &str, example: &str| {
        let schema = json!({"type": "string"});
        json!({"description": description, "schema": schema, "example": example})
    };
    json!({
        "RequestId": text("The id of this request in the server's log",
            "01935d5a-6e1f-7c3a-9d3e-5b8f2a7c4e10"),
        "ErrorType": text("The kind of the gate's refusal", "ForbiddenException"),
        "RateLimitPolicy": text("The limits that the key's plan sets",
            "\"throttle\";q=20;w=2, \"quota\";q=10000;w=86400"),
        "RateLimit": text("The calls that are left of each limit that the key's plan sets",
            "\"throttle\";r=19;t=1, \"quota\";r=9999;t=3600"),
        "RetryAfter": {"description": "Seconds to wait before a repeat",
            "schema": {"type": "integer", "minimum": 1}, "example": 1},
        "ETag": text(
            "The game's version, in quotes. Where the variant hides something it also says whose \
             view that is: `\"4-A\"` seat A's, `\"4f\"` everybody's once the game is over", "\"4\""),
        "Location": text("The path of the resource that was created", "/dev/game/01935d5a-6e1f-7c3a-9d3e-5b8f2a7c4e10"),
        "Replayed": {"description": "The request had taken effect already; this call recorded nothing",
            "schema": {"type": "string", "enum": ["true"]}},
        "Challenge": text("The scheme of the Authorization header", "Bearer"),
        "Upgrade": text("The protocol to upgrade to", "websocket"),
    })
}

/// Adds the headers of a call's successes, and all its refusals.
fn complete(operation: &mut Value, endpoint: &Endpoint) {
    let body = operation.pointer_mut("/requestBody/content/application~1json/schema");
    if let Some((body, schema)) = body.and_then(|body| {
        let schema = body["oneOf"].get(0).cloned()?;
        Some((body, schema))
    }) {
        // The body may be absent, but the word `null` does not count as absent.
        *body = schema;
        operation["requestBody"]["required"] = json!(false);
    }
    let parameters = operation.get_mut("parameters");
    if let Some(parameters) = parameters.and_then(Value::as_array_mut) {
        parameters.iter_mut().for_each(requests::narrow_parameter);
    }
    let Some(responses) = operation["responses"].as_object_mut() else {
        return;
    };
    for (status, response) in responses.iter_mut() {
        response["headers"] = success_headers(endpoint, status, response);
    }
    for (status, response) in refusals::of(endpoint.operation) {
        responses.insert(status.to_string(), response);
    }
}

fn success_headers(endpoint: &Endpoint, status: &str, response: &Value) -> Value {
    let schema = &response["content"]["application/json"]["schema"]["$ref"];
    let schema = schema
        .as_str()
        .and_then(|reference| reference.rsplit('/').next());
    let holds_game = matches!(schema, Some("Game" | "Created")) || status == "304";
    let mut names = vec!["RequestId", "RateLimitPolicy", "RateLimit"];
    if holds_game {
        names.push("ETag");
    }
    if status == "201" {
        names.push("Location");
    }
    if endpoint.verb != super::routes::Verb::Get && status != "204" {
        names.push("Replayed");
    }
    header_references(&names)
}

/// References to headers of the components, by their names on the wire.
fn header_references(names: &[&str]) -> Value {
    let on_the_wire = |name: &str| {
        match name {
            "RequestId" => "x-amzn-RequestId",
            "ErrorType" => "x-amzn-ErrorType",
            "RateLimitPolicy" => "RateLimit-Policy",
            "RetryAfter" => "Retry-After",
            "Replayed" => "Turnkey-Replayed",
            "Challenge" => "WWW-Authenticate",
            same => same,
        }
        .to_owned()
    };
    let references: Map<String, Value> = names
        .iter()
        .map(|name| {
            (
                on_the_wire(name),
                json!({"$ref": format!("#/components/headers/{name}")}),
            )
        })
        .collect();
    Value::Object(references)
}

/// The schema of the answers of the listener's own paths.
fn health() -> Value {
    json!({
        "type": "object",
        "required": ["status"],
        "properties": {
            "status": {"type": "string"},
            "reason": {"type": "string", "description": "Why the answer is no"}
        }
    })
}

/// One of the listener's own paths, which have no stage and need no key.
fn listener_path(operation: &str, summary: &str, good: &str, bad: &str) -> Value {
    let answer = |description: &str, status: &str| {
        json!({
            "description": description,
            "headers": header_references(&["RequestId"]),
            "content": {"application/json": {
                "schema": {"$ref": "#/components/schemas/Health"},
                "example": {"status": status}
            }}
        })
    };
    json!({
        "servers": [{"url": "/", "description": "Without a stage"}],
        "get": {
            "operationId": operation, "summary": summary, "description": summary,
            "tags": ["listener"], "security": [],
            "responses": {"200": answer("Yes", good), "503": answer("No, and why", bad)}
        }
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn operations(document: &Value) -> Vec<(String, String, Value)> {
        let paths = document["paths"].as_object().unwrap();
        let verbs = |path: &Value| path.as_object().unwrap().clone();
        paths
            .iter()
            .flat_map(|(name, path)| {
                verbs(path)
                    .into_iter()
                    .map(|(verb, operation)| (name.clone(), verb, operation))
            })
            .filter(|(_, verb, _)| verb != "servers")
            .collect()
    }

    #[test]
    fn it_has_every_call_and_no_other() {
        let document = document();
        let documented: BTreeSet<_> = operations(&document)
            .into_iter()
            .filter(|(_, _, operation)| operation["tags"] != json!(["listener"]))
            .map(|(path, verb, operation)| {
                let id = operation["operationId"].as_str().unwrap().to_owned();
                (path, verb.to_ascii_uppercase(), id)
            })
            .collect();
        let served: BTreeSet<_> = ENDPOINTS
            .iter()
            .map(|endpoint| {
                let verb = endpoint.verb.as_str().to_owned();
                (
                    endpoint.path.to_owned(),
                    verb,
                    endpoint.operation.to_owned(),
                )
            })
            .collect();
        assert_eq!(documented, served);
    }

    #[test]
    fn every_call_has_its_texts_and_the_refusals_of_the_gate() {
        for (path, verb, operation) in operations(&document()) {
            let call = format!("{verb} {path}");
            assert!(operation["summary"].is_string(), "{call}");
            assert!(operation["tags"].is_array(), "{call}");
            if operation["tags"] == json!(["listener"]) {
                continue;
            }
            for status in ["403", "404", "429", "503"] {
                let response = &operation["responses"][status];
                assert!(
                    response["headers"]["x-amzn-RequestId"].is_object(),
                    "{call} {status}"
                );
            }
        }
    }

    #[test]
    fn every_reference_leads_somewhere() {
        fn check(value: &Value, document: &Value) {
            if let Some(reference) = value.get("$ref").and_then(Value::as_str) {
                let pointer = reference.strip_prefix('#').unwrap();
                assert!(document.pointer(pointer).is_some(), "{reference}");
            }
            match value {
                Value::Object(fields) => fields.values().for_each(|field| check(field, document)),
                Value::Array(items) => items.iter().for_each(|item| check(item, document)),
                Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
            }
        }
        let document = document();
        check(&document, &document);
    }
}
