//! Every member of every call in `/openapi.json`, with texts that Postgres cannot hold: nothing is
//! answered with 500, and a NUL is answered with 400.

use serde_json::{Map, Value, json};

use crate::world::{World, reply, text};

const NUL: &str = "a\0b";
/// Written as what JSON cannot hold: half a surrogate pair, and a byte that is no UTF-8.
const HALF_PAIR: &str = "@half@";
const BYTE: &str = "@byte@";

fn texts() -> Vec<String> {
    let plain = ["\0", NUL, HALF_PAIR, BYTE, "", "\u{10ffff}", "\u{fdd0}"];
    let mut texts: Vec<String> = plain.map(str::to_owned).to_vec();
    texts.push("x".repeat(3000));
    texts
}

/// The schema that a reference names, or itself.
fn resolved<'a>(document: &'a Value, schema: &'a Value) -> &'a Value {
    match schema["$ref"].as_str() {
        Some(name) => {
            let pointer = name.strip_prefix('#').unwrap();
            resolved(document, document.pointer(pointer).unwrap())
        }
        None => schema,
    }
}

/// Values of a schema, each with one text in it that is bad.
fn variants(document: &Value, schema: &Value, bad: &str, depth: usize) -> Vec<Value> {
    let schema = resolved(document, schema);
    // Anywhere a value may be, also where another type belongs; and in a key.
    let mut found = vec![
        json!(bad),
        json!([bad]),
        json!({ bad: 1 }),
        json!({ "a": bad }),
    ];
    if depth == 0 {
        return found;
    }
    for (name, inner) in schema["properties"].as_object().unwrap_or(&Map::new()) {
        let inner = variants(document, inner, bad, depth - 1);
        found.extend(
            inner
                .into_iter()
                .map(|value| json!({ name.as_str(): value })),
        );
    }
    for kind in ["allOf", "anyOf", "oneOf"] {
        for inner in schema[kind].as_array().unwrap_or(&Vec::new()) {
            found.extend(variants(document, inner, bad, depth - 1));
        }
    }
    found
}

fn bytes(body: &Value) -> Vec<u8> {
    let text = body.to_string().replace(HALF_PAIR, "\\ud800");
    let mut bytes = Vec::new();
    let mut parts = text.split(BYTE);
    bytes.extend(parts.next().unwrap_or_default().as_bytes());
    for part in parts {
        bytes.push(0xff);
        bytes.extend(part.as_bytes());
    }
    bytes
}

/// As it stands in a path or a query.
fn encoded(text: &str) -> String {
    if text == HALF_PAIR {
        return "%ED%A0%80".to_owned();
    }
    let raw = if text == BYTE {
        vec![0xff]
    } else {
        text.as_bytes().to_vec()
    };
    raw.iter().map(|byte| format!("%{byte:02X}")).collect()
}

/// What a call needs to come as far as the database.
struct Good {
    token: String,
    game: String,
    bodies: Map<String, Value>,
}

impl Good {
    async fn make(world: &World) -> Good {
        let (game, token, _) = world.begun_game().await;
        let bodies = json!({
            "createGame": {},
            "makeMove": {"gameId": game, "move": 4, "version": 2},
            "joinGame": {"invite": "K7QM-PD3X"},
            "createPlayer": {},
            "renamePlayer": {"name": "Ann"},
        });
        let bodies = bodies.as_object().unwrap().clone();
        Good {
            token,
            game,
            bodies,
        }
    }
}

async fn check(what: &str, request: reqwest::RequestBuilder, bad: &str, place: &str) {
    let answer = reply(request).await;
    let shown: String = bad.chars().take(20).collect();
    assert!(answer.status.as_u16() < 500, "{what} {shown:?}: {answer:?}");
    if bad.contains('\0') && place != "path" {
        assert_eq!(answer.status, 400, "{what} {shown:?}: {}", answer.text);
    }
}

#[tokio::test]
async fn no_text_of_any_call_is_answered_with_500() {
    let world = World::start_with(|_| {}).await;
    let good = Good::make(&world).await;
    let document = reply(world.bare("GET", "/openapi.json")).await.json();
    let mut calls = 0;
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, call) in methods.as_object().unwrap() {
            let Some(name) = call["operationId"].as_str() else {
                continue;
            };
            let method = method.to_uppercase();
            let filled = path.replace("{gameId}", &good.game);
            let request = |target: &str| {
                let request = world.request(&method, target).bearer_auth(&good.token);
                if name == "openLive" {
                    handshake(request)
                } else {
                    request
                }
            };
            for bad in texts() {
                for parameter in call["parameters"].as_array().unwrap_or(&Vec::new()) {
                    let parameter = resolved(&document, parameter);
                    let named = text(&parameter["name"]);
                    let place = text(&parameter["in"]);
                    let what = format!("{name} {place} {named}");
                    let request = match place.as_str() {
                        "query" => request(&format!("{filled}?{named}={}", encoded(&bad))),
                        "path" => request(&path.replace(&format!("{{{named}}}"), &encoded(&bad))),
                        "header" => {
                            let raw = if bad == BYTE {
                                b"\xff".to_vec()
                            } else {
                                bad.clone().into_bytes()
                            };
                            let Ok(value) = reqwest::header::HeaderValue::from_bytes(&raw) else {
                                continue;
                            };
                            request(&filled).header(named, value)
                        }
                        other => panic!("a parameter in {other}"),
                    };
                    // A header with a NUL cannot be sent at all.
                    check(&what, request, &bad, &place).await;
                    calls += 1;
                }
                let schema = &call["requestBody"]["content"]["application/json"]["schema"];
                if schema.is_null() {
                    continue;
                }
                let base = good
                    .bodies
                    .get(name)
                    .unwrap_or_else(|| panic!("a body for {name}"));
                for variant in variants(&document, schema, &bad, 3) {
                    let mut body = base.clone();
                    match &variant {
                        Value::Object(fields) => {
                            body.as_object_mut().unwrap().extend(fields.clone());
                        }
                        other => body = other.clone(),
                    }
                    let request = request(&filled)
                        .header("content-type", "application/json")
                        .body(bytes(&body));
                    check(&format!("{name} {body}"), request, &bad, "body").await;
                    calls += 1;
                }
            }
        }
    }
    assert!(calls > 500, "{calls} calls");
    let after = reply(world.request("POST", "/game").json(&json!({}))).await;
    assert_eq!(after.status, 201, "{}", after.text);
}

fn handshake(request: reqwest::RequestBuilder) -> reqwest::RequestBuilder {
    request
        .header("connection", "Upgrade")
        .header("upgrade", "websocket")
        .header("sec-websocket-version", "13")
        .header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==")
        .header("sec-websocket-protocol", "turnkey.v1")
}
