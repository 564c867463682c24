//! Whole games as somebody watching would write them down.

use turnkey::game::{Game, OutcomeKind};
use turnkey::rules::{Seat, Viewer};

use crate::scenario::{Told, against_another, against_oneself, rules, type_of};

/// Plays `steps` and writes a line for each version: what happened, and what can be seen then.
fn table(mut told: Told, steps: &str) -> String {
    let mut lines = vec![line("", "game_created", &told.game)];
    for step in steps.split(", ") {
        let event = type_of(told.does(step));
        lines.push(line(step, event, &told.game));
    }
    lines.join("\n")
}

fn line(step: &str, event: &str, game: &Game) -> String {
    let columns = [
        format!("{step:9}"),
        format!("{event:15}"),
        format!("{:8}", game.status().name()),
        seat(game.turn.to_move.only()).into(),
        board(game),
        seat(game.draws.standing.only()).into(),
        ending(game),
    ];
    columns.join(" | ").trim_end().to_owned()
}

fn seat(seat: Option<Seat>) -> &'static str {
    seat.map_or("-", |seat| rules().seat_name(seat))
}

fn board(game: &Game) -> String {
    let position = game.position.as_ref().unwrap();
    let board = game.rules.show(position, Viewer::Spectator);
    let marks = board["cells"].as_array().unwrap().iter();
    let marks: Vec<&str> = marks.map(|mark| mark.as_str().unwrap_or(".")).collect();
    marks
        .chunks(3)
        .map(<[&str]>::concat)
        .collect::<Vec<_>>()
        .join(" ")
}

fn ending(game: &Game) -> String {
    let Some(result) = &game.result else {
        return "-".into();
    };
    let how = match result.detail.get("line") {
        None => result.by.to_string(),
        Some(line) => format!("{} {line}", result.by),
    };
    match result.kind {
        OutcomeKind::None => how,
        OutcomeKind::Draw => format!("drawn: {how}"),
        OutcomeKind::Win => format!("{} wins: {how}", seat(result.winners.only())),
    }
}

#[track_caller]
fn is(actual: &str, expected: &str) {
    assert!(
        actual == expected.trim_matches('\n'),
        "the game went otherwise:\n{actual}\n"
    );
}

#[test]
fn a_win_in_a_diagonal() {
    let game = table(
        against_another(""),
        "O join, X 4, O 1, X 0, O 8, X 6, O 3, X 2, O rematch",
    );
    is(
        &game,
        r#"
          | game_created    | waiting  | - | ... ... ... | - | -
O join    | player_seated   | playing  | X | ... ... ... | - | -
X 4       | move_played     | playing  | O | ... .X. ... | - | -
O 1       | move_played     | playing  | X | .O. .X. ... | - | -
X 0       | move_played     | playing  | O | XO. .X. ... | - | -
O 8       | move_played     | playing  | X | XO. .X. ..O | - | -
X 6       | move_played     | playing  | O | XO. .X. X.O | - | -
O 3       | move_played     | playing  | X | XO. OX. X.O | - | -
X 2       | move_played     | finished | - | XOX OX. X.O | - | X wins: line [2,4,6]
O rematch | rematch_created | finished | - | XOX OX. X.O | - | X wins: line [2,4,6]
"#,
    );
}

#[test]
fn a_full_board_with_offers_that_came_to_nothing() {
    let steps = "O join, X 0, X draw, O 4, X 8, O draw, X decline, O 1, X 7, X draw, X decline, O 6, X 2, O 5, X 3";
    is(
        &table(against_another(""), steps),
        r#"
          | game_created    | waiting  | - | ... ... ... | - | -
O join    | player_seated   | playing  | X | ... ... ... | - | -
X 0       | move_played     | playing  | O | X.. ... ... | - | -
X draw    | draw_offered    | playing  | O | X.. ... ... | X | -
O 4       | move_played     | playing  | X | X.. .O. ... | - | -
X 8       | move_played     | playing  | O | X.. .O. ..X | - | -
O draw    | draw_offered    | playing  | O | X.. .O. ..X | O | -
X decline | draw_declined   | playing  | O | X.. .O. ..X | - | -
O 1       | move_played     | playing  | X | XO. .O. ..X | - | -
X 7       | move_played     | playing  | O | XO. .O. .XX | - | -
X draw    | draw_offered    | playing  | O | XO. .O. .XX | X | -
X decline | draw_declined   | playing  | O | XO. .O. .XX | - | -
O 6       | move_played     | playing  | X | XO. .O. OXX | - | -
X 2       | move_played     | playing  | O | XOX .O. OXX | - | -
O 5       | move_played     | playing  | X | XOX .OO OXX | - | -
X 3       | move_played     | finished | - | XOX XOO OXX | - | drawn: full_board
"#,
    );
}

#[test]
fn a_draw_agreed_at_the_second_attempt() {
    let steps = "O join, X 4, X draw, O decline, O draw, X draw, X rematch";
    is(
        &table(against_another(""), steps),
        r#"
          | game_created    | waiting  | - | ... ... ... | - | -
O join    | player_seated   | playing  | X | ... ... ... | - | -
X 4       | move_played     | playing  | O | ... .X. ... | - | -
X draw    | draw_offered    | playing  | O | ... .X. ... | X | -
O decline | draw_declined   | playing  | O | ... .X. ... | - | -
O draw    | draw_offered    | playing  | O | ... .X. ... | O | -
X draw    | draw_agreed     | finished | - | ... .X. ... | - | drawn: agreement
X rematch | rematch_created | finished | - | ... .X. ... | - | drawn: agreement
"#,
    );
}

#[test]
fn a_resignation_out_of_turn() {
    is(
        &table(against_another(""), "O join, X 4, O draw, X resign"),
        r#"
          | game_created    | waiting  | - | ... ... ... | - | -
O join    | player_seated   | playing  | X | ... ... ... | - | -
X 4       | move_played     | playing  | O | ... .X. ... | - | -
O draw    | draw_offered    | playing  | O | ... .X. ... | O | -
X resign  | resigned        | finished | - | ... .X. ... | - | O wins: resignation
"#,
    );
}

#[test]
fn a_game_that_nobody_joined() {
    is(
        &table(against_another(""), "X resign"),
        r#"
          | game_created    | waiting  | - | ... ... ... | - | -
X resign  | abandoned       | finished | - | ... ... ... | - | abandoned
"#,
    );
}

#[test]
fn one_phone_between_two() {
    is(
        &table(
            against_oneself(""),
            "X 0, O 4, X 1, O 2, X 3, O 6, X rematch",
        ),
        r#"
          | game_created    | playing  | X | ... ... ... | - | -
X 0       | move_played     | playing  | O | X.. ... ... | - | -
O 4       | move_played     | playing  | X | X.. .O. ... | - | -
X 1       | move_played     | playing  | O | XX. .O. ... | - | -
O 2       | move_played     | playing  | X | XXO .O. ... | - | -
X 3       | move_played     | playing  | O | XXO XO. ... | - | -
O 6       | move_played     | finished | - | XXO XO. O.. | - | O wins: line [2,4,6]
X rematch | rematch_created | finished | - | XXO XO. O.. | - | O wins: line [2,4,6]
"#,
    );
}
