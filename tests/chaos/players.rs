//! Two players at each table. They call until they are answered, one instance after another, with
//! the same `version`: what was answered must be in the log, and once.
//!
//! Between moves each seat offers a draw that is then taken back or declined, so that a game has
//! some forty events. Those calls have no `version`: one that an instance took up before it froze
//! may still be done after the next move, so a conflict there is in order. One about a move is not.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use futures_util::future::join_all;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

use crate::world::{Course, PATIENCE, World};

/// A game in which every cell is played.
pub const CELLS: [usize; 9] = [0, 1, 2, 4, 3, 5, 7, 6, 8];
const SEATS: [&str; 2] = ["X", "O"];
/// Of a game that nothing goes wrong in, after both players have sat down.
const STEPS: u32 = 9 * 5;
/// One of so many moves is sent twice at once, through two instances.
const TWICE_OF: u32 = 8;

/// How far the tables may play.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// So many of all faults have come; to be done over this time.
    Fault {
        number: u32,
        of: u32,
        within: Duration,
    },
    ToTheEnd,
}

impl Order {
    pub const START: Order = Order::Fault {
        number: 0,
        of: 1,
        within: Duration::ZERO,
    };
}

/// What others may know of a table.
pub struct Progress {
    pub game: String,
    version: AtomicU32,
    /// What the version is of.
    course: AtomicU32,
    /// The order that was carried out.
    fault: AtomicU32,
    is_over: AtomicBool,
}

impl Progress {
    /// The least version that everybody must see; 0 where the log was set back since the players
    /// have looked.
    pub fn version(&self, course: Course) -> u32 {
        let is_known = self.course.load(Ordering::SeqCst) == course.number();
        u32::from(is_known) * self.version.load(Ordering::SeqCst)
    }

    pub fn has_done(&self, order: Order) -> bool {
        match order {
            Order::Fault { number, .. } => self.fault.load(Ordering::SeqCst) >= number,
            Order::ToTheEnd => self.is_over.load(Ordering::SeqCst),
        }
    }
}

/// A move that was answered with 200.
pub struct Acknowledged {
    pub course: Course,
    pub seen: u32,
    pub seat: &'static str,
    pub cell: usize,
}

pub struct Table {
    world: Arc<World>,
    random: StdRng,
    tokens: [String; 2],
    pub progress: Arc<Progress>,
    pub acknowledged: Vec<Acknowledged>,
    /// As the last answer showed it, of `course`.
    game: Value,
    course: Course,
    offered: [bool; 2],
    steps: u32,
    /// Not all tables play in the same rounds.
    phase: u32,
}

/// A call, and who makes it.
struct Act {
    seat: usize,
    method: Method,
    path: String,
    body: Value,
}

enum Answer {
    Done(Value),
    /// The player's picture is old; the code.
    Conflict(String),
}

impl Table {
    /// Two players who sit down at a new game.
    pub async fn set(world: &Arc<World>, number: usize) -> Table {
        let instance = world.fleet.instance(number % world.fleet.len()).unwrap();
        let (game, tokens) = world.playing.at(&instance.base).new_game().await;
        let seed = world
            .settings
            .seed
            .rotate_left(32)
            .wrapping_add(number as u64);
        let mut random = StdRng::seed_from_u64(seed);
        let phase = random.random_range(0..1_000);
        let progress = Progress {
            game,
            version: AtomicU32::new(2),
            course: AtomicU32::new(0),
            fault: AtomicU32::new(0),
            is_over: AtomicBool::new(false),
        };
        let mut table = Table {
            world: world.clone(),
            random,
            tokens,
            progress: Arc::new(progress),
            acknowledged: Vec::new(),
            game: Value::Null,
            course: world.course(),
            offered: [false; 2],
            steps: 0,
            phase,
        };
        table.look().await;
        table
    }

    /// Plays as it is ordered, to the game's end.
    pub async fn play(mut self, mut orders: watch::Receiver<Order>) -> Table {
        loop {
            let order = *orders.borrow_and_update();
            match order {
                Order::Fault { number, of, within } => {
                    let due = (STEPS * number * 1_000 + of * self.phase) / (of * 1_000);
                    let count = due.saturating_sub(self.steps);
                    let mut moments: Vec<f64> = (0..count).map(|_| self.random.random()).collect();
                    moments.sort_by(f64::total_cmp);
                    let mut passed = 0.0;
                    for moment in moments {
                        sleep(within.mul_f64(moment - passed)).await;
                        passed = moment;
                        self.step().await;
                    }
                    self.progress.fault.store(number, Ordering::SeqCst);
                }
                Order::ToTheEnd => {
                    while !self.is_over() {
                        self.step().await;
                    }
                    return self;
                }
            }
            // The one who orders outlives the tables.
            orders.changed().await.unwrap();
        }
    }

    async fn step(&mut self) {
        self.steps += 1;
        if !self.world.is_settled_since(self.course) {
            self.look().await;
        }
        if self.is_over() {
            return;
        }
        match self.draw_call() {
            Some((seat, method)) => self.call_about_draw(seat, method).await,
            None => self.make_move().await,
        }
    }

