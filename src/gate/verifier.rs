//! Determines which stored hash a value fits: once per value, on separate threads.
//!
//! The queue is bounded. A lookup with many failed values goes to the back of the queue, so that a
//! guesser at one key does not delay the owners of others. When the queue is full, its last entry is
//! dropped. A call that waits too long gives up, and a value that no call waits for is not hashed.
//!
//! The threads have a lower priority than those that serve requests, so that hashing mostly delays the
//! callers who need it. But it is not so low that, on a busy machine, a good value waits until it is
//! refused.

use std::collections::{BTreeMap, HashMap};
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use moka::sync::Cache;
use tokio::sync::watch;
use tokio::time::timeout;

use super::{ApiKeyValue, hash};
use crate::store::Lookup;

const QUEUE_LENGTH: usize = 1024;
const WAIT: Duration = Duration::from_secs(2);
/// This many failures under one lookup are taken for mistakes.
const FAILURES_FORGIVEN: u32 = 8;
const FAILURES_REMEMBERED: Duration = Duration::from_secs(60);
const FAILING_LOOKUPS: u64 = 10_000;

/// A keyed hash of a value. The key is a secret of this process.
pub(super) type Digest = [u8; 16];

/// A value and the stored hashes that it may fit.
pub(super) struct Question {
    /// The digest that is the value's key in the cache.
    pub digest: Digest,
    /// The serial of the snapshot that the hashes come from.
    pub serial: u64,
    /// The value.
    pub value: ApiKeyValue,
    /// The lookup that found the candidate hashes.
    pub lookup: Lookup,
    /// The stored hashes that the value may fit.
    pub phcs: Vec<Arc<str>>,
}

/// There was no answer in time: the queue is full, or hashing took too long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Overloaded;

/// The threads that hash. They end when this is dropped.
pub(super) struct Verifier {
    shared: Arc<Shared>,
}

struct Shared {
    queue: Mutex<Queue>,
    wake: Condvar,
    failures: Cache<Lookup, u32>,
    /// The number of values that were hashed so far.
    hashed: AtomicU64,
}

#[derive(Default)]
struct Queue {
    closed: bool,
    sequence: u64,
    waiting: BTreeMap<Place, Arc<Flight>>,
    /// The questions that wait or are being hashed. A further call with the same value joins its flight.
    flights: HashMap<(Digest, u64), Arc<Flight>>,
}

/// The order of the queue: few failures come first, then early arrivals.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    failures: u32,
    sequence: u64,
}

struct Flight {
    question: Question,
    answer: watch::Sender<Answer>,
}

#[derive(Clone)]
enum Answer {
    Pending,
    Found(Option<Arc<str>>),
    Dropped,
}

impl Verifier {
    /// Starts `threads` threads.
    pub fn start(threads: NonZeroUsize) -> Verifier {
        let shared = Arc::new(Shared {
            queue: Mutex::default(),
            wake: Condvar::new(),
            failures: Cache::builder()
                .max_capacity(FAILING_LOOKUPS)
                .time_to_live(FAILURES_REMEMBERED)
                .build(),
            hashed: AtomicU64::new(0),
        });
        for number in 0..threads.get() {
            let shared = shared.clone();
            let started = std::thread::Builder::new()
                .name(format!("key-hash-{number}"))
                .spawn(move || {
                    yield_to_other_threads();
                    shared.work();
                });
            if let Err(error) = started {
                tracing::error!(%error, "a thread for hashing keys cannot be started");
            }
        }
        Verifier { shared }
    }

    /// The number of values that were hashed so far.
    pub fn hashed(&self) -> u64 {
        self.shared.hashed.load(Ordering::Relaxed)
    }

    /// The number of values that wait for a thread.
    pub fn waiting(&self) -> usize {
        self.shared.lock().waiting.len()
    }

    /// The hash that the value fits; `None` if it fits none of them.
    pub async fn ask(&self, question: Question) -> Result<Option<Arc<str>>, Overloaded> {
        let mut answer = self.shared.enter(question)?;
        let answered = timeout(
            WAIT,
            answer.wait_for(|answer| !matches!(answer, Answer::Pending)),
        );
        match answered.await {
            Ok(Ok(answer)) => match &*answer {
                Answer::Found(fit) => Ok(fit.clone()),
                Answer::Pending | Answer::Dropped => Err(Overloaded),
            },
            Ok(Err(_)) | Err(_) => Err(Overloaded),
        }
    }
}

impl Drop for Verifier {
    fn drop(&mut self) {
        self.shared.lock().closed = true;
        self.shared.wake.notify_all();
    }
}

impl Shared {
    /// Joins the flight of this question, or begins one.
    fn enter(&self, question: Question) -> Result<watch::Receiver<Answer>, Overloaded> {
        let failed = self.failures.get(&question.lookup).unwrap_or(0);
        let mut queue = self.lock();
        let name = (question.digest, question.serial);
        if let Some(flight) = queue.flights.get(&name) {
            return Ok(flight.answer.subscribe());
        }
        queue.sequence += 1;
        let place = Place {
            failures: failed.saturating_sub(FAILURES_FORGIVEN),
            sequence: queue.sequence,
        };
        if queue.waiting.len() >= QUEUE_LENGTH {
            queue.make_room(place)?;
        }
        let (answer, receiver) = watch::channel(Answer::Pending);
        let flight = Arc::new(Flight { question, answer });
        queue.flights.insert(name, flight.clone());
        queue.waiting.insert(place, flight);
        drop(queue);
        self.wake.notify_one();
        Ok(receiver)
    }

