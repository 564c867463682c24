//! What the gate costs: calls with a key beside calls that need none, right keys beside wrong
//! ones, many keys beside few. One server, one run, rounds in turns.

#![allow(
    clippy::unwrap_used,
    reason = "a measurement that unwraps fails where it should"
)]

mod support;

use std::net::SocketAddr;
use std::time::Duration;

use nix::unistd::Pid;
use support::load::{Load, Measured, Pace};
use support::place::{Place, address_of};
use support::report::{Series, Target, print};
use support::{client, cost, keys, parameter, wait_for};
use turnkey::gate::ApiKeyValue;

const CONNECTIONS: u32 = 16;
/// Of those who send forged keys: each waits up to 2 s to be hashed, and about 1,000 may wait.
const FORGERS: u32 = 2048;
const OK: &[u16] = &[200];
/// A queue of hashings that is full answers 503 instead of 403.
const REFUSED: &[u16] = &[403, 503];

/// Stage `all` is `dev`, but needs no key for what is measured. Plan `dev` sets no limit; plan `limits` sets both,
/// so high that they are only counted.
const SEED: &str = r#"
    insert into deployment (id, methods, rules)
        select 'benchopen1',
            '{"/game":{"POST":false},"/game/{gameId}":{"GET":false},"/variants":{"GET":false}}', rules
        from deployment;
    insert into stage (name, deployment_id) values ('all', 'benchopen1');
    insert into usage_plan (id, name, rate, burst, quota_limit, quota_offset, quota_period)
        values ('benchlimit', 'limits', 1000000, 1000000, 1000000000000, 0, 'DAY');
    insert into usage_plan_stage (plan_id, stage) values ('benchlimit', 'dev');
    insert into usage_plan (id, name) values ('benchbulk0', 'bulk');
    insert into usage_plan_stage (plan_id, stage) values ('benchbulk0', 'dev');
"#;

/// How long a load runs before it is another's turn.
const MOMENT: Duration = Duration::from_millis(50);

/// What one load did in all its turns of a round.
#[derive(Clone, Copy, Default)]
struct Spent {
    calls: f64,
    seconds: f64,
    /// Of the server's processors; `None` where nobody tells.
    micros: Option<f64>,
}

struct Bench {
    server: Pid,
    address: SocketAddr,
    rounds: u32,
    round: Duration,
}

fn main() {
    let rounds = parameter("TURNKEY_BENCH_ROUNDS", 9);
    let round_millis = parameter("TURNKEY_BENCH_ROUND_MS", 1000);
    let many_keys = parameter("TURNKEY_BENCH_KEYS", 5000);
    let (place, limited, many) = wait_for(async {
        let place = Place::make().await;
        let client = place.client().await;
        client.batch_execute(SEED).await.unwrap();
        let many = keys::add_keys(&client, "bulk", many_keys).await;
        let limited = turnkey::gate::issue::new_key("limited");
        let value = ApiKeyValue::generate();
        let plan = "benchlimit".parse().unwrap();
        turnkey::gate::issue::create_key(&place.store, &limited, &value, Some(&plan))
            .await
            .unwrap();
        (place, value, many)
    });
    let server = place.serve("gate");
    let bench = Bench {
        server: server.pid(),
        address: address_of(&server),
        rounds,
        round: Duration::from_millis(round_millis.into()),
    };
    let key = place.key.expose();
    bench.compare_routes(key, limited.expose());
    bench.compare_bogus(&place.key, &limited);
    bench.compare_keys(&many);
}

impl Bench {
    /// Throughput with and without the gate.
    fn compare_routes(&self, key: &str, limited: &str) {
        let game = |stage, key| wait_for(make_game(self.address, stage, key));
        let routes = [
            (
                "GET /variants",
                "/all/variants".to_owned(),
                "/dev/variants".to_owned(),
            ),
            (
                "GET /game/{gameId}",
                format!("/all/game/{}", game("all", "none")),
                format!("/dev/game/{}", game("dev", key)),
            ),
        ];
        for (name, open, gated) in routes {
            let loads = [
                ("no key needed", self.load(&open, &[key])),
                ("key, plan without limits", self.load(&gated, &[key])),
                (
                    "key, plan with throttle and quota",
                    self.load(&gated, &[limited]),
                ),
            ];
            self.compare(name, &loads, Target::AtLeast(0.95), Target::Open);
        }
    }

    /// What a call costs the server with many keys in use and with few. The client's own cost grows
    /// with the requests that it sends in turn, so throughput is not judged.
    fn compare_keys(&self, many: &[ApiKeyValue]) {
        let texts: Vec<&str> = many.iter().map(ApiKeyValue::expose).collect();
        let all = self.load("/dev/variants", &texts);
        // Each is hashed before it is measured.
        all.run_once();
        let few = self.load("/dev/variants", &texts[..10]);
        let loads = [("10 keys in use", few), ("all keys in use", all)];
        let title = format!("GET /variants, {} keys", many.len());
        self.compare(&title, &loads, Target::Open, Target::AtMost(1.05));
    }

