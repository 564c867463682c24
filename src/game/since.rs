//! Tells a repeated move from a conflicting one.

use super::{Entry, Event, Game, PlayerId, evolve};
use crate::rules::Json;

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

/// Judges the first of the `later` events that concerns `player`, who saw the game as `seen` and
/// plays `played`.
pub fn since<'a>(
    seen: Game,
    later: impl IntoIterator<Item = &'a Entry>,
    player: PlayerId,
    played: &Json,
) -> Since {
    let mut game = seen;
    for entry in later {
        let before = game;
        game = evolve(before.clone(), entry);
        if !concerns(&before, &entry.event, &game, player) {
            continue;
        }
        return match &entry.event {
            Event::MovePlayed {
                seat, played: made, ..
            } if before.seats_of(player).contains(*seat) && made == played => Since::SameMove,
            _ => Since::Otherwise,
        };
    }
    Since::Nothing
}

/// Whether `event`, between `before` and `after`, changes what a move of `player` means.
///
/// A draw offer changes nothing about the move, and must not make a repeat of it unsafe; nor does
/// a move of another seat with which no turn of theirs, nor the game, began or ended.
fn concerns(before: &Game, event: &Event, after: &Game, player: PlayerId) -> bool {
    match event {
        Event::DrawOffered { .. } | Event::DrawDeclined { .. } => false,
        Event::MovePlayed { seat, result, .. } => {
            let own = before.seats_of(player);
            let (was, is) = (own.and(before.turn.to_move), own.and(after.turn.to_move));
            let began = !is.is_empty() && after.turn.began == after.version;
            own.contains(*seat) || result.is_some() || was != is || began
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
