//! The files in the data directory, and the locks that decide which process may use it.
//!
//! The process that runs the directory's Postgres holds an `flock` on the file `lock` for as long as it
//! lives; the kernel releases it however that process ends. Commands that joined another process's
//! Postgres share a lock on a second file, `guests`.

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt, chown};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::EmbeddedError;
use super::error::io_at;

/// The number in the socket's name. Postgres does not listen on TCP.
pub const PORT: u16 = 5432;

/// The longest path that fits a socket address, without its final NUL.
const SOCKET_PATH_BYTES: usize = if cfg!(target_os = "linux") { 107 } else { 103 };

/// The paths of one data directory.
#[derive(Debug, Clone)]
pub struct Layout {
    /// The data directory itself, absolute and without symbolic links.
    pub root: PathBuf,
    /// Postgres' own directory (`PGDATA`).
    pub cluster: PathBuf,
    /// The directory of the socket: the data directory, or a short path if that one is unsuitable.
    pub sockets: PathBuf,
    /// The log of Postgres.
    pub log: PathBuf,
}

impl Layout {
    /// Creates the data directory if it does not exist, closed to other users.
    pub fn prepare(data_dir: &Path) -> Result<Layout, EmbeddedError> {
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(data_dir)
            .map_err(|source| EmbeddedError::DataDirectory {
                directory: data_dir.to_owned(),
                source,
            })?;
        let root = fs::canonicalize(data_dir).map_err(io_at("cannot resolve", data_dir))?;
        Ok(Layout::of(root))
    }

    fn of(root: PathBuf) -> Layout {
        Layout {
            cluster: root.join("postgres"),
            sockets: socket_directory(&root),
            log: root.join("postgres.log"),
            root,
        }
    }

    /// The file in which Postgres writes its process id.
    pub fn pid_file(&self) -> PathBuf {
        self.cluster.join("postmaster.pid")
    }

    /// The major version that made the cluster; `None` if there is no cluster.
    pub fn made_by(&self) -> Option<u32> {
        let version = fs::read_to_string(self.cluster.join("PG_VERSION")).ok()?;
        version.trim().parse().ok()
    }

    /// Makes the socket's directory: mode 0700, owned by the user that runs Postgres. The short path lies in
    /// a directory that all users share, so a directory with other properties is refused.
    pub fn prepare_sockets(&self, owner: (u32, u32)) -> Result<(), EmbeddedError> {
        let directory = &self.sockets;
        let refuse = |reason| EmbeddedError::SocketDirectory {
            directory: directory.clone(),
            reason,
        };
        match DirBuilder::new().mode(0o700).create(directory) {
            Ok(()) => chown(directory, Some(owner.0), Some(owner.1))
                .map_err(io_at("cannot hand over", directory))?,
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(io_at("cannot make", directory)(error)),
        }
        // Reads the path itself and does not follow a symbolic link, which an attacker may have planted.
        let found = fs::symlink_metadata(directory).map_err(io_at("cannot read", directory))?;
        if !found.is_dir() {
            return Err(refuse("it is not a directory"));
        }
        if found.uid() != owner.0 {
            let ours = found.uid() == nix::unistd::geteuid().as_raw();
            if !ours && !directory.starts_with(&self.root) {
                return Err(refuse("it belongs to another user"));
            }
            chown(directory, Some(owner.0), Some(owner.1))
                .map_err(io_at("cannot hand over", directory))?;
        }
        if found.permissions().mode() & 0o777 != 0o700 {
            fs::set_permissions(directory, fs::Permissions::from_mode(0o700))
                .map_err(io_at("cannot close to others", directory))?;
        }
        Ok(())
    }
}

fn socket_directory(root: &Path) -> PathBuf {
    let inside = root.join("run");
    let socket = inside.join(format!(".s.PGSQL.{PORT}"));
    let fits = socket.as_os_str().len() <= SOCKET_PATH_BYTES;
    // A comma separates hosts in a connection string, and it cannot be quoted.
    if fits && inside.to_str().is_some_and(|path| !path.contains(',')) {
        return inside;
    }
    // Not $TMPDIR: a command that joins must find the same directory in any environment.
    let digest = Sha256::digest(root.as_os_str().as_bytes());
    let name: String = digest[..10].iter().map(|b| format!("{b:02x}")).collect();
    Path::new("/tmp").join(format!("turnkey-{name}"))
}

