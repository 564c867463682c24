//! The recipe by which a seed gives the draws, as docs/RULES.md tells it: its test vector, by the
//! server's code and by a program in Python that shares no line with it.

use serde_json::{Value, json};
use turnkey::game::{Creation, Entropy, Event, GameId, Holder, Opponent, PlayerId, Seats, Seed};
use turnkey::game::{Visibility, entropy_of_seats};
use turnkey::rules::{Chance, Json, Seat};
use uuid::Uuid;

use crate::python;

/// The JSON examples of the document that have all of these members.
fn examples(members: &[&str]) -> Vec<Value> {
    let document = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/RULES.md");
    let text = std::fs::read_to_string(document).unwrap();
    let blocks = text.split("```json\n").skip(1);
    let read = blocks.filter_map(|block| serde_json::from_str(block.split("```").next()?).ok());
    read.filter(|value: &Value| members.iter().all(|name| value.get(name).is_some()))
        .collect()
}

/// What the server makes of an example.
fn drawn(example: &Value) -> Value {
    let text = |name: &str| example[name].as_str().unwrap();
    let seed: Seed = text("seed").parse().unwrap();
    let texts = example["entropy"].as_array().unwrap();
    let mut entropy: Seats<Option<Entropy>> = Seats::all(texts.len() as u8, None);
    for (at, given) in texts.iter().enumerate() {
        entropy[Seat::at(at).unwrap()] = given.as_str().unwrap().parse().ok();
    }
    let game = GameId(Uuid::parse_str(text("gameId")).unwrap());
    let version = example["version"].as_u64().unwrap() as u32;
    let key = seed.key(game, version, &entropy);
    let mut chance = Chance::seeded(key);
    let below = example["below"].as_array().unwrap().iter();
    let draws: Vec<u32> = below
        .map(|below| chance.random_below(below.as_u64().unwrap() as u32))
        .collect();
    let key: String = key.iter().map(|byte| format!("{byte:02x}")).collect();
    json!({"commitment": seed.commitment().to_string(), "key": key, "draws": draws})
}

#[test]
fn the_test_vector_of_the_document_is_right() {
    let examples = examples(&["seed", "below", "draws"]);
    assert_eq!(examples.len(), 1, "docs/RULES.md has one test vector");
    let told = &examples[0];
    let told =
        json!({"commitment": told["commitment"], "key": told["key"], "draws": told["draws"]});
    assert_eq!(drawn(&examples[0]), told);
    let python = python::run("examples/verify_pig.py", &["--draws"], &examples[0]);
    assert_eq!(python, told);
}

#[test]
fn python_draws_the_same_of_any_seed() {
    let numbers =
        |from: u32| (0..40).map(move |at| 1 + (from * 977 + at * 53_777_777) % 0x7fff_ffff);
    for round in 0..5 {
        let seed = format!("{:064x}", u128::from(round * 7 + 1) << 60);
        let texts: Vec<String> = (0..=round).map(|at| "~".repeat(at as usize * 16)).collect();
        let below: Vec<u32> = numbers(round).collect();
        let asked = json!({
            "seed": seed, "gameId": Uuid::from_u128(round.into()), "version": 1 + round * 70_000,
            "entropy": texts, "below": below,
        });
        let python = python::run("examples/verify_pig.py", &["--draws"], &asked);
        assert_eq!(python, drawn(&asked));
    }
}

#[test]
fn entropy_counts_for_the_seats_that_its_event_gives_to_a_player() {
    let player = |number| PlayerId(Uuid::from_u128(number));
    let entropy = |text: &str| text.parse::<Entropy>().unwrap();
    let (ann, bob, cy) = (entropy("ann"), entropy("bob"), entropy("cy"));
    let seats = |held: &[usize]| {
        let mut seats = Seats::all(3, Holder::Open);
        for &at in held {
            seats[Seat::at(at).unwrap()] = Holder::Player(player(1));
        }
        seats
    };
    let created = |seats| {
        Event::GameCreated(Creation {
            options: Json::empty_object(),
            seats,
            visibility: Visibility::Unlisted,
            opponent: Opponent::Invite,
        })
    };
    let seated = |at, by| Event::PlayerSeated {
        seat: Seat::at(at).unwrap(),
        player: player(by),
    };
    let left = Event::SeatLeft {
        seat: Seat::at(2).unwrap(),
    };
    let (one, all) = (created(seats(&[1])), created(seats(&[0, 1, 2])));
    let (second, third, again) = (seated(0, 2), seated(2, 3), seated(2, 4));
    let of = |events: &[(&Event, Option<&Entropy>)]| {
        let seats = entropy_of_seats(events.iter().copied());
        let texts = seats
            .iter()
            .map(|(_, text)| text.as_ref().map_or("-", Entropy::as_str));
        texts.collect::<Vec<_>>().join(" ")
    };
    assert_eq!(of(&[(&all, Some(&ann))]), "ann ann ann");
    let mut events = vec![
        (&one, Some(&ann)),
        (&second, Some(&bob)),
        (&third, Some(&cy)),
    ];
    assert_eq!(of(&events), "bob ann cy");
    events.push((&left, None));
    assert_eq!(of(&events), "bob ann -");
    events.push((&again, None));
    assert_eq!(of(&events), "bob ann -");
}

#[test]
fn what_is_no_entropy_and_no_seed() {
    for odd in ["", "a b", "é", "\u{7f}", &"x".repeat(65)] {
        assert!(odd.parse::<Entropy>().is_err(), "{odd:?}");
    }
    assert!("x".repeat(64).parse::<Entropy>().is_ok());
    for odd in [
        "",
        &"0".repeat(63),
        &"0".repeat(65),
        &"A".repeat(64),
        &"+0".repeat(32),
    ] {
        assert!(odd.parse::<Seed>().is_err(), "{odd:?}");
    }
    let seed: Seed = "0f".repeat(32).parse().unwrap();
    assert_eq!(seed.to_hex(), "0f".repeat(32));
    assert_eq!(format!("{seed:?}"), "Seed(…)");
}
