//! API keys: create, read, change, delete.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{OperationError, check_description, check_tags, filled, in_change, plan_keys, settle};
use crate::control::patch::{PatchList, Paths, REPLACE, REPLACE_REMOVE};
use crate::control::wire;
use crate::gate::{ApiKeyValue, issue};
use crate::store::control::{Actor, AuditEntry};
use crate::store::keys::{ApiKey, NewKey};
use crate::store::{Change, KeyId, PlanId, Store};

pub(super) const UNKNOWN: &str = "Invalid API Key identifier specified";
const PATHS: &Paths = &[
    ("/description", REPLACE_REMOVE),
    ("/enabled", REPLACE),
    ("/name", REPLACE),
    ("/customerId", REPLACE_REMOVE),
];
const MAX_NAME_LENGTH: usize = 1024;

/// A key to create. An empty text counts as absent.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct CreateKey {
    /// At most 1,024 characters.
    pub name: Option<String>,
    /// At most 125,000 characters.
    pub description: Option<String>,
    /// At most 1,024 characters.
    pub customer_id: Option<String>,
    /// Absent means disabled, as in API Gateway.
    pub enabled: Option<bool>,
    /// Generated if absent or empty. Otherwise it must be acceptable to [`ApiKeyValue::parse`].
    pub value: Option<CustomValue>,
    /// At most 50. A name has 1 to 128 characters and does not begin with `aws:`; a value has at most
    /// 256 characters.
    pub tags: Option<BTreeMap<String, String>>,
}

/// A key's value as an operator wrote it, not yet checked. `Debug` does not show it.
#[derive(Clone, Deserialize)]
#[serde(transparent)]
pub struct CustomValue(String);

impl std::fmt::Debug for CustomValue {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("CustomValue")
    }
}

impl CustomValue {
    /// Takes a value without checking it; the operation that stores it does.
    pub fn new(text: String) -> CustomValue {
        CustomValue(text)
    }

    /// The value, or a generated one if it is absent or empty.
    pub(super) fn or_generated(value: Option<&CustomValue>) -> Result<ApiKeyValue, OperationError> {
        match value.map(|value| value.0.as_str()) {
            None | Some("") => Ok(ApiKeyValue::generate()),
            Some(text) => Ok(ApiKeyValue::parse(text)?),
        }
    }
}

/// Creates a key and returns it with its value. The value cannot be read again.
///
/// # Errors
/// Fails with [`OperationError::BadRequest`] if a member breaks its limits, and with
/// [`OperationError::Conflict`] if another key has this value.
pub async fn create_key(
    store: &Store,
    actor: &Actor,
    input: CreateKey,
) -> Result<(ApiKey, ApiKeyValue), OperationError> {
    create(store, actor, input, &[]).await
}

/// As [`create_key`], and puts the key in a plan in the same transaction.
///
/// # Errors
/// As [`create_key`], and with [`OperationError::NotFound`] if the plan does not exist.
pub async fn create_key_in_plan(
    store: &Store,
    actor: &Actor,
    input: CreateKey,
    plan: &PlanId,
) -> Result<(ApiKey, ApiKeyValue), OperationError> {
    create(store, actor, input, std::slice::from_ref(plan)).await
}

async fn create(
    store: &Store,
    actor: &Actor,
    input: CreateKey,
    plans: &[PlanId],
) -> Result<(ApiKey, ApiKeyValue), OperationError> {
    let key = NewKey {
        id: KeyId::generate(),
        name: filled(input.name),
        description: filled(input.description),
        customer_id: filled(input.customer_id),
        enabled: input.enabled.unwrap_or(false),
        tags: input.tags.unwrap_or_default(),
        expires_at: None,
    };
    check(&key)?;
    let value = CustomValue::or_generated(input.value.as_ref())?;
    let hashed = issue::hash_value(store, &value).await?;
    let change = issue::begin(store, std::slice::from_ref(&hashed)).await?;
    let created = async {
        if let Some(owner) = issue::find_owner(&change, &hashed).await? {
            return Err(issue::IssueError::Exists(owner).into());
        }
        let created = issue::insert(&change, &key, &hashed).await?;
        audit(&change, actor, "CreateApiKey", None, Some(&created)).await?;
        for plan in plans {
            plan_keys::add(&change, actor, plan, &created.id).await?;
        }
        Ok(created)
    }
    .await;
    Ok((settle(change, created).await?, value))
}

