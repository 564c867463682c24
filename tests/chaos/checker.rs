//! Compares what everybody saw with the log.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use serde_json::Value;

use crate::players::{Acknowledged, CELLS, Table};
use crate::record::{Entry, Record, Seen};
use crate::world::{Course, World};

/// The events of each game, in the order of the log.
type Log = HashMap<String, Vec<Value>>;

/// All that is wrong; nothing where all is well.
pub async fn check(world: &World, tables: &[Table], records: &[Arc<Mutex<Record>>]) -> Vec<String> {
    let (after, before) = world.postgres.lock().await.logs().await;
    let (log, before) = (by_game(after), before.map(by_game));
    let mut complaints = std::mem::take(&mut *world.complaints.lock().unwrap());
    for (game, events) in log.iter().chain(before.iter().flatten()) {
        check_versions(game, events, &mut complaints);
    }
    for table in tables {
        let game = &table.progress.game;
        let events = log.get(game).map(Vec::as_slice).unwrap_or_default();
        check_end(game, events, &mut complaints);
        for move_made in &table.acknowledged {
            let of_course = match move_made.course {
                Course::BEFORE => before.as_ref().unwrap_or(&log),
                _ => &log,
            };
            let events = of_course.get(game).map(Vec::as_slice).unwrap_or_default();
            check_acknowledged(game, move_made, events, &mut complaints);
        }
    }
    let frames = world.frames.lock().unwrap();
    let mut shown = HashMap::new();
    for (number, record) in records.iter().enumerate() {
        let record = record.lock().unwrap();
        let mut own = record.complaints.clone();
        for (game, seen) in &record.games {
            let reading = Reading {
                game,
                log: log.get(game).map(Vec::as_slice).unwrap_or_default(),
                before: before
                    .as_ref()
                    .map(|log| log.get(game).map(Vec::as_slice).unwrap_or_default()),
                frames: &frames,
            };
            reading.check(seen, &mut shown, &mut own);
        }
        complaints.extend(
            own.into_iter()
                .map(|complaint| format!("watcher {number}: {complaint}")),
        );
    }
    complaints
}

fn by_game(events: Vec<Value>) -> Log {
    let mut log = Log::new();
    for event in events {
        let game = event["gameId"].as_str().unwrap().to_owned();
        log.entry(game).or_default().push(event);
    }
    log
}

/// 1, 2, 3 … in the order of the log, and time does not run backwards.
fn check_versions(game: &str, events: &[Value], complaints: &mut Vec<String>) {
    for (event, version) in events.iter().zip(1..) {
        if event["version"] != version {
            complaints.push(format!("{game}: the log has {event} as event {version}"));
        }
    }
    // Of one form, so their order is the order of the times.
    if !events.is_sorted_by_key(|event| event["at"].as_str()) {
        complaints.push(format!("{game}: time runs backwards"));
    }
}

/// The game has an end, and every move of it once.
fn check_end(game: &str, events: &[Value], complaints: &mut Vec<String>) {
    let result = events
        .last()
        .map_or(&Value::Null, |last| &last["data"]["result"]);
    if result.is_null() {
        complaints.push(format!("{game}: it has not ended"));
    }
    let moves = events.iter().filter(|event| event["type"] == "move_played");
    for (number, event) in moves.enumerate() {
        let data = &event["data"];
        let seat = ["X", "O"][number % 2];
        if data["seat"] != seat
            || data["move"].as_u64() != CELLS.get(number).map(|cell| *cell as u64)
        {
            complaints.push(format!("{game}: move {number} of the log is {event}"));
        }
    }
}

/// The first event after the version that the player saw, but for draws, is the move.
fn check_acknowledged(
    game: &str,
    made: &Acknowledged,
    events: &[Value],
    complaints: &mut Vec<String>,
) {
    let later = events.iter().skip(made.seen as usize);
    let is_about_draw = |event: &&Value| {
        let kind = event["type"].as_str().unwrap_or_default();
        ["draw_offered", "draw_declined"].contains(&kind)
    };
    let found = later
        .skip_while(|event| is_about_draw(event))
        .map(|event| &event["data"])
        .next();
    let is_there = found.is_some_and(|data| {
        data["seat"] == made.seat && data["move"].as_u64() == Some(made.cell as u64)
    });
    if !is_there {
        let (cell, seen) = (made.cell, made.seen);
        complaints.push(format!(
            "{game}: move {cell} on version {seen} is not in the log: {found:?}"
        ));
    }
}

/// A game's log, to be compared with what one watcher saw of it.
struct Reading<'a> {
    game: &'a str,
    log: &'a [Value],
    /// What it was before it was set back, where it was.
    before: Option<&'a [Value]>,
    frames: &'a HashMap<u64, Value>,
}

impl Reading<'_> {
    /// `shown` holds the one frame of each version of a game, for everybody.
    fn check(
        &self,
        seen: &Seen,
        shown: &mut HashMap<(String, u32), u64>,
        complaints: &mut Vec<String>,
    ) {
        let game = self.game;
        if seen.version.map(|version| version as usize) != Some(self.log.len()) {
            let (version, end) = (seen.version, self.log.len());
            complaints.push(format!("{game}: it has seen {version:?} of {end} versions"));
        }
        if self.before.is_some() && !seen.is_of_restored {
            complaints.push(format!("{game}: no snapshot came after the restore"));
        }
        // What came before the last snapshot may be of the log that was set back.
        let is_snapshot = |entry: &Entry| matches!(entry, Entry::Snapshot);
        let sure_from = match self.before {
            Some(_) => seen.entries.iter().rposition(is_snapshot).unwrap_or(0),
            None => 0,
        };
        for (number, entry) in seen.entries.iter().enumerate() {
            let Entry::Update { version, frame } = *entry else {
                continue;
            };
            let event = self.frames.get(&frame);
            let is_in = |log: &[Value]| event == log.get(version as usize - 1);
            let is_sure = number >= sure_from;
            if !is_in(self.log) && (is_sure || !self.before.is_some_and(is_in)) {
                complaints.push(format!(
                    "{game}: the log has no {event:?} as version {version}"
                ));
            }
            if is_sure && *shown.entry((game.to_owned(), version)).or_insert(frame) != frame {
                complaints.push(format!("{game}: two frames of version {version} differ"));
            }
        }
    }
}
