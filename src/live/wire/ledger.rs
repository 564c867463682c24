//! What waits for the peers of all connections together.

use std::sync::atomic::{AtomicUsize, Ordering};

/// Bytes that were handed to connections and not yet asked for, with an upper bound.
#[derive(Debug)]
pub struct Ledger {
    bound_bytes: usize,
    waiting_bytes: AtomicUsize,
}

impl Ledger {
    pub fn new(bound_bytes: usize) -> Ledger {
        Ledger {
            bound_bytes,
            waiting_bytes: AtomicUsize::new(0),
        }
    }

    /// Bytes now waiting.
    pub fn waiting_bytes(&self) -> usize {
        self.waiting_bytes.load(Ordering::Relaxed)
    }

    /// Enters bytes; says whether there was room for them.
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

#[cfg(test)]
mod tests {
    use super::*;

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
