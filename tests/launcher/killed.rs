//! `kill -9` of everything, in every order.

use std::fs;
use std::process::Command;

use nix::sys::signal::{Signal, kill};

use turnkey::startup::embedded::RootDescent;

use crate::helper::{
    Directory, Server, ask, is_alive, processes_of, quick, remember, remembered, wait_for,
};

#[test]
fn a_killed_postgres_comes_back_under_a_running_server() {
    let directory = Directory::new();
    let embedded = quick(directory.path());
    let connection = embedded.connection();
    remember(&connection, "before");
    let killed = directory.postmaster();
    kill(killed, Signal::SIGKILL).unwrap();
    wait_for("Postgres", || {
        directory.try_postmaster().is_some_and(|pid| pid != killed)
            && ask(&connection, "select 1").is_ok()
    });
    assert_eq!(remembered(&connection), "before");
    embedded.stop();
    assert_eq!(processes_of(directory.path()), Vec::<String>::new());
}

#[test]
fn a_killed_server_takes_its_postgres_along_and_the_next_finds_everything() {
    let directory = Directory::new();
    // The second way is root's only; for others it is the first again.
    for descent in [RootDescent::NamespaceFirst, RootDescent::OtherUser] {
        let server = Server::ready_as(directory.path(), descent);
        let postmaster = directory.postmaster();
        server.kill();
        if cfg!(target_os = "linux") {
            wait_for("the end of Postgres", || !is_alive(postmaster));
        }
    }
    for word in ["one", "two"] {
        let embedded = quick(directory.path());
        remember(&embedded.connection(), word);
        embedded.stop();
        // At once, while the orphan may still be shutting down.
        Server::ready(directory.path()).kill();
    }
    assert_eq!(remembered(&quick(directory.path()).connection()), "one two");
}

#[test]
fn both_killed_at_once() {
    let directory = Directory::new();
    let server = Server::ready(directory.path());
    let postmaster = directory.postmaster();
    // Stopped first, so that it cannot shut down in order when its parent dies.
    kill(postmaster, Signal::SIGSTOP).unwrap();
    server.kill();
    kill(postmaster, Signal::SIGKILL).unwrap();
    let embedded = quick(directory.path());
    assert_ne!(directory.postmaster(), postmaster);
    remember(&embedded.connection(), "after");
    embedded.stop();
    assert_eq!(processes_of(directory.path()), Vec::<String>::new());
}

#[test]
fn postgres_killed_while_a_session_works_is_waited_for() {
    let directory = Directory::new();
    let embedded = quick(directory.path());
    let connection = embedded.connection();
    let busy = {
        let connection = connection.clone();
        std::thread::spawn(move || {
            // Does not look up for a second: its shared memory stays in use.
            let sql = "select count(*) from generate_series(1, 4000000)";
            let _ = ask(&connection, sql);
        })
    };
    wait_for("a busy session", || {
        let sql = "select count(*) from pg_stat_activity where query like '%4000000%'";
        ask(&connection, sql).is_ok_and(|count| count != "1")
    });
    kill(directory.postmaster(), Signal::SIGKILL).unwrap();
    wait_for("Postgres", || ask(&connection, "select 1").is_ok());
    busy.join().unwrap();
}

#[cfg(target_os = "linux")]
#[test]
fn an_orphan_of_this_directory_is_stopped() {
    let directory = Directory::new();
    let embedded = quick(directory.path());
    remember(&embedded.connection(), "kept");
    let sockets = embedded.connection().socket_directory;
    let postmaster = directory.postmaster();
    let command_line = command_line_of(postmaster);
    embedded.stop();
    // The same command, from a parent that will not take it along.
    let mut orphan = as_postgres_user(&command_line[0])
        .args(&command_line[1..])
        .stdin(std::process::Stdio::null())
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    wait_for("the orphan", || sockets.join(".s.PGSQL.5432").exists());
    let pid = directory.postmaster();
    let reaper = std::thread::spawn(move || orphan.wait());
    let embedded = quick(directory.path());
    assert!(!is_alive(pid));
    assert_eq!(remembered(&embedded.connection()), "kept");
    reaper.join().unwrap().unwrap();
}

#[cfg(target_os = "linux")]
fn command_line_of(pid: nix::unistd::Pid) -> Vec<String> {
    let bytes = fs::read(format!("/proc/{pid}/cmdline")).unwrap();
    let text = String::from_utf8(bytes).unwrap();
    text.split_terminator('\0').map(str::to_owned).collect()
}

/// Root cannot be Postgres: then it is run in a user namespace as the launcher does.
#[cfg(target_os = "linux")]
fn as_postgres_user(program: &str) -> Command {
    if !nix::unistd::geteuid().is_root() {
        return Command::new(program);
    }
    let mut command = Command::new("unshare");
    command.args(["-U", "--map-user=65534", "--map-group=65534", program]);
    command
}

#[test]
fn stale_lock_files_name_a_zombie_a_stranger_or_nothing() {
    let directory = Directory::new();
    let embedded = quick(directory.path());
    remember(&embedded.connection(), "kept");
    let text = fs::read_to_string(directory.pid_file()).unwrap();
    let (_, rest) = text.split_once('\n').unwrap();
    embedded.stop();

    let mut zombie = Command::new("true").spawn().unwrap();
    let mut stranger = Command::new("sleep").arg("600").spawn().unwrap();
    for stale in [
        format!("{}\n{rest}", zombie.id()),
        format!("{}\n{rest}", stranger.id()),
        format!("{}\n{rest}", std::process::id()),
        "1\n/somewhere\n".to_owned(),
        "0\n".to_owned(),
        "rubbish".to_owned(),
        String::new(),
    ] {
        let socket_lock = directory.path().join("run/.s.PGSQL.5432.lock");
        fs::write(directory.pid_file(), &stale).unwrap();
        fs::write(&socket_lock, &stale).unwrap();
        let embedded = quick(directory.path());
        assert_eq!(remembered(&embedded.connection()), "kept", "{stale:?}");
        embedded.stop();
    }
    assert!(
        stranger.try_wait().unwrap().is_none(),
        "a stranger was killed"
    );
    stranger.kill().unwrap();
    stranger.wait().unwrap();
    zombie.wait().unwrap();
}
