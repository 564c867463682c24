//! The commands, as a shell sees them.

use serde_json::Value;

use crate::kill_nine::key_of;
use crate::support::player::Client;
use crate::support::postgres;
use crate::support::process::{Process, Scratch, log_of, run};
use crate::support::server::{SECRET, seed};

fn json(output: &std::process::Output) -> Value {
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    serde_json::from_slice(&output.stdout).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn commands_join_the_database_of_a_running_server() {
    let scratch = Scratch::new();
    let data = scratch.join("data");
    let variables = [("TURNKEY_DATA_DIR", data.as_str())];
    let server = Process::serve(scratch.path(), &variables);

    let made = json(&run(
        &["key", "create", "--name", "phone", "--json"],
        &variables,
    ));
    let client = Client::new(&server.base, made["value"].as_str().unwrap());
    // Known everywhere within a second.
    while client
        .call(None, reqwest::Method::GET, "/variants", Value::Null)
        .await
        .unwrap()
        .0
        == 403
    {}
    client.new_game().await;

    let id = made["id"].as_str().unwrap();
    json(&run(&["key", "disable", id, "--json"], &variables));
    while client
        .call(None, reqwest::Method::GET, "/variants", Value::Null)
        .await
        .unwrap()
        .0
        == 200
    {}

    let health = run(
        &[
            "health",
            "--listen",
            server.base.trim_start_matches("http://"),
        ],
        &[],
    );
    assert!(health.status.success());
    let status = json(&run(&["projection", "status", "--json"], &variables));
    assert_eq!(status["quarantined"], 0, "{status}");
    json(&run(&["projection", "rebuild", "--json"], &variables));
    json(&run(&["restored", "--json"], &variables));
    assert!(
        !log_of(scratch.path()).contains(&key_of(&data)),
        "no secret is logged or printed"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replay_tells_a_shell_what_differs_and_a_terminal_how_far_it_is() {
    let scratch = Scratch::new();
    let database = postgres::database().await;
    let key = seed(&database).await;
    let address = postgres::url(&postgres::socket(), &postgres::name(&database));
    let variables = [
        ("DATABASE_URL", address.as_str()),
        ("TURNKEY_SECRET", SECRET),
        ("TURNKEY_DEFAULT_STAGE", "dev"),
    ];
    let server = Process::serve(scratch.path(), &variables);
    let client = Client::new(&server.base, &key);
    let (game, tokens) = client.new_game().await;
    client.play(&tokens[0], &game, 4, 2).await;

    // While it serves.
    let replayed = run(&["replay", "--json", "--stage", "dev"], &variables);
    assert!(replayed.stderr.is_empty(), "no terminal, no progress");
    let replayed = json(&replayed);
    assert_eq!(
        (&replayed["games"], &replayed["events"]),
        (&1.into(), &3.into())
    );
    server.kill();

    let client = postgres::client(&database).await;
    let tampered =
        "update event set data = jsonb_set(data, '{move}', '9') where type = 'move_played'";
    client.batch_execute(tampered).await.unwrap();
    let failed = run(&["replay"], &variables);
    assert_eq!(failed.status.code(), Some(1));
    let said = String::from_utf8(failed.stdout).unwrap();
    assert!(said.contains(&format!("game {game} version 3: ")), "{said}");

    // A terminal of its own, which prints what it is shown.
    let binary = env!("CARGO_BIN_EXE_turnkey");
    let terminal = std::process::Command::new("script")
        .args(["--quiet", "--return", "--command"])
        .arg(format!("{binary} replay"))
        .arg("/dev/null")
        .env("DATABASE_URL", &address)
        .stdin(std::process::Stdio::null())
        .output()
        .unwrap();
    let shown = String::from_utf8(terminal.stdout).unwrap();
    assert_eq!(terminal.status.code(), Some(1), "{shown}");
    assert!(shown.contains("1 of 1 games, "), "{shown}");
}

#[test]
fn a_second_server_on_one_directory_is_refused() {
    let scratch = Scratch::new();
    let data = scratch.join("data");
    let variables = [
        ("TURNKEY_DATA_DIR", data.as_str()),
        ("TURNKEY_LISTEN", "127.0.0.1:0"),
        ("TURNKEY_CONTROL_LISTEN", "127.0.0.1:0"),
    ];
    let _server = Process::serve(scratch.path(), &variables);
    let second = run(&["serve"], &variables);
    assert_eq!(second.status.code(), Some(1));
    let said = String::from_utf8(second.stderr).unwrap();
    assert_eq!(said.lines().count(), 1, "{said}");
}

#[test]
fn wrong_settings_are_refused_in_one_line_that_names_them() {
    type Case = (
        &'static [&'static str],
        &'static [(&'static str, &'static str)],
        i32,
        &'static str,
    );
    let cases: [Case; 5] = [
        (
            &["serve"],
            &[("TURNKEY_LISTEN", "nowhere")],
            1,
            "TURNKEY_LISTEN",
        ),
        (
            &["serve"],
            &[("DATABASE_URL", "host=/nowhere dbname=x")],
            1,
            "TURNKEY_SECRET",
        ),
        (
            &["serve"],
            &[("TURNKEY_SECRET", "short")],
            1,
            "TURNKEY_SECRET",
        ),
        (
            &["serve"],
            &[("TURNKEY_POOL_SIZE", "many")],
            1,
            "TURNKEY_POOL_SIZE",
        ),
        (&["no-such-command"], &[], 2, "no-such-command"),
    ];
    for (arguments, variables, code, named) in cases {
        let refused = run(arguments, variables);
        let said = String::from_utf8(refused.stderr).unwrap();
        assert_eq!(
            refused.status.code(),
            Some(code),
            "{arguments:?} {variables:?}: {said}"
        );
        assert!(said.contains(named), "{said}");
    }
}

#[test]
fn the_documents_are_printed() {
    for (name, version) in [("openapi", "3.1.0"), ("asyncapi", "3.0.0")] {
        assert_eq!(json(&run(&[name], &[]))[name], version);
    }
}

#[test]
fn a_database_that_is_not_there_is_named_by_its_variable() {
    let secret = "x".repeat(32);
    let variables = [
        ("DATABASE_URL", "postgresql://nobody@127.0.0.1:1/none"),
        ("TURNKEY_SECRET", secret.as_str()),
        ("TURNKEY_LISTEN", "127.0.0.1:0"),
        ("TURNKEY_CONTROL_LISTEN", "127.0.0.1:0"),
    ];
    let output = run(&["serve"], &variables);
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("DATABASE_URL"), "{said}");
    assert_eq!(said.trim_end().lines().count(), 1, "{said}");
}
