//! The store against a real Postgres.

#![allow(
    clippy::unwrap_used,
    reason = "a test that unwraps fails where it should"
)]

#[path = "../support/mod.rs"]
mod support;

mod append;
mod codec;
mod events;
mod faults;
mod migrate;
mod projection;
mod reservations;
mod tail;
mod tls;

use support::postgres;

#[tokio::test]
async fn every_statement_fits_the_schema() {
    let database = postgres::database().await;
    let client = postgres::client(&database).await;
    for (name, statement) in turnkey::store::sql::ALL {
        assert_eq!(
            statement.lines().next(),
            Some(format!("-- {name}").as_str())
        );
        if let Err(error) = client.prepare(statement).await {
            panic!("{name} does not fit the schema: {error:?}");
        }
    }
}
