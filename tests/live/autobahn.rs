//! The Autobahn cases, run by `kosoku` (PyPI) against the echo: groups 1 to 7, 9 and 10.
//!
//! Where `kosoku` is not installed this says so and tests nothing: `pip install kosoku==0.1`, or
//! name it in the environment as `KOSOKU`.

use std::collections::BTreeMap;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::echo::{self, WIDE};

/// The cases that do not pass. None: the reserved bits are refused before actix-ws sees them.
const FAILING: [&str; 0] = [];
/// How many cases there are in the groups.
const CASES: usize = 301;

#[test]
fn autobahn() {
    let kosoku = std::env::var("KOSOKU").unwrap_or_else(|_| "kosoku".to_owned());
    let is_there = Command::new(&kosoku)
        .arg("--help")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    if is_there.is_err() {
        eprintln!("not tested: {kosoku} is not installed (pip install kosoku==0.1)");
        return;
    }
    let address = echo::start(WIDE);
    let report = std::env::temp_dir().join(format!("autobahn-{}", std::process::id()));
    let run = Command::new(&kosoku)
        .args(["-m", "fuzzingclient", "-p", "4", "-x", "12.*", "-x", "13.*"])
        .arg("-o")
        .arg(&report)
        .arg(format!("ws://{address}/"))
        .output()
        .unwrap();
    let text = std::fs::read_to_string(report.join("index.json")).unwrap_or_else(|error| {
        let output = String::from_utf8_lossy(&run.stdout);
        panic!("no report: {error}\n{output}")
    });
    std::fs::remove_dir_all(&report).ok();
    let agents: BTreeMap<String, BTreeMap<String, Value>> = serde_json::from_str(&text).unwrap();
    let cases = agents.into_values().next().unwrap();
    assert_eq!(cases.len(), CASES);
    let fails = |verdict: &Value| {
        ["behavior", "behaviorClose"].iter().any(|field| {
            !["OK", "NON-STRICT", "INFORMATIONAL"].contains(&verdict[field].as_str().unwrap())
        })
    };
    let failing: Vec<&String> = cases
        .iter()
        .filter(|(_, verdict)| fails(verdict))
        .map(|(case, _)| case)
        .collect();
    assert_eq!(failing, FAILING);
}
