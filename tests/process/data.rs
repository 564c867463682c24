//! Backups, archives and the check, beside and instead of running servers.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use turnkey::store::Database;

use crate::support::aging::{AGE, events};
use crate::support::player::Client;
use crate::support::process::{Process, Scratch, run, verify};
use crate::support::server::{SECRET, seed};
use crate::support::{postgres, upkeep};

const MOVES: [u32; 5] = [4, 0, 2, 1, 6];

/// The variables of a server on `address`.
fn variables(address: &str) -> [(&str, &str); 3] {
    [
        ("DATABASE_URL", address),
        ("TURNKEY_SECRET", SECRET),
        ("TURNKEY_DEFAULT_STAGE", "dev"),
    ]
}

fn address(database: &Database) -> String {
    postgres::url(&postgres::socket(), &postgres::name(database))
}

/// Plays a game from its version 2 on until it has `moves` moves.
async fn play(client: &Client, game: &str, tokens: &[String; 2], moves: std::ops::Range<usize>) {
    for index in moves {
        let version = u32::try_from(index).unwrap() + 2;
        let token = &tokens[index % 2];
        client.play(token, game, MOVES[index], version).await;
    }
}

async fn finished(client: &Client) -> (String, [String; 2]) {
    let (game, tokens) = client.new_game().await;
    play(client, &game, &tokens, 0..5).await;
    (game, tokens)
}

