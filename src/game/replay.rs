//! Tells a repeated move from a conflicting one.

use super::{Event, Move, PlayerId};

/// What happened after the version that a player saw, as far as their move is concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Since {
    /// Nothing that changes whose turn it is: try the move.
    Nothing,
    /// This very move of this very player: it was accepted before.
    SameMove,
    /// Something else: the player's picture is old.
    Otherwise,
}

/// Judges the first event in `later`, draw offers and declines aside.
///
/// A draw offer changes nothing about the move, and must not make a repeat of it unsafe.
pub fn since<'a>(
    later: impl IntoIterator<Item = (PlayerId, &'a Event)>,
    player: PlayerId,
    played: Move,
) -> Since {
    let first = later.into_iter().find(|(_, event)| {
        !matches!(
            event,
            Event::DrawOffered { .. } | Event::DrawDeclined { .. }
        )
    });
    match first {
        None => Since::Nothing,
        Some((actor, Event::MovePlayed { played: before, .. }))
            if actor == player && *before == played =>
        {
            Since::SameMove
        }
        Some(_) => Since::Otherwise,
    }
}
