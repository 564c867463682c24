//! A change of the tables that the gate reads: several statements that take effect together or not
//! at all.
//!
//! Locks are always taken in the same order: first those of the lookups, then the row of `gate`, which
//! a trigger locks for every change of the gate's tables. So changes wait for each other and do not
//! deadlock.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::time::timeout;
use tokio_postgres::Row;

use super::{Lookup, Parameters, Store, StoreError, sql};

const STATEMENT_DEADLINE: Duration = Duration::from_secs(5);

/// A transaction. Dropping it without [`commit`](Change::commit) changes nothing.
pub struct Change {
    /// `None` after it has ended.
    connection: Option<deadpool_postgres::Object>,
    /// Whether a statement failed, and with it the transaction. Postgres would then answer a commit with a
    /// rollback but without an error.
    failed: AtomicBool,
}

impl Store {
    /// Begins a change that excludes all others, so that the data that it reads stay true until it ends.
    pub async fn change(&self) -> Result<Change, StoreError> {
        let change = self.begin().await?;
        change.lock().await?;
        Ok(change)
    }

    /// Begins a change that issues key values. It excludes other such changes with any of these lookups, so
    /// that it can first check whether an equal value exists.
    pub async fn change_values(&self, lookups: &[Lookup]) -> Result<Change, StoreError> {
        let mut lookups: Vec<&str> = lookups.iter().map(Lookup::as_str).collect();
        lookups.sort_unstable();
        lookups.dedup();
        let change = self.begin().await?;
        change.query(sql::lock_lookups, &[&lookups]).await?;
        Ok(change)
    }

    async fn begin(&self) -> Result<Change, StoreError> {
        let change = Change {
            connection: Some(self.connection().await?),
            failed: AtomicBool::new(false),
        };
        change.execute("begin").await?;
        Ok(change)
    }
}

impl Change {
    /// Excludes other changes of the gate's tables, so that the data read from now on stay true.
    pub(crate) async fn lock(&self) -> Result<(), StoreError> {
        self.query(sql::lock_gate, &[]).await?;
        Ok(())
    }

    /// Commits the change. Every instance applies it within a second.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] if a key would be in two plans of one stage;
    /// [`StoreError::OutcomeUnknown`] if the connection broke, because it may be committed.
    pub async fn commit(mut self) -> Result<(), StoreError> {
        if self.failed.load(Ordering::Relaxed) {
            return Err(StoreError::Refused("a part of the change failed".into()));
        }
        let done = self.execute("commit").await;
        if matches!(done, Ok(()) | Err(StoreError::Conflict(_))) {
            // The transaction has ended in either case, so the connection goes back to the pool.
            self.connection.take();
        }
        done
    }

    /// Ends the change without effect.
    pub async fn roll_back(mut self) {
        if self.execute("rollback").await.is_ok() {
            self.connection.take();
        }
    }

    pub(crate) async fn query(
        &self,
        statement: &str,
        parameters: Parameters<'_>,
    ) -> Result<Vec<Row>, StoreError> {
        let connection = self.open()?;
        let answer = async {
            let statement = connection.prepare_cached(statement).await?;
            connection.query(&statement, parameters).await
        };
        let answer = within_deadline(answer).await;
        if answer.is_err() {
            self.failed.store(true, Ordering::Relaxed);
        }
        answer
    }

    async fn execute(&self, statement: &str) -> Result<(), StoreError> {
        within_deadline(self.open()?.batch_execute(statement)).await
    }

    fn open(&self) -> Result<&deadpool_postgres::Object, StoreError> {
        self.connection
            .as_ref()
            .ok_or_else(|| StoreError::Refused("the change has ended".into()))
    }
}

impl Drop for Change {
    fn drop(&mut self) {
        // Closing the connection rolls back. So the pool never gets a connection with an open transaction.
        if let Some(connection) = self.connection.take() {
            drop(deadpool_postgres::Object::take(connection));
        }
    }
}

async fn within_deadline<T>(
    answer: impl Future<Output = Result<T, tokio_postgres::Error>>,
) -> Result<T, StoreError> {
    match timeout(STATEMENT_DEADLINE, answer).await {
        Ok(answer) => Ok(answer?),
        Err(_) => Err(StoreError::OutcomeUnknown(
            "the database did not answer in time".into(),
        )),
    }
}
