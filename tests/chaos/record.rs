//! What one watcher has seen of its games, judged as it comes: what can only be told from the log is
//! told by the checker.

use std::collections::HashMap;

use serde_json::Value;

/// One thing that was said of a game.
#[derive(Clone, Copy, Debug)]
pub enum Entry {
    Snapshot,
    Update { version: u32, frame: u64 },
}

/// All that was said of a game, over all connections.
#[derive(Debug, Default)]
pub struct Seen {
    pub entries: Vec<Entry>,
    pub version: Option<u32>,
    /// A snapshot came after the log was set back.
    pub is_of_restored: bool,
}

/// Of a connection, what decides whether a snapshot is due on it.
#[derive(Clone, Copy, Debug)]
pub struct Connection {
    /// The client resumes with an epoch that is the server's.
    pub resumes: bool,
    /// The log was not set back since it was opened, and is not being set back.
    pub is_settled: bool,
}

pub struct Record {
    pub games: HashMap<String, Seen>,
    pub complaints: Vec<String>,
}

impl Record {
    pub fn of(games: &[String]) -> Record {
        let games = games.iter().map(|game| (game.clone(), Seen::default()));
        Record {
            games: games.collect(),
            complaints: Vec::new(),
        }
    }

    /// Takes a `subscribed`, `snapshot` or `update` in. `frame` is a digest of the whole.
    pub fn hear(&mut self, said: &Value, frame: u64, connection: Connection, restored: bool) {
        let game = said["gameId"].as_str().unwrap_or_default();
        let Some(seen) = self.games.get_mut(game) else {
            self.complaints.push(format!("not asked for: {said}"));
            return;
        };
        if let Err(complaint) = seen.hear(said, frame, connection, restored) {
            self.complaints.push(format!("{game}: {complaint}"));
        }
    }
}

impl Seen {
    fn hear(
        &mut self,
        said: &Value,
        frame: u64,
        connection: Connection,
        restored: bool,
    ) -> Result<(), String> {
        let version = said["version"]
            .as_u64()
            .and_then(|it| u32::try_from(it).ok());
        let version = version.ok_or("no version")?;
        let before = self.version;
        match said["type"].as_str() {
            Some("subscribed") if before == Some(version) => Ok(()),
            Some("subscribed") => Err(format!("subscribed {version} after {before:?}")),
            Some("snapshot") => {
                self.version = Some(version);
                self.is_of_restored |= restored;
                self.entries.push(Entry::Snapshot);
                let due = before.is_none() || !connection.resumes || !connection.is_settled;
                is_of(said, version)?;
                due.then_some(())
                    .ok_or_else(|| format!("snapshot {version} after {before:?}"))
            }
            Some("update") => {
                self.version = Some(version);
                self.entries.push(Entry::Update { version, frame });
                is_of(said, version)?;
                (before == Some(version - 1))
                    .then_some(())
                    .ok_or_else(|| format!("update {version} after {before:?}"))
            }
            other => Err(format!("a frame of type {other:?}")),
        }
    }
}

/// Whether the game in a frame is as of the frame's version.
fn is_of(said: &Value, version: u32) -> Result<(), String> {
    let game = &said["game"];
    let fits = game["version"] == version && game["gameId"] == said["gameId"];
    fits.then_some(())
        .ok_or_else(|| format!("version {version} shows {game}"))
}
