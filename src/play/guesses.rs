//! Slows down callers that try many invites that do not exist.

use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use moka::sync::Cache;

use super::{Caller, PlayError};
use crate::game::PlayerId;

const MAX_UNKNOWN: u32 = 20;
const WINDOW: Duration = Duration::from_secs(60);
/// The most callers whose unknown invites are counted at once.
const MAX_CALLERS: u64 = 100_000;

/// Counts the unknown invites of each API key, client address and player, on this instance.
///
/// Only unknown invites are counted and refused. A valid invite always passes, so others behind the
/// same address cannot keep a player out of a game.
#[derive(Clone)]
pub(super) struct Guesses {
    callers: Cache<Guesser, Arc<Mutex<Guessing>>>,
}

/// Guesses with the same key, address and player are counted together.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Guesser {
    api_key_id: Option<String>,
    address: IpAddr,
    player: Option<PlayerId>,
}

struct Guessing {
    since: Instant,
    unknown: u32,
}

impl Guesses {
    pub(super) fn new() -> Guesses {
        let callers = Cache::builder()
            .max_capacity(MAX_CALLERS)
            .time_to_live(WINDOW)
            .build();
        Guesses { callers }
    }

    /// Counts one more unknown invite of this caller. Returns [`PlayError::InviteNotFound`], or
    /// [`PlayError::TooManyUnknownInvites`] from the 21st of a minute on.
    pub(super) fn unknown(&self, caller: &Caller) -> PlayError {
        let begin = || {
            Arc::new(Mutex::new(Guessing {
                since: Instant::now(),
                unknown: 0,
            }))
        };
        let guesser = Guesser {
            api_key_id: caller.api_key_id.clone(),
            address: caller.client_address,
            player: caller.player,
        };
        let guessing = self.callers.get_with(guesser, begin);
        // Nothing panics while the lock is held.
        let mut guessing = guessing.lock().unwrap_or_else(PoisonError::into_inner);
        guessing.unknown = guessing.unknown.saturating_add(1);
        let left = WINDOW.saturating_sub(guessing.since.elapsed());
        if guessing.unknown <= MAX_UNKNOWN || left.is_zero() {
            PlayError::InviteNotFound
        } else {
            PlayError::TooManyUnknownInvites { retry_after: left }
        }
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn caller(key: &str, address: u8, player: Option<PlayerId>) -> Caller {
        Caller {
            stage: "dev".parse().unwrap(),
            api_key_id: Some(key.into()),
            client_address: IpAddr::from([127, 0, 0, address]),
            player,
        }
    }

    #[test]
    fn the_twenty_first_unknown_invite_of_a_minute_is_one_too_many() {
        let guesses = Guesses::new();
        let guesser = caller("a", 1, None);
        for _ in 0..20 {
            let answer = guesses.unknown(&guesser);
            assert!(matches!(answer, PlayError::InviteNotFound));
        }
        for _ in 0..2 {
            let answer = guesses.unknown(&guesser);
            assert!(matches!(answer, PlayError::TooManyUnknownInvites { .. }));
        }
        // Each of the three tells one caller from another.
        let player = Some(PlayerId(Uuid::now_v7()));
        for other in [
            caller("b", 1, None),
            caller("a", 2, None),
            caller("a", 1, player),
        ] {
            let answer = guesses.unknown(&other);
            assert!(matches!(answer, PlayError::InviteNotFound), "{other:?}");
        }
    }
}
