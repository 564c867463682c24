//! A directory that goes away, a server in a process of its own that can be killed, questions to
//! the database.

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use turnkey::startup::embedded::{
    Connection, Durability, Embedded, Options, RootDescent, start_with,
};

pub const QUICK: Options = Options {
    durability: Durability::TestsOnly,
    max_connections: 20,
    root_descent: RootDescent::NamespaceFirst,
};

/// A directory of one test, removed at its end.
pub struct Directory(PathBuf);

impl Directory {
    pub fn new() -> Directory {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let next = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("turnkey-launcher-{}-{next}", std::process::id());
        let path = std::env::temp_dir().join(name);
        let _ = fs::remove_dir_all(&path);
        Directory(path)
    }

    pub fn path(&self) -> &Path {
        &self.0
    }

    pub fn pid_file(&self) -> PathBuf {
        self.0.join("postgres/postmaster.pid")
    }

    pub fn postmaster(&self) -> Pid {
        self.try_postmaster()
            .expect("no Postgres has written its pid")
    }

    /// `None` while the file is being written.
    pub fn try_postmaster(&self) -> Option<Pid> {
        let text = fs::read_to_string(self.pid_file()).ok()?;
        text.lines().next()?.trim().parse().ok().map(Pid::from_raw)
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

pub fn quick(data_dir: &Path) -> Embedded {
    start_with(data_dir, QUICK).unwrap()
}

/// The single value that `sql` answers, as text.
pub fn ask(connection: &Connection, sql: &str) -> Result<String, tokio_postgres::Error> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let parameters = connection.to_connection_string();
        let (client, driver) = tokio_postgres::connect(&parameters, tokio_postgres::NoTls).await?;
        let driver = tokio::spawn(driver);
        let answers = client.simple_query(sql).await?;
        drop(client);
        let _ = driver.await;
        let row = answers.into_iter().find_map(|message| match message {
            tokio_postgres::SimpleQueryMessage::Row(row) => Some(row),
            _ => None,
        });
        Ok(row
            .and_then(|row| row.get(0).map(str::to_owned))
            .unwrap_or_default())
    })
}

pub fn remember(connection: &Connection, word: &str) {
    ask(connection, "create table if not exists kept (word text)").unwrap();
    ask(connection, &format!("insert into kept values ('{word}')")).unwrap();
}

pub fn remembered(connection: &Connection) -> String {
    ask(
        connection,
        "select string_agg(word, ' ' order by word) from kept",
    )
    .unwrap()
}

/// Polls until `holds`; panics after 30 s.
pub fn wait_for(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while !holds() {
        assert!(Instant::now() < deadline, "waited in vain for: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Postgres processes that were started for, or work under, `data_dir`.
pub fn processes_of(data_dir: &Path) -> Vec<String> {
    let output = Command::new("ps")
        .args(["-eo", "pid=,stat=,args="])
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let needle = data_dir.to_string_lossy().into_owned();
    text.lines()
        .filter(|line| line.contains("postgres") && line.contains(&needle))
        .filter(|line| {
            !line
                .split_whitespace()
                .nth(1)
                .unwrap_or_default()
                .starts_with('Z')
        })
        .map(str::to_owned)
        .collect()
}

pub fn is_alive(pid: Pid) -> bool {
    kill(pid, None).is_ok() && !is_zombie(pid)
}

fn is_zombie(pid: Pid) -> bool {
    let output = Command::new("ps")
        .args(["-o", "stat=", "-p", &pid.to_string()])
        .output()
        .unwrap();
    String::from_utf8_lossy(&output.stdout)
        .trim()
        .starts_with('Z')
}

/// A server in a process of its own: this very test program, told by its environment what to do.
pub struct Server {
    child: Child,
    stdin: Option<ChildStdin>,
    /// Held open: a test program that cannot write fails.
    stdout: Option<BufReader<ChildStdout>>,
}

const CHILD_DIRECTORY: &str = "TURNKEY_TEST_LAUNCHER_CHILD";
const CHILD_DESCENT: &str = "TURNKEY_TEST_LAUNCHER_DESCENT";

impl Server {
    /// Returns at once; the Postgres may not be ready yet.
    pub fn spawn(data_dir: &Path) -> Server {
        Server::spawn_with(data_dir, RootDescent::NamespaceFirst, Stdio::null())
    }

    /// Returns once its Postgres accepts connections.
    pub fn ready(data_dir: &Path) -> Server {
        Server::ready_as(data_dir, RootDescent::NamespaceFirst)
    }

    pub fn ready_as(data_dir: &Path, descent: RootDescent) -> Server {
        let mut server = Server::spawn_with(data_dir, descent, Stdio::piped());
        let mut stdout = BufReader::new(server.child.stdout.take().unwrap());
        let mut line = String::new();
        while !line.ends_with("launched\n") {
            line.clear();
            let read = stdout.read_line(&mut line).unwrap();
            assert!(read > 0, "the server did not start");
        }
        server.stdout = Some(stdout);
        server
    }

    fn spawn_with(data_dir: &Path, descent: RootDescent, stdout: Stdio) -> Server {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "helper::child", "--nocapture"])
            .env(CHILD_DIRECTORY, data_dir)
            .env(CHILD_DESCENT, format!("{descent:?}"))
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(stdout)
            .spawn()
            .unwrap();
        let stdin = child.stdin.take();
        Server {
            child,
            stdin,
            stdout: None,
        }
    }

    pub fn kill(mut self) {
        kill(Pid::from_raw(self.child.id() as i32), Signal::SIGKILL).unwrap();
        self.child.wait().unwrap();
    }

    /// Lets it stop in order.
    pub fn stop(mut self) {
        self.stdin = None;
        assert!(self.child.wait().unwrap().success());
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stdin = None;
        let _ = self.child.wait();
    }
}

/// Not a test: what [`Server`] runs.
#[test]
fn child() {
    let Some(data_dir) = std::env::var_os(CHILD_DIRECTORY) else {
        return;
    };
    let root_descent = match std::env::var(CHILD_DESCENT).as_deref() {
        Ok("OtherUser") => RootDescent::OtherUser,
        _ => RootDescent::NamespaceFirst,
    };
    let options = Options {
        root_descent,
        ..QUICK
    };
    let embedded = start_with(Path::new(&data_dir), options).unwrap();
    println!("launched");
    let mut line = String::new();
    while std::io::stdin().read_line(&mut line).unwrap() > 0 {}
    embedded.stop();
}
