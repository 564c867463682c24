//! The values of one key during a rotation: how long each stays valid, never its text.

use time::OffsetDateTime;

use crate::store::{Change, KeyId, StoreError, sql};

/// One value of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ValueLife {
    /// When the value was issued.
    pub created_at: OffsetDateTime,
    /// `None` if it lasts as long as its key.
    pub expires_at: Option<OffsetDateTime>,
}

impl Change {
    /// A key's values, newest first, including the expired ones.
    pub async fn value_lives(&self, key: &KeyId) -> Result<Vec<ValueLife>, StoreError> {
        let rows = self.query(sql::list_key_values, &[&key.as_str()]).await?;
        Ok(rows
            .iter()
            .map(|row| ValueLife {
                created_at: row.get("created_at"),
                expires_at: row.get("expires_at"),
            })
            .collect())
    }

    /// Lets every present value of the key expire at `at`, unless it expires earlier.
    pub async fn end_key_values(&self, key: &KeyId, at: OffsetDateTime) -> Result<(), StoreError> {
        self.query(sql::end_key_values, &[&key.as_str(), &at])
            .await?;
        Ok(())
    }

    /// Deletes the values that had expired by `at`.
    pub async fn delete_ended_key_values(
        &self,
        key: &KeyId,
        at: OffsetDateTime,
    ) -> Result<(), StoreError> {
        self.query(sql::delete_ended_key_values, &[&key.as_str(), &at])
            .await?;
        Ok(())
    }
}
