//! Turns commands into events. `decide` chooses the event; only [`evolve`](super::evolve) changes a game.

use time::OffsetDateTime;

use super::{
    Actor, Ask, Command, Creation, Decision, Entry, Event, Game, GameId, Holder, Luck, Opponent,
    Outcome, PlayerId, Refusal, Status,
};
use crate::rules::{Chance, Json, Rules, Seat, SeatSet};

/// The first event of a new game. Where all its seats are held the game starts with it.
pub fn create(
    rules: &Rules,
    by: PlayerId,
    at: OffsetDateTime,
    creation: Creation,
    mut chance: Chance,
) -> Entry {
    let is_full = creation
        .seats
        .which(|holder| holder.player().is_none())
        .is_empty();
    if rules.forms().chance && is_full {
        rules.start(&creation.options, &mut chance);
    }
    Entry {
        event: Event::GameCreated(creation),
        at,
        actor: Actor::Player(by),
        luck: Luck::drawn(chance.into_draws()),
    }
}

/// Judges `command` against `game`: the event to record, or the reason for a refusal. `chance` is
/// that of the event with the next version.
///
/// ```
/// use time::OffsetDateTime;
/// use turnkey::game::{
///     Actor, Ask, Command, Creation, Decision, Holder, Opponent, PlayerId, Refusal, Seats, Status,
///     Visibility, create, decide, evolve, fold,
/// };
/// use turnkey::rules::{Chance, Json, Rulebook, Seat};
/// use uuid::Uuid;
///
/// let (ann, bob) = (PlayerId(Uuid::from_u128(1)), PlayerId(Uuid::from_u128(2)));
/// let at = OffsetDateTime::UNIX_EPOCH;
/// let rules = Rulebook::built_in().newest("tic-tac-toe").unwrap().clone();
/// let mut seats = Seats::all(2, Holder::Open);
/// seats[Seat::FIRST] = Holder::Player(ann);
/// let creation = Creation {
///     options: Json::empty_object(),
///     seats,
///     visibility: Visibility::Unlisted,
///     opponent: Opponent::Invite,
/// };
/// let created = create(&rules, ann, at, creation, Chance::none());
/// let mut game = fold(&rules, [&created]).unwrap();
///
/// let command = |player, ask| Command { by: Actor::Player(player), at, ask };
/// let play = command(ann, Ask::Play { seat: Seat::FIRST, played: Json::of(&4) });
/// assert_eq!(decide(&game, &play, Chance::none()), Err(Refusal::NotStarted));
///
/// for command in [command(bob, Ask::Join), play, command(bob, Ask::Resign)] {
///     let Ok(Decision::Record(entry)) = decide(&game, &command, Chance::none()) else {
///         panic!("{command:?} is allowed here");
///     };
///     game = evolve(game, &entry);
/// }
/// assert_eq!(game.status(), Status::Finished);
/// assert_eq!(game.version, 4);
/// ```
///
/// # Errors
/// Where the game does not allow the command now; the game is as it was.
pub fn decide(game: &Game, command: &Command, mut chance: Chance) -> Result<Decision, Refusal> {
    let player = || command.by.player().ok_or(Refusal::NotSeated);
    let event = match &command.ask {
        Ask::Join => join(game, player()?, game.seats.which(|_| true), &mut chance),
        Ask::JoinAt(seat) => join(game, player()?, SeatSet::one(*seat), &mut chance),
        Ask::Play { seat, played } => play(game, player()?, *seat, played, &mut chance),
        Ask::Resign => resign(game, player()?),
        Ask::OfferDraw => offer_draw(game, player()?),
        Ask::DeclineDraw => decline_draw(game, player()?),
        Ask::Rematch(next) => rematch(game, player()?, *next),
        Ask::Abandon => Ok(abandon(game)),
    }?;
    Ok(match event {
        None => Decision::AlreadyHolds,
        Some(event) => Decision::Record(Entry {
            event,
            at: command.at.max(game.updated_at),
            actor: command.by,
            luck: Luck::drawn(chance.into_draws()),
        }),
    })
}

/// The event to record; `None` where what was asked for already holds.
type Judged = Result<Option<Event>, Refusal>;

