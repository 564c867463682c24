//! What operators are given (metrics, alert rules, dashboard, docs/OPERATIONS.md) against what a
//! server does: each names what there is, and leaves nothing out.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::observed::Observed;
use crate::queries::{Asked, asked, dashboard_queries, rules};
use crate::support::process::Scratch;

const ALERTS: &str = "deploy/prometheus/alerts.yaml";
const DASHBOARD: &str = "deploy/grafana/turnkey.json";
/// Names in deploy/ that begin like our metrics, and are of other things.
const NO_METRICS: &[&str] = &[
    "turnkey_access_key_id",
    "turnkey_container",
    "turnkey_secret",
    "turnkey_secret_access_key",
];

/// A metric as it is served: its type, and the labels of its samples.
#[derive(Debug, Default)]
pub struct Served {
    pub kind: String,
    pub labels: BTreeSet<String>,
}

#[tokio::test(flavor = "multi_thread")]
async fn metrics_are_as_prometheus_wants_them() {
    let server = busy_server().await;
    let text = server.metrics().await;
    let mut child = Command::new(promtool())
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(text.as_bytes())
        .unwrap();
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{said}");
    assert_eq!(said, "", "no lint");
}

#[tokio::test(flavor = "multi_thread")]
async fn metrics_count_what_happened() {
    let server = busy_server().await;
    let text = server.metrics().await;
    for line in [
        r#"turnkey_http_requests_total{listener="public",method="POST",route="/game",status="2xx"} 1"#,
        r#"turnkey_http_requests_total{listener="public",method="GET",route="/variants",status="4xx"} 1"#,
        r#"turnkey_http_request_duration_seconds_count{listener="public",method="PUT",route="/game"} 1"#,
        r#"turnkey_gate_decisions_total{outcome="key_missing"} 1"#,
        r#"turnkey_gate_decisions_total{outcome="passed"} 4"#,
        r#"turnkey_append_commands_total{outcome="recorded"} 3"#,
        "turnkey_append_events_total 3",
        "turnkey_append_duration_seconds_count 3",
        "turnkey_live_sockets 1",
        "turnkey_ready 1",
        "turnkey_draining 0",
        "turnkey_gate_instances 1",
        concat!(
            "turnkey_build_info{version=\"",
            env!("CARGO_PKG_VERSION"),
            "\"} 1"
        ),
    ] {
        assert!(text.lines().any(|served| served == line), "{line}\n{text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn alerts_and_panels_ask_for_what_is_served() {
    let server = busy_server().await;
    let served = served(&server.metrics().await);
    let alerts = rules(&read(ALERTS));
    let panels = dashboard_queries(&serde_json::from_str::<Value>(&read(DASHBOARD)).unwrap());
    assert!(
        alerts.len() >= 10 && panels.len() >= 20,
        "the queries are found"
    );
    let mut queries = panels.clone();
    queries.extend(alerts.iter().map(|rule| rule.query.clone()));
    for query in &queries {
        for Asked {
            name,
            labels,
            rated,
        } in asked(query)
        {
            let Some((family, kind)) = family_of(&served, &name) else {
                panic!("{name} is not served: {query}");
            };
            let is_counter = kind == "counter" || name != family;
            assert_eq!(
                rated, is_counter,
                "rate() of counters, and of nothing else: {query}"
            );
            let known = &served[&family].labels;
            for label in labels {
                // Prometheus adds these two itself.
                let is_there = known.contains(&label) || ["instance", "job"].contains(&&*label);
                assert!(is_there, "{name} has no label {label}: {query}");
            }
        }
    }
    check_with_promtool(&panels);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_metric_named_in_deploy_is_served() {
    let served = served(&busy_server().await.metrics().await);
    let mut by_file = BTreeMap::new();
    for file in files_under(&root().join("deploy")) {
        let text = std::fs::read_to_string(&file).unwrap();
        let mut names: BTreeSet<String> = asked(&text).into_iter().map(|m| m.name).collect();
        names.retain(|name| !NO_METRICS.contains(&&**name));
        by_file.insert(file, names);
    }
    let collector = &by_file[&root().join("deploy/terraform/collector.tf")];
    assert!(collector.len() >= 4, "the names are found: {collector:?}");
    for (file, names) in &by_file {
        for name in names {
            let is_served = family_of(&served, name).is_some();
            assert!(is_served, "{}: {name} is not served", file.display());
        }
    }
}

/// Every file in the directory and below; what tools keep there is hidden.
fn files_under(directory: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(directory).unwrap().map(Result::unwrap);
    let seen = entries.filter(|entry| !entry.file_name().to_string_lossy().starts_with('.'));
    seen.flat_map(|entry| match entry.path() {
        path if path.is_dir() => files_under(&path),
        path => vec![path],
    })
    .collect()
}

/// Has Prometheus itself read the rules, and the panels' queries as rules.
fn check_with_promtool(panels: &[String]) {
    let scratch = Scratch::new();
    let as_rules = panels.iter().enumerate().map(|(number, query)| {
        let expression = Value::from(query.as_str());
        format!("  - record: panel:query:{number}\n    expr: {expression}\n")
    });
    let rules: String = as_rules.collect();
    let file = scratch.path().join("panels.yaml");
    std::fs::write(&file, format!("groups:\n- name: panels\n  rules:\n{rules}")).unwrap();
    for file in [root().join(ALERTS), file] {
        let checked = Command::new(promtool())
            .args(["check", "rules"])
            .arg(&file)
            .output();
        let checked = checked.unwrap();
        let said = String::from_utf8_lossy(&checked.stderr);
        assert!(checked.status.success(), "{}: {said}", file.display());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_metric_is_documented_with_its_type_and_labels() {
    let server = busy_server().await;
    let served: BTreeMap<String, (String, String)> = served(&server.metrics().await)
        .into_iter()
        .map(|(name, served)| {
            let labels: Vec<String> = served.labels.into_iter().collect();
            (name, (served.kind, labels.join(", ")))
        })
        .collect();
    let documented: BTreeMap<String, (String, String)> = rows("metric")
        .into_iter()
        .map(|row| {
            let mut labels: Vec<_> = row[2]
                .split(',')
                .map(plain)
                .filter(|l| !l.is_empty())
                .collect();
            labels.sort();
            (plain(&row[0]), (row[1].clone(), labels.join(", ")))
        })
        .collect();
    assert_eq!(documented, served, "docs/OPERATIONS.md, Metrics");
}

#[test]
fn every_setting_is_documented() {
    let mut known = BTreeSet::new();
    for file in std::fs::read_dir(root().join("src/config")).unwrap() {
        let path = file.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        if !name.ends_with("_tests.rs") {
            known.extend(variables(&std::fs::read_to_string(&path).unwrap()));
        }
    }
    assert!(known.len() > 15, "{known:?}");
    let documented = documented("variable");
    assert_eq!(documented, known, "docs/OPERATIONS.md, Settings");
}

#[test]
fn every_alert_leads_to_its_runbook() {
    let text = read("docs/OPERATIONS.md");
    let alerts = rules(&read(ALERTS));
    let headings: BTreeSet<&str> = text
        .lines()
        .filter_map(|line| line.strip_prefix("### "))
        .collect();
    for rule in &alerts {
        let name = &rule.alert;
        assert!(headings.contains(name.as_str()), "no heading ### {name}");
        let anchor = format!("docs/OPERATIONS.md#{}", name.to_lowercase());
        assert_eq!(rule.runbook, anchor, "{name}");
    }
    let names: BTreeSet<&str> = alerts.iter().map(|rule| rule.alert.as_str()).collect();
    let left_over = headings
        .iter()
        .filter(|heading| heading.starts_with("Turnkey"));
    let left_over: Vec<_> = left_over
        .filter(|heading| !names.contains(**heading))
        .collect();
    assert!(left_over.is_empty(), "no such alerts: {left_over:?}");
}

/// The names in the first column of the table of docs/OPERATIONS.md that begins with `head`.
pub fn documented(head: &str) -> BTreeSet<String> {
    rows(head).iter().map(|row| plain(&row[0])).collect()
}

/// The rows of the table whose first column is called `head`.
fn rows(head: &str) -> Vec<Vec<String>> {
    let text = read("docs/OPERATIONS.md");
    let head = format!("| {head} |");
    let mut lines = text.lines().skip_while(|line| !line.starts_with(&head));
    assert!(lines.next().is_some(), "no table {head}");
    let rows = lines.skip(1).take_while(|line| line.starts_with('|'));
    rows.map(|row| {
        let cells = row.trim_matches('|').split('|');
        cells.map(|cell| cell.trim().to_owned()).collect()
    })
    .collect()
}

fn plain(cell: &str) -> String {
    cell.trim().trim_matches('`').to_owned()
}

/// The names of environment variables in a source text.
fn variables(source: &str) -> BTreeSet<String> {
    let is_name = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
    let quoted = source.split('"').filter(|text| text.chars().all(is_name));
    let named = quoted.filter(|text| text.starts_with("TURNKEY_") || *text == "DATABASE_URL");
    named.map(str::to_owned).collect()
}

/// A server on which each thing that is counted with labels has happened.
async fn busy_server() -> Observed {
    let server = Observed::start(&[]).await;
    let client = server.client();
    let (game, tokens) = client.new_game().await;
    client.play(&tokens[0], &game, 4, 2).await;
    let refused = server
        .request(reqwest::Method::GET, "/variants")
        .send()
        .await
        .unwrap();
    assert_eq!(refused.status(), 403);
    let mut watcher = client.watch(&format!("game={game}")).await;
    watcher.until("subscribed").await;
    // The socket stays open for as long as the server.
    std::mem::forget(watcher);
    server
}

/// The families in the text form of Prometheus.
fn served(text: &str) -> BTreeMap<String, Served> {
    let mut families: BTreeMap<String, Served> = BTreeMap::new();
    for line in text.lines() {
        if let Some(family) = line.strip_prefix("# TYPE ") {
            let (name, kind) = family.split_once(' ').unwrap();
            families.entry(name.to_owned()).or_default().kind = kind.to_owned();
        } else if !line.starts_with('#') {
            let (sample, _) = line.rsplit_once(' ').unwrap();
            let (name, labels) = sample.split_once('{').unwrap_or((sample, ""));
            let (family, _) = family_of(&families, name).unwrap_or_else(|| panic!("{line}"));
            let labels = labels.trim_end_matches('}').split("\",");
            let names = labels
                .filter_map(|label| label.split_once('='))
                .map(|(name, _)| name);
            let names = names.filter(|name| *name != "le").map(str::to_owned);
            families.get_mut(&family).unwrap().labels.extend(names);
        }
    }
    families
}

/// The family that a sample belongs to, and its type.
fn family_of(families: &BTreeMap<String, Served>, name: &str) -> Option<(String, String)> {
    let parts = ["_bucket", "_sum", "_count"];
    let of_histogram = parts.iter().filter_map(|part| name.strip_suffix(part));
    let mut histograms = of_histogram.filter(|family| {
        families
            .get(*family)
            .is_some_and(|served| served.kind == "histogram")
    });
    let plain = families
        .get(name)
        .filter(|served| served.kind != "histogram");
    let family = if plain.is_some() {
        Some(name)
    } else {
        histograms.next()
    }?;
    Some((family.to_owned(), families[family].kind.clone()))
}

fn promtool() -> PathBuf {
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or(root().join("target"), PathBuf::from);
    let promtool = target.join("prometheus/promtool");
    assert!(
        promtool.exists(),
        "script/test puts promtool at {}",
        promtool.display()
    );
    promtool
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(file: &str) -> String {
    std::fs::read_to_string(root().join(file)).unwrap()
}
