//! Runs a Postgres under the data directory, for people who have no database.
//!
//! These always hold: one process at a time runs the directory's Postgres, by a lock that the kernel
//! releases however that process ends. Postgres listens only on a Unix socket, in a directory that is
//! closed to other users, and syncs its commits. No process is ever signalled but the Postgres of this
//! very directory. `docs/adr/0001-embedded-postgres.md` says why we have our own launcher, and what the
//! traps are.

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
/// The database that the server uses.
const DATABASE: &str = "turnkey";

/// How long a server waits for a command that is just using the directory.
const COMMAND_ENDS_WITHIN: Duration = Duration::from_secs(10);
/// How long a command waits for another process's Postgres to get ready.
const HOST_READY_WITHIN: Duration = Duration::from_secs(60);
/// How long a command keeps its Postgres for others that joined it.
const GUESTS_LEAVE_WITHIN: Duration = Duration::from_secs(30);
const POLL: Duration = Duration::from_millis(20);

/// Whether a commit survives a power cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Durability {
    /// Every commit is on the disk before it is answered.
    #[default]
    Durable,
    /// No fsync: for data that nobody will miss.
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

/// How the embedded Postgres is run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// Whether commits are synced.
    pub durability: Durability,
    /// Sessions at once, over all databases: the pool, the tail, the projector, and commands.
    pub max_connections: u16,
    /// How root becomes another user.
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

/// Where the database is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Connection {
    /// The directory of the Unix socket.
    pub socket_directory: PathBuf,
    /// The number in the name of the socket.
    pub port: u16,
    pub user: &'static str,
    /// The name of the database.
    pub database: &'static str,
}

impl Connection {
    /// As libpq reads it: `host='/srv/data/run' port=5432 user=turnkey dbname=turnkey`. It holds
    /// no secret: who may enter the socket's directory may enter the database.
    pub fn to_connection_string(&self) -> String {
        let host = self.socket_directory.to_string_lossy();
        let host = host.replace('\\', "\\\\").replace('\'', "\\'");
        let (port, user, database) = (self.port, self.user, self.database);
        format!("host='{host}' port={port} user={user} dbname={database}")
    }
}

/// A Postgres that accepts connections: one's own, until this is stopped or dropped, or another
/// process's.
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

/// Starts the directory's Postgres for a server and returns once it accepts connections. Makes the
/// directory and the database where there are none. Blocks: for about a second the first time,
/// for up to two minutes where a long log has to be replayed.
///
/// It is started again by itself if it dies, and stops when this process does, however that ends.
///
/// # Errors
/// `InUse` at once where another server runs on the directory. See [`EmbeddedError`].
pub fn start(data_dir: &Path) -> Result<Embedded, EmbeddedError> {
    start_with(data_dir, Options::default())
}

/// As [`start`], run otherwise than by default.
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

/// For a command: joins the Postgres that a server (or another command) runs on the directory, or
/// starts it until the returned value is stopped or dropped. Blocks like [`start`].
///
/// # Errors
/// See [`EmbeddedError`].
pub fn join_or_start(data_dir: &Path) -> Result<Embedded, EmbeddedError> {
    let layout = Layout::prepare(data_dir)?;
    let deadline = Instant::now() + HOST_READY_WITHIN;
    let mut guest = None;
    loop {
        if let Attempt::Taken(lock) = try_lock(&layout.root, Role::Command)? {
            // Else we would wait for ourselves when we stop.
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
            // The host may be gone by the time this returns: look again.
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
    /// Where the database `turnkey` is reached.
    pub fn connection(&self) -> Connection {
        Connection {
            socket_directory: self.layout.sockets.clone(),
            port: PORT,
            user: ROLE,
            database: DATABASE,
        }
    }

    /// Whether this start made the database.
    pub fn origin(&self) -> Origin {
        self.origin
    }

    /// The data directory, absolute and without links.
    pub fn data_dir(&self) -> &Path {
        &self.layout.root
    }

    /// Stops one's own Postgres (fast shutdown: sessions are ended, everything is on disk) and
    /// waits for its end, at most 16 s; a command first waits up to 30 s for commands that joined
    /// it. Leaves another process's alone. Dropping does the same.
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
                // In this order: who waits to be a guest then finds the directory free.
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

/// A server stops when it is told to; a command lets its guests finish.
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

/// Postgres writes its state as the eighth line of `postmaster.pid`.
fn says_ready(pid_file: &Path) -> bool {
    fs::read_to_string(pid_file).is_ok_and(|text| {
        text.lines()
            .nth(7)
            .is_some_and(|line| line.trim() == "ready")
    })
}
