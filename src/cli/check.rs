//! `turnkey check`: verifies that a database is sound.

use std::io::Write;

use serde_json::{Value, json};

use super::{CommandError, Output};
use crate::store::{Database, migrate};
use crate::upkeep::Fault;
use crate::upkeep::check::{self, Report};

/// Checks the database and prints every fault to `out`.
///
/// # Errors
/// If there is a fault, or if the database cannot be read.
pub async fn run(
    database: &Database,
    output: Output,
    out: &mut (dyn Write + Send),
) -> Result<(), CommandError> {
    migrate::require_known(database)
        .await
        .map_err(CommandError::new)?;
    let report = check::check(database).await.map_err(CommandError::new)?;
    match output {
        Output::Json => writeln!(out, "{}", document(&report))?,
        Output::People => tell(&report, out)?,
    }
    if report.is_sound() {
        return Ok(());
    }
    let count = report.faults.len() as u64 + report.more_faults;
    let noun = if count == 1 { "fault" } else { "faults" };
    Err(CommandError::new(format!(
        "the database has {count} {noun}; the output has a remedy for each"
    )))
}

/// Tells of each fault, and what to do about it.
pub(super) fn tell_faults(
    faults: &[Fault],
    more: u64,
    out: &mut (dyn Write + Send),
) -> std::io::Result<()> {
    for fault in faults {
        let game = fault
            .game
            .map_or("log".to_owned(), |id| format!("game {id}"));
        let version = fault
            .version
            .map_or(String::new(), |v| format!(" version {v}"));
        writeln!(
            out,
            "{game}{version}: {} ({})",
            fault.what,
            fault.kind.code()
        )?;
        writeln!(out, "  {}", fault.kind.remedy())?;
    }
    if more > 0 {
        writeln!(out, "and {more} more faults")?;
    }
    Ok(())
}

fn tell(report: &Report, out: &mut (dyn Write + Send)) -> std::io::Result<()> {
    tell_faults(&report.faults, report.more_faults, out)?;
    let Report {
        games,
        events,
        reservations,
        projected,
        log_end,
        ..
    } = report;
    writeln!(
        out,
        "{games} games, {events} events; projected to position {projected} of {log_end}; \
         {reservations} reserved and not begun"
    )?;
    match report.is_sound() {
        true => writeln!(out, "The database is sound."),
        false => Ok(()),
    }
}

fn document(report: &Report) -> Value {
    json!({
        "sound": report.is_sound(),
        "epoch": report.epoch,
        "games": report.games,
        "events": report.events,
        "reservations": report.reservations,
        "projected": report.projected,
        "logEnd": report.log_end,
        "faults": report.faults.iter().map(fault).collect::<Vec<_>>(),
        "moreFaults": report.more_faults,
    })
}

/// The JSON of a fault.
pub(super) fn fault(fault: &Fault) -> Value {
    json!({
        "code": fault.kind.code(),
        "gameId": fault.game,
        "version": fault.version,
        "detail": fault.what,
        "remedy": fault.kind.remedy(),
    })
}
