//! Whether this instance should be sent requests: the database answers, its schema is one that this
//! release may serve, and the log is followed.

use std::time::Duration;

use tokio::sync::watch;
use tokio::time::interval;

use super::vitals::Vitals;
use crate::http::Readiness;
use crate::store::tail::TailStatus;

const LOOK_EVERY: Duration = Duration::from_millis(500);
/// The follower asks the database twice a second.
const ANSWERED_WITHIN: Duration = Duration::from_secs(3);
/// How many positions the follower may be behind the log's end.
const MAX_LAG: i64 = 10_000;

/// The readiness, from the state of the follower and of the database.
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

/// Judges again and again, until the server stops, which it says at once.
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
