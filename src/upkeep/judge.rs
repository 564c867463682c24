//! Judges one game: plays it again under its rules, and compares what comes of it with what is recorded
//! and shown.

use std::sync::Arc;

use crate::game::{self, Ask, Command, Decision, Entry, Event, Game, GameId, Outcome};
use crate::record::{History, Recorded};
use crate::rules::{Chance, Rulebook, Seat};
use crate::store::check::Stored;
use crate::store::projection::BoardRow;

use super::{Fault, Kind, chance};

/// The result of judging one game.
pub(super) struct Judged {
    /// The game.
    pub id: GameId,
    /// Its events.
    pub events: u64,
    /// The game that its events make; `None` where one of them cannot be read, or they make none.
    pub history: Option<History>,
    /// The faults of the game.
    pub faults: Vec<Fault>,
}

/// Judges a game by all its events, in the order of their versions.
pub(super) fn judge(book: &Rulebook, events: &[Stored]) -> Judged {
    let id = events[0].game_id;
    let mut faults = Vec::new();
    verify_order(events, &mut faults);
    let mut readable = Vec::with_capacity(events.len());
    for stored in events {
        let read = |event| Recorded::read(book, event).map_err(|error| error.to_string());
        match stored.event.clone().and_then(read) {
            Ok(recorded) => readable.push(Arc::new(recorded)),
            Err(error) => faults.push(of(Kind::Unreadable, stored, error)),
        }
    }
    let is_whole = readable.len() == events.len();
    let history = match History::new(readable) {
        Ok(history) => history.filter(|_| is_whole),
        Err(_) if faults.iter().any(|fault| fault.kind == Kind::VersionGap) => None,
        Err(_) if !is_whole => None,
        Err(error) => {
            faults.push(Fault::of_game(Kind::Unreadable, id, error.to_string()));
            None
        }
    };
    if let Some(history) = &history {
        verify_play(history, &mut faults);
        chance::verify(history, &mut faults);
    }
    Judged {
        id,
        events: events.len() as u64,
        history,
        faults,
    }
}

fn verify_order(events: &[Stored], faults: &mut Vec<Fault>) {
    let mut before: Option<&Stored> = None;
    for stored in events {
        let due = before.map_or(1, |before| before.version + 1);
        if stored.version != due {
            let what = format!("comes in place of version {due}");
            faults.push(of(Kind::VersionGap, stored, what));
        }
        if let Some(before) = before {
            if stored.position <= before.position {
                let (here, there) = (stored.position, before.position);
                let what = format!("is at position {here}, the version before it at {there}");
                faults.push(of(Kind::PositionOrder, stored, what));
            }
            if stored.at < before.at {
                let (here, there) = (stored.at, before.at);
                let what = format!("was recorded at {here}, the version before it at {there}");
                faults.push(of(Kind::TimeBackwards, stored, what));
            }
        }
        before = Some(stored);
    }
}

/// Replays the game under the rules that it began with.
fn verify_play(history: &History, faults: &mut Vec<Fault>) {
    let first = history.first();
    let Some(mut game) = game::begin(&first.rules, &first.entry) else {
        return;
    };
    for recorded in history.after(1) {
        if recorded.stage != first.stage || recorded.rules != first.rules {
            let what = "is of another stage, variant or rules than its game".to_owned();
            faults.push(at(Kind::Mixed, recorded, what));
        }
        if let Some(what) = unlawful(&game, &recorded.entry) {
            faults.push(at(Kind::Unlawful, recorded, what));
        }
        game = game::evolve(game, &recorded.entry);
    }
}

