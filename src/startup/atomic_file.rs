//! Writes files atomically: a file is complete, or it does not exist.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// The users who may read the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Readers {
    /// The users that the umask allows.
    Anyone,
    /// Only the owner: mode 0600 from the first byte on.
    OwnerOnly,
}

/// Writes a file beside `path`, syncs it, and renames it to `path`.
///
/// # Errors
/// Fails with the action that the operating system refused.
pub fn write(path: &Path, text: &str, readers: Readers) -> io::Result<()> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(format!(".{}", std::process::id()));
    let beside = PathBuf::from(beside);
    let written = write_whole(&beside, text, readers).and_then(|()| fs::rename(&beside, path));
    if let Err(error) = written {
        // Only the first error matters.
        let _ = fs::remove_file(&beside);
        return Err(error);
    }
    let parent = path
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty());
    File::open(parent.unwrap_or(Path::new(".")))?.sync_all()
}

fn write_whole(path: &Path, text: &str, readers: Readers) -> io::Result<()> {
    let mode = match readers {
        Readers::Anyone => 0o666,
        Readers::OwnerOnly => 0o600,
    };
    // A file that a killed process left may have another mode.
    match fs::remove_file(path) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(mode)
        .open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}
