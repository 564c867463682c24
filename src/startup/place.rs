//! From where the database is said to be, to a database that can be used.

use super::embedded::{self, Embedded, EmbeddedError};
use crate::config::DatabasePlace;
use crate::store::{Database, DatabaseUrlError};

/// A database, and the embedded Postgres under it, which lives as long as this does.
#[derive(Debug)]
pub struct Opened {
    pub database: Database,
    pub embedded: Option<Embedded>,
}

#[derive(Debug, thiserror::Error)]
pub enum PlaceError {
    #[error(transparent)]
    Embedded(#[from] EmbeddedError),
    #[error("DATABASE_URL {0}")]
    Url(DatabaseUrlError),
}

/// For a server: starts the embedded Postgres, and is the only server on it.
pub fn open_for_server(place: &DatabasePlace) -> Result<Opened, PlaceError> {
    match place {
        DatabasePlace::External { url } => external(url.expose()),
        DatabasePlace::Embedded { data_dir } => opened(embedded::start(data_dir)?),
    }
}

/// For a command: joins the embedded Postgres of a running server, else starts it.
pub fn open_for_command(place: &DatabasePlace) -> Result<Opened, PlaceError> {
    match place {
        DatabasePlace::External { url } => external(url.expose()),
        DatabasePlace::Embedded { data_dir } => opened(embedded::join_or_start(data_dir)?),
    }
}

fn external(url: &str) -> Result<Opened, PlaceError> {
    let database = Database::parse(url).map_err(PlaceError::Url)?;
    Ok(Opened {
        database,
        embedded: None,
    })
}

fn opened(embedded: Embedded) -> Result<Opened, PlaceError> {
    let url = embedded.connection().to_connection_string();
    let database = Database::parse(&url).map_err(PlaceError::Url)?;
    Ok(Opened {
        database,
        embedded: Some(embedded),
    })
}
