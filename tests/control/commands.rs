//! The command line does what the control plane does, and is recorded as that is.

use clap::Parser;
use serde_json::{Value, json};
use turnkey::cli::deploy::{self, DeployOptions};
use turnkey::cli::explain::{self, ExplainOptions};
use turnkey::cli::key::{self, KeyCommand};
use turnkey::cli::plan::{self, PlanCommand};
use turnkey::cli::stage::{self, StageCommand};
use turnkey::cli::{CommandError, Output};
use turnkey::store::Store;

use crate::support::process::Scratch;
use crate::world::World;

#[derive(Parser)]
enum Line {
    #[command(subcommand)]
    Key(KeyCommand),
    #[command(subcommand)]
    Plan(PlanCommand),
    #[command(subcommand)]
    Stage(StageCommand),
    Deploy(DeployOptions),
    Explain(ExplainOptions),
}

/// Runs the words after `turnkey`.
async fn run(world: &World, words: &str, output: Output) -> Result<String, CommandError> {
    let store = &Store::new(world.server.database.clone(), 2);
    store.synchronise_clock().await.unwrap();
    let words = ["turnkey"].into_iter().chain(words.split_whitespace());
    let mut out = Vec::new();
    match Line::try_parse_from(words).map_err(CommandError::usage)? {
        Line::Key(command) => key::run(store, command, output, &mut out).await?,
        Line::Plan(command) => plan::run(store, command, output, &mut out).await?,
        Line::Stage(command) => stage::run(store, command, output, &mut out).await?,
        Line::Deploy(options) => deploy::run(store, options, output, &mut out).await?,
        Line::Explain(options) => explain::run(store, &options, output, &mut out).await?,
    }
    Ok(String::from_utf8(out).unwrap())
}

async fn json_of(world: &World, words: &str) -> Value {
    let text = run(world, words, Output::Json).await.unwrap();
    serde_json::from_str(&text).unwrap()
}

async fn text_of(world: &World, words: &str) -> String {
    run(world, words, Output::People).await.unwrap()
}

#[tokio::test]
async fn a_stage_a_plan_and_a_key_are_made_explained_and_removed() {
    let world = World::start().await;
    let deployed = json_of(&world, "deploy prod --description first").await;
    let words = "plan create basic --stage prod --rate 5 --burst 10 --quota 100 --period month";
    let made = json_of(&world, words).await;
    assert_eq!(
        made["throttle"],
        json!({"rateLimit": 5.0, "burstLimit": 10})
    );
    assert_eq!(made["quota"]["period"], "MONTH");
    let rate_alone = json_of(&world, "plan create slow --rate 2.5").await;
    assert_eq!(
        rate_alone["throttle"],
        json!({"rateLimit": 2.5, "burstLimit": 3})
    );
    let key = json_of(&world, "key create --name phone --plan basic").await;
    let id = key["id"].as_str().unwrap();

    let explain = format!("explain post /game --stage prod --key {id}");
    let passes = json_of(&world, &explain).await;
    assert_eq!(passes["passes"], true, "{passes}");
    let path = format!("/turnkey/explain?stage=prod&method=POST&path=/game&keyId={id}");
    let end = tokio::time::Instant::now() + std::time::Duration::from_secs(10);
    while world.done("GET", &path, Value::Null).await["passes"] != true {
        assert!(tokio::time::Instant::now() < end, "known within a second");
    }
    for (change, link) in [
        (format!("key disable {id}"), "enabled"),
        (format!("key enable {id}"), ""),
        (
            "plan update basic --quota 0 --period day".to_owned(),
            "quota",
        ),
        (
            "plan update basic --no-quota --rate 0 --burst 0".to_owned(),
            "throttle",
        ),
        ("plan update basic --no-throttle".to_owned(), ""),
        ("plan remove-stage basic prod".to_owned(), "stage"),
        ("plan add-stage basic prod".to_owned(), ""),
        (format!("plan remove-key basic {id}"), "plan"),
        (format!("plan add-key basic {id}"), ""),
    ] {
        json_of(&world, &change).await;
        let found = json_of(&world, &explain).await;
        let expected = if link.is_empty() {
            Value::Null
        } else {
            json!(link)
        };
        assert_eq!(found["refusedBy"], expected, "{change}: {found}");
    }
    let refused = text_of(&world, "explain POST /game --stage prod").await;
    assert!(
        refused.contains("key   refuses") && refused.contains("is refused"),
        "{refused}"
    );

    let shown = text_of(&world, "plan show basic").await;
    assert!(shown.contains("prod") && shown.contains("phone"), "{shown}");
    assert!(text_of(&world, "plan list").await.contains("basic"));
    let second = json_of(&world, "deploy prod").await;
    let first = deployed["id"].as_str().unwrap();
    let back = json_of(&world, &format!("stage point prod {first}")).await;
    assert_eq!(back[0]["deploymentId"], first);
    let list = text_of(&world, "stage deployments").await;
    assert!(list.contains(second["id"].as_str().unwrap()), "{list}");
    assert!(
        text_of(&world, "stage show prod")
            .await
            .contains("every method needs a key")
    );
    assert!(text_of(&world, "stage list").await.starts_with("STAGE"));

    let refused = run(&world, "plan delete basic", Output::People).await;
    assert_eq!(refused.unwrap_err().exit_code(), 2);
    json_of(&world, "stage delete prod").await;
    json_of(&world, "plan delete basic").await;
    let audit = world
        .done("GET", "/turnkey/audit?limit=500", Value::Null)
        .await;
    for change in audit["item"].as_array().unwrap() {
        assert_eq!(change["actor"], "cli", "{change}");
    }
    world.server.stop().await;
}

