//! Runs a Postgres under the data directory, for people who have no database.
//!
//! These always hold: one process at a time runs the directory's Postgres, by a lock that the kernel
//! releases however that process ends. Postgres listens only on a Unix socket, in a directory that is
//! closed to other users, and syncs its commits. No process is ever signalled except the Postgres of
//! this directory. `docs/adr/0001-embedded-postgres.md` explains why Turnkey has its own launcher, and
//! lists the traps.

mod binaries;
mod cluster;
mod directory;
mod error;
mod identity;
mod log_file;
mod process;
mod recovery;
mod supervisor;

use std::fs;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use directory::{
    Attempt, DirectoryLock, GuestLock, Layout, PORT, Role, lock_as_guest, try_lock,
    try_lock_out_guests,
};
pub use error::EmbeddedError;
pub use identity::RootDescent;
pub use supervisor::Origin;
use supervisor::Supervisor;

/// The role that owns everything in the cluster.
const ROLE: &str = "turnkey";
/// The database of the server.
const DATABASE: &str = "turnkey";

/// How long a server waits for a command that uses the directory.
const COMMAND_ENDS_WITHIN: Duration = Duration::from_secs(10);
/// How long a command waits until another process's Postgres is ready.
const HOST_READY_WITHIN: Duration = Duration::from_secs(60);
/// How long a command keeps its Postgres running for commands that joined it.
const GUESTS_LEAVE_WITHIN: Duration = Duration::from_secs(30);
const POLL: Duration = Duration::from_millis(20);

/// Whether a commit survives a power cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Durability {
    /// Every commit is on the disk before it is answered.
    #[default]
    Durable,
    /// Commits are not synced. Only for data that may be lost.
    TestsOnly,
}

impl Durability {
    fn fsync_setting(self) -> &'static str {
        match self {
            Durability::Durable => "fsync=on",
            Durability::TestsOnly => "fsync=off",
        }
    }
}

/// The settings of the embedded Postgres.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// Whether commits are synced.
    pub durability: Durability,
    /// The most sessions over all databases: the pool, the tail, the projector, and commands.
    pub max_connections: u16,
    /// The way in which root gives up its rights.
    pub root_descent: RootDescent,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            durability: Durability::default(),
            max_connections: 100,
            root_descent: RootDescent::default(),
        }
    }
}

/// The address of the database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Connection {
    /// The directory of the Unix socket.
    pub socket_directory: PathBuf,
    /// The number in the socket's name.
    pub port: u16,
    pub user: &'static str,
    /// The name of the database.
    pub database: &'static str,
}

impl Connection {
    /// The address in libpq's form: `host='/srv/data/run' port=5432 user=turnkey dbname=turnkey`. It holds
    /// no secret: a user who may enter the socket's directory may enter the database.
    pub fn to_connection_string(&self) -> String {
        let host = self.socket_directory.to_string_lossy();
        let host = host.replace('\\', "\\\\").replace('\'', "\\'");
        let (port, user, database) = (self.port, self.user, self.database);
        format!("host='{host}' port={port} user={user} dbname={database}")
    }
}

/// A Postgres that accepts connections: our own, until this is stopped or dropped, or that of another
/// process.
#[derive(Debug)]
pub struct Embedded {
    layout: Layout,
    origin: Origin,
    place: Option<Place>,
}

#[derive(Debug)]
enum Place {
    Host {
        supervisor: Supervisor,
        lock: DirectoryLock,
        role: Role,
    },
    Guest {
        _lock: GuestLock,
    },
}

/// Starts the directory's Postgres for a server, and returns when it accepts connections. Creates the
/// directory and the database if they do not exist. Blocks: for about a second the first time, for up
/// to two minutes if a long log must be replayed.
///
/// Postgres is restarted if it dies, and stops when this process ends, however it ends.
///
/// # Errors
/// `InUse` at once if another server runs on the directory. See [`EmbeddedError`].
pub fn start(data_dir: &Path) -> Result<Embedded, EmbeddedError> {
    start_with(data_dir, Options::default())
}

/// As [`start`], with other settings.
///
/// # Errors
/// As [`start`].
pub fn start_with(data_dir: &Path, options: Options) -> Result<Embedded, EmbeddedError> {
    let layout = Layout::prepare(data_dir)?;
    let deadline = Instant::now() + COMMAND_ENDS_WITHIN;
    loop {
        let holder = match try_lock(&layout.root, Role::Server)? {
            Attempt::Taken(lock) => return host(layout, lock, Role::Server, options),
            Attempt::Held(holder) => holder,
        };
        if holder.role == Some(Role::Server) || Instant::now() > deadline {
            return Err(EmbeddedError::InUse {
                directory: layout.root,
                holder: holder.name,
            });
        }
        thread::sleep(POLL);
    }
}

