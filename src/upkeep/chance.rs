//! Verifies the draws of a game of chance: from its seed once that is shown, else from themselves.

use super::judge::at;
use super::{Fault, Kind};
use crate::game::{Entry, Event, Game, entropy_of_seats};
use crate::record::History;
use crate::rules::Chance;

/// Draws every number of the game again.
pub(super) fn verify(history: &History, faults: &mut Vec<Fault>) {
    let first = history.first();
    let Some(promise) = &first.entry.luck.promise else {
        return;
    };
    let entries = history.events().iter().map(|recorded| &recorded.entry);
    let seed = entries.clone().find_map(|entry| entry.luck.seed.as_ref());
    // Seats are not given any more once something is drawn.
    let entropy =
        entropy_of_seats(entries.map(|entry| (&entry.event, entry.luck.entropy.as_ref())));
    let mut before = None;
    for (recorded, after) in history.games_after(0) {
        let mut wrong = |what: &str| faults.push(at(Kind::Unlawful, recorded, what.into()));
        let luck = &recorded.entry.luck;
        match (&luck.seed, recorded.entry.event.result()) {
            (None, Some(_)) => wrong("ends the game without showing its seed"),
            (Some(_), None) => wrong("shows the seed of the game before its end"),
            (Some(shown), Some(_)) if shown.commitment() != promise.commitment => {
                wrong("shows another seed than was promised");
            }
            (Some(_), Some(_)) | (None, None) => {}
        }
        let mut chance = match seed {
            Some(seed) => Chance::seeded(seed.key(recorded.game_id, recorded.version, &entropy)),
            None => Chance::recorded(&luck.draws),
        };
        draw(before.as_ref(), &recorded.entry, &after, &mut chance);
        if chance.draws() != luck.draws {
            wrong("has other draws than come of the seed of the game");
        }
        before = Some(after);
    }
}

/// Draws what `entry` drew, which led from `before` to `after`.
fn draw(before: Option<&Game>, entry: &Entry, after: &Game, chance: &mut Chance) {
    let position = before.and_then(|before| before.position.as_ref());
    match (position, &entry.event) {
        (None, _) if after.position.is_some() => {
            after.rules.start(&after.options, chance);
        }
        (Some(position), Event::MovePlayed { seat, played, .. }) => {
            // Whether the rules allow it is looked at elsewhere.
            let _ = after.rules.play(position, *seat, played, chance);
        }
        _ => {}
    }
}
