//! `turnkey serve`: runs the server from its settings until a signal ends it.

use std::io::{Write, stdout};
use std::path::{Path, absolute};

use tokio::signal::unix::{SignalKind, signal};

use super::health::reachable;
use super::{CommandError, runtime};
use crate::config::{Config, DatabasePlace, ServeOptions, process_variable};
use crate::startup::credentials::{self, Ensured};
use crate::startup::spans::Spans;
use crate::startup::{Notice, Server, logging};

/// Serves until SIGTERM or SIGINT, or until a task has failed.
pub fn run(options: &ServeOptions) -> Result<(), CommandError> {
    let config = Config::from_options(options, &process_variable).map_err(CommandError::new)?;
    let spans = Spans::start(&process_variable).map_err(CommandError::new)?;
    let tracer = spans.as_ref().map(Spans::tracer);
    logging::start(&config.log_filter, config.log_format, tracer);
    let served = runtime()?.block_on(serve(config));
    if let Some(spans) = spans {
        spans.end();
    }
    served
}

async fn serve(config: Config) -> Result<(), CommandError> {
    let mut terminated = signal(SignalKind::terminate()).map_err(CommandError::new)?;
    let mut interrupted = signal(SignalKind::interrupt()).map_err(CommandError::new)?;
    let place = config.database.clone();
    let default_stage = config.default_stage.clone();
    let server = tokio::select! {
        started = Server::start(config) => started.map_err(CommandError::new)?,
        _ = terminated.recv() => return Ok(()),
        _ = interrupted.recv() => return Ok(()),
    };
    tracing::info!(
        public = %server.public_address,
        control = %server.control_address,
        tls = server.tls,
        "serving"
    );
    if let DatabasePlace::Embedded { data_dir } = &place {
        let prefix = if default_stage.is_some() { "" } else { "/dev" };
        welcome(&server, data_dir, prefix)?;
    }
    let (failed, notice) = tokio::select! {
        _ = terminated.recv() => (None, notice(&place)),
        _ = interrupted.recv() => (None, Notice::Nobody),
        name = server.failed() => (Some(name), Notice::Nobody),
    };
    tracing::info!("stopping");
    server.stop(notice).await;
    tracing::info!("stopped");
    match failed {
        None => Ok(()),
        Some(name) => Err(CommandError::new(format!(
            "the {name} failed, and no server can do without it: start it again"
        ))),
    }
}

/// A server with an embedded database is the only one on it, so no load balancer needs notice
/// before it stops.
fn notice(place: &DatabasePlace) -> Notice {
    match place {
        DatabasePlace::Embedded { .. } => Notice::Nobody,
        DatabasePlace::External { .. } => Notice::Balancers,
    }
}

/// Prints the addresses and how to start a game. Prints no secret.
fn welcome(server: &Server, data_dir: &Path, prefix: &str) -> std::io::Result<()> {
    let scheme = if server.tls { "https" } else { "http" };
    let base = format!("{scheme}://{}", reachable(server.public_address));
    let file = credentials::path(&absolute(data_dir)?);
    let file = file.display();
    let mut out = stdout();
    if server.ensured == Some(Ensured::Remade) {
        writeln!(
            out,
            "credentials.env was missing beside an older database: new secrets were made. Player \
             tokens and control-plane credentials given out before are void.",
        )?;
    }
    writeln!(out, "\n  game API     {base}{prefix}")?;
    writeln!(out, "  documents    {base}/docs")?;
    writeln!(
        out,
        "  control      {scheme}://{}",
        reachable(server.control_address)
    )?;
    writeln!(out, "  credentials  {file}")?;
    writeln!(out, "\nStart a game:\n")?;
    writeln!(
        out,
        "  curl -s {base}{prefix}/game -H \"x-api-key: $(sed -n 's/^TURNKEY_API_KEY=//p' \
         '{file}')\" -H 'content-type: application/json' -d '{{\"name\":\"Ann\"}}'\n"
    )
}
