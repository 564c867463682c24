//! Opens the database: an external one or the embedded one.

use super::embedded::{self, Embedded, EmbeddedError};
use crate::config::DatabasePlace;
use crate::store::{Database, DatabaseUrlError};

/// A database. If it is embedded, its Postgres runs as long as this value exists.
#[derive(Debug)]
pub struct Opened {
    /// The database.
    pub database: Database,
    /// The embedded Postgres, if this process runs or joined one.
    pub embedded: Option<Embedded>,
}

/// The reason why there is no database.
#[derive(Debug, thiserror::Error)]
pub enum PlaceError {
    /// The embedded Postgres did not start.
    #[error(transparent)]
    Embedded(#[from] EmbeddedError),
    /// `DATABASE_URL` is malformed.
    #[error("DATABASE_URL is wrong: {0}")]
    Url(DatabaseUrlError),
}

/// Opens the database for a server: starts the embedded Postgres, and is the only server on it.
pub fn open_for_server(place: &DatabasePlace) -> Result<Opened, PlaceError> {
    match place {
        DatabasePlace::External { url } => external(url.expose()),
        DatabasePlace::Embedded { data_dir } => opened(embedded::start(data_dir)?),
    }
}

/// Opens the database for a command: joins the embedded Postgres of a running server, or starts it.
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Secret;

    #[test]
    fn a_place_that_is_none_is_called_by_its_setting() {
        let url = |url: &str| DatabasePlace::External {
            url: Secret::new(url.into()),
        };
        // A file cannot contain a directory.
        let data_dir = std::env::current_exe().unwrap().join("data");
        for (place, begins) in [
            (url("nonsense"), "DATABASE_URL is wrong: "),
            (url("mysql://db/turnkey"), "DATABASE_URL is wrong: "),
            (DatabasePlace::Embedded { data_dir }, "TURNKEY_DATA_DIR /"),
        ] {
            let line = open_for_server(&place).unwrap_err().to_string();
            assert!(line.starts_with(begins), "{line}");
            assert!(!line.contains('\n'), "{line}");
        }
    }
}
