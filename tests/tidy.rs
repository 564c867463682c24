//! Keeps the shape of the project: who may import whom, how long a file may be, what a statement
//! is called, what a document may point at. Each complaint says what to do about it.

#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot go on says so by failing"
)]

#[path = "tidy/markdown.rs"]
mod markdown;
#[path = "tidy/rooms.rs"]
mod rooms;
#[path = "tidy/rust.rs"]
mod rust;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Component, Path, PathBuf};

use markdown::{anchors, links};
use rooms::{ALL, ALONE_MAY_NAME, MAY_IMPORT};
use rust::{imports, named_crates, tokens};

/// The rules are arithmetic: nothing that waits, looks at a clock, draws or talks.
const PURE: [&str; 2] = ["rules", "game"];
const NOT_IN_PURE: &[&str] = &["actix_web", "futures_util", "rand", "tokio", "tracing"];
/// The functions that look at a clock. A time is a value like any other.
const CLOCKS: &[&str] = &["now_utc", "now_local", "SystemTime", "Instant"];

const LONGEST_FILE_LINES: usize = 400;

/// Marks of unfinished work, in two parts so that this list is none itself.
const UNFINISHED: &[(&str, &str)] = &[
    ("to", "do!("),
    ("db", "g!("),
    ("unimple", "mented!("),
    ("FIX", "ME"),
    ("TO", "DO:"),
    ("TO", "DO("),
    ("XX", "X:"),
    ("#[ig", "nore"),
];

/// Words of what is planned: this release has no trace of it.
const PLANNED: &[&str] = &[
    "\"/match\"",
    "automatch",
    "webhook",
    "jwks",
    "text/event-stream",
];

#[test]
fn modules_import_only_whom_they_may() {
    let mut complaints = Vec::new();
    for (room, file, tokens) in rooms() {
        let Some((_, may)) = MAY_IMPORT.iter().find(|(name, _)| *name == room) else {
            complaints.push(format!(
                "{file}: module `{room}` has no row in MAY_IMPORT of tests/tidy/rooms.rs: add one, and \
                 describe the module in docs/ARCHITECTURE.md"
            ));
            continue;
        };
        for (line, import) in imports(&file, &tokens) {
            if import != room && ALL.contains(&import.as_str()) && !may.contains(&import.as_str()) {
                complaints.push(format!(
                    "{file}:{line}: `{room}` may not import `{import}` (it may: {may:?}). Return \
                     a value to the caller, or move the code to the module whose duty it is"
                ));
            }
        }
    }
    report(&complaints);
}

#[test]
fn crates_are_named_only_where_they_belong() {
    let mut complaints = Vec::new();
    for (room, file, tokens) in rooms() {
        for (line, name) in named_crates(&tokens) {
            let homes = ALONE_MAY_NAME.iter().find(|(owned, _)| *owned == name);
            if let Some((_, homes)) = homes.filter(|(_, homes)| !homes.contains(&room.as_str())) {
                complaints.push(format!(
                    "{file}:{line}: `{name}` belongs to {homes:?}. Ask that module for a function \
                     that does what `{room}` needs"
                ));
            }
            if PURE.contains(&room.as_str()) && NOT_IN_PURE.contains(&name.as_str()) {
                complaints.push(not_pure(&file, line, &name));
            }
        }
        if PURE.contains(&room.as_str()) {
            let text = read(&file);
            for (line, text) in (1..).zip(text.lines()) {
                if let Some(clock) = CLOCKS.iter().find(|clock| text.contains(*clock)) {
                    complaints.push(not_pure(&file, line, clock));
                }
            }
        }
    }
    report(&complaints);
}

fn not_pure(file: &str, line: usize, name: &str) -> String {
    format!(
        "{file}:{line}: the rules do not name `{name}`: time and chance arrive inside the \
         command, everything else stays outside"
    )
}

#[test]
fn files_are_short_and_say_why_they_exist() {
    let mut complaints = Vec::new();
    for file in files(&["src", "tests", "benches", "examples"], &["rs"]) {
        let text = read(&file);
        let lines = text.lines().count();
        if lines > LONGEST_FILE_LINES {
            complaints.push(format!(
                "{file}: {lines} lines, at most {LONGEST_FILE_LINES}: split it by what it does"
            ));
        }
        if file != "src/main.rs" && !text.starts_with("//!") {
            complaints.push(format!(
                "{file}: begin with a `//!` doc: why the file exists, what always holds in it"
            ));
        }
    }
    report(&complaints);
}

#[test]
fn statements_begin_with_their_names() {
    let mut complaints = Vec::new();
    let mut migrations = BTreeMap::new();
    for file in files(&["sql"], &["sql"]) {
        let name = Path::new(&file).file_stem().unwrap().to_str().unwrap();
        let text = read(&file);
        let first = text.lines().next().unwrap_or_default();
        if !file.starts_with("sql/migrations/") {
            if first != format!("-- {name}") {
                complaints.push(format!("{file}: make `-- {name}` its first line"));
            }
            continue;
        }
        let number = name.split_once("__").and_then(|(number, _)| {
            let number = number.strip_prefix('V')?;
            number.parse::<u32>().ok()
        });
        match number.map(|number| (number, migrations.insert(number, file.clone()))) {
            None => complaints.push(format!("{file}: call it V<number>__<what it adds>.sql")),
            Some((number, Some(other))) => complaints.push(format!(
                "{file}: {other} has the number {number} already: take the next one"
            )),
            Some((_, None)) => {}
        }
    }
    report(&complaints);
}

