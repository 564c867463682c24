//! Watchers: each follows some games, on whatever instance takes it in, leaves at random, and comes
//! back with what it had, as `goodbye` asks it to where there was one.

use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::Value;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use tokio::time::{Instant, sleep, sleep_until, timeout};
use tokio_tungstenite::tungstenite::Error;

use crate::fleet::{Fate, Instance};
use crate::record::{Connection, Record};
use crate::support::player::Watcher as Socket;
use crate::tally::millis;
use crate::world::{Course, World};

/// How long an instance may take to open a socket; a frozen one takes longer.
const OPENS_WITHIN: Duration = Duration::from_secs(4);
/// The least time over which a server asks sockets to come back, and what it may be at most here.
const SPREAD: Duration = Duration::from_secs(5);

struct Watcher {
    world: Arc<World>,
    record: Arc<Mutex<Record>>,
    random: StdRng,
    epoch: Option<String>,
    /// When its connection was cut, where it was and the watcher is not back.
    cut_at: Option<Instant>,
}

/// How a connection ended.
enum End {
    Left,
    Cut {
        code: Option<u16>,
        retry_after: Option<Duration>,
    },
}

/// Watches until it is aborted.
pub async fn watch(world: Arc<World>, number: usize, record: Arc<Mutex<Record>>) {
    let seed = world.settings.seed.wrapping_add(number as u64 + 1);
    let mut watcher = Watcher {
        world,
        record,
        random: StdRng::seed_from_u64(seed),
        epoch: None,
        cut_at: None,
    };
    loop {
        let wait = watcher.connect_and_listen().await;
        sleep(wait).await;
    }
}

impl Watcher {
    /// One connection, or an attempt; how long to wait before the next one.
    async fn connect_and_listen(&mut self) -> Duration {
        let a_while = Duration::from_millis(self.random.random_range(50..500));
        let Some(instance) = self.world.fleet.any(&mut self.random) else {
            return a_while;
        };
        let course = self.world.course();
        let client = self.world.watching.at(&instance.base);
        let socket = match timeout(OPENS_WITHIN, client.try_watch(&self.query())).await {
            Ok(Ok(socket)) => socket,
            Ok(Err(error)) => return self.refused(&error).unwrap_or(a_while),
            Err(_) => return a_while,
        };
        self.world.tally.count(|counts| counts.connects += 1);
        match self.listen(socket, course).await {
            End::Left => a_while,
            End::Cut { code, retry_after } => {
                self.cut_at.get_or_insert_with(|| {
                    self.world.tally.astray.fetch_add(1, Ordering::SeqCst);
                    Instant::now()
                });
                self.judge_cut(&instance, code, retry_after);
                retry_after.unwrap_or(a_while)
            }
        }
    }

    /// What to subscribe to, from where.
    fn query(&self) -> String {
        let mut query = String::new();
        let record = self.record.lock().unwrap();
        for (game, seen) in &record.games {
            query.push_str(&format!("game={game}&"));
            if let Some(version) = seen.version {
                query.push_str(&format!("after={version}&"));
            }
        }
        if let Some(epoch) = &self.epoch {
            query.push_str(&format!("epoch={epoch}"));
        }
        query
    }

    async fn listen(&mut self, mut socket: Socket, opened: Course) -> End {
        let mut retry_after = None;
        let mut resumes = false;
        let mut unanswered = self.world.settings.games_each;
        let mut subscribed_at = OffsetDateTime::now_utc();
        let mut leaves_at = None;
        loop {
            let leave = async {
                match leaves_at {
                    Some(at) => sleep_until(at).await,
                    None => std::future::pending().await,
                }
            };
            let said = tokio::select! {
                said = socket.wait() => said,
                () = leave => {
                    self.world.tally.count(|counts| counts.left += 1);
                    if self.random.random() {
                        socket.leave().await;
                    }
                    return End::Left;
                }
            };
            let said = match said {
                Some(Ok(said)) => said,
                Some(Err(code)) => {
                    return End::Cut {
                        code: Some(code),
                        retry_after,
                    };
                }
                None => {
                    return End::Cut {
                        code: None,
                        retry_after,
                    };
                }
            };
            self.world.tally.count(|counts| counts.frames += 1);
            match said["type"].as_str().unwrap_or_default() {
                "hello" => {
                    let epoch = said["epoch"].as_str().map(str::to_owned);
                    resumes = epoch == self.epoch;
                    self.epoch = epoch;
                }
                "goodbye" => retry_after = said["retryAfterMs"].as_u64().map(Duration::from_millis),
                kind => {
                    let connection = Connection {
                        resumes,
                        is_settled: self.world.is_settled_since(opened),
                    };
                    self.take(kind, &said, connection, subscribed_at);
                    if kind == "subscribed" {
                        unanswered = unanswered.saturating_sub(1);
                    }
                    if unanswered == 0 && leaves_at.is_none() {
                        subscribed_at = OffsetDateTime::now_utc();
                        let stay = self
                            .world
                            .settings
                            .stay
                            .mul_f64(self.random.random_range(0.1..2.0));
                        leaves_at = Some(Instant::now() + stay);
                        self.is_back();
                    }
                }
            }
        }
    }

