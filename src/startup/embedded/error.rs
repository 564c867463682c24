//! The reasons why the embedded Postgres did not start. Every message is one line for the operator.

use std::io;
use std::path::{Path, PathBuf};

/// The reason why the embedded Postgres did not start or cannot be joined.
#[derive(Debug, thiserror::Error)]
pub enum EmbeddedError {
    /// No supported version of Postgres is installed.
    #[error(
        "no Postgres {minimum} or newer is installed: run `{command}`, or set DATABASE_URL",
        command = if cfg!(target_os = "macos") {
            "brew install postgresql@17"
        } else {
            "apt-get install postgresql"
        }
    )]
    NotInstalled { minimum: u32 },
    /// The data of the directory were made by a major version that is not installed.
    #[error(
        "{} was made by Postgres {made_by}, and only {installed} is installed: install \
         Postgres {made_by}, or move the data with pg_upgrade",
        directory.display()
    )]
    OtherVersion {
        /// The directory.
        directory: PathBuf,
        /// The major version that made the data.
        made_by: u32,
        /// The versions that are installed.
        installed: String,
    },
    /// The setting names a path that is not a directory and cannot become one.
    #[error("TURNKEY_DATA_DIR {} cannot be made: {source}", directory.display())]
    DataDirectory {
        /// The directory.
        directory: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// Another Turnkey process uses this data directory.
    #[error("another turnkey ({holder}) is already running on {}", directory.display())]
    InUse { directory: PathBuf, holder: String },
    /// The path cannot hold a socket, or does not belong to us.
    #[error("{} cannot hold the database's socket: {reason}", directory.display())]
    SocketDirectory {
        /// The directory.
        directory: PathBuf,
        /// The problem with it.
        reason: &'static str,
    },
    /// The data belong to another user, and this process may not switch to that user.
    #[error("{} belongs to user id {owner}: start turnkey as that user or as root", directory.display())]
    OtherOwner { directory: PathBuf, owner: u32 },
    /// Postgres refuses to run as root, and no other user can reach the directory.
    #[error(
        "Postgres does not run as root, and no other user can reach {}: start turnkey as an \
         ordinary user, or set TURNKEY_DATA_DIR to a directory that others may enter",
        directory.display()
    )]
    NoUser { directory: PathBuf },
    /// `initdb` or the first setup of the database failed.
    #[error("making the database failed: {detail}")]
    Create { detail: String },
    /// Postgres ended before it was ready.
    #[error("Postgres did not start: {detail} (see {})", log.display())]
    Start { detail: String, log: PathBuf },
    /// A Postgres of this directory, left by an earlier run, cannot be stopped.
    #[error("Postgres {pid} of an earlier run on {} does not stop", directory.display())]
    Orphan { directory: PathBuf, pid: i32 },
    /// Postgres was not ready in time.
    #[error("Postgres was not ready within {seconds} s (see {})", log.display())]
    NotReady { seconds: u64, log: PathBuf },
    /// The operating system refused an action.
    #[error("{action} {}: {source}", path.display())]
    Io {
        /// The action that failed.
        action: &'static str,
        /// The path.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
}

/// Adds the action and the path to an error of the operating system.
pub(super) fn io_at(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> EmbeddedError {
    move |source| EmbeddedError::Io {
        action,
        path: path.to_owned(),
        source,
    }
}
