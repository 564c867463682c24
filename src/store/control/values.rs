//! The values of one key during a rotation: how long each is good, never its text.

use time::OffsetDateTime;

use crate::store::{Change, KeyId, StoreError, sql};

/// One of the values that a key answers to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ValueLife {
    /// When the value was given out.
    pub created_at: OffsetDateTime,
    /// `None`: as long as its key.
    pub expires_at: Option<OffsetDateTime>,
}

impl Change {
    /// A key's values, newest first, the ended ones among them.
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

    /// Lets every value that the key now has end at `at`, or sooner where that is already so.
    pub async fn end_key_values(&self, key: &KeyId, at: OffsetDateTime) -> Result<(), StoreError> {
        self.query(sql::end_key_values, &[&key.as_str(), &at])
            .await?;
        Ok(())
    }

    /// Forgets the values that had ended by `at`.
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
