//! `turnkey projection`: how far the derived rows are, and making them anew.

use clap::Subcommand;
use serde_json::json;

use super::{CommandError, Output, print_line};
use crate::projection;
use crate::store::Store;

#[derive(Subcommand)]
pub enum ProjectionCommand {
    /// How far the projection is behind the log, and which games it had to leave out
    Status,
    /// Derive every row anew beside the present ones, then swap
    Rebuild,
}

pub async fn run(
    store: &Store,
    command: ProjectionCommand,
    output: Output,
) -> Result<(), CommandError> {
    match command {
        ProjectionCommand::Status => status(store, output).await,
        ProjectionCommand::Rebuild => rebuild(store, output).await,
    }
}

async fn status(store: &Store, output: Output) -> Result<(), CommandError> {
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
            print_line(&status.to_string());
        }
        Output::Text => {
            print_line(&format!("generation   {}", status.generation));
            print_line(&format!("position     {} of {}", status.position, status.log_end));
            print_line(&format!(
                "lag          {} events, {:.1} s",
                status.lag_events, status.lag_seconds
            ));
            print_line(&format!("quarantined  {} games", status.quarantined));
            for (game, error) in quarantined {
                print_line(&format!("  {game}  {error}"));
            }
        }
    }
    Ok(())
}

async fn rebuild(store: &Store, output: Output) -> Result<(), CommandError> {
    let progress = projection::rebuild(store.database()).await.map_err(CommandError::new)?;
    match output {
        Output::Json => print_line(
            &json!({"generation": progress.generation, "position": progress.position}).to_string(),
        ),
        Output::Text => print_line(&format!(
            "Rebuilt: generation {} is live, at position {}.",
            progress.generation, progress.position
        )),
    }
    Ok(())
}