#[test]
fn nothing_is_left_unfinished() {
    let mut complaints = Vec::new();
    for file in prose_and_code() {
        for (number, line) in (1..).zip(read(&file).lines()) {
            for (head, tail) in UNFINISHED {
                if line.contains(&format!("{head}{tail}")) {
                    complaints.push(format!(
                        "{file}:{number}: `{head}{tail}`: finish it, or take it out"
                    ));
                }
            }
        }
    }
    report(&complaints);
}

#[test]
fn nothing_planned_is_here_already() {
    let mut complaints = Vec::new();
    for file in prose_and_code() {
        let text = read(&file).to_lowercase();
        // A test may ask for what is not there.
        let shown = text.split("#[cfg(test)]").next().unwrap_or_default();
        let shown = if file.starts_with("tests/") {
            ""
        } else {
            shown
        };
        for (number, line) in (1..).zip(shown.lines()) {
            for word in PLANNED.iter().filter(|word| line.contains(**word)) {
                complaints.push(format!(
                    "{file}:{number}: {word} is planned, not released: leave it out everywhere"
                ));
            }
        }
    }
    report(&complaints);
}

#[test]
fn links_lead_somewhere() {
    let mut complaints = Vec::new();
    for file in files(&["."], &["md"]) {
        let folder = Path::new(&file).parent().unwrap().to_owned();
        for (number, link) in links(&read(&file)) {
            let (path, anchor) = link.split_once('#').unwrap_or((&link, ""));
            let target = match path {
                "" => file.clone(),
                path => normal(&folder.join(path)),
            };
            if !root().join(&target).exists() {
                complaints.push(format!(
                    "{file}:{number}: there is no {target}: mend the link"
                ));
            } else if !anchor.is_empty() && !anchors(&read(&target)).contains(&anchor.to_owned()) {
                complaints.push(format!(
                    "{file}:{number}: {target} has no heading #{anchor}: mend the link"
                ));
            }
        }
    }
    report(&complaints);
}

#[test]
fn tests_that_hold_a_claim_are_there() {
    let code: String = files(&["src", "tests"], &["rs"])
        .iter()
        .map(|file| read(file))
        .collect();
    let mut complaints = Vec::new();
    for (number, line) in (1..).zip(read("docs/SECURITY.md").lines()) {
        for name in line.split('`').skip(1).step_by(2) {
            let is_test = name.matches('_').count() > 1
                && name
                    .bytes()
                    .all(|byte| byte.is_ascii_lowercase() || b"_0123456789".contains(&byte));
            if is_test && !code.contains(&format!("fn {name}()")) {
                complaints.push(format!(
                    "docs/SECURITY.md:{number}: there is no test {name}: name the one that holds \
                     this, or take the claim out"
                ));
            }
        }
    }
    report(&complaints);
}

#[test]
fn decisions_are_in_their_index() {
    let index = links(&read("docs/adr/README.md"));
    let mut complaints = Vec::new();
    for file in files(&["docs/adr"], &["md"]) {
        let name = file.trim_start_matches("docs/adr/");
        if name != "README.md" && !index.iter().any(|(_, link)| link == name) {
            complaints.push(format!("{file}: add its line to docs/adr/README.md"));
        }
    }
    report(&complaints);
}

#[track_caller]
fn report(complaints: &[String]) {
    assert!(complaints.is_empty(), "\n{}\n", complaints.join("\n"));
}

/// Each file of the library below a module of its own: the module, the file, its tokens.
fn rooms() -> impl Iterator<Item = (String, String, Vec<(usize, String)>)> {
    let files = files(&["src"], &["rs"]).into_iter();
    files.filter_map(|file| {
        let room = file.strip_prefix("src/")?.split('/').next()?;
        let room = room.trim_end_matches(".rs").to_owned();
        let tokens = tokens(&read(&file));
        (!["lib", "main"].contains(&room.as_str())).then_some((room, file, tokens))
    })
}

fn prose_and_code() -> Vec<String> {
    let folders = [
        "src",
        "tests",
        "examples",
        "benches",
        "script",
        "deploy",
        "docs",
        "sql",
        ".ci",
        "README.md",
    ];
    files(
        &folders,
        &["rs", "md", "sql", "sh", "http", "py", "tf", "hcl", ""],
    )
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(file: &str) -> String {
    fs::read_to_string(root().join(file)).unwrap()
}

/// The files below `folders` with one of `endings` (`""`: none), as paths from the root.
fn files(folders: &[&str], endings: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    let mut unseen: Vec<PathBuf> = folders.iter().map(|name| root().join(name)).collect();
    while let Some(path) = unseen.pop() {
        let name = path.file_name().unwrap_or_default().to_str().unwrap();
        if path.is_dir() && !["target", ".git", ".turnkey", "__pycache__"].contains(&name) {
            let entries = fs::read_dir(&path).unwrap();
            unseen.extend(entries.map(|entry| entry.unwrap().path()));
        }
        let ending = path.extension().unwrap_or_default().to_str().unwrap();
        if path.is_file() && endings.contains(&ending) {
            found.push(normal(path.strip_prefix(root()).unwrap()));
        }
    }
    found.sort();
    found
}

fn normal(path: &Path) -> String {
    let mut parts = Vec::new();
    for part in path.components() {
        match part {
            Component::ParentDir => drop(parts.pop()),
            Component::CurDir => {}
            other => parts.push(other.as_os_str().to_str().unwrap()),
        }
    }
    parts.join("/")
}
