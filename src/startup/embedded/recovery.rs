//! Cleans up what a killed server, or a killed Postgres, left in the directory.
//!
//! The caller holds the directory's lock, so no Turnkey runs a Postgres here. What may be left: a living
//! Postgres whose parent was killed; a `postmaster.pid` and a socket lock whose process is gone, is a
//! zombie, or is now an unrelated process.

use std::fs;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;
use nix::unistd::Pid;

use super::EmbeddedError;
use super::directory::{Layout, PORT};
use super::error::io_at;
use super::process::{is_postgres_of, signal};

/// How an orphan is asked to stop, and how long it is given: fast shutdown, immediate shutdown
/// (the log is replayed at the next start), and at last by force.
const ORPHAN_STOP: [(Signal, Duration); 3] = [
    (Signal::SIGINT, Duration::from_secs(10)),
    (Signal::SIGQUIT, Duration::from_secs(5)),
    (Signal::SIGKILL, Duration::from_secs(2)),
];
const INITDB_ENDS_WITHIN: Duration = Duration::from_secs(5);
const POLL: Duration = Duration::from_millis(5);

/// Makes the directory startable: stops a Postgres of this directory, and only that, and makes
/// stale lock files harmless.
pub fn recover(layout: &Layout) -> Result<(), EmbeddedError> {
    let pid_file = layout.pid_file();
    if let Some(pid) = recorded_pid(&pid_file) {
        stop_orphan(pid, layout)?;
    }
    disown(&pid_file)?;
    remove_if_there(&layout.sockets.join(format!(".s.PGSQL.{PORT}.lock")))?;
    remove_if_there(&layout.sockets.join(format!(".s.PGSQL.{PORT}")))
}

/// Removes what interrupted attempts to make a cluster left.
pub fn remove_unfinished(layout: &Layout) -> Result<(), EmbeddedError> {
    let entries = fs::read_dir(&layout.root).map_err(io_at("cannot read", &layout.root))?;
    for entry in entries.flatten() {
        if entry.file_name().to_string_lossy().starts_with(UNFINISHED) {
            remove_tree(&entry.path())?;
        }
    }
    Ok(())
}

/// An `initdb` whose parent was just killed may still be writing, or clearing up itself.
fn remove_tree(path: &Path) -> Result<(), EmbeddedError> {
    let deadline = Instant::now() + INITDB_ENDS_WITHIN;
    loop {
        match fs::remove_dir_all(path) {
            Ok(()) => return Ok(()),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
            Err(error) if Instant::now() > deadline => {
                return Err(io_at("cannot remove", path)(error));
            }
            Err(_) => thread::sleep(POLL),
        }
    }
}

/// How the names of clusters in the making begin.
pub const UNFINISHED: &str = "postgres.new-";

/// The pid in the first line of `postmaster.pid`.
pub fn recorded_pid(pid_file: &Path) -> Option<Pid> {
    let text = fs::read_to_string(pid_file).ok()?;
    let pid: i32 = text.lines().next()?.trim().parse().ok()?;
    // A stand-alone backend writes its pid negated.
    (pid.abs() > 1).then(|| Pid::from_raw(pid.abs()))
}

fn stop_orphan(pid: Pid, layout: &Layout) -> Result<(), EmbeddedError> {
    for (how, patience) in ORPHAN_STOP {
        if !is_postgres_of(pid, &layout.cluster) {
            return Ok(());
        }
        tracing::warn!(%pid, signal = how.as_str(), "stopping the Postgres of an earlier run");
        signal(pid, how);
        let deadline = Instant::now() + patience;
        while Instant::now() < deadline && is_postgres_of(pid, &layout.cluster) {
            thread::sleep(POLL);
        }
    }
    if is_postgres_of(pid, &layout.cluster) {
        return Err(EmbeddedError::Orphan {
            directory: layout.root.clone(),
            pid: pid.as_raw(),
        });
    }
    Ok(())
}

/// Puts our own pid in place of a dead one. Postgres refuses to start while *any* process has the
/// recorded pid, zombies and strangers included, but takes its own parent's as stale. The file
/// itself stays: it names the shared memory by which Postgres finds backends that still live.
fn disown(pid_file: &Path) -> Result<(), EmbeddedError> {
    let Ok(text) = fs::read_to_string(pid_file) else {
        return Ok(());
    };
    match text.split_once('\n') {
        Some((_, rest)) => {
            let owned = format!("{}\n{rest}", std::process::id());
            fs::write(pid_file, owned).map_err(io_at("cannot write", pid_file))
        }
        // Torn by a crash: nothing in it to keep, and Postgres would refuse an empty one.
        None => remove_if_there(pid_file),
    }
}

fn remove_if_there(path: &Path) -> Result<(), EmbeddedError> {
    match fs::remove_file(path) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(io_at("cannot remove", path)(error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stale_pid_file_keeps_all_but_its_pid() {
        let directory = std::env::temp_dir().join(format!("turnkey-pid-{}", std::process::id()));
        fs::create_dir_all(&directory).unwrap();
        let pid_file = directory.join("postmaster.pid");
        fs::write(
            &pid_file,
            "4711\n/data\n1234\n5432\n/run\n\n  99 7\nready   \n",
        )
        .unwrap();
        disown(&pid_file).unwrap();
        assert_eq!(recorded_pid(&pid_file), Some(Pid::this()));
        let text = fs::read_to_string(&pid_file).unwrap();
        assert!(
            text.ends_with("\n/data\n1234\n5432\n/run\n\n  99 7\nready   \n"),
            "{text}"
        );
        fs::write(&pid_file, "").unwrap();
        disown(&pid_file).unwrap();
        assert!(!pid_file.exists());
        fs::remove_dir_all(&directory).unwrap();
    }
}
