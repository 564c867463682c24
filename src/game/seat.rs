//! Seats: the two places at a board, in the order in which they move.

use std::ops::{Index, IndexMut};

/// A place at the board. What clients call it (`X`, `white`) is the variant's own matter:
/// see [`Variant::seat_name`](super::Variant::seat_name).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Seat {
    /// The seat that moves first.
    First,
    /// The seat that moves second.
    Second,
}

impl Seat {
    /// Both seats, in the order in which they move.
    pub const ALL: [Seat; 2] = [Seat::First, Seat::Second];

    /// The opposite seat.
    pub fn other(self) -> Seat {
        match self {
            Seat::First => Seat::Second,
            Seat::Second => Seat::First,
        }
    }
}

/// One value for each seat.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Seats<T> {
    /// The value of the seat that moves first.
    pub first: T,
    /// The value of the seat that moves second.
    pub second: T,
}

impl<T> Seats<T> {
    /// Each seat with its value, in the order in which they move.
    pub fn iter(&self) -> impl Iterator<Item = (Seat, &T)> {
        [(Seat::First, &self.first), (Seat::Second, &self.second)].into_iter()
    }

    /// The same values with the seats exchanged.
    pub fn swapped(self) -> Seats<T> {
        Seats {
            first: self.second,
            second: self.first,
        }
    }
}

impl<T> Index<Seat> for Seats<T> {
    type Output = T;

    fn index(&self, seat: Seat) -> &T {
        match seat {
            Seat::First => &self.first,
            Seat::Second => &self.second,
        }
    }
}

impl<T> IndexMut<Seat> for Seats<T> {
    fn index_mut(&mut self, seat: Seat) -> &mut T {
        match seat {
            Seat::First => &mut self.first,
            Seat::Second => &mut self.second,
        }
    }
}
