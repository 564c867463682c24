//! What is done to the instances and their Postgres.

use std::time::Duration;

use nix::sys::signal::Signal;
use rand::RngExt;
use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use serde_json::Value;
use tokio::time::{sleep, timeout};

use crate::database;
use crate::settings::Settings;
use crate::world::{self, Course, PATIENCE, World};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    KillInstance,
    RollingRestart,
    EndListeners,
    RestartPostgres,
    FreezeInstance,
    RestoreCopy,
}

/// Those that come in turns.
const EACH_ROUND: [Fault; 5] = [
    Fault::KillInstance,
    Fault::RollingRestart,
    Fault::EndListeners,
    Fault::RestartPostgres,
    Fault::FreezeInstance,
];

/// Which faults come, round by round.
pub fn plan(settings: &Settings, random: &mut StdRng) -> Vec<Vec<Fault>> {
    let mut bag = Vec::new();
    let mut deal = || {
        if bag.is_empty() {
            bag = EACH_ROUND.to_vec();
            bag.shuffle(random);
        }
        bag.pop().unwrap()
    };
    let mut rounds: Vec<Vec<Fault>> = (0..settings.rounds)
        .map(|_| (0..settings.faults_a_round).map(|_| deal()).collect())
        .collect();
    // There is a copy once Postgres was restarted, and it is old after some more events.
    let copied = |round: &Vec<Fault>| round.contains(&Fault::RestartPostgres);
    if let Some(first) = rounds.iter().position(copied) {
        let restored = (first + 1).max(rounds.len() / 2).min(rounds.len() - 1);
        rounds[restored].push(Fault::RestoreCopy);
    }
    rounds
}

impl Fault {
    pub fn name(self) -> &'static str {
        match self {
            Fault::KillInstance => "kill -9",
            Fault::RollingRestart => "rolling restart",
            Fault::EndListeners => "listeners ended",
            Fault::RestartPostgres => "Postgres restart",
            Fault::FreezeInstance => "freeze",
            Fault::RestoreCopy => "restore",
        }
    }

    /// About how long it lasts: the players play over this time.
    pub fn lasts(self, settings: &Settings) -> Duration {
        match self {
            Fault::KillInstance | Fault::RestartPostgres | Fault::RestoreCopy => {
                Duration::from_secs(2)
            }
            Fault::EndListeners => Duration::from_secs(1),
            Fault::RollingRestart => Duration::from_secs(15),
            Fault::FreezeInstance => settings.freeze,
        }
    }

    /// Does it, and returns once all instances serve again.
    pub async fn inflict(self, world: &World, random: &mut StdRng) {
        let fleet = &world.fleet;
        // The players have begun.
        sleep(Duration::from_millis(random.random_range(100..600))).await;
        match self {
            Fault::KillInstance => {
                let number = random.random_range(0..fleet.len());
                fleet.kill(number);
                fleet.start_one(number);
            }
            Fault::RollingRestart => {
                for number in 0..fleet.len() {
                    fleet.stop(number);
                    fleet.start_one(number);
                }
            }
            Fault::EndListeners => end_listeners(world).await,
            Fault::RestartPostgres => world.postgres.lock().await.restart(),
            Fault::FreezeInstance => {
                let number = random.random_range(0..fleet.len());
                fleet.signal(number, Signal::SIGSTOP);
                sleep(world.settings.freeze).await;
                fleet.signal(number, Signal::SIGCONT);
            }
            Fault::RestoreCopy => restore(world).await,
        }
    }
}

/// The followers of the log and of the gate's tables listen; a session is told by what it asked last.
async fn end_listeners(world: &World) {
    let statement = "
        select count(*) filter (where pg_terminate_backend(pid)) from pg_stat_activity
        where datname = current_database() and pid <> pg_backend_pid()
          and query ~ '^(listen |-- (log_head|log_page|gate_))'";
    let client = database::connect(&world.url).await;
    let ended: i64 = client.query_one(statement, &[]).await.unwrap().get(0);
    let expected = i64::try_from(2 * world.fleet.len()).unwrap();
    if ended < expected {
        world.complain(format!(
            "{ended} listeners were found, of at least {expected}"
        ));
    }
}

/// As an operator does: the older copy, then `turnkey restored`. Instances and sockets stay.
async fn restore(world: &World) {
    world.enter(Course::BETWEEN);
    world.postgres.lock().await.restore();
    let printed = world::command(&world.url, &["restored"]);
    for instance in world.fleet.instances() {
        let client = world.watching.at(&instance.base);
        let is_known = async {
            while hello_of(&client).await != Some(printed["epoch"].clone()) {
                sleep(Duration::from_millis(50)).await;
            }
        };
        if timeout(PATIENCE, is_known).await.is_err() {
            world.complain("an instance does not know the new epoch".to_owned());
        }
    }
    world.enter(Course::AFTER);
}

async fn hello_of(client: &crate::support::player::Client) -> Option<Value> {
    let mut socket = client.try_watch("").await.ok()?;
    let hello = socket.next().await?.ok()?;
    socket.leave().await;
    Some(hello["epoch"].clone())
}
