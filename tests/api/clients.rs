//! Clients that are generated from the served document: their types hold every null that an answer
//! may have, they compile, they read recorded answers, and they play a game on a real server.
//!
//! Swift and Kotlin are looked at only: no compiler of Swift and no library of kotlinx is to be had
//! where the tests run.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::world::{World, reply};

mod look;
mod record;

/// What openapi-generator makes, and the folder of each.
const GENERATED: [(&str, &str); 4] = [
    ("swift6", "swift"),
    ("kotlin", "kotlin"),
    ("typescript-fetch", "fetch"),
    ("python", "python"),
];

#[tokio::test(flavor = "multi_thread")]
async fn generated_clients_read_answers_and_play() {
    if let Err(error) = Command::new("java").arg("-version").output() {
        assert!(env::var_os("CI").is_none(), "Java is missing: {error}");
        println!("left out: openapi-generator needs Java, and there is none ({error})");
        return;
    }
    let world = World::start().await;
    let document = reply(world.bare("GET", "/openapi.json")).await.json();
    let recorded = record::answers(&world).await;
    let (stage, key) = (format!("{}/dev", world.base), world.key.clone());
    tokio::task::spawn_blocking(move || {
        let folder = generate(&document);
        fs::write(folder.join("recorded.json"), recorded.to_string()).unwrap();
        look::at_swift(&document, &folder.join("swift"));
        look::at_kotlin(&document, &folder.join("kotlin"));
        run(Command::new(tool("node/node_modules/.bin/tsc"))
            .arg("-p")
            .arg(&folder));
        let arguments = [&stage, &key, "recorded.json"];
        run(Command::new("node")
            .current_dir(&folder)
            .arg("out/play.js")
            .args(arguments));
        run(Command::new(tool("python/bin/python"))
            .current_dir(&folder)
            .env("PYTHONPATH", "python")
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .arg("play.py")
            .args(arguments));
    })
    .await
    .unwrap();
}

/// Runs all generators; gives the folder of what they made, beside the programs that use it.
fn generate(document: &Value) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("generated-clients");
    if folder.exists() {
        fs::remove_dir_all(&folder).unwrap();
    }
    fs::create_dir_all(&folder).unwrap();
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/api/clients");
    for name in ["play.py", "play.ts", "types.ts", "tsconfig.json"] {
        fs::copy(sources.join(name), folder.join(name)).unwrap();
    }
    // For Node: the modules are those of ECMAScript.
    fs::write(folder.join("package.json"), r#"{"type": "module"}"#).unwrap();
    let modules = folder.join("node_modules");
    std::os::unix::fs::symlink(tool("node/node_modules"), modules).unwrap();
    fs::write(folder.join("openapi.json"), document.to_string()).unwrap();

    let mut java = Command::new("java");
    java.current_dir(&folder)
        // Short runs: what is compiled once need not be compiled well.
        .args(["-XX:TieredStopAtLevel=1", "-jar"])
        .arg(jar())
        .args(["batch", "--fail-fast", "--threads", "1"]);
    for (generator, name) in GENERATED {
        let file = format!("{name}.json");
        fs::write(folder.join(&file), settings(generator, name).to_string()).unwrap();
        java.arg(file);
    }
    run(&mut java);
    run(
        Command::new(tool("node/node_modules/.bin/openapi-typescript"))
            .current_dir(&folder)
            .args(["openapi.json", "-o", "types/api.d.ts"]),
    );
    folder
}

/// How docs/CLIENTS.md says to call a generator.
fn settings(generator: &str, folder: &str) -> Value {
    let mut settings = json!({
        "inputSpec": "openapi.json",
        "generatorName": generator,
        "outputDir": folder
    });
    match generator {
        "kotlin" => {
            // Without these, members that hold any JSON become `Any`, which kotlinx cannot read.
            settings["typeMappings"] = json!({"AnyType": "JsonElement", "object": "JsonElement"});
            settings["importMappings"] =
                json!({"JsonElement": "kotlinx.serialization.json.JsonElement"});
            settings["additionalProperties"] =
                json!({"serializationLibrary": "kotlinx_serialization"});
        }
        "python" => settings["additionalProperties"] = json!({"packageName": "turnkey_client"}),
        "typescript-fetch" => {
            settings["additionalProperties"] = json!({"importFileExtension": ".js"});
        }
        _ => {}
    }
    settings
}

/// A file below the folder that `script/lib/clients.sh` fills.
fn tool(path: &str) -> PathBuf {
    let tool = Path::new(env!("CARGO_TARGET_TMPDIR"))
        .join("../clients")
        .join(path);
    assert!(
        tool.exists(),
        "{} is missing: run script/test once, which installs it",
        tool.display()
    );
    tool
}

/// The generator's program, in the package of PyPI.
fn jar() -> PathBuf {
    let packages = fs::read_dir(tool("python/lib")).unwrap();
    packages
        .map(|python| python.unwrap().path().join("site-packages"))
        .map(|packages| packages.join("openapi_generator_cli/openapi-generator.jar"))
        .find(|jar| jar.exists())
        .unwrap()
}

fn run(command: &mut Command) {
    let output = command.stdin(Stdio::null()).output().unwrap();
    assert!(
        output.status.success(),
        "{command:?}\n{}\n{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}
