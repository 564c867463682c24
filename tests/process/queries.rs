//! Queries of Prometheus, taken out of alert rules and dashboards, and what they ask for.

use std::collections::BTreeSet;

use serde_json::Value;

pub struct Rule {
    pub alert: String,
    pub query: String,
    pub runbook: String,
}

/// One metric that a query asks for.
#[derive(Debug, PartialEq, Eq)]
pub struct Asked {
    pub name: String,
    /// In its selector, and in every `by` of the query.
    pub labels: BTreeSet<String>,
    /// Whether it stands in `rate` or `increase`.
    pub rated: bool,
}

/// The rules of a file that is written as ours is: each begins with `- alert:`, and a query is on
/// the line of its `expr:` or on the deeper lines after `expr: |`.
pub fn rules(yaml: &str) -> Vec<Rule> {
    let rules = yaml.split("- alert: ").skip(1);
    rules
        .map(|rule| Rule {
            alert: rule.lines().next().unwrap().trim().to_owned(),
            query: query(rule),
            runbook: field(rule, "runbook_url: ").to_owned(),
        })
        .collect()
}

fn field<'a>(rule: &'a str, name: &str) -> &'a str {
    let line = rule.lines().find_map(|line| line.trim().strip_prefix(name));
    line.unwrap_or_else(|| panic!("no {name} in {rule}"))
}

fn query(rule: &str) -> String {
    let first = field(rule, "expr: ");
    if first != "|" {
        return first.to_owned();
    }
    let depth = |line: &str| line.len() - line.trim_start().len();
    let mut lines = rule
        .lines()
        .skip_while(|line| !line.trim().starts_with("expr: "));
    let of_expr = depth(lines.next().unwrap());
    let deeper = lines.take_while(|line| depth(line) > of_expr);
    deeper.map(str::trim).collect::<Vec<_>>().join(" ")
}

/// The queries of a dashboard's panels, with Grafana's variables as any value of theirs.
pub fn dashboard_queries(dashboard: &Value) -> Vec<String> {
    let panels = dashboard["panels"].as_array().unwrap().iter();
    let targets = panels
        .filter_map(|panel| panel["targets"].as_array())
        .flatten();
    targets
        .map(|target| {
            let query = target["expr"].as_str().unwrap();
            query
                .replace("$__rate_interval", "5m")
                .replace("$instance", ".*")
        })
        .collect()
}

/// Every metric of ours in a query.
pub fn asked(query: &str) -> Vec<Asked> {
    let grouped = groupings(query);
    let starts = query.match_indices("turnkey_").map(|(at, _)| at);
    starts
        .filter(|at| !query[..*at].ends_with(is_word))
        .map(|at| {
            let rest = &query[at..];
            let end = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
            let selector = rest[end..]
                .strip_prefix('{')
                .and_then(|rest| rest.split('}').next());
            let mut labels = grouped.clone();
            labels.extend(selector.into_iter().flat_map(matched));
            let before = query[..at].trim_end();
            Asked {
                name: rest[..end].to_owned(),
                labels,
                rated: ["rate(", "increase("]
                    .iter()
                    .any(|function| before.ends_with(function)),
            }
        })
        .collect()
}

fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

/// The labels in `name="value",other=~"value"`.
fn matched(selector: &str) -> Vec<String> {
    let matchers = selector.split("\",");
    let names = matchers.map(|matcher| matcher.trim().split(['=', '!']).next().unwrap());
    names
        .filter(|name| !name.is_empty())
        .map(str::to_owned)
        .collect()
}

/// The labels in every `by (…)`; `le` is every histogram's.
fn groupings(query: &str) -> BTreeSet<String> {
    let lists = query
        .split("by (")
        .skip(1)
        .map(|rest| rest.split(')').next().unwrap());
    let labels = lists.flat_map(|list| list.split(',')).map(str::trim);
    labels
        .filter(|label| *label != "le")
        .map(str::to_owned)
        .collect()
}

#[test]
fn a_query_names_its_metrics_and_labels() {
    let query =
        r#"sum by (le, route) (rate(turnkey_x_bucket{status=~"5xx|4xx",a="b"}[5m])) and turnkey_y"#;
    let labels = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    let x = Asked {
        name: "turnkey_x_bucket".into(),
        labels: labels(&["route", "status", "a"]),
        rated: true,
    };
    let y = Asked {
        name: "turnkey_y".into(),
        labels: labels(&["route"]),
        rated: false,
    };
    assert_eq!(asked(query), [x, y]);
}
