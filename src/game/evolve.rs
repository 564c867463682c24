//! Makes a game from its events. It applies each event and never refuses one.

use super::{Creation, DrawOffers, Entry, Event, Game, Holder, LastMove, Status, Turn};
use crate::rules::{Chance, Json, Played, Position, Rules, Seat, SeatSet};

/// A list of events that is not the history of a game.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum FoldError {
    /// The list is empty, or its first event does not create a game.
    #[error("a game's first event must be its creation")]
    NotACreation,
    /// An event is about a seat that the game does not have.
    #[error("an event is about a seat that the game does not have")]
    NoSuchSeat,
}

/// The game that `entries` made.
///
/// # Errors
/// Where the first event is missing or not a creation.
pub fn fold<'a>(
    rules: &Rules,
    entries: impl IntoIterator<Item = &'a Entry>,
) -> Result<Game, FoldError> {
    let mut entries = entries.into_iter();
    let Some(first) = entries.next() else {
        return Err(FoldError::NotACreation);
    };
    let game = begin(rules, first).ok_or(FoldError::NotACreation)?;
    Ok(entries.fold(game, evolve))
}

/// The game at version 1; `None` where `first` does not create one.
pub fn begin(rules: &Rules, first: &Entry) -> Option<Game> {
    let Event::GameCreated(creation) = &first.event else {
        return None;
    };
    let Creation {
        options,
        seats,
        visibility,
        opponent,
    } = creation.clone();
    let mut game = Game {
        rules: rules.clone(),
        options,
        visibility,
        opponent,
        seats,
        resigned: SeatSet::NONE,
        position: None,
        last_move: None,
        result: None,
        draws: DrawOffers::default(),
        left: Vec::new(),
        rematch: None,
        turn: Turn::default(),
        version: 1,
        updated_at: first.at,
    };
    if !rules.forms().chance {
        game.position = Some(rules.start(&game.options, &mut Chance::none()));
    }
    start_where_all_are_seated(&mut game, first);
    take_turns(&mut game, SeatSet::NONE, false);
    Some(game)
}

/// `game` after `entry`.
pub fn evolve(mut game: Game, entry: &Entry) -> Game {
    game.version += 1;
    game.updated_at = entry.at;
    game.draws.just_declined_by = None;
    let mut begins_turn = false;
    match &entry.event {
        // A log holds one creation per game, its first event; a second one changes nothing.
        Event::GameCreated(_) => {}
        Event::PlayerSeated { seat, player } => {
            game.seats[*seat] = Holder::Player(*player);
            game.left.retain(|left| left != player);
            start_where_all_are_seated(&mut game, entry);
        }
        Event::SeatLeft { seat } => {
            game.left.extend(game.seats[*seat].player());
            game.seats[*seat] = Holder::Open;
        }
        Event::MovePlayed {
            seat,
            played,
            result,
        } => {
            begins_turn = play(&mut game, *seat, played, entry);
            game.draws = draws_after_move(game.draws, *seat);
            game.result = result.clone();
        }
        Event::Resigned { seat, result } => {
            game.resigned = game.resigned.with(*seat);
            game.draws.standing = game.draws.standing.without(*seat);
            match result {
                Some(_) => game.result = result.clone(),
                None => leave(&mut game, *seat),
            }
        }
        Event::DrawAgreed { result, .. } | Event::Abandoned { result } => {
            game.result = Some(result.clone());
        }
        Event::DrawOffered { seat } => game.draws.standing = game.draws.standing.with(*seat),
        Event::DrawDeclined { seat } => {
            let withdrawn = game.draws.standing.iter();
            game.draws.spent = withdrawn.fold(game.draws.spent, SeatSet::with);
            game.draws.standing = SeatSet::NONE;
            game.draws.just_declined_by = Some(*seat);
        }
        Event::RematchCreated { game: next } => game.rematch = Some(*next),
    }
    if game.result.is_some() {
        game.draws.standing = SeatSet::NONE;
    }
    let before = game.turn.to_move;
    take_turns(&mut game, before, begins_turn);
    game
}

/// A game of chance starts with the event by which it has all its players.
fn start_where_all_are_seated(game: &mut Game, entry: &Entry) {
    if game.position.is_none() && game.status() == Status::Playing {
        let mut chance = Chance::recorded(&entry.luck.draws);
        game.position = Some(game.rules.start(&game.options, &mut chance));
    }
}

/// Plays a move that was accepted; whether it begins a new turn of the seats to move after it.
fn play(game: &mut Game, seat: Seat, played: &Json, entry: &Entry) -> bool {
    game.last_move = Some(LastMove {
        seat,
        played: played.clone(),
    });
    let Some(position) = &game.position else {
        return false;
    };
    let mut chance = Chance::recorded(&entry.luck.draws);
    match game.rules.play(position, seat, played, &mut chance) {
        Ok(after) => {
            let stays = game.rules.to_move(&after.position).contains(seat);
            game.position = Some(after.position);
            after.new_turn || stays
        }
        // Rules that accepted a move accept it always. If they do not, `turnkey check` says so;
        // the game is shown as it was.
        Err(_) => false,
    }
}

fn leave(game: &mut Game, seat: Seat) {
    let left = |position: &Position| game.rules.leave(position, seat);
    if let Some(Played { position, .. }) = game.position.as_ref().map(left) {
        game.position = Some(position);
    }
}

/// Settles the seats that may move. A turn begins for all of them with an event that lets another
/// seat move, and where `begins_turn`.
fn take_turns(game: &mut Game, before: SeatSet, begins_turn: bool) {
    let to_move = match (&game.position, game.status()) {
        (Some(position), Status::Playing) => game.rules.to_move(position),
        _ => SeatSet::NONE,
    };
    if begins_turn || !to_move.minus(before).is_empty() {
        game.turn.began = game.version;
    }
    game.turn.to_move = to_move;
}

/// An offer lapses when another seat moves; any move lets all offer again.
fn draws_after_move(draws: DrawOffers, mover: Seat) -> DrawOffers {
    DrawOffers {
        standing: draws.standing.and(SeatSet::one(mover)),
        ..DrawOffers::default()
    }
}