/// The reason why `entry` cannot have happened to `game`. It checks only the parts that the rules fix for
/// ever: moves, seats and the end. The handling of draw offers may change with a release.
fn unlawful(game: &Game, entry: &Entry) -> Option<String> {
    let is_over = game.result.is_some();
    match &entry.event {
        Event::GameCreated(_) => Some("creates the game again".into()),
        Event::MovePlayed {
            seat,
            played,
            result,
        } => {
            let name = game.rules.seat_name(*seat);
            let position = game.position.as_ref();
            let Some(position) = position.filter(|_| game.turn.to_move.contains(*seat)) else {
                return Some(format!("is a move of {name} out of turn"));
            };
            let mut chance = Chance::recorded(&entry.luck.draws);
            match game.rules.play(position, *seat, played, &mut chance) {
                Err(_) => Some("is a move that the rules do not allow".into()),
                Ok(after) => {
                    let is_due = after.ending.map(Outcome::from) == *result;
                    (!is_due).then(|| "is a move with another result".into())
                }
            }
        }
        Event::PlayerSeated { seat, .. } => {
            let is_free = game.seats[*seat].player().is_none();
            (is_over || !is_free).then(|| "takes a seat that is not open".into())
        }
        Event::SeatLeft { .. } => {
            let has_begun = !game.has_free_seat();
            (is_over || has_begun).then(|| "gives up a seat once the game has begun".into())
        }
        Event::Resigned { .. }
        | Event::DrawOffered { .. }
        | Event::DrawDeclined { .. }
        | Event::DrawAgreed { .. }
        | Event::Abandoned { .. }
            if is_over =>
        {
            Some("comes after the end of the game".into())
        }
        Event::DrawOffered { .. } | Event::DrawDeclined { .. } => None,
        Event::Resigned { seat, result } => {
            let is_due = resignation(game, entry).is_none_or(|due| due == (*seat, result.clone()));
            (!is_due).then(|| "is a resignation with another result".into())
        }
        Event::DrawAgreed { result, .. } => {
            let is_due = *result == Outcome::agreement();
            (!is_due).then(|| "is a draw with another result".into())
        }
        Event::Abandoned { result } => {
            let is_due = *result == Outcome::abandoned();
            (!is_due).then(|| "abandons the game with another result".into())
        }
        Event::RematchCreated { .. } => {
            (!is_over).then(|| "links a rematch before the end of the game".into())
        }
    }
}

/// What is recorded today where the actor of `entry` resigns `game`: the seat and the result. `None`
/// where nothing would be.
fn resignation(game: &Game, entry: &Entry) -> Option<(Seat, Option<Outcome>)> {
    let resign = Command {
        by: entry.actor,
        at: entry.at,
        ask: Ask::Resign,
    };
    match game::decide(game, &resign, Chance::none()) {
        Ok(Decision::Record(Entry {
            event: Event::Resigned { seat, result },
            ..
        })) => Some((seat, result)),
        Ok(_) | Err(_) => None,
    }
}

/// The difference between a board and the expected one.
pub(super) fn compare_board(
    id: GameId,
    expected: Option<BoardRow>,
    found: Option<&BoardRow>,
) -> Option<Fault> {
    let (kind, what) = match (expected, found) {
        (None, None) => return None,
        (Some(_), None) => (Kind::RowMissing, "it has no board".to_owned()),
        (None, Some(_)) => {
            let what = "it has a board, but the projection has not reached it".to_owned();
            (Kind::RowStray, what)
        }
        (Some(expected), Some(found)) => {
            let columns = differing_columns(&expected, found);
            if columns.is_empty() {
                return None;
            }
            let columns = columns.join(", ");
            (Kind::RowDiffers, format!("its board differs in {columns}"))
        }
    };
    Some(Fault::of_game(kind, id, what))
}

fn differing_columns(expected: &BoardRow, found: &BoardRow) -> Vec<&'static str> {
    let columns = [
        ("stage", expected.stage == found.stage),
        ("variant", expected.variant == found.variant),
        ("rules", expected.rules == found.rules),
        ("version", expected.version == found.version),
        ("status", expected.status == found.status),
        ("turn", expected.turn == found.turn),
        ("board", expected.board == found.board),
        ("seats", expected.seats == found.seats),
        ("result", expected.result == found.result),
        ("position", expected.position == found.position),
        ("created_at", expected.created_at == found.created_at),
        ("updated_at", expected.updated_at == found.updated_at),
    ];
    let differing = columns.into_iter().filter(|(_, is_equal)| !is_equal);
    differing.map(|(column, _)| column).collect()
}

fn of(kind: Kind, stored: &Stored, what: String) -> Fault {
    Fault::of_event(kind, stored.game_id, stored.version, what)
}

pub(super) fn at(kind: Kind, recorded: &Recorded, what: String) -> Fault {
    let version = i32::try_from(recorded.version).unwrap_or(i32::MAX);
    Fault::of_event(kind, recorded.game_id, version, what)
}
