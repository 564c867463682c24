//! Closes open sockets whose key or player is no longer good.
//!
//! A socket remembers which value of its key it was opened with, so a rotation ends the sockets of
//! the old value and leaves those of the new one. The value is looked up in the gate's snapshot,
//! which stays as it is while the database cannot be reached. After 10 s without the database no
//! socket is closed, not even where its value has expired meanwhile. All sockets are checked again
//! as soon as the database is back. A player's row is read from the database; if that fails, the
//! socket stays open.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval};

use super::frames::GoodbyeReason;
use super::hub::Hub;
use super::mailbox::Farewell;
use crate::config::StageName;
use crate::game::PlayerId;
use crate::gate::{Gate, KeyId, ValueId};

/// A socket must be closed within a second, so it is checked twice in that time.
const LOOK_EVERY: Duration = Duration::from_millis(400);

/// The path of the call that opens a socket, as deployments name it.
const PATH: &str = "/live";

/// Keeps checking the rights of the open sockets of `hub`. Never ends; run it in one task.
pub async fn watch_rights(hub: Hub) {
    tokio::join!(watch_keys(&hub), watch_players(&hub));
}

/// Checks every socket after each change of the gate's tables, and also at intervals, because keys
/// and their values expire without a change.
async fn watch_keys(hub: &Hub) {
    let mut generation = hub.settings().gate.generation();
    let mut tick = ticks();
    loop {
        tokio::select! {
            _ = tick.tick() => {}
            // An error means that the gate is gone, and this task with it soon.
            Ok(()) = generation.changed() => {}
        }
        if !hub.settings().gate.is_confirmed() {
            continue;
        }
        let mut judged: HashMap<(Option<(KeyId, ValueId)>, StageName), bool> = HashMap::new();
        for socket in hub.registry().sockets() {
            let opened_with = socket.key.clone().zip(socket.key_value);
            let has_right = *judged
                .entry((opened_with, socket.stage.clone()))
                .or_insert_with_key(|(opened_with, stage)| {
                    has_right(&hub.settings().gate, opened_with.as_ref(), stage)
                });
            if !has_right {
                socket
                    .mailbox
                    .close(Farewell::new(GoodbyeReason::KeyRevoked));
            }
        }
    }
}

/// Whether the socket could still be opened in the same way: with this value of this key, or
/// without a key on a stage that needs none for this call.
fn has_right(gate: &Gate, opened_with: Option<&(KeyId, ValueId)>, stage: &StageName) -> bool {
    match opened_with {
        Some((key, value)) => gate.is_value_live(key, *value, stage),
        None => gate.needs_no_key(stage, PATH, "GET"),
    }
}

async fn watch_players(hub: &Hub) {
    let mut tick = ticks();
    loop {
        tick.tick().await;
        let sockets = hub.registry().sockets();
        let connected: HashSet<PlayerId> =
            sockets.iter().filter_map(|socket| socket.player).collect();
        if connected.is_empty() {
            continue;
        }
        let connected: Vec<PlayerId> = connected.into_iter().collect();
        let Ok(existing) = hub.settings().play.players_existing(&connected).await else {
            continue;
        };
        for socket in sockets {
            if socket
                .player
                .is_some_and(|player| !existing.contains(&player))
            {
                socket
                    .mailbox
                    .close(Farewell::new(GoodbyeReason::PlayerTokenRevoked));
            }
        }
    }
}

fn ticks() -> tokio::time::Interval {
    let mut ticks = interval(LOOK_EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks
}
