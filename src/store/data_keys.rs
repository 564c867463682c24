//! The wrapped data keys. What they are and what opens them is `seals`' business.

use tokio_postgres::Row;

use super::{Store, StoreError, sql};

/// A data key, wrapped under a secret.
pub struct WrappedKey {
    /// The number of this row. Later rows have greater ones.
    pub id: i64,
    /// The number of the key, which is wrapped once for each secret that may open it.
    pub key: i32,
    /// The key, as only the secret can open it.
    pub wrapped: Vec<u8>,
}

/// What a start changes about the wrapped keys.
#[derive(Default)]
pub struct DataKeyChange {
    /// Keys with their numbers, wrapped under another secret.
    pub add: Vec<(i32, Vec<u8>)>,
    /// The rows that go.
    pub remove: Vec<i64>,
}

impl Store {
    /// All wrapped keys, oldest first.
    pub async fn wrapped_keys(&self) -> Result<Vec<WrappedKey>, StoreError> {
        let rows = self.read(sql::list_data_keys, &[]).await?;
        Ok(rows.iter().map(wrapped_key).collect())
    }

    /// Changes the wrapped keys as `judge` says on reading all of them. Instances that start at once
    /// do it one after another.
    ///
    /// # Errors
    /// Where the database fails; then nothing is changed, or all of it.
    pub async fn change_wrapped_keys(
        &self,
        judge: impl FnOnce(&[WrappedKey]) -> DataKeyChange,
    ) -> Result<(), StoreError> {
        let mut connection = self.connection().await?;
        let transaction = connection.transaction().await?;
        transaction.batch_execute(sql::lock_data_keys).await?;
        let rows = transaction.query(sql::list_data_keys, &[]).await?;
        let keys: Vec<WrappedKey> = rows.iter().map(wrapped_key).collect();
        let change = judge(&keys);
        for (key, wrapped) in &change.add {
            let row: super::Parameters<'_> = &[key, wrapped];
            transaction.execute(sql::insert_data_key, row).await?;
        }
        let remove: super::Parameters<'_> = &[&change.remove];
        transaction.execute(sql::delete_data_keys, remove).await?;
        Ok(transaction.commit().await?)
    }
}

fn wrapped_key(row: &Row) -> WrappedKey {
    WrappedKey {
        id: row.get("id"),
        key: row.get("key"),
        wrapped: row.get("wrapped"),
    }
}
