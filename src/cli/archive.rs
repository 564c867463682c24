//! `turnkey archive` and `turnkey unarchive`: moves finished games into files and back.

use std::io::Write;
use std::path::PathBuf;

use clap::Args;
use serde_json::{Value, json};
use time::{Duration, OffsetDateTime};

use super::{CommandError, Output};
use crate::config::StageName;
use crate::store::Store;
use crate::upkeep::archive::{self, Archived, Selection, Stayed};

#[derive(Args)]
pub struct ArchiveOptions {
    /// Archive finished games without an event for at least this many days
    // At least two days, because an idempotency key can lead to its game for one.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(2..=36500))]
    older_than_days: u32,

    /// Directory to write the archive to; it is created if it does not exist
    #[arg(long, value_name = "DIRECTORY", required_unless_present = "dry_run")]
    to: Option<PathBuf>,

    /// Archive games of this stage only [default: of every stage]
    #[arg(long, value_name = "STAGE")]
    stage: Option<StageName>,

    /// Print what would be archived, and change nothing
    #[arg(long)]
    dry_run: bool,
}

#[derive(Args)]
pub struct UnarchiveOptions {
    /// An archive file that `turnkey archive` wrote
    file: PathBuf,
}

/// Archives finished games and prints the outcome to `out`.
pub async fn archive(
    store: &Store,
    options: ArchiveOptions,
    output: Output,
    out: &mut (dyn Write + Send),
) -> Result<(), CommandError> {
    let now = store.clock().now();
    let days = Duration::days(options.older_than_days.into());
    let selection = Selection {
        changed_before: now - days,
        stage: options.stage,
    };
    let done = match options.to.filter(|_| !options.dry_run) {
        Some(directory) => archive::archive(store.database(), &selection, &directory, now).await,
        None => archive::look(store.database(), &selection).await,
    };
    let done = done.map_err(CommandError::new)?;
    match output {
        Output::Json => writeln!(out, "{}", document(&done, selection.changed_before))?,
        Output::People => tell(&done, selection.changed_before, options.dry_run, out)?,
    }
    Ok(())
}

/// Brings archived games back and prints the outcome to `out`.
pub async fn unarchive(
    store: &Store,
    options: UnarchiveOptions,
    output: Output,
    out: &mut (dyn Write + Send),
) -> Result<(), CommandError> {
    let done = archive::unarchive(store.database(), &options.file)
        .await
        .map_err(CommandError::new)?;
    let (games, events, there) = (done.games, done.events, done.there);
    match output {
        Output::Json => {
            let done = json!({"games": games, "events": events, "thereAlready": there});
            writeln!(out, "{done}")?;
        }
        Output::People => writeln!(
            out,
            "Put back {games} games with {events} events; {there} were there already."
        )?,
    }
    Ok(())
}

fn tell(
    done: &Archived,
    changed_before: OffsetDateTime,
    is_dry_run: bool,
    out: &mut (dyn Write + Send),
) -> std::io::Result<()> {
    let (games, events) = (done.games, done.events);
    let which = format!("{games} games with {events} events, last changed before {changed_before}");
    match &done.file {
        Some(file) => {
            writeln!(out, "Archived {which}, in {}", file.path.display())?;
            writeln!(out, "  {} bytes, sha256 {}", file.bytes, file.sha256)?;
            writeln!(out, "Took {} games out of the database.", done.removed)?;
        }
        None if is_dry_run => writeln!(out, "There are {which}, to archive.")?,
        None => writeln!(out, "There is nothing to archive.")?,
    }
    let Stayed {
        rematch_waits,
        has_last_event,
        unreadable,
        changed,
    } = done.stayed;
    let reasons = [
        (rematch_waits, "their rematch waits for its second player"),
        (has_last_event, "it has the last event of the log"),
        (unreadable, "this release cannot read them"),
        (changed, "something has happened in them since"),
    ];
    for (count, reason) in reasons {
        if count > 0 {
            writeln!(
                out,
                "Stayed in the database: {count} games, because {reason}."
            )?;
        }
    }
    Ok(())
}

fn document(done: &Archived, changed_before: OffsetDateTime) -> Value {
    let file = done.file.as_ref();
    json!({
        "file": file.map(|file| file.path.display().to_string()),
        "sha256": file.map(|file| &file.sha256),
        "bytes": file.map(|file| file.bytes),
        "games": done.games,
        "events": done.events,
        "removed": done.removed,
        "changedBefore": changed_before.unix_timestamp(),
        "stayed": {
            "rematchWaits": done.stayed.rematch_waits,
            "hasLastEvent": done.stayed.has_last_event,
            "unreadable": done.stayed.unreadable,
            "changed": done.stayed.changed,
        },
    })
}