#[tokio::test]
async fn a_stage_is_deployed_with_the_rules_that_are_named() {
    let world = World::start().await;
    let words = "deploy --stage prod --rules gomoku=1 tic-tac-toe=1 --description old";
    let deployed = json_of(&world, words).await;
    assert_eq!(deployed["stageName"], "prod");
    assert_eq!(deployed["rules"]["gomoku"], 1, "{deployed}");
    assert_eq!(deployed["rules"]["connect-four"], 1, "{deployed}");
    let text = text_of(&world, "deploy prod").await;
    assert!(
        text.contains("new games of gomoku have rules 1\n"),
        "{text}"
    );
    json_of(&world, "deploy prod --rules gomoku=2").await;
    let shown = text_of(&world, "stage show prod").await;
    assert!(
        shown.contains("new games of gomoku have rules 2"),
        "{shown}"
    );
    for (words, names) in [
        ("deploy", "<STAGE>"),
        ("deploy prod --stage prod", "--stage"),
        ("deploy prod --rules gomoku", "gomoku=2"),
        ("deploy prod --rules gomoku=3", "1, 2"),
        ("deploy prod --rules chess=1", "connect-four, gomoku"),
        ("deploy prod --rules gomoku=1 --rules gomoku=2", "twice"),
    ] {
        let failed = run(&world, words, Output::People).await.unwrap_err();
        assert_eq!(failed.exit_code(), 2, "{words}: {failed}");
        assert!(failed.to_string().contains(names), "{words}: {failed}");
    }
    world.server.stop().await;
}

#[tokio::test]
async fn keys_are_rotated_and_imported() {
    let world = World::start().await;
    let made = json_of(&world, "key create --name watch").await;
    let id = made["id"].as_str().unwrap();
    world
        .until_plays(made["value"].as_str().unwrap(), 201)
        .await;
    let rotated = json_of(&world, &format!("key rotate {id} --grace 3600")).await;
    world
        .until_plays(rotated["value"].as_str().unwrap(), 201)
        .await;
    assert_eq!(world.play(made["value"].as_str().unwrap()).await, 201);

    let scratch = Scratch::new();
    let file = scratch.join("keys.csv");
    let rows = "name,key\nfirst,an-imported-value-of-32-characters\nsecond,short\n";
    std::fs::write(&file, rows).unwrap();
    let imported = text_of(&world, &format!("key import {file}")).await;
    assert!(
        imported.contains("warning: line 3") && imported.contains(" imported"),
        "{imported}"
    );
    let undone = format!("key import {file} --fail-on-warnings");
    assert_eq!(
        run(&world, &undone, Output::Json)
            .await
            .unwrap_err()
            .exit_code(),
        2
    );
    let none = run(&world, "key import /nope.csv", Output::Json).await;
    assert_eq!(none.unwrap_err().exit_code(), 1);
    world.server.stop().await;
}

#[tokio::test]
async fn what_is_unknown_is_named() {
    let world = World::start().await;
    for (words, exit_code, names) in [
        ("plan show nope", 1, "nope"),
        ("plan create p --burst 1", 2, "rateLimit"),
        ("plan update dev --burst 1", 2, "rateLimit"),
        ("plan create p --quota 1 --period year", 2, "YEAR"),
        ("plan add-key dev abcdefghij", 1, "API Key"),
        ("plan add-stage dev nope", 1, "nope"),
        ("stage show nope", 1, "Stage"),
        ("stage point dev nope", 2, "Deployment"),
        ("deploy game", 2, "game"),
        ("explain POST /nope --stage dev", 2, "/nope"),
        ("explain DELETE /game --stage dev", 2, "POST, PUT"),
        ("key rotate nope", 2, "nope"),
        ("key rotate abcdefghij", 1, "API Key"),
        (
            "explain POST /game --stage dev --value-file /nope",
            1,
            "/nope",
        ),
        (
            "explain POST /game --stage dev --key a --value-file b",
            2,
            "--value-file",
        ),
    ] {
        let failed = run(&world, words, Output::People).await.unwrap_err();
        assert_eq!(failed.exit_code(), exit_code, "{words}: {failed}");
        assert!(failed.to_string().contains(names), "{words}: {failed}");
    }
    world.server.stop().await;
}

