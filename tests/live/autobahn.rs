//! The Autobahn cases, run by `kosoku` (PyPI) against the echo: groups 1 to 7, 9 and 10.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::echo::{self, WIDE};

/// The cases that do not pass. None: the reserved bits are refused before actix-ws sees them.
const FAILING: [&str; 0] = [];
/// How many cases there are in the groups.
const CASES: usize = 301;

#[test]
fn autobahn() {
    let kosoku = Path::new(env!("CARGO_TARGET_TMPDIR")).join("../python/bin/kosoku");
    assert!(
        kosoku.exists(),
        "{} is missing: run script/test once, which installs it",
        kosoku.display()
    );
    let address = echo::start(WIDE);
    let report = std::env::temp_dir().join(format!("autobahn-{}", std::process::id()));
    let run = Command::new(kosoku)
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
