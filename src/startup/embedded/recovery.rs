//! Cleans up the remnants of a killed server or a killed Postgres.
//!
//! The caller holds the directory's lock, so no Turnkey runs a Postgres here. There may be a living
//! Postgres whose parent was killed, or a `postmaster.pid` and a socket lock whose process is gone, is a
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

/// The signals that stop an orphan, each with its time: fast shutdown, immediate shutdown (the next
/// start replays the log), and finally a kill.
const ORPHAN_STOP: [(Signal, Duration); 3] = [
    (Signal::SIGINT, Duration::from_secs(10)),
    (Signal::SIGQUIT, Duration::from_secs(5)),
    (Signal::SIGKILL, Duration::from_secs(2)),
];
const INITDB_ENDS_WITHIN: Duration = Duration::from_secs(5);
const POLL: Duration = Duration::from_millis(5);

/// Prepares the directory for a start: stops a Postgres of this directory and no other, and makes stale
/// lock files harmless.
pub fn recover(layout: &Layout) -> Result<(), EmbeddedError> {
    let pid_file = layout.pid_file();
    if let Some(pid) = recorded_pid(&pid_file) {
        stop_orphan(pid, layout)?;
    }
    disown(&pid_file)?;
    remove_if_there(&layout.sockets.join(format!(".s.PGSQL.{PORT}.lock")))?;
    remove_if_there(&layout.sockets.join(format!(".s.PGSQL.{PORT}")))
}

/// Removes the remnants of interrupted attempts to make a cluster.
pub fn remove_unfinished(layout: &Layout) -> Result<(), EmbeddedError> {
    let entries = fs::read_dir(&layout.root).map_err(io_at("cannot read", &layout.root))?;
    for entry in entries.flatten() {
        if entry.file_name().to_string_lossy().starts_with(UNFINISHED) {
            remove_tree(&entry.path())?;
        }
    }
    Ok(())
}

/// Retries, because an `initdb` whose parent was just killed may still be writing or cleaning up.
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

/// The prefix of the names of unfinished clusters.
pub const UNFINISHED: &str = "postgres.new-";

/// The pid in the first line of `postmaster.pid`.
pub fn recorded_pid(pid_file: &Path) -> Option<Pid> {
    let text = fs::read_to_string(pid_file).ok()?;
    let pid: i32 = text.lines().next()?.trim().parse().ok()?;
    // A stand-alone backend writes its pid as a negative number.
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

/// Replaces a dead pid by our own. Postgres refuses to start while *any* process has the recorded pid,
/// even a zombie or an unrelated one, but it treats its own parent's pid as stale. The file itself stays,
/// because it names the shared memory by which Postgres finds backends that still live.
fn disown(pid_file: &Path) -> Result<(), EmbeddedError> {
    let Ok(text) = fs::read_to_string(pid_file) else {
        return Ok(());
    };
    match text.split_once('\n') {
        Some((_, rest)) => {
            let owned = format!("{}\n{rest}", std::process::id());
            fs::write(pid_file, owned).map_err(io_at("cannot write", pid_file))
        }
        // A crash has torn the file. It holds nothing worth keeping, and Postgres refuses an empty one.
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
