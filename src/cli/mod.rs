//! The command line: `turnkey serve`, and commands that work on the database itself.
//!
//! Results go to standard output, everything else to standard error. Exit 0 done, 1 failed,
//! 2 usage. Secrets come from the environment or files, never from arguments.

mod health;
mod key;
mod projection;
mod serve;

use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

use crate::config::{DatabaseOptions, DatabasePlace, ServeOptions, process_variable};
use crate::http;
use crate::startup::place::{self, Opened};
use crate::store::{Store, migrate};

/// A backend for turn-based games, gated by API keys and usage plans.
#[derive(Parser)]
#[command(name = "turnkey", version, args_conflicts_with_subcommands = true)]
struct CommandLine {
    #[command(subcommand)]
    command: Option<Command>,

    #[command(flatten)]
    serve: ServeOptions,
}

#[derive(Subcommand)]
enum Command {
    /// Serve the game API (what `turnkey` alone does)
    Serve(Box<ServeOptions>),
    /// Bring the database's schema up to date
    Migrate(OnDatabase),
    /// API keys
    Key {
        #[command(subcommand)]
        command: key::KeyCommand,
        #[command(flatten)]
        on: OnDatabase,
    },
    /// The rows derived from the event log
    Projection {
        #[command(subcommand)]
        command: projection::ProjectionCommand,
        #[command(flatten)]
        on: OnDatabase,
    },
    /// To be run once after the database was restored from a copy: clients begin anew
    Restored(OnDatabase),
    /// Ask the server at TURNKEY_LISTEN whether it serves
    Health(health::HealthOptions),
    /// Print the OpenAPI document
    Openapi,
}

/// Where a command finds the database, and how it prints.
#[derive(Args)]
pub struct OnDatabase {
    #[command(flatten)]
    database: DatabaseOptions,

    /// Print machine-readable output
    #[arg(long)]
    json: bool,
}

/// How a command prints its result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Output {
    /// For people.
    Text,
    Json,
}

/// Why a command failed: one line for people.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct CommandError(String);

impl CommandError {
    pub fn new(reason: impl std::fmt::Display) -> CommandError {
        CommandError(reason.to_string())
    }
}

/// Runs the command that the process was called with.
pub fn main() -> ExitCode {
    let command_line = CommandLine::parse();
    let outcome = match command_line.command {
        None => serve::run(&command_line.serve),
        Some(Command::Serve(options)) => serve::run(&options),
        Some(Command::Health(options)) => health::run(&options),
        Some(Command::Openapi) => {
            print_line(&http::openapi::json());
            Ok(())
        }
        Some(Command::Migrate(on)) => on_database(&on, async |opened, output| {
            let schema = migrate::migrate(&opened.database).await.map_err(CommandError::new)?;
            match output {
                Output::Text => print_line(&format!("The database is at schema {schema}.")),
                Output::Json => print_line(&serde_json::json!({"schema": schema}).to_string()),
            }
            Ok(())
        }),
        Some(Command::Key { command, on }) => on_database(&on, async |opened, output| {
            key::run(&migrated(&opened).await?, command, output).await
        }),
        Some(Command::Projection { command, on }) => on_database(&on, async |opened, output| {
            projection::run(&migrated(&opened).await?, command, output).await
        }),
        Some(Command::Restored(on)) => on_database(&on, async |opened, output| {
            let epoch =
                migrated(&opened).await?.renew_epoch().await.map_err(CommandError::new)?;
            match output {
                Output::Text => print_line(&format!(
                    "The log begins a new epoch, {epoch}: every client gets its games anew."
                )),
                Output::Json => print_line(&serde_json::json!({"epoch": epoch}).to_string()),
            }
            Ok(())
        }),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("turnkey: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Prints a line of a result. A reader that has gone away is no failure of ours.
pub fn print_line(line: &str) {
    use std::io::Write;
    let _ = writeln!(std::io::stdout(), "{line}");
}

/// Runs `command` on the database that the options name: the given one, the embedded one of a
/// running server, or the embedded one started for the length of the command.
fn on_database(
    on: &OnDatabase,
    command: impl AsyncFnOnce(Opened, Output) -> Result<(), CommandError>,
) -> Result<(), CommandError> {
    let place = DatabasePlace::from_options(&on.database, &process_variable)
        .map_err(CommandError::new)?;
    let opened = place::open_for_command(&place).map_err(CommandError::new)?;
    let output = if on.json { Output::Json } else { Output::Text };
    runtime()?.block_on(command(opened, output))
}

/// A store on a database whose schema is up to date.
async fn migrated(opened: &Opened) -> Result<Store, CommandError> {
    migrate::migrate(&opened.database).await.map_err(CommandError::new)?;
    let store = Store::new(opened.database.clone(), 2);
    store.synchronise_clock().await.map_err(CommandError::new)?;
    Ok(store)
}

fn runtime() -> Result<tokio::runtime::Runtime, CommandError> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| CommandError::new(format!("cannot start threads: {error}")))
}
