//! Bringing the schema up to date, alone and in company.

use std::time::Duration;

use turnkey::store::migrate::{MigrateError, known_schema, migrate, migrate_within};

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

#[tokio::test]
async fn whoever_holds_the_lock_is_waited_for_but_not_for_ever() {
    let database = postgres::empty_database().await;
    let holder = postgres::client(&database).await;
    let hold = "select pg_advisory_lock(7307188371253122)";
    holder.batch_execute(hold).await.unwrap();
    let patience = Duration::from_millis(300);
    let error = migrate_within(&database, patience).await.unwrap_err();
    assert!(matches!(error, MigrateError::LockHeld(_)), "{error}");
    let waiting = tokio::spawn(async move { migrate(&database).await });
    let waits = "select count(*) from pg_locks where locktype = 'advisory' and not granted";
    while holder.query_one(waits, &[]).await.unwrap().get::<_, i64>(0) == 0 {}
    drop(holder);
    assert_eq!(waiting.await.unwrap().unwrap(), known_schema());
}

#[tokio::test]
async fn a_table_in_use_stops_a_migration_and_not_everybody_behind_it() {
    let database = postgres::database().await;
    let mut writer = postgres::client(&database).await;
    // Back to before the migration that refers to the plans.
    let back = "drop trigger keep_usage_of_deleted_key on api_key;
                drop function keep_usage_of_deleted_key;
                drop table usage_of_deleted_key, data_key;
                drop table audit, usage_day, quota_usage, instance;
                alter table player drop column deleted_at;
                drop trigger quota_clock_changed on usage_plan;
                drop function quota_clock_changed, quota_lock, quota_period_start, quota_period_end;
                delete from refinery_schema_history where version >= 4";
    writer.batch_execute(back).await.unwrap();
    let writing = writer.transaction().await.unwrap();
    let write = "update usage_plan set name = name; lock table usage_plan in row exclusive mode";
    writing.batch_execute(write).await.unwrap();
    let error = migrate(&database).await.unwrap_err();
    assert!(matches!(error, MigrateError::TableHeld(_)), "{error}");
    drop(writing);
    assert_eq!(migrate(&database).await.unwrap(), known_schema());
}

/// The statements that the last release of a schema sends, as `tests/schema/statements.N.sql` keeps
/// them: each ends with a line that holds a semicolon alone.
fn frozen() -> Vec<(i32, String)> {
    let kept = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/schema");
    let files = std::fs::read_dir(kept)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let frozen = files.filter_map(|path| {
        let name = path.file_name()?.to_str()?.strip_prefix("statements.")?;
        let schema = name.strip_suffix(".sql")?.parse().ok()?;
        Some((schema, std::fs::read_to_string(&path).unwrap()))
    });
    frozen.collect()
}

/// Those of a schema's statements that the database refuses.
async fn refused(client: &tokio_postgres::Client, statements: &str) -> Vec<String> {
    let mut refused = Vec::new();
    for statement in statements
        .split("\n;\n")
        .filter(|text| !text.trim().is_empty())
    {
        if client.prepare(statement).await.is_err() {
            refused.push(statement.lines().next().unwrap_or_default().to_owned());
        }
    }
    refused
}

#[tokio::test]
async fn what_earlier_releases_send_fits_the_newest_schema() {
    let database = postgres::database().await;
    let client = postgres::client(&database).await;
    let oldest = "select oldest from schema_support";
    let oldest: i32 = client.query_one(oldest, &[]).await.unwrap().get(0);
    let frozen = frozen();
    let is_kept = frozen
        .iter()
        .any(|(schema, _)| *schema >= known_schema() - 1);
    assert!(
        is_kept,
        "before a migration, keep the statements of its release: docs/ADDING.md"
    );
    for (schema, statements) in frozen.iter().filter(|(schema, _)| *schema >= oldest) {
        assert_eq!(
            refused(&client, statements).await,
            [""; 0],
            "of schema {schema}"
        );
    }
    // What a migration that does not only add does to them.
    client
        .batch_execute("alter table player rename name to called")
        .await
        .unwrap();
    let (_, statements) = &frozen[0];
    assert!(
        refused(&client, statements)
            .await
            .contains(&"-- players_read".to_owned())
    );
}

/// What in a migration the release before it might not survive.
fn narrowing(migration: &str) -> Option<&'static str> {
    let lines = migration
        .lines()
        .map(|line| line.split("--").next().unwrap_or_default());
    let text = lines.collect::<Vec<_>>().join(" ").to_lowercase();
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    for statement in words
        .split(';')
        .filter(|statement| statement.contains("alter table"))
    {
        let narrows = [
            ("rename", "rename"),
            ("drop ", "drop"),
            ("alter column", "alter column"),
            ("add constraint", "add constraint"),
        ];
        if let Some((_, what)) = narrows.iter().find(|(word, _)| statement.contains(word)) {
            return Some(what);
        }
        if statement.contains("not null") && !statement.contains("default") {
            return Some("a column without a default");
        }
    }
    let dropped = ["drop ", "truncate "];
    let mut statements = words.split(';').map(str::trim_start);
    statements.find_map(|text| dropped.into_iter().find(|word| text.starts_with(word)))
}

#[test]
fn migrations_only_add_or_say_whom_they_leave_behind() {
    let migrations = concat!(env!("CARGO_MANIFEST_DIR"), "/sql/migrations");
    for entry in std::fs::read_dir(migrations).unwrap() {
        let path = entry.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        if !text.contains("update schema_support") {
            assert_eq!(narrowing(&text), None, "{}", path.display());
        }
    }
    let adds =
        "create table x (y int not null); alter table x add z int not null default 0; -- drop";
    assert_eq!(narrowing(adds), None);
    for bad in [
        "alter table x add z int not null",
        "ALTER TABLE x\n  DROP COLUMN y",
        "alter table x rename y to z",
        "alter table x alter column y type bigint",
        "drop table x",
    ] {
        assert!(narrowing(bad).is_some(), "{bad}");
    }
}
