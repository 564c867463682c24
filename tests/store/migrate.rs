//! Bringing the schema up to date, alone and in company.

use turnkey::store::migrate::{MigrateError, known_schema, migrate};

use crate::support::postgres;

#[tokio::test]
async fn several_instances_may_start_at_once() {
    let database = postgres::empty_database().await;
    let starts = (0..6).map(|_| {
        let database = database.clone();
        tokio::spawn(async move { migrate(&database).await })
    });
    for start in starts.collect::<Vec<_>>() {
        assert_eq!(start.await.unwrap().unwrap(), known_schema());
    }
}

#[tokio::test]
async fn a_newer_schema_that_still_supports_this_release_serves() {
    let database = postgres::database().await;
    let client = postgres::client(&database).await;
    let newer = "insert into refinery_schema_history (version, name, applied_on, checksum) \
                 values (999, 'later', '2026-01-01T00:00:00Z', '0')";
    client.batch_execute(newer).await.unwrap();
    assert_eq!(migrate(&database).await.unwrap(), 999);
}

#[tokio::test]
async fn a_schema_that_needs_a_newer_release_refuses_by_name() {
    let database = postgres::database().await;
    let client = postgres::client(&database).await;
    client
        .batch_execute("update schema_support set oldest = 999")
        .await
        .unwrap();
    let Err(MigrateError::TooOld { known, oldest, .. }) = migrate(&database).await else {
        panic!("this release is too old for the schema")
    };
    assert_eq!((known, oldest), (known_schema(), 999));
}
