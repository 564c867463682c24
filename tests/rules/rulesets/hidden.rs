//! Nothing that is hidden shows: two games that differ only in what a viewer may not see look the
//! same to them, at every event.

use serde_json::{Value, json};
use turnkey::rules::{Chance, Json, MoveRefusal, Rules, Seat, Viewer};

use super::game::{Action, Dice, Game, RandomGame, every_ruleset};
use super::proposals::{nonsense, options, ship_cells};

const GAMES: u32 = 64;

/// Two games of the same events but for some moves, which `viewers` may not see.
struct Twins {
    options: Json,
    moves: Vec<(Seat, [Json; 2])>,
    viewers: Vec<Viewer>,
}

#[test]
fn games_that_differ_in_what_is_hidden_look_the_same() {
    for rules in every_ruleset() {
        if !rules.forms().hidden {
            continue;
        }
        let mut differing = 0;
        for number in 0..GAMES {
            let mut dice = Dice::numbered(number);
            let twins = match &*rules.id.variant {
                "battleship" => other_fleet(&rules, &mut dice),
                variant => panic!("{variant} hides something: make twins of its games here"),
            };
            differing += usize::from(twins.moves.iter().any(|(_, [one, other])| one != other));
            look_the_same(&rules, &twins, &mut dice);
        }
        assert!(differing > GAMES as usize / 2, "{}: {differing}", rules.id);
    }
}

fn look_the_same(rules: &Rules, twins: &Twins, dice: &mut Dice) {
    let begin = || Game::begin(rules, twins.options.clone(), &mut Chance::none());
    let mut games = [begin(), begin()];
    for (seat, moves) in &twins.moves {
        for (game, played) in games.iter_mut().zip(moves) {
            *game = game.acts(*seat, &Action::Move(played.clone()), &mut Chance::none());
        }
        for &viewer in &twins.viewers {
            let seen = [0, 1].map(|world| seen(&games[world], *seat, &moves[world], viewer));
            assert_eq!(
                seen[0], seen[1],
                "{}: {viewer:?} sees more than they may",
                rules.id
            );
            let Viewer::Seat(seat) = viewer else {
                continue;
            };
            // Now and then: it takes long.
            if !dice.one_in(10) {
                continue;
            }
            for value in nonsense(dice) {
                let [one, other] = [0, 1].map(|world| refusal(&games[world], seat, &value));
                assert_eq!(one, other, "{}: the refusal of {value} tells", rules.id);
            }
        }
    }
}

/// All that a viewer learns when a seat has moved.
fn seen(game: &Game, by: Seat, played: &Json, viewer: Viewer) -> (Value, Value) {
    let rules = &game.rules;
    let names = |seats: turnkey::rules::SeatSet| seats.iter().map(Seat::index).collect::<Vec<_>>();
    let own_moves = match viewer {
        Viewer::Seat(seat) => game.legal_moves(seat),
        Viewer::Spectator | Viewer::Afterwards => None,
    };
    let rest = json!({
        "toMove": names(game.to_move()),
        "moves": own_moves,
        "move": rules.show_move(&game.position, by, played, viewer),
        "winners": game.ending.as_ref().map(|ending| names(ending.winners)),
        "detail": game.ending.as_ref().map(|ending| ending.detail.clone()),
    });
    (rules.show(&game.position, viewer), rest)
}

fn refusal(game: &Game, seat: Seat, value: &Value) -> Option<MoveRefusal> {
    if !game.to_move().contains(seat) {
        return None;
    }
    let read = game.rules.read_move(value).ok()?;
    game.plays(seat, &read, &mut Chance::none()).err()
}