    /// The loop of each thread.
    fn work(&self) {
        while let Some(flight) = self.next() {
            let question = &flight.question;
            let fit = hash::first_fit(&question.value, &question.phcs).cloned();
            self.hashed.fetch_add(1, Ordering::Relaxed);
            if fit.is_none() {
                let failed = self.failures.get(&question.lookup).unwrap_or(0);
                self.failures
                    .insert(question.lookup.clone(), failed.saturating_add(1));
            }
            self.lock().flights.remove(&flight.name());
            flight.answer.send_replace(Answer::Found(fit));
        }
    }

    /// The next question that a call still waits for; `None` at the end.
    fn next(&self) -> Option<Arc<Flight>> {
        let mut queue = self.lock();
        loop {
            if queue.closed {
                return None;
            }
            match queue.waiting.pop_first() {
                // A call must hold this lock to join, so no call can join after this check.
                Some((_, flight)) if flight.answer.receiver_count() == 0 => {
                    queue.flights.remove(&flight.name());
                }
                Some((_, flight)) => return Some(flight),
                None => {
                    queue = self
                        .wake
                        .wait(queue)
                        .unwrap_or_else(PoisonError::into_inner);
                }
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        // No code panics while it holds the lock, so the queue is consistent even if the lock is poisoned.
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Lowers the priority of the calling thread, on systems with thread priorities. On others, hashing
/// competes equally for the cores.
fn yield_to_other_threads() {
    #[cfg(target_os = "linux")]
    {
        // A third of a busy thread's weight. The lowest priority, 19, would give a seventieth: with two busy
        // threads on each core, no value would be hashed within `WAIT`.
        const NICENESS: nix::libc::c_int = 5;
        // SAFETY: the call takes numbers and touches no memory of ours. On Linux, 0 is the calling thread.
        let set = unsafe { nix::libc::setpriority(nix::libc::PRIO_PROCESS, 0, NICENESS) };
        if set != 0 {
            tracing::debug!("the priority of a thread for hashing keys cannot be lowered");
        }
    }
}

impl Queue {
    /// Drops the last question, if the newcomer comes before it.
    fn make_room(&mut self, newcomer: Place) -> Result<(), Overloaded> {
        match self.waiting.last_entry() {
            Some(last) if *last.key() > newcomer => {
                let flight = last.remove();
                self.flights.remove(&flight.name());
                flight.answer.send_replace(Answer::Dropped);
                Ok(())
            }
            Some(_) | None => Err(Overloaded),
        }
    }
}

impl Flight {
    fn name(&self) -> (Digest, u64) {
        (self.question.digest, self.question.serial)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicBool;

    use super::*;

    fn question(value: &ApiKeyValue, phc: &str) -> Question {
        let mut digest = [0; 16];
        digest.copy_from_slice(&value.expose().as_bytes()[3..19]);
        Question {
            digest,
            serial: 1,
            value: value.clone(),
            lookup: value.lookup(b""),
            phcs: vec![phc.into()],
        }
    }

    #[tokio::test]
    async fn many_who_ask_at_once_cost_one_hashing() {
        let verifier = Arc::new(Verifier::start(NonZeroUsize::MIN));
        let value = ApiKeyValue::generate();
        let phc = hash::hash(&value).expect("there are random numbers");
        let asked: Vec<_> = (0..50)
            .map(|_| {
                let (verifier, question) = (verifier.clone(), question(&value, &phc));
                tokio::spawn(async move { verifier.ask(question).await })
            })
            .collect();
        for answer in asked {
            let fit = answer.await.expect("no panic").expect("not overloaded");
            assert_eq!(fit.as_deref(), Some(phc.as_str()));
        }
        assert_eq!(verifier.hashed(), 1);
    }

    #[tokio::test]
    async fn a_busy_machine_keeps_no_value_waiting_too_long() {
        let verifier = Verifier::start(NonZeroUsize::MIN);
        let cores = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
        let stop = Arc::new(AtomicBool::new(false));
        let busy: Vec<_> = (0..2 * cores)
            .map(|_| {
                let stop = stop.clone();
                std::thread::spawn(move || while !stop.load(Ordering::Relaxed) {})
            })
            .collect();
        // Other tests load the machine too, so one answer in time is enough.
        let mut in_time = false;
        for _ in 0..3 {
            let value = ApiKeyValue::generate();
            let phc = hash::hash(&value).expect("there are random numbers");
            in_time = in_time || verifier.ask(question(&value, &phc)).await.is_ok();
        }
        stop.store(true, Ordering::Relaxed);
        for thread in busy {
            thread.join().expect("no panic");
        }
        assert!(in_time, "no value was hashed within {WAIT:?}");
    }

    #[tokio::test]
    async fn a_lookup_with_many_failures_waits_behind_others() {
        let verifier = Verifier::start(NonZeroUsize::MIN);
        let guessed = ApiKeyValue::generate();
        verifier
            .shared
            .failures
            .insert(guessed.lookup(b""), FAILURES_FORGIVEN + 1);
        // While the first value is hashed under the lock, no thread takes another. So this checks only the
        // order of the places.
        let mut queue = Queue::default();
        for (failures, sequence) in [(1, 1), (0, 2), (0, 3)] {
            let (answer, _) = watch::channel(Answer::Pending);
            let flight = Flight {
                question: question(&guessed, ""),
                answer,
            };
            queue
                .waiting
                .insert(Place { failures, sequence }, Arc::new(flight));
        }
        let order: Vec<u64> = queue.waiting.keys().map(|place| place.sequence).collect();
        assert_eq!(order, [2, 3, 1]);
        let newcomer = Place {
            failures: 0,
            sequence: 4,
        };
        assert_eq!(queue.make_room(newcomer), Ok(()));
        assert_eq!(queue.make_room(newcomer), Err(Overloaded));
    }
}
