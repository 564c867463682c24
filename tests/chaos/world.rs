//! Everything the parts share: instances on one Postgres, two keys, and what was seen.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use serde_json::Value;
use tokio::task::block_in_place;
use turnkey::store::{Database, migrate};

use crate::database::Postgres;
use crate::fleet::Fleet;
use crate::settings::Settings;
use crate::support::player::Client;
use crate::support::process;
use crate::support::server::{SECRET, seed};
use crate::tally::Tally;

/// Bounds every step. Generous: what is measured is in the table.
pub const PATIENCE: Duration = Duration::from_secs(120);
/// A player calls another instance then: an instance may be frozen.
const ANSWER_WITHIN: Duration = Duration::from_secs(2);

pub struct World {
    pub settings: Settings,
    pub fleet: Fleet,
    pub postgres: tokio::sync::Mutex<Postgres>,
    pub url: String,
    /// With the watchers' key, whose plan has a rate.
    pub watching: Client,
    /// With the players' key.
    pub playing: Client,
    /// The event of each different frame that anybody was sent, by the frame's digest.
    pub frames: Mutex<HashMap<u64, Value>>,
    pub tally: Tally,
    pub complaints: Mutex<Vec<String>>,
    course: AtomicU32,
}

/// Whether the log was set back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Course(u32);

impl Course {
    pub const BEFORE: Course = Course(0);
    /// While instances may follow either log.
    pub const BETWEEN: Course = Course(1);
    pub const AFTER: Course = Course(2);

    pub fn number(self) -> u32 {
        self.0
    }
}

impl World {
    /// Starts everything, with no games and no watchers yet.
    pub async fn start(settings: Settings) -> World {
        let directory = fresh_directory();
        let postgres = Postgres::start(&directory);
        let url = postgres.url();
        let database = Database::parse(&url).unwrap();
        migrate::migrate(&database).await.unwrap();
        let watching = seed(&database).await;
        let playing = limit_watchers(&url, settings.rate);
        let variables = vec![
            ("DATABASE_URL", url.clone()),
            ("TURNKEY_SECRET", SECRET.to_owned()),
            ("TURNKEY_DEFAULT_STAGE", "dev".to_owned()),
            ("TURNKEY_LOG", "warn".to_owned()),
        ];
        let fleet = Fleet::start(directory, variables, settings.instances);
        World {
            fleet,
            postgres: tokio::sync::Mutex::new(postgres),
            url,
            watching: Client::new("", &watching),
            playing: Client::with_patience("", &playing, ANSWER_WITHIN),
            frames: Mutex::default(),
            tally: Tally::default(),
            complaints: Mutex::default(),
            course: AtomicU32::new(0),
            settings,
        }
    }

    pub fn course(&self) -> Course {
        Course(self.course.load(Ordering::SeqCst))
    }

    pub fn enter(&self, course: Course) {
        self.course.store(course.0, Ordering::SeqCst);
    }

    /// Whether all instances follow the log that was there at `course`.
    pub fn is_settled_since(&self, course: Course) -> bool {
        course != Course::BETWEEN && course == self.course()
    }

    pub fn complain(&self, complaint: String) {
        self.complaints.lock().unwrap().push(complaint);
    }
}

/// Runs a command of the binary on the database, which must succeed; what it prints.
pub fn command(url: &str, arguments: &[&str]) -> Value {
    let mut words = arguments.to_vec();
    words.push("--json");
    let output = block_in_place(|| process::run(&words, &[("DATABASE_URL", url)]));
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {complaint}");
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Gives the watchers' plan a rate, and makes another for the players, who shall not wait for them;
/// the players' key.
fn limit_watchers(url: &str, rate: u32) -> String {
    let rate = rate.to_string();
    command(
        url,
        &["plan", "update", "dev", "--rate", &rate, "--burst", &rate],
    );
    command(url, &["plan", "create", "players", "--stage", "dev"]);
    let key = command(
        url,
        &["key", "create", "--name", "players", "--plan", "players"],
    );
    key["value"].as_str().unwrap().to_owned()
}

/// Stays after a failure, with the logs.
fn fresh_directory() -> PathBuf {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("chaos");
    if directory.exists() {
        std::fs::remove_dir_all(&directory).unwrap();
    }
    std::fs::create_dir(&directory).unwrap();
    directory
}
