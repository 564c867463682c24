//! API keys, and the hashes of their values. The values themselves are never stored.

use std::collections::BTreeMap;

use time::OffsetDateTime;
use tokio_postgres::Row;
use tokio_postgres::types::Json;

use super::change::Change;
use super::{KeyId, PlanId, Store, StoreError, sql};

/// Narrows the search for a value down to a few stored rows. It is the index of `api_key_value`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Lookup(Box<str>);

impl Lookup {
    /// Makes a lookup from its stored text.
    pub fn new(text: &str) -> Lookup {
        Lookup(text.into())
    }

    /// The lookup as it is stored.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Names and values that an operator attaches to a resource.
pub type Tags = BTreeMap<String, String>;

/// A key, without its values.
#[derive(Clone, Debug, PartialEq)]
pub struct ApiKey {
    /// The id of the key.
    pub id: KeyId,
    /// Its name, if it has one.
    pub name: Option<String>,
    /// Its description, if it has one.
    pub description: Option<String>,
    /// The customer id that was set, kept as it is.
    pub customer_id: Option<String>,
    /// Whether it is enabled.
    pub enabled: bool,
    /// Its tags.
    pub tags: Tags,
    /// When it was created.
    pub created_at: OffsetDateTime,
    /// When it was last changed.
    pub updated_at: OffsetDateTime,
    /// When it expires, if it does.
    pub expires_at: Option<OffsetDateTime>,
    /// When it was last used, if it was.
    pub last_used_at: Option<OffsetDateTime>,
}

/// A stored value that a candidate is compared with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredValue {
    /// The key.
    pub key: KeyId,
    /// The Argon2id hash, as a PHC string.
    pub phc: String,
}

/// The fields of a key that an operator sets. A new key has its id from the start.
#[derive(Clone, Debug, PartialEq)]
pub struct NewKey {
    /// The id of the key.
    pub id: KeyId,
    /// Its name, if it has one.
    pub name: Option<String>,
    /// Its description, if it has one.
    pub description: Option<String>,
    /// The customer id that was set, kept as it is.
    pub customer_id: Option<String>,
    /// Whether it is enabled.
    pub enabled: bool,
    /// Its tags.
    pub tags: Tags,
    /// When it expires, if it does.
    pub expires_at: Option<OffsetDateTime>,
}

/// The filter of a list of keys. Lists begin with the newest.
#[derive(Clone, Debug, Default)]
pub struct KeyFilter {
    /// The prefix of the names. It is case-sensitive.
    pub name_prefix: Option<String>,
    /// The customer id that was set, kept as it is.
    pub customer_id: Option<String>,
    /// Only keys in this plan.
    pub plan: Option<PlanId>,
    /// Only keys that come after this one in the list.
    pub after: Option<(OffsetDateTime, KeyId)>,
}

impl Store {
    /// All keys of that name, the oldest first.
    pub async fn keys_named(&self, name: &str) -> Result<Vec<KeyId>, StoreError> {
        let rows = self.read(sql::find_keys_named, &[&name]).await?;
        Ok(rows.iter().map(|row| KeyId::stored(row.get(0))).collect())
    }

    /// At most `limit` keys.
    pub async fn keys(&self, filter: &KeyFilter, limit: i64) -> Result<Vec<ApiKey>, StoreError> {
        let pattern = filter.name_prefix.as_deref().map(like_prefix);
        let plan = filter.plan.as_ref().map(PlanId::as_str);
        let after_at = filter.after.as_ref().map(|(at, _)| *at);
        let after_id = filter.after.as_ref().map(|(_, id)| id.as_str());
        let customer = filter.customer_id.as_deref();
        let rows = self
            .read(
                sql::list_keys,
                &[&pattern, &customer, &plan, &after_at, &after_id, &limit],
            )
            .await?;
        Ok(rows.iter().map(api_key).collect())
    }

    /// The key with this id, if it exists.
    pub async fn key(&self, id: &KeyId) -> Result<Option<ApiKey>, StoreError> {
        let rows = self.read(sql::find_key, &[&id.as_str()]).await?;
        Ok(rows.first().map(api_key))
    }
}

