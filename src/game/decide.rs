//! Turns commands into events. `decide` chooses the event; only [`evolve`](super::evolve) changes a game.

use super::{
    Command, Creation, Decision, DrawBy, Event, Game, Opponent, Options, Outcome, PlayerId,
    Refusal, Seat, Seats, Status, Visibility, WinBy,
};

/// The first event of a new game in which `player` takes `seat`, or with
/// [`Opponent::Oneself`] both seats.
pub fn create(
    player: PlayerId,
    seat: Seat,
    options: Options,
    visibility: Visibility,
    opponent: Opponent,
) -> Event {
    let mut seats = Seats::default();
    seats[seat] = Some(player);
    if opponent == Opponent::Oneself {
        seats[seat.other()] = Some(player);
    }
    Event::GameCreated(Creation {
        options,
        seats,
        visibility,
        opponent,
    })
}

/// Judges `command` against `game`: the event to record, or the reason for a refusal.
///
/// ```
/// use turnkey::game::{
///     Command, Decision, Opponent, PlayerId, Refusal, Rules, Seat, Status, Variant,
///     Visibility, create, decide, evolve, fold,
/// };
/// use uuid::Uuid;
///
/// let (ann, bob) = (PlayerId(Uuid::from_u128(1)), PlayerId(Uuid::from_u128(2)));
/// let variant = Variant::TicTacToe;
/// let options = variant.parse_options(&serde_json::Map::new()).unwrap();
/// let created = create(ann, Seat::First, options, Visibility::Unlisted, Opponent::Invite);
/// let mut game = fold(Rules::newest(variant), [&created]).unwrap();
///
/// let played = variant.parse_move(&serde_json::json!(4)).unwrap();
/// let play = Command::Play { player: ann, played };
/// assert_eq!(decide(&game, &play), Err(Refusal::NotStarted));
///
/// for command in [Command::Join { player: bob }, play, Command::Resign { player: bob }] {
///     let Ok(Decision::Record(event)) = decide(&game, &command) else {
///         panic!("{command:?} is allowed here");
///     };
///     game = evolve(game, &event);
/// }
/// assert_eq!(game.status(), Status::Finished);
/// assert_eq!(game.version, 4);
/// ```
///
/// # Errors
/// Where the game does not allow the command now; the game is as it was.
pub fn decide(game: &Game, command: &Command) -> Result<Decision, Refusal> {
    match command {
        Command::Join { player } => join(game, *player),
        Command::Play { player, played } => {
            let seat = seated(game, *player)?;
            being_played(game)?;
            if game.turn() != Some(seat) {
                return Err(Refusal::NotYourTurn);
            }
            let result = game
                .position
                .try_move(game.rules, *played)
                .map_err(Refusal::Move)?;
            Ok(Decision::Record(Event::MovePlayed {
                seat,
                played: *played,
                result,
            }))
        }
        Command::Resign { player } => resign(game, *player),
        Command::OfferDraw { player } => offer_draw(game, *player),
        Command::DeclineDraw { player } => decline_draw(game, *player),
        Command::Rematch { player, next } => {
            seated(game, *player)?;
            if game.status() != Status::Finished {
                return Err(Refusal::GameNotOver);
            }
            if game.open_seat().is_some() {
                return Err(Refusal::NeverStarted);
            }
            Ok(match game.rematch {
                Some(_) => Decision::AlreadyHolds,
                None => Decision::Record(Event::RematchCreated { game: *next }),
            })
        }
    }
}

fn join(game: &Game, player: PlayerId) -> Result<Decision, Refusal> {
    if game.is_seated(player) {
        return Ok(Decision::AlreadyHolds);
    }
    match (game.status(), game.open_seat()) {
        (_, None) => Err(Refusal::SeatTaken),
        (Status::Finished, Some(_)) => Err(Refusal::GameOver),
        (Status::Waiting | Status::Playing, Some(seat)) => {
            Ok(Decision::Record(Event::PlayerSeated { seat, player }))
        }
    }
}

fn resign(game: &Game, player: PlayerId) -> Result<Decision, Refusal> {
    let seat = seated(game, player)?;
    match (game.status(), &game.result) {
        (Status::Waiting, _) => Ok(Decision::Record(Event::Abandoned {
            result: Outcome::Abandoned,
        })),
        (Status::Playing, _) => {
            let result = Outcome::Win {
                winner: seat.other(),
                by: WinBy::Resignation,
            };
            Ok(Decision::Record(Event::Resigned { seat, result }))
        }
        (Status::Finished, Some(Outcome::Abandoned)) => Ok(Decision::AlreadyHolds),
        (
            Status::Finished,
            Some(Outcome::Win {
                winner,
                by: WinBy::Resignation,
            }),
        ) if game.seats[winner.other()] == Some(player) => Ok(Decision::AlreadyHolds),
        (Status::Finished, _) => Err(Refusal::GameOver),
    }
}

fn offer_draw(game: &Game, player: PlayerId) -> Result<Decision, Refusal> {
    let seat = seated(game, player)?;
    let agreed = Outcome::Draw {
        by: DrawBy::Agreement,
    };
    if game.result.as_ref() == Some(&agreed) {
        return Ok(Decision::AlreadyHolds);
    }
    being_played(game)?;
    if game.opponent == Opponent::Oneself || game.draws.offered_by == Some(seat.other()) {
        return Ok(Decision::Record(Event::DrawAgreed {
            seat,
            result: agreed,
        }));
    }
    if game.draws.offered_by == Some(seat) {
        return Ok(Decision::AlreadyHolds);
    }
    if game.draws.spent[seat] {
        return Err(Refusal::DrawAlreadyOffered);
    }
    Ok(Decision::Record(Event::DrawOffered { seat }))
}

fn decline_draw(game: &Game, player: PlayerId) -> Result<Decision, Refusal> {
    let seat = seated(game, player)?;
    being_played(game)?;
    match game.draws.offered_by {
        Some(_) => Ok(Decision::Record(Event::DrawDeclined { seat })),
        None if game.draws.just_declined_by == Some(seat) => Ok(Decision::AlreadyHolds),
        None => Err(Refusal::NoDrawOffer),
    }
}

fn seated(game: &Game, player: PlayerId) -> Result<Seat, Refusal> {
    game.acting_seat(player).ok_or(Refusal::NotSeated)
}

fn being_played(game: &Game) -> Result<(), Refusal> {
    match game.status() {
        Status::Playing => Ok(()),
        Status::Waiting => Err(Refusal::NotStarted),
        Status::Finished => Err(Refusal::GameOver),
    }
}