/// For a command: joins the Postgres that a server or another command runs on the directory. If none
/// runs, it starts Postgres until the returned value is stopped or dropped. Blocks like [`start`].
///
/// # Errors
/// See [`EmbeddedError`].
pub fn join_or_start(data_dir: &Path) -> Result<Embedded, EmbeddedError> {
    let layout = Layout::prepare(data_dir)?;
    let deadline = Instant::now() + HOST_READY_WITHIN;
    let mut guest = None;
    loop {
        if let Attempt::Taken(lock) = try_lock(&layout.root, Role::Command)? {
            // Otherwise we would wait for ourselves when we stop.
            drop(guest);
            return host(layout, lock, Role::Command, Options::default());
        }
        match guest.take() {
            Some(guest) if accepts_connections(&layout) => {
                return Ok(Embedded {
                    layout,
                    origin: Origin::Found,
                    place: Some(Place::Guest { _lock: guest }),
                });
            }
            Some(waiting) => guest = Some(waiting),
            // The host may have ended in the meantime, so look again.
            None => {
                guest = Some(lock_as_guest(&layout.root)?);
                continue;
            }
        }
        if Instant::now() > deadline {
            return Err(EmbeddedError::NotReady {
                seconds: HOST_READY_WITHIN.as_secs(),
                log: layout.log,
            });
        }
        thread::sleep(POLL);
    }
}

fn host(
    layout: Layout,
    lock: DirectoryLock,
    role: Role,
    options: Options,
) -> Result<Embedded, EmbeddedError> {
    let (supervisor, origin) = supervisor::start(layout.clone(), options)?;
    Ok(Embedded {
        layout,
        origin,
        place: Some(Place::Host {
            supervisor,
            lock,
            role,
        }),
    })
}

impl Embedded {
    /// The address of the database `turnkey`.
    pub fn connection(&self) -> Connection {
        Connection {
            socket_directory: self.layout.sockets.clone(),
            port: PORT,
            user: ROLE,
            database: DATABASE,
        }
    }

    /// Whether this start made the database or found it.
    pub fn origin(&self) -> Origin {
        self.origin
    }

    /// The data directory, absolute and without symbolic links.
    pub fn data_dir(&self) -> &Path {
        &self.layout.root
    }

    /// Stops our own Postgres (fast shutdown: sessions are ended, all data are on disk) and waits for its
    /// end, at most 16 s. A command first waits up to 30 s for commands that joined it. The Postgres of
    /// another process keeps running. Dropping has the same effect.
    pub fn stop(mut self) {
        self.leave();
    }

    fn leave(&mut self) {
        match self.place.take() {
            Some(Place::Host {
                mut supervisor,
                lock,
                role,
            }) => {
                let no_guests = lock_out_guests(&self.layout.root, role);
                supervisor.stop();
                // In this order, so that a command that waits to be a guest finds the directory free.
                drop(lock);
                drop(no_guests);
            }
            Some(Place::Guest { .. }) | None => {}
        }
    }
}

impl Drop for Embedded {
    fn drop(&mut self) {
        self.leave();
    }
}

/// Keeps guests out. A server does not wait for its guests; a command lets them finish.
fn lock_out_guests(root: &Path, role: Role) -> Option<GuestLock> {
    let deadline = Instant::now()
        + match role {
            Role::Server => Duration::ZERO,
            Role::Command => GUESTS_LEAVE_WITHIN,
        };
    loop {
        let locked = try_lock_out_guests(root);
        if locked.is_some() || Instant::now() >= deadline {
            return locked;
        }
        thread::sleep(POLL);
    }
}

fn accepts_connections(layout: &Layout) -> bool {
    let socket = layout.sockets.join(format!(".s.PGSQL.{PORT}"));
    says_ready(&layout.pid_file()) && UnixStream::connect(socket).is_ok()
}

/// Whether Postgres is ready: it writes its state as the eighth line of `postmaster.pid`.
fn says_ready(pid_file: &Path) -> bool {
    fs::read_to_string(pid_file).is_ok_and(|text| {
        text.lines()
            .nth(7)
            .is_some_and(|line| line.trim() == "ready")
    })
}
