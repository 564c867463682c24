//! The part that chance has in an event, and the recipe by which a game's seed gives the numbers
//! that its rules draw. docs/RULES.md tells the recipe to those who verify it.

use std::fmt;
use std::str::FromStr;

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};

use super::{Event, GameId, Seats};

/// The part that chance has in one event. Its `Debug` prints nothing.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Luck {
    /// The random numbers that the rules drew, in their order. Clients never see them.
    pub draws: Vec<u32>,
    /// What the player who sat down with this event adds to the chance.
    pub entropy: Option<Entropy>,
    /// Of the first event of a game of chance: what binds the server to its seed.
    pub promise: Option<Box<Promise>>,
    /// Of the event that ended a game of chance: the seed, secret until then.
    pub seed: Option<Seed>,
}

/// What binds the server to a seed that is still secret.
#[derive(Clone, PartialEq, Eq)]
pub struct Promise {
    /// Everybody may see it, and compare the seed with it in the end.
    pub commitment: Commitment,
    /// The seed, as only the server can open it. Clients never see it.
    pub sealed: SealedSeed,
}

/// The 32 random bytes from which all draws of a game come. Its `Debug` prints nothing.
#[derive(Clone, PartialEq, Eq)]
pub struct Seed(Box<[u8; 32]>);

/// The SHA-256 of a seed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Commitment([u8; 32]);

/// A sealed seed, as text. Its `Debug` prints nothing.
#[derive(Clone, PartialEq, Eq)]
pub struct SealedSeed(pub String);

/// At most 64 visible ASCII characters that a player adds to the chance of a game. Whoever adds some
/// that the server could not know beforehand knows that it did not choose the draws.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entropy(Box<str>);

/// A text that is not what it should be.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be {0}")]
pub struct LuckError(&'static str);

impl Luck {
    /// Of an event that has drawn these numbers.
    pub fn drawn(draws: Vec<u32>) -> Luck {
        Luck {
            draws,
            ..Luck::default()
        }
    }
}

impl Seed {
    /// The seed of these bytes, which nobody may know before the game is over.
    pub fn new(bytes: [u8; 32]) -> Seed {
        Seed(Box::new(bytes))
    }

    /// The bytes, to be sealed.
    pub fn expose(&self) -> &[u8; 32] {
        &self.0
    }

    /// The seed in hexadecimal digits, for when the game is over.
    pub fn to_hex(&self) -> String {
        hex(&*self.0)
    }

    /// What is told of the seed from the first event on.
    pub fn commitment(&self) -> Commitment {
        Commitment(Sha256::digest(*self.0).into())
    }

    /// The key of the stream that the event draws from which makes `version` of `game`.
    pub fn key(&self, game: GameId, version: u32, entropy: &Seats<Option<Entropy>>) -> [u8; 32] {
        let mut added = Sha256::new();
        for (_, entropy) in entropy.iter() {
            let text = entropy.as_ref().map_or("", Entropy::as_str);
            // At most 64 characters.
            added.update((text.len() as u32).to_be_bytes());
            added.update(text);
        }
        let mac = Hmac::<Sha256>::new_from_slice(&*self.0);
        mac.expect("HMAC takes keys of every length")
            .chain_update(b"turnkey/1\0")
            .chain_update(game.0)
            .chain_update(version.to_be_bytes())
            .chain_update(added.finalize())
            .finalize()
            .into_bytes()
            .into()
    }
}

impl Commitment {
    /// The bytes.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl Entropy {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What each seat has added to the chance, after `events` with what the player who sat down with
/// each of them added: it counts for every seat that the event gave to a player.
pub fn entropy_of_seats<'a>(
    events: impl IntoIterator<Item = (&'a Event, Option<&'a Entropy>)>,
) -> Seats<Option<Entropy>> {
    let mut seats = Seats::all(0, None);
    for (event, entropy) in events {
        match event {
            Event::GameCreated(creation) => {
                seats = Seats::all(creation.seats.count(), None);
                for (seat, holder) in creation.seats.iter() {
                    seats[seat] = holder.player().and(entropy).cloned();
                }
            }
            Event::PlayerSeated { seat, .. } => seats[*seat] = entropy.cloned(),
            Event::SeatLeft { seat } => seats[*seat] = None,
            Event::MovePlayed { .. }
            | Event::Resigned { .. }
            | Event::DrawOffered { .. }
            | Event::DrawDeclined { .. }
            | Event::DrawAgreed { .. }
            | Event::Abandoned { .. }
            | Event::RematchCreated { .. } => {}
        }
    }
    seats
}

impl FromStr for Entropy {
    type Err = LuckError;

    fn from_str(text: &str) -> Result<Entropy, LuckError> {
        let is_visible = text.bytes().all(|byte| byte.is_ascii_graphic());
        match is_visible && (1..=64).contains(&text.len()) {
            true => Ok(Entropy(text.into())),
            false => Err(LuckError("1 to 64 visible ASCII characters")),
        }
    }
}

impl FromStr for Seed {
    type Err = LuckError;

    fn from_str(text: &str) -> Result<Seed, LuckError> {
        bytes(text).map(Seed::new)
    }
}

impl FromStr for Commitment {
    type Err = LuckError;

    fn from_str(text: &str) -> Result<Commitment, LuckError> {
        bytes(text).map(Commitment)
    }
}

impl fmt::Display for Commitment {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&hex(&self.0))
    }
}

impl fmt::Debug for Luck {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Luck(…)")
    }
}

impl fmt::Debug for Promise {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Promise({})", self.commitment)
    }
}

impl fmt::Debug for Seed {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Seed(…)")
    }
}

impl fmt::Debug for SealedSeed {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("SealedSeed(…)")
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// 64 small hexadecimal digits, as [`hex`] writes them.
fn bytes(text: &str) -> Result<[u8; 32], LuckError> {
    let wanted = LuckError("64 small hexadecimal digits");
    let is_small = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    if text.len() != 64 || !text.bytes().all(is_small) {
        return Err(wanted);
    }
    let mut bytes = [0; 32];
    for (byte, digits) in bytes.iter_mut().zip(text.as_bytes().chunks(2)) {
        let digits = str::from_utf8(digits).unwrap_or_default();
        *byte = u8::from_str_radix(digits, 16).map_err(|_| LuckError(wanted.0))?;
    }
    Ok(bytes)
}
