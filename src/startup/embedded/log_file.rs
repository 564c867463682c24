//! The log file of Postgres in the data directory. Its size is bounded.

use std::fs::{self, File, OpenOptions};
use std::io::{Read, Seek, SeekFrom};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use super::EmbeddedError;
use super::error::io_at;

/// Above this many bytes the log moves to `postgres.log.1` and starts empty. So it takes at most twice
/// this space.
const BOUND_BYTES: u64 = 8 * 1024 * 1024;

/// Opens the log for Postgres to append to.
pub fn open(path: &Path) -> Result<File, EmbeddedError> {
    bound(path);
    OpenOptions::new()
        .append(true)
        .create(true)
        .mode(0o600)
        .open(path)
        .map_err(io_at("cannot open", path))
}

/// Keeps the log within its bound, even while Postgres runs. Postgres holds the file open for appending,
/// so the log is copied and truncated instead of renamed. Lines written in between are lost.
pub fn bound(path: &Path) {
    if size(path) <= BOUND_BYTES {
        return;
    }
    let mut older = path.as_os_str().to_owned();
    older.push(".1");
    let kept = fs::copy(path, PathBuf::from(older))
        .and_then(|_| OpenOptions::new().write(true).open(path))
        .and_then(|file| file.set_len(0));
    if let Err(error) = kept {
        tracing::warn!(path = %path.display(), %error, "cannot shorten Postgres' log");
    }
}

/// The present size of the log: the offset at which the next Postgres begins to write.
pub fn size(path: &Path) -> u64 {
    fs::metadata(path).map_or(0, |found| found.len())
}

/// The text that was logged since `from`.
pub fn since(path: &Path, from: u64) -> String {
    let mut said = Vec::new();
    let read = File::open(path).and_then(|mut file| {
        file.seek(SeekFrom::Start(from))?;
        file.take(64 * 1024).read_to_end(&mut said)
    });
    match read {
        Ok(_) => String::from_utf8_lossy(&said).into_owned(),
        Err(_) => String::new(),
    }
}

/// The line with the reason why Postgres ended, without its prefix. If there is none, the last line.
pub fn reason(said: &str) -> String {
    let severe = ["FATAL:", "PANIC:", "error:", "ERROR:"];
    let telling = said
        .lines()
        .find_map(|line| severe.iter().find_map(|mark| line.split_once(mark)))
        .map(|(_, reason)| reason);
    let last = said.lines().rev().find(|line| !line.trim().is_empty());
    telling.or(last).map_or_else(
        || "it said nothing".to_owned(),
        |line| line.trim().to_owned(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_telling_line() {
        let said = "2026-11-23 LOG:  starting\n2026-11-23 FATAL:  lock file exists\nHINT: x\n";
        assert_eq!(reason(said), "lock file exists");
        assert_eq!(reason("initdb: error: no space\n"), "no space");
        assert_eq!(reason("\nodd\n"), "odd");
        assert_eq!(reason(""), "it said nothing");
    }
}