/// Reads a key.
///
/// # Errors
/// Fails with [`OperationError::NotFound`] if no key has this id.
pub async fn read_key(store: &Store, id: &str) -> Result<ApiKey, OperationError> {
    let key = store.key(&parse(id)?).await?;
    key.ok_or_else(|| OperationError::not_found(UNKNOWN))
}

/// Applies a patch list to a key, as a whole or not at all.
///
/// # Errors
/// Fails with [`OperationError::NotFound`] if no key has this id, and with
/// [`OperationError::BadRequest`] or [`OperationError::Validation`] if the list or its result is
/// invalid.
pub async fn update_key(
    store: &Store,
    actor: &Actor,
    id: &str,
    patches: &PatchList,
) -> Result<ApiKey, OperationError> {
    let id = parse(id)?;
    change_key(store, actor, "UpdateApiKey", &id, |key| {
        patches.apply("updateApiKeyInput", |patch| {
            patch.op_of(PATHS)?;
            match patch.path.as_str() {
                "/name" => key.name = patch.optional_text(),
                "/description" => key.description = patch.optional_text(),
                "/customerId" => key.customer_id = patch.optional_text(),
                "/enabled" => key.enabled = patch.boolean(),
                _ => return Err(patch.wrong_path(PATHS)),
            }
            Ok(())
        })
    })
    .await
}

/// Changes a key's settings with `edit` and writes them.
pub(super) async fn change_key(
    store: &Store,
    actor: &Actor,
    action: &str,
    id: &KeyId,
    edit: impl FnOnce(&mut NewKey) -> Result<(), OperationError>,
) -> Result<ApiKey, OperationError> {
    in_change(store, async |change| {
        let unknown = || OperationError::not_found(UNKNOWN);
        let before = change.key(id).await?.ok_or_else(unknown)?;
        let mut settings = before.settings();
        edit(&mut settings)?;
        check(&settings)?;
        let after = change.update_key(&settings).await?.ok_or_else(unknown)?;
        audit(change, actor, action, Some(&before), Some(&after)).await?;
        Ok(after)
    })
    .await
}

/// Deletes a key with its values, and removes it from its plans. Its games stay.
///
/// # Errors
/// Fails with [`OperationError::NotFound`] if no key has this id.
pub async fn delete_key(store: &Store, actor: &Actor, id: &str) -> Result<(), OperationError> {
    let id = parse(id)?;
    in_change(store, async |change| {
        let before = change.key(&id).await?;
        let before = before.ok_or_else(|| OperationError::not_found(UNKNOWN))?;
        change.delete_key(&id).await?;
        audit(change, actor, "DeleteApiKey", Some(&before), None).await
    })
    .await
}

/// Parses the id of a key. A malformed id is reported as one that no key has.
pub(super) fn parse(id: &str) -> Result<KeyId, OperationError> {
    id.parse().map_err(|_| OperationError::not_found(UNKNOWN))
}

pub(super) fn check(key: &NewKey) -> Result<(), OperationError> {
    let name = key.name.as_deref().unwrap_or_default();
    if name.chars().count() > MAX_NAME_LENGTH {
        return Err(OperationError::bad(
            "Invalid API Key name, can be at most 1024 characters.",
        ));
    }
    check_description("API Key", key.description.as_deref())?;
    let customer = key.customer_id.as_deref().unwrap_or_default();
    if customer.chars().count() > MAX_NAME_LENGTH {
        return Err(OperationError::bad(
            "Invalid customerId, can be at most 1024 characters.",
        ));
    }
    check_tags(&key.tags)
}

pub(super) async fn audit(
    change: &Change,
    actor: &Actor,
    action: &str,
    before: Option<&ApiKey>,
    after: Option<&ApiKey>,
) -> Result<(), OperationError> {
    let id = before.or(after).map(|key| key.id.to_string());
    let entry = AuditEntry {
        actor,
        action,
        target: &format!("/apikeys/{}", id.unwrap_or_default()),
        before: before.map(wire::api_key),
        after: after.map(wire::api_key),
    };
    Ok(change.audit(&entry).await?)
}