    /// Reads the game as it is in the log that all instances follow.
    async fn look(&mut self) {
        while self.world.course() == Course::BETWEEN {
            sleep(Duration::from_millis(20)).await;
        }
        self.course = self.world.course();
        self.offered = [false; 2];
        let act = Act {
            seat: 0,
            method: Method::GET,
            path: format!("/game/{}", self.progress.game),
            body: Value::Null,
        };
        match self.insist(&act).await {
            Answer::Done(game) => self.learn(game),
            Answer::Conflict(code) => self.complain(&format!("a look was answered {code}")),
        }
    }

    fn learn(&mut self, game: Value) {
        let version = version_of(&game);
        let before = self.progress.version.swap(version, Ordering::SeqCst);
        let recorded = u64::from(version.saturating_sub(before));
        self.progress
            .course
            .store(self.course.number(), Ordering::SeqCst);
        self.world.tally.count(|counts| counts.events += recorded);
        let is_over = game["status"] == "finished";
        self.progress.is_over.store(is_over, Ordering::SeqCst);
        self.game = game;
    }

    fn is_over(&self) -> bool {
        self.progress.is_over.load(Ordering::SeqCst)
    }

    /// What is to be said about a draw before the next move.
    fn draw_call(&mut self) -> Option<(usize, Method)> {
        if !self.game["drawOfferedBy"].is_null() {
            return Some((self.random.random_range(0..2), Method::DELETE));
        }
        let seat = self.offered.iter().position(|offered| !offered)?;
        self.offered[seat] = true;
        Some((seat, Method::POST))
    }

    async fn call_about_draw(&mut self, seat: usize, method: Method) {
        let act = Act {
            seat,
            method,
            path: format!("/game/{}/draw", self.progress.game),
            body: Value::Null,
        };
        match self.insist(&act).await {
            Answer::Done(game) => self.learn(game),
            Answer::Conflict(_) => {
                let offered = self.offered;
                self.look().await;
                self.offered = offered;
            }
        }
    }

    async fn make_move(&mut self) {
        let cells = self.game["board"]["cells"].as_array().unwrap();
        let played = cells.iter().filter(|cell| !cell.is_null()).count();
        let (seat, cell) = (played % 2, CELLS[played]);
        let seen = version_of(&self.game);
        let act = Act {
            seat,
            method: Method::PUT,
            path: "/game".to_owned(),
            body: json!({"gameId": self.progress.game, "move": cell, "version": seen}),
        };
        let times = if self.random.random_ratio(1, TWICE_OF) {
            2
        } else {
            1
        };
        let answers = join_all((0..times).map(|_| self.insist(&act))).await;
        let is_settled = self.world.is_settled_since(self.course);
        for answer in answers {
            match answer {
                Answer::Done(game) => self.learn(game),
                Answer::Conflict(code) if is_settled => {
                    self.complain(&format!(
                        "move {cell} on version {seen} was answered {code}"
                    ));
                }
                Answer::Conflict(_) => {}
            }
        }
        self.offered = [false; 2];
        if is_settled {
            self.acknowledged.push(Acknowledged {
                course: self.course,
                seen,
                seat: SEATS[seat],
                cell,
            });
        }
    }

    /// Calls instances until one answers.
    async fn insist(&self, act: &Act) -> Answer {
        let calls = async {
            loop {
                if let Some(answer) = self.try_once(act).await {
                    return answer;
                }
                self.world.tally.count(|counts| counts.repeats += 1);
                let pause = rand::random_range(20..200);
                sleep(Duration::from_millis(pause)).await;
            }
        };
        timeout(PATIENCE, calls)
            .await
            .unwrap_or_else(|_| Answer::Conflict("nothing".to_owned()))
    }

    async fn try_once(&self, act: &Act) -> Option<Answer> {
        let number = rand::random_range(0..self.world.fleet.len());
        let instance = self.world.fleet.instance(number)?;
        let client = self.world.playing.at(&instance.base);
        let token = Some(self.tokens[act.seat].as_str());
        let sent = client.send(token, act.method.clone(), &act.path, act.body.clone());
        let answer = sent.await.ok()?;
        let (status, replayed) = (
            answer.status().as_u16(),
            answer.headers().contains_key("turnkey-replayed"),
        );
        let body: Value = answer.json().await.ok()?;
        match status {
            200 => {
                self.world
                    .tally
                    .count(|counts| counts.replayed += u64::from(replayed));
                Some(Answer::Done(body))
            }
            429 | 503 => None,
            409 => Some(Answer::Conflict(body["code"].to_string())),
            status => Some(Answer::Conflict(format!("{status} {body}"))),
        }
    }

    fn complain(&self, complaint: &str) {
        let game = &self.progress.game;
        self.world.complain(format!("{game}: {complaint}"));
    }
}

fn version_of(game: &Value) -> u32 {
    u32::try_from(game["version"].as_u64().unwrap()).unwrap()
}
