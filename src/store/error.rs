//! Failures of the database, grouped by the caller's possible reactions.

use tokio_postgres::error::SqlState;

/// The reason why the database did not do its work.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Nothing was sent. The caller may try again later.
    #[error("the database cannot be reached: {0}")]
    Unreachable(String),
    /// The statement was sent but not answered, so its outcome is unknown.
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

    /// Converts an error of a statement that changes nothing, whose outcome cannot be unknown.
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
            // Nothing was done, and the same statement may succeed on another server or later on this one: it is
            // starting up, out of resources, or a standby since a failover.
            _ if *code == SqlState::CANNOT_CONNECT_NOW
                || *code == SqlState::READ_ONLY_SQL_TRANSACTION =>
            {
                StoreError::Unreachable(text)
            }
            "53" => StoreError::Unreachable(text),
            // The session ended, perhaps after it did the work. A proxy reports that in class 08.
            "08" | "57" => StoreError::OutcomeUnknown(text),
            _ => StoreError::Refused(text),
        }
    }
}
