//! How many frames a peer may send in five seconds.
//!
//! There are two bounds. The header of a control frame shows which one it counts towards. For a
//! message this is known only after it was read, so its frames wait until then. Before that, they
//! are refused as soon as both bounds together have no room for them.

use std::collections::VecDeque;

use tokio::time::Instant;

use super::{Limits, Violation};

const WINDOW_SECONDS: usize = 5;

/// The bound that a message of the peer counts towards.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bound {
    /// [`Limits::frames_in_five_seconds`].
    Ordinary,
    /// [`Limits::generous_frames_in_five_seconds`], for messages that a well-behaved peer sends in
    /// bursts.
    Generous,
}

/// Counts the frames of one peer.
pub(super) struct Pace {
    started: Instant,
    ordinary: Window,
    generous: Window,
    /// The number of frames of each message that was not read yet, oldest first.
    unread: VecDeque<u32>,
    /// The frames of those messages, and of the one that is arriving.
    uncounted: u64,
}

impl Pace {
    pub fn new(limits: &Limits, now: Instant) -> Pace {
        Pace {
            started: now,
            ordinary: Window::new(limits.frames_in_five_seconds),
            generous: Window::new(limits.generous_frames_in_five_seconds),
            unread: VecDeque::new(),
            uncounted: 0,
        }
    }

    /// Counts frames towards a bound.
    ///
    /// # Errors
    /// [`Violation::Limit`] if there is no room for them.
    pub fn count(&mut self, bound: Bound, frames: u32, now: Instant) -> Result<(), Violation> {
        let second = self.second(now);
        match bound {
            Bound::Ordinary => self.ordinary.count(frames, second),
            Bound::Generous => self.generous.count(frames, second),
        }
    }

    /// Notes that a frame of a message has arrived.
    ///
    /// # Errors
    /// [`Violation::Limit`] if both bounds together have no room for all frames that wait.
    pub fn frame_arrived(&mut self, now: Instant) -> Result<(), Violation> {
        self.uncounted += 1;
        let second = self.second(now);
        let room = self.ordinary.room(second) + self.generous.room(second);
        if self.uncounted > room {
            return Err(Violation::Limit);
        }
        Ok(())
    }

    /// Notes that a message has arrived whole, in so many frames.
    pub fn message_arrived(&mut self, frames: u32) {
        self.unread.push_back(frames);
    }

    /// Notes that the oldest unread message was read, and counts its frames towards `bound`.
    ///
    /// # Errors
    /// [`Violation::Limit`] if the bound has no room for its frames.
    pub fn message_read(&mut self, bound: Bound, now: Instant) -> Result<(), Violation> {
        let frames = self.unread.pop_front().unwrap_or(1);
        self.uncounted = self.uncounted.saturating_sub(u64::from(frames));
        self.count(bound, frames, now)
    }

    fn second(&self, now: Instant) -> u64 {
        now.saturating_duration_since(self.started).as_secs()
    }
}

/// The numbers of frames in each of the last five seconds.
struct Window {
    limit: u32,
    counts: [u32; WINDOW_SECONDS],
    /// The second of the newest count, from the start of the connection.
    second: u64,
}

impl Window {
    fn new(limit: u32) -> Window {
        Window {
            limit,
            counts: [0; WINDOW_SECONDS],
            second: 0,
        }
    }

    fn count(&mut self, frames: u32, second: u64) -> Result<(), Violation> {
        self.advance(second);
        let newest = &mut self.counts[slot(second)];
        *newest = newest.saturating_add(frames);
        if self.sum() > u64::from(self.limit) {
            return Err(Violation::Limit);
        }
        Ok(())
    }

    fn room(&mut self, second: u64) -> u64 {
        self.advance(second);
        u64::from(self.limit).saturating_sub(self.sum())
    }

    fn sum(&self) -> u64 {
        self.counts.iter().copied().map(u64::from).sum()
    }

    fn advance(&mut self, second: u64) {
        let passed = second.saturating_sub(self.second);
        for skipped in 1..=passed.min(WINDOW_SECONDS as u64) {
            self.counts[slot(self.second + skipped)] = 0;
        }
        self.second = second;
    }
}

fn slot(second: u64) -> usize {
    // A remainder of 5 fits any integer.
    usize::try_from(second % WINDOW_SECONDS as u64).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const LIMITS: Limits = Limits {
        message_bytes: 300,
        frames_in_five_seconds: 4,
        generous_frames_in_five_seconds: 6,
        heartbeat: Duration::from_secs(25),
        silence: Duration::from_secs(60),
        write: Duration::from_secs(5),
    };

    fn say(pace: &mut Pace, frames: u32, bound: Bound, now: Instant) -> Result<(), Violation> {
        for _ in 0..frames {
            pace.frame_arrived(now)?;
        }
        pace.message_arrived(frames);
        pace.message_read(bound, now)
    }

    #[test]
    fn each_bound_has_room_of_its_own() {
        let now = Instant::now();
        let mut pace = Pace::new(&LIMITS, now);
        for _ in 0..6 {
            assert_eq!(say(&mut pace, 1, Bound::Generous, now), Ok(()));
        }
        for _ in 0..4 {
            assert_eq!(say(&mut pace, 1, Bound::Ordinary, now), Ok(()));
        }
        for bound in [Bound::Ordinary, Bound::Generous] {
            let mut full = Pace::new(&LIMITS, now);
            let room = if bound == Bound::Ordinary { 4 } else { 6 };
            assert_eq!(say(&mut full, room, bound, now), Ok(()));
            assert_eq!(say(&mut full, 1, bound, now), Err(Violation::Limit));
        }
    }

    #[test]
    fn frames_that_wait_are_held_to_both_bounds_together() {
        let now = Instant::now();
        let mut pace = Pace::new(&LIMITS, now);
        assert_eq!(pace.count(Bound::Generous, 3, now), Ok(()));
        for _ in 0..7 {
            assert_eq!(pace.frame_arrived(now), Ok(()));
        }
        assert_eq!(pace.frame_arrived(now), Err(Violation::Limit));
    }

    #[test]
    fn a_bound_is_over_five_seconds() {
        let started = Instant::now();
        let mut pace = Pace::new(&LIMITS, started);
        for second in 0..20 {
            let at = started + Duration::from_secs(second * 2);
            assert_eq!(say(&mut pace, 1, Bound::Ordinary, at), Ok(()), "{second}");
        }
        let later = started + Duration::from_secs(60);
        assert_eq!(say(&mut pace, 4, Bound::Ordinary, later), Ok(()));
        let soon = later + Duration::from_secs(4);
        assert_eq!(
            say(&mut pace, 1, Bound::Ordinary, soon),
            Err(Violation::Limit)
        );
    }
}
