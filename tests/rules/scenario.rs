//! Games in a few words. `"O join, X 4, X draw"` is a history; each step says who does what:
//!
//! * who: `X`, `O`, or `S`, a stranger;
//! * what: `join`, a number (the cell to mark), `resign`, `draw`, `decline` or `rematch`.
//!
//! Against oneself, `X` and `O` are the same player.

use time::OffsetDateTime;
use turnkey::game::{
    Actor, Ask, Command, Creation, Decision, Entry, Event, Game, GameId, Holder, Opponent,
    PlayerId, Refusal, Seats, Visibility, create, decide, evolve, fold,
};
use turnkey::rules::{Chance, Json, MoveRefusal, Rulebook, Rules, Seat};
use uuid::Uuid;

pub const ANN: PlayerId = PlayerId(Uuid::from_u128(0xa));
pub const BOB: PlayerId = PlayerId(Uuid::from_u128(0xb));
pub const EVE: PlayerId = PlayerId(Uuid::from_u128(0xe));
pub const NEXT: GameId = GameId(Uuid::from_u128(0x17));

pub const AT: OffsetDateTime = OffsetDateTime::UNIX_EPOCH;

pub fn cell(number: i64) -> Json {
    Json::of(&number)
}

pub fn rules() -> Rules {
    Rulebook::built_in().newest("tic-tac-toe").unwrap().clone()
}

pub fn command(player: PlayerId, ask: Ask) -> Command {
    Command {
        by: Actor::Player(player),
        at: AT,
        ask,
    }
}

/// What the rules say to a command of a player.
pub fn asked(game: &Game, player: PlayerId, ask: Ask) -> Result<Decision, Refusal> {
    decide(game, &command(player, ask), Chance::none())
}

/// The move of `player` with the seat that they act for; a stranger tries the first seat.
pub fn move_of(game: &Game, player: PlayerId, played: Json) -> Ask {
    let seat = game.acting_seat(player).unwrap_or(Seat::FIRST);
    Ask::Play { seat, played }
}

/// The first event of a game that `player` creates without options.
pub fn created(player: PlayerId, seat: Seat, opponent: Opponent) -> Entry {
    created_for(player, seat, opponent, Visibility::Unlisted)
}

pub fn created_for(
    player: PlayerId,
    seat: Seat,
    opponent: Opponent,
    visibility: Visibility,
) -> Entry {
    let mut seats = match opponent {
        Opponent::Invite => Seats::all(2, Holder::Open),
        Opponent::Oneself => Seats::all(2, Holder::Player(player)),
    };
    seats[seat] = Holder::Player(player);
    let creation = Creation {
        options: Json::empty_object(),
        seats,
        visibility,
        opponent,
    };
    create(&rules(), player, AT, creation, Chance::none())
}

/// A game and the events that made it.
#[derive(Clone)]
pub struct Told {
    pub entries: Vec<Entry>,
    pub game: Game,
    opponent: Opponent,
}

impl Told {
    pub fn begin(creation: Entry, opponent: Opponent) -> Told {
        let game = fold(&rules(), [&creation]).unwrap();
        Told {
            entries: vec![creation],
            game,
            opponent,
        }
    }

    /// What the rules say to a step, in one word; see [`word`].
    pub fn ask(&self, step: &str) -> String {
        word(&self.decide(step))
    }

    pub fn decide(&self, step: &str) -> Result<Decision, Refusal> {
        let (player, ask) = self.ask_of(step);
        asked(&self.game, player, ask)
    }

    /// Does a step that the rules accept with an event.
    pub fn does(&mut self, step: &str) -> &Event {
        let answer = self.decide(step);
        let Ok(Decision::Record(entry)) = answer else {
            panic!("{step:?} recorded nothing: {answer:?} in {:?}", self.game);
        };
        self.game = evolve(self.game.clone(), &entry);
        self.entries.push(entry);
        &self.entries.last().unwrap().event
    }

    fn ask_of(&self, step: &str) -> (PlayerId, Ask) {
        let (who, what) = step.split_once(' ').expect("a step is `who what`");
        let player = match (who, self.opponent) {
            ("X", Opponent::Invite | Opponent::Oneself) | ("O", Opponent::Oneself) => ANN,
            ("O", Opponent::Invite) => BOB,
            ("S", Opponent::Invite | Opponent::Oneself) => EVE,
            (other, _) => panic!("nobody is called {other:?}"),
        };
        let ask = match what {
            "join" => Ask::Join,
            "resign" => Ask::Resign,
            "draw" => Ask::OfferDraw,
            "decline" => Ask::DeclineDraw,
            "rematch" => Ask::Rematch(NEXT),
            number => {
                let number = number.parse().expect("a verb or a cell");
                move_of(&self.game, player, cell(number))
            }
        };
        (player, ask)
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
    let mut told = Told::begin(created(ANN, Seat::FIRST, opponent), opponent);
    for step in steps.split(", ").filter(|step| !step.is_empty()) {
        told.does(step);
    }
    told
}

/// The event type, `holds` for a repeat of what holds already, or the refusal's code.
pub fn word(answer: &Result<Decision, Refusal>) -> String {
    match answer {
        Ok(Decision::Record(entry)) => type_of(&entry.event).into(),
        Ok(Decision::AlreadyHolds) => "holds".into(),
        Err(refusal) => code_of(refusal).into(),
    }
}

pub fn type_of(event: &Event) -> &'static str {
    match event {
        Event::GameCreated(_) => "game_created",
        Event::PlayerSeated { .. } => "player_seated",
        Event::SeatLeft { .. } => "seat_left",
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
