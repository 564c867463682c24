//! Archive files. They are written so that a file with its final name is complete, and read so that an
//! incomplete file is refused.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use zstd::stream::read::Decoder;
use zstd::stream::write::Encoder;

use super::format::{FORMAT, Footer, Header, Line, game_line};
use crate::game::GameId;
use crate::record::History;
use crate::rules::Rulebook;

/// Archives are written once and kept for years. Higher levels take long and save little.
const COMPRESSION_LEVEL: i32 = 9;
/// No game comes near this limit.
const LONGEST_LINE_BYTES: u64 = 64 << 20;

/// The reason why an archive file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// The file could not be read or written.
    #[error("{path}: {error}")]
    Io { path: String, error: io::Error },
    /// The file is damaged or cut off.
    #[error("{path} is not a complete archive of games: {reason}")]
    NotWhole { path: String, reason: String },
    /// A newer release wrote it.
    #[error(
        "{path} is of format {found}, and this release reads formats to {FORMAT}: use the release \
         that wrote it, or a newer one"
    )]
    NewerFormat { path: String, found: u32 },
    /// The file holds an event that this release cannot read.
    #[error(
        "{path}: game {game} cannot be read by this release: {reason}; use the release that wrote \
         the archive, or a newer one"
    )]
    Unreadable {
        /// The file.
        path: String,
        /// The game.
        game: GameId,
        /// The problem.
        reason: String,
    },
}

/// An archive that is being written, under a name that ends in `.partial`.
pub struct Writer {
    path: PathBuf,
    partial: PathBuf,
    encoder: Encoder<'static, File>,
    hash: Sha256,
    games: u64,
    events: u64,
}

/// A written archive: it is complete, was read back, and is on disk.
#[derive(Clone, Debug)]
pub struct Written {
    /// The file.
    pub path: PathBuf,
    /// Games in it.
    pub games: u64,
    /// Events in it.
    pub events: u64,
    /// Its size.
    pub bytes: u64,
    /// The checksum of the file, as `sha256sum` prints it.
    pub sha256: String,
}

impl Writer {
    /// # Errors
    /// Fails if a file of that name exists, or with the action that the operating system refused.
    pub fn create(path: &Path, header: &Header) -> Result<Writer, FileError> {
        let mut partial = path.as_os_str().to_owned();
        partial.push(".partial");
        let partial = PathBuf::from(partial);
        let begin = || {
            if path.exists() {
                return Err(io::Error::from(io::ErrorKind::AlreadyExists));
            }
            let file = OpenOptions::new()
                .write(true)
                .create_new(true)
                .mode(0o600)
                .open(&partial)?;
            let mut encoder = Encoder::new(file, COMPRESSION_LEVEL)?;
            encoder.include_checksum(true)?;
            Ok(encoder)
        };
        let mut writer = Writer {
            encoder: begin().map_err(|error| of(path, error))?,
            path: path.to_owned(),
            partial,
            hash: Sha256::new(),
            games: 0,
            events: 0,
        };
        let header = serde_json::to_string(header).map_err(|error| of(path, error.into()))?;
        writer.line(&header)?;
        Ok(writer)
    }

    /// Adds a game by the lines of its events.
    pub fn game(&mut self, game: GameId, events: &[String]) -> Result<(), FileError> {
        self.line(&game_line(game, events))?;
        self.games += 1;
        self.events += events.len() as u64;
        Ok(())
    }

    /// Ends the file, verifies it, and gives it its final name.
    pub fn finish(mut self) -> Result<Written, FileError> {
        let footer = Footer {
            games: self.games,
            events: self.events,
            sha256: hex(&self.hash.clone().finalize()[..]),
        };
        let footer =
            serde_json::to_string(&footer).map_err(|error| of(&self.path, error.into()))?;
        self.line(&footer)?;
        let Writer {
            path,
            partial,
            encoder,
            games,
            events,
            ..
        } = self;
        let synced = encoder.finish().and_then(|file| file.sync_all());
        synced.map_err(|error| of(&partial, error))?;
        // A file that cannot be read back is not an archive.
        let mut reader = Reader::open(&partial)?;
        while reader.next_game()?.is_some() {}
        let sha256 = sha256_of(&partial).map_err(|error| of(&partial, error))?;
        let named = || {
            fs::rename(&partial, &path)?;
            sync_directory(&path)?;
            fs::metadata(&path).map(|file| file.len())
        };
        Ok(Written {
            bytes: named().map_err(|error| of(&path, error))?,
            path,
            games,
            events,
            sha256,
        })
    }

    /// Deletes the unfinished file.
    pub fn abandon(self) -> Result<(), FileError> {
        fs::remove_file(&self.partial).map_err(|error| of(&self.partial, error))
    }

    fn line(&mut self, line: &str) -> Result<(), FileError> {
        for part in [line.as_bytes(), b"\n"] {
            self.hash.update(part);
            let written = self.encoder.write_all(part);
            written.map_err(|error| of(&self.partial, error))?;
        }
        Ok(())
    }
}

