//! Archive files. They are written so that a file with its final name is whole, and read so that a file
//! that is not whole is refused.

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

/// Archives are written once and kept for years; higher ones take long and save little.
const COMPRESSION_LEVEL: i32 = 9;
/// No game comes near it.
const LONGEST_LINE_BYTES: u64 = 64 << 20;

/// Why an archive file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// It could not be read or written.
    #[error("{path}: {error}")]
    Io { path: String, error: io::Error },
    /// It is damaged or cut off.
    #[error("{path} is no archive of games that is whole: {reason}")]
    NotWhole { path: String, reason: String },
    /// A newer release wrote it.
    #[error(
        "{path} is of format {found}, and this release reads formats to {FORMAT}: use the release \
         that wrote it, or a newer one"
    )]
    NewerFormat { path: String, found: u32 },
    /// It holds an event that this release cannot read.
    #[error(
        "{path}: game {game} cannot be read by this release: {reason}; use the release that wrote \
         the archive, or a newer one"
    )]
    Unreadable {
        /// The file.
        path: String,
        /// The game.
        game: GameId,
        /// What is wrong.
        reason: String,
    },
}

/// An archive being written, under a name that ends in `.partial`.
pub struct Writer {
    path: PathBuf,
    partial: PathBuf,
    encoder: Encoder<'static, File>,
    hash: Sha256,
    games: u64,
    events: u64,
}

/// An archive that is written: whole, read back, and on the disk.
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
    /// Of the file, as `sha256sum` has it.
    pub sha256: String,
}

impl Writer {
    /// # Errors
    /// Where there is a file of that name, or what the operating system refused.
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

    /// Ends the file, makes sure of it, and gives it its name.
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
        // What cannot be read back is no archive.
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

    /// Leaves nothing behind.
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

/// An archive being read, line by line.
pub struct Reader {
    path: PathBuf,
    lines: BufReader<Decoder<'static, BufReader<File>>>,
    book: Rulebook,
    hash: Sha256,
    games: u64,
    events: u64,
    is_at_end: bool,
}

/// A game as the archive has it.
pub struct ArchivedGame {
    /// The line as it stands in the file.
    pub line: String,
    /// The game that it holds.
    pub history: History,
}

impl Reader {
    /// # Errors
    /// [`FileError::NewerFormat`], [`FileError::NotWhole`] for what is no archive.
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

    /// The next game; `None` at the end of an archive that is whole.
    ///
    /// # Errors
    /// [`FileError::NotWhole`] also at the end, where the games that came before are not those
    /// that were written: believe none of them until then.
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
            return Err(self.not_whole("its content is not what its checksum is of"));
        }
        let mut more = [0];
        match self.lines.read(&mut more) {
            Ok(0) => self.is_at_end = true,
            Ok(_) => return Err(self.not_whole("it goes on after its end")),
            Err(error) => return Err(self.not_whole(&error.to_string())),
        }
        Ok(())
    }

    /// The next line, with its end.
    fn line(&mut self) -> Result<Vec<u8>, FileError> {
        let mut line = Vec::new();
        let read = (&mut self.lines)
            .take(LONGEST_LINE_BYTES)
            .read_until(b'\n', &mut line);
        // Also what zstd makes of a damaged file.
        read.map_err(|error| self.not_whole(&error.to_string()))?;
        match line.last() {
            Some(b'\n') => Ok(line),
            Some(_) | None => Err(self.not_whole("it ends before its end")),
        }
    }

    fn not_whole(&self, reason: &str) -> FileError {
        FileError::NotWhole {
            path: self.path.display().to_string(),
            reason: reason.to_owned(),
        }
    }
}

/// Makes the directory where it is missing, and those above it, all for good: an archive must not
/// be lost with the name of its directory.
pub(super) fn make_directory(directory: &Path) -> io::Result<()> {
    let above = directory.ancestors();
    let missing: Vec<&Path> = above
        .take_while(|path| !path.as_os_str().is_empty() && !path.exists())
        .collect();
    fs::create_dir_all(directory)?;
    missing.into_iter().try_for_each(sync_directory)
}

/// Makes the names in a file's directory last.
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
