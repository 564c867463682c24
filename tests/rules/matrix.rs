//! Every command in every kind of situation, by each player and by a stranger, in one table.

use crate::scenario::{Told, against_another, against_oneself};

/// Each cell is the event recorded, `holds` where the command is a repeat, or the refusal.
const MATRIX: &str = "
situation | who | join          | 4             | resign     | draw                 | decline       | rematch
waiting   | X   | holds         | not_started   | abandoned  | not_started          | not_started   | game_not_over
waiting   | S   | player_seated | not_seated    | not_seated | not_seated           | not_seated    | not_seated
started   | X   | holds         | move_played   | resigned   | draw_offered         | no_draw_offer | game_not_over
started   | O   | holds         | not_your_turn | resigned   | draw_offered         | no_draw_offer | game_not_over
started   | S   | seat_taken    | not_seated    | not_seated | not_seated           | not_seated    | not_seated
X offered | X   | holds         | move_played   | resigned   | holds                | draw_declined | game_not_over
X offered | O   | holds         | not_your_turn | resigned   | draw_agreed          | draw_declined | game_not_over
X offered | S   | seat_taken    | not_seated    | not_seated | not_seated           | not_seated    | not_seated
declined  | X   | holds         | move_played   | resigned   | draw_already_offered | no_draw_offer | game_not_over
declined  | O   | holds         | not_your_turn | resigned   | draw_offered         | holds         | game_not_over
withdrawn | X   | holds         | move_played   | resigned   | draw_already_offered | holds         | game_not_over
withdrawn | O   | holds         | not_your_turn | resigned   | draw_offered         | no_draw_offer | game_not_over
X won     | X   | holds         | game_over     | game_over  | game_over            | game_over     | rematch_created
X won     | O   | holds         | game_over     | game_over  | game_over            | game_over     | rematch_created
X won     | S   | seat_taken    | not_seated    | not_seated | not_seated           | not_seated    | not_seated
full      | X   | holds         | game_over     | game_over  | game_over            | game_over     | rematch_created
full      | O   | holds         | game_over     | game_over  | game_over            | game_over     | rematch_created
X resigned| X   | holds         | game_over     | holds      | game_over            | game_over     | rematch_created
X resigned| O   | holds         | game_over     | game_over  | game_over            | game_over     | rematch_created
X resigned| S   | seat_taken    | not_seated    | not_seated | not_seated           | not_seated    | not_seated
agreed    | X   | holds         | game_over     | game_over  | holds                | game_over     | rematch_created
agreed    | O   | holds         | game_over     | game_over  | holds                | game_over     | rematch_created
abandoned | X   | holds         | game_over     | holds      | game_over            | game_over     | never_started
abandoned | S   | game_over     | not_seated    | not_seated | not_seated           | not_seated    | not_seated
rematched | X   | holds         | game_over     | holds      | game_over            | game_over     | holds
rematched | O   | holds         | game_over     | game_over  | game_over            | game_over     | holds
rematched | S   | seat_taken    | not_seated    | not_seated | not_seated           | not_seated    | not_seated
alone     | X   | holds         | move_played   | resigned   | draw_agreed          | no_draw_offer | game_not_over
alone     | S   | seat_taken    | not_seated    | not_seated | not_seated           | not_seated    | not_seated
alone won | X   | holds         | game_over     | game_over  | game_over            | game_over     | rematch_created
alone over| X   | holds         | game_over     | holds      | game_over            | game_over     | rematch_created
alone even| X   | holds         | game_over     | game_over  | holds                | game_over     | rematch_created
";

fn situation(name: &str) -> Told {
    match name {
        "waiting" => against_another(""),
        "started" => against_another("O join"),
        "X offered" => against_another("O join, X draw"),
        "declined" => against_another("O join, X draw, O decline"),
        "withdrawn" => against_another("O join, X draw, X decline"),
        "X won" => against_another("O join, X 0, O 3, X 1, O 5, X 2"),
        "full" => against_another("O join, X 0, O 1, X 2, O 4, X 3, O 5, X 7, O 6, X 8"),
        "X resigned" => against_another("O join, X 0, X resign"),
        "agreed" => against_another("O join, X draw, O draw"),
        "abandoned" => against_another("X resign"),
        "rematched" => against_another("O join, X resign, O rematch"),
        "alone" => against_oneself(""),
        "alone won" => against_oneself("X 0, X 3, X 1, X 5, X 2"),
        "alone over" => against_oneself("X 0, X resign"),
        "alone even" => against_oneself("X 0, X draw"),
        other => panic!("no situation {other:?}"),
    }
}

#[test]
fn every_command_in_every_situation() {
    let rows: Vec<Vec<&str>> = MATRIX
        .trim()
        .lines()
        .map(|line| line.split('|').map(str::trim).collect())
        .collect();
    let (head, rows) = rows.split_first().unwrap();
    let mut wrong = Vec::new();
    for row in rows {
        assert_eq!(row.len(), head.len(), "a cell is missing in {row:?}");
        let told = situation(row[0]);
        for (what, expected) in head.iter().zip(row).skip(2) {
            let answer = told.ask(&format!("{} {what}", row[1]));
            if answer != *expected {
                wrong.push(format!(
                    "{}: {} {what}: {answer}, not {expected}",
                    row[0], row[1]
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
