//! The follower: every event, in order, once.

use std::collections::HashSet;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::timeout;
use turnkey::store::append::Appender;
use turnkey::store::tail::{self, TailItem};
use turnkey::store::{Database, Store};

use crate::events::{append, following, new_game, played, writer};
use crate::support::postgres;

const DEADLINE: Duration = Duration::from_secs(30);

async fn follower(
    database: &Database,
    appender_count: usize,
) -> (Vec<Appender>, mpsc::Receiver<TailItem>) {
    let (committed, _) = tokio::sync::watch::channel(0);
    let mut appenders = Vec::new();
    for index in 0..appender_count {
        // The first writer is this instance's own; the others are heard through the database.
        let own = if index == 0 {
            committed.clone()
        } else {
            tokio::sync::watch::channel(0).0
        };
        let announce = own.subscribe();
        let (appender, writer) = turnkey::store::append::writer(database, own);
        tokio::spawn(writer.run());
        tokio::spawn(tail::announce(database.clone(), announce));
        appenders.push(appender);
    }
    let store = Store::new(database.clone(), 2);
    let (tail, items, _) = tail::follow(&store, committed.subscribe()).await.unwrap();
    tokio::spawn(tail.run());
    (appenders, items)
}

async fn next(items: &mut mpsc::Receiver<TailItem>) -> TailItem {
    timeout(DEADLINE, items.recv())
        .await
        .expect("the follower must deliver")
        .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_follower_misses_nothing_of_six_writers() {
    const GAMES: usize = 12;
    const MOVES: usize = 25;
    let database = postgres::database().await;
    let (appenders, mut items) = follower(&database, 6).await;
    for appender in appenders.iter().cycle().take(GAMES) {
        let appender = appender.clone();
        tokio::spawn(async move {
            let mut last = new_game(&appender).await;
            for _ in 0..MOVES {
                last = append(&appender, following(&last, played(0)))
                    .await
                    .unwrap();
            }
        });
    }
    let mut position = 0;
    let mut seen = HashSet::new();
    let mut versions = std::collections::HashMap::new();
    while seen.len() < GAMES * (MOVES + 1) {
        let TailItem::Events(events) = next(&mut items).await else {
            panic!("nothing restored")
        };
        for event in events {
            assert!(event.position > position, "positions grow");
            position = event.position;
            assert!(
                seen.insert((event.row.game_id, event.row.version)),
                "each event once"
            );
            let version = versions.entry(event.row.game_id).or_insert(0);
            *version += 1;
            assert_eq!(event.row.version, *version, "no hole in any game");
        }
    }
}

#[tokio::test]
async fn a_follower_outlives_its_connection() {
    let database = postgres::database().await;
    let (appenders, mut items) = follower(&database, 1).await;
    let first = new_game(&appenders[0]).await;
    let TailItem::Events(events) = next(&mut items).await else {
        panic!()
    };
    assert_eq!(events, std::slice::from_ref(&first));
    let client = postgres::client(&database).await;
    let killed = "select count(pg_terminate_backend(pid)) from pg_stat_activity \
                  where datname = current_database() and pid <> pg_backend_pid()";
    client.query_one(killed, &[]).await.unwrap();
    let second = append(&appenders[0], following(&first, played(0)))
        .await
        .unwrap();
    let TailItem::Events(events) = next(&mut items).await else {
        panic!()
    };
    assert_eq!(events, [second]);
}

#[tokio::test]
async fn another_epoch_is_told_as_a_restore() {
    let database = postgres::database().await;
    let (appenders, mut items) = follower(&database, 1).await;
    new_game(&appenders[0]).await;
    next(&mut items).await;
    let epoch = Store::new(database, 1).renew_epoch().await.unwrap();
    let TailItem::Restored(head) = next(&mut items).await else {
        panic!("a restore was due")
    };
    assert_eq!(head.epoch, epoch);
}

#[tokio::test]
async fn a_log_that_ends_earlier_than_before_is_told_as_a_restore() {
    let database = postgres::database().await;
    let (appenders, mut items) = follower(&database, 1).await;
    let first = new_game(&appenders[0]).await;
    next(&mut items).await;
    let client = postgres::client(&database).await;
    client.execute("delete from event", &[]).await.unwrap();
    let TailItem::Restored(head) = next(&mut items).await else {
        panic!("a restore was due")
    };
    assert_eq!(head.position, 0);
    let (appender, _) = writer(&database);
    let again = new_game(&appender).await;
    assert!(again.position > first.position);
    let TailItem::Events(events) = next(&mut items).await else {
        panic!()
    };
    assert_eq!(events, [again]);
}

/// By the poll alone it would be half a second each.
#[tokio::test]
async fn what_another_instance_records_is_heard_before_the_poll() {
    const MOVES: u32 = 20;
    let database = postgres::database().await;
    let (appenders, mut items) = follower(&database, 2).await;
    let mut last = new_game(&appenders[1]).await;
    next(&mut items).await;
    let began = std::time::Instant::now();
    for _ in 0..MOVES {
        last = append(&appenders[1], following(&last, played(0)))
            .await
            .unwrap();
        next(&mut items).await;
    }
    let took = began.elapsed();
    assert!(took < Duration::from_millis(250) * MOVES, "{took:?}");
}
