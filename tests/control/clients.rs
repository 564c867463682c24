//! Runs the published AWS CLI and boto3 against a real server: one Python file a story.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::support::server::{ACCESS_KEY_ID, ADMIN_TOKEN, SECRET_ACCESS_KEY};
use crate::world::World;

#[tokio::test(flavor = "multi_thread")]
async fn ten_steps_with_the_aws_cli_and_boto3() {
    run("walk_through.py").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn terraforms_calls_in_its_order() {
    run("terraform.py").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_stages_serve_two_versions_of_rules() {
    run("rules.py").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_resource_is_made_read_changed_and_removed() {
    run("crud.py").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_database_cannot_hold_is_refused_in_every_member_of_every_operation() {
    run("unstorable.py").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_member_of_the_model_is_kept_refused_or_harmless() {
    run("members.py").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_are_in_the_words_recorded_from_aws() {
    run("words.py").await;
}

/// In two servers: each lets an address be wrong less than ten times a minute.
#[tokio::test(flavor = "multi_thread")]
async fn only_what_was_signed_so_passes() {
    for part in ["bad", "worse"] {
        run_with("signatures.py", &[("TURNKEY_PART", part)]).await;
    }
}

async fn run(script: &str) {
    run_with(script, &[]).await;
}

/// Runs `script` of this directory; its output is shown where it fails.
async fn run_with(script: &str, variables: &[(&str, &str)]) {
    let world = World::start().await;
    let environment = environment();
    let python = environment.join("bin/python");
    assert!(
        python.exists(),
        "{} is missing: run script/test once, which makes it",
        python.display()
    );
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/control");
    let mut command = Command::new(&python);
    command
        .arg(directory.join(script))
        .env_clear()
        .env(
            "PATH",
            format!("{}:/usr/bin:/bin", environment.join("bin").display()),
        )
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env("TURNKEY_PUBLIC", &world.server.base)
        .env("TURNKEY_CONTROL", &world.server.control)
        .env("TURNKEY_ADMIN_TOKEN", ADMIN_TOKEN)
        .env("AWS_ACCESS_KEY_ID", ACCESS_KEY_ID)
        .env("AWS_SECRET_ACCESS_KEY", SECRET_ACCESS_KEY)
        .env("AWS_DEFAULT_REGION", "eu-central-1")
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .env("AWS_CONFIG_FILE", "/dev/null")
        .envs(variables.iter().copied())
        .stdin(Stdio::null());
    let output = tokio::task::spawn_blocking(move || command.output());
    let output = output.await.unwrap().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(
        output.status.success(),
        "{script} failed:\n{}\n{}",
        text(&output.stdout),
        text(&output.stderr)
    );
    println!("{}", text(&output.stdout));
    world.server.stop().await;
}

/// Where `script/test` put the clients: beside the binaries of this build.
fn environment() -> PathBuf {
    let temporary = Path::new(env!("CARGO_TARGET_TMPDIR"));
    temporary.parent().unwrap().join("python")
}
