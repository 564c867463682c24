//! `turnkey projection`: shows how far the derived rows are, and rebuilds them.

use std::io::Write;

use clap::Subcommand;
use serde_json::json;

use super::{CommandError, Output};
use crate::projection;
use crate::store::Store;

#[derive(Subcommand)]
pub enum ProjectionCommand {
    /// Show how far the projection is behind the log, and the games that it left out
    Status,
    /// Derive all rows again beside the present ones, then swap them
    Rebuild,
}

/// Runs the command and prints the outcome to `out`.
pub async fn run(
    store: &Store,
    command: ProjectionCommand,
    output: Output,
    out: &mut (dyn Write + Send),
) -> Result<(), CommandError> {
    match command {
        ProjectionCommand::Status => status(store, output, out).await,
        ProjectionCommand::Rebuild => rebuild(store, output, out).await,
    }
}

async fn status(
    store: &Store,
    output: Output,
    out: &mut (dyn Write + Send),
) -> Result<(), CommandError> {
    let status = store.projection_status().await.map_err(CommandError::new)?;
    let quarantined = store.quarantined_games().await.map_err(CommandError::new)?;
    match output {
        Output::Json => {
            let games: Vec<_> = quarantined
                .iter()
                .map(|(game, error)| json!({"gameId": game, "error": error}))
                .collect();
            let status = json!({
                "generation": status.generation,
                "position": status.position,
                "logEnd": status.log_end,
                "lagEvents": status.lag_events,
                "lagSeconds": status.lag_seconds,
                "quarantined": status.quarantined,
                "quarantinedGames": games,
            });
            writeln!(out, "{status}")?;
        }
        Output::People => {
            let (events, seconds) = (status.lag_events, status.lag_seconds);
            writeln!(out, "generation   {}", status.generation)?;
            writeln!(
                out,
                "position     {} of {}",
                status.position, status.log_end
            )?;
            writeln!(out, "lag          {events} events, {seconds:.1} s")?;
            writeln!(out, "quarantined  {} games", status.quarantined)?;
            for (game, error) in quarantined {
                writeln!(out, "  {game}  {error}")?;
            }
        }
    }
    Ok(())
}

async fn rebuild(
    store: &Store,
    output: Output,
    out: &mut (dyn Write + Send),
) -> Result<(), CommandError> {
    let rebuilt = projection::rebuild(store.database())
        .await
        .map_err(CommandError::new)?;
    let (generation, position) = (rebuilt.generation, rebuilt.position);
    match output {
        Output::Json => {
            writeln!(
                out,
                "{}",
                json!({"generation": generation, "position": position})
            )?;
        }
        Output::People => {
            writeln!(
                out,
                "Rebuilt: generation {generation} is live, at position {position}."
            )?;
        }
    }
    Ok(())
}
