//! What is read from the database every few seconds, for the metrics and the readiness: how far the
//! projection is, and whether this release may still serve this schema.

use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{MissedTickBehavior, interval};

use crate::store::projection::ProjectionStatus;
use crate::store::{Store, StoreError};

const ASK_EVERY: Duration = Duration::from_secs(2);

/// As the database last answered.
#[derive(Clone, Debug)]
pub struct Vitals {
    /// How far the projections have come.
    pub projection: ProjectionStatus,
    /// False once a newer release has moved the schema on beyond this one.
    pub schema_is_known: bool,
}

impl Vitals {
    /// Reads them from the database.
    pub async fn read(store: &Store) -> Result<Vitals, StoreError> {
        Ok(Vitals {
            projection: store.projection_status().await?,
            schema_is_known: store.is_supported().await?,
        })
    }
}

/// Asks again and again, until nobody listens any more. While the database does not answer, what it
/// said last stands; that it does not is the follower's to tell.
pub async fn watch(store: Store, vitals: watch::Sender<Vitals>) {
    let mut ask = interval(ASK_EVERY);
    ask.set_missed_tick_behavior(MissedTickBehavior::Delay);
    while !vitals.is_closed() {
        ask.tick().await;
        match Vitals::read(&store).await {
            Ok(read) => drop(vitals.send_replace(read)),
            Err(error) => tracing::debug!(%error, "the projection's state cannot be read"),
        }
    }
}
