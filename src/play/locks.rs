//! One at a time for each key: calls that concern the same thing wait for one another, and others do
//! not.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use tokio::sync::{Mutex as Lock, OwnedMutexGuard};

/// The locks that somebody holds or waits for.
pub(super) struct Locks<K>(Mutex<HashMap<K, Weak<Lock<()>>>>);

/// A place in the queue for one lock. Whoever came first gets it first.
pub(super) struct Place {
    lock: Arc<Lock<()>>,
    /// How many had a place before.
    pub(super) ahead: usize,
}

impl<K: Hash + Eq> Locks<K> {
    pub(super) fn new() -> Locks<K> {
        Locks(Mutex::default())
    }

    /// Takes a place in the queue for the lock of `key`.
    pub(super) fn queue(&self, key: K) -> Place {
        // Nothing panics while the map is locked, so it is always consistent.
        let mut locks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(lock) = locks.get(&key).and_then(Weak::upgrade) {
            // Each place holds the lock once, and the one taken now is not counted.
            let ahead = Arc::strong_count(&lock) - 1;
            return Place { lock, ahead };
        }
        locks.retain(|_, lock| lock.strong_count() > 0);
        let lock = Arc::new(Lock::new(()));
        locks.insert(key, Arc::downgrade(&lock));
        Place { lock, ahead: 0 }
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).len()
    }
}

impl Place {
    /// Waits for the lock, which is held until the guard is dropped.
    pub(super) async fn wait(self) -> OwnedMutexGuard<()> {
        self.lock.lock_owned().await
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    #[test]
    fn one_at_a_time_in_the_order_of_the_places() {
        let locks = Locks::new();
        let first = locks.queue('a').wait().now_or_never().unwrap();
        let (second, third) = (locks.queue('a'), locks.queue('a'));
        assert_eq!((second.ahead, third.ahead), (1, 2));
        let (mut second, mut third) = (Box::pin(second.wait()), Box::pin(third.wait()));
        assert!(second.as_mut().now_or_never().is_none());
        assert!(third.as_mut().now_or_never().is_none());
        assert!(locks.queue('b').wait().now_or_never().is_some());
        drop(first);
        assert!(third.as_mut().now_or_never().is_none());
        drop(second.as_mut().now_or_never().unwrap());
        assert!(third.now_or_never().is_some());
    }

    #[test]
    fn what_nobody_holds_is_forgotten() {
        let locks = Locks::new();
        for number in 0..100 {
            locks.queue(number).wait().now_or_never().unwrap();
        }
        assert_eq!(locks.len(), 1);
    }
}
