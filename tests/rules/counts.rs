//! Every game of tic-tac-toe there is, played to its end and counted: the numbers are known.

use std::collections::BTreeMap;

use turnkey::game::{Decision, Game, OutcomeKind, evolve};
use turnkey::rules::Seat;

use crate::scenario::{ANN, against_oneself, asked, cell, move_of};

#[derive(Debug, Default, PartialEq)]
struct Counts {
    won: [u32; 2],
    drawn: u32,
    by_length: BTreeMap<u32, u32>,
}

#[test]
fn every_complete_game() {
    let mut counts = Counts::default();
    play_on(&against_oneself("").game, &mut counts);
    assert_eq!(
        counts,
        Counts {
            won: [131_184, 77_904],
            drawn: 46_080,
            by_length: BTreeMap::from([
                (5, 1_440),
                (6, 5_328),
                (7, 47_952),
                (8, 72_576),
                (9, 127_872)
            ]),
        }
    );
    assert_eq!(counts.by_length.values().sum::<u32>(), 255_168);
}

fn play_on(game: &Game, counts: &mut Counts) {
    let Some(result) = &game.result else {
        return (0..9).for_each(|number| try_cell(game, number, counts));
    };
    match result.kind {
        OutcomeKind::Win => {
            let second = result.winners.contains(Seat::SECOND);
            counts.won[usize::from(second)] += 1;
        }
        OutcomeKind::Draw => counts.drawn += 1,
        OutcomeKind::None => panic!("nobody abandoned {game:?}"),
    }
    *counts.by_length.entry(game.version - 1).or_default() += 1;
    assert!(game.turn.to_move.is_empty());
}

fn try_cell(game: &Game, number: i64, counts: &mut Counts) {
    let played = cell(number);
    let turn = game.turn.to_move.only();
    let moves = turn.and_then(|seat| game.legal_moves(seat)).unwrap();
    let legal = moves.contains(&played);
    match asked(game, ANN, move_of(game, ANN, played)) {
        Ok(Decision::Record(entry)) if legal => {
            play_on(&evolve(game.clone(), &entry), counts);
        }
        Err(_) if !legal => {}
        odd => panic!("cell {number} is legal: {legal}, and yet {odd:?} in {game:?}"),
    }
}
