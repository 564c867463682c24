//! Keeps the snapshot up to date with the tables.
//!
//! NOTIFY announces a change, and a poll finds it in any case, on the gate's own connection. Each poll
//! also reads the database's clock, which decides what has expired.

use std::time::{Duration, Instant};

use time::OffsetDateTime;
use tokio::time::MissedTickBehavior;

use super::{Gate, limits};
use crate::store::gate_tables::GateConnection;
use crate::store::{Store, StoreError};

const POLL_EVERY: Duration = Duration::from_millis(400);
const RECONNECT_AFTER: Duration = Duration::from_millis(200);

/// Follows the tables and settles the counts of calls until `shutdown` is ready. Then it gives back the
/// unspent quota, so it should end after the last request. Only one task may run it.
pub async fn run_reload(gate: Gate, store: Store, shutdown: impl Future<Output = ()>) {
    let limits = &gate.inner.limits;
    tokio::select! {
        () = shutdown => {}
        () = follow(&gate, &store) => {}
        () = limits::run(limits, &store) => {}
    }
    limits::settle_all(limits, &store).await;
}

async fn follow(gate: &Gate, store: &Store) {
    let mut judged_at = store.clock().now();
    loop {
        let error = follow_on_one_connection(gate, store, &mut judged_at).await;
        tracing::warn!(%error, "the gate lost the database");
        tokio::time::sleep(RECONNECT_AFTER).await;
    }
}

/// Follows the tables on one connection. Returns the error that ended it.
async fn follow_on_one_connection(
    gate: &Gate,
    store: &Store,
    judged_at: &mut OffsetDateTime,
) -> StoreError {
    let mut connection = match store.gate_connection().await {
        Ok(connection) => connection,
        Err(error) => return error,
    };
    let mut poll = tokio::time::interval(POLL_EVERY);
    poll.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        // The first tick comes at once, because after a new LISTEN the tables must be read first.
        let woken = tokio::select! {
            _ = poll.tick() => Ok(()),
            woken = connection.changed() => woken,
        };
        let read = match woken {
            Ok(()) => read_on(gate, store, &mut connection).await,
            Err(error) => Err(error),
        };
        if let Err(error) = read {
            return error;
        }
        let now = store.clock().now();
        gate.announce_expiries(*judged_at, now);
        *judged_at = now;
    }
}

/// Takes over the tables if they have changed.
async fn read_on(
    gate: &Gate,
    store: &Store,
    connection: &mut GateConnection,
) -> Result<(), StoreError> {
    let asked = Instant::now();
    let (head, now) = connection.head().await?;
    store.clock().set(asked, now);
    if gate.is_current(head, now) {
        gate.confirm(asked);
        return Ok(());
    }
    let asked = Instant::now();
    let tables = connection.tables().await?;
    tracing::debug!(
        generation = tables.head.generation,
        "the gate's tables changed"
    );
    gate.take_over(tables, asked);
    Ok(())
}
