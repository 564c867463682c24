//! Laws of every ruleset, tried with random games of each.

use std::collections::HashSet;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Map, Value, json};
use turnkey::rules::{Chance, Json, Rules, SeatSet};

use super::game::{Action, Dice, Game, RandomGame, Step, every_ruleset};
use super::proposals::{nonsense, unread_options};

/// Games tried of each ruleset.
const GAMES: u32 = 16;
/// Most events of a random game that a law looks at.
const EVENTS: usize = 120;

/// Holds `law` to be true of random games of each ruleset.
fn every_game(law: impl Fn(&mut dyn Iterator<Item = Step>, &mut Dice)) {
    for rules in every_ruleset() {
        let config = Config {
            cases: GAMES,
            failure_persistence: None,
            ..Config::default()
        };
        let games = (any::<[u8; 32]>(), any::<[u8; 32]>(), 1..EVENTS);
        let tried = TestRunner::new(config).run(&games, |(key, other_key, events)| {
            let game = RandomGame::begin(&rules, Dice::of(key));
            law(&mut game.take(events), &mut Dice::of(other_key));
            Ok(())
        });
        tried.unwrap_or_else(|broken| panic!("{}: {broken}", rules.id));
    }
}

#[test]
fn what_was_accepted_applies_again_from_its_draws() {
    every_game(|steps, _| {
        for step in steps {
            let mut chance = Chance::recorded(&step.draws);
            let again = step.before.acts(step.seat, &step.action, &mut chance);
            assert_eq!(chance.draws(), step.draws);
            assert_eq!(again.position, step.after.position);
            assert_eq!(again.ending, step.after.ending);
            assert_eq!(again.shown(), step.after.shown());
            assert_ne!(step.before.position, step.after.position);
        }
    });
}

#[test]
fn a_start_applies_again_from_its_draws() {
    for rules in every_ruleset() {
        for number in 0..GAMES {
            let mut dice = Dice::numbered(number);
            let options = super::proposals::options(&rules, &mut dice);
            let mut chance = dice.event();
            let game = Game::begin(&rules, options.clone(), &mut chance);
            let again = Game::begin(&rules, options, &mut Chance::recorded(chance.draws()));
            assert_eq!(again.position, game.position, "{}", rules.id);
            assert_eq!(again.shown(), game.shown(), "{}", rules.id);
        }
    }
}

#[test]
fn what_is_refused_draws_nothing_and_what_is_not_listed_is_refused() {
    every_game(|steps, dice| {
        for step in steps {
            let game = &step.before;
            let boards = game.shown();
            for seat in game.to_move().iter() {
                let listed = game.legal_moves(seat);
                let is_listed = |read: &Json| Some(listed.as_ref()?.contains(read));
                for value in nonsense(dice) {
                    let Ok(read) = game.rules.read_move(&value) else {
                        continue;
                    };
                    let mut chance = dice.event();
                    let accepted = game.plays(seat, &read, &mut chance).is_ok();
                    assert!(accepted || chance.draws().is_empty(), "{value} drew");
                    assert_eq!(is_listed(&read).unwrap_or(accepted), accepted, "{value}");
                }
                assert_eq!(game.legal_moves(seat), listed);
            }
            assert_eq!(game.shown(), boards);
        }
    });
}

#[test]
fn what_is_listed_is_accepted() {
    every_game(|steps, dice| {
        for step in steps {
            for seat in step.before.to_move().iter() {
                let Some(mut listed) = step.before.legal_moves(seat) else {
                    continue;
                };
                assert!(!listed.is_empty());
                let texts = listed.iter().map(|listed| listed.value().to_string());
                assert_eq!(texts.collect::<HashSet<_>>().len(), listed.len());
                dice.shuffle(&mut listed);
                for played in listed.iter().take(4) {
                    let after = step.before.plays(seat, played, &mut dice.event());
                    assert!(after.is_ok(), "{played:?}");
                }
            }
        }
    });
}

