//! `turnkey replay`: whether this build plays the stored games as they were played.

use std::io::{IsTerminal, Write, stderr};
use std::num::NonZeroUsize;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::{CommandError, Output, check};
use crate::store::{Database, migrate};
use crate::upkeep::replay::{self, Report, Scope};

/// How often the line of progress is drawn anew.
const DRAWN_EVERY: Duration = Duration::from_millis(100);

/// Which games to play, and how.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct ReplayOptions {
    /// Only the games of this stage
    #[arg(long, value_name = "STAGE")]
    pub stage: Option<String>,

    /// Only the games of this variant
    #[arg(long, value_name = "VARIANT")]
    pub variant: Option<String>,

    /// How many games to play at once, each with a database connection; a core each by default
    #[arg(long, value_name = "N")]
    pub jobs: Option<NonZeroUsize>,
}

/// Plays the games again and tells of each one that differs; fails where there is one.
pub async fn run(
    database: &Database,
    options: ReplayOptions,
    output: Output,
    out: &mut (dyn Write + Send),
) -> Result<(), CommandError> {
    migrate::require_known(database)
        .await
        .map_err(CommandError::new)?;
    let scope = Scope {
        stage: options.stage,
        variant: options.variant,
    };
    let began = Instant::now();
    let mut line = stderr().is_terminal().then(|| Line::new(began));
    let progress = |report: &Report| {
        if let Some(line) = &mut line {
            line.draw(report);
        }
    };
    let report = replay::replay(database, &scope, options.jobs, progress).await;
    if let Some(line) = line {
        line.clear();
    }
    let report = report.map_err(CommandError::new)?;
    let took = began.elapsed();
    match output {
        Output::Json => writeln!(out, "{}", document(&report, took))?,
        Output::People => {
            check::tell_faults(&report.faults, report.more_faults, out)?;
            let Report { games, events, .. } = report;
            writeln!(
                out,
                "{games} games, {events} events in {:.1} s: {} games/s, {} events/s",
                took.as_secs_f64(),
                rate(games, took),
                rate(events, took)
            )?;
            if report.differing == 0 {
                writeln!(out, "Every game is as it was recorded.")?;
            }
        }
    }
    match report.differing {
        0 => Ok(()),
        1 => Err(CommandError::new("1 game differs from what is recorded")),
        many => {
            let reason = format!("{many} games differ from what is recorded");
            Err(CommandError::new(reason))
        }
    }
}

fn document(report: &Report, took: Duration) -> Value {
    json!({
        "games": report.games,
        "events": report.events,
        "seconds": took.as_secs_f64(),
        "differing": report.differing,
        "faults": report.faults.iter().map(check::fault).collect::<Vec<_>>(),
        "moreFaults": report.more_faults,
    })
}

/// How many a second.
fn rate(count: u64, took: Duration) -> u128 {
    u128::from(count) * 1000 / took.as_millis().max(1)
}

/// One line on a terminal, which is drawn over and over.
struct Line {
    began: Instant,
    drawn: Option<Instant>,
}

impl Line {
    fn new(began: Instant) -> Line {
        Line { began, drawn: None }
    }

    fn draw(&mut self, report: &Report) {
        let is_due = |drawn: Instant| drawn.elapsed() >= DRAWN_EVERY;
        if self.drawn.is_none_or(is_due) {
            self.drawn = Some(Instant::now());
            self.write(&text(report, self.began.elapsed()));
        }
    }

    fn clear(self) {
        self.write("");
    }

    /// A terminal that is gone is no reason to fail.
    fn write(&self, text: &str) {
        let mut terminal = stderr();
        let _ = write!(terminal, "\r\x1b[K{text}");
        let _ = terminal.flush();
    }
}

fn text(report: &Report, took: Duration) -> String {
    let Report {
        total,
        games,
        differing,
        ..
    } = report;
    let rate = rate(*games, took);
    format!("{games} of {total} games, {rate} games/s, {differing} differ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn progress_has_the_games_the_rate_and_what_differs() {
        let report = Report {
            total: 1000,
            games: 500,
            differing: 3,
            ..Report::default()
        };
        assert_eq!(
            text(&report, Duration::from_millis(250)),
            "500 of 1000 games, 2000 games/s, 3 differ"
        );
        assert_eq!(rate(5, Duration::ZERO), 5000);
    }
}