impl Change {
    /// As [`Store::key`], within the change.
    pub async fn key(&self, id: &KeyId) -> Result<Option<ApiKey>, StoreError> {
        let rows = self.query(sql::find_key, &[&id.as_str()]).await?;
        Ok(rows.first().map(api_key))
    }

    /// Adds a key without a value.
    pub async fn insert_key(&self, key: &NewKey) -> Result<ApiKey, StoreError> {
        let rows = self
            .query(
                sql::insert_key,
                &[
                    &key.id.as_str(),
                    &key.name,
                    &key.description,
                    &key.customer_id,
                    &key.enabled,
                    &Json(&key.tags),
                    &key.expires_at,
                ],
            )
            .await?;
        rows.first()
            .map(api_key)
            .ok_or_else(|| StoreError::Corrupt("an inserted key is gone".into()))
    }

    /// Sets all fields that an operator may set; `None` if the key does not exist.
    pub async fn update_key(&self, key: &NewKey) -> Result<Option<ApiKey>, StoreError> {
        let rows = self
            .query(
                sql::update_key,
                &[
                    &key.id.as_str(),
                    &key.name,
                    &key.description,
                    &key.customer_id,
                    &key.enabled,
                    &Json(&key.tags),
                    &key.expires_at,
                ],
            )
            .await?;
        Ok(rows.first().map(api_key))
    }

    /// Removes a key with its values and its places in plans. Returns whether it existed.
    pub async fn delete_key(&self, id: &KeyId) -> Result<bool, StoreError> {
        let rows = self.query(sql::delete_key, &[&id.as_str()]).await?;
        Ok(!rows.is_empty())
    }

    /// The key that a first start made, even if it was deleted since; `None` before a first start.
    pub async fn first_key(&self) -> Result<Option<KeyId>, StoreError> {
        let rows = self.query(sql::first_key, &[]).await?;
        let id: Option<&str> = rows.first().and_then(|row| row.get(0));
        Ok(id.map(KeyId::stored))
    }

    /// Records a key as the one that the first start made.
    pub async fn set_first_key(&self, id: &KeyId) -> Result<(), StoreError> {
        self.query(sql::set_first_key, &[&id.as_str()]).await?;
        Ok(())
    }

    /// The stored values that a value with this lookup may fit, including expired ones.
    pub async fn candidates(&self, lookup: &Lookup) -> Result<Vec<StoredValue>, StoreError> {
        let rows = self
            .query(sql::find_key_values, &[&lookup.as_str()])
            .await?;
        Ok(rows
            .iter()
            .map(|row| StoredValue {
                key: KeyId::stored(row.get("key_id")),
                phc: row.get("phc"),
            })
            .collect())
    }

    /// Adds a value to a key.
    pub async fn insert_key_value(
        &self,
        key: &KeyId,
        lookup: &Lookup,
        phc: &str,
    ) -> Result<(), StoreError> {
        self.query(
            sql::insert_key_value,
            &[&key.as_str(), &lookup.as_str(), &phc],
        )
        .await?;
        Ok(())
    }
}

impl ApiKey {
    /// The fields that an operator may set, to change and write back.
    pub fn settings(&self) -> NewKey {
        NewKey {
            id: self.id.clone(),
            name: self.name.clone(),
            description: self.description.clone(),
            customer_id: self.customer_id.clone(),
            enabled: self.enabled,
            tags: self.tags.clone(),
            expires_at: self.expires_at,
        }
    }
}

fn api_key(row: &Row) -> ApiKey {
    let Json(tags) = row.get("tags");
    ApiKey {
        id: KeyId::stored(row.get("id")),
        name: row.get("name"),
        description: row.get("description"),
        customer_id: row.get("customer_id"),
        enabled: row.get("enabled"),
        tags,
        created_at: row.get("created_at"),
        updated_at: row.get("updated_at"),
        expires_at: row.get("expires_at"),
        last_used_at: row.get("last_used_at"),
    }
}

/// A LIKE pattern for texts that begin with `prefix`. Special characters in it are escaped.
pub(super) fn like_prefix(prefix: &str) -> String {
    let mut pattern = String::with_capacity(prefix.len() + 1);
    for character in prefix.chars() {
        if matches!(character, '\\' | '%' | '_') {
            pattern.push('\\');
        }
        pattern.push(character);
    }
    pattern.push('%');
    pattern
}
