//! Carries events from the log's follower to the sockets that listen to their games.

use std::sync::Arc;

use tokio::sync::mpsc::Receiver;

use super::hub::Hub;
use super::push::Push;
use super::registry::Seen;
use crate::game::{Event, PlayerId};
use crate::record::{History, Recorded};
use crate::store::tail::TailItem;
use crate::store::{Names, StoredEvent};
use crate::trace::span;

/// Hands what the follower reads to the cache of games, then to the sockets, until `items` ends.
/// Run it in one task.
pub async fn run_feed(mut items: Receiver<TailItem>, hub: Hub) {
    while let Some(item) = items.recv().await {
        match item {
            TailItem::Events(events) => {
                let events = read(&hub, events);
                hub.settings().play.games().observe(&events);
                deliver(&hub, &events).await;
            }
            TailItem::Restored(head) => {
                hub.settings().play.games().forget_all();
                hub.set_epoch(head.epoch);
                hub.registry().forget_histories();
                for socket in hub.registry().sockets() {
                    socket.mailbox.restart();
                }
            }
        }
    }
}

/// The events that this release can read. A newer release's game is answered by an instance that
/// knows it.
fn read(hub: &Hub, events: Vec<StoredEvent>) -> Vec<Arc<Recorded>> {
    let book = hub.settings().play.rulebook();
    let read = |stored: StoredEvent| {
        let (game_id, version) = (stored.row.game_id, stored.row.version);
        let recorded = Recorded::read(book, stored).map(Arc::new);
        let told = recorded.inspect_err(
            |error| tracing::warn!(%game_id, version, %error, "an event cannot be read"),
        );
        told.ok()
    };
    events.into_iter().filter_map(read).collect()
}

async fn deliver(hub: &Hub, events: &[Arc<Recorded>]) {
    for event in events {
        for player in seated_by(event) {
            for socket in hub.registry().sockets_of(player, &event.stage) {
                hub.invite(&socket, event.game_id);
            }
        }
    }
    let mut shown: Vec<Arc<History>> = Vec::new();
    for event in events {
        match hub.registry().observe(event) {
            Seen::NoListener => {}
            Seen::Game(history) => shown.push(history),
            Seen::Unknown => mark_behind(hub, event),
        }
    }
    if shown.is_empty() {
        return;
    }
    // This read does not queue with the sockets' own reads, because all sockets wait for it.
    match hub.settings().play.names_in(&shown).await {
        Ok(names) => {
            for history in &shown {
                send(hub, history, &names);
            }
        }
        Err(error) => {
            tracing::warn!(%error, "updates could not be made; sockets read on by themselves");
            for history in &shown {
                mark_behind(hub, history.last());
            }
        }
    }
}

fn send(hub: &Hub, history: &History, names: &Names) {
    let span = span!(
        parent: None,
        "push",
        turnkey.game_id = %history.game_id(),
        turnkey.version = i64::from(history.version()),
    );
    let origins = hub.settings().play.origins();
    origins.adopt(history.game_id(), history.version(), &span);
    let _pushing = span.enter();
    Push::make(hub.registry(), hub.queued(), history, names).hand_out(hub.registry());
}

fn mark_behind(hub: &Hub, event: &Recorded) {
    hub.registry().for_each_watcher(event.game_id, |socket| {
        socket.mailbox.mark_behind(event.game_id);
    });
}

/// The players who were seated by this event.
fn seated_by(event: &Recorded) -> Vec<PlayerId> {
    match &event.entry.event {
        Event::GameCreated(creation) => {
            let seats = creation.seats.iter();
            let mut players: Vec<PlayerId> =
                seats.filter_map(|(_, holder)| holder.player()).collect();
            players.dedup();
            players
        }
        Event::PlayerSeated { player, .. } => vec![*player],
        Event::SeatLeft { .. }
        | Event::MovePlayed { .. }
        | Event::Resigned { .. }
        | Event::DrawOffered { .. }
        | Event::DrawDeclined { .. }
        | Event::DrawAgreed { .. }
        | Event::Abandoned { .. }
        | Event::RematchCreated { .. } => Vec::new(),
    }
}
