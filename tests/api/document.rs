//! The served API against its own OpenAPI document, by schemathesis (PyPI) with all its checks.

use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::json;

use crate::world::{World, reply, text};

#[tokio::test(flavor = "multi_thread")]
async fn what_is_served_is_what_the_document_says() {
    let world = World::start().await;
    let mut tokens = Vec::new();
    for name in ["Ann", "Bob"] {
        let player = world
            .request("POST", "/players")
            .json(&json!({"name": name}));
        tokens.push(text(&reply(player).await.json()["token"]));
    }
    // The calls are below a stage, the listener's own paths are not.
    for (base, tag) in [("/dev", "--exclude-tag"), ("", "--include-tag")] {
        let mut schemathesis = schemathesis();
        schemathesis
            .arg(format!("{}/openapi.json", world.base))
            .args(["--url", &format!("{}{base}", world.base)])
            .args([tag, "listener"])
            .env("TURNKEY_API_KEY", &world.key)
            .env("TURNKEY_PLAYER_TOKEN", &tokens[0])
            .env("TURNKEY_LEAVING_TOKEN", &tokens[1]);
        let run = tokio::task::spawn_blocking(move || schemathesis.output());
        let Output { status, stdout, .. } = run.await.unwrap().unwrap();
        let report = String::from_utf8_lossy(&stdout);
        assert!(status.success(), "{report}");
        println!("{report}");
    }
}

/// `schemathesis run` with the settings beside this file.
fn schemathesis() -> Command {
    let program = Path::new(env!("CARGO_TARGET_TMPDIR")).join("../python/bin/schemathesis");
    assert!(
        program.exists(),
        "{} is missing: run script/test once, which installs it",
        program.display()
    );
    let mut command = Command::new(program);
    command
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/api/schemathesis"))
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .stdin(Stdio::null())
        .args(["run", "--checks", "all", "--no-color"]);
    command
}
