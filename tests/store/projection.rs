//! The projector, stepped.

use std::sync::Arc;
use std::time::{Duration, Instant};

use turnkey::play::{DeployedRules, Play, Tokens};
use turnkey::projection::{self, Step};
use turnkey::rules::Rulebook;
use turnkey::seals::Seals;
use turnkey::store::append::Appender;
use turnkey::store::projection::{ProjectionName, Session};
use turnkey::store::{Database, Store, tail};

use crate::events::{append, created, following, new_game, played, player, writer};
use crate::support::postgres;

/// Steps the live projection to the log's end.
async fn project(database: &Database) {
    let mut session = Session::open(database).await.unwrap();
    let mut progress = session.progress(ProjectionName::Live).await.unwrap();
    while let Step::Forward(further) =
        projection::step(&mut session, &Rulebook::built_in(), progress)
            .await
            .unwrap()
    {
        progress = further;
    }
}

async fn boards(database: &Database) -> Vec<(i32, i32, String)> {
    let client = postgres::client(database).await;
    let boards = "select generation, version, turn from board order by position";
    let rows = client.query(boards, &[]).await.unwrap();
    rows.iter()
        .map(|row| (row.get(0), row.get(1), row.get(2)))
        .collect()
}

async fn two_games(database: &Database) -> Appender {
    let (appender, _) = writer(database);
    let first = new_game(&appender).await;
    append(&appender, following(&first, played(4)))
        .await
        .unwrap();
    new_game(&appender).await;
    appender
}

#[tokio::test]
async fn the_board_follows_the_log() {
    let database = postgres::database().await;
    two_games(&database).await;
    project(&database).await;
    assert_eq!(
        boards(&database).await,
        [(1, 2, "O".to_owned()), (1, 1, "X".to_owned())]
    );
    let status = Store::new(database, 1).projection_status().await.unwrap();
    assert_eq!((status.lag_events, status.quarantined), (0, 0));
}

#[tokio::test]
async fn of_two_leaders_one_stops() {
    let database = postgres::database().await;
    two_games(&database).await;
    let mut one = Session::open(&database).await.unwrap();
    let mut two = Session::open(&database).await.unwrap();
    let progress = one.progress(ProjectionName::Live).await.unwrap();
    assert!(matches!(
        projection::step(&mut one, &Rulebook::built_in(), progress)
            .await
            .unwrap(),
        Step::Forward(_)
    ));
    assert_eq!(
        projection::step(&mut two, &Rulebook::built_in(), progress)
            .await
            .unwrap(),
        Step::Overtaken
    );
}

#[tokio::test]
async fn only_one_session_leads() {
    let database = postgres::database().await;
    let one = Session::open(&database).await.unwrap();
    let two = Session::open(&database).await.unwrap();
    assert!(one.try_lead().await.unwrap());
    assert!(!two.try_lead().await.unwrap());
    drop(one);
    while !two.try_lead().await.unwrap() {}
}

#[tokio::test]
async fn a_rebuild_replaces_every_row_at_once() {
    let database = postgres::database().await;
    two_games(&database).await;
    project(&database).await;
    let client = postgres::client(&database).await;
    client
        .batch_execute("update board set turn = 'wrong'")
        .await
        .unwrap();
    projection::rebuild(&database).await.unwrap();
    assert_eq!(
        boards(&database).await,
        [(2, 2, "O".to_owned()), (2, 1, "X".to_owned())]
    );
}

#[tokio::test]
async fn a_game_that_cannot_be_folded_is_quarantined_and_the_others_go_on() {
    let database = postgres::database().await;
    let appender = two_games(&database).await;
    let broken = new_game(&appender).await;
    let client = postgres::client(&database).await;
    let unknown = "update event set rules = 99 where game_id = $1";
    client
        .execute(unknown, &[&broken.row.game_id.0])
        .await
        .unwrap();
    new_game(&appender).await;
    project(&database).await;
    assert_eq!(boards(&database).await.len(), 3);
    let store = Store::new(database.clone(), 1);
    let quarantined = store.quarantined_games().await.unwrap();
    assert_eq!(quarantined[0].0, broken.row.game_id);
    assert!(
        quarantined[0].1.contains("rules 99"),
        "{}",
        quarantined[0].1
    );
    let mended = "update event set rules = 1 where game_id = $1";
    client
        .execute(mended, &[&broken.row.game_id.0])
        .await
        .unwrap();
    projection::rebuild(&database).await.unwrap();
    assert_eq!(boards(&database).await.len(), 4);
    assert_eq!(store.quarantined_games().await.unwrap(), []);
}

