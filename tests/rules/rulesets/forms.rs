//! What a ruleset says of itself is true of the games that are played by it.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use turnkey::rules::{Json, MAX_SEATS, MoveRefusal, Rules, Viewer};

use super::game::{Action, Dice, Game, RandomGame, every_ruleset};
use super::proposals::{nonsense, options};
use super::schema::{check, check_schema};

const GAMES: u32 = 8;
/// One in so many events is looked at where it takes long.
const SAMPLE: usize = 4;
/// Most bytes of a board: then a frame with two boards and the moves stays below 16 KiB.
const LARGEST_BOARD_BYTES: usize = 4096;

#[track_caller]
fn holds(rules: &Rules, checked: Result<(), String>) {
    checked.unwrap_or_else(|wrong| panic!("{}: {wrong}", rules.id));
}

fn games(rules: &Rules) -> impl Iterator<Item = RandomGame> {
    (0..GAMES).map(|number| RandomGame::begin(rules, Dice::numbered(number)))
}

#[test]
fn forms_are_well_formed() {
    for rules in every_ruleset() {
        let forms = rules.forms();
        let names: BTreeSet<_> = forms.seats.iter().collect();
        assert_eq!(names.len(), forms.seats.len(), "{}", rules.id);
        assert!(
            forms.seat_counts.is_sorted_by(|one, next| one < next),
            "{}",
            rules.id
        );
        let most = forms.seats.len().min(MAX_SEATS.into()) as u8;
        let possible = |count: &u8| (1..=most).contains(count);
        assert!(forms.seat_counts.iter().all(possible), "{}", rules.id);
        let codes: BTreeSet<_> = forms.refusals.iter().map(|form| form.code).collect();
        assert_eq!(codes.len(), forms.refusals.len(), "{}", rules.id);
        for schema in [
            &forms.options_schema,
            &forms.move_schema,
            &forms.board_schema,
            &forms.ending_schema,
        ] {
            holds(&rules, check_schema(schema));
        }
    }
}

#[test]
fn boards_moves_and_endings_have_the_forms_that_are_told() {
    for rules in every_ruleset() {
        let forms = rules.forms();
        for mut game in games(&rules) {
            holds(
                &rules,
                check(&forms.options_schema, game.game.options.value()),
            );
            holds_of_boards(&game.game);
            while let Some(step) = game.next() {
                if step.after.ending.is_none() && !game.dice.one_in(SAMPLE) {
                    continue;
                }
                holds_of_boards(&step.after);
                if let Action::Move(played) = step.action {
                    holds(&rules, check(&forms.move_schema, played.value()));
                }
                for seat in step.after.seats() {
                    let listed = step.after.legal_moves(seat).into_iter().flatten();
                    for listed in listed {
                        holds(&rules, check(&forms.move_schema, listed.value()));
                    }
                }
            }
            let ending = game.game.ending.unwrap();
            let mut told = Value::Object(ending.detail);
            assert_eq!(told.get("by"), None, "{}", rules.id);
            told["by"] = json!(ending.by);
            holds(&rules, check(&forms.ending_schema, &told));
            assert_eq!(Json::read(&told).unwrap().value(), &told, "{}", rules.id);
        }
    }
}

fn holds_of_boards(game: &Game) {
    let rules = &game.rules;
    for board in game.shown() {
        holds(rules, check(&rules.forms().board_schema, &board));
        assert_eq!(Json::read(&board).unwrap().value(), &board, "{}", rules.id);
        assert!(
            board.to_string().len() <= LARGEST_BOARD_BYTES,
            "{}",
            rules.id
        );
    }
}

#[test]
fn the_refusals_that_are_told_are_those_that_occur() {
    for rules in every_ruleset() {
        let mut occurred = BTreeSet::new();
        let mut note = |game: &Game, dice: &mut Dice, value: &Value| {
            let Ok(read) = rules.read_move(value) else {
                return;
            };
            for seat in game.to_move().iter() {
                match game.plays(seat, &read, &mut dice.event()) {
                    Ok(_) | Err(MoveRefusal::Never { .. }) => {}
                    Err(MoveRefusal::NotNow { code, .. }) => {
                        occurred.insert(code);
                    }
                }
            }
        };
        for mut game in games(&rules) {
            let mut played_before = Vec::new();
            while let Some(step) = game.next() {
                if game.dice.one_in(SAMPLE) {
                    for value in nonsense(&mut game.dice).iter().chain(&played_before) {
                        note(&step.before, &mut game.dice, value);
                    }
                }
                if let Action::Move(played) = step.action {
                    played_before.push(played.into_value());
                }
                // The newest say all: what was played long ago is refused for the same reasons.
                played_before.drain(..played_before.len().saturating_sub(8));
            }
        }
        let told: BTreeSet<_> = rules
            .forms()
            .refusals
            .iter()
            .map(|form| form.code)
            .collect();
        assert_eq!(occurred, told, "{}", rules.id);
    }
}

#[test]
fn what_is_told_of_chance_turns_lists_and_seats_is_true() {
    for rules in every_ruleset() {
        let forms = rules.forms();
        let (mut drew, mut hid, mut together, mut unlisted) = (false, false, false, false);
        for game in games(&rules) {
            for step in game {
                drew |= !step.draws.is_empty();
                let shown = step.after.shown();
                hid |= shown.iter().any(|board| *board != shown[0]);
                together |= step.before.to_move().len() > 1;
                unlisted |= step.before.legal_moves(step.seat).is_none();
                if let Action::Move(played) = &step.action {
                    hid |= step.after.viewers().any(|viewer| {
                        let position = &step.after.position;
                        let seen = rules.show_move(position, step.seat, played, viewer);
                        seen.as_ref() != Some(played.value())
                    });
                }
            }
        }
        let found = (drew, hid, together, !unlisted);
        let told = (
            forms.chance,
            forms.hidden,
            forms.simultaneous,
            forms.lists_moves,
        );
        assert_eq!(found, told, "{}", rules.id);

        let mut dice = Dice::numbered(0);
        let counts = (0..200).map(|_| rules.seat_count(&options(&rules, &mut dice)));
        let counts: BTreeSet<u8> = counts.collect();
        assert!(counts.iter().eq(forms.seat_counts), "{}", rules.id);
    }
}

#[test]
fn a_player_sees_the_own_moves_and_afterwards_everybody_sees_all() {
    for rules in every_ruleset() {
        for step in games(&rules).flatten() {
            let Action::Move(played) = &step.action else {
                continue;
            };
            for viewer in [Viewer::Seat(step.seat), Viewer::Afterwards] {
                let seen = rules.show_move(&step.after.position, step.seat, played, viewer);
                assert_eq!(seen.as_ref(), Some(played.value()), "{}", rules.id);
            }
        }
    }
}
