//! Chance as a value: the random numbers that a rule draws while one event is made.

use chacha20::ChaCha20Rng;
use chacha20::rand_core::{Rng, SeedableRng};

/// The random numbers of one event.
///
/// When the event is decided they come from the event's key; when it is folded they are those
/// that were recorded with it, so that a fold needs no secret.
pub struct Chance {
    source: Source,
    draws: Vec<u32>,
}

enum Source {
    /// The variant has no chance.
    None,
    Seeded(Box<ChaCha20Rng>),
    Recorded(std::vec::IntoIter<u32>),
}

impl Chance {
    /// For rules that draw nothing.
    pub fn none() -> Chance {
        Chance::from(Source::None)
    }

    /// The stream of an event's key: ChaCha20 with a zero nonce and the counter from 0, read as
    /// little-endian 32-bit numbers.
    pub fn seeded(key: [u8; 32]) -> Chance {
        Chance::from(Source::Seeded(Box::new(ChaCha20Rng::from_seed(key))))
    }

    /// The draws that were recorded with an event, in their order.
    pub fn recorded(draws: &[u32]) -> Chance {
        Chance::from(Source::Recorded(Vec::from(draws).into_iter()))
    }

    fn from(source: Source) -> Chance {
        Chance {
            source,
            draws: Vec::new(),
        }
    }

    /// A number from 0 to `n` − 1, each as likely as the others. `n` is from 1 to 2³¹ − 1.
    ///
    /// ```
    /// use turnkey::rules::Chance;
    ///
    /// let mut chance = Chance::seeded([7; 32]);
    /// let dice: Vec<u32> = (0..3).map(|_| chance.random_below(6) + 1).collect();
    /// let mut again = Chance::recorded(chance.draws());
    /// assert!(dice.iter().all(|&die| again.random_below(6) + 1 == die));
    /// ```
    pub fn random_below(&mut self, n: u32) -> u32 {
        debug_assert!(
            (1..=i32::MAX as u32).contains(&n),
            "n is from 1 to 2^31 - 1"
        );
        let drawn = match &mut self.source {
            // A ruleset that draws although it says that it has no chance, or more than it drew
            // when the event was decided, is held to be wrong by its tests. The fold goes on.
            Source::None => 0,
            Source::Recorded(draws) => draws.next().unwrap_or(0) % n,
            Source::Seeded(stream) => below(n, || stream.next_u32()),
        };
        self.draws.push(drawn);
        drawn
    }

    /// The numbers drawn so far, in their order.
    pub fn draws(&self) -> &[u32] {
        &self.draws
    }

    /// The numbers drawn, in their order.
    pub fn into_draws(self) -> Vec<u32> {
        self.draws
    }
}

/// Refuses the numbers at the end of the range that would make small results likelier.
fn below(n: u32, mut next: impl FnMut() -> u32) -> u32 {
    let range = 1_u64 << 32;
    let limit = range - range % u64::from(n);
    loop {
        let x = next();
        if u64::from(x) < limit {
            return x % n;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stream_is_the_one_of_rfc_8439() {
        // RFC 8439, appendix A.1, test vectors 1 and 2: key, nonce and counter are zero, then 1.
        let mut stream = ChaCha20Rng::from_seed([0; 32]);
        let words: Vec<u32> = (0..17).map(|_| stream.next_u32()).collect();
        assert_eq!(words[0].to_le_bytes(), [0x76, 0xb8, 0xe0, 0xad]);
        assert_eq!(words[15].to_le_bytes(), [0xb2, 0xee, 0x65, 0x86]);
        assert_eq!(words[16].to_le_bytes(), [0x9f, 0x07, 0xe7, 0xbe]);
    }

    #[test]
    fn what_would_make_small_numbers_likelier_is_drawn_again() {
        let mut numbers = [u32::MAX, 0xffff_fffc, 0xffff_fffb].into_iter();
        // 2^32 mod 6 is 4: the last four numbers are left out.
        assert_eq!(below(6, || numbers.next().unwrap()), 0xffff_fffb % 6);
    }

    #[test]
    fn a_power_of_two_takes_every_number() {
        assert_eq!(below(1 << 30, || u32::MAX), (1 << 30) - 1);
        assert_eq!(below(1, || u32::MAX), 0);
    }
}
