//! Every game of tic-tac-toe there is, played to its end and counted: the numbers are known.

use std::collections::BTreeMap;

use turnkey::game::{Command, Decision, Event, Game, Outcome, Seat, decide, evolve};

use crate::scenario::{ANN, against_oneself, cell};

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
    match &game.result {
        Some(Outcome::Win { winner, .. }) => {
            counts.won[usize::from(*winner == Seat::Second)] += 1;
        }
        Some(Outcome::Draw { .. }) => counts.drawn += 1,
        Some(Outcome::Abandoned) => panic!("nobody abandoned {game:?}"),
        None => return (0..9).for_each(|number| try_cell(game, number, counts)),
    }
    *counts.by_length.entry(game.version - 1).or_default() += 1;
    assert_eq!(game.legal_moves(), []);
}

fn try_cell(game: &Game, number: i64, counts: &mut Counts) {
    let played = cell(number);
    let command = Command::Play {
        player: ANN,
        played,
    };
    let legal = game.legal_moves().contains(&played);
    match decide(game, &command) {
        Ok(Decision::Record(event @ Event::MovePlayed { .. })) if legal => {
            play_on(&evolve(game.clone(), &event), counts);
        }
        Err(_) if !legal => {}
        odd => panic!("cell {number} is legal: {legal}, and yet {odd:?} in {game:?}"),
    }
}
