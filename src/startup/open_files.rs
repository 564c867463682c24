//! The number of connections that the system allows this process.
//!
//! Each connection is an open file. A listener without a free file can neither accept nor refuse, not
//! even a health check. So sockets, and connections as a whole, are limited to fewer than the files.

use nix::sys::resource::{Resource, getrlimit, setrlimit};

use crate::control;

/// The number of other connections beside the sockets, if the system allows that many.
const OTHER_CONNECTIONS: usize = 10_000;
/// Files for everything except client and database connections: listeners, worker threads, logs.
const OWN_FILES: usize = 100;

/// The connections that this instance has room for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Room {
    /// WebSockets.
    pub sockets: usize,
    /// Connections on the public listener, including the WebSockets.
    pub connections: usize,
    /// Connections on the control listener.
    pub control_connections: usize,
}

/// Raises the limit of open files as far as the system allows. Returns the room for connections: at
/// most `sockets` WebSockets, beside `pool_size` connections to the database.
pub fn make_room(sockets: usize, pool_size: usize) -> Room {
    let files = raise_limit();
    let room = Room::within(files.saturating_sub(OWN_FILES + pool_size), sockets);
    if room.sockets < sockets {
        tracing::warn!(
            files,
            sockets = room.sockets,
            "the limit of open files (ulimit -n) has room for fewer than TURNKEY_MAX_SOCKETS"
        );
    }
    room
}

impl Room {
    /// Leaves up to an eighth of the files to connections other than WebSockets, and up to another eighth
    /// to the control plane.
    fn within(files: usize, sockets: usize) -> Room {
        let others = OTHER_CONNECTIONS.min(files / 8);
        let control_connections = control::MAX_CONNECTIONS.min(files / 8);
        let sockets = sockets.min(files - others - control_connections);
        Room {
            sockets,
            connections: sockets + others,
            control_connections,
        }
    }
}

/// Raises the limit and returns it.
fn raise_limit() -> usize {
    let Ok((soft, hard)) = getrlimit(Resource::RLIMIT_NOFILE) else {
        return usize::MAX;
    };
    // Some systems report a limit that they then refuse. macOS reports none, but accepts this one.
    const ALLOWED_EVERYWHERE: u64 = 10_240;
    let files = [hard, hard.min(ALLOWED_EVERYWHERE)]
        .into_iter()
        .filter(|files| *files > soft)
        .find(|files| setrlimit(Resource::RLIMIT_NOFILE, *files, hard).is_ok());
    usize::try_from(files.unwrap_or(soft)).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sockets_and_connections_end_before_the_files() {
        let room = |sockets, connections, control_connections| Room {
            sockets,
            connections,
            control_connections,
        };
        assert_eq!(
            Room::within(1_000_000, 50_000),
            room(50_000, 60_000, control::MAX_CONNECTIONS)
        );
        assert_eq!(Room::within(800, 50_000), room(600, 700, 100));
        assert_eq!(Room::within(800, 100), room(100, 200, 100));
        assert_eq!(Room::within(0, 7), room(0, 0, 0));
    }
}
