//! Closes every socket before the process ends, spread over time, so that the clients do not all
//! come back in the same second.

use std::collections::HashMap;
use std::time::Duration;

use rand::seq::SliceRandom;
use tokio::time::{sleep, timeout};

use super::frames::GoodbyeReason;
use super::hub::Hub;
use super::mailbox::Farewell;
use super::registry::Socket;
use crate::config::StageName;
use crate::store::KeyId;

/// The shortest time over which clients are asked to come back.
pub(super) const LEAST_SPREAD: Duration = Duration::from_secs(5);
/// Sockets are closed no faster than this many a second, unless the deadline demands it.
const PER_SECOND: f64 = 1000.0;
const SLICE: Duration = Duration::from_millis(50);
/// How long the last sockets have to close.
pub const LAST_SOCKETS_PART_WITHIN: Duration = Duration::from_secs(4);

impl Hub {
    /// Refuses new sockets, says goodbye to all open ones over at most `within`, and waits until
    /// they are gone, for at most [`LAST_SOCKETS_PART_WITHIN`] more.
    pub async fn drain(&self, within: Duration) {
        self.begin_draining();
        let mut sockets = self.registry().sockets();
        sockets.shuffle(&mut rand::rng());
        let mut counts: HashMap<(Option<KeyId>, StageName), u32> = HashMap::new();
        for socket in &sockets {
            *counts.entry(name(socket)).or_default() += 1;
        }
        let at_ease = Duration::from_secs_f64(sockets.len() as f64 / PER_SECOND);
        let slices = (at_ease.min(within).as_secs_f64() / SLICE.as_secs_f64()).ceil();
        let slice_length = (sockets.len() as f64 / slices.max(1.0)).ceil().max(1.0);
        // At least 1, and at most the number of sockets.
        for slice in sockets.chunks(slice_length as usize) {
            for socket in slice {
                let count = counts.get(&name(socket)).copied().unwrap_or(1);
                let farewell = Farewell {
                    reason: GoodbyeReason::Restart,
                    retry_within: self.spread(socket, count),
                };
                socket.mailbox.close(farewell);
            }
            if sockets.len() > slice.len() {
                sleep(SLICE).await;
            }
        }
        // Sockets that are still open then end with the process.
        timeout(LAST_SOCKETS_PART_WITHIN, self.emptied()).await.ok();
    }

    /// The time over which `count` sockets of one key should come back, so that they use half the
    /// rate that the key's plan allows.
    pub(super) fn spread(&self, socket: &Socket, count: u32) -> Duration {
        let gate = &self.settings().gate;
        let rate = socket
            .key
            .as_ref()
            .and_then(|key| gate.plan_rate(key, &socket.stage))
            .filter(|rate| *rate > 0.0);
        let at_half_rate = rate.map_or(0.0, |rate| f64::from(count) / (rate / 2.0));
        // At most a day, even if the plan's rate is very low.
        Duration::from_secs_f64(at_half_rate.min(86_400.0)).max(LEAST_SPREAD)
    }
}

/// Says goodbye to one socket.
pub(super) fn send_away(socket: &Socket) {
    socket.mailbox.close(Farewell::new(GoodbyeReason::Restart));
}

fn name(socket: &Socket) -> (Option<KeyId>, StageName) {
    (socket.key.clone(), socket.stage.clone())
}
