//! Options, moves and nonsense to try. What the rules list is taken from there; what they do not
//! list is made here, for each variant that has such games.

use serde_json::{Map, Value, json};
use turnkey::rules::{Json, Rules, Seat};

use super::game::{Dice, Game};

/// Options of a new game, as their schema allows them, read.
pub fn options(rules: &Rules, dice: &mut Dice) -> Json {
    loop {
        if let Ok(options) = rules.read_options(&unread_options(rules, dice)) {
            return options;
        }
    }
}

/// Options as their schema allows them, one by one: some left out. Rules may refuse them together.
pub fn unread_options(rules: &Rules, dice: &mut Dice) -> Map<String, Value> {
    let schema = &rules.forms().options_schema;
    let known = schema["properties"].as_object().into_iter().flatten();
    let mut options = Map::new();
    for (name, schema) in known {
        if dice.one_in(3) {
            continue;
        }
        let bound = |bound| schema[bound].as_u64().map(|bound| bound as usize);
        let (Some(least), Some(most)) = (bound("minimum"), bound("maximum")) else {
            panic!("{} {name}: tell the tests how to choose one", rules.id);
        };
        options.insert(name.clone(), json!(least + dice.below(most - least + 1)));
    }
    options
}

/// A move that the rules allow now.
pub fn proposal(game: &Game, seat: Seat, dice: &mut Dice) -> Json {
    if let Some(listed) = game.legal_moves(seat) {
        return dice.pick(&listed).clone();
    }
    let made = match &*game.rules.id.variant {
        "battleship" => json!({"place": fleet(dice)}),
        "gomoku" => free_cell(game, dice),
        variant => panic!("{variant} does not list its moves: make some here"),
    };
    game.rules.read_move(&made).unwrap()
}

/// Values that are moves of some variant at some time, and values that are none.
pub fn nonsense(dice: &mut Dice) -> Vec<Value> {
    let number = dice.below(400);
    vec![
        json!(null),
        json!(true),
        json!(number),
        json!(dice.below(10)),
        json!(dice.below(81)),
        json!(-1 - dice.below(9) as i64),
        json!(9_007_199_254_740_991_i64),
        json!(u64::MAX),
        json!(0.5),
        json!("roll"),
        json!("hold"),
        json!("Roll"),
        json!({"roll": null}),
        json!([number]),
        json!({}),
        json!({"shot": dice.below(100)}),
        json!({"shot": 100}),
        json!({"shot": -1}),
        json!({"shot": 1.5}),
        json!({"shot": 1, "place": []}),
        json!({"place": fleet(dice)}),
        json!({"place": []}),
        json!({"place": [[0, 5, true]]}),
        json!({"place": vec![json!({"cell": 0, "length": 5, "down": true}); 5]}),
        json!({"place": [{"cell": 0, "length": 5}]}),
        json!({"place": [{"cell": 0, "length": 5, "down": true, "color": 1}]}),
    ]
}

/// Five ships that fit, in random order.
pub fn fleet(dice: &mut Dice) -> Vec<Value> {
    let mut taken = [false; 100];
    let mut lengths = [5, 4, 3, 3, 2];
    dice.shuffle(&mut lengths);
    lengths
        .map(|length| {
            loop {
                let (cell, down) = (dice.below(100), dice.one_in(2));
                let Some(cells) = ship_cells(cell, length, down) else {
                    continue;
                };
                if cells.iter().all(|&cell| !taken[cell]) {
                    cells.iter().for_each(|&cell| taken[cell] = true);
                    return json!({"cell": cell, "length": length, "down": down});
                }
            }
        })
        .to_vec()
}

/// The cells of a ship; `None` where it leaves the board.
pub fn ship_cells(cell: usize, length: usize, down: bool) -> Option<Vec<usize>> {
    let (first, step) = if down {
        (cell / 10, 10)
    } else {
        (cell % 10, 1)
    };
    let fits = first + length <= 10;
    fits.then(|| (0..length).map(|place| cell + place * step).collect())
}

fn free_cell(game: &Game, dice: &mut Dice) -> Value {
    let board = game.shown().remove(0);
    let cells = board["cells"].as_str().unwrap().char_indices();
    let free: Vec<usize> = cells
        .filter(|(_, letter)| *letter == '.')
        .map(|(cell, _)| cell)
        .collect();
    json!(dice.pick(&free))
}
