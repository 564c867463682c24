//! Judges whether this instance should get requests: the database answers, this release may serve its
//! schema, and the follower keeps up with the log.

use std::time::Duration;

use tokio::sync::watch;
use tokio::time::interval;

use super::vitals::Vitals;
use crate::http::Readiness;
use crate::store::tail::TailStatus;

const LOOK_EVERY: Duration = Duration::from_millis(500);
/// The longest silence of the database. The follower asks it twice a second.
const ANSWERED_WITHIN: Duration = Duration::from_secs(3);
/// The greatest number of positions that the follower may be behind the end of the log.
const MAX_LAG: i64 = 10_000;

/// Judges the readiness from the state of the follower and of the database.
pub fn judge(tail: &TailStatus, vitals: &Vitals) -> Readiness {
    if tail.answered.elapsed() > ANSWERED_WITHIN {
        Readiness::NotReady("the database does not answer")
    } else if !vitals.schema_is_known {
        Readiness::NotReady("the database's schema needs a newer release")
    } else if tail.log_end - tail.read.position > MAX_LAG {
        Readiness::NotReady("this instance is behind the event log")
    } else {
        Readiness::Ready
    }
}

/// Judges repeatedly until the server stops, and reports the stop at once.
pub async fn watch(
    tail: watch::Receiver<TailStatus>,
    vitals: watch::Receiver<Vitals>,
    mut stopping: watch::Receiver<bool>,
    ready: watch::Sender<Readiness>,
) {
    let mut look = interval(LOOK_EVERY);
    loop {
        tokio::select! {
            _ = look.tick() => ready.send_replace(judge(&tail.borrow(), &vitals.borrow())),
            _ = stopping.wait_for(|stopping| *stopping) => break,
        };
    }
    ready.send_replace(Readiness::Stopping);
}
