//! Games in a few words. `"O join, X 4, X draw"` is a history; each step says who does what:
//!
//! * who: `X`, `O`, or `S`, a stranger;
//! * what: `join`, a number (the cell to mark), `resign`, `draw`, `decline` or `rematch`.
//!
//! Against oneself, `X` and `O` are the same player.

use turnkey::game::variant::MoveRefusal;
use turnkey::game::variant::tic_tac_toe;
use turnkey::game::{
    Command, Decision, Event, Game, GameId, Move, Opponent, PlayerId, Refusal, Rules, Seat,
    Variant, Visibility, create, decide, evolve, fold,
};
use uuid::Uuid;

pub const ANN: PlayerId = PlayerId(Uuid::from_u128(0xa));
pub const BOB: PlayerId = PlayerId(Uuid::from_u128(0xb));
pub const EVE: PlayerId = PlayerId(Uuid::from_u128(0xe));
pub const NEXT: GameId = GameId(Uuid::from_u128(0x17));

pub fn cell(number: i64) -> Move {
    Move::TicTacToe(tic_tac_toe::Move(number))
}

pub fn rules() -> Rules {
    Rules::newest(Variant::TicTacToe)
}

/// The first event of a game that `player` creates without options.
pub fn created(player: PlayerId, seat: Seat, opponent: Opponent) -> Event {
    let options = Variant::TicTacToe
        .parse_options(&serde_json::Map::new())
        .unwrap();
    create(player, seat, options, Visibility::Unlisted, opponent)
}

/// A game and the events that made it.
#[derive(Clone)]
pub struct Told {
    pub events: Vec<Event>,
    pub game: Game,
    opponent: Opponent,
}

impl Told {
    pub fn begin(creation: Event, opponent: Opponent) -> Told {
        let game = fold(rules(), [&creation]).unwrap();
        Told {
            events: vec![creation],
            game,
            opponent,
        }
    }

    /// What the rules say to a step, in one word; see [`word`].
    pub fn ask(&self, step: &str) -> String {
        word(&self.decide(step))
    }

    pub fn decide(&self, step: &str) -> Result<Decision, Refusal> {
        decide(&self.game, &self.command(step))
    }

    /// Does a step that the rules accept with an event.
    pub fn does(&mut self, step: &str) -> &Event {
        let answer = self.decide(step);
        let Ok(Decision::Record(event)) = answer else {
            panic!("{step:?} recorded nothing: {answer:?} in {:?}", self.game);
        };
        self.game = evolve(self.game.clone(), &event);
        self.events.push(event);
        self.events.last().unwrap()
    }

    fn command(&self, step: &str) -> Command {
        let (who, what) = step.split_once(' ').expect("a step is `who what`");
        let player = match (who, self.opponent) {
            ("X", Opponent::Invite | Opponent::Oneself) | ("O", Opponent::Oneself) => ANN,
            ("O", Opponent::Invite) => BOB,
            ("S", Opponent::Invite | Opponent::Oneself) => EVE,
            (other, _) => panic!("nobody is called {other:?}"),
        };
        match what {
            "join" => Command::Join { player },
            "resign" => Command::Resign { player },
            "draw" => Command::OfferDraw { player },
            "decline" => Command::DeclineDraw { player },
            "rematch" => Command::Rematch { player, next: NEXT },
            number => Command::Play {
                player,
                played: cell(number.parse().expect("a verb or a cell")),
            },
        }
    }
}

/// Ann, as X, waits for somebody; then the steps.
pub fn against_another(steps: &str) -> Told {
    tell(Opponent::Invite, steps)
}

/// Ann holds both seats; then the steps.
pub fn against_oneself(steps: &str) -> Told {
    tell(Opponent::Oneself, steps)
}

fn tell(opponent: Opponent, steps: &str) -> Told {
    let mut told = Told::begin(created(ANN, Seat::First, opponent), opponent);
    for step in steps.split(", ").filter(|step| !step.is_empty()) {
        told.does(step);
    }
    told
}

/// The event type, `holds` for a repeat of what holds already, or the refusal's code.
pub fn word(answer: &Result<Decision, Refusal>) -> String {
    match answer {
        Ok(Decision::Record(event)) => type_of(event).into(),
        Ok(Decision::AlreadyHolds) => "holds".into(),
        Err(refusal) => code_of(refusal).into(),
    }
}

pub fn type_of(event: &Event) -> &'static str {
    match event {
        Event::GameCreated(_) => "game_created",
        Event::PlayerSeated { .. } => "player_seated",
        Event::MovePlayed { .. } => "move_played",
        Event::Resigned { .. } => "resigned",
        Event::DrawOffered { .. } => "draw_offered",
        Event::DrawDeclined { .. } => "draw_declined",
        Event::DrawAgreed { .. } => "draw_agreed",
        Event::Abandoned { .. } => "abandoned",
        Event::RematchCreated { .. } => "rematch_created",
    }
}

fn code_of(refusal: &Refusal) -> &'static str {
    match refusal {
        Refusal::NotSeated => "not_seated",
        Refusal::NotStarted => "not_started",
        Refusal::GameOver => "game_over",
        Refusal::GameNotOver => "game_not_over",
        Refusal::NotYourTurn => "not_your_turn",
        Refusal::SeatTaken => "seat_taken",
        Refusal::NoDrawOffer => "no_draw_offer",
        Refusal::DrawAlreadyOffered => "draw_already_offered",
        Refusal::NeverStarted => "never_started",
        Refusal::Move(MoveRefusal::NotNow { code, .. }) => code,
        Refusal::Move(MoveRefusal::Never { .. }) => "illegal_move",
    }
}
