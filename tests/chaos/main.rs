//! Many instances on one Postgres, many sockets, and everything that goes wrong with them: every
//! watcher sees every event, once and in order.
//!
//! Real processes. Which faults come, and when, follows from the seed that is printed; sizes are
//! variables, `TURNKEY_CHAOS_…` (`settings.rs`). The test ends by itself: each fault must be over,
//! every socket back and everything seen within a bounded time.

#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot go on says so by failing"
)]

mod checker;
mod database;
mod faults;
mod fleet;
mod players;
mod record;
mod settings;
#[path = "../support/mod.rs"]
mod support;
mod tally;
mod watchers;
mod world;

use std::collections::HashMap;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use faults::Fault;
use players::{Order, Progress, Table};
use rand::SeedableRng;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use record::Record;
use settings::Settings;
use tally::millis;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};
use world::{Course, PATIENCE, World};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_watcher_sees_every_event_through_all_faults() {
    let settings = Settings::from_environment();
    println!("{settings:#?}");
    let mut random = StdRng::seed_from_u64(settings.seed);
    let rounds = faults::plan(&settings, &mut random);
    let mut chaos = Chaos::begin(settings, &mut random).await;
    let count = u32::try_from(rounds.iter().flatten().count()).unwrap();
    let mut number = 0;
    tally::Table::print_heading();
    for (round, faults) in (1..).zip(rounds) {
        println!("round {round}");
        for fault in faults {
            number += 1;
            let order = Order::Fault {
                number,
                of: count,
                within: fault.lasts(&chaos.world.settings),
            };
            chaos.meet(fault, order, &mut random).await;
        }
    }
    chaos.end().await;
}

struct Chaos {
    world: Arc<World>,
    orders: watch::Sender<Order>,
    playing: JoinSet<Table>,
    progress: Vec<Arc<Progress>>,
    watching: JoinSet<()>,
    /// One for each watcher.
    records: Vec<Arc<Mutex<Record>>>,
    table: tally::Table,
}

impl Chaos {
    /// Everybody sits down and watches.
    async fn begin(settings: Settings, random: &mut StdRng) -> Chaos {
        let world = Arc::new(World::start(settings).await);
        let (orders, _) = watch::channel(Order::START);
        let mut chaos = Chaos {
            world: world.clone(),
            orders,
            playing: JoinSet::new(),
            progress: Vec::new(),
            watching: JoinSet::new(),
            records: Vec::new(),
            table: tally::Table::default(),
        };
        for number in 0..world.settings.games {
            let table = Table::set(&world, number).await;
            chaos.progress.push(table.progress.clone());
            chaos.playing.spawn(table.play(chaos.orders.subscribe()));
        }
        for number in 0..world.settings.sockets {
            let games = chaos.progress.sample(random, world.settings.games_each);
            let games: Vec<String> = games.map(|table| table.game.clone()).collect();
            let record = Arc::new(Mutex::new(Record::of(&games)));
            chaos.records.push(record.clone());
            chaos
                .watching
                .spawn(watchers::watch(world.clone(), number, record));
        }
        chaos.settle(Order::START).await;
        world.tally.take();
        chaos
    }

    /// One fault, until everybody is back and has seen everything.
    async fn meet(&mut self, fault: Fault, order: Order, random: &mut StdRng) {
        let began = Instant::now();
        self.orders.send_replace(order);
        fault.inflict(&self.world, random).await;
        self.settle(order).await;
        let mut counts = self.world.tally.take();
        counts.faults = 1;
        counts.took_ms = millis(began.elapsed());
        if fault == Fault::RollingRestart
            && counts.back_ms > millis(self.world.settings.back_within)
        {
            let complaint = format!("the last socket was back after {} ms", counts.back_ms);
            self.world.complain(complaint);
        }
        self.table.add(fault.name(), counts);
    }

    /// Plays all games to their ends, and compares.
    async fn end(mut self) {
        self.orders.send_replace(Order::ToTheEnd);
        self.settle(Order::ToTheEnd).await;
        self.table.add("to the end", self.world.tally.take());
        let tables = self.playing.join_all().await;
        self.watching.shutdown().await;
        for number in 0..self.world.fleet.len() {
            self.world.fleet.stop(number);
        }
        let complaints = checker::check(&self.world, &tables, &self.records).await;
        self.table.print();
        let (games, watchers) = (tables.len(), self.records.len());
        println!(
            "{games} games, {watchers} watchers: {} complaints",
            complaints.len()
        );
        let shown: Vec<String> = complaints.into_iter().take(50).collect();
        assert!(shown.is_empty(), "\n{}\n", shown.join("\n"));
    }

    /// Waits until the order is carried out, and everybody is back and has seen it.
    async fn settle(&self, order: Order) {
        let end = Instant::now() + PATIENCE;
        loop {
            let missing = self.missing(order);
            if missing.is_empty() {
                return;
            }
            let complaints = self.world.complaints.lock().unwrap().clone();
            assert!(Instant::now() < end, "{missing:#?}\n{complaints:#?}");
            sleep(Duration::from_millis(20)).await;
        }
    }

    /// Who has something left to do, some of them.
    fn missing(&self, order: Order) -> Vec<String> {
        let playing = self.progress.iter().filter(|table| !table.has_done(order));
        let mut missing: Vec<String> = playing
            .map(|table| format!("the table of {} plays", table.game))
            .collect();
        let astray = self.world.tally.astray.load(Ordering::SeqCst);
        if astray > 0 {
            missing.push(format!("{astray} sockets are not back"));
        }
        let course = self.world.course();
        let versions: HashMap<&str, u32> = self
            .progress
            .iter()
            .map(|table| (table.game.as_str(), table.version(course)))
            .collect();
        let was_restored = course == Course::AFTER;
        for (number, record) in self.records.iter().enumerate() {
            let record = record.lock().unwrap();
            for (game, seen) in &record.games {
                let has_all = seen.version >= versions.get(game.as_str()).copied();
                if !has_all || (was_restored && !seen.is_of_restored) {
                    let version = seen.version;
                    missing.push(format!("watcher {number} has {version:?} of {game}"));
                }
            }
        }
        missing.truncate(20);
        missing
    }
}