#[tokio::test]
async fn a_name_that_several_have_is_refused_with_their_ids() {
    let world = World::start().await;
    let phone = json_of(&world, "key create --name phone").await;
    let id = phone["id"].as_str().unwrap();
    json_of(&world, "deploy other").await;
    json_of(&world, "plan create basic --stage other").await;
    // By its name, while no other has it.
    assert_eq!(json_of(&world, "key disable phone").await["id"], id);
    json_of(&world, "plan add-key basic phone").await;
    assert!(text_of(&world, "plan show basic").await.contains(id));
    let explained = json_of(&world, "explain POST /game --stage other --key phone").await;
    assert_eq!(explained["refusedBy"], "enabled", "{explained}");
    json_of(&world, "plan remove-key basic phone").await;

    let second = json_of(&world, "key create --name phone").await;
    let second = second["id"].as_str().unwrap();
    let plan = json_of(&world, "plan create basic").await;
    let plan = plan["id"].as_str().unwrap();
    for (words, listed) in [
        ("key disable phone", second),
        ("key enable phone", second),
        ("key rotate phone", second),
        ("key delete phone", second),
        ("explain POST /game --stage dev --key phone", second),
        ("plan add-key dev phone", second),
        ("plan remove-key dev phone", second),
        ("plan show basic", plan),
        ("plan update basic --rate 1 --burst 1", plan),
        ("plan delete basic", plan),
        ("plan add-stage basic dev", plan),
        ("plan remove-stage basic other", plan),
        ("plan add-key basic phone", plan),
        ("key create --name x --plan basic", plan),
    ] {
        let refused = run(&world, words, Output::People).await.unwrap_err();
        assert_eq!(refused.exit_code(), 1, "{words}: {refused}");
        let text = refused.to_string();
        assert!(
            text.contains(listed) && text.contains("its id"),
            "{words}: {text}"
        );
    }
    // By their ids both can be worked on.
    assert_eq!(
        json_of(&world, &format!("key delete {second}")).await["id"],
        second
    );
    json_of(&world, &format!("plan delete {plan}")).await;
    json_of(&world, "key delete phone").await;
    world.server.stop().await;
}

/// The tests' input is no terminal, so nobody can be asked.
#[test]
fn a_key_without_a_name_is_a_mistake_of_usage() {
    use std::process::{Command, Stdio};

    let scratch = Scratch::new();
    let run = |words: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_turnkey"));
        let command = command.args(words).stdin(Stdio::null());
        let output = command.current_dir(scratch.path()).env_clear().output();
        let output = output.unwrap();
        (
            output.status.code(),
            String::from_utf8_lossy(&output.stderr).into_owned(),
        )
    };
    let (code, text) = run(&["key", "create", "--help"]);
    assert_eq!(code, Some(0), "{text}");
    let (code, text) = run(&["key", "create"]);
    assert_eq!(code, Some(2), "{text}");
    assert!(text.contains("--name"), "{text}");
}

#[tokio::test]
async fn a_call_is_explained_from_a_keys_value() {
    let world = World::start().await;
    let scratch = Scratch::new();
    let file = scratch.join("value");
    let made = json_of(&world, "key create --name phone").await;
    let id = made["id"].as_str().unwrap();
    let explain = format!("explain POST /game --stage dev --value-file {file}");
    let refused_by = async |value: &str| {
        std::fs::write(&file, value).unwrap();
        let explained = json_of(&world, &explain).await;
        assert!(!explained.to_string().contains(value.trim()), "{explained}");
        explained
    };
    let value = made["value"].as_str().unwrap().to_owned();
    let passes = refused_by(&format!("{value}\n")).await;
    assert_eq!(passes["passes"], true, "{passes}");
    assert!(passes["links"][0].to_string().contains(id), "{passes}");
    for (wrong, reason) in [
        ("short", "form of a key"),
        ("a-custom-value-that-no-key-has", "no such key"),
        (&value.replace("tk_", "tk-"), "no such key"),
    ] {
        let refused = refused_by(wrong).await;
        assert_eq!(refused["refusedBy"], "key", "{refused}");
        assert!(refused.to_string().contains(reason), "{refused}");
    }
    let rotated = json_of(&world, "key rotate phone --grace 0").await;
    let old = refused_by(&value).await;
    assert_eq!(old["refusedBy"], "key", "{old}");
    let new = rotated["value"].as_str().unwrap();
    assert_eq!(refused_by(new).await["passes"], true);
    json_of(&world, "key disable phone").await;
    assert_eq!(refused_by(new).await["refusedBy"], "enabled");
    world.server.stop().await;
}
