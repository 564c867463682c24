//! Narrows the schemas of requests beyond the types of their fields. A request that fits the document
//! is then accepted, or refused only because of the current state.

use serde_json::{Value, json};

use crate::play::DEFAULT_VARIANT;
use crate::rules::{Rulebook, Rules};

/// The spaces that are trimmed off a name: Unicode's `White_Space`.
const SPACE: &str = r"[\t-\r \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]*";
/// A character of a name, but not its first or last. The real rules use Unicode's properties for the
/// characters, and grapheme clusters for the length. No pattern can express that, so this one accepts
/// every valid name, and more.
const INNER: &str = r"[^\u0000-\u001f\u007f-\u009f\u2028\u2029]";
/// The first or last character of a name.
const OUTER: &str =
    r"[^\u0000-\u0020\u007f-\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]";
/// Visible ASCII.
const IDEMPOTENCY_KEY: &str = "^[!-~]{1,255}$";
/// The form of `next` in a page of games.
const CURSOR: &str = "^A[A-Za-f][A-Za-z0-9_-]{10}$";

/// Narrows the schemas of bodies.
pub(super) fn narrow_bodies(schemas: &mut Value) {
    let name = format!("^{SPACE}{OUTER}({INNER}*{OUTER})?{SPACE}$");
    for body in ["CreateGame", "JoinGame", "CreatePlayer", "RenamePlayer"] {
        schemas[body]["properties"]["name"]["pattern"] = json!(name);
    }

    let book = Rulebook::built_in();
    let served = book.newest_versions().into_keys();
    let games: Vec<Value> = served
        .filter_map(|variant| book.newest(&variant).map(game_of))
        .collect();
    only(&mut schemas["CreateGame"], json!({"anyOf": games}));
}

/// A request for a game of this variant.
fn game_of(rules: &Rules) -> Value {
    let forms = rules.forms();
    let id = rules.id.variant.as_str();
    let is_default = id == DEFAULT_VARIANT;
    let variant = match is_default {
        true => or_null(vec![id]),
        false => json!({"enum": [id]}),
    };
    let required: &[&str] = if is_default { &[] } else { &["variant"] };
    json!({"required": required, "properties": {
        "variant": variant,
        "options": {"anyOf": [forms.options_schema, {"type": "null"}]},
        "seat": or_null(forms.seats.to_vec()),
    }})
}

/// Narrows a schema to the values that also fit `narrower`.
///
/// It uses `if` and `else`, because generators of clients ignore these words: for them a move stays
/// any JSON, and a seat any text, as in the answers. From `anyOf` or `enum` they would generate types
/// of today's variants, and different types from the next release.
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

/// A schema of these words and null, because a null field counts as absent.
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