/// The kind of process that runs Postgres.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// A server.
    Server,
    /// A command.
    Command,
}

impl Role {
    fn word(self) -> &'static str {
        match self {
            Role::Server => "server",
            Role::Command => "command",
        }
    }
}

/// The right to run Postgres on a data directory. Dropping it gives the right up.
#[derive(Debug)]
pub struct DirectoryLock {
    _file: File,
}

/// The holder of the lock, as it wrote itself into the lock file.
#[derive(Debug, PartialEq, Eq)]
pub struct Holder {
    /// `None` in the moment between taking the lock and writing the file.
    pub role: Option<Role>,
    /// For example `process 4711`.
    pub name: String,
}

/// The outcome of trying to take the lock.
#[derive(Debug)]
pub enum Attempt {
    /// This process has the lock now.
    Taken(DirectoryLock),
    /// Another process holds the lock.
    Held(Holder),
}

/// Takes the directory's lock unless another process has it. Does not wait.
pub fn try_lock(root: &Path, role: Role) -> Result<Attempt, EmbeddedError> {
    let path = root.join("lock");
    let mut file = open_lock_file(&path)?;
    match file.try_lock() {
        Ok(()) => {
            let line = format!("{} {}\n", role.word(), std::process::id());
            file.set_len(0)
                .and_then(|()| file.write_all(line.as_bytes()))
                .map_err(io_at("cannot write", &path))?;
            Ok(Attempt::Taken(DirectoryLock { _file: file }))
        }
        Err(TryLockError::WouldBlock) => {
            let mut line = String::new();
            file.rewind()
                .and_then(|()| file.read_to_string(&mut line))
                .map_err(io_at("cannot read", &path))?;
            Ok(Attempt::Held(parse_holder(&line)))
        }
        Err(TryLockError::Error(error)) => Err(io_at("cannot lock", &path)(error)),
    }
}

fn parse_holder(line: &str) -> Holder {
    let (role, process) = line.trim().split_once(' ').unwrap_or(("", "unknown"));
    let role = [Role::Server, Role::Command]
        .into_iter()
        .find(|known| known.word() == role);
    Holder {
        role,
        name: format!("process {process}"),
    }
}

/// A lock that commands share while they use another process's Postgres. That process takes it
/// exclusively when it stops its Postgres.
#[derive(Debug)]
pub struct GuestLock {
    _file: File,
}

/// Becomes a guest. Waits while a host stops its Postgres, for a bounded time. The guest must then look
/// for the host again.
pub fn lock_as_guest(root: &Path) -> Result<GuestLock, EmbeddedError> {
    let path = root.join("guests");
    let file = open_lock_file(&path)?;
    file.lock_shared().map_err(io_at("cannot lock", &path))?;
    Ok(GuestLock { _file: file })
}

/// Keeps new guests out; `None` if there are guests.
pub fn try_lock_out_guests(root: &Path) -> Option<GuestLock> {
    let file = open_lock_file(&root.join("guests")).ok()?;
    file.try_lock().ok()?;
    Some(GuestLock { _file: file })
}

fn open_lock_file(path: &Path) -> Result<File, EmbeddedError> {
    OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(path)
        .map_err(io_at("cannot open", path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_path_gets_a_short_socket_of_its_own() {
        let short = Layout::of(PathBuf::from("/srv/turnkey"));
        assert_eq!(short.sockets, Path::new("/srv/turnkey/run"));
        let long = |last: &str| Layout::of(Path::new("/srv").join("d".repeat(120)).join(last));
        let (one, other) = (long("one").sockets, long("other").sockets);
        assert!(one.as_os_str().len() < 40, "{one:?}");
        assert_ne!(one, other);
        assert_eq!(one, long("one").sockets);
        assert!(Layout::of("/srv/a,b".into()).sockets.starts_with("/tmp"));
    }

    #[test]
    fn reads_who_holds_the_lock() {
        let holder = parse_holder("server 4711\n");
        assert_eq!(holder.role, Some(Role::Server));
        assert_eq!(holder.name, "process 4711");
        assert_eq!(parse_holder("").role, None);
    }
}