/// A game of battleship, and one in which a seat placed other ships that answer its shots alike.
fn other_fleet(rules: &Rules, dice: &mut Dice) -> Twins {
    let options = options(rules, dice);
    let random = RandomGame::begin(rules, Dice::numbered(dice.below(1 << 30) as u32));
    let events = 2 + dice.below(190);
    let mut game = None;
    let mut moves: Vec<(Seat, [Json; 2])> = Vec::new();
    for step in random.take(events) {
        // A fleet that is all sunk is known.
        if step.after.ending.is_some() {
            break;
        }
        let Action::Move(played) = step.action else {
            panic!("nobody leaves a game of two seats");
        };
        moves.push((step.seat, [played.clone(), played]));
        game = Some(step.after);
    }
    let owner = *dice.pick(&[Seat::FIRST, Seat::SECOND]);
    let board = rules.show(&game.unwrap().position, Viewer::Afterwards);
    let waters = &board["waters"][rules.forms().seats[owner.index()]];
    let placing = moves.iter_mut().take(2).find(|(seat, _)| *seat == owner);
    let (_, [_, placed]) = placing.unwrap();
    if let Some(mut ships) = alike(waters, dice) {
        dice.shuffle(&mut ships);
        *placed = rules.read_move(&json!({"place": ships})).unwrap();
    }
    let viewers = [Viewer::Spectator, Viewer::Seat(owner.next(2))];
    Twins {
        options,
        moves,
        viewers: viewers.to_vec(),
    }
}

/// What a viewer of waters knows: the cells without a ship, and those where one is hit.
struct Known {
    taken: [bool; 100],
    hit: [bool; 100],
}

/// Other ships in the same waters, of which the same are sunk and the same cells are hit.
fn alike(waters: &Value, dice: &mut Dice) -> Option<Vec<Value>> {
    let letters = waters["cells"].as_str().unwrap().as_bytes();
    let mut known = Known {
        taken: std::array::from_fn(|cell| b"o#".contains(&letters[cell])),
        hit: std::array::from_fn(|cell| letters[cell] == b'x'),
    };
    let sunk = waters["sunk"].as_array().unwrap();
    let afloat = waters["ships"].as_array().unwrap().iter();
    let afloat = afloat.filter(|ship| !sunk.contains(ship));
    let lengths: Vec<usize> = afloat
        .map(|ship| ship["length"].as_u64().unwrap() as usize)
        .collect();
    let mut tries = 2000;
    let mut ships = place(&mut known, &lengths, &mut tries, dice)?;
    ships.extend(sunk.iter().cloned());
    Some(ships)
}

/// Places ships of these lengths so that they cover all hits and none is sunk, by trying.
fn place(
    known: &mut Known,
    lengths: &[usize],
    tries: &mut usize,
    dice: &mut Dice,
) -> Option<Vec<Value>> {
    let uncovered = (0..100).find(|&cell| known.hit[cell] && !known.taken[cell]);
    if lengths.is_empty() {
        return uncovered.is_none().then(Vec::new);
    }
    let mut choices: Vec<(usize, usize, bool)> = (0..lengths.len())
        .flat_map(|ship| (0..100).flat_map(move |cell| [(ship, cell, false), (ship, cell, true)]))
        .collect();
    dice.shuffle(&mut choices);
    for (ship, cell, down) in choices {
        let length = lengths[ship];
        let Some(cells) = ship_cells(cell, length, down) else {
            continue;
        };
        let covers = uncovered.is_none_or(|cell| cells.contains(&cell));
        let is_sunk = cells.iter().all(|&cell| known.hit[cell]);
        if !covers || is_sunk || cells.iter().any(|&cell| known.taken[cell]) {
            continue;
        }
        *tries = tries.checked_sub(1)?;
        cells.iter().for_each(|&cell| known.taken[cell] = true);
        let mut rest = lengths.to_vec();
        rest.remove(ship);
        if let Some(mut ships) = place(known, &rest, tries, dice) {
            ships.push(json!({"cell": cell, "length": length, "down": down}));
            return Some(ships);
        }
        cells.iter().for_each(|&cell| known.taken[cell] = false);
    }
    None
}
