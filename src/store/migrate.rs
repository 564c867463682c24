//! The schema, brought up to date under a lock so that several instances may start at once.
//!
//! Migrations only ever add, so an older binary keeps working beside a newer schema. Where one
//! day that ends, the migration raises `schema_support.oldest`, and binaries older than that
//! refuse to start instead of writing what the new ones cannot read.

use refinery::Runner;

use super::{Database, Store, StoreError, sql};

/// Held while migrating; a number of our own, apart from the append lock's.
const MIGRATION_LOCK: i64 = 7_307_188_371_253_122;

mod embedded {
    refinery::embed_migrations!("sql/migrations");
}

#[derive(Debug, thiserror::Error)]
pub enum MigrateError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("the schema cannot be migrated: {0}")]
    Migration(String),
    #[error(
        "this release knows schema {known}, but the database's schema {found} needs at least a \
         release of schema {oldest}: start a newer release"
    )]
    TooOld { known: i32, found: i32, oldest: i32 },
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

/// Brings the database to this binary's schema, or leaves it where it is newer; returns the
/// schema number it then has.
///
/// # Errors
/// [`MigrateError::TooOld`] where the database has moved on beyond this binary.
pub async fn migrate(database: &Database) -> Result<i32, MigrateError> {
    let mut client = database.client().await?;
    client
        .execute("select pg_advisory_lock($1)", &[&MIGRATION_LOCK])
        .await
        .map_err(StoreError::from)?;
    let migrated = migrate_locked(&mut client).await;
    // The lock belongs to the session, so it ends with the connection in every case.
    drop(client);
    migrated
}

impl Store {
    /// Whether this binary may still serve this database: a newer release may have moved the schema
    /// on beyond it since it started.
    pub async fn is_supported(&self) -> Result<bool, StoreError> {
        let oldest: i32 = self.read_one(sql::schema_oldest, &[]).await?.get(0);
        Ok(known_schema() >= oldest)
    }
}

async fn migrate_locked(client: &mut tokio_postgres::Client) -> Result<i32, MigrateError> {
    let known = known_schema();
    let found = found_schema(client).await?;
    if found <= known {
        runner()
            .run_async(client)
            .await
            .map_err(|error| MigrateError::Migration(error.to_string()))?;
    }
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
    Ok(found.max(known))
}

fn runner() -> Runner {
    embedded::migrations::runner().set_grouped(true)
}

/// The newest migration that was applied to the database, 0 where none was.
async fn found_schema(client: &tokio_postgres::Client) -> Result<i32, StoreError> {
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
