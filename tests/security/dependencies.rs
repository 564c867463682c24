//! What `deny.toml` asks of dependencies, as far as it can be told without cargo-deny: licences,
//! banned crates, where they come from.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use serde_json::Value;
use spdx::{Expression, LicenseItem, ParseMode};

const CRATES_IO: &str = "registry+https://github.com/rust-lang/crates.io-index";

#[test]
fn dependencies_are_what_deny_toml_allows() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let policy = std::fs::read_to_string(root.join("deny.toml")).unwrap();
    let complaints = complaints(&policy);
    assert!(complaints.is_empty(), "\n{}\n", complaints.join("\n"));
}

fn complaints(policy: &str) -> Vec<String> {
    let allowed = strings(policy, "allow = [");
    let banned = banned(policy);
    let mut complaints = Vec::new();
    for package in packages() {
        let text = |name: &str| package[name].as_str().unwrap_or_default();
        let name = text("name");
        let dependency = format!("{name} {}", text("version"));
        if let Some(reason) = banned.get(name) {
            complaints.push(format!("{dependency} is banned: {reason}"));
        }
        if !package["source"].is_null() && text("source") != CRATES_IO {
            complaints.push(format!("{dependency} is not from crates.io"));
        }
        let good = Expression::parse_mode(text("license"), ParseMode::LAX).is_ok_and(|licence| {
            licence.evaluate(|wanted| match &wanted.license {
                LicenseItem::Spdx { id, .. } => {
                    wanted.addition.is_none() && allowed.contains(&id.name)
                }
                LicenseItem::Other(_) => false,
            })
        });
        if !good {
            let licence = text("license");
            complaints.push(format!(
                "{dependency} has the licence {licence:?}, which deny.toml does not allow: use \
                 another crate"
            ));
        }
    }
    complaints
}

/// Everything that is compiled on this machine, tests included.
fn packages() -> Vec<Value> {
    let version = Command::new("rustc").arg("-vV").output().unwrap();
    let version = String::from_utf8(version.stdout).unwrap();
    let host = version.split("host: ").nth(1).unwrap();
    let host = host.lines().next().unwrap();
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--locked", "--offline"])
        .args(["--filter-platform", host])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    metadata["packages"].as_array().unwrap().clone()
}

/// The quoted words between `opening` and the next `]`.
fn strings<'a>(policy: &'a str, opening: &str) -> Vec<&'a str> {
    let (_, rest) = policy.split_once(opening).unwrap();
    let (list, _) = rest.split_once(']').unwrap();
    list.split('"').skip(1).step_by(2).collect()
}

/// Each banned crate and why.
fn banned(policy: &str) -> BTreeMap<&str, &str> {
    let mut banned = BTreeMap::new();
    for line in policy.lines() {
        let mut words = line.split('"').skip(1).step_by(2);
        if line.trim_start().starts_with("{ crate =")
            && let (Some(name), Some(reason)) = (words.next(), words.next())
        {
            banned.insert(name, reason);
        }
    }
    banned
}
