//! Makes a new database cluster atomically.
//!
//! The cluster is made under another name, and renamed when it is complete and on disk. So after a
//! `kill -9` at any moment there is either a working cluster or a remnant that the next start removes.

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use super::binaries::Binaries;
use super::directory::Layout;
use super::error::io_at;
use super::identity::{Identity, make_directory};
use super::recovery::{UNFINISHED, remove_unfinished};
use super::{DATABASE, Durability, EmbeddedError, ROLE, log_file};

/// Makes the cluster in `layout`, with the role and the database of [`super::Connection`]. The calling
/// thread must outlive it (see [`Identity::confine`]).
pub fn create(
    layout: &Layout,
    binaries: &Binaries,
    identity: Identity,
    durability: Durability,
) -> Result<(), EmbeddedError> {
    remove_unfinished(layout)?;
    let unfinished = layout
        .root
        .join(format!("{UNFINISHED}{}", std::process::id()));
    make_directory(&unfinished, identity)?;
    initialise(&unfinished, binaries, identity)?;
    create_database(&unfinished, binaries, identity)?;
    match durability {
        Durability::Durable => sync_tree(&unfinished, binaries, identity)?,
        Durability::TestsOnly => {}
    }
    fs::rename(&unfinished, &layout.cluster).map_err(io_at("cannot rename", &unfinished))?;
    File::open(&layout.root)
        .and_then(|directory| directory.sync_all())
        .map_err(io_at("cannot sync", &layout.root))
}

fn initialise(
    directory: &Path,
    binaries: &Binaries,
    identity: Identity,
) -> Result<(), EmbeddedError> {
    // Locale C sorts by bytes on every system and version, so an upgrade of the system's library cannot
    // break an index.
    let mut command = command(&binaries.initdb(), identity);
    command
        .arg("-D")
        .arg(directory)
        .args([
            "--no-sync",
            "--username",
            ROLE,
            "--encoding",
            "UTF8",
            "--locale",
            "C",
        ])
        .args([
            "--data-checksums",
            "--auth-local",
            "trust",
            "--auth-host",
            "reject",
        ]);
    finish(start(&mut command, &binaries.initdb())?, "")
}

/// Uses single-user mode: no server runs yet, and only `store` speaks to servers.
fn create_database(
    directory: &Path,
    binaries: &Binaries,
    identity: Identity,
) -> Result<(), EmbeddedError> {
    let mut command = command(&binaries.postgres(), identity);
    command
        .args(["--single", "-c", "fsync=off", "-E", "-j", "-D"])
        .arg(directory)
        .args([
            "-c",
            "exit_on_error=on",
            "-c",
            "log_checkpoints=off",
            "postgres",
        ]);
    let statement = format!("CREATE DATABASE {DATABASE} OWNER {ROLE};\n\n");
    finish(start(&mut command, &binaries.postgres())?, &statement)
}

/// Syncs the finished cluster to disk at once. `initdb` would sync its 1,500 files one by one. On a busy
/// disk each sync waits: together seconds, where this takes a tenth of one.
#[cfg(target_os = "linux")]
fn sync_tree(
    directory: &Path,
    _binaries: &Binaries,
    _identity: Identity,
) -> Result<(), EmbeddedError> {
    File::open(directory)
        .and_then(|directory| nix::unistd::syncfs(directory).map_err(std::io::Error::from))
        .map_err(io_at("cannot sync", directory))
}

#[cfg(not(target_os = "linux"))]
fn sync_tree(
    directory: &Path,
    binaries: &Binaries,
    identity: Identity,
) -> Result<(), EmbeddedError> {
    let mut command = command(&binaries.initdb(), identity);
    command.arg("--sync-only").arg("-D").arg(directory);
    finish(start(&mut command, &binaries.initdb())?, "")
}

/// A Postgres program, without the variables of the caller's environment that concern another database.
pub fn command(program: &Path, identity: Identity) -> Command {
    let mut command = Command::new(program);
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("PG") {
            command.env_remove(&name);
        }
    }
    // We read the messages in English. On macOS, Postgres does not start without LC_ALL.
    command.env("LC_ALL", "C").env("TZ", "UTC");
    identity.confine(&mut command);
    command
}

fn start(command: &mut Command, program: &Path) -> Result<Child, EmbeddedError> {
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(io_at("cannot run", program))
}

fn finish(mut child: Child, input: &str) -> Result<(), EmbeddedError> {
    if let Some(mut stdin) = child.stdin.take() {
        // If the program ended early, its standard error has the reason.
        let _ = stdin.write_all(input.as_bytes());
    }
    let output = child
        .wait_with_output()
        .map_err(|error| EmbeddedError::Create {
            detail: error.to_string(),
        })?;
    if output.status.success() {
        return Ok(());
    }
    Err(EmbeddedError::Create {
        detail: log_file::reason(&String::from_utf8_lossy(&output.stderr)),
    })
}
