//! What one log can take: writers that share its lock, and instances that follow it. The writers
//! and followers are the server's own, each as an instance would run it, in one process here.

#![allow(
    clippy::unwrap_used,
    reason = "a measurement that unwraps fails where it should"
)]

mod support;

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::json;
use support::place::Place;
use support::report::{Series, Target, percentile, print};
use support::{cost, parameter, wait_for};
use time::OffsetDateTime;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_postgres::Client;
use turnkey::game::GameId;
use turnkey::rules::RulesId;
use turnkey::store::append::{self, Appender, NewEvent};
use turnkey::store::tail::{self, TailItem};
use turnkey::store::{EventRow, Store, StoredEvent};
use uuid::Uuid;

const WRITERS: [(usize, &str); 4] = [
    (1, "1 writer"),
    (2, "2 writers"),
    (4, "4 writers"),
    (8, "8 writers"),
];
const FOLLOWERS: [(usize, &str); 4] = [
    (1, "1 follower"),
    (3, "3 followers"),
    (10, "10 followers"),
    (30, "30 followers"),
];
/// Time for what was committed last to come to the followers.
const ARRIVES_WITHIN: Duration = Duration::from_secs(1);

fn main() {
    let rounds = parameter("TURNKEY_BENCH_ROUNDS", 3);
    let length = Duration::from_millis(parameter("TURNKEY_BENCH_ROUND_MS", 1500).into());
    wait_for(async {
        let place = Place::make().await;
        compare_writers(&place, rounds, length).await;
        compare_followers(&place, rounds, length).await;
    });
}

/// As many events as will go through the lock.
async fn compare_writers(place: &Place, rounds: u32, length: Duration) {
    for in_flight in [1, 64] {
        let mut series = WRITERS.map(|(_, name)| Series::new(name));
        for _ in 0..rounds {
            for ((writers, _), series) in WRITERS.iter().zip(&mut series) {
                let rate = flood(place, *writers, in_flight, length).await;
                series.values.push(rate);
            }
        }
        let title =
            format!("events a second through the one lock, {in_flight} commands at once each");
        print(&title, "a second", &series, Target::Open);
    }
}

async fn compare_followers(place: &Place, rounds: u32, length: Duration) {
    let rate = parameter("TURNKEY_BENCH_COMMITS", 100);
    let all = || FOLLOWERS.map(|(_, name)| Series::new(name));
    let (mut middle, mut late, mut busy, mut flooded) = (all(), all(), all(), all());
    for _ in 0..rounds {
        for (index, (count, _)) in FOLLOWERS.iter().enumerate() {
            let followers = Followers::start(place, *count).await;
            let client = place.client().await;
            let before = database_micros(&client).await;
            let delays = followers.follow(place, rate, length).await;
            let used = database_micros(&client).await - before;
            middle[index].values.push(percentile(&delays, 50.0));
            late[index].values.push(percentile(&delays, 99.0));
            busy[index]
                .values
                .push(used / length.as_secs_f64() / 10_000.0);
            flooded[index]
                .values
                .push(flood(place, 1, 64, length).await);
        }
    }
    let title = format!("{rate} commits a second: from the command to a follower, in the middle");
    print(&title, "us", &middle, Target::Open);
    print("the same, p99", "us", &late, Target::Open);
    print(
        "the same: processor time of Postgres",
        "% of a core",
        &busy,
        Target::Open,
    );
    print(
        "events a second of one writer beside them",
        "a second",
        &flooded,
        Target::Open,
    );
}

/// So many writers, each with so many commands at once; events a second over all.
async fn flood(place: &Place, writers: usize, in_flight: usize, length: Duration) -> f64 {
    let end = Instant::now() + length;
    let mut playing = JoinSet::new();
    for _ in 0..writers {
        let appender = writer(place);
        for _ in 0..in_flight {
            playing.spawn(play(appender.clone(), end));
        }
    }
    let events: u32 = playing.join_all().await.into_iter().sum();
    f64::from(events) / length.as_secs_f64()
}

/// A writer as an instance has it, telling the others of its commits.
fn writer(place: &Place) -> Appender {
    let database = place.store.database();
    let (committed, batches) = watch::channel(0);
    let (appender, writer) = append::writer(database, committed);
    tokio::spawn(writer.run());
    tokio::spawn(tail::announce(database.clone(), batches));
    appender
}

/// One game, event after event; how many there were.
async fn play(appender: Appender, end: Instant) -> u32 {
    let mut last = append_to(&appender, first()).await;
    let mut events = 1;
    while Instant::now() < end {
        last = append_to(&appender, next(&last)).await;
        events += 1;
    }
    events
}

