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

/// A key to be made. Without `enabled` it is not, as at API Gateway.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct CreateKey {
    pub name: Option<String>,
    pub description: Option<String>,
    pub customer_id: Option<String>,
    pub enabled: Option<bool>,
    /// Generated where it is absent or empty.
    pub value: Option<CustomValue>,
    pub tags: Option<BTreeMap<String, String>>,
}

/// A value as an operator wrote it, in whatever form. `Debug` shows nothing of it.
#[derive(Clone, Deserialize)]
#[serde(transparent)]
pub struct CustomValue(String);

impl std::fmt::Debug for CustomValue {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("CustomValue")
    }
}

impl CustomValue {
    pub fn new(text: String) -> CustomValue {
        CustomValue(text)
    }

    /// The value, or a generated one where this is empty.
    pub(super) fn or_generated(value: Option<&CustomValue>) -> Result<ApiKeyValue, OperationError> {
        match value.map(|value| value.0.as_str()) {
            None | Some("") => Ok(ApiKeyValue::generate()),
            Some(text) => Ok(ApiKeyValue::parse(text)?),
        }
    }
}

/// Makes a key; its value is in no other answer.
///
/// # Errors
/// [`OperationError::Conflict`] where another key has this value.
pub async fn create_key(
    store: &Store,
    actor: &Actor,
    input: CreateKey,
) -> Result<(ApiKey, ApiKeyValue), OperationError> {
    create(store, actor, input, &[]).await
}

/// As [`create_key`], and puts the key in a plan at once.
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

/// # Errors
/// [`OperationError::NotFound`].
pub async fn read_key(store: &Store, id: &str) -> Result<ApiKey, OperationError> {
    let key = store.key(&parse(id)?).await?;
    key.ok_or_else(|| OperationError::not_found(UNKNOWN))
}

/// Applies a patch list; all of it or nothing.
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

/// Writes what `edit` makes of a key's settings.
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

/// Removes a key, its values and its places in plans. Its games stay.
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

/// The id of a key; one that is not of its form is the id of none.
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