    /// Runs all loads in turns of a moment, so that what else the machine does falls on all alike,
    /// and no key is ever out of use for so long that its share of a quota has ended.
    fn compare(
        &self,
        title: &str,
        loads: &[(&'static str, Load)],
        throughput: Target,
        processor_time: Target,
    ) {
        let series = || loads.iter().map(|(name, _)| Series::new(name)).collect();
        let (mut rates, mut costs): (Vec<Series>, Vec<Series>) = (series(), series());
        wait_for(async {
            let mut all = Vec::new();
            for (_, load) in loads {
                let mut lanes = load.open().await;
                lanes.run(Pace::AsAnswered, self.round / 2).await;
                all.push(lanes);
            }
            let moments = (self.round.as_millis() / MOMENT.as_millis()).max(1) as u32;
            for _ in 0..self.rounds {
                let mut spent = vec![Spent::default(); all.len()];
                for index in (0..moments).flat_map(|moment| turns(moment, loads.len())) {
                    let before = cost::processor_micros(self.server);
                    let measured = all[index].run(Pace::AsAnswered, MOMENT).await;
                    let after = cost::processor_micros(self.server);
                    spent[index].add(&measured, before.zip(after));
                }
                for (index, spent) in spent.iter().enumerate() {
                    rates[index].values.push(spent.per_second());
                    costs[index].values.extend(spent.cost());
                }
            }
        });
        print(
            &format!("{title}: throughput"),
            "calls/s",
            &rates,
            throughput,
        );
        if !costs[0].values.is_empty() {
            let title = format!("{title}: processor time of the server");
            print(&title, "us/call", &costs, processor_time);
        }
    }

    /// The latency of right keys while others send wrong ones.
    fn compare_bogus(&self, key: &ApiKeyValue, limited: &ApiKeyValue) {
        let right_rate = parameter("TURNKEY_BENCH_RATE", 500);
        let bogus_rate = parameter("TURNKEY_BENCH_BOGUS", 2000);
        let phase = self.round * 3;
        let right = self.load("/dev/variants", &[key.expose(), limited.expose()]);
        let phases = self.rounds * 4;
        let cheap = keys::bogus_values(bogus_rate * phases);
        let forged = keys::forged_values(key, bogus_rate * phases);
        let others = [
            ("alone", None),
            ("beside bogus keys", Some(self.refused(&cheap, CONNECTIONS))),
            (
                "beside forged keys, which cost a hashing",
                Some(self.refused(&forged, FORGERS)),
            ),
        ];
        let series = || others.iter().map(|(name, _)| Series::new(name)).collect();
        let (mut tails, mut middles): (Vec<Series>, Vec<Series>) = (series(), series());
        right.run(Pace::PerSecond(right_rate), self.round);
        for round in 0..self.rounds {
            for index in turns(round, others.len()) {
                let beside = others[index]
                    .1
                    .as_ref()
                    .map(|load| load.start(Pace::PerSecond(bogus_rate), phase));
                let measured = right.run(Pace::PerSecond(right_rate), phase);
                tails[index].values.push(measured.percentile(99.0));
                middles[index].values.push(measured.percentile(50.0));
                if let Some(beside) = beside {
                    let sent = beside.join().unwrap().latencies.len() as f64;
                    let share = sent / f64::from(bogus_rate) / phase.as_secs_f64();
                    assert!(share > 0.9, "only {share:.2} of the wrong keys were sent");
                }
            }
        }
        let title = format!("{right_rate} calls/s with right keys, {bogus_rate} wrong keys/s");
        print(&format!("{title}: p50"), "us", &middles, Target::Open);
        // What cannot be told from a key without hashing is reported, and has no target.
        let forged = tails.split_off(2);
        print(&format!("{title}: p99"), "us", &tails, Target::AtMost(1.5));
        tails.truncate(1);
        tails.extend(forged);
        print(&format!("{title}: p99"), "us", &tails, Target::Open);
    }

    fn load(&self, path: &str, keys: &[&str]) -> Load {
        Load::new(self.address, requests(path, keys), CONNECTIONS, OK)
    }

    fn refused(&self, keys: &[String], connections: u32) -> Load {
        let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
        let requests = requests("/dev/variants", &keys);
        Load::new(self.address, requests, connections, REFUSED)
    }
}

impl Spent {
    fn add(&mut self, measured: &Measured, processor: Option<(f64, f64)>) {
        self.calls += measured.latencies.len() as f64;
        self.seconds += measured.elapsed.as_secs_f64();
        if let Some((before, after)) = processor {
            *self.micros.get_or_insert_default() += after - before;
        }
    }

    fn per_second(&self) -> f64 {
        self.calls / self.seconds
    }

    fn cost(&self) -> Option<f64> {
        Some(self.micros? / self.calls)
    }
}

/// There and back again, so that none always follows the same other.
fn turns(round: u32, count: usize) -> Vec<usize> {
    if round.is_multiple_of(2) {
        (0..count).collect()
    } else {
        (0..count).rev().collect()
    }
}

fn requests(path: &str, keys: &[&str]) -> Vec<Vec<u8>> {
    keys.iter()
        .map(|key| client::request("GET", path, &[&format!("x-api-key: {key}")], None))
        .collect()
}

/// A game on a stage; returns its id.
async fn make_game(address: SocketAddr, stage: &str, key: &str) -> String {
    let header = format!("x-api-key: {key}");
    let body = serde_json::json!({"opponent": "self"});
    let request = client::request("POST", &format!("/{stage}/game"), &[&header], Some(&body));
    let mut connection = client::Connection::open(address).await.unwrap();
    let created = connection.call_json(&request, 201).await;
    created["game"]["gameId"].as_str().unwrap().to_owned()
}
