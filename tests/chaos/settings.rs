//! How much of everything: small by default, so that it fits beside the other tests; `script/chaos`
//! sets the figures that the service is held to.

use std::time::Duration;

#[derive(Clone, Debug)]
pub struct Settings {
    pub instances: usize,
    pub games: usize,
    pub sockets: usize,
    /// How many games a socket follows.
    pub games_each: usize,
    pub rounds: u32,
    /// How many kinds of faults a round has; all of them come in turns.
    pub faults_a_round: usize,
    pub freeze: Duration,
    /// How long all sockets of a server that stopped may take to be back.
    pub back_within: Duration,
    /// How long a socket stays before it leaves by itself, on average.
    pub stay: Duration,
    /// Calls a second that the plan of the watchers' key lets in.
    pub rate: u32,
    pub seed: u64,
}

impl Settings {
    pub fn from_environment() -> Settings {
        Settings {
            instances: number("INSTANCES", 3),
            games: number("GAMES", 20),
            sockets: number("SOCKETS", 500),
            games_each: number("GAMES_EACH", 2),
            rounds: number("ROUNDS", 4),
            faults_a_round: number("FAULTS_A_ROUND", 2),
            freeze: Duration::from_secs(number("FREEZE_S", 4)),
            back_within: Duration::from_secs(number("BACK_WITHIN_S", 75)),
            stay: Duration::from_secs(number("STAY_S", 20)),
            rate: number("RATE", 500),
            seed: number("SEED", rand::random()),
        }
    }
}

fn number<T: std::str::FromStr>(name: &str, preset: T) -> T {
    let name = format!("TURNKEY_CHAOS_{name}");
    match std::env::var(&name) {
        Ok(text) => text
            .parse()
            .unwrap_or_else(|_| panic!("{name} must be a number, not {text:?}")),
        Err(_) => preset,
    }
}
