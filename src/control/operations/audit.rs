//! Reads the audit log: who changed what.

use super::OperationError;
use crate::store::Store;
use crate::store::control::Audited;

/// Reads at most `limit` changes, newest first. With `before_id`, it reads only changes with a smaller
/// id.
pub async fn read_audit(
    store: &Store,
    before_id: Option<i64>,
    limit: i64,
) -> Result<Vec<Audited>, OperationError> {
    Ok(store.audited(before_id, limit).await?)
}
