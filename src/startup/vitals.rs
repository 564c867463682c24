//! Figures that are read from the database every few seconds, for the metrics and the readiness: the
//! progress of the projection, and whether this release may still serve the schema.

use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{MissedTickBehavior, interval};

use crate::store::projection::ProjectionStatus;
use crate::store::{Store, StoreError};

const ASK_EVERY: Duration = Duration::from_secs(2);

/// The last answer of the database.
#[derive(Clone, Debug)]
pub struct Vitals {
    /// The progress of the projections.
    pub projection: ProjectionStatus,
    /// False if a newer release has moved the schema beyond this one.
    pub schema_is_known: bool,
}

impl Vitals {
    /// Reads the figures from the database.
    pub async fn read(store: &Store) -> Result<Vitals, StoreError> {
        Ok(Vitals {
            projection: store.projection_status().await?,
            schema_is_known: store.is_supported().await?,
        })
    }
}

/// Reads the figures repeatedly, as long as `vitals` has receivers. While the database does not answer,
/// the last figures stay; the follower reports that it does not answer.
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
