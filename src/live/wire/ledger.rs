//! Counts the bytes that wait for the peers of all connections together.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// A count of bytes that wait, with an upper bound.
#[derive(Debug)]
pub struct Ledger {
    bound_bytes: usize,
    waiting_bytes: AtomicUsize,
}

/// An entry of bytes, which ends when this is dropped.
#[derive(Debug)]
pub struct Held {
    ledger: Arc<Ledger>,
    size_bytes: usize,
}

impl Ledger {
    /// An empty ledger for at most so many bytes.
    pub fn new(bound_bytes: usize) -> Ledger {
        Ledger {
            bound_bytes,
            waiting_bytes: AtomicUsize::new(0),
        }
    }

    /// The bytes that wait now.
    pub fn waiting_bytes(&self) -> usize {
        self.waiting_bytes.load(Ordering::Relaxed)
    }

    /// Enters bytes until the result is dropped; `None` if there is no room for them.
    pub fn hold(self: &Arc<Ledger>, size_bytes: usize) -> Option<Held> {
        self.enter(size_bytes).then(|| Held {
            ledger: self.clone(),
            size_bytes,
        })
    }

    /// Enters bytes if there is room for them, and returns whether there was.
    pub(super) fn enter(&self, size_bytes: usize) -> bool {
        let before = self.waiting_bytes.fetch_add(size_bytes, Ordering::Relaxed);
        let fits = before.saturating_add(size_bytes) <= self.bound_bytes;
        if !fits {
            self.leave(size_bytes);
        }
        fits
    }

    pub(super) fn leave(&self, size_bytes: usize) {
        self.waiting_bytes.fetch_sub(size_bytes, Ordering::Relaxed);
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.ledger.leave(self.size_bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_held_is_entered_until_it_is_dropped() {
        let ledger = Arc::new(Ledger::new(10));
        let held = ledger.hold(6);
        assert!(held.is_some() && ledger.hold(5).is_none());
        drop(held);
        assert_eq!(ledger.waiting_bytes(), 0);
    }

    #[test]
    fn what_does_not_fit_is_not_entered() {
        let ledger = Ledger::new(10);
        assert!(ledger.enter(6));
        assert!(!ledger.enter(5));
        ledger.leave(6);
        assert!(ledger.enter(10));
        assert_eq!(ledger.waiting_bytes(), 10);
    }
}
