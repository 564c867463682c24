//! The real binary in a process of its own, and what is done to it.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;

/// Generous: what is measured is measured elsewhere.
const DEADLINE: Duration = Duration::from_secs(60);

pub struct Process {
    child: Child,
    /// `http://127.0.0.1:…`
    pub base: String,
    /// The same of the control plane.
    pub control: String,
}

impl Process {
    /// Starts `turnkey serve` with these variables, on ports of its own where they name none, and
    /// waits until it serves. Its log goes to `directory`.
    pub fn serve(directory: &Path, variables: &[(&str, &str)]) -> Process {
        Process::start(server(variables), directory)
    }

    /// As [`serve`](Self::serve), in a process that may open so many files.
    pub fn serve_with_files(files: u32, directory: &Path, variables: &[(&str, &str)]) -> Process {
        let server = server(variables);
        let mut shell = Command::new("sh");
        shell.arg("-c");
        shell.arg(format!("ulimit -n {files} && exec \"$0\" \"$@\""));
        shell.arg(server.get_program());
        for (name, value) in server.get_envs() {
            match value {
                Some(value) => shell.env(name, value),
                None => shell.env_remove(name),
            };
        }
        Process::start(shell, directory)
    }

    fn start(mut server: Command, directory: &Path) -> Process {
        let ports = directory.join("ports.json");
        let _ = std::fs::remove_file(&ports);
        let log = std::fs::File::create(directory.join("server.log")).unwrap();
        let mut child = server
            .arg("serve")
            .arg("--ports-file")
            .arg(&ports)
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap();
        let end = Instant::now() + DEADLINE;
        while !ports.exists() {
            if let Some(status) = child.try_wait().unwrap() {
                panic!("the server ended: {status}\n{}", log_of(directory));
            }
            assert!(
                Instant::now() < end,
                "the server must start\n{}",
                log_of(directory)
            );
            std::thread::sleep(Duration::from_millis(10));
        }
        let ports: Value = serde_json::from_slice(&std::fs::read(&ports).unwrap()).unwrap();
        let address = |listener: &str| format!("http://{}", ports[listener].as_str().unwrap());
        Process {
            child,
            base: address("public"),
            control: address("control"),
        }
    }

    pub fn signal(&self, signal: Signal) {
        kill(self.pid(), signal).unwrap();
    }

    /// Ends it without a word, and takes note of its end.
    pub fn kill(mut self) {
        self.signal(Signal::SIGKILL);
        self.child.wait().unwrap();
    }

    /// Waits for it to end.
    pub fn wait(mut self) -> ExitStatus {
        let end = Instant::now() + DEADLINE;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(Instant::now() < end, "the server must end");
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    pub fn pid(&self) -> Pid {
        Pid::from_raw(i32::try_from(self.child.id()).unwrap())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Runs a command of the binary to its end.
pub fn run(arguments: &[&str], variables: &[(&str, &str)]) -> Output {
    command(variables)
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

/// Whatever was played, `turnkey check` finds the database sound.
pub fn verify(variables: &[(&str, &str)]) {
    let verified = run(&["check", "--json"], variables);
    let (said, error) = (&verified.stdout, &verified.stderr);
    assert!(
        verified.status.success(),
        "{}{}",
        String::from_utf8_lossy(said),
        String::from_utf8_lossy(error)
    );
}

/// What the server has logged.
pub fn log_of(directory: &Path) -> String {
    std::fs::read_to_string(directory.join("server.log")).unwrap_or_default()
}

/// A directory of the test's own, removed with this.
pub struct Scratch(PathBuf);

impl Scratch {
    pub fn new() -> Scratch {
        let name = format!("turnkey-test-{}", uuid::Uuid::now_v7().simple());
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir(&path).unwrap();
        Scratch(path)
    }

    pub fn path(&self) -> &Path {
        &self.0
    }

    pub fn join(&self, name: &str) -> String {
        self.0.join(name).display().to_string()
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn server(variables: &[(&str, &str)]) -> Command {
    let any_port = [
        ("TURNKEY_LISTEN", "127.0.0.1:0"),
        ("TURNKEY_CONTROL_LISTEN", "127.0.0.1:0"),
    ];
    command(&[&any_port[..], variables].concat())
}

fn command(variables: &[(&str, &str)]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_turnkey"));
    for (name, _) in std::env::vars_os() {
        let name_text = name.to_string_lossy();
        if name_text.starts_with("TURNKEY_")
            || name_text.starts_with("OTEL_")
            || name_text.starts_with("DATABASE_URL")
        {
            command.env_remove(&name);
        }
    }
    command.envs(variables.iter().copied());
    command
}
