//! Brings the schema up to date. A lock lets several instances start at once.
//!
//! Migrations only add, so an older binary goes on working beside a newer schema. If a migration ever
//! makes that impossible, it raises `schema_support.oldest`. Older binaries then refuse to start,
//! instead of writing what newer ones cannot read.
//!
//! Every wait here is bounded: for another instance that migrates, and for a table that a long
//! transaction holds. A longer wait for a table would block all other users of the table behind it.

use std::time::Duration;

use refinery::Runner;
use tokio_postgres::Client;
use tokio_postgres::error::SqlState;

use super::{Database, Store, StoreError, sql};

/// The id of the lock during a migration. It differs from that of the append lock.
const MIGRATION_LOCK: i64 = 7_307_188_371_253_122;
/// The time that another instance has to migrate.
const MIGRATED_WITHIN: Duration = Duration::from_secs(60);
/// How long a statement may wait for a table. Later users of the table wait behind it.
const TABLE_FREE_WITHIN: Duration = Duration::from_secs(5);

mod embedded {
    refinery::embed_migrations!("sql/migrations");
}

/// The reason why the schema was not brought up to date.
#[derive(Debug, thiserror::Error)]
pub enum MigrateError {
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A migration failed.
    #[error("the schema cannot be migrated: {0}")]
    Migration(String),
    /// Another instance migrates, and did not finish within this time.
    #[error(
        "another session has held the migration lock for {0:?}: wait for it to end its migration, \
         or end it, and start again"
    )]
    LockHeld(Duration),
    /// A transaction held a table for this long.
    #[error(
        "a table stayed locked for {0:?}, and nothing was migrated: wait for the long transaction \
         on it to end, and start again"
    )]
    TableHeld(Duration),
    /// The schema is older than this release.
    #[error("the database is at schema {found}, this release needs {known}: run `turnkey migrate`")]
    Behind {
        /// The schema of this release.
        known: i32,
        /// The schema of the database.
        found: i32,
    },
    /// This release is too old for the schema.
    #[error(
        "this release knows schema {known}, but the database's schema {found} needs at least a \
         release of schema {oldest}: start a newer release"
    )]
    TooOld {
        /// The schema of this release.
        known: i32,
        /// The schema of the database.
        found: i32,
        /// The oldest schema that a release must know to serve this database.
        oldest: i32,
    },
}

/// The newest schema number that this binary knows.
pub fn known_schema() -> i32 {
    embedded::migrations::runner()
        .get_migrations()
        .iter()
        .map(|migration| migration.version())
        .max()
        .unwrap_or(0)
}

/// Brings the database to this binary's schema. A newer schema is left as it is. Returns the schema
/// number that the database then has.
///
/// # Errors
/// [`MigrateError::TooOld`] if the schema has moved beyond this binary; [`MigrateError::LockHeld`] and
/// [`MigrateError::TableHeld`] if another session is in the way.
pub async fn migrate(database: &Database) -> Result<i32, MigrateError> {
    migrate_within(database, MIGRATED_WITHIN).await
}

/// As [`migrate`], but waits up to `patience` for another instance that holds the lock.
pub async fn migrate_within(database: &Database, patience: Duration) -> Result<i32, MigrateError> {
    let mut client = database.client().await?;
    wait_at_most(&client, patience).await?;
    client
        .execute("select pg_advisory_lock($1)", &[&MIGRATION_LOCK])
        .await
        .map_err(|error| match error.code() {
            Some(&SqlState::LOCK_NOT_AVAILABLE) => MigrateError::LockHeld(patience),
            Some(_) | None => StoreError::from(error).into(),
        })?;
    wait_at_most(&client, TABLE_FREE_WITHIN).await?;
    let migrated = migrate_locked(&mut client).await;
    // The lock belongs to the session, so it ends with the connection in any case.
    drop(client);
    migrated
}

impl Store {
    /// Whether this binary may still serve this database. A newer release may have moved the schema beyond
    /// it since it started.
    pub async fn is_supported(&self) -> Result<bool, StoreError> {
        let oldest: i32 = self.read_one(sql::schema_oldest, &[]).await?.get(0);
        Ok(known_schema() >= oldest)
    }
}

/// Checks, without a change, that this binary works with the schema of the database.
///
/// # Errors
/// [`MigrateError::Behind`] and [`MigrateError::TooOld`].
pub async fn require_known(database: &Database) -> Result<(), MigrateError> {
    let client = database.client().await?;
    let (known, found) = (known_schema(), found_schema(&client).await?);
    if found < known {
        return Err(MigrateError::Behind { known, found });
    }
    require_supported(&client, known, found).await
}

async fn migrate_locked(client: &mut Client) -> Result<i32, MigrateError> {
    let known = known_schema();
    let found = found_schema(client).await?;
    if found <= known {
        let migrated = runner().run_async(client).await;
        migrated.map_err(|error| match is_lock_timeout(&error) {
            true => MigrateError::TableHeld(TABLE_FREE_WITHIN),
            false => MigrateError::Migration(error.to_string()),
        })?;
    }
    require_supported(client, known, found).await?;
    Ok(found.max(known))
}

async fn require_supported(client: &Client, known: i32, found: i32) -> Result<(), MigrateError> {
    let oldest: i32 = client
        .query_one(sql::schema_oldest, &[])
        .await
        .map_err(StoreError::from)?
        .get(0);
    if known < oldest {
        return Err(MigrateError::TooOld {
            known,
            found,
            oldest,
        });
    }
    Ok(())
}

/// From now on, a statement of this session fails if it waits longer than this for a lock.
async fn wait_at_most(client: &Client, patience: Duration) -> Result<(), StoreError> {
    let setting = format!("set lock_timeout = {}", patience.as_millis());
    Ok(client.batch_execute(&setting).await?)
}

fn is_lock_timeout(error: &(dyn std::error::Error + 'static)) -> bool {
    let mut cause = Some(error);
    while let Some(error) = cause {
        let of_postgres = error.downcast_ref::<tokio_postgres::Error>();
        if of_postgres.and_then(tokio_postgres::Error::code) == Some(&SqlState::LOCK_NOT_AVAILABLE)
        {
            return true;
        }
        cause = error.source();
    }
    false
}

fn runner() -> Runner {
    embedded::migrations::runner().set_grouped(true)
}

/// The newest migration that was applied to the database; 0 if there is none.
async fn found_schema(client: &Client) -> Result<i32, StoreError> {
    let exists: bool = client
        .query_one(
            "select to_regclass('refinery_schema_history') is not null",
            &[],
        )
        .await?
        .get(0);
    if !exists {
        return Ok(0);
    }
    let newest = "select coalesce(max(version), 0)::integer from refinery_schema_history";
    Ok(client.query_one(newest, &[]).await?.get(0))
}
