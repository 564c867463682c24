//! Random games of any ruleset, played through the public interface alone.

use std::iter::once;

use turnkey::rules::{
    Chance, Ending, Json, MoveRefusal, Played, Position, Rulebook, Rules, Seat, SeatSet, Viewer,
};

use super::proposals::{options, proposal};

/// The tests' own randomness: one key, one game.
pub struct Dice(Chance);

impl Dice {
    pub fn of(key: [u8; 32]) -> Dice {
        Dice(Chance::seeded(key))
    }

    pub fn numbered(number: u32) -> Dice {
        Dice::of(key(number))
    }

    pub fn below(&mut self, n: usize) -> usize {
        self.0.random_below(n.try_into().unwrap()) as usize
    }

    pub fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    pub fn pick<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        &items[self.below(items.len())]
    }

    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for index in 1..items.len() {
            items.swap(index, self.below(index + 1));
        }
    }

    /// Chance as an event has it.
    pub fn event(&mut self) -> Chance {
        Chance::seeded(key(self.0.random_below(1 << 30)))
    }
}

fn key(number: u32) -> [u8; 32] {
    std::array::from_fn(|place| *number.to_le_bytes().get(place).unwrap_or(&0))
}

/// The state of a game as the core of the program keeps it.
#[derive(Clone)]
pub struct Game {
    pub rules: Rules,
    pub options: Json,
    pub position: Position,
    /// The seats that have not left.
    pub playing: SeatSet,
    pub ending: Option<Ending>,
}

/// What brings a game on.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    Move(Json),
    Leave,
}

/// One event of a game.
pub struct Step {
    pub before: Game,
    pub seat: Seat,
    pub action: Action,
    pub draws: Vec<u32>,
    pub after: Game,
}

pub fn every_ruleset() -> Vec<Rules> {
    Rulebook::built_in().iter().cloned().collect()
}

impl Game {
    pub fn begin(rules: &Rules, options: Json, chance: &mut Chance) -> Game {
        Game {
            position: rules.start(&options, chance),
            playing: SeatSet::first(rules.seat_count(&options)),
            rules: rules.clone(),
            options,
            ending: None,
        }
    }

    pub fn seats(&self) -> impl ExactSizeIterator<Item = Seat> {
        Seat::first(self.rules.seat_count(&self.options))
    }

    pub fn viewers(&self) -> impl Iterator<Item = Viewer> {
        let seats = self.seats().map(Viewer::Seat);
        once(Viewer::Spectator)
            .chain(seats)
            .chain(once(Viewer::Afterwards))
    }

    pub fn shown(&self) -> Vec<serde_json::Value> {
        let show = |viewer| self.rules.show(&self.position, viewer);
        self.viewers().map(show).collect()
    }

    /// The seats that may move; none once the game is over.
    pub fn to_move(&self) -> SeatSet {
        match self.ending {
            None => self.rules.to_move(&self.position),
            Some(_) => SeatSet::NONE,
        }
    }

    pub fn legal_moves(&self, seat: Seat) -> Option<Vec<Json>> {
        self.rules.legal_moves(&self.position, seat)
    }

    pub fn plays(
        &self,
        seat: Seat,
        played: &Json,
        chance: &mut Chance,
    ) -> Result<Game, MoveRefusal> {
        let played = self.rules.play(&self.position, seat, played, chance);
        played.map(|played| self.after(played))
    }

    pub fn acts(&self, seat: Seat, action: &Action, chance: &mut Chance) -> Game {
        match action {
            Action::Move(played) => self.plays(seat, played, chance).unwrap_or_else(|refusal| {
                panic!("{} refuses {played:?}: {refusal:?}", self.rules.id)
            }),
            Action::Leave => Game {
                playing: self.playing.without(seat),
                ..self.after(self.rules.leave(&self.position, seat))
            },
        }
    }

    fn after(&self, played: Played) -> Game {
        Game {
            position: played.position,
            ending: played.ending,
            ..self.clone()
        }
    }
}

/// A random game with random options, event by event, to its end.
pub struct RandomGame {
    pub game: Game,
    pub start_draws: Vec<u32>,
    pub dice: Dice,
}

impl RandomGame {
    pub fn begin(rules: &Rules, mut dice: Dice) -> RandomGame {
        let options = options(rules, &mut dice);
        let mut chance = dice.event();
        let game = Game::begin(rules, options, &mut chance);
        RandomGame {
            game,
            start_draws: chance.draws().to_vec(),
            dice,
        }
    }
}

impl Iterator for RandomGame {
    type Item = Step;

    fn next(&mut self) -> Option<Step> {
        let before = self.game.clone();
        let movers: Vec<Seat> = before.to_move().iter().collect();
        if movers.is_empty() {
            return None;
        }
        // Rules are asked how the others go on only while two others are left.
        let (seat, action) = match before.playing.len() > 2 && self.dice.one_in(20) {
            true => {
                let playing: Vec<Seat> = before.playing.iter().collect();
                (*self.dice.pick(&playing), Action::Leave)
            }
            false => {
                let seat = *self.dice.pick(&movers);
                (seat, Action::Move(proposal(&before, seat, &mut self.dice)))
            }
        };
        let mut chance = self.dice.event();
        let after = before.acts(seat, &action, &mut chance);
        self.game = after.clone();
        Some(Step {
            before,
            seat,
            action,
            draws: chance.draws().to_vec(),
            after,
        })
    }
}
