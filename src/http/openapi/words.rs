//! The known words of answers. The documents give them as an open list (`x-extensible-enum`), never as
//! an `enum`: a client that is generated from an `enum` fails at the first word that a later release
//! adds.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::refusals;
use crate::rules::Rulebook;

const VISIBILITIES: &[&str] = &["unlisted", "private"];

/// How a game of any variant can end.
const ENDINGS: [&str; 3] = ["resignation", "agreement", "abandoned"];

/// Members of answers, each with all the words that this release writes there.
const WORDS: [(&str, &str, &[&str]); 8] = [
    ("Game", "status", &["waiting", "playing", "finished"]),
    ("Game", "visibility", VISIBILITIES),
    ("SeatHolder", "kind", &["human"]),
    ("GameResult", "outcome", &["win", "draw", "none"]),
    (
        "Event",
        "type",
        &[
            "game_created",
            "player_seated",
            "seat_left",
            "move_played",
            "resigned",
            "draw_offered",
            "draw_declined",
            "draw_agreed",
            "abandoned",
            "rematch_created",
        ],
    ),
    ("EventData", "visibility", VISIBILITIES),
    ("EventData", "opponent", &["invite", "self"]),
    (
        "Health",
        "status",
        &["ok", "stopping", "ready", "not ready"],
    ),
];

/// Adds the known words to the schemas of answers.
pub(in crate::http) fn tell(schemas: &mut Value) {
    for (schema, member, words) in WORDS {
        add(schemas, schema, member, json!(words));
    }
    add(schemas, "GameResult", "by", json!(endings()));
    add(schemas, "Problem", "code", json!(refusals::all_codes()));
}

/// How games can end, with the words of the variants.
fn endings() -> BTreeSet<String> {
    let book = Rulebook::built_in();
    let of_rules = book.iter().flat_map(|rules| {
        let by = &rules.forms().ending_schema["properties"]["by"];
        let words = by["enum"].as_array().into_iter().flatten();
        words.chain(by.get("const")).cloned().collect::<Vec<_>>()
    });
    let of_rules = of_rules.filter_map(|word| word.as_str().map(str::to_owned));
    of_rules.chain(ENDINGS.map(str::to_owned)).collect()
}

fn add(schemas: &mut Value, schema: &str, member: &str, words: Value) {
    // The live channel's document has only some of these schemas.
    let pointer = format!("/{schema}/properties/{member}");
    if let Some(member) = schemas.pointer_mut(&pointer) {
        member["x-extensible-enum"] = words;
    }
}

/// Turns a schema's closed list of words into an open one.
pub(in crate::http) fn open(schema: &mut Value) {
    if let Some(schema) = schema.as_object_mut()
        && let Some(words) = schema.remove("enum")
    {
        schema.insert("x-extensible-enum".into(), words);
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn words(schema: &str, member: &str) -> BTreeSet<String> {
        let document = super::super::document();
        let words = &document["components"]["schemas"][schema]["properties"][member];
        let words = words["x-extensible-enum"].as_array();
        words
            .unwrap_or_else(|| panic!("{schema}.{member}"))
            .iter()
            .map(|word| word.as_str().unwrap().to_owned())
            .collect()
    }

    /// The type of each golden event, and its data. Each type has a file.
    fn golden_events() -> Vec<(String, Value)> {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden");
        fs::read_dir(folder)
            .unwrap()
            .map(|file| {
                let text = fs::read_to_string(file.unwrap().path()).unwrap();
                let golden: Value = serde_json::from_str(&text).unwrap();
                let kind = golden["stored"]["type"].as_str().unwrap();
                (kind.to_owned(), golden["now"].clone())
            })
            .collect()
    }

    #[test]
    fn every_type_of_event_is_told() {
        let recorded: BTreeSet<String> =
            golden_events().into_iter().map(|(kind, _)| kind).collect();
        assert_eq!(words("Event", "type"), recorded);
    }

    #[test]
    fn every_member_of_an_events_data_is_told_with_its_words() {
        let document = super::super::document();
        let told = &document["components"]["schemas"]["EventData"]["properties"];
        let mut seen = BTreeSet::new();
        for (kind, data) in golden_events() {
            for (member, value) in data.as_object().unwrap() {
                assert!(told[member].is_object(), "{kind}: {member}");
                seen.insert(member.clone());
                if ["visibility", "opponent"].contains(&member.as_str()) {
                    let word = value.as_str().unwrap();
                    assert!(
                        words("EventData", member).contains(word),
                        "{member}: {word}"
                    );
                }
                if member == "result" {
                    for member in ["outcome", "by"] {
                        let word = value[member].as_str().unwrap();
                        assert!(words("GameResult", member).contains(word), "{word}");
                    }
                }
            }
        }
        let told: BTreeSet<String> = told.as_object().unwrap().keys().cloned().collect();
        // The one member that no golden event holds.
        seen.insert("seatOrder".to_owned());
        assert_eq!(told, seen);
    }

    /// The schemas that a client sends may be closed: the server refuses other words.
    const SENT: [&str; 3] = ["Opponent", "Status", "Visibility"];

    #[test]
    fn no_schema_of_an_answer_is_a_closed_list() {
        fn closed(value: &Value, path: &str, found: &mut Vec<String>) {
            match value {
                Value::Object(members) => {
                    if members.contains_key("enum") {
                        found.push(path.to_owned());
                    }
                    for (name, member) in members {
                        closed(member, &format!("{path}/{name}"), found);
                    }
                }
                Value::Array(items) => items.iter().for_each(|item| closed(item, path, found)),
                Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
            }
        }
        let documents = [super::super::document(), crate::http::asyncapi::document()];
        for document in documents {
            for (name, schema) in document["components"]["schemas"].as_object().unwrap() {
                let mut found = Vec::new();
                closed(schema, name, &mut found);
                let of_requests = SENT.contains(&name.as_str())
                    || ["CreateGame", "MakeMove"].contains(&name.as_str());
                assert!(found.is_empty() || of_requests, "{found:?}");
            }
        }
    }

    #[test]
    fn a_closed_list_is_opened() {
        let mut schema = json!({"type": "string", "enum": ["a"]});
        open(&mut schema);
        assert_eq!(
            schema,
            json!({"type": "string", "x-extensible-enum": ["a"]})
        );
    }
}
