//! The commands in README.md and docs/GATE.md, typed into a plain POSIX shell as they stand there.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use crate::support::process::{Process, Scratch};

/// The README's watcher is built first, and other builds may run beside it.
const PATIENCE: Duration = Duration::from_secs(300);

#[test]
fn the_readme_plays_a_game_in_any_posix_shell() {
    let place = Place::start();
    let mut shell = place.shell();
    let blocks = place.blocks("README.md", "## A first game");
    let [begin, watch, play, look] = &blocks[..] else {
        panic!("a beginning, a watcher, the moves, the end: {blocks:#?}");
    };
    shell.run(begin);
    shell.run(watch);
    shell.until("version 1: ");
    shell.run(play);
    shell.until("\"line\":[2,4,6]");
    let said = shell.run(look);
    assert_eq!(said.matches("\"status\":\"finished\"").count(), 1, "{said}");
    for limit in ["\"throttle\";q=200;w=2", "\"quota\";q=1000000;w=86400"] {
        assert!(said.contains(limit), "{limit} is in {said}");
    }
    let said = shell.said();
    let moves = said.lines().filter(|line| *line == "200");
    assert_eq!(moves.count(), 5, "{said}");
}

#[test]
fn ten_steps_with_the_aws_cli_can_be_typed() {
    ten_steps("### With the AWS CLI");
}

#[test]
fn ten_steps_with_turnkey_can_be_typed() {
    ten_steps("### With `turnkey`");
}

fn ten_steps(heading: &str) {
    let place = Place::start();
    let mut shell = place.shell();
    let blocks = place.blocks("docs/GATE.md", heading);
    let (usage, steps) = blocks.split_last().unwrap();
    assert!(steps.len() >= 9, "{blocks:#?}");
    for step in steps {
        shell.run(step);
    }
    let said = shell.said();
    assert!(said.contains("403 Forbidden"), "{said}");
    assert_eq!(said.matches("\"gameId\"").count(), 2, "{said}");
    // Usage is a few seconds behind.
    let end = Instant::now() + PATIENCE;
    loop {
        let usage: String = shell.run(usage).split_whitespace().collect();
        if usage.contains("[1,99999]") {
            return;
        }
        assert!(Instant::now() < end, "{usage}");
    }
}

/// A server as `script/run` starts it, with its data in the directory where the reader types.
struct Place {
    scratch: Scratch,
    server: Process,
}

impl Place {
    fn start() -> Place {
        let scratch = Scratch::new();
        let data = scratch.join(".turnkey");
        let server = Process::serve(scratch.path(), &[("TURNKEY_DATA_DIR", &data)]);
        Place { scratch, server }
    }

    /// The shell blocks of a section, with this server's addresses in the place of the usual ones.
    fn blocks(&self, document: &str, heading: &str) -> Vec<String> {
        let text = std::fs::read_to_string(root().join(document)).unwrap();
        let level = heading.split(' ').next().unwrap().len();
        let ends = |line: &str| {
            let hashes = line.len() - line.trim_start_matches('#').len();
            (1..=level).contains(&hashes) && line[hashes..].starts_with(' ')
        };
        let mut blocks = Vec::new();
        let mut block: Option<String> = None;
        let mut lines = text.lines().skip_while(|line| *line != heading);
        assert!(lines.next().is_some(), "{document} has {heading:?}");
        for line in lines {
            match (&mut block, line.trim()) {
                (None, "```sh") => block = Some(String::new()),
                (None, _) if ends(line) => break,
                (None, _) => {}
                (Some(_), "```") => blocks.extend(block.take()),
                (Some(block), _) => {
                    block.push_str(&self.here(line));
                    block.push('\n');
                }
            }
        }
        assert!(!blocks.is_empty(), "{document}, {heading:?}: no commands");
        blocks
    }

    fn here(&self, line: &str) -> String {
        line.replace("http://127.0.0.1:8080", &self.server.base)
            .replace("http://127.0.0.1:8081", &self.server.control)
            .replace(
                "script/watch",
                &root().join("script/watch").display().to_string(),
            )
    }

    fn shell(&self) -> Shell {
        let binary = Path::new(env!("CARGO_BIN_EXE_turnkey"));
        let clients = Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("python/bin");
        assert!(
            clients.join("aws").exists(),
            "{} is missing: run script/test once, which makes it",
            clients.display()
        );
        let path = std::env::var("PATH").unwrap();
        let path = format!(
            "{}:{}:{path}",
            binary.parent().unwrap().display(),
            clients.display()
        );
        // The plainest shell there is.
        let plain = ["/bin/dash", "/usr/bin/dash"];
        let shell = plain.into_iter().find(|shell| Path::new(shell).exists());
        let mut command = Command::new(shell.unwrap_or("/bin/sh"));
        for (name, _) in std::env::vars_os() {
            let text = name.to_string_lossy();
            if text.starts_with("TURNKEY_") || text.starts_with("AWS_") || text == "DATABASE_URL" {
                command.env_remove(&name);
            }
        }
        let live = format!("{}/live", self.server.base.replacen("http", "ws", 1));
        let mut child = command
            .arg("-eu")
            .current_dir(self.scratch.path())
            .env("PATH", path)
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .env("AWS_CONFIG_FILE", "/dev/null")
            .env("TURNKEY_LIVE_URL", live)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdin = child.stdin.take().unwrap();
        writeln!(stdin, "exec 2>&1").unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        let said = Arc::new(Mutex::new(String::from("\n")));
        let hearing = said.clone();
        thread::spawn(move || {
            for line in output.lines() {
                let mut said = hearing.lock().unwrap();
                said.push_str(&String::from_utf8_lossy(line.unwrap().as_bytes()));
                said.push('\n');
            }
        });
        Shell {
            child,
            stdin,
            said,
            ran: 0,
        }
    }
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// A shell that ends at the first command that fails.
struct Shell {
    child: Child,
    stdin: ChildStdin,
    said: Arc<Mutex<String>>,
    ran: u32,
}

impl Shell {
    /// Types a block, waits until it has run, and returns what was said meanwhile.
    fn run(&mut self, block: &str) -> String {
        let before = self.said().len();
        self.ran += 1;
        let mark = format!("-- block {} has run", self.ran);
        writeln!(self.stdin, "{block}\necho\necho '{mark}'").unwrap();
        self.until(&format!("{mark}\n"));
        self.said()[before..].to_owned()
    }

    fn said(&self) -> String {
        self.said.lock().unwrap().clone()
    }

    fn until(&mut self, words: &str) {
        let end = Instant::now() + PATIENCE;
        while !self.said().contains(words) {
            let ended = self.child.try_wait().unwrap();
            assert!(ended.is_none(), "the shell ended: {}", self.said());
            assert!(Instant::now() < end, "no {words:?}: {}", self.said());
            thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Shell {
    fn drop(&mut self) {
        // The README's watcher ends by itself, or with its server's last socket.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
