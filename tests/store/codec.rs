//! Golden files: every stored shape that ever was, read as it must be read for ever.
//!
//! A golden file is never edited and never removed. A new schema of a type gets a new file.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::Value;
use turnkey::record::codec;
use turnkey::rules::{Rulebook, RulesId};

fn golden_files() -> Vec<(String, Value)> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let mut files: Vec<_> = std::fs::read_dir(directory)
        .unwrap()
        .map(|entry| {
            let path = entry.unwrap().path();
            let name = path.file_stem().unwrap().to_string_lossy().into_owned();
            (
                name,
                serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap(),
            )
        })
        .collect();
    files.sort_by(|one, other| one.0.cmp(&other.0));
    files
}

fn rules_id(variant: &str, version: u16) -> RulesId {
    RulesId {
        variant: variant.into(),
        version,
    }
}

#[test]
fn stored_events_are_read_as_ever() {
    let book = Rulebook::built_in();
    for (name, golden) in golden_files() {
        let stored = &golden["stored"];
        let id = rules_id(
            stored["variant"].as_str().unwrap(),
            u16::try_from(stored["rules"].as_i64().unwrap()).unwrap(),
        );
        let rules = codec::rules(&book, &id).unwrap();
        let schema = i16::try_from(stored["schema"].as_i64().unwrap()).unwrap();
        let kind = stored["type"].as_str().unwrap();
        let event = codec::event(rules, kind, schema, &stored["data"]).unwrap();
        assert_eq!(codec::kind(&event), kind, "{name}");
        assert_eq!(codec::data(rules, &event), golden["now"], "{name}");
    }
}

#[test]
fn every_type_of_the_present_schema_has_its_golden_file() {
    let present: BTreeSet<String> = golden_files()
        .iter()
        .filter(|(_, golden)| golden["stored"]["schema"] == codec::SCHEMA)
        .map(|(_, golden)| golden["stored"]["type"].as_str().unwrap().to_owned())
        .collect();
    let types = [
        "abandoned",
        "draw_agreed",
        "draw_declined",
        "draw_offered",
        "game_created",
        "move_played",
        "player_seated",
        "rematch_created",
        "resigned",
        "seat_left",
    ];
    assert_eq!(present, types.map(str::to_owned).into());
}

#[test]
fn what_is_not_known_is_refused() {
    let book = Rulebook::built_in();
    let rules = codec::rules(&book, &rules_id("tic-tac-toe", 1)).unwrap();
    assert!(codec::rules(&book, &rules_id("tic-tac-toe", 0)).is_err());
    assert!(codec::rules(&book, &rules_id("chess", 1)).is_err());
    let data = serde_json::json!({"seat": "X"});
    assert!(codec::event(rules, "draw_offered", 99, &data).is_err());
    assert!(codec::event(rules, "coin_tossed", 1, &data).is_err());
    let z = serde_json::json!({"seat": "Z"});
    assert!(codec::event(rules, "draw_offered", 1, &z).is_err());
}
