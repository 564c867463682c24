//! Chooses the user that Postgres runs as, because it refuses to run as root.
//!
//! An ordinary user runs Postgres itself. For root, a user namespace in which root has another number is
//! tried first: the files stay root's, and a home that is closed to others still works. If namespaces
//! are forbidden (containers, hardened kernels), Postgres runs as the user `postgres` or `nobody`, and
//! its directory is given to that user.

use std::fs;
use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};

use nix::unistd::{Uid, User, geteuid};

use super::EmbeddedError;
use super::binaries::Binaries;
use super::directory::Layout;
use super::error::io_at;

/// The way in which root gives up its rights.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum RootDescent {
    /// A user namespace, or another user if namespaces are forbidden.
    #[default]
    NamespaceFirst,
    /// Another user, without trying a namespace.
    OtherUser,
}

/// The user that a program runs as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Identity {
    /// The user of this process.
    Caller,
    /// Root outside; `uid` and `gid` inside its own user namespace.
    Namespace {
        /// The number of the user.
        uid: u32,
        /// The number of the group.
        gid: u32,
    },
    /// Another user.
    User {
        /// The number of the user.
        uid: u32,
        /// The number of the group.
        gid: u32,
    },
}

impl Identity {
    /// The owner of the files outside the namespace.
    pub fn file_owner(self) -> (u32, u32) {
        match self {
            Identity::Caller => (geteuid().as_raw(), nix::unistd::getegid().as_raw()),
            Identity::Namespace { .. } => (0, 0),
            Identity::User { uid, gid } => (uid, gid),
        }
    }

    /// Makes `command` run as this identity and in its own process group, so that Ctrl-C reaches the server
    /// first. The program stops when the calling *thread* ends, however it ends.
    pub fn confine(self, command: &mut Command) {
        command.process_group(0);
        match self {
            Identity::User { uid, gid } => {
                command.uid(uid).gid(gid);
            }
            Identity::Caller | Identity::Namespace { .. } => {}
        }
        #[cfg(target_os = "linux")]
        linux::confine(self, command);
    }
}

/// Chooses the identity for the cluster in `layout` by trying: it must be able to start programs and
/// reach the data directory.
///
/// # Errors
/// `OtherOwner` or `NoUser` if no identity can.
pub fn choose(
    layout: &Layout,
    binaries: &Binaries,
    descent: RootDescent,
) -> Result<Identity, EmbeddedError> {
    let owner = fs::metadata(&layout.cluster).ok().map(|data| data.uid());
    let caller = geteuid();
    if !caller.is_root() {
        return match owner {
            Some(owner) if owner != caller.as_raw() => Err(EmbeddedError::OtherOwner {
                directory: layout.cluster.clone(),
                owner,
            }),
            Some(_) | None => Ok(Identity::Caller),
        };
    }
    let identities = match owner {
        Some(owner) if owner != 0 => user(Uid::from_raw(owner)).into_iter().collect(),
        Some(_) | None => descents(layout, descent),
    };
    for identity in identities {
        if let Identity::User { uid, .. } = identity {
            let_through(&layout.root, uid)?;
        }
        if can_run(identity, layout, binaries) {
            return Ok(identity);
        }
    }
    Err(EmbeddedError::NoUser {
        directory: layout.root.clone(),
    })
}

/// Gives a directory tree to the identity that will use it.
pub fn hand_over(directory: &Path, identity: Identity) -> Result<(), EmbeddedError> {
    let (uid, gid) = identity.file_owner();
    let found = fs::symlink_metadata(directory).map_err(io_at("cannot read", directory))?;
    if found.uid() == uid {
        return Ok(());
    }
    if found.is_dir() {
        for entry in fs::read_dir(directory).map_err(io_at("cannot read", directory))? {
            let entry = entry.map_err(io_at("cannot read", directory))?;
            hand_over(&entry.path(), identity)?;
        }
    }
    // The top comes last, so that an interrupted hand-over is continued.
    std::os::unix::fs::lchown(directory, Some(uid), Some(gid))
        .map_err(io_at("cannot hand over", directory))
}

fn descents(layout: &Layout, descent: RootDescent) -> Vec<Identity> {
    let known = ["postgres", "nobody"]
        .into_iter()
        .filter_map(|name| User::from_name(name).ok().flatten())
        .filter_map(|known| user(known.uid));
    // The owner of a home that is closed to others can still enter it.
    let neighbour = layout
        .root
        .parent()
        .and_then(|parent| fs::metadata(parent).ok())
        .and_then(|parent| user(Uid::from_raw(parent.uid())));
    let users: Vec<Identity> = known.chain(neighbour).collect();
    let namespace = match (descent, users.first()) {
        (RootDescent::NamespaceFirst, Some(&Identity::User { uid, gid }))
            if cfg!(target_os = "linux") =>
        {
            Some(Identity::Namespace { uid, gid })
        }
        (RootDescent::NamespaceFirst | RootDescent::OtherUser, _) => None,
    };
    namespace.into_iter().chain(users).collect()
}

