//! Connections that break, freeze or swallow answers.

use std::time::Duration;

use turnkey::store::append::AppendError;
use turnkey::store::{Store, sql};

use crate::events::{append, created, following, new_game, played, player, writer};
use crate::support::{postgres, proxy::Proxy, until};

const DEADLINE: Duration = Duration::from_secs(30);

#[tokio::test]
async fn a_reply_lost_after_the_commit_is_found_again() {
    let database = postgres::database().await;
    let proxy = Proxy::start(&database).await;
    let (appender, _) = writer(&proxy.database());
    let first = new_game(&appender).await;
    proxy.drop_next_insert_answer();
    let second = append(&appender, following(&first, played(4)))
        .await
        .unwrap();
    assert_eq!(proxy.dropped(), 1, "the answer was meant to be lost");
    let store = Store::new(database, 2);
    let events = store.read_game(first.row.game_id).await.unwrap();
    assert_eq!(events, [first, second]);
}

#[tokio::test]
async fn what_was_recorded_is_found_again_also_where_its_batch_is_refused_since() {
    let database = postgres::database().await;
    let proxy = Proxy::start(&database).await;
    let (appender, _) = writer(&proxy.database());
    new_game(&appender).await;
    // What comes while the first one waits for the lock shares the second batch.
    let mut client = postgres::client(&database).await;
    let lock = client.transaction().await.unwrap();
    lock.batch_execute("select pg_advisory_xact_lock(7307188371253121)")
        .await
        .unwrap();
    let append = |actor| {
        let appender = appender.clone();
        tokio::spawn(async move { append(&appender, created(actor)).await })
    };
    let waited_for = append(player());
    let watcher = postgres::client(&database).await;
    while waiting_for_the_lock(&watcher).await == 0 {
        tokio::task::yield_now().await;
    }
    let (good, refused_since) = (player(), player());
    let answers = [append(good), append(refused_since)];
    until(DEADLINE, || appender.waiting() == 2).await;
    proxy.drop_answer_to_insert_of_and_refuse(2);
    lock.rollback().await.unwrap();
    waited_for.await.unwrap().unwrap();
    until(DEADLINE, || proxy.dropped() == 1).await;
    let constraint = format!(
        "alter table event add constraint since check (actor <> '{refused_since}') not valid"
    );
    client.batch_execute(&constraint).await.unwrap();
    proxy.admit();
    let [good, refused_since] = answers;
    let recorded = good.await.unwrap().unwrap();
    assert!(matches!(
        refused_since.await.unwrap(),
        Err(AppendError::Refused(_))
    ));
    let store = Store::new(database, 2);
    let events = store.read_game(recorded.row.game_id).await.unwrap();
    assert_eq!(events, [recorded]);
}

#[tokio::test]
async fn another_event_in_the_place_of_one_that_was_sent_before_is_a_lost_race() {
    let database = postgres::database().await;
    let proxy = Proxy::start(&database).await;
    let (frozen, _) = writer(&proxy.database());
    let (awake, _) = writer(&database);
    let first = new_game(&frozen).await;
    proxy.hold_back_next_sync();
    let stuck = tokio::spawn({
        let frozen = frozen.clone();
        let event = following(&first, played(0));
        async move { append(&frozen, event).await }
    });
    until(DEADLINE, || proxy.held_back() == 1).await;
    // Ends the frozen one's transaction, and takes its place.
    append(&awake, following(&first, played(8))).await.unwrap();
    proxy.release();
    assert_eq!(stuck.await.unwrap(), Err(AppendError::LostRace));
}

/// What a failover leaves: the session lives, and its server records nothing any more.
#[tokio::test]
async fn a_writer_leaves_a_session_that_can_record_nothing() {
    let database = postgres::database().await;
    let (appender, _) = writer(&database);
    let first = new_game(&appender).await;
    let client = postgres::client(&database).await;
    let session = "select pid from pg_stat_activity where datname = current_database() \
                   and query like '-- append_events%'";
    let pid: i32 = client.query_one(session, &[]).await.unwrap().get(0);
    fail_appends(&client, "'25006'", &format!("pg_backend_pid() = {pid}")).await;
    let refused = append(&appender, following(&first, played(0))).await;
    assert_eq!(refused, Err(AppendError::Unreachable));
    append(&appender, following(&first, played(0)))
        .await
        .unwrap();
}

#[tokio::test]
async fn what_a_server_says_tells_whether_the_event_may_be_recorded() {
    let database = postgres::database().await;
    let client = postgres::client(&database).await;
    let cases = [
        ("53100", AppendError::Unreachable),
        ("57P03", AppendError::Unreachable),
        ("40003", AppendError::OutcomeUnknown),
        ("08006", AppendError::OutcomeUnknown),
        ("57P01", AppendError::OutcomeUnknown),
    ];
    let failing = "create table failing (actor uuid, code text)";
    client.batch_execute(failing).await.unwrap();
    let code = "(select code from failing where actor = new.actor)";
    fail_appends(&client, code, "true").await;
    let mut answers = Vec::new();
    for (code, told) in cases {
        let actor = player();
        let failing = "insert into failing values ($1, $2)";
        client.execute(failing, &[&actor.0, &code]).await.unwrap();
        // A writer each: some of them try for a while.
        let appender = writer(&database).0;
        let answer = tokio::spawn(async move { append(&appender, created(actor)).await });
        answers.push((code, told, answer));
    }
    for (code, told, answer) in answers {
        assert_eq!(answer.await.unwrap(), Err(told), "{code}");
    }
}

/// Lets each append where `condition` holds fail with a code, both of them SQL.
async fn fail_appends(client: &tokio_postgres::Client, code: &str, condition: &str) {
    let trigger = format!(
        "create or replace function fail() returns trigger language plpgsql as $$ begin \
           if {condition} then raise exception 'meant to' using errcode = {code}; end if; \
           return new; end $$; \
         create or replace trigger fail before insert on event \
           for each row execute function fail()"
    );
    client.batch_execute(&trigger).await.unwrap();
}

#[tokio::test]
async fn a_database_out_of_reach_is_told_as_nothing_sent() {
    let database = postgres::database().await;
    let proxy = Proxy::start(&database).await;
    let (appender, _) = writer(&proxy.database());
    proxy.interrupt();
    let refused = append(&appender, created(player())).await;
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
        async move { append(&frozen, event).await }
    });
    until(DEADLINE, || proxy.held_back() == 1).await;
    append(&awake, created(player())).await.unwrap();
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
        store
            .read_version(first.row.game_id)
            .await
            .unwrap()
            .unwrap()
            .0,
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
    let statement = held.prepare(sql::append_events).await.unwrap();
    let game = first.row.game_id.0;
    let rows = held
        .query(
            &statement,
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
                &vec![first.row.actor],
                &vec![first.row.at],
            ],
        )
        .await
        .unwrap();
    let held_position: i64 = rows[0].get("position");

    let later = tokio::spawn({
        let appender = appender.clone();
        async move { append(&appender, created(player())).await }
    });
    let watcher = postgres::client(&database).await;
    while waiting_for_the_lock(&watcher).await == 0 {
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

async fn waiting_for_the_lock(watcher: &tokio_postgres::Client) -> i64 {
    let waiting = "select count(*) from pg_stat_activity where datname = current_database() \
                   and wait_event_type = 'Lock' and wait_event = 'advisory'";
    watcher.query_one(waiting, &[]).await.unwrap().get(0)
}
