//! Open sockets whose key or player is no longer good are closed.
//!
//! A key is looked up in the gate's snapshot, which stays as it is while the database cannot be
//! reached; a player's row is asked for, and no answer changes nothing.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval};

use super::frames::GoodbyeReason;
use super::hub::Hub;
use super::mailbox::Farewell;
use crate::config::StageName;
use crate::game::PlayerId;
use crate::store::KeyId;

/// Twice within the second in which a socket must be closed.
const LOOK_EVERY: Duration = Duration::from_millis(400);

/// Looks after the open sockets' rights. Never ends.
pub async fn watch_rights(hub: Hub) {
    tokio::join!(watch_keys(&hub), watch_players(&hub));
}

/// At each change, and in between because keys expire without one.
async fn watch_keys(hub: &Hub) {
    let mut generation = hub.settings().gate.generation();
    let mut tick = ticks();
    loop {
        tokio::select! {
            _ = tick.tick() => {}
            // An error says that the gate is gone, and with it everything here.
            Ok(()) = generation.changed() => {}
        }
        let mut judged: HashMap<(KeyId, StageName), bool> = HashMap::new();
        for socket in hub.registry().sockets() {
            let Some(key) = &socket.key else {
                continue;
            };
            let is_live = *judged
                .entry((key.clone(), socket.stage.clone()))
                .or_insert_with(|| hub.settings().gate.is_live(key, &socket.stage));
            if !is_live {
                socket
                    .mailbox
                    .close(Farewell::new(GoodbyeReason::KeyRevoked));
            }
        }
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
