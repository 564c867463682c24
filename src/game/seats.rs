//! What each seat of a game has.

use std::ops::{Index, IndexMut};

use super::PlayerId;
use crate::rules::{MAX_SEATS, Seat, SeatSet};

/// One value for each seat of a game, in the order of play.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seats<T>(Vec<T>);

/// The holder of a seat.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Holder {
    /// Nobody: the seat is free for whoever has the invite.
    Open,
    /// Nobody yet: the seat waits for this player alone.
    Kept(PlayerId),
    /// This player.
    Player(PlayerId),
}

impl<T: Clone> Seats<T> {
    /// The same value for each of `count` seats.
    ///
    /// # Panics
    /// Where `count` is above [`MAX_SEATS`].
    pub fn all(count: u8, value: T) -> Seats<T> {
        assert!(count <= MAX_SEATS, "a game has at most {MAX_SEATS} seats");
        Seats(vec![value; usize::from(count)])
    }
}

impl<T> Seats<T> {
    /// Each seat with its value, in the order of play.
    pub fn iter(&self) -> impl Iterator<Item = (Seat, &T)> {
        Seat::first(self.count()).zip(&self.0)
    }

    /// How many seats the game has.
    pub fn count(&self) -> u8 {
        // `all` has seen to it.
        u8::try_from(self.0.len()).unwrap_or(MAX_SEATS)
    }

    /// The value of `seat`; `None` where the game has no such seat.
    pub fn get(&self, seat: Seat) -> Option<&T> {
        self.0.get(seat.index())
    }

    /// The seats whose value is as `wanted`.
    pub fn which(&self, wanted: impl Fn(&T) -> bool) -> SeatSet {
        self.iter()
            .filter(|(_, value)| wanted(value))
            .map(|(seat, _)| seat)
            .collect()
    }
}

impl Holder {
    /// The player who holds the seat now.
    pub fn player(&self) -> Option<PlayerId> {
        match self {
            Holder::Player(player) => Some(*player),
            Holder::Open | Holder::Kept(_) => None,
        }
    }

    /// The player for whom the seat is kept.
    pub fn kept_for(&self) -> Option<PlayerId> {
        match self {
            Holder::Kept(player) => Some(*player),
            Holder::Open | Holder::Player(_) => None,
        }
    }
}

impl<T> Index<Seat> for Seats<T> {
    type Output = T;

    fn index(&self, seat: Seat) -> &T {
        &self.0[seat.index()]
    }
}

impl<T> IndexMut<Seat> for Seats<T> {
    fn index_mut(&mut self, seat: Seat) -> &mut T {
        &mut self.0[seat.index()]
    }
}
