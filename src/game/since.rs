//! Tells a repeated move from a conflicting one.

use super::{Entry, Event, Game, evolve};
use crate::rules::{Json, Seat};

/// What happened after the version that a player saw, as far as their move is concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Since {
    /// Nothing that changes whose turn it is: try the move.
    Nothing,
    /// This very move of this very seat: it was accepted before.
    SameMove,
    /// Something else: the player's picture is old.
    Otherwise,
}

/// Judges the first of the `later` events that concerns `seat`, whose player saw the game as `seen`
/// and plays `played`.
pub fn since<'a>(
    seen: Game,
    later: impl IntoIterator<Item = &'a Entry>,
    seat: Seat,
    played: &Json,
) -> Since {
    let mut game = seen;
    for entry in later {
        let before = game;
        game = evolve(before.clone(), entry);
        if !concerns(&before, &entry.event, &game, seat) {
            continue;
        }
        return match &entry.event {
            Event::MovePlayed {
                seat: mover,
                played: made,
                ..
            } if *mover == seat && made == played => Since::SameMove,
            _ => Since::Otherwise,
        };
    }
    Since::Nothing
}

/// Whether `event`, between `before` and `after`, changes what a move of `seat` means.
///
/// A draw offer changes nothing about the move, and must not make a repeat of it unsafe; nor does
/// a move of another seat with which no turn of this seat, nor the game, began or ended.
fn concerns(before: &Game, event: &Event, after: &Game, seat: Seat) -> bool {
    match event {
        Event::DrawOffered { .. } | Event::DrawDeclined { .. } => false,
        Event::MovePlayed {
            seat: mover,
            result,
            ..
        } => {
            let was = before.turn.to_move.contains(seat);
            let is = after.turn.to_move.contains(seat);
            let began = is && after.turn.began == after.version;
            *mover == seat || result.is_some() || was != is || began
        }
        Event::GameCreated(_)
        | Event::PlayerSeated { .. }
        | Event::SeatLeft { .. }
        | Event::Resigned { .. }
        | Event::DrawAgreed { .. }
        | Event::Abandoned { .. }
        | Event::RematchCreated { .. } => true,
    }
}
