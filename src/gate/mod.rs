//! The gate: it determines which app sent a request, and whether the app's plan lets the request pass.
//!
//! These always hold: a request is judged by one compiled snapshot of the tables, without the database.
//! Argon2id runs only for a well-formed value that some stored key may have, once per value, and never
//! on a thread that serves requests. The cache holds only which stored hash a value fits, never whether
//! it may pass.

#![warn(missing_docs)]

mod admission;
mod explain;
mod hash;
mod identity;
pub mod issue;
mod limits;
mod reload;
mod snapshot;
mod stats;
mod value;
mod verifier;

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use crossbeam_utils::CachePadded;
use time::OffsetDateTime;
use tokio::sync::watch;

pub use admission::{
    Admission, Allowance, Allowances, Denial, Denied, RateLimit, Refusal, Request,
};
pub use explain::{Explanation, Judged, Link, Question};
pub use reload::run_reload;
pub use snapshot::ValueId;
pub use stats::{GateStats, GateVitals, Outcome};
pub use value::{ApiKeyValue, ApiKeyValueError};

/// The id by which an [`Admission`] names a key.
pub use crate::store::KeyId;

use crate::config::StageName;
use crate::store::gate_tables::{GateHead, GateTables};
use crate::store::{Clock, Store, StoreError};
use identity::Identities;
use limits::Limits;
use snapshot::Snapshot;

/// After this time without the database, the gate refuses to decide.
const TRUSTED_FOR: Duration = Duration::from_secs(10);

/// The handle of the gate for the rest of the process. It is cheap to clone.
#[derive(Clone)]
pub struct Gate {
    inner: Arc<Inner>,
}

struct Inner {
    clock: Arc<Clock>,
    snapshot: ArcSwap<Snapshot>,
    /// The serial of the newest snapshot.
    generation: watch::Sender<u64>,
    opened: Instant,
    /// The time at which the last answered question was sent to the database, in milliseconds since
    /// `opened`.
    confirmed_ms: AtomicU64,
    identities: Identities,
    limits: Limits,
    /// Every call writes it, so it is kept apart from the memory that every call reads.
    stats: CachePadded<GateStats>,
}

impl Gate {
    /// Opens a gate on the tables of `store`. This instance counts among the instances that share the
    /// throttles. Run [`run_reload`] beside the gate: without it, the gate answers
    /// [`Denial::Unavailable`] after 10 s.
    ///
    /// # Errors
    /// Fails if the tables cannot be read.
    pub async fn open(store: &Store) -> Result<Gate, StoreError> {
        let gate = Gate::inspect(store).await?;
        let instances = limits::count_instances(&gate.inner.limits, store).await?;
        gate.inner.limits.set_instances(instances);
        Ok(gate)
    }

    /// Opens a gate for inspection only. It does not count as an instance.
    ///
    /// # Errors
    /// Fails if the tables cannot be read.
    pub async fn inspect(store: &Store) -> Result<Gate, StoreError> {
        let opened = Instant::now();
        let mut connection = store.gate_connection().await?;
        let asked = Instant::now();
        let (_, now) = connection.head().await?;
        store.clock().set(asked, now);
        let tables = connection.tables().await?;
        let threads = std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
        let limits = Limits::new();
        let snapshot = Snapshot::compile(tables, 1, &limits, now);
        let (generation, _) = watch::channel(1);
        Ok(Gate {
            inner: Arc::new(Inner {
                clock: store.clock().clone(),
                snapshot: ArcSwap::from_pointee(snapshot),
                generation,
                opened,
                confirmed_ms: AtomicU64::new(0),
                identities: Identities::new(threads),
                limits,
                stats: CachePadded::default(),
            }),
        })
    }

    /// The stage that a path's first segment names, if it exists.
    pub fn stage(&self, name: &str) -> Option<StageName> {
        let snapshot = self.inner.snapshot.load();
        snapshot.stage(name).map(|stage| stage.name.clone())
    }

    /// The stage to show to a client that asks for none: `default` if it exists, else the first by name.
    pub fn shown_stage(&self, default: Option<&StageName>) -> Option<StageName> {
        let snapshot = self.inner.snapshot.load();
        let default = default.and_then(|stage| snapshot.stage(stage.as_str()));
        let shown = default.or_else(|| snapshot.first_stage());
        shown.map(|stage| stage.name.clone())
    }

    /// The rules version that `stage`'s deployment sets for new games of a variant.
    pub fn rules_version(&self, stage: &StageName, variant: &str) -> Option<u16> {
        let snapshot = self.inner.snapshot.load();
        snapshot.stage(stage.as_str())?.rules_version(variant)
    }

