//! Games and positions by ply, against numbers that others found.

use std::collections::HashMap;

use serde_json::{Map, Value};
use turnkey::rules::{Chance, Ending, Played, Position, Rulebook, Rules, RulesId, Viewer};

fn rules(variant: &str) -> Rules {
    let id = RulesId {
        variant: variant.into(),
        version: 1,
    };
    Rulebook::built_in().find(&id).unwrap().clone()
}

fn start(rules: &Rules) -> Position {
    let options = rules.read_options(&Map::new()).unwrap();
    rules.start(&options, &mut Chance::none())
}

/// What each legal move leads to.
fn moves(rules: &Rules, position: &Position) -> Vec<Played> {
    let seat = rules.to_move(position).only().unwrap();
    let listed = rules.legal_moves(position, seat).unwrap();
    assert_ne!(listed, [], "a game goes on in which nobody can move");
    let played = listed
        .iter()
        .map(|one| rules.play(position, seat, one, &mut Chance::none()));
    played.collect::<Result<_, _>>().unwrap()
}

/// All boards after so many moves, by their cells. Games that lead to the same board are followed
/// as one.
struct Ply {
    rules: Rules,
    boards: HashMap<String, Board>,
}

struct Board {
    position: Position,
    ending: Option<Ending>,
    /// How many games lead here.
    games: u64,
}

impl Ply {
    fn first(variant: &str) -> Ply {
        let rules = rules(variant);
        let start = Board {
            position: start(&rules),
            ending: None,
            games: 1,
        };
        Ply::of(rules, [start])
    }

    /// The boards one move later; `None` where every game is over.
    fn next(&self) -> Option<Ply> {
        let going_on = self.boards.values().filter(|board| board.ending.is_none());
        let next = going_on.flat_map(|before| {
            let after = moves(&self.rules, &before.position).into_iter();
            after.map(|played| Board {
                position: played.position,
                ending: played.ending,
                games: before.games,
            })
        });
        let next = Ply::of(self.rules.clone(), next);
        (!next.boards.is_empty()).then_some(next)
    }

    fn of(rules: Rules, reached: impl IntoIterator<Item = Board>) -> Ply {
        let mut boards: HashMap<String, Board> = HashMap::new();
        for board in reached {
            let shown = rules.show(&board.position, Viewer::Spectator);
            let games = board.games;
            let same = boards.entry(cells(&shown));
            let same = same.and_modify(|same| same.games += games);
            same.or_insert(board);
        }
        Ply { rules, boards }
    }

    fn ended(&self) -> impl Iterator<Item = (&Ending, u64)> {
        let boards = self.boards.values();
        boards.filter_map(|board| Some((board.ending.as_ref()?, board.games)))
    }
}

/// A letter for each cell: in a debug build quicker than the JSON.
fn cells(shown: &Value) -> String {
    let cells = shown["cells"].as_array().unwrap().iter();
    let letter = |cell: &Value| {
        cell.as_str()
            .map_or('.', |name| name.chars().next().unwrap())
    };
    cells.map(letter).collect()
}

/// The first `count` plies, or all where there are fewer.
fn plies(variant: &str, count: usize) -> Vec<Ply> {
    let mut plies = vec![Ply::first(variant)];
    while plies.len() < count
        && let Some(next) = plies[plies.len() - 1].next()
    {
        plies.push(next);
    }
    plies
}

/// 255,168 games (OEIS A061526) and 5,478 positions; by length and by winner as in Henry
/// Bottomley, "How many Tic-Tac-Toe (noughts and crosses) games are possible?", 2001.
#[test]
fn tic_tac_toe() {
    let plies = plies("tic-tac-toe", usize::MAX);
    let sum = |ply: &Ply| ply.ended().map(|(_, games)| games).sum();
    let by_length: Vec<u64> = plies.iter().map(sum).collect();
    let known = [0, 0, 0, 0, 0, 1_440, 5_328, 47_952, 72_576, 127_872];
    assert_eq!(by_length, known);
    assert_eq!(by_length.iter().sum::<u64>(), 255_168);
    let positions: usize = plies.iter().map(|ply| ply.boards.len()).sum();
    assert_eq!(positions, 5_478);

    let mut won = [0, 0];
    let mut drawn = 0;
    for (ending, games) in plies.iter().flat_map(Ply::ended) {
        match ending.winners.only() {
            Some(winner) => won[winner.index()] += games,
            None => drawn += games,
        }
    }
    assert_eq!((won, drawn), ([131_184, 77_904], 46_080));
}

/// OEIS A212693: positions after so many plies on 7 by 6. It goes on with 184,275, which takes
/// too long in a debug build.
#[test]
fn connect_four() {
    let known = [1, 7, 49, 238, 1_120, 4_263, 16_422, 54_859];
    let plies = plies("connect-four", known.len());
    let positions: Vec<usize> = plies.iter().map(|ply| ply.boards.len()).collect();
    assert_eq!(positions, known);
}

/// No published count is known to us. A program that shares nothing with this one found the same.
/// It goes on with 4,020,960, which takes too long in a debug build.
#[test]
fn ultimate_tic_tac_toe() {
    let rules = rules("ultimate-tic-tac-toe");
    let known = [81, 720, 6_336, 55_080, 473_256];
    let counted = (1..).map(|plies| games_after(plies, &rules, &start(&rules)));
    assert_eq!(counted.take(known.len()).collect::<Vec<_>>(), known);
}

fn games_after(plies: u32, rules: &Rules, position: &Position) -> usize {
    if plies == 1 {
        let seat = rules.to_move(position).only().unwrap();
        return rules.legal_moves(position, seat).unwrap().len();
    }
    let played = moves(rules, position).into_iter();
    let going_on = played.filter(|played| played.ending.is_none());
    going_on
        .map(|played| games_after(plies - 1, rules, &played.position))
        .sum()
}
