//! Starting where nothing is, starting again, and where the directory lies.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::time::{Duration, Instant};

use turnkey::startup::embedded::{Origin, RootDescent, start, start_with};

use crate::helper::{
    Directory, QUICK, Server, ask, processes_of, quick, remember, remembered, wait_for,
};

#[test]
fn the_first_start_makes_a_durable_database_and_the_second_finds_it() {
    let directory = Directory::new();
    let began = Instant::now();
    let first = start(directory.path()).unwrap();
    let cold = began.elapsed();
    assert_eq!(first.origin(), Origin::Created);
    let connection = first.connection();
    for (setting, value) in [
        ("fsync", "on"),
        ("synchronous_commit", "on"),
        ("full_page_writes", "on"),
        ("data_checksums", "on"),
        ("listen_addresses", ""),
        ("server_encoding", "UTF8"),
        ("max_connections", "100"),
        ("timezone", "UTC"),
    ] {
        assert_eq!(
            ask(&connection, &format!("show {setting}")).unwrap(),
            value,
            "{setting}"
        );
    }
    remember(&connection, "first");
    let mode = fs::metadata(&connection.socket_directory)
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o700);
    first.stop();
    assert_eq!(processes_of(directory.path()), Vec::<String>::new());

    let began = Instant::now();
    let second = start(directory.path()).unwrap();
    let warm = began.elapsed();
    assert_eq!(second.origin(), Origin::Found);
    assert_eq!(remembered(&second.connection()), "first");
    eprintln!("first start {cold:?}, second start {warm:?}");
    // Generous: other tests run beside this one.
    assert!(cold < Duration::from_secs(30) && warm < Duration::from_secs(10));
}

#[test]
fn a_first_start_killed_half_way_is_begun_anew() {
    let directory = Directory::new();
    let server = Server::spawn(directory.path());
    wait_for("a database in the making", || {
        unfinished(&directory).is_some_and(|path| path.join("PG_VERSION").exists())
    });
    server.kill();
    assert!(
        !directory.path().join("postgres").exists(),
        "killed too late for this test"
    );
    let embedded = quick(directory.path());
    assert_eq!(embedded.origin(), Origin::Created);
    assert_eq!(unfinished(&directory), None);
    remember(&embedded.connection(), "whole");
}

fn unfinished(directory: &Directory) -> Option<std::path::PathBuf> {
    let entries = fs::read_dir(directory.path()).ok()?;
    entries
        .flatten()
        .map(|entry| entry.path())
        .find(|path| path.to_string_lossy().contains("postgres.new-"))
}

#[test]
fn a_path_too_long_for_a_socket_gets_a_short_one() {
    let directory = Directory::new();
    let deep = directory
        .path()
        .join("d".repeat(60))
        .join("e f,'\"g".repeat(9));
    let embedded = quick(&deep);
    let sockets = embedded.connection().socket_directory;
    assert!(!sockets.starts_with(directory.path()), "{sockets:?}");
    let found = fs::metadata(&sockets).unwrap();
    assert_eq!(found.permissions().mode() & 0o777, 0o700);
    remember(&embedded.connection(), "deep");
    embedded.stop();
    // Somebody else takes the place: a link that leads elsewhere is not followed.
    fs::remove_dir_all(&sockets).unwrap();
    symlink(directory.path(), &sockets).unwrap();
    let line = start_with(&deep, QUICK).unwrap_err().to_string();
    assert!(line.contains("it is not a directory"), "{line}");
    fs::remove_file(&sockets).unwrap();
    assert_eq!(remembered(&quick(&deep).connection()), "deep");
    let _ = fs::remove_dir_all(&sockets);
}

#[test]
fn odd_characters_in_the_path_are_part_of_it() {
    let directory = Directory::new();
    let odd = directory.path().join("a b'\"\\ =ä");
    let embedded = quick(&odd);
    assert!(
        embedded
            .connection()
            .socket_directory
            .starts_with(directory.path())
    );
    remember(&embedded.connection(), "odd");
}

#[test]
fn root_steps_down_by_either_way_and_from_one_to_the_other() {
    if !nix::unistd::geteuid().is_root() {
        return;
    }
    let directory = Directory::new();
    let cluster = directory.path().join("postgres");
    let owner = || fs::metadata(&cluster).unwrap().uid();
    let first = quick(directory.path());
    remember(&first.connection(), "first");
    first.stop();
    let by_namespace = owner() == 0;
    let other_user = turnkey::startup::embedded::Options {
        root_descent: RootDescent::OtherUser,
        ..QUICK
    };
    let second = start_with(directory.path(), other_user).unwrap();
    assert_ne!(owner(), 0);
    remember(&second.connection(), "second");
    second.stop();
    // What was handed over stays so.
    let third = quick(directory.path());
    assert_ne!(owner(), 0);
    assert_eq!(remembered(&third.connection()), "first second");
    third.stop();
    assert_eq!(processes_of(directory.path()), Vec::<String>::new());
    eprintln!("user namespace allowed here: {by_namespace}");
}

#[test]
fn root_alone_can_enter_a_closed_home_unless_namespaces_are_forbidden() {
    if !nix::unistd::geteuid().is_root() {
        return;
    }
    let directory = Directory::new();
    let home = directory.path().join("home");
    fs::create_dir_all(&home).unwrap();
    fs::set_permissions(&home, fs::Permissions::from_mode(0o700)).unwrap();
    let data_dir = home.join("data");
    let other_user = turnkey::startup::embedded::Options {
        root_descent: RootDescent::OtherUser,
        ..QUICK
    };
    let line = start_with(&data_dir, other_user).unwrap_err().to_string();
    assert!(line.contains("TURNKEY_DATA_DIR"), "{line}");
    // A home of somebody who is not root: Postgres runs as its owner.
    std::os::unix::fs::chown(&home, Some(65_534), Some(65_534)).unwrap();
    let embedded = quick(&data_dir);
    remember(&embedded.connection(), "home");
    assert_eq!(
        fs::metadata(data_dir.join("postgres")).unwrap().uid(),
        65_534
    );
}