    /// Whether the key may still call the stage: it is enabled and unexpired, and a plan of it holds the
    /// stage. The answer is as old as the last reading of the tables.
    pub fn is_live(&self, key: &KeyId, stage: &StageName) -> bool {
        let snapshot = self.inner.snapshot.load();
        snapshot.stage(stage.as_str()).is_some()
            && snapshot.key(key).is_some_and(|key| {
                key.is_good(|| self.inner.clock.now()) && key.plan_on(stage).is_some()
            })
    }

    /// Whether a call with this value of the key would still be let in on the stage: the key may call the
    /// stage, and the value is stored and has not expired.
    pub fn is_value_live(&self, key: &KeyId, value: ValueId, stage: &StageName) -> bool {
        let snapshot = self.inner.snapshot.load();
        let value = snapshot.value(value);
        let is_good = value
            .is_some_and(|value| value.key.id == *key && value.is_good(|| self.inner.clock.now()));
        is_good && self.is_live(key, stage)
    }

    /// Whether the stage exists and its deployment lets this method be called without a key. The answer is
    /// as old as the last reading of the tables.
    pub fn needs_no_key(&self, stage: &StageName, path: &str, verb: &str) -> bool {
        let snapshot = self.inner.snapshot.load();
        let stage = snapshot.stage(stage.as_str());
        stage.is_some_and(|stage| !stage.needs_key(path, verb))
    }

    /// The calls per second that the key's plan on this stage allows; `None` if it sets no limit.
    pub fn plan_rate(&self, key: &KeyId, stage: &StageName) -> Option<f64> {
        let snapshot = self.inner.snapshot.load();
        let plan = &snapshot.key(key)?.plan_on(stage)?.on.plan;
        plan.throttle.map(|throttle| throttle.rate)
    }

    /// Announces each new snapshot, and each expiry of keys and values. After an announcement, the results
    /// of [`is_live`](Self::is_live) and [`is_value_live`](Self::is_value_live) may have changed.
    pub fn generation(&self) -> watch::Receiver<u64> {
        self.inner.generation.subscribe()
    }

    /// The number of key values that were hashed since the start.
    pub fn hashed(&self) -> u64 {
        self.inner.identities.verifier().hashed()
    }

    /// The gate's counts since the start.
    pub fn stats(&self) -> &GateStats {
        &self.inner.stats
    }

    /// The current state of the gate. It takes the lock of every key's quota in turn, so do not call it for
    /// each request.
    pub fn vitals(&self) -> GateVitals {
        let inner = &self.inner;
        GateVitals {
            hashed: self.hashed(),
            hash_queue: inner.identities.verifier().waiting(),
            quota_queue: inner.limits.asking(),
            quota_leased: inner.limits.leased(),
            generation: inner.snapshot.load().serial,
            snapshot_age: self.unconfirmed_for(),
            instances: self.instances(),
        }
    }

    /// The number of instances that share the throttles, as far as this one knows.
    pub fn instances(&self) -> u32 {
        self.inner.limits.instances()
    }

    /// Whether the snapshot was confirmed against the tables within the last 10 s. If not, rights are
    /// unknown: calls are refused, but open sockets stay open.
    pub fn is_confirmed(&self) -> bool {
        self.unconfirmed_for() < TRUSTED_FOR
    }

    fn unconfirmed_for(&self) -> Duration {
        let confirmed = Duration::from_millis(self.inner.confirmed_ms.load(Ordering::Relaxed));
        self.inner.opened.elapsed().saturating_sub(confirmed)
    }

    /// Whether the snapshot was made from these tables and on this day.
    fn is_current(&self, head: GateHead, now: OffsetDateTime) -> bool {
        let snapshot = self.inner.snapshot.load();
        snapshot.head == head && snapshot.is_of_day(now)
    }

    /// Announces a change of rights if keys or values have expired since.
    fn announce_expiries(&self, since: OffsetDateTime, now: OffsetDateTime) {
        if self.inner.snapshot.load().has_expiry(since, now) {
            self.inner.generation.send_modify(|_| {});
        }
    }

    /// Records that the tables, read at `asked`, agree with the snapshot.
    fn confirm(&self, asked: Instant) {
        let since = asked.saturating_duration_since(self.inner.opened);
        let since_ms = u64::try_from(since.as_millis()).unwrap_or(u64::MAX);
        self.inner
            .confirmed_ms
            .fetch_max(since_ms, Ordering::Relaxed);
    }

    /// Installs `tables`, read from the database at `asked`.
    fn take_over(&self, tables: GateTables, asked: Instant) {
        let serial = self.inner.snapshot.load().serial + 1;
        let now = self.inner.clock.now();
        let snapshot = Snapshot::compile(tables, serial, &self.inner.limits, now);
        self.inner.snapshot.store(Arc::new(snapshot));
        self.confirm(asked);
        self.inner.generation.send_replace(serial);
    }
}