/// Records `event`; how it stands in the log then.
async fn append_to(appender: &Appender, event: NewEvent) -> StoredEvent {
    let row = event.row.clone();
    let position = appender.append(event).await.unwrap();
    StoredEvent { position, row }
}

fn first() -> NewEvent {
    let player = Uuid::now_v7();
    let seats = json!({"X": player, "O": player});
    NewEvent {
        row: EventRow {
            game_id: GameId(Uuid::now_v7()),
            version: 1,
            stage: "dev".parse().unwrap(),
            rules: RulesId {
                variant: "tic-tac-toe".into(),
                version: 1,
            },
            kind: "game_created".into(),
            schema: 1,
            data: json!({"variant": "tic-tac-toe", "options": {}, "seats": seats,
                         "visibility": "unlisted", "opponent": "self"}),
            actor: player,
            at: OffsetDateTime::now_utc(),
        },
        after_position: 0,
    }
}

/// The log asks for the version and the position only, not for sense.
fn next(last: &StoredEvent) -> NewEvent {
    NewEvent {
        row: EventRow {
            version: last.row.version + 1,
            kind: "draw_offered".into(),
            data: json!({"seat": "X"}),
            at: OffsetDateTime::now_utc(),
            ..last.row.clone()
        },
        after_position: last.position,
    }
}

/// Tails as other instances have them: they hear of commits through NOTIFY, and poll.
struct Followers {
    /// When each event of the game that is measured was sent, by its version.
    sent: Arc<Mutex<Vec<Instant>>>,
    delays: Arc<Mutex<Vec<u32>>>,
    count: usize,
    game: watch::Sender<Option<GameId>>,
    _following: JoinSet<()>,
    /// They commit nothing themselves.
    _committed: watch::Sender<u64>,
}

impl Followers {
    async fn start(place: &Place, count: usize) -> Followers {
        let (committed, own) = watch::channel(0);
        let (game, is_measured) = watch::channel(None);
        let sent = Arc::new(Mutex::new(Vec::new()));
        let delays = Arc::new(Mutex::new(Vec::new()));
        let mut following = JoinSet::new();
        for _ in 0..count {
            let store = Store::new(place.store.database().clone(), 1);
            let (tail, mut items, _) = tail::follow(&store, own.clone()).await.unwrap();
            following.spawn(tail.run());
            let (sent, delays, game) = (sent.clone(), delays.clone(), is_measured.clone());
            following.spawn(async move {
                while let Some(TailItem::Events(events)) = items.recv().await {
                    let now = Instant::now();
                    let measured = |event: &&StoredEvent| Some(event.row.game_id) == *game.borrow();
                    for event in events.iter().filter(measured) {
                        let sent: &Vec<Instant> = &sent.lock().unwrap();
                        let version = usize::try_from(event.row.version).unwrap();
                        let delay = now - sent[version - 1];
                        let micros = u32::try_from(delay.as_micros()).unwrap();
                        delays.lock().unwrap().push(micros);
                    }
                }
            });
        }
        Followers {
            sent,
            delays,
            count,
            game,
            _following: following,
            _committed: committed,
        }
    }

    /// One game at so many events a second; when each event came to each follower, in
    /// microseconds after it was sent.
    async fn follow(&self, place: &Place, rate: u32, length: Duration) -> Vec<u32> {
        let appender = writer(place);
        let mut event = first();
        self.game.send_replace(Some(event.row.game_id));
        let mut pace = tokio::time::interval(Duration::from_secs(1) / rate);
        let end = Instant::now() + length;
        while Instant::now() < end {
            pace.tick().await;
            self.sent.lock().unwrap().push(Instant::now());
            event = next(&append_to(&appender, event).await);
        }
        let wanted = self.sent.lock().unwrap().len() * self.count;
        let end = Instant::now() + ARRIVES_WITHIN;
        while self.delays.lock().unwrap().len() < wanted {
            assert!(Instant::now() < end, "every follower hears of every event");
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        std::mem::take(&mut self.delays.lock().unwrap())
    }
}

/// Processor time of all sessions so far, in microseconds.
async fn database_micros(client: &Client) -> f64 {
    let sessions = client
        .query("select pid from pg_stat_activity", &[])
        .await
        .unwrap();
    let micros = sessions.iter().filter_map(|row| {
        let pid = nix::unistd::Pid::from_raw(row.get(0));
        cost::processor_micros(pid)
    });
    micros.sum()
}
