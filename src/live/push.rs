//! Makes an event into frames: one for each [`Sight`] among the sockets that listen, never one for
//! each socket. Where the rules hide nothing, all sockets have the same sight.

use std::sync::Arc;

use bytestring::ByteString;

use super::frames::ServerFrame;
use super::inbox::Update;
use super::registry::Registry;
use super::wire::Ledger;
use crate::play::{Sight, may_watch, view};
use crate::record::History;
use crate::store::Names;

/// The frames of the last event of a history.
pub(super) struct Push<'a> {
    history: &'a History,
    updates: Vec<(Sight, Arc<Update>)>,
}

impl<'a> Push<'a> {
    /// Makes the frames for those who listen now, as far as there is room for them in `queued`.
    pub(super) fn make(
        registry: &Registry,
        queued: &Arc<Ledger>,
        history: &'a History,
        names: &Names,
    ) -> Push<'a> {
        let event = history.last();
        let update = |sight: Sight| {
            let text = update_text(history, names, sight);
            let held = queued.hold(text.len())?;
            let update = Update {
                game_id: event.game_id,
                version: event.version,
                finished: history.game().result.is_some(),
                at: event.entry.at,
                text,
                _held: held,
            };
            Some((sight, Arc::new(update)))
        };
        let sights = registry.sights(history).into_iter();
        let updates = sights.filter_map(update).collect();
        Push { history, updates }
    }

    /// Offers each socket its frame. A socket for which there is none reads from the log.
    pub(super) fn hand_out(&self, registry: &Registry) {
        let (game_id, game) = (self.history.game_id(), self.history.game());
        registry.for_each_watcher(game_id, |socket| {
            let sight = Sight::of(game, socket.player);
            let mut updates = self.updates.iter();
            match updates.find(|(of, _)| *of == sight) {
                Some((_, update)) if may_watch(game, socket.player) => {
                    socket.mailbox.offer(update);
                }
                // The socket began to listen after the frames were made, or there is no room for
                // its frame. Or its player has left a private game: the read tells it so.
                Some(_) | None => socket.mailbox.mark_behind(game_id),
            }
        });
    }
}

/// The update frame of the history's last event, as far as `sight` goes.
pub(super) fn update_text(history: &History, names: &Names, sight: Sight) -> ByteString {
    let event = history.last();
    let position = history.game().position.as_ref();
    let frame = ServerFrame::Update {
        game_id: event.game_id,
        version: event.version,
        event: Box::new(view::event(event, position, sight)),
        game: Box::new(view::game(history, names, sight)),
    };
    frame.to_text()
}

#[cfg(test)]
#[path = "push_tests.rs"]
mod tests;
