//! Finds an installed Postgres. Turnkey does not contain one.
//!
//! Only the major version that made a data directory can run it. So an existing directory needs its own
//! version, and a new one gets the newest.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::EmbeddedError;

/// The oldest major version that Turnkey supports.
pub const OLDEST_MAJOR: u32 = 14;

/// Directories with one subdirectory per version: the path before the version and the path after it.
const VERSIONED: [(&str, &str); 6] = [
    ("/usr/lib/postgresql", "bin"),
    ("/usr/lib64/postgresql", "bin"),
    ("/opt/homebrew/opt", "bin"),
    ("/usr/local/opt", "bin"),
    ("/Applications/Postgres.app/Contents/Versions", "bin"),
    ("/usr", "bin"),
];

/// One installed Postgres.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Binaries {
    /// The directory of its programs.
    pub directory: PathBuf,
    /// The major version.
    pub major: u32,
}

impl Binaries {
    /// The server program.
    pub fn postgres(&self) -> PathBuf {
        self.directory.join("postgres")
    }

    /// The program that makes a cluster.
    pub fn initdb(&self) -> PathBuf {
        self.directory.join("initdb")
    }
}

/// Finds the programs for a directory made by version `made_by`, or the newest for a new directory.
///
/// # Errors
/// `NotInstalled` if no Postgres is installed, `OtherVersion` if no installed one fits.
pub fn find(made_by: Option<u32>, cluster: &Path) -> Result<Binaries, EmbeddedError> {
    choose(installed_in(&candidate_directories()), made_by, cluster)
}

fn choose(
    installed: Vec<Binaries>,
    made_by: Option<u32>,
    cluster: &Path,
) -> Result<Binaries, EmbeddedError> {
    let versions: Vec<String> = installed.iter().map(|b| b.major.to_string()).collect();
    let chosen = match made_by {
        None => installed
            .into_iter()
            .filter(|b| b.major >= OLDEST_MAJOR)
            .max_by_key(|b| b.major),
        Some(made_by) => installed.into_iter().find(|b| b.major == made_by),
    };
    match (chosen, made_by) {
        (Some(binaries), _) => Ok(binaries),
        (None, Some(made_by)) if !versions.is_empty() => Err(EmbeddedError::OtherVersion {
            directory: cluster.to_owned(),
            made_by,
            installed: versions.join(", "),
        }),
        (None, made_by) => Err(EmbeddedError::NotInstalled {
            minimum: made_by.unwrap_or(OLDEST_MAJOR),
        }),
    }
}

fn candidate_directories() -> Vec<PathBuf> {
    let mut directories = Vec::new();
    for (parent, child) in VERSIONED {
        let Ok(entries) = fs::read_dir(parent) else {
            continue;
        };
        for entry in entries.flatten() {
            let name = entry.file_name();
            let name = name.to_string_lossy();
            let named_by_version = name.starts_with(|c: char| c.is_ascii_digit());
            if named_by_version || name.starts_with("postgresql") || name.starts_with("pgsql-") {
                directories.push(entry.path().join(child));
            }
        }
    }
    if let Some(path) = std::env::var_os("PATH") {
        directories.extend(std::env::split_paths(&path));
    }
    directories
}

fn installed_in(directories: &[PathBuf]) -> Vec<Binaries> {
    let mut found: Vec<Binaries> = Vec::new();
    for directory in directories {
        // Debian's /usr/bin and similar directories hold links to the same installation.
        let Ok(real) = fs::canonicalize(directory.join("postgres")) else {
            continue;
        };
        let Some(directory) = real.parent() else {
            continue;
        };
        if found.iter().any(|b| b.directory == directory) || !directory.join("initdb").is_file() {
            continue;
        }
        if let Some(major) = major_of(&real) {
            found.push(Binaries {
                directory: directory.to_owned(),
                major,
            });
        }
    }
    found
}

/// Asks the program itself, because directory names may be wrong (`postgresql` of Homebrew, `latest` of
/// Postgres.app).
fn major_of(postgres: &Path) -> Option<u32> {
    let output = Command::new(postgres)
        .arg("--version")
        .stdin(Stdio::null())
        .output()
        .ok()?;
    parse_major(&String::from_utf8_lossy(&output.stdout))
}

/// Parses the version: `postgres (PostgreSQL) 15.14 (Debian 15.14-0+deb12u1)` gives 15.
fn parse_major(version: &str) -> Option<u32> {
    let (_, number) = version.split_once("(PostgreSQL) ")?;
    let digits: String = number.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn installed(majors: &[u32]) -> Vec<Binaries> {
        majors
            .iter()
            .map(|&major| Binaries {
                directory: PathBuf::from(format!("/pg/{major}/bin")),
                major,
            })
            .collect()
    }

    #[test]
    fn reads_versions() {
        let debian = "postgres (PostgreSQL) 15.14 (Debian 15.14-0+deb12u1)\n";
        assert_eq!(parse_major(debian), Some(15));
        assert_eq!(parse_major("postgres (PostgreSQL) 19beta1"), Some(19));
        assert_eq!(parse_major("postgres"), None);
    }

    #[test]
    fn a_new_directory_takes_the_newest_and_an_old_one_its_own() {
        let cluster = Path::new("/data/postgres");
        let newest = choose(installed(&[15, 17, 16]), None, cluster).unwrap();
        assert_eq!(newest.major, 17);
        let own = choose(installed(&[15, 17, 16]), Some(15), cluster).unwrap();
        assert_eq!(own.major, 15);
    }

    #[test]
    fn says_in_one_line_what_is_missing() {
        let cluster = Path::new("/data/postgres");
        for (installed, made_by, needle) in [
            (installed(&[]), None, "install postgresql"),
            (installed(&[13]), None, "install postgresql"),
            (installed(&[17]), Some(15), "made by Postgres 15"),
        ] {
            let line = choose(installed, made_by, cluster).unwrap_err().to_string();
            assert!(line.contains(needle), "{line}");
            assert!(!line.contains('\n'), "{line}");
        }
    }
}
