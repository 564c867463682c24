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
async fn keys_are_rotated_and_imported() {
    let world = World::start().await;
    let made = json_of(&world, "key create").await;
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
        imported.contains("left out: line 3") && imported.contains(" imported"),
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
        ("plan create p --rate 1", 2, "burstLimit"),
        ("plan create p --quota 1 --period year", 2, "YEAR"),
        ("plan add-key dev abcdefghij", 1, "API Key"),
        ("plan add-stage dev nope", 1, "nope"),
        ("stage show nope", 1, "Stage"),
        ("stage point dev nope", 2, "Deployment"),
        ("deploy game", 2, "game"),
        ("explain POST /nope --stage dev", 2, "/nope"),
        ("explain DELETE /game --stage dev", 2, "POST, PUT"),
        ("key rotate nope", 2, "nope"),
    ] {
        let failed = run(&world, words, Output::People).await.unwrap_err();
        assert_eq!(failed.exit_code(), exit_code, "{words}: {failed}");
        assert!(failed.to_string().contains(names), "{words}: {failed}");
    }
    world.server.stop().await;
}
