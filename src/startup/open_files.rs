//! How many connections the system lets this process hold.
//!
//! Each connection is an open file. A listener without a free file can neither accept nor refuse, not
//! even a health check. So sockets, and connections as a whole, are limited to fewer than the files.

use nix::sys::resource::{Resource, getrlimit, setrlimit};

use crate::control;

/// How many connections there may be beside the sockets, where the system allows so many.
const OTHER_CONNECTIONS: usize = 10_000;
/// Files for everything but connections and the pool's: listeners, worker threads, logs.
const OWN_FILES: usize = 100;

/// The connections that this instance has room for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Room {
    /// WebSockets.
    pub sockets: usize,
    /// On the public listener, the sockets among them.
    pub connections: usize,
    /// On the control listener.
    pub control_connections: usize,
}

/// Has the system allow as many open files as it will, and says what `sockets` come to beside a
/// pool of `pool_size` connections to the database.
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
    /// Up to an eighth of the files is left for other connections than sockets, and up to another for
    /// those of the control plane.
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

/// The limit as it is then.
fn raise_limit() -> usize {
    let Ok((soft, hard)) = getrlimit(Resource::RLIMIT_NOFILE) else {
        return usize::MAX;
    };
    // Some systems name a limit that they then do not allow: macOS none at all, and it takes this.
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