    fn take(
        &self,
        kind: &str,
        said: &Value,
        connection: Connection,
        subscribed_at: OffsetDateTime,
    ) {
        let mut hasher = DefaultHasher::new();
        said.to_string().hash(&mut hasher);
        let frame = hasher.finish();
        let restored = self.world.course() > Course::BEFORE;
        self.record
            .lock()
            .unwrap()
            .hear(said, frame, connection, restored);
        match kind {
            "update" => {
                let event = &said["event"];
                let at = event["at"]
                    .as_str()
                    .and_then(|at| OffsetDateTime::parse(at, &Rfc3339).ok());
                let at = at.unwrap_or(OffsetDateTime::UNIX_EPOCH);
                let took = Duration::try_from(OffsetDateTime::now_utc() - at).unwrap_or_default();
                self.world.tally.count(|counts| {
                    counts.updates += 1;
                    if at > subscribed_at {
                        counts.live_ms.push(millis(took));
                    } else {
                        counts.late_ms = counts.late_ms.max(millis(took));
                    }
                });
                let mut frames = self.world.frames.lock().unwrap();
                frames.entry(frame).or_insert_with(|| event.clone());
            }
            "snapshot" => self.world.tally.count(|counts| counts.snapshots += 1),
            _ => {}
        }
    }

    fn is_back(&mut self) {
        if let Some(cut_at) = self.cut_at.take() {
            let took = millis(cut_at.elapsed());
            self.world
                .tally
                .count(|counts| counts.back_ms = counts.back_ms.max(took));
            self.world.tally.astray.fetch_sub(1, Ordering::SeqCst);
        }
    }

    fn judge_cut(&self, instance: &Instance, code: Option<u16>, retry_after: Option<Duration>) {
        let is_told = code == Some(1012) && retry_after.is_some();
        self.world.tally.count(|counts| match is_told {
            true => counts.sent_away += 1,
            false => counts.cut += 1,
        });
        let fate = instance.fate();
        let is_in_order = match fate {
            Fate::Serves => false,
            Fate::Stops => is_told && retry_after <= Some(self.longest_wait()),
            Fate::Killed => true,
        };
        if !is_in_order {
            self.complain(format!(
                "cut with {code:?}, {retry_after:?} by one that {fate:?}"
            ));
        }
    }

    /// All sockets on one instance, at half the plan's rate.
    fn longest_wait(&self) -> Duration {
        let settings = &self.world.settings;
        let seconds = settings.sockets as f64 / (f64::from(settings.rate) / 2.0);
        SPREAD.max(Duration::from_secs_f64(seconds))
    }

    /// What a refusal says of the time to wait. Only one for want of a place is in order.
    fn refused(&self, error: &Error) -> Option<Duration> {
        let Error::Http(answer) = error else {
            return None;
        };
        if ![429, 503].contains(&answer.status().as_u16()) {
            self.complain(format!("refused with {}", answer.status()));
        }
        let seconds = answer.headers().get("retry-after")?.to_str().ok()?;
        Some(Duration::from_secs(seconds.parse().ok()?))
    }

    fn complain(&self, complaint: String) {
        let mut record = self.record.lock().unwrap();
        record.complaints.push(complaint);
    }
}
