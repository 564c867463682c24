//! The operations of operators, independent of HTTP. The control plane's listener and the command line
//! call the same functions. Each change is one transaction that includes its audit row.
//!
//! Every function that reads or writes can fail with [`OperationError::Unavailable`],
//! [`OperationError::Unknown`] or [`OperationError::Internal`]. The `# Errors` sections name only the
//! other errors.

pub mod account;
pub mod api;
pub mod audit;
pub mod deployments;
pub mod explain;
pub mod import;
pub mod keys;
pub mod plan_draft;
pub mod plan_keys;
pub mod plan_patch;
pub mod plans;
pub mod rotation;
mod stage_patch;
pub mod stages;
pub mod tags;
pub mod usage;

use std::collections::BTreeMap;

pub use super::OperationError;
use crate::store::{Change, Store};

/// The id of the one API that a server hosts.
pub const API_ID: &str = "turnkey";

const MAX_TAGS: usize = 50;
const MAX_DESCRIPTION_LENGTH: usize = 125_000;

/// Runs `work` in one transaction, which is committed if `work` succeeds.
async fn in_change<T>(
    store: &Store,
    work: impl AsyncFnOnce(&Change) -> Result<T, OperationError>,
) -> Result<T, OperationError> {
    let change = store.change().await?;
    let result = work(&change).await;
    settle(change, result).await
}

/// Commits a change if `result` is a success, and rolls it back otherwise.
async fn settle<T>(change: Change, result: Result<T, OperationError>) -> Result<T, OperationError> {
    match result {
        Ok(value) => {
            change.commit().await?;
            Ok(value)
        }
        Err(error) => {
            change.roll_back().await;
            Err(error)
        }
    }
}

fn check_description(kind: &str, description: Option<&str>) -> Result<(), OperationError> {
    match description {
        Some(text) if text.chars().count() > MAX_DESCRIPTION_LENGTH => Err(OperationError::bad(
            format!("Invalid {kind} description specified."),
        )),
        Some(_) | None => Ok(()),
    }
}

/// `None` for an empty text: an empty name counts as no name.
fn filled(text: Option<String>) -> Option<String> {
    text.filter(|text| !text.is_empty())
}

fn check_tags(tags: &BTreeMap<String, String>) -> Result<(), OperationError> {
    if tags.len() > MAX_TAGS {
        return Err(OperationError::bad(format!(
            "Invalid tags: at most {MAX_TAGS} tags can be on one resource"
        )));
    }
    for (key, value) in tags {
        if key.is_empty() || key.chars().count() > 128 || key.starts_with("aws:") {
            return Err(OperationError::bad(format!(
                "Invalid tag key '{key}': it has 1 to 128 characters and does not begin with aws:"
            )));
        }
        if value.chars().count() > 256 {
            return Err(OperationError::bad(format!(
                "Invalid value of tag '{key}': it has at most 256 characters"
            )));
        }
    }
    Ok(())
}
