//! Reading who changed what.

use super::OperationError;
use crate::store::Store;
use crate::store::control::Audited;

/// At most `limit` changes, newest first, only those recorded before `before_id`.
pub async fn read_audit(
    store: &Store,
    before_id: Option<i64>,
    limit: i64,
) -> Result<Vec<Audited>, OperationError> {
    Ok(store.audited(before_id, limit).await?)
}
