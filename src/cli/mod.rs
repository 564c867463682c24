//! The command line: `turnkey serve`, and commands that work on the database itself.
//!
//! Results go to standard output, everything else to standard error. The exit code is 0 for success,
//! 1 for a failure, and 2 for a malformed command. Secrets come from the environment or from files,
//! never from arguments.

pub mod archive;
pub mod check;
pub mod deploy;
pub mod explain;
mod health;
pub mod key;
mod named;
pub mod plan;
mod projection;
pub mod replay;
mod serve;
pub mod stage;
pub mod table;

use std::io::{Write, stdout};
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};
use serde_json::json;

use crate::config::{DatabaseOptions, DatabasePlace, ServeOptions, process_variable};
use crate::control::OperationError;
use crate::http;
use crate::startup::place;
use crate::store::{Database, Store, migrate};

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
    /// Serve the game API (the default)
    Serve(Box<ServeOptions>),
    /// Bring the database's schema up to date
    Migrate(OnDatabase),
    /// Manage API keys
    Key {
        #[command(subcommand)]
        command: key::KeyCommand,
        #[command(flatten)]
        on: OnDatabase,
    },
    /// Manage usage plans: which keys may call which stages, and how often
    Plan {
        #[command(subcommand)]
        command: plan::PlanCommand,
        #[command(flatten)]
        on: OnDatabase,
    },
    /// Manage the stages of the API, each with its own games
    Stage {
        #[command(subcommand)]
        command: stage::StageCommand,
        #[command(flatten)]
        on: OnDatabase,
    },
    /// Take a snapshot of the API's settings and point a stage to it
    Deploy {
        #[command(flatten)]
        options: deploy::DeployOptions,
        #[command(flatten)]
        on: OnDatabase,
    },
    /// Show which link of the chain (key, plan, stage, method, throttle, quota) refuses a call
    Explain {
        #[command(flatten)]
        options: explain::ExplainOptions,
        #[command(flatten)]
        on: OnDatabase,
    },
    /// Manage the rows that are derived from the event log
    Projection {
        #[command(subcommand)]
        command: projection::ProjectionCommand,
        #[command(flatten)]
        on: OnDatabase,
    },
    /// Verify that every game is complete, and that the derived rows agree with the log
    Check(OnDatabase),
    /// Play the stored games again with this build; name each one that comes out otherwise
    Replay {
        #[command(flatten)]
        options: replay::ReplayOptions,
        #[command(flatten)]
        on: OnDatabase,
    },
    /// Move finished games from the database into a file
    Archive {
        #[command(flatten)]
        options: archive::ArchiveOptions,
        #[command(flatten)]
        on: OnDatabase,
    },
    /// Put the games of an archive back into the database
    Unarchive {
        #[command(flatten)]
        options: archive::UnarchiveOptions,
        #[command(flatten)]
        on: OnDatabase,
    },
    /// Run this once after restoring the database from a backup: clients then reload their games
    Restored(OnDatabase),
    /// Ask the server at TURNKEY_LISTEN whether it is healthy
    Health(health::HealthOptions),
    /// Print the OpenAPI document of the HTTP API
    Openapi,
    /// Print the AsyncAPI document of the live channel
    Asyncapi,
}

/// The options for finding the database and printing the result.
#[derive(Args)]
pub struct OnDatabase {
    #[command(flatten)]
    database: DatabaseOptions,

    /// Print machine-readable output
    #[arg(long, global = true)]
    json: bool,
}

/// How a command prints its result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Output {
    /// Text for people.
    People,
    /// JSON for programs.
    Json,
}

/// Why a command failed: one line for people, and the exit code of the process.
#[derive(Debug, thiserror::Error)]
#[error("{reason}")]
pub struct CommandError {
    reason: String,
    exit_code: u8,
}

impl CommandError {
    /// An error of a command that was well-formed but failed. The exit code is 1.
    pub fn new(reason: impl std::fmt::Display) -> CommandError {
        CommandError {
            reason: reason.to_string(),
            exit_code: 1,
        }
    }

    /// The exit code: 1 if the command failed, 2 if it was malformed.
    pub fn exit_code(&self) -> u8 {
        self.exit_code
    }

    /// An error of a command that is malformed. The exit code is 2.
    pub fn usage(reason: impl std::fmt::Display) -> CommandError {
        CommandError {
            reason: reason.to_string(),
            exit_code: 2,
        }
    }
}

impl From<OperationError> for CommandError {
    fn from(error: OperationError) -> CommandError {
        match error {
            OperationError::BadRequest(_) | OperationError::Validation(_) => {
                CommandError::usage(error)
            }
            OperationError::NotFound(_)
            | OperationError::Conflict(_)
            | OperationError::Unavailable
            | OperationError::Unknown
            | OperationError::Internal(_) => CommandError::new(error),
        }
    }
}

