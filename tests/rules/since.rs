//! A move sent twice is told from a move that came too late.

use turnkey::game::{Since, fold, since};

use crate::scenario::{ANN, Told, against_another, against_oneself, cell, rules};

/// What the move of cell `number` by Ann finds, who saw `version`.
fn anns(told: &Told, number: i64, version: usize) -> Since {
    let seen = fold(&rules(), &told.entries[..version]).unwrap();
    let seat = seen.acting_seat(ANN).unwrap();
    since(seen, &told.entries[version..], seat, &cell(number))
}

#[test]
fn nothing_later_means_try_it() {
    let told = against_another("O join, X 4, O 0");
    assert_eq!(anns(&told, 2, 4), Since::Nothing);
}

#[test]
fn the_same_move_of_the_same_player_is_a_repeat_whatever_came_after_it() {
    for later in [
        "",
        ", O 0",
        ", O 0, X 1, O resign",
        ", O draw",
        ", X resign",
    ] {
        let told = against_another(&format!("O join, X 4{later}"));
        assert_eq!(anns(&told, 4, 2), Since::SameMove, "{later}");
    }
    let won = against_another("O join, X 0, O 3, X 1, O 5, X 2, O rematch");
    assert_eq!(anns(&won, 2, 6), Since::SameMove);
}

#[test]
fn another_move_is_a_conflict() {
    let told = against_another("O join, X 4, O 0");
    assert_eq!(anns(&told, 5, 2), Since::Otherwise);
}

#[test]
fn the_same_cell_of_the_other_player_is_a_conflict() {
    let told = against_another("O join, X 4, O 0");
    assert_eq!(anns(&told, 0, 3), Since::Otherwise);
}

#[test]
fn draw_offers_and_declines_do_not_make_a_repeat_unsafe() {
    for between in ["X draw", "O draw", "X draw, O decline", "O draw, O decline"] {
        let told = against_another(&format!("O join, {between}"));
        assert_eq!(anns(&told, 4, 2), Since::Nothing, "{between}");
        let told = against_another(&format!("O join, {between}, X 4"));
        assert_eq!(anns(&told, 4, 2), Since::SameMove, "{between}");
        assert_eq!(anns(&told, 5, 2), Since::Otherwise, "{between}");
    }
}

#[test]
fn every_other_event_first_is_a_conflict() {
    let joined = against_another("O join, X 4");
    assert_eq!(anns(&joined, 4, 1), Since::Otherwise);
    for end in [
        "X resign",
        "O resign",
        "X draw, O draw",
        "X draw, O decline, O draw, X draw",
    ] {
        let told = against_another(&format!("O join, {end}"));
        assert_eq!(anns(&told, 4, 2), Since::Otherwise, "{end}");
    }
    let abandoned = against_another("X resign");
    assert_eq!(anns(&abandoned, 4, 1), Since::Otherwise);
    let again = against_another("O join, X resign, O rematch");
    assert_eq!(anns(&again, 4, 3), Since::Otherwise);
}

#[test]
fn against_oneself_a_repeat_is_judged_at_the_version_it_was_sent_with() {
    let told = against_oneself("X 4, X 0");
    assert_eq!(anns(&told, 4, 1), Since::SameMove);
    assert_eq!(anns(&told, 0, 2), Since::SameMove);
    assert_eq!(anns(&told, 0, 1), Since::Otherwise);
}
