//! Other servers: on the same directory, and on others.

use std::fs;
use std::time::{Duration, Instant};

use turnkey::startup::embedded::{EmbeddedError, start_with};

use crate::helper::{Directory, QUICK, Server, ask, is_alive, quick, remember, remembered};

#[test]
fn another_postgres_is_never_touched() {
    let ours = Directory::new();
    let foreign = Directory::new();
    let other = quick(foreign.path());
    remember(&other.connection(), "foreign");
    quick(ours.path()).stop();
    // As after a crash, when by chance the number in our file has become the other's.
    let theirs = foreign.postmaster();
    fs::copy(foreign.pid_file(), ours.pid_file()).unwrap();
    let embedded = quick(ours.path());
    assert!(is_alive(theirs));
    assert_eq!(foreign.postmaster(), theirs);
    assert_ne!(ours.postmaster(), theirs);
    embedded.stop();
    assert_eq!(remembered(&other.connection()), "foreign");
}

#[test]
fn a_copy_of_a_running_directory_runs_beside_it() {
    let original = Directory::new();
    let running = quick(original.path());
    remember(&running.connection(), "original");
    ask(&running.connection(), "checkpoint").unwrap();
    let copied = Directory::new();
    let status = std::process::Command::new("cp")
        .arg("-a")
        .args([original.path(), copied.path()])
        .status()
        .unwrap();
    assert!(status.success());
    let beside = quick(copied.path());
    assert_eq!(remembered(&beside.connection()), "original");
    remember(&beside.connection(), "copy");
    assert_eq!(remembered(&running.connection()), "original");
}

#[test]
fn a_second_server_is_refused_at_once_in_one_line() {
    let directory = Directory::new();
    let server = Server::ready(directory.path());
    let postmaster = directory.postmaster();
    let began = Instant::now();
    let refused = start_with(directory.path(), QUICK).unwrap_err();
    assert!(began.elapsed() < Duration::from_secs(2));
    assert!(
        matches!(refused, EmbeddedError::InUse { .. }),
        "{refused:?}"
    );
    let line = refused.to_string();
    assert!(
        line.contains("already running") && !line.contains('\n'),
        "{line}"
    );
    assert!(is_alive(postmaster));
    server.stop();
    assert!(!is_alive(postmaster));
    quick(directory.path()).stop();
}
