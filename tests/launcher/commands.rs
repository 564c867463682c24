//! Commands: they join what runs, or start it for their own length.

use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use turnkey::startup::embedded::{Origin, join_or_start};

use crate::helper::{
    Directory, Server, ask, is_alive, processes_of, quick, remember, remembered, wait_for,
};

#[test]
fn a_command_joins_a_running_server_and_leaves_it_running() {
    let directory = Directory::new();
    let server = Server::ready(directory.path());
    let postmaster = directory.postmaster();
    let joined = join_or_start(directory.path()).unwrap();
    remember(&joined.connection(), "joined");
    joined.stop();
    assert!(is_alive(postmaster));
    server.stop();
    assert_eq!(remembered(&quick(directory.path()).connection()), "joined");
}

#[test]
fn a_command_waits_for_a_server_that_is_just_starting() {
    let directory = Directory::new();
    let server = Server::spawn(directory.path());
    wait_for("the server's lock", || {
        std::fs::read_to_string(directory.path().join("lock"))
            .is_ok_and(|line| line.starts_with("server"))
    });
    let joined = join_or_start(directory.path()).unwrap();
    remember(&joined.connection(), "joined");
    drop(joined);
    server.stop();
}

#[test]
fn a_command_alone_starts_postgres_for_its_own_length() {
    let directory = Directory::new();
    let command = join_or_start(directory.path()).unwrap();
    assert_eq!(command.origin(), Origin::Created);
    remember(&command.connection(), "alone");
    // A server waits for it.
    let path = directory.path().to_owned();
    let server = thread::spawn(move || quick(&path));
    drop(command);
    let server = server.join().unwrap();
    assert_eq!(remembered(&server.connection()), "alone");
    server.stop();
    assert_eq!(processes_of(directory.path()), Vec::<String>::new());
}

#[test]
fn a_command_keeps_its_postgres_for_one_that_joined_it() {
    let directory = Directory::new();
    let host = join_or_start(directory.path()).unwrap();
    let guest = join_or_start(directory.path()).unwrap();
    let (done, ended) = mpsc::channel();
    let leaving = thread::spawn(move || {
        host.stop();
        done.send(()).unwrap();
    });
    assert!(ended.recv_timeout(Duration::from_millis(200)).is_err());
    remember(&guest.connection(), "guest");
    assert_eq!(ask(&guest.connection(), "select 1").unwrap(), "1");
    guest.stop();
    ended.recv_timeout(Duration::from_secs(20)).unwrap();
    leaving.join().unwrap();
    assert_eq!(processes_of(directory.path()), Vec::<String>::new());
}
