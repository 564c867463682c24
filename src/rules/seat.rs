//! Seats: the places at a board, numbered in the order of play.

/// The most seats that a game can have.
pub const MAX_SEATS: u8 = 16;

/// A place at the board: the number of its turn in the order of play, from 0. Clients know it by
/// the name that the ruleset gives it (`X`, `white`, `A`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Seat(u8);

impl Seat {
    /// The seat that is first in the order of play.
    pub const FIRST: Seat = Seat(0);
    /// The seat that is second in the order of play.
    pub const SECOND: Seat = Seat(1);

    /// The first `count` seats, in the order of play.
    ///
    /// # Panics
    /// Where `count` is above [`MAX_SEATS`].
    pub fn first(count: u8) -> impl DoubleEndedIterator<Item = Seat> + ExactSizeIterator + Clone {
        assert!(count <= MAX_SEATS, "a game has at most {MAX_SEATS} seats");
        (0..count).map(Seat)
    }

    /// The seat at `index` in the order of play; `None` beyond the last that a game can have.
    pub fn at(index: usize) -> Option<Seat> {
        let number = u8::try_from(index).ok()?;
        (number < MAX_SEATS).then_some(Seat(number))
    }

    /// The seat's place in the order of play, from 0.
    pub fn index(self) -> usize {
        usize::from(self.0)
    }

    /// The next seat in the order of play of `count` seats; after the last comes the first.
    #[must_use]
    pub fn next(self, count: u8) -> Seat {
        Seat((self.0 + 1) % count)
    }
}

/// Some of the seats of a game.
///
/// ```
/// use turnkey::rules::{Seat, SeatSet};
///
/// let both: SeatSet = [Seat::SECOND, Seat::FIRST].into_iter().collect();
/// assert_eq!(both.iter().collect::<Vec<_>>(), [Seat::FIRST, Seat::SECOND]);
/// assert_eq!(both.only(), None);
/// assert_eq!(both.without(Seat::FIRST).only(), Some(Seat::SECOND));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct SeatSet(u16);

impl SeatSet {
    /// No seat.
    pub const NONE: SeatSet = SeatSet(0);

    /// The first `count` seats.
    pub fn first(count: u8) -> SeatSet {
        Seat::first(count).collect()
    }

    /// This one seat.
    pub fn one(seat: Seat) -> SeatSet {
        SeatSet(1 << seat.0)
    }

    /// Whether `seat` is among them.
    pub fn contains(self, seat: Seat) -> bool {
        self.0 & SeatSet::one(seat).0 != 0
    }

    /// Whether there is none.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// How many there are.
    pub fn len(self) -> usize {
        self.0.count_ones() as usize
    }

    /// The seat, where there is just one.
    pub fn only(self) -> Option<Seat> {
        self.iter().next().filter(|_| self.len() == 1)
    }

    /// These and `seat`.
    #[must_use]
    pub fn with(self, seat: Seat) -> SeatSet {
        SeatSet(self.0 | SeatSet::one(seat).0)
    }

    /// These but for `seat`.
    #[must_use]
    pub fn without(self, seat: Seat) -> SeatSet {
        SeatSet(self.0 & !SeatSet::one(seat).0)
    }

    /// The seats that are in both sets.
    #[must_use]
    pub fn and(self, other: SeatSet) -> SeatSet {
        SeatSet(self.0 & other.0)
    }

    /// The seats that are in this set and not in `other`.
    #[must_use]
    pub fn minus(self, other: SeatSet) -> SeatSet {
        SeatSet(self.0 & !other.0)
    }

    /// The seats, in the order of play.
    pub fn iter(self) -> impl Iterator<Item = Seat> {
        (0..MAX_SEATS)
            .map(Seat)
            .filter(move |&seat| self.contains(seat))
    }
}

impl FromIterator<Seat> for SeatSet {
    fn from_iter<I: IntoIterator<Item = Seat>>(seats: I) -> SeatSet {
        seats.into_iter().fold(SeatSet::NONE, SeatSet::with)
    }
}
