//! Golden games: what a version of the rules answered once, it answers for ever, for stored games
//! are made anew from their moves and draws alone.
//!
//! A golden file is never edited and never removed. To add one for each ruleset that has none of
//! the name, choose a name (it also picks the random game) and run
//! `TURNKEY_NEW_GOLDEN=name cargo test --test rules golden`.

use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::PathBuf;

use serde_json::{Value, json};
use turnkey::rules::{Chance, Rules, RulesId, Seat, Viewer};

use super::game::{Action, Dice, Game, RandomGame, every_ruleset};

const NAME_OF_NEW: &str = "TURNKEY_NEW_GOLDEN";
/// A golden game is to be read, too: longer ones are not written.
const MOST_EVENTS: usize = 250;

fn directory() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/rules/rulesets/golden")
}

/// The golden games by the names of their files.
fn golden_games() -> BTreeMap<String, Value> {
    let read = |entry: Result<fs::DirEntry, _>| {
        let path = entry.unwrap().path();
        let game = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
        (path.file_name().unwrap().to_str().unwrap().to_owned(), game)
    };
    fs::read_dir(directory()).unwrap().map(read).collect()
}

fn prefix(RulesId { variant, version }: &RulesId) -> String {
    format!("{variant}.{version}.")
}

#[test]
fn golden_games_are_played_as_they_were() {
    if let Ok(name) = std::env::var(NAME_OF_NEW) {
        every_ruleset().iter().for_each(|rules| add(rules, &name));
    }
    let rulebook = every_ruleset();
    let mut games = golden_games();
    for rules in &rulebook {
        let prefix = prefix(&rules.id);
        let (own, others) = games
            .into_iter()
            .partition(|(name, _)| name.starts_with(&prefix));
        games = others;
        let own: BTreeMap<String, Value> = own;
        assert!(
            !own.is_empty(),
            "{} has no golden game: {NAME_OF_NEW} adds one",
            rules.id
        );
        for (name, golden) in own {
            assert_eq!(played_again(rules, &golden), golden, "{name}");
        }
    }
    assert!(games.is_empty(), "of no ruleset: {:?}", games.keys());
}

/// What comes of the moves and draws of a golden game, written as golden games are.
fn played_again(rules: &Rules, golden: &Value) -> Value {
    let draws_of = |value: &Value| serde_json::from_value::<Vec<u32>>(value.clone()).unwrap();
    let seats = rules.forms().seats;
    let options = rules.read_options(golden["options"].as_object().unwrap());
    let mut chance = Chance::recorded(&draws_of(&golden["startDraws"]));
    let mut game = Game::begin(rules, options.unwrap(), &mut chance);
    let start_draws = chance.draws().to_vec();
    let mut events = Vec::new();
    for event in golden["events"].as_array().unwrap() {
        let seat = game
            .seats()
            .find(|seat| event["seat"] == seats[seat.index()]);
        let seat = seat.unwrap();
        let action = match event.get("move") {
            Some(played) => Action::Move(rules.read_move(played).unwrap()),
            None => Action::Leave,
        };
        let mut chance = Chance::recorded(&draws_of(&event["draws"]));
        game = game.acts(seat, &action, &mut chance);
        events.push(told(rules, seat, &action, chance.draws()));
    }
    let result = game.ending.as_ref().map(|ending| {
        let winners = ending.winners.iter().map(|seat| seats[seat.index()]);
        let mut result = ending.detail.clone();
        result.insert("winners".into(), winners.collect());
        result.insert("by".into(), ending.by.into());
        result
    });
    let board = |viewer| rules.show(&game.position, viewer);
    json!({
        "options": game.options,
        "seats": game.seats().len(),
        "startDraws": start_draws,
        "events": events,
        "result": result,
        "board": {"spectator": board(Viewer::Spectator), "afterwards": board(Viewer::Afterwards)},
    })
}

fn told(rules: &Rules, seat: Seat, action: &Action, draws: &[u32]) -> Value {
    let seat = rules.forms().seats[seat.index()];
    match action {
        Action::Move(played) => json!({"seat": seat, "move": played, "draws": draws}),
        Action::Leave => json!({"seat": seat, "draws": draws}),
    }
}

/// Writes a random game to a new file; a file that is there stays as it is.
fn add(rules: &Rules, name: &str) {
    let path = directory().join(format!("{}{name}.json", prefix(&rules.id)));
    let mut file = match OpenOptions::new().write(true).create_new(true).open(&path) {
        Ok(file) => file,
        Err(_) if path.exists() => return,
        Err(error) => panic!("{}: {error}", path.display()),
    };
    let mut games = (0..=u8::MAX).map(|number| {
        let mut key = [number; 32];
        key.iter_mut()
            .zip(name.bytes())
            .for_each(|(place, byte)| *place = byte);
        random_game(rules, Dice::of(key))
    });
    let game = games.find(|game| game["events"].as_array().unwrap().len() <= MOST_EVENTS);
    let golden = played_again(rules, &game.unwrap());
    let fields = golden.as_object().unwrap().iter();
    let lines = fields.map(|(name, value)| match value.as_array() {
        Some(items) if name == "events" => {
            let events: Vec<String> = items.iter().map(Value::to_string).collect();
            format!("{name:?}: [\n  {}\n]", events.join(",\n  "))
        }
        _ => format!("{name:?}: {value}"),
    });
    let lines: Vec<String> = lines.collect();
    writeln!(file, "{{\n{}\n}}", lines.join(",\n")).unwrap();
}

fn random_game(rules: &Rules, dice: Dice) -> Value {
    let random = RandomGame::begin(rules, dice);
    let options = random.game.options.clone();
    let start_draws = random.start_draws.clone();
    let steps = random.map(|step| told(rules, step.seat, &step.action, &step.draws));
    let events: Vec<Value> = steps.collect();
    json!({"options": options, "startDraws": start_draws, "events": events})
}