/// The user needs a name, because `initdb` and Postgres look it up.
fn user(uid: Uid) -> Option<Identity> {
    let user = User::from_uid(uid).ok().flatten()?;
    (!user.uid.is_root()).then_some(Identity::User {
        uid: user.uid.as_raw(),
        gid: user.gid.as_raw(),
    })
}

/// Lets the user pass through the data directory but not list it. The files in it are closed by their
/// own modes.
fn let_through(root: &Path, uid: u32) -> Result<(), EmbeddedError> {
    let found = fs::metadata(root).map_err(io_at("cannot read", root))?;
    let mode = found.permissions().mode();
    if found.uid() == uid || mode & 0o001 != 0 {
        return Ok(());
    }
    fs::set_permissions(root, fs::Permissions::from_mode((mode & 0o7777) | 0o011))
        .map_err(io_at("cannot open", root))
}

fn can_run(identity: Identity, layout: &Layout, binaries: &Binaries) -> bool {
    let mut command = Command::new(binaries.postgres());
    command
        .arg("--version")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    identity.confine(&mut command);
    enter(&layout.root, &mut command);
    matches!(command.status(), Ok(status) if status.success())
}

/// Like `current_dir`, but it runs after the change of identity, so that identity needs the permission.
fn enter(directory: &Path, command: &mut Command) {
    let directory = directory.to_owned();
    let change = move || nix::unistd::chdir(&directory).map_err(io::Error::from);
    // SAFETY: between fork and exec this calls only chdir(2). NixPath copies a path of ordinary length to
    // the stack.
    unsafe { command.pre_exec(change) };
}

#[cfg(target_os = "linux")]
mod linux {
    use std::ffi::CStr;
    use std::io;
    use std::os::unix::process::CommandExt;
    use std::process::Command;

    use nix::errno::Errno;
    use nix::fcntl::{OFlag, open};
    use nix::sched::{CloneFlags, unshare};
    use nix::sys::prctl::set_pdeathsig;
    use nix::sys::signal::Signal;
    use nix::sys::stat::Mode;
    use nix::unistd::{Pid, getppid, write};

    use super::Identity;

    pub(super) fn confine(identity: Identity, command: &mut Command) {
        let parent = Pid::this();
        let map = match identity {
            Identity::Namespace { uid, gid } => Some((
                format!("{uid} 0 1").into_bytes(),
                format!("{gid} 0 1").into_bytes(),
            )),
            Identity::Caller | Identity::User { .. } => None,
        };
        let prepare = move || -> io::Result<()> {
            if let Some((uid_map, gid_map)) = &map {
                unshare(CloneFlags::CLONE_NEWUSER)?;
                write_whole(c"/proc/self/setgroups", b"deny")?;
                write_whole(c"/proc/self/uid_map", uid_map)?;
                write_whole(c"/proc/self/gid_map", gid_map)?;
            }
            // Set after every change of credentials, because each one clears it. SIGINT is Postgres' fast shutdown.
            set_pdeathsig(Signal::SIGINT)?;
            if getppid() != parent {
                // The parent died before the signal was set.
                return Err(Errno::ESRCH.into());
            }
            Ok(())
        };
        // SAFETY: between fork and exec this makes only system calls on memory that existed before. It does
        // not allocate or take a lock.
        unsafe { command.pre_exec(prepare) };
    }

    fn write_whole(path: &CStr, bytes: &[u8]) -> io::Result<()> {
        let file = open(path, OFlag::O_WRONLY | OFlag::O_CLOEXEC, Mode::empty())?;
        if write(&file, bytes)? != bytes.len() {
            return Err(Errno::EIO.into());
        }
        Ok(())
    }
}

/// Makes an empty directory for `identity`, closed to others.
pub fn make_directory(directory: &Path, identity: Identity) -> Result<(), EmbeddedError> {
    use std::os::unix::fs::DirBuilderExt;
    fs::DirBuilder::new()
        .mode(0o700)
        .create(directory)
        .map_err(io_at("cannot make", directory))?;
    let (uid, gid) = identity.file_owner();
    chown(directory, Some(uid), Some(gid)).map_err(io_at("cannot hand over", directory))
}
