//! Postgres. Only this module talks to it.
//!
//! [`Store`] is the handle for the other modules: a pool for statements that stand alone. The append
//! writer, the tail and the projector have their own connections, because each must know when it has
//! lost its connection.

#![warn(missing_docs)]

pub mod append;
mod append_session;
mod append_stats;
pub mod archive;
mod batch;
mod change;
pub mod check;
mod clock;
mod connection;
pub mod control;
mod data_keys;
mod error;
mod event;
mod gate_id;
pub mod gate_tables;
mod invites;
pub mod keys;
mod log;
pub mod migrate;
mod my_games;
pub mod plans;
mod players;
pub mod projection;
mod request_keys;
pub mod sql;
pub mod stages;
pub mod tail;
pub mod usage;

use std::sync::Arc;
use std::time::Duration;

use deadpool_postgres::{Manager, ManagerConfig, Pool, RecyclingMethod, Runtime, Timeouts};
use tokio::time::timeout;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

pub use change::Change;
pub use clock::Clock;
pub use connection::{Database, DatabaseUrlError};
pub use data_keys::{DataKeyChange, WrappedKey};
pub use error::StoreError;
pub use event::{EventRow, StoredEvent};
pub use gate_id::{DeploymentId, IdError, KeyId, PlanId};
pub use keys::Lookup;
pub use log::LogHead;
pub use my_games::ListPlace;
pub use players::{Leaving, Names};
pub use request_keys::{Earlier, Person, Reservation, Reserved, ReservedKey};

/// How long a statement on the pool may take, from asking for a connection to the last row.
const STATEMENT_DEADLINE: Duration = Duration::from_secs(5);
/// How long a statement may wait for a free or new connection.
const CONNECTION_DEADLINE: Duration = Duration::from_secs(2);

pub(crate) type Parameters<'a> = &'a [&'a (dyn ToSql + Sync)];

/// The handle of the database for the rest of the process. It is cheap to clone.
#[derive(Clone)]
pub struct Store {
    database: Database,
    pool: Pool,
    clock: Arc<Clock>,
}

/// The use of the pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PoolUse {
    /// Connections in use.
    pub in_use: usize,
    /// Idle connections.
    pub idle: usize,
    /// The most connections of the pool.
    pub most: usize,
    /// Statements that wait for a connection.
    pub waiting: usize,
}

impl Store {
    /// A store on `database` with at most `pool_size` connections. The first statement connects.
    pub fn new(database: Database, pool_size: usize) -> Store {
        let manager = Manager::from_config(
            database.config().clone(),
            database.tls().clone(),
            ManagerConfig {
                recycling_method: RecyclingMethod::Fast,
            },
        );
        let pool = Pool::builder(manager)
            .max_size(pool_size)
            .runtime(Runtime::Tokio1)
            .timeouts(Timeouts {
                wait: Some(CONNECTION_DEADLINE),
                create: Some(CONNECTION_DEADLINE),
                recycle: Some(CONNECTION_DEADLINE),
            })
            .build()
            // The only error is a timeout without a runtime, and the runtime is set above.
            .expect("a pool with a runtime can be built");
        Store {
            database,
            pool,
            clock: Arc::new(Clock::default()),
        }
    }

    /// The database of this store.
    pub fn database(&self) -> &Database {
        &self.database
    }

    /// The database's clock, as this instance computes it.
    pub fn clock(&self) -> &Arc<Clock> {
        &self.clock
    }

    /// The use of the pool at this moment.
    pub fn pool_use(&self) -> PoolUse {
        let status = self.pool.status();
        PoolUse {
            in_use: status.size.saturating_sub(status.available),
            idle: status.available,
            most: status.max_size,
            waiting: status.waiting,
        }
    }

    /// Asks the database for its time. This also shows whether it answers.
    pub async fn synchronise_clock(&self) -> Result<(), StoreError> {
        let asked = std::time::Instant::now();
        let row = self.read_one(sql::database_clock, &[]).await?;
        self.clock.set(asked, row.get(0));
        Ok(())
    }

    /// Runs a statement that changes nothing and returns its rows. If the connection turns out to be dead,
    /// it is sent once more on a new one.
    pub(crate) async fn read(
        &self,
        statement: &str,
        parameters: Parameters<'_>,
    ) -> Result<Vec<Row>, StoreError> {
        match self.query(statement, parameters).await {
            Err(StoreError::OutcomeUnknown(_)) => self
                .query(statement, parameters)
                .await
                .map_err(StoreError::of_read),
            answer => answer,
        }
    }

    /// As [`read`](Self::read), for a statement that always returns one row.
    pub(crate) async fn read_one(
        &self,
        statement: &str,
        parameters: Parameters<'_>,
    ) -> Result<Row, StoreError> {
        let mut rows = self.read(statement, parameters).await?;
        rows.pop()
            .ok_or_else(|| StoreError::Corrupt("a row that always exists is gone".into()))
    }

    /// Runs a statement that changes data and returns its rows. It is sent only once.
    ///
    /// # Errors
    /// [`StoreError::OutcomeUnknown`] if the connection broke after the statement was sent.
    pub(crate) async fn write(
        &self,
        statement: &str,
        parameters: Parameters<'_>,
    ) -> Result<Vec<Row>, StoreError> {
        self.query(statement, parameters).await
    }

    /// A pooled connection, for several statements in one transaction.
    pub(crate) async fn connection(&self) -> Result<deadpool_postgres::Object, StoreError> {
        self.pool.get().await.map_err(StoreError::unreachable)
    }

    async fn query(
        &self,
        statement: &str,
        parameters: Parameters<'_>,
    ) -> Result<Vec<Row>, StoreError> {
        let connection = self.connection().await?;
        let answer = timeout(STATEMENT_DEADLINE, async {
            let statement = connection.prepare_cached(statement).await?;
            connection.query(&statement, parameters).await
        })
        .await;
        match answer {
            Ok(rows) => Ok(rows?),
            Err(_) => {
                // The connection is busy with a statement whose caller has left.
                drop(deadpool_postgres::Object::take(connection));
                Err(StoreError::OutcomeUnknown(
                    "the database did not answer in time".into(),
                ))
            }
        }
    }
}