impl From<std::io::Error> for CommandError {
    fn from(error: std::io::Error) -> CommandError {
        CommandError::new(format!("cannot print: {error}"))
    }
}

/// Runs the command that the process was called with.
pub fn main() -> ExitCode {
    match run(CommandLine::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("turnkey: {error}");
            ExitCode::from(error.exit_code)
        }
    }
}

fn run(command_line: CommandLine) -> Result<(), CommandError> {
    match command_line.command {
        None => serve::run(&command_line.serve),
        Some(Command::Serve(options)) => serve::run(&options),
        Some(Command::Health(options)) => health::run(&options),
        Some(Command::Openapi) => Ok(writeln!(stdout(), "{:#}", http::openapi::document())?),
        Some(Command::Asyncapi) => Ok(writeln!(stdout(), "{:#}", http::asyncapi::document())?),
        Some(Command::Migrate(on)) => on_database(&on, async |database, output| {
            let schema = migrate::migrate(&database)
                .await
                .map_err(CommandError::new)?;
            match output {
                Output::People => writeln!(stdout(), "The database is at schema {schema}.")?,
                Output::Json => writeln!(stdout(), "{}", json!({"schema": schema}))?,
            }
            Ok(())
        }),
        Some(Command::Key { command, on }) => {
            let command = command.with_name()?;
            on_database(&on, async |database, output| {
                Ok(key::run(&migrated(database).await?, command, output, &mut stdout()).await?)
            })
        }
        Some(Command::Plan { command, on }) => on_database(&on, async |database, output| {
            plan::run(&migrated(database).await?, command, output, &mut stdout()).await
        }),
        Some(Command::Stage { command, on }) => on_database(&on, async |database, output| {
            stage::run(&migrated(database).await?, command, output, &mut stdout()).await
        }),
        Some(Command::Deploy { options, on }) => on_database(&on, async |database, output| {
            deploy::run(&migrated(database).await?, options, output, &mut stdout()).await
        }),
        Some(Command::Explain { options, on }) => on_database(&on, async |database, output| {
            explain::run(&migrated(database).await?, &options, output, &mut stdout()).await
        }),
        Some(Command::Projection { command, on }) => on_database(&on, async |database, output| {
            projection::run(&migrated(database).await?, command, output, &mut stdout()).await
        }),
        Some(Command::Check(on)) => on_database(&on, async |database, output| {
            check::run(&database, output, &mut stdout()).await
        }),
        Some(Command::Replay { options, on }) => on_database(&on, async |database, output| {
            replay::run(&database, options, output, &mut stdout()).await
        }),
        Some(Command::Archive { options, on }) => on_database(&on, async |database, output| {
            archive::archive(&migrated(database).await?, options, output, &mut stdout()).await
        }),
        Some(Command::Unarchive { options, on }) => on_database(&on, async |database, output| {
            archive::unarchive(&migrated(database).await?, options, output, &mut stdout()).await
        }),
        Some(Command::Restored(on)) => on_database(&on, async |database, output| {
            let store = migrated(database).await?;
            let epoch = store.renew_epoch().await.map_err(CommandError::new)?;
            match output {
                Output::People => writeln!(
                    stdout(),
                    "The log begins a new epoch, {epoch}: every client reloads its games."
                )?,
                Output::Json => writeln!(stdout(), "{}", json!({"epoch": epoch}))?,
            }
            Ok(())
        }),
    }
}

/// Runs `command` on the database that the options name: an external one, the embedded one of a
/// running server, or an embedded one that is started only for the command.
fn on_database(
    on: &OnDatabase,
    command: impl AsyncFnOnce(Database, Output) -> Result<(), CommandError>,
) -> Result<(), CommandError> {
    let place = DatabasePlace::from_options(&on.database, &process_variable)
        .map_err(CommandError::usage)?;
    let opened = place::open_for_command(&place).map_err(CommandError::new)?;
    let output = if on.json {
        Output::Json
    } else {
        Output::People
    };
    runtime()?.block_on(command(opened.database.clone(), output))
}

/// Brings the database's schema up to date and returns a store on it.
async fn migrated(database: Database) -> Result<Store, CommandError> {
    migrate::migrate(&database)
        .await
        .map_err(CommandError::new)?;
    let store = Store::new(database, 2);
    store.synchronise_clock().await.map_err(CommandError::new)?;
    Ok(store)
}

fn runtime() -> Result<tokio::runtime::Runtime, CommandError> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| CommandError::new(format!("cannot start threads: {error}")))
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        CommandLine::command().debug_assert();
    }

    #[test]
    fn where_the_database_is_may_stand_after_the_last_word() {
        let words = ["turnkey", "key", "list", "--json", "--data-dir", "/srv/x"];
        let Some(Command::Key { on, .. }) = CommandLine::parse_from(words).command else {
            panic!("a key command")
        };
        assert!(on.json);
        assert_eq!(on.database.data_dir, Some("/srv/x".into()));
    }
}
