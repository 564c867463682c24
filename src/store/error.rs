//! Failures of the database, sorted by what the caller can do about them.

use tokio_postgres::error::SqlState;

/// Why the database did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Nothing was sent: ask again later.
    #[error("the database cannot be reached: {0}")]
    Unreachable(String),
    /// Sent, and no answer came: it may have been done.
    #[error("the connection to the database was lost: {0}")]
    OutcomeUnknown(String),
    /// Postgres refused the statement and did nothing.
    #[error("the database refused a statement: {0}")]
    Refused(String),
    /// Another row has this value already.
    #[error("not unique: {0}")]
    Conflict(String),
    /// This release cannot read the stored data.
    #[error("stored data cannot be read: {0}")]
    Corrupt(String),
}

impl StoreError {
    pub(crate) fn unreachable(error: impl std::fmt::Display) -> StoreError {
        StoreError::Unreachable(error.to_string())
    }

    /// For statements that change nothing: no outcome can be unknown.
    pub(crate) fn of_read(self) -> StoreError {
        match self {
            StoreError::OutcomeUnknown(reason) => StoreError::Unreachable(reason),
            other @ (StoreError::Unreachable(_)
            | StoreError::Refused(_)
            | StoreError::Conflict(_)
            | StoreError::Corrupt(_)) => other,
        }
    }
}

impl From<tokio_postgres::Error> for StoreError {
    fn from(error: tokio_postgres::Error) -> StoreError {
        let Some(answer) = error.as_db_error() else {
            return if error.is_closed() || std::error::Error::source(&error).is_some() {
                StoreError::OutcomeUnknown(error.to_string())
            } else {
                StoreError::Refused(error.to_string())
            };
        };
        let code = answer.code();
        let text = format!("{} ({})", answer.message(), code.code());
        let class = code.code().get(..2).unwrap_or_default();
        match class {
            _ if *code == SqlState::QUERY_CANCELED => StoreError::Refused(text),
            _ if *code == SqlState::UNIQUE_VIOLATION => StoreError::Conflict(text),
            _ if *code == SqlState::T_R_STATEMENT_COMPLETION_UNKNOWN => {
                StoreError::OutcomeUnknown(text)
            }
            // Nothing was done, and another server, or this one later, may do it: starting up, out
            // of resources, or a standby since a failover.
            _ if *code == SqlState::CANNOT_CONNECT_NOW
                || *code == SqlState::READ_ONLY_SQL_TRANSACTION =>
            {
                StoreError::Unreachable(text)
            }
            "53" => StoreError::Unreachable(text),
            // The session ended, perhaps after it did what we asked; a proxy says so in class 08.
            "08" | "57" => StoreError::OutcomeUnknown(text),
            _ => StoreError::Refused(text),
        }
    }
}
