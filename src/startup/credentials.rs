//! The secrets that the first embedded start makes, in `credentials.env` of the data directory.
//!
//! The file is the only place that holds them; the database has digests at most. It is written before
//! the API key is made, and again afterwards. So a `kill -9` in between loses nothing: the next start
//! keeps the existing values and makes the missing ones. If the file is lost but the database exists,
//! new secrets are made. Player tokens and credentials that were issued before are then void, and
//! [`Ensured::Remade`] lets the start report it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use rand::RngExt;

use super::atomic_file::{self, Readers};
use super::embedded::Origin;
use crate::config::Secret;

/// The file's name in the data directory.
pub const FILE_NAME: &str = "credentials.env";

const API_KEY: &str = "TURNKEY_API_KEY";
const SECRET: &str = "TURNKEY_SECRET";
const ADMIN_TOKEN: &str = "TURNKEY_ADMIN_TOKEN";
const ACCESS_KEY_ID: &str = "TURNKEY_ACCESS_KEY_ID";
const SECRET_ACCESS_KEY: &str = "TURNKEY_SECRET_ACCESS_KEY";

const HEAD: &str =
    "# Made by turnkey at its first start. Keep it: it is not stored anywhere else.\n";

/// The content of the file.
#[derive(Clone, Debug)]
pub struct Credentials {
    /// The key of the first start.
    pub api_key: Secret,
    /// The secret that signs player tokens.
    pub secret: Secret,
    /// The bearer token of the control plane.
    pub admin_token: Secret,
    /// The id of the access key.
    pub access_key_id: Secret,
    /// The secret half of the access key.
    pub secret_access_key: Secret,
}

/// The state in which [`ensure`] found the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ensured {
    /// The file was complete.
    Found,
    /// This was a first start, or the continuation of one that was interrupted.
    Made,
    /// The file was lost: the database is older than it. The previous credentials are void.
    Remade,
}

/// The reason why there are no credentials.
#[derive(Debug, thiserror::Error)]
pub enum CredentialsError<E> {
    /// The file could not be read or written.
    #[error("cannot {action} {}: {source}", path.display())]
    File {
        /// The action that failed.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// A line of the file is not `NAME=value`.
    #[error("{} line {line} is not NAME=value: repair the file, or move it away to have new secrets made", path.display())]
    Malformed { path: PathBuf, line: usize },
    /// The API key could not be made.
    #[error("cannot make the first API key: {0}")]
    Key(E),
}

/// The path of the file in a data directory.
pub fn path(data_dir: &Path) -> PathBuf {
    data_dir.join(FILE_NAME)
}

/// Reads the data directory's credentials and makes the missing ones. `make_key` makes an API key in
/// the database and returns its value. If this start is killed before the value is on disk, a later
/// start calls `make_key` again, so it should replace the key that it made before.
///
/// # Errors
/// See [`CredentialsError`].
pub async fn ensure<E>(
    data_dir: &Path,
    database: Origin,
    make_key: impl AsyncFnOnce() -> Result<Secret, E>,
) -> Result<(Credentials, Ensured), CredentialsError<E>> {
    let path = path(data_dir);
    let found = read(&path)?;
    let ensured = match (&found, database) {
        (Some(lines), Origin::Created | Origin::Found) if is_complete(lines) => Ensured::Found,
        (Some(_), Origin::Created | Origin::Found) | (None, Origin::Created) => Ensured::Made,
        (None, Origin::Found) => Ensured::Remade,
    };
    let mut lines = found.unwrap_or_default();
    let mut changed = false;
    for (name, generate) in GENERATED {
        if value(&lines, name).is_none() {
            lines.push((name.to_owned(), generate()));
            changed = true;
        }
    }
    if changed {
        write(&path, &lines)?;
    }
    if value(&lines, API_KEY).is_none() {
        let key = make_key().await.map_err(CredentialsError::Key)?;
        lines.insert(0, (API_KEY.to_owned(), key.expose().to_owned()));
        write(&path, &lines)?;
    }
    // Every name is present, because the code above made the missing ones.
    let all = |name| Secret::new(value(&lines, name).unwrap_or_default().to_owned());
    let credentials = Credentials {
        api_key: all(API_KEY),
        secret: all(SECRET),
        admin_token: all(ADMIN_TOKEN),
        access_key_id: all(ACCESS_KEY_ID),
        secret_access_key: all(SECRET_ACCESS_KEY),
    };
    Ok((credentials, ensured))
}

type Lines = Vec<(String, String)>;

type Generate = fn() -> String;

const GENERATED: [(&str, Generate); 4] = [
    (SECRET, || random_text(43, BASE62)),
    (ADMIN_TOKEN, || random_text(43, BASE62)),
    // The form of an AWS access key id, which some AWS tools check.
    (ACCESS_KEY_ID, || format!("AKIA{}", random_text(16, BASE32))),
    (SECRET_ACCESS_KEY, || random_text(40, BASE62)),
];

const BASE62: &[u8] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const BASE32: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

fn random_text(characters: usize, alphabet: &[u8]) -> String {
    let mut random = rand::rng();
    (0..characters)
        .map(|_| char::from(alphabet[random.random_range(0..alphabet.len())]))
        .collect()
}

fn value<'a>(lines: &'a Lines, name: &str) -> Option<&'a str> {
    lines
        .iter()
        .find(|(known, value)| known == name && !value.is_empty())
        .map(|(_, value)| value.as_str())
}

fn is_complete(lines: &Lines) -> bool {
    value(lines, API_KEY).is_some()
        && GENERATED
            .iter()
            .all(|(name, _)| value(lines, name).is_some())
}

fn read<E>(path: &Path) -> Result<Option<Lines>, CredentialsError<E>> {
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(file_error("read", path, error)),
    };
    let mut lines = Lines::new();
    for (index, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let Some((name, value)) = line.split_once('=') else {
            return Err(CredentialsError::Malformed {
                path: path.to_owned(),
                line: index + 1,
            });
        };
        lines.push((name.trim().to_owned(), value.trim().to_owned()));
    }
    Ok(Some(lines))
}

fn write<E>(path: &Path, lines: &Lines) -> Result<(), CredentialsError<E>> {
    let mut text = HEAD.to_owned();
    for (name, value) in lines.iter().filter(|(_, value)| !value.is_empty()) {
        text.push_str(&format!("{name}={value}\n"));
    }
    atomic_file::write(path, &text, Readers::OwnerOnly)
        .map_err(|error| file_error("write", path, error))
}

fn file_error<E>(action: &'static str, path: &Path, source: io::Error) -> CredentialsError<E> {
    CredentialsError::File {
        action,
        path: path.to_owned(),
        source,
    }
}
