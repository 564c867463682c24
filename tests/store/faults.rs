//! Connections that break, freeze or swallow answers.

use std::time::Duration;

use turnkey::store::append::AppendError;
use turnkey::store::{Store, sql};

use crate::events::{created, following, new_game, played, player, writer};
use crate::support::{postgres, proxy::Proxy, until};

#[tokio::test]
async fn a_reply_lost_after_the_commit_is_found_again() {
    let database = postgres::database().await;
    let proxy = Proxy::start(&database).await;
    let (appender, _) = writer(&proxy.database());
    let first = new_game(&appender).await;
    proxy.drop_next_insert_answer();
    let second = appender.append(following(&first, played(4))).await.unwrap();
    assert_eq!(proxy.dropped(), 1, "the answer was meant to be lost");
    let store = Store::new(database, 2);
    let history = store.read_history(first.game_id).await.unwrap().unwrap();
    assert_eq!(history.events(), [first, second]);
}

#[tokio::test]
async fn a_database_out_of_reach_is_told_as_nothing_sent() {
    let database = postgres::database().await;
    let proxy = Proxy::start(&database).await;
    let (appender, _) = writer(&proxy.database());
    proxy.interrupt();
    let refused = appender.append(created(player())).await;
    assert_eq!(refused, Err(AppendError::Unreachable));
}

#[tokio::test]
async fn a_writer_frozen_with_the_lock_is_got_rid_of() {
    let database = postgres::database().await;
    let proxy = Proxy::start(&database).await;
    let (frozen, _) = writer(&proxy.database());
    let (awake, _) = writer(&database);
    let first = new_game(&frozen).await;
    proxy.hold_back_next_sync();
    let stuck = tokio::spawn({
        let frozen = frozen.clone();
        let event = following(&first, played(0));
        async move { frozen.append(event).await }
    });
    until(Duration::from_secs(30), || proxy.held_back() == 1).await;
    awake.append(created(player())).await.unwrap();
    let ended = awake
        .stats()
        .terminated_blockers
        .load(std::sync::atomic::Ordering::Relaxed);
    assert_eq!(ended, 1);
    proxy.release();
    // The frozen one finds its connection gone, sends again, and has the one event it asked for.
    stuck.await.unwrap().unwrap();
    let store = Store::new(database, 2);
    assert_eq!(
        store.read_version(first.game_id).await.unwrap().unwrap().0,
        2
    );
}

#[tokio::test]
async fn no_reader_passes_an_append_that_is_still_invisible() {
    let database = postgres::database().await;
    let mut client = postgres::client(&database).await;
    let (appender, _) = writer(&database);
    let store = Store::new(database.clone(), 2);
    let first = new_game(&appender).await;

    let held = client.transaction().await.unwrap();
    let append = held.prepare(sql::append_events).await.unwrap();
    let game = first.game_id.0;
    let rows = held
        .query(
            &append,
            &[
                &vec![game],
                &vec![2_i32],
                &vec![first.position],
                &vec!["dev"],
                &vec!["tic-tac-toe"],
                &vec![1_i16],
                &vec!["move_played"],
                &vec![1_i16],
                &vec![serde_json::json!({"seat": "X", "move": 0})],
                &vec![first.actor.0],
                &vec![first.at],
            ],
        )
        .await
        .unwrap();
    let held_position: i64 = rows[0].get("position");

    let later = tokio::spawn({
        let appender = appender.clone();
        async move { appender.append(created(player())).await }
    });
    let waiting = "select count(*) from pg_stat_activity where datname = current_database() \
                   and wait_event_type = 'Lock' and wait_event = 'advisory'";
    let watcher = postgres::client(&database).await;
    while watcher
        .query_one(waiting, &[])
        .await
        .unwrap()
        .get::<_, i64>(0)
        == 0
    {
        tokio::task::yield_now().await;
    }
    let seen = store.read_log_head().await.unwrap().position;
    assert_eq!(
        seen, first.position,
        "neither the held append nor a later one may be visible"
    );
    held.commit().await.unwrap();
    let later = later.await.unwrap().unwrap();
    assert!(
        held_position < later.position,
        "positions are in commit order"
    );
}
