//! The errors of operations, in API Gateway's terms.

use crate::gate::ApiKeyValueError;
use crate::gate::issue::IssueError;
use crate::store::StoreError;

/// Why an operation failed. It changed nothing, except perhaps with [`Unknown`](Self::Unknown). The
/// texts are API Gateway's where those are known.
#[derive(Debug, thiserror::Error)]
pub enum OperationError {
    /// The request is wrong (400). The text names the field.
    #[error("{0}")]
    BadRequest(String),
    /// A value is not one of the allowed words (400).
    #[error("{0}")]
    Validation(String),
    /// Something that the request names does not exist (404).
    #[error("{0}")]
    NotFound(String),
    /// The request conflicts with the current state: for example, a name or value is taken (409).
    #[error("{0}")]
    Conflict(String),
    /// The database cannot be reached and nothing was changed (503). The caller may try again later.
    #[error("the database cannot be reached; nothing was changed")]
    Unavailable,
    /// The connection to the database was lost, and the change may have been made (503). The caller
    /// must read the current state before trying again.
    #[error("the connection to the database was lost; read whether the change was made")]
    Unknown,
    /// A fault of the server (500). The control plane writes the text only to the log.
    #[error("internal error: {0}")]
    Internal(String),
}

impl OperationError {
    pub(super) fn bad(text: impl Into<String>) -> OperationError {
        OperationError::BadRequest(text.into())
    }

    pub(super) fn not_found(text: impl Into<String>) -> OperationError {
        OperationError::NotFound(text.into())
    }

    /// The error for a value that is not among `words`, in API Gateway's words. `place` is the path
    /// of the member.
    pub(super) fn not_among(value: &str, place: &str, words: &[&str]) -> OperationError {
        OperationError::none_among(&[(value, place.to_owned())], words)
    }

    /// As [`not_among`](Self::not_among), for several values, each with its place.
    pub(super) fn none_among(values: &[(&str, String)], words: &[&str]) -> OperationError {
        let words = words.join(", ");
        let told = values.iter().map(|(value, place)| {
            format!(
                "Value '{value}' at '{place}' failed to satisfy constraint: Member must satisfy \
                 enum value set: [{words}]"
            )
        });
        let plural = if values.len() == 1 { "" } else { "s" };
        OperationError::Validation(format!(
            "{} validation error{plural} detected: {}",
            values.len(),
            told.collect::<Vec<_>>().join("; ")
        ))
    }

    /// Combines errors into one that has all their texts.
    ///
    /// # Errors
    /// Fails if there is any error. A fault of the database or the server is returned alone.
    pub(super) fn together(errors: Vec<OperationError>) -> Result<(), OperationError> {
        let (mut texts, mut kind) = (Vec::new(), None);
        for error in errors {
            let make: fn(String) -> OperationError = match &error {
                OperationError::BadRequest(_) => OperationError::BadRequest,
                OperationError::Validation(_) => OperationError::Validation,
                OperationError::NotFound(_) => OperationError::NotFound,
                OperationError::Conflict(_) => OperationError::Conflict,
                OperationError::Unavailable
                | OperationError::Unknown
                | OperationError::Internal(_) => return Err(error),
            };
            texts.push(error.to_string());
            // A wrong request is wrong in every state, so its kind wins over the others.
            let is_wrong = matches!(error, OperationError::BadRequest(_));
            if kind.is_none() || is_wrong {
                kind = Some(make);
            }
        }
        match kind {
            Some(make) => Err(make(texts.join("; "))),
            None => Ok(()),
        }
    }
}

impl From<StoreError> for OperationError {
    fn from(error: StoreError) -> OperationError {
        match error {
            StoreError::Unreachable(_) => OperationError::Unavailable,
            StoreError::OutcomeUnknown(_) => OperationError::Unknown,
            StoreError::Conflict(reason) if reason.contains("one usage plan per stage") => {
                OperationError::Conflict(
                    "A key can be in one usage plan per stage only: this key is in another usage \
                     plan with the same stage"
                        .into(),
                )
            }
            StoreError::Conflict(reason) => OperationError::Conflict(reason),
            StoreError::Refused(reason) | StoreError::Corrupt(reason) => {
                OperationError::Internal(reason)
            }
        }
    }
}

impl From<IssueError> for OperationError {
    fn from(error: IssueError) -> OperationError {
        match error {
            IssueError::Exists(_) => OperationError::Conflict(error.to_string()),
            IssueError::PlanConflict => OperationError::Conflict(error.to_string()),
            IssueError::Hashing(reason) => OperationError::Internal(reason),
            IssueError::Store(error) => error.into(),
        }
    }
}

impl From<ApiKeyValueError> for OperationError {
    fn from(error: ApiKeyValueError) -> OperationError {
        OperationError::BadRequest(error.to_string())
    }
}