fn json_of(output: &std::process::Output) -> Value {
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{error}");
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Runs a program of the Postgres that the tests run on.
async fn postgres_program(database: &Database, name: &str, arguments: &[&str]) {
    let client = postgres::client(database).await;
    let directory = "select setting from pg_config where name = 'BINDIR'";
    let directory: String = client.query_one(directory, &[]).await.unwrap().get(0);
    let mut program = Command::new(Path::new(&directory).join(name));
    let ended = program.args(arguments).output().unwrap();
    let error = String::from_utf8_lossy(&ended.stderr);
    assert!(ended.status.success(), "{name}: {error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restored_dump_serves_and_pushes_without_gap_or_repeat() {
    let scratch = Scratch::new();
    let database = postgres::database().await;
    let key = seed(&database).await;
    let origin = address(&database);
    let server = Process::serve(scratch.path(), &variables(&origin));
    let client = Client::new(&server.base, &key);
    let (over, _) = finished(&client).await;
    let (game, tokens) = client.new_game().await;
    play(&client, &game, &tokens, 0..2).await;
    let mut watcher = client.watch(&format!("game={game}")).await;
    let epoch = watcher.until("hello").await["epoch"].clone();
    let epoch = epoch.as_str().unwrap();

    // While it serves.
    let dump = scratch.join("backup.dump");
    let arguments = ["--format=custom", "--file", &dump, &origin];
    postgres_program(&database, "pg_dump", &arguments).await;
    // What comes after the backup is lost with the old database.
    play(&client, &game, &tokens, 2..4).await;
    let (lost, _) = client.new_game().await;
    verify(&variables(&origin));
    drop(watcher);
    server.kill();

    let restored = postgres::empty_database().await;
    let target = address(&restored);
    let arguments = ["--no-owner", "--exit-on-error", "--dbname", &target, &dump];
    postgres_program(&restored, "pg_restore", &arguments).await;
    verify(&variables(&target));
    let renewed = json_of(&run(&["restored", "--json"], &variables(&target)));
    assert_ne!(renewed["epoch"].as_str().unwrap(), epoch);

    let server = Process::serve(scratch.path(), &variables(&target));
    let client = Client::new(&server.base, &key);
    let path = format!("/game/{lost}");
    let (status, _) = client
        .call(None, Method::GET, &path, Value::Null)
        .await
        .unwrap();
    assert_eq!(status, 404, "it was made after the backup");
    assert_eq!(client.events(&over).await.len(), 7);
    // A client that saw more than was kept begins anew, and misses nothing from then on.
    let query = format!("game={game}&after=6&epoch={epoch}");
    let mut watcher = client.watch(&query).await;
    assert_eq!(watcher.until("snapshot").await["version"], 4);
    assert_eq!(watcher.until("subscribed").await["version"], 4);
    play(&client, &game, &tokens, 2..5).await;
    for version in 5..=7 {
        let update = watcher.next().await.unwrap().unwrap();
        assert_eq!(
            (&update["type"], &update["version"]),
            (&json!("update"), &json!(version))
        );
    }
    finished(&client).await;
    upkeep::sound(&restored).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn servers_go_on_while_games_are_archived_and_come_back() {
    let scratch = Scratch::new();
    let database = postgres::database().await;
    let key = seed(&database).await;
    let address = address(&database);
    let variables = variables(&address);
    let server = Process::serve(scratch.path(), &variables);
    let client = Client::new(&server.base, &key);
    let (over, over_tokens) = finished(&client).await;
    let (game, tokens) = client.new_game().await;
    until_projected(&database).await;
    let meddler = postgres::client(&database).await;
    meddler.batch_execute(AGE).await.unwrap();
    let before = events(&meddler).await;
    let mut watcher = client.watch(&format!("game={over}&game={game}")).await;
    for _ in 0..2 {
        watcher.until("subscribed").await;
    }

    let to = scratch.join("archive");
    let archive = ["archive", "--older-than-days", "90", "--to", &to, "--json"];
    let dry = [&archive[..], &["--dry-run"]].concat();
    assert_eq!(json_of(&run(&dry, &variables))["games"], 1);
    assert!(!Path::new(&to).exists());
    let archived = json_of(&run(&archive, &variables));
    assert_eq!(archived["removed"], 1, "{archived}");
    verify(&variables);
    let path = format!("/game/{over}");
    let rematch = format!("{path}/rematch");
    let token = Some(over_tokens[0].as_str());
    for (method, path) in [(Method::GET, &path), (Method::POST, &rematch)] {
        let (status, problem) = client.call(token, method, path, Value::Null).await.unwrap();
        assert_eq!((status, &problem["code"]), (404, &json!("game_not_found")));
    }
    let listed = client
        .call(token, Method::GET, "/games", Value::Null)
        .await
        .unwrap();
    assert_eq!(listed, (200, json!({"games": [], "next": null})));

    // The sockets heard nothing of it, and hear the next event.
    play(&client, &game, &tokens, 0..1).await;
    let update = watcher.next().await.unwrap().unwrap();
    assert_eq!(
        (&update["type"], &update["gameId"]),
        (&json!("update"), &json!(game))
    );

    let file = archived["file"].as_str().unwrap();
    let returned = json_of(&run(&["unarchive", file, "--json"], &variables));
    assert_eq!(
        (&returned["games"], &returned["events"]),
        (&json!(1), &json!(7))
    );
    play(&client, &game, &tokens, 1..2).await;
    let update = watcher.next().await.unwrap().unwrap();
    assert_eq!(
        (&update["type"], &update["version"]),
        (&json!("update"), &json!(4))
    );
    assert_eq!(client.events(&over).await.len(), 7);
    let (_, listed) = client
        .call(token, Method::GET, "/games", Value::Null)
        .await
        .unwrap();
    assert_eq!(listed["games"][0]["gameId"], json!(over));
    let (status, next) = client
        .call(token, Method::POST, &rematch, Value::Null)
        .await
        .unwrap();
    assert_eq!(status, 201, "{next}");
    assert_eq!(events(&meddler).await[..before.len()], before);
    verify(&variables);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_archive_that_is_killed_loses_nothing_and_a_repeat_ends_it() {
    let scratch = Scratch::new();
    let database = postgres::database().await;
    let key = seed(&database).await;
    let address = address(&database);
    let variables = variables(&address);
    let server = Process::serve(scratch.path(), &variables);
    finished(&Client::new(&server.base, &key)).await;
    until_projected(&database).await;
    assert!(server_ends(server));
    let meddler = postgres::client(&database).await;
    meddler.batch_execute(AGE).await.unwrap();
    // Many of the same, and a last event that stays.
    let copies = "insert into event
        select nextval('event_position'), overlay(e.game_id::text placing
               lpad(to_hex(n), 8, '0') from 29)::uuid, e.version, e.stage, e.variant, e.rules,
               e.type, e.schema, e.data, e.actor, e.at
        from generate_series(1, 3000) n, event e
        order by n, e.version";
    meddler.batch_execute(copies).await.unwrap();
    upkeep::project(&database).await;
    let before = events(&meddler).await;

    let to = scratch.join("archive");
    let archive = ["archive", "--older-than-days", "90", "--to", &to, "--json"];
    // The first is killed while it deletes, the others ever later from their beginning on.
    let mut kills = 0;
    for wait_ms in [0, 20, 60, 150, 400] {
        let mut running = Command::new(env!("CARGO_BIN_EXE_turnkey"))
            .args(archive)
            .envs(variables)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        if wait_ms == 0 {
            while count(&meddler).await == before.len() {
                assert!(
                    running.try_wait().unwrap().is_none(),
                    "it was too fast to be killed"
                );
            }
        } else {
            tokio::time::sleep(Duration::from_millis(wait_ms)).await;
        }
        running.kill().unwrap();
        kills += usize::from(!running.wait().unwrap().success());
        upkeep::sound(&database).await;
    }
    assert!(kills > 0);
    let left = json_of(&run(&archive, &variables));
    assert_eq!(left["stayed"]["hasLastEvent"], 1, "{left}");
    assert_eq!(count(&meddler).await, 7);
    verify(&variables);

    let files = std::fs::read_dir(&to)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let whole = files.filter(|path| path.extension().is_some_and(|ending| ending == "zst"));
    for file in whole {
        let file = file.display().to_string();
        json_of(&run(&["unarchive", &file, "--json"], &variables));
    }
    assert!(events(&meddler).await == before, "event for event");
    verify(&variables);
}

#[test]
fn archive_says_what_it_needs() {
    let cases: [(&[&str], &str); 3] = [
        (&["archive", "--to", "x"], "--older-than-days"),
        (&["archive", "--older-than-days", "1", "--to", "x"], "2..="),
        (&["archive", "--older-than-days", "30"], "--to"),
    ];
    for (arguments, named) in cases {
        let refused = run(arguments, &[]);
        let said = String::from_utf8(refused.stderr).unwrap();
        assert_eq!(refused.status.code(), Some(2), "{said}");
        assert!(said.contains(named), "{said}");
    }
}

async fn count(client: &tokio_postgres::Client) -> usize {
    let count = client
        .query_one("select count(*) from event", &[])
        .await
        .unwrap();
    usize::try_from(count.get::<_, i64>(0)).unwrap()
}

/// Waits until a server has projected everything.
async fn until_projected(database: &Database) {
    loop {
        let report = upkeep::sound(database).await;
        if report.projected == report.log_end {
            return;
        }
    }
}

fn server_ends(server: Process) -> bool {
    server.signal(nix::sys::signal::Signal::SIGTERM);
    server.wait().success()
}
