//! What a game shows of itself as it goes: offers that stand and lapse, seats, turns, legal moves.

use turnkey::game::{Event, FoldError, Game, Outcome, Status, begin, evolve, fold};
use turnkey::rules::{Json, Seat, SeatSet};

use crate::scenario::{ANN, BOB, EVE, against_another, against_oneself, cell, rules};

#[test]
fn an_offer_stands_while_who_made_it_moves_and_lapses_when_the_other_does() {
    let mut told = against_another("O join, X draw, X 4");
    assert_eq!(told.game.draws.standing.only(), Some(Seat::FIRST));
    told.does("O 0");
    assert_eq!(told.game.draws.standing, SeatSet::NONE);
    assert_eq!(told.ask("O draw"), "draw_offered");
    assert_eq!(told.ask("X draw"), "draw_offered");
}

#[test]
fn an_offer_out_of_turn_lapses_with_the_next_move() {
    let told = against_another("O join, O draw, X 4");
    assert_eq!(told.game.draws.standing, SeatSet::NONE);
    assert_eq!(told.ask("O draw"), "draw_offered");
}

#[test]
fn after_a_decline_or_a_withdrawal_any_move_lets_who_offered_offer_again() {
    for end in ["O decline", "X decline"] {
        let mut told = against_another(&format!("O join, X draw, {end}"));
        assert_eq!(told.ask("X draw"), "draw_already_offered");
        told.does("X 4");
        assert_eq!(told.ask("X draw"), "draw_offered");
        let mut told = against_another(&format!("O join, X 4, X draw, {end}"));
        told.does("O 0");
        assert_eq!(told.ask("X draw"), "draw_offered");
    }
}

#[test]
fn who_must_wait_with_an_offer_may_still_accept_one() {
    let mut told = against_another("O join, X draw, O decline, O draw");
    assert_eq!(told.ask("X draw"), "draw_agreed");
    told.does("X decline");
    assert_eq!(told.ask("X draw"), "draw_already_offered");
    assert_eq!(told.ask("O draw"), "draw_already_offered");
}

#[test]
fn declining_twice_holds_only_while_the_decline_is_the_newest_event() {
    let mut told = against_another("O join, X draw, O decline");
    assert_eq!(told.ask("O decline"), "holds");
    told.does("X 4");
    assert_eq!(told.ask("O decline"), "no_draw_offer");
    let told = against_another("O join, X draw, O decline, O draw, O decline");
    assert_eq!(told.ask("O decline"), "holds");
    assert_eq!(told.ask("X decline"), "no_draw_offer");
}

#[test]
fn a_draw_is_agreed_by_who_accepts() {
    let mut told = against_another("O join, X draw");
    let result = Outcome::agreement();
    let agreed = Event::DrawAgreed {
        seat: Seat::SECOND,
        result: result.clone(),
    };
    assert_eq!(*told.does("O draw"), agreed);
    assert_eq!(told.game.result, Some(result));
    assert_eq!(told.game.draws.standing, SeatSet::NONE);
}

#[test]
fn against_oneself_the_seat_to_move_agrees_a_draw_at_once() {
    let mut told = against_oneself("X 4");
    let Event::DrawAgreed { seat, .. } = told.does("X draw") else {
        panic!("no draw was agreed");
    };
    assert_eq!(*seat, Seat::SECOND);
}

#[test]
fn no_offer_outlives_the_game() {
    for end in ["X resign", "O resign"] {
        let told = against_another(&format!("O join, X draw, {end}"));
        assert_eq!(told.game.draws.standing, SeatSet::NONE, "{end}");
    }
    let won = against_another("O join, X 0, O 3, X 1, O 5, X draw, X 2");
    assert_eq!(won.game.draws.standing, SeatSet::NONE);
}

#[test]
fn seats_know_their_players() {
    let told = against_another("O join");
    let seats = |player| told.game.seats_of(player).iter().collect::<Vec<_>>();
    assert_eq!(seats(ANN), [Seat::FIRST]);
    assert_eq!(seats(BOB), [Seat::SECOND]);
    assert_eq!(seats(EVE), []);
    assert!(told.game.is_seated(BOB) && !told.game.is_seated(EVE));
    let alone = against_oneself("X 4").game;
    assert_eq!(alone.seats_of(ANN), SeatSet::first(2));
    assert_eq!(alone.acting_seat(ANN), Some(Seat::SECOND));
}

/// The seat to move, and its moves.
fn moves(game: &Game) -> (Option<Seat>, Vec<Json>) {
    let turn = game.turn.to_move.only();
    let moves = turn.and_then(|seat| game.legal_moves(seat));
    (turn, moves.unwrap_or_default())
}

#[test]
fn turn_and_legal_moves_are_there_only_while_playing() {
    let waiting = against_another("").game;
    assert_eq!(moves(&waiting), (None, vec![]));
    let playing = against_another("O join, X 4").game;
    let others = [0, 1, 2, 3, 5, 6, 7, 8].map(cell).to_vec();
    assert_eq!(moves(&playing), (Some(Seat::SECOND), others));
    let over = against_another("O join, X 4, O resign").game;
    assert_eq!(moves(&over), (None, vec![]));
}

#[test]
fn draw_offers_keep_the_last_move() {
    let game = against_another("O join, X 4, O draw, X decline").game;
    let last = game.last_move.clone().unwrap();
    assert_eq!((last.seat, last.played), (Seat::FIRST, cell(4)));
    assert_eq!(game.status(), Status::Playing);
}

#[test]
fn a_history_begins_with_its_creation() {
    let told = against_another("O join, X 4");
    let rules = rules();
    assert_eq!(fold(&rules, &[]), Err(FoldError::NotACreation));
    let (first, later) = told.entries.split_first().unwrap();
    assert_eq!(fold(&rules, later), Err(FoldError::NotACreation));
    let by_hand = later.iter().fold(begin(&rules, first).unwrap(), evolve);
    assert_eq!(fold(&rules, &told.entries), Ok(by_hand));
}
