//! Programs in Python, which share no line with the server.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

/// Runs a program of this repository with `input`; the JSON that it prints.
pub fn run(program: &str, arguments: &[&str], input: &Value) -> Value {
    let python = environment().join("bin/python");
    assert!(
        python.exists(),
        "{} is missing: run script/test once, which makes it",
        python.display()
    );
    let mut child = Command::new(&python)
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join(program))
        .args(arguments)
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(input.to_string().as_bytes()).unwrap();
    drop(stdin);
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{program} failed: {said}");
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Where `script/test` put it: beside the binaries of this build.
fn environment() -> PathBuf {
    let temporary = Path::new(env!("CARGO_TARGET_TMPDIR"));
    temporary.parent().unwrap().join("python")
}
