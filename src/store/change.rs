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

/// A transaction of one's own. Dropped without [`commit`](Change::commit), it changes nothing.
pub struct Change {
    /// `None` once it has ended.
    connection: Option<deadpool_postgres::Object>,
    /// A statement failed, and with it the transaction: Postgres would answer a commit with a
    /// rollback, and no error.
    failed: AtomicBool,
}

impl Store {
    /// Begins a change that no other change runs beside: what it reads stays true until it ends.
    pub async fn change(&self) -> Result<Change, StoreError> {
        let change = self.begin().await?;
        change.lock().await?;
        Ok(change)
    }

    /// Begins a change that gives out key values: no other one with any of these lookups runs
    /// beside it, so whether an equal value exists can be found out first.
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
    /// Keeps other changes of the gate's tables away: what is read from now on stays true.
    pub(crate) async fn lock(&self) -> Result<(), StoreError> {
        self.query(sql::lock_gate, &[]).await?;
        Ok(())
    }

    /// Makes it hold, on every instance within a second.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] where a key would be in two plans of one stage;
    /// [`StoreError::OutcomeUnknown`] where the connection broke: it may hold.
    pub async fn commit(mut self) -> Result<(), StoreError> {
        if self.failed.load(Ordering::Relaxed) {
            return Err(StoreError::Refused("a part of the change failed".into()));
        }
        let done = self.execute("commit").await;
        if matches!(done, Ok(()) | Err(StoreError::Conflict(_))) {
            // Ended either way: the connection goes back to the pool.
            self.connection.take();
        }
        done
    }

    /// Ends it without effect.
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
        // Closing the connection rolls back, and leaves no open transaction in the pool.
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