/// Takes the first free seat of those that are `wished` for. One that is kept for the player comes
/// first.
fn join(game: &Game, player: PlayerId, wished: SeatSet, chance: &mut Chance) -> Judged {
    if game.is_seated(player) {
        return Ok(None);
    }
    let kept = game.seats.which(|holder| *holder == Holder::Kept(player));
    let open = game.seats.which(|holder| *holder == Holder::Open);
    let mut free = kept.iter().chain(open.iter()).peekable();
    if free.peek().is_some() && game.status() == Status::Finished {
        return Err(Refusal::GameOver);
    }
    let seat = free.find(|seat| wished.contains(*seat));
    let seat = seat.ok_or(Refusal::SeatTaken)?;
    let free = game.seats.which(|holder| holder.player().is_none());
    if game.position.is_none() && free.without(seat).is_empty() {
        game.rules.start(&game.options, chance);
    }
    Ok(Some(Event::PlayerSeated { seat, player }))
}

fn play(game: &Game, player: PlayerId, seat: Seat, played: &Json, chance: &mut Chance) -> Judged {
    if !game.seats_of(player).contains(seat) {
        return Err(Refusal::NotSeated);
    }
    still_playing(game, seat)?;
    let Some(position) = game
        .position
        .as_ref()
        .filter(|_| game.turn.to_move.contains(seat))
    else {
        return Err(Refusal::NotYourTurn);
    };
    let after = game
        .rules
        .play(position, seat, played, chance)
        .map_err(Refusal::Move)?;
    Ok(Some(Event::MovePlayed {
        seat,
        played: played.clone(),
        result: after.ending.map(Outcome::from),
    }))
}

fn resign(game: &Game, player: PlayerId) -> Judged {
    if game.left.contains(&player) {
        return Ok(None);
    }
    let seat = seated(game, player)?;
    match game.status() {
        Status::Waiting => Ok(Some(leave_waiting(game, player, seat))),
        Status::Playing if game.resigned.contains(seat) => Ok(None),
        Status::Playing => {
            let others = game.seats_in_play().without(seat);
            let result = match (&game.position, others.len()) {
                (_, 0 | 1) => Some(Outcome::resignation(others)),
                (Some(position), _) => {
                    let ending = game.rules.leave(position, seat).ending;
                    ending.map(Outcome::from)
                }
                (None, _) => None,
            };
            Ok(Some(Event::Resigned { seat, result }))
        }
        Status::Finished => {
            let has_resigned = !game.resigned.and(game.seats_of(player)).is_empty();
            match has_resigned || game.result == Some(Outcome::abandoned()) {
                true => Ok(None),
                false => Err(Refusal::GameOver),
            }
        }
    }
}

/// The last player to leave a game that waits abandons it.
fn leave_waiting(game: &Game, player: PlayerId, seat: Seat) -> Event {
    match game.players().any(|other| other != player) {
        true => Event::SeatLeft { seat },
        false => Event::Abandoned {
            result: Outcome::abandoned(),
        },
    }
}

/// Nothing is left to abandon in a game that has all its players, or is over.
fn abandon(game: &Game) -> Option<Event> {
    let waits = game.status() == Status::Waiting;
    waits.then(|| Event::Abandoned {
        result: Outcome::abandoned(),
    })
}

fn rematch(game: &Game, player: PlayerId, next: GameId) -> Judged {
    seated(game, player)?;
    if game.status() != Status::Finished {
        return Err(Refusal::GameNotOver);
    }
    if game.has_free_seat() {
        return Err(Refusal::NeverStarted);
    }
    Ok(match game.rematch {
        Some(_) => None,
        None => Some(Event::RematchCreated { game: next }),
    })
}

fn offer_draw(game: &Game, player: PlayerId) -> Judged {
    let seat = seated(game, player)?;
    if game.result == Some(Outcome::agreement()) {
        return Ok(None);
    }
    still_playing(game, seat)?;
    let offered = game.draws.standing.with(seat);
    if game.opponent == Opponent::Oneself || game.seats_in_play().minus(offered).is_empty() {
        return Ok(Some(Event::DrawAgreed {
            seat,
            result: Outcome::agreement(),
        }));
    }
    if game.draws.standing.contains(seat) {
        return Ok(None);
    }
    if game.draws.spent.contains(seat) {
        return Err(Refusal::DrawAlreadyOffered);
    }
    Ok(Some(Event::DrawOffered { seat }))
}

fn decline_draw(game: &Game, player: PlayerId) -> Judged {
    let seat = seated(game, player)?;
    still_playing(game, seat)?;
    match game.draws.standing.is_empty() {
        false => Ok(Some(Event::DrawDeclined { seat })),
        true if game.draws.just_declined_by == Some(seat) => Ok(None),
        true => Err(Refusal::NoDrawOffer),
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

/// The game is being played, and `seat` has not given up: for that player it is over.
fn still_playing(game: &Game, seat: Seat) -> Result<(), Refusal> {
    being_played(game)?;
    match game.resigned.contains(seat) {
        true => Err(Refusal::GameOver),
        false => Ok(()),
    }
}
