//! Golden files: every stored shape that ever was, read as it must be read for ever.
//!
//! A golden file is never edited and never removed. A new schema of a type gets a new file.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::{Value, json};
use time::OffsetDateTime;
use turnkey::game::{Actor, Entry};
use turnkey::record::{codec, luck};
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
        let data = &stored["data"];
        let entry = Entry {
            event: codec::event(rules, kind, schema, data).unwrap(),
            at: OffsetDateTime::UNIX_EPOCH,
            actor: Actor::System,
            luck: luck::read(rules, kind, data).unwrap(),
        };
        assert_eq!(codec::kind(&entry.event), kind, "{name}");
        let mut now = codec::stored(rules, &entry);
        if codec::schema(rules) == schema {
            assert_eq!(now, *data, "{name}");
        }
        for never_shown in ["draws", "sealedSeed"] {
            now.as_object_mut().unwrap().remove(never_shown);
        }
        assert_eq!(now, golden["now"], "{name}");
    }
}

#[test]
fn what_chance_stores_is_read_strictly_and_told_of_without_showing_it() {
    let book = Rulebook::built_in();
    let rules = codec::rules(&book, &rules_id("pig", 1)).unwrap();
    let (secret, other) = ("5ec2e7".repeat(11), "c0ffee".repeat(11));
    for data in [
        json!({"seed": secret}),
        json!({"seed": secret.to_uppercase()}),
        json!({"seed": [secret]}),
        json!({"commitment": other, "sealedSeed": secret}),
        json!({"draws": [secret]}),
        json!({"draws": [-1]}),
        json!({"draws": secret}),
        json!({"entropy": "a b"}),
        json!({"commitment": other[..64]}),
    ] {
        let refused = luck::read(rules, "game_created", &data).unwrap_err();
        assert!(
            !format!("{refused} {refused:?}").contains("5ec2e7"),
            "{refused:?}"
        );
    }
    let kept = json!({"seed": secret[..64], "draws": [0, 5], "commitment": other[..64],
                      "sealedSeed": secret, "entropy": "x"});
    let read = luck::read(rules, "game_created", &kept).unwrap();
    assert_eq!(read.draws, [0, 5]);
    let printed = format!("{read:?} {:?} {:?}", read.seed, read.promise);
    assert!(
        !printed.contains("5ec2e7") && !printed.contains('5'),
        "{printed}"
    );
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
