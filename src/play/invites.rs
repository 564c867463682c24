//! Invite codes: eight characters of Crockford's base32, and who tries too many that do not exist.

use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use moka::sync::Cache;

use super::{Caller, PlayError};

/// Crockford's digits, in order of value.
const DIGITS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const LENGTH: usize = 8;

const MAX_UNKNOWN: u32 = 20;
const WINDOW: Duration = Duration::from_secs(60);
/// How many callers' failures are remembered.
const MAX_CALLERS: u64 = 100_000;

/// A code in the form in which it is stored: no hyphen, capitals.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct InviteCode(String);

impl InviteCode {
    /// A code drawn at random.
    pub(super) fn draw() -> InviteCode {
        // A cryptographic generator, seeded by the operating system.
        let random: [u8; LENGTH] = rand::random();
        let digit = |byte: u8| char::from(DIGITS[usize::from(byte % 32)]);
        InviteCode(random.map(digit).iter().collect())
    }

    /// Reads a code as people write it: without case, spaces and hyphens, `I` and `L` for `1`,
    /// `O` for `0`. `None` for what can be no code.
    pub(super) fn parse(text: &str) -> Option<InviteCode> {
        let mut code = String::with_capacity(LENGTH);
        for character in text.chars() {
            let digit = match character.to_ascii_uppercase() {
                '-' => continue,
                space if space.is_whitespace() => continue,
                'I' | 'L' => '1',
                'O' => '0',
                other => other,
            };
            let known = digit.is_ascii() && DIGITS.contains(&(digit as u8));
            if !known || code.len() == LENGTH {
                return None;
            }
            code.push(digit);
        }
        (code.len() == LENGTH).then_some(InviteCode(code))
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

/// A stored code as it is shown.
pub(super) fn shown(code: &str) -> String {
    match code.split_at_checked(LENGTH / 2) {
        Some((left, right)) => format!("{left}-{right}"),
        None => code.to_owned(),
    }
}

/// Counts the unknown invites of each API key and client address.
#[derive(Clone)]
pub(super) struct Guesses {
    callers: Cache<(Option<String>, IpAddr), Arc<Mutex<Guessing>>>,
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

    /// # Errors
    /// [`PlayError::TooManyUnknownInvites`] where the caller tried more than 20 in a minute.
    pub(super) fn check(&self, caller: &Caller) -> Result<(), PlayError> {
        match self.callers.get(&key(caller)) {
            None => Ok(()),
            // Nothing panics while the lock is held.
            Some(guessing) => judge(&guessing.lock().unwrap_or_else(PoisonError::into_inner)),
        }
    }

    /// Counts one more; the answer to it.
    pub(super) fn unknown(&self, caller: &Caller) -> PlayError {
        let begin = || {
            Arc::new(Mutex::new(Guessing {
                since: Instant::now(),
                unknown: 0,
            }))
        };
        let guessing = self.callers.get_with(key(caller), begin);
        let mut guessing = guessing.lock().unwrap_or_else(PoisonError::into_inner);
        guessing.unknown = guessing.unknown.saturating_add(1);
        judge(&guessing).err().unwrap_or(PlayError::InviteNotFound)
    }
}

fn key(caller: &Caller) -> (Option<String>, IpAddr) {
    (caller.api_key_id.clone(), caller.client_address)
}

fn judge(guessing: &Guessing) -> Result<(), PlayError> {
    let left = WINDOW.saturating_sub(guessing.since.elapsed());
    if guessing.unknown <= MAX_UNKNOWN || left.is_zero() {
        return Ok(());
    }
    Err(PlayError::TooManyUnknownInvites { retry_after: left })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_read_as_people_write_them() {
        let code = InviteCode::parse("K7QM-PD3X").unwrap();
        for same in ["k7qmpd3x", " K7QM PD3X ", "k7-qm-pd-3x"] {
            assert_eq!(InviteCode::parse(same), Some(code.clone()), "{same}");
        }
        assert_eq!(
            InviteCode::parse("OIL0-0000"),
            InviteCode::parse("01100000")
        );
        for bad in [
            "",
            "K7QM-PD3",
            "K7QM-PD3XX",
            "K7QM-PD3U",
            "K7QM-PD3É",
            "\0\0\0\0\0\0\0\0",
        ] {
            assert_eq!(InviteCode::parse(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn drawn_codes_can_be_read_and_differ() {
        let drawn = InviteCode::draw();
        assert_eq!(
            InviteCode::parse(&shown(drawn.as_str())),
            Some(drawn.clone())
        );
        assert_ne!(InviteCode::draw(), drawn);
    }

    #[test]
    fn the_twenty_first_unknown_invite_of_a_minute_is_one_too_many() {
        let guesses = Guesses::new();
        let caller = |last| Caller {
            stage: "dev".parse().unwrap(),
            api_key_id: None,
            client_address: IpAddr::from([127, 0, 0, last]),
            player: None,
        };
        for _ in 0..20 {
            guesses.check(&caller(1)).unwrap();
            let answer = guesses.unknown(&caller(1));
            assert!(matches!(answer, PlayError::InviteNotFound));
        }
        assert!(guesses.check(&caller(1)).is_ok());
        let answer = guesses.unknown(&caller(1));
        assert!(matches!(answer, PlayError::TooManyUnknownInvites { .. }));
        assert!(guesses.check(&caller(1)).is_err());
        assert!(guesses.check(&caller(2)).is_ok());
    }
}
