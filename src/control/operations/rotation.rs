//! Operations that API Gateway does not have: the expiry of a key, and its rotation, during which the
//! old and the new value are both valid.

use std::time::Duration;

use serde::Deserialize;
use time::OffsetDateTime;

use super::keys::{self, CustomValue};
use super::{OperationError, settle};
use crate::gate::{ApiKeyValue, issue};
use crate::store::control::{Actor, AuditEntry};
use crate::store::keys::ApiKey;
use crate::store::{KeyId, Store};

/// How long the old value stays valid by default: one day.
pub const DEFAULT_GRACE: Duration = Duration::from_secs(24 * 3600);
const MAX_GRACE: Duration = Duration::from_secs(366 * 24 * 3600);

/// How to rotate a key.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct RotateKey {
    /// The new value. It is generated if absent or empty.
    pub value: Option<CustomValue>,
    /// How long the old value stays valid, in seconds: at most 366 days, by default
    /// [`DEFAULT_GRACE`]. With 0 it ends at once.
    pub grace_seconds: Option<u64>,
}

/// A key with its new value.
#[derive(Clone, Debug)]
pub struct Rotated {
    /// The key.
    pub key: ApiKey,
    /// The new value. It cannot be read again.
    pub value: ApiKeyValue,
    /// When the old value ends.
    pub previous_ends_at: OffsetDateTime,
}

/// Gives a key a new value. The old one ends after the grace.
///
/// # Errors
/// Fails with [`OperationError::BadRequest`] if the grace is too long or the value is malformed, with
/// [`OperationError::NotFound`] if no key has this id, and with [`OperationError::Conflict`] if another
/// key has the new value, or if an earlier rotation has not ended yet and the grace is not 0.
pub async fn rotate_key(
    store: &Store,
    actor: &Actor,
    id: &str,
    input: &RotateKey,
) -> Result<Rotated, OperationError> {
    let id = keys::parse(id)?;
    let grace = input
        .grace_seconds
        .map_or(DEFAULT_GRACE, Duration::from_secs);
    if grace > MAX_GRACE {
        let most = MAX_GRACE.as_secs();
        return Err(OperationError::bad(format!(
            "Invalid graceSeconds: it must be from 0 to {most}"
        )));
    }
    let value = CustomValue::or_generated(input.value.as_ref())?;
    let hashed = issue::hash_value(store, &value).await?;
    let now = store.clock().now();
    let previous_ends_at = now + grace;
    let change = issue::begin(store, std::slice::from_ref(&hashed)).await?;
    let rotated = async {
        let key = change.key(&id).await?;
        let key = key.ok_or_else(|| OperationError::not_found(keys::UNKNOWN))?;
        if let Some(owner) = issue::find_owner(&change, &hashed).await? {
            return Err(issue::IssueError::Exists(owner).into());
        }
        change.delete_ended_key_values(&id, now).await?;
        let lives = change.value_lives(&id).await?;
        let ending = lives.iter().find_map(|life| life.expires_at);
        if let (Some(end), false) = (ending, grace.is_zero()) {
            return Err(OperationError::Conflict(format!(
                "A rotation of this key is under way: the value before ends at {}. Wait until \
                 then, or rotate with graceSeconds 0, which ends all values until now at once",
                end.unix_timestamp()
            )));
        }
        if grace.is_zero() {
            change.end_key_values(&id, now).await?;
            change.delete_ended_key_values(&id, now).await?;
        } else {
            change.end_key_values(&id, previous_ends_at).await?;
        }
        issue::add_value(&change, &id, &hashed).await?;
        let target = format!("/apikeys/{id}");
        let ends_at = previous_ends_at.unix_timestamp();
        let entry = AuditEntry {
            actor,
            action: "RotateApiKey",
            target: &target,
            before: Some(serde_json::json!({"values": lives.len()})),
            after: Some(serde_json::json!({"previousValueExpiresAt": ends_at})),
        };
        change.audit(&entry).await?;
        Ok(key)
    }
    .await;
    Ok(Rotated {
        key: settle(change, rotated).await?,
        value,
        previous_ends_at,
    })
}

/// Sets the time at which a key ends. `None` removes it.
///
/// # Errors
/// Fails with [`OperationError::NotFound`] if no key has this id.
pub async fn expire_key(
    store: &Store,
    actor: &Actor,
    id: &str,
    expires_at: Option<OffsetDateTime>,
) -> Result<ApiKey, OperationError> {
    let id: KeyId = keys::parse(id)?;
    keys::change_key(store, actor, "ExpireApiKey", &id, |key| {
        key.expires_at = expires_at;
        Ok(())
    })
    .await
}
