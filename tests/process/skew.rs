//! Instances whose clocks are an hour off, and the same service all the same.
//!
//! libfaketime gives a process another wall clock; its monotonic clock stays.

use std::process::Command;

use reqwest::Method;
use serde_json::{Value, json};
use turnkey::store::Database;

use crate::support::player::Client;
use crate::support::postgres;
use crate::support::process::{Process, Scratch};
use crate::support::server::{SECRET, seed};
use crate::support::upkeep;

const OFFSETS: [&str; 3] = ["+0s", "+3600s", "-3600s"];
const ACCESS_KEY_ID: &str = "AKIDEXAMPLE";
const SECRET_ACCESS_KEY: &str = "a-secret-for-this-test-alone";

struct World {
    database: Database,
    client: tokio_postgres::Client,
    key: String,
    servers: Vec<(Process, Scratch)>,
}

impl World {
    /// An instance for each of [`OFFSETS`], on one database.
    async fn start() -> World {
        let database = postgres::database().await;
        let key = seed(&database).await;
        let url = postgres::url(&postgres::socket(), &postgres::name(&database));
        let library = libfaketime();
        let servers = OFFSETS.map(|offset| {
            let scratch = Scratch::new();
            let variables = [
                ("DATABASE_URL", url.as_str()),
                ("TURNKEY_SECRET", SECRET),
                ("TURNKEY_DEFAULT_STAGE", "dev"),
                ("TURNKEY_ACCESS_KEY_ID", ACCESS_KEY_ID),
                ("TURNKEY_SECRET_ACCESS_KEY", SECRET_ACCESS_KEY),
                ("LD_PRELOAD", library.as_str()),
                ("FAKETIME", offset),
                ("FAKETIME_DONT_FAKE_MONOTONIC", "1"),
            ];
            (Process::serve(scratch.path(), &variables), scratch)
        });
        World {
            client: postgres::client(&database).await,
            key,
            servers: servers.into(),
            database,
        }
    }

    fn clients(&self) -> impl Iterator<Item = Client> {
        self.servers
            .iter()
            .map(|(server, _)| Client::new(&server.base, &self.key))
    }

    async fn execute(&self, statement: &str) {
        self.client.batch_execute(statement).await.unwrap();
    }
}

/// Where the package puts it.
fn libfaketime() -> String {
    let directories = std::fs::read_dir("/usr/lib").unwrap();
    let library = directories
        .map(|directory| directory.unwrap().path().join("faketime/libfaketime.so.1"))
        .find(|library| library.exists());
    let library = library.expect("libfaketime is missing: run script/test once, which installs it");
    library.display().to_string()
}

/// Calls until the answer is no longer `status`: a change holds everywhere within a second.
async fn until_not(client: &Client, status: u16) -> u16 {
    loop {
        let answer = client
            .call(None, Method::GET, "/variants", Value::Null)
            .await
            .unwrap();
        if answer.0 != status {
            return answer.0;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_and_events_know_one_time() {
    let world = World::start().await;
    let clients: Vec<Client> = world.clients().collect();
    for (home, client) in clients.iter().enumerate() {
        let (game, tokens) = client.new_game().await;
        // The token that a fast instance signed is no token from the future to the others.
        let elsewhere = &clients[(home + 1) % clients.len()];
        elsewhere.play(&tokens[0], &game, 4, 2).await;
        clients[(home + 2) % clients.len()]
            .play(&tokens[1], &game, 0, 3)
            .await;
    }
    let off = "select count(*) from event where abs(extract(epoch from now() - at)) > 600";
    let off: i64 = world.client.query_one(off, &[]).await.unwrap().get(0);
    assert_eq!(off, 0, "events are stamped by the database's clock");
    upkeep::sound(&world.database).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn expiry_is_judged_by_the_databases_clock() {
    let world = World::start().await;
    world
        .execute("update api_key set expires_at = now() + interval '30 minutes'")
        .await;
    for client in world.clients() {
        assert_eq!(until_not(&client, 403).await, 200);
    }
    world
        .execute("update api_key set expires_at = now() - interval '30 minutes'")
        .await;
    for client in world.clients() {
        assert_eq!(until_not(&client, 200).await, 403);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_quota_is_one_quota_on_every_clock() {
    let world = World::start().await;
    world
        .execute("update usage_plan set quota_limit = 30, quota_period = 'DAY', quota_offset = 0")
        .await;
    let clients: Vec<Client> = world.clients().collect();
    for client in &clients {
        // Until the change is known there is no quota, and nothing counts.
        while client.rate_limit_policy().await.is_none() {}
    }
    let before = taken(&world).await;
    let mut passed = 0;
    for round in 0..60 {
        let client = &clients[round % clients.len()];
        let answer = client
            .call(None, Method::GET, "/variants", Value::Null)
            .await
            .unwrap();
        passed += i64::from(answer.0 == 200);
    }
    assert_eq!(before + passed, 30);
}

/// The calls that were counted so far.
async fn taken(world: &World) -> i64 {
    let used = "select coalesce(sum(used), 0)::bigint from quota_usage";
    world.client.query_one(used, &[]).await.unwrap().get(0)
}

#[tokio::test(flavor = "multi_thread")]
async fn signatures_are_judged_by_the_databases_clock() {
    let world = World::start().await;
    let environment = concat!(env!("CARGO_TARGET_TMPDIR"), "/../python/bin/aws");
    for (server, _) in &world.servers {
        let listed = Command::new(environment)
            .args([
                "--endpoint-url",
                &server.control,
                "--region",
                "eu-central-1",
            ])
            .args(["--output", "json", "apigateway", "get-rest-apis"])
            .env("AWS_ACCESS_KEY_ID", ACCESS_KEY_ID)
            .env("AWS_SECRET_ACCESS_KEY", SECRET_ACCESS_KEY)
            .env("AWS_MAX_ATTEMPTS", "1")
            .output()
            .unwrap();
        assert!(
            listed.status.success(),
            "{}",
            String::from_utf8_lossy(&listed.stderr)
        );
        let listed: Value = serde_json::from_slice(&listed.stdout).unwrap();
        assert_eq!(listed["items"][0]["id"], json!("turnkey"));
    }
}