/// An archive that is read line by line.
pub struct Reader {
    path: PathBuf,
    lines: BufReader<Decoder<'static, BufReader<File>>>,
    book: Rulebook,
    hash: Sha256,
    games: u64,
    events: u64,
    is_at_end: bool,
}

/// A game in an archive.
pub struct ArchivedGame {
    /// Its line in the file.
    pub line: String,
    /// The game in the line.
    pub history: History,
}

impl Reader {
    /// # Errors
    /// [`FileError::NewerFormat`]; [`FileError::NotWhole`] if the file is not an archive.
    pub fn open(path: &Path) -> Result<Reader, FileError> {
        let opened = File::open(path).and_then(Decoder::new);
        let mut reader = Reader {
            lines: BufReader::new(opened.map_err(|error| of(path, error))?),
            book: Rulebook::built_in(),
            path: path.to_owned(),
            hash: Sha256::new(),
            games: 0,
            events: 0,
            is_at_end: false,
        };
        let header = reader.line()?;
        reader.hash.update(&header);
        let header: Header =
            serde_json::from_slice(&header).map_err(|_| reader.not_whole("it has no header"))?;
        if header.format > FORMAT {
            return Err(FileError::NewerFormat {
                path: reader.path.display().to_string(),
                found: header.format,
            });
        }
        Ok(reader)
    }

    /// The next game; `None` at the end of a complete archive.
    ///
    /// # Errors
    /// [`FileError::NotWhole`] may also come at the end, if the games before it are not the ones that were
    /// written. So do not trust any of them until the end.
    pub fn next_game(&mut self) -> Result<Option<ArchivedGame>, FileError> {
        if self.is_at_end {
            return Ok(None);
        }
        let line = self.line()?;
        let number = self.games + 2;
        let parsed: Line = serde_json::from_slice(&line)
            .map_err(|error| self.not_whole(&format!("line {number}: {error}")))?;
        match parsed {
            Line::Footer(footer) => {
                self.end(&footer)?;
                Ok(None)
            }
            Line::Game(game) => {
                self.hash.update(&line);
                let id = game.game_id;
                let history = game
                    .history(&self.book)
                    .map_err(|error| FileError::Unreadable {
                        path: self.path.display().to_string(),
                        game: id,
                        reason: error.to_string(),
                    })?;
                self.games += 1;
                self.events += history.events().len() as u64;
                let line = String::from_utf8(line)
                    .map_err(|_| self.not_whole(&format!("line {number} is not UTF-8")))?;
                Ok(Some(ArchivedGame { line, history }))
            }
        }
    }

    fn end(&mut self, footer: &Footer) -> Result<(), FileError> {
        let found = Footer {
            games: self.games,
            events: self.events,
            sha256: hex(&self.hash.clone().finalize()[..]),
        };
        if *footer != found {
            return Err(self.not_whole("its content does not match its checksum"));
        }
        let mut more = [0];
        match self.lines.read(&mut more) {
            Ok(0) => self.is_at_end = true,
            Ok(_) => return Err(self.not_whole("there are data after its end")),
            Err(error) => return Err(self.not_whole(&error.to_string())),
        }
        Ok(())
    }

    /// The next line, including its line break.
    fn line(&mut self) -> Result<Vec<u8>, FileError> {
        let mut line = Vec::new();
        let read = (&mut self.lines)
            .take(LONGEST_LINE_BYTES)
            .read_until(b'\n', &mut line);
        // zstd also fails like this for a damaged file.
        read.map_err(|error| self.not_whole(&error.to_string()))?;
        match line.last() {
            Some(b'\n') => Ok(line),
            Some(_) | None => Err(self.not_whole("it is cut off")),
        }
    }

    fn not_whole(&self, reason: &str) -> FileError {
        FileError::NotWhole {
            path: self.path.display().to_string(),
            reason: reason.to_owned(),
        }
    }
}

/// Creates the directory and its parents if they are missing, and syncs them: an archive must not be lost
/// with the name of its directory.
pub(super) fn make_directory(directory: &Path) -> io::Result<()> {
    let above = directory.ancestors();
    let missing: Vec<&Path> = above
        .take_while(|path| !path.as_os_str().is_empty() && !path.exists())
        .collect();
    fs::create_dir_all(directory)?;
    missing.into_iter().try_for_each(sync_directory)
}

/// Syncs the names in a file's directory to disk.
pub(super) fn sync_directory(path: &Path) -> io::Result<()> {
    let parent = path.parent().filter(|path| !path.as_os_str().is_empty());
    File::open(parent.unwrap_or(Path::new(".")))?.sync_all()
}

pub(super) fn of(path: &Path, error: io::Error) -> FileError {
    FileError::Io {
        path: path.display().to_string(),
        error,
    }
}

fn sha256_of(path: &Path) -> io::Result<String> {
    let mut file = File::open(path)?;
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 1 << 16];
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(hex(&hash.finalize()[..])),
            length => hash.update(&buffer[..length]),
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
