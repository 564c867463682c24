//! How long `turnkey serve` takes until it serves, on a new data directory and on one that is
//! there, beside the time that its Postgres alone takes on directories of its own.

#![allow(
    clippy::unwrap_used,
    reason = "a measurement that unwraps fails where it should"
)]

mod support;

use std::path::Path;
use std::time::{Duration, Instant};

use support::place::address_of;
use support::process::{Process, Scratch};
use support::report::{Series, Target, median, print};
use support::{client, parameter, wait_for};
use turnkey::startup::embedded;

const FIRST_WITHIN: Duration = Duration::from_secs(5);
const SECOND_WITHIN: Duration = Duration::from_secs(2);

fn main() {
    let rounds = parameter("TURNKEY_BENCH_ROUNDS", 5);
    let (mut firsts, mut seconds) = (series(), series());
    for _ in 0..rounds {
        let scratch = Scratch::new();
        let (alone, whole) = (scratch.path().join("alone"), scratch.path().join("whole"));
        for series in [&mut firsts, &mut seconds] {
            series[0].values.push(start_postgres(&alone));
            series[1].values.push(start_server(scratch.path(), &whole));
        }
    }
    print("first start", "ms", &firsts, Target::Open);
    judge(&firsts[1], FIRST_WITHIN);
    print("second start", "ms", &seconds, Target::Open);
    judge(&seconds[1], SECOND_WITHIN);
}

fn series() -> [Series; 2] {
    [
        Series::new("Postgres alone, until it accepts connections"),
        Series::new("turnkey serve, until it has answered /readyz"),
    ]
}

fn judge(series: &Series, within: Duration) {
    let share = median(&series.values) / millis(within);
    let word = if share <= 1.0 { "met" } else { "MISSED" };
    println!("  {share:.2} of the {} s allowed: {word}", within.as_secs());
}

/// Starts and stops it; returns how many milliseconds the start took.
fn start_postgres(directory: &Path) -> f64 {
    let began = Instant::now();
    let cluster = embedded::start(directory).unwrap();
    let took = began.elapsed();
    cluster.stop();
    millis(took)
}

/// Starts and stops it; returns how many milliseconds the start took.
fn start_server(directory: &Path, data: &Path) -> f64 {
    let data = data.display().to_string();
    let began = Instant::now();
    let server = Process::serve(directory, &[("TURNKEY_DATA_DIR", data.as_str())]);
    let is_ready = wait_for(async {
        let mut connection = client::Connection::open(address_of(&server)).await.unwrap();
        let request = client::request("GET", "/readyz", &[], None);
        connection.call(&request).await.unwrap().status == 200
    });
    let took = began.elapsed();
    assert!(is_ready, "a server that has written its addresses is ready");
    server.signal(nix::sys::signal::Signal::SIGTERM);
    assert!(server.wait().success(), "it must stop well");
    millis(took)
}

fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}
