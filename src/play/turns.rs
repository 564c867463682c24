//! Limits the deletions of accounts that run at once: one call for each player, and a few players.
//!
//! Without the limit, a call that is repeated many times while the first one runs would read and
//! end the same games as many times.

use std::sync::Arc;

use tokio::sync::{OwnedMutexGuard, OwnedSemaphorePermit, Semaphore};

use super::locks::Locks;
use crate::game::PlayerId;

/// The deletions that run on one instance.
pub(super) struct Turns {
    of_players: Locks<PlayerId>,
    places: Arc<Semaphore>,
}

/// Holds a player's turn until it is dropped.
pub(super) struct Turn {
    _place: Option<OwnedSemaphorePermit>,
    _player: OwnedMutexGuard<()>,
}

impl Turns {
    pub(super) fn new(places: usize) -> Turns {
        Turns {
            of_players: Locks::new(),
            places: Arc::new(Semaphore::new(places)),
        }
    }

    /// Waits for this player's turn. Calls for one player take one place together.
    pub(super) async fn take(&self, player: PlayerId) -> Turn {
        let player = self.of_players.queue(player).wait().await;
        // The semaphore is never closed, so this only waits.
        let place = self.places.clone().acquire_owned().await.ok();
        Turn {
            _place: place,
            _player: player,
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;
    use uuid::Uuid;

    use super::*;

    fn player(number: u128) -> PlayerId {
        PlayerId(Uuid::from_u128(number))
    }

    #[test]
    fn one_call_at_a_time_has_a_players_turn() {
        let turns = Turns::new(4);
        let first = turns.take(player(1)).now_or_never().unwrap();
        let mut second = Box::pin(turns.take(player(1)));
        assert!(second.as_mut().now_or_never().is_none());
        // Calls that wait take no place from other players.
        let others: Vec<_> = (2..5)
            .map(|number| turns.take(player(number)).now_or_never().unwrap())
            .collect();
        drop(first);
        assert!(second.now_or_never().is_some());
        drop(others);
    }

    #[test]
    fn a_few_players_have_their_turn_at_once() {
        let turns = Turns::new(4);
        let mut held: Vec<_> = (0..4)
            .map(|number| turns.take(player(number)).now_or_never().unwrap())
            .collect();
        let mut fifth = Box::pin(turns.take(player(5)));
        assert!(fifth.as_mut().now_or_never().is_none());
        held.pop();
        assert!(fifth.now_or_never().is_some());
    }
}
