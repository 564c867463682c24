//! What requests may hold beyond what the types of their fields say, so that whatever fits the
//! document is accepted, or refused for the state of things alone.

use serde_json::{Value, json};

use crate::game::{Seat, Variant};

/// Spaces, which are trimmed off a name: Unicode's `White_Space`.
const SPACE: &str = r"[\t-\r \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]*";
/// Characters of a name, but not its first or last. Which of them a name may hold in the end is a
/// matter of Unicode's properties, and how long it may be one of grapheme clusters: no pattern
/// says that, so this one takes whatever may be a name, and more.
const INNER: &str = r"[^\u0000-\u001f\u007f-\u009f\u2028\u2029]";
const OUTER: &str =
    r"[^\u0000-\u0020\u007f-\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]";
/// Visible ASCII.
const IDEMPOTENCY_KEY: &str = "^[!-~]{1,255}$";
/// What `next` of a page of games looks like.
const CURSOR: &str = "^A[A-Za-f][A-Za-z0-9_-]{10}$";

/// Narrows the schemas of bodies.
pub(super) fn narrow_bodies(schemas: &mut Value) {
    let name = format!("^{SPACE}{OUTER}({INNER}*{OUTER})?{SPACE}$");
    for body in ["CreateGame", "JoinGame", "CreatePlayer", "RenamePlayer"] {
        schemas[body]["properties"]["name"]["pattern"] = json!(name);
    }

    let create = &mut schemas["CreateGame"]["properties"];
    let variants = Variant::ALL.map(Variant::id);
    only(&mut create["variant"], or_null(variants.into()));
    let mut seats: Vec<&str> = Variant::ALL
        .iter()
        .flat_map(|variant| Seat::ALL.map(|seat| variant.seat_name(seat)))
        .collect();
    seats.sort_unstable();
    seats.dedup();
    only(&mut create["seat"], or_null(seats));
    let mut options: Vec<Value> = Variant::ALL.map(Variant::options_schema).into();
    options.push(json!({"type": "null"}));
    only(&mut create["options"], json!({"anyOf": options}));
    let moves = Variant::ALL.map(Variant::move_schema);
    only(
        &mut schemas["MakeMove"]["properties"]["move"],
        json!({"anyOf": moves}),
    );
}

/// Narrows a schema to what fits another one too.
///
/// Said with `if` and `else`, because generators of clients pass over these words: a move stays any
/// JSON for them, and a seat any text, as in the answers. With `anyOf` or `enum` they would make
/// types of today's variants, and other types of the next release's.
fn only(schema: &mut Value, narrower: Value) {
    schema["if"] = narrower;
    schema["else"] = json!(false);
}

/// Narrows the schema of one parameter, which is a text on the wire and never null.
pub(super) fn narrow_parameter(parameter: &mut Value) {
    let pattern = match parameter["name"].as_str() {
        Some("Idempotency-Key") => Some(IDEMPOTENCY_KEY),
        Some("cursor") => Some(CURSOR),
        _ => None,
    };
    let schema = &mut parameter["schema"];
    if let Some(kind) = schema["type"].get(0).cloned() {
        schema["type"] = kind;
    }
    if let Some(pattern) = pattern {
        schema["pattern"] = json!(pattern);
    }
}

/// A field that is null counts as absent.
fn or_null(words: Vec<&str>) -> Value {
    let words: Vec<Option<&str>> = words.into_iter().map(Some).chain([None]).collect();
    json!({"enum": words})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parameter_is_never_null() {
        let mut parameter = json!({"name": "x", "schema": {"type": ["string", "null"]}});
        narrow_parameter(&mut parameter);
        assert_eq!(parameter["schema"], json!({"type": "string"}));
        let mut parameter = json!({"name": "cursor", "schema": {"type": "string"}});
        narrow_parameter(&mut parameter);
        assert_eq!(parameter["schema"]["pattern"], CURSOR);
    }
}
