//! Reads and writes for the control plane only: whole plans and stages, their lists, tags, and the
//! audit of every change.

mod api;
mod audit;
mod plans;
mod stages;
mod values;

use serde_json::Value;
use time::OffsetDateTime;
use tokio_postgres::Row;
use tokio_postgres::types::FromSql;

use super::StoreError;

pub use api::{ApiSettings, MethodSetting};
pub use audit::{Actor, AuditEntry, Audited};
pub use plans::{PlanConflict, PlanKey, PlanStages, UsagePlan};
pub use stages::{Deployment, Stage};
pub use values::ValueLife;

/// The position in a list, newest first: its next page begins after this time and id.
pub type After = (OffsetDateTime, String);

fn split_after(after: Option<&After>) -> (Option<OffsetDateTime>, Option<&str>) {
    match after {
        Some((at, id)) => (Some(*at), Some(id)),
        None => (None, None),
    }
}

/// Reads a column that an operator could have corrupted by hand.
fn column<'a, T: FromSql<'a>>(row: &'a Row, name: &str) -> Result<T, StoreError> {
    row.try_get(name)
        .map_err(|error| StoreError::Corrupt(format!("column {name}: {error}")))
}

/// Reads a JSON column as a `T`.
fn json<T: serde::de::DeserializeOwned>(row: &Row, name: &str) -> Result<T, StoreError> {
    let value: Value = column(row, name)?;
    serde_json::from_value(value)
        .map_err(|error| StoreError::Corrupt(format!("column {name}: {error}")))
}
