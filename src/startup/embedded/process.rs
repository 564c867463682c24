//! Recognises this directory's Postgres among all processes.
//!
//! A process id in a file proves nothing: after a crash or a reboot it may belong to a zombie or to an
//! unrelated process. A process is ours only if it is a living `postgres` that works in this directory.
//! In doubt it is not ours.

use std::path::Path;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

/// Whether `pid` is a living Postgres server on `cluster`.
pub fn is_postgres_of(pid: Pid, cluster: &Path) -> bool {
    alive::is_postgres_of(pid, cluster)
}

/// Sends a signal. It is not an error if the process is already gone.
pub fn signal(pid: Pid, signal: Signal) {
    if let Err(error) = kill(pid, signal)
        && error != nix::errno::Errno::ESRCH
    {
        tracing::warn!(%pid, %error, "cannot signal Postgres");
    }
}

#[cfg(target_os = "linux")]
mod alive {
    use std::ffi::OsStr;
    use std::fs;
    use std::os::unix::ffi::OsStrExt;
    use std::path::Path;

    use nix::unistd::Pid;

    pub(super) fn is_postgres_of(pid: Pid, cluster: &Path) -> bool {
        let process = Path::new("/proc").join(pid.to_string());
        // A zombie keeps its number but has no arguments.
        let Ok(arguments) = fs::read(process.join("cmdline")) else {
            return false;
        };
        let arguments: Vec<&OsStr> = arguments
            .split(|&byte| byte == 0)
            .map(OsStr::from_bytes)
            .collect();
        let program = arguments
            .first()
            .and_then(|first| Path::new(first).file_name());
        if !program.is_some_and(|name| name == "postgres" || name == "postmaster") {
            return false;
        }
        // The server works in its directory, whatever path it was started with. In a container, root may not
        // be able to inspect another user's process; then the arguments decide.
        match fs::metadata(process.join("cwd")) {
            Ok(_) => fs::read_link(process.join("cwd")).is_ok_and(|cwd| cwd == cluster),
            Err(_) => arguments
                .windows(2)
                .any(|pair| pair[0] == "-D" && Path::new(pair[1]) == cluster),
        }
    }
}

#[cfg(not(target_os = "linux"))]
mod alive {
    use std::path::Path;
    use std::process::Command;

    use nix::unistd::Pid;

    pub(super) fn is_postgres_of(pid: Pid, cluster: &Path) -> bool {
        let Ok(output) = Command::new("ps")
            .args(["-ww", "-o", "stat=,command=", "-p", &pid.to_string()])
            .output()
        else {
            return false;
        };
        let line = String::from_utf8_lossy(&output.stdout);
        let Some((state, command)) = line.trim().split_once(char::is_whitespace) else {
            return false;
        };
        let program = command.split_whitespace().next().unwrap_or_default();
        !state.starts_with('Z')
            && program.ends_with("postgres")
            && command.contains(&format!("-D {} ", cluster.display()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_other_process_is_taken_for_ours() {
        let cwd = std::env::current_dir().unwrap();
        assert!(!is_postgres_of(Pid::this(), &cwd));
        assert!(!is_postgres_of(Pid::from_raw(1), Path::new("/")));
    }
}