#[test]
fn somebody_who_has_not_left_is_to_move_and_the_others_have_no_moves() {
    every_game(|steps, _| {
        for step in steps {
            let game = &step.before;
            assert!(!game.to_move().is_empty());
            assert_eq!(game.to_move().minus(game.playing), SeatSet::NONE);
            let all: SeatSet = game.seats().collect();
            for seat in all.minus(game.to_move()).iter() {
                assert_eq!(game.legal_moves(seat), Some(Vec::new()));
            }
            if let Some(ending) = &step.after.ending {
                assert_eq!(ending.winners.minus(step.after.playing), SeatSet::NONE);
            }
        }
    });
}

#[test]
fn reading_a_move_again_changes_nothing() {
    every_game(|steps, dice| {
        for step in steps {
            let rules = &step.before.rules;
            let mut values = nonsense(dice);
            if let Action::Move(played) = step.action {
                assert!(rules.read_move(played.value()).is_ok());
                values.push(played.into_value());
            }
            for value in values {
                let read = rules.read_move(&value);
                assert_eq!(
                    rules.read_move(&written_as_fractions(&value)),
                    read,
                    "{value}"
                );
                if let Ok(read) = read {
                    assert_eq!(rules.read_move(read.value()), Ok(read.clone()));
                    // Nothing is filled in: a move has one form.
                    assert_eq!(Json::read(&value), Ok(read));
                }
            }
        }
    });
}

#[test]
fn reading_options_again_changes_nothing() {
    for rules in every_ruleset() {
        let mut dice = Dice::numbered(0);
        let mut read = rules.read_options(&Map::new()).ok();
        assert!(
            read.is_some(),
            "{} has an option without a default",
            rules.id
        );
        for _ in 0..100 {
            let read = read.take().or_else(|| {
                let options = unread_options(&rules, &mut dice);
                let read = rules.read_options(&options);
                let fractions = written_as_fractions(&Value::Object(options));
                assert_eq!(rules.read_options(fractions.as_object().unwrap()), read);
                read.ok()
            });
            let Some(read) = read else {
                continue;
            };
            let fields = read.value().as_object().unwrap();
            assert_eq!(rules.read_options(fields), Ok(read.clone()));
            assert_eq!(Json::read(read.value()).as_ref(), Ok(&read));
            let mut more = fields.clone();
            more.insert("noSuchOption".into(), json!(1));
            let refused = rules.read_options(&more).unwrap_err();
            assert!(
                refused.0.contains("noSuchOption"),
                "{}: {refused}",
                rules.id
            );
        }
    }
}

#[test]
fn random_games_end() {
    for rules in every_ruleset() {
        for number in 0..8 {
            let mut game = RandomGame::begin(&rules, Dice::numbered(number));
            let most = most_events(&rules, game.game.options.value());
            let events = game.by_ref().take(most).count();
            assert!(game.game.ending.is_some(), "{}: {events} events", rules.id);
        }
    }
}

/// How long a game of random moves can be.
fn most_events(rules: &Rules, options: &Value) -> usize {
    let option = |name: &str| options[name].as_u64().unwrap() as usize;
    match &*rules.id.variant {
        "tic-tac-toe" => 9,
        "connect-four" => 42,
        "ultimate-tic-tac-toe" => 81,
        "gomoku" => option("rows") * option("columns"),
        "battleship" => 2 + 200,
        // Nothing ends a game in which nobody banks points, but who rolls and holds at random
        // banks 2.4 points in 1.7 moves: a seat that needs ten times as long is not seen.
        "pig" => 10 * option("seats") * option("target"),
        variant => panic!("{variant}: say how long its games can be"),
    }
}

/// The same value with 4.0 for 4.
fn written_as_fractions(value: &Value) -> Value {
    match value {
        Value::Number(number) => json!(number.as_f64()),
        Value::Array(items) => items.iter().map(written_as_fractions).collect(),
        Value::Object(fields) => {
            let fields = fields.iter();
            fields
                .map(|(name, field)| (name.clone(), written_as_fractions(field)))
                .collect()
        }
        other => other.clone(),
    }
}