#[tokio::test]
async fn a_leader_sees_events_of_a_log_that_was_set_back_under_it() {
    let database = postgres::database().await;
    let appender = two_games(&database).await;
    let store = Store::new(database.clone(), 2);
    let (committed, batches) = tokio::sync::watch::channel(0);
    let (tail, _items, status) = tail::follow(&store, batches).await.unwrap();
    tokio::spawn(tail.run());
    // A leader ends the games of players who are gone.
    let client = postgres::client(&database).await;
    let seated = "insert into player (player_id) select distinct actor from event";
    client.batch_execute(seated).await.unwrap();
    let coming = created(player());
    let joins = "insert into player (player_id) values ($1)";
    client.execute(joins, &[&coming.row.actor]).await.unwrap();
    let tokens = Tokens::new(b"any", None, store.clock().clone());
    let seals = Seals::open(&store, b"any", None).await.unwrap();
    let deployed: DeployedRules = Arc::new(|_, _| Some(1));
    let book = Rulebook::built_in();
    let play = Play::new(
        store.clone(),
        appender.clone(),
        tokens,
        seals,
        book,
        deployed,
    );
    let leading = Arc::default();
    tokio::spawn(projection::run(database.clone(), status, leading, play));
    projected(&store, 3).await;
    let set_back = "delete from event; delete from board; delete from my_game; \
                    update projection set position = 0; \
                    select setval('event_position', 1, false)";
    client.batch_execute(set_back).await.unwrap();
    append(&appender, coming).await.unwrap();
    committed.send_replace(1);
    projected(&store, 1).await;
    assert_eq!(boards(&database).await.len(), 1);
}

/// Waits until the live projection has come to a position.
async fn projected(store: &Store, position: i64) {
    let end = Instant::now() + Duration::from_secs(30);
    while store.projected_position().await.unwrap() != position {
        assert!(Instant::now() < end, "the projector must come along");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn a_half_filled_rebuild_takes_nobodys_place() {
    let database = postgres::database().await;
    two_games(&database).await;
    project(&database).await;
    let mut session = Session::open(&database).await.unwrap();
    let begun = session.begin_rebuild().await.unwrap();
    assert!(!session.swap(begun).await.unwrap());
    let Step::Forward(filled) = projection::step(&mut session, &Rulebook::built_in(), begun)
        .await
        .unwrap()
    else {
        panic!("there is a log to fold")
    };
    assert!(session.swap(filled).await.unwrap());
    assert_eq!(boards(&database).await.len(), 4, "old rows beside the new");
    session.sweep().await.unwrap();
    assert_eq!(boards(&database).await.len(), 2);
}

#[tokio::test]
async fn a_game_that_folds_again_leaves_the_quarantine() {
    let database = postgres::database().await;
    let (appender, _) = writer(&database);
    let first = new_game(&appender).await;
    let client = postgres::client(&database).await;
    let spoil = "update event set rules = 99";
    client.batch_execute(spoil).await.unwrap();
    project(&database).await;
    let store = Store::new(database.clone(), 1);
    assert_eq!(store.projection_status().await.unwrap().quarantined, 1);
    client
        .batch_execute("update event set rules = 1")
        .await
        .unwrap();
    append(&appender, following(&first, played(4)))
        .await
        .unwrap();
    project(&database).await;
    assert_eq!(store.projection_status().await.unwrap().quarantined, 0);
    assert_eq!(boards(&database).await, [(1, 2, "O".to_owned())]);
}
