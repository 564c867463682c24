//! What the writer records, and what it does not.

use turnkey::store::Store;
use turnkey::store::append::AppendError;

use crate::events::{append, created, following, new_game, played, player, writer};
use crate::support::postgres;

#[tokio::test]
async fn an_event_is_there_when_the_answer_is() {
    let database = postgres::database().await;
    let (appender, _) = writer(&database);
    let store = Store::new(database, 2);
    let first = new_game(&appender).await;
    let second = append(&appender, following(&first, played(4)))
        .await
        .unwrap();
    assert!(second.position > first.position);
    let events = store.read_game(first.row.game_id).await.unwrap();
    assert_eq!(events, [first, second]);
}

#[tokio::test]
async fn of_simultaneous_moves_at_one_version_exactly_one_is_recorded() {
    let database = postgres::database().await;
    let writers = [
        writer(&database).0,
        writer(&database).0,
        writer(&database).0,
    ];
    let first = new_game(&writers[0]).await;
    let attempts = (0..24).map(|attempt| {
        let appender = writers[attempt % writers.len()].clone();
        let event = following(&first, played(i64::try_from(attempt % 9).unwrap()));
        tokio::spawn(async move { append(&appender, event).await })
    });
    let mut recorded = 0;
    for attempt in attempts.collect::<Vec<_>>() {
        match attempt.await.unwrap() {
            Ok(_) => recorded += 1,
            Err(error) => assert_eq!(error, AppendError::LostRace),
        }
    }
    assert_eq!(recorded, 1);
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
async fn a_poison_row_fails_alone() {
    let database = postgres::database().await;
    let poisoned = player();
    let constraint =
        format!("alter table event add constraint poison check (actor <> '{poisoned}')");
    postgres::client(&database)
        .await
        .batch_execute(&constraint)
        .await
        .unwrap();
    let (appender, mut batches) = writer(&database);
    // While the first batch is under way, the others gather into one.
    let mut waiting = vec![tokio::spawn(append_created(appender.clone(), player()))];
    for index in 0..10 {
        let actor = if index == 4 { poisoned } else { player() };
        waiting.push(tokio::spawn(append_created(appender.clone(), actor)));
    }
    let mut refused = 0;
    for answer in waiting {
        match answer.await.unwrap() {
            Ok(()) => {}
            Err(AppendError::Refused(_)) => refused += 1,
            Err(error) => panic!("{error}"),
        }
    }
    assert_eq!(refused, 1);
    assert!(
        *batches.borrow_and_update() < 11,
        "the good rows were meant to share a batch"
    );
}

async fn append_created(
    appender: turnkey::store::append::Appender,
    actor: turnkey::game::PlayerId,
) -> Result<(), AppendError> {
    append(&appender, created(actor)).await.map(drop)
}

#[tokio::test]
async fn a_copy_ahead_of_a_log_that_was_set_back_cannot_write() {
    let database = postgres::database().await;
    let (appender, _) = writer(&database);
    let first = new_game(&appender).await;
    let lost = append(&appender, following(&first, played(0)))
        .await
        .unwrap();
    // The log is restored to before the second event, and goes on differently.
    let client = postgres::client(&database).await;
    client
        .execute("delete from event where position = $1", &[&lost.position])
        .await
        .unwrap();
    let onto_nothing = append(&appender, following(&lost, played(1))).await;
    assert_eq!(onto_nothing, Err(AppendError::LostRace));
    append(&appender, following(&first, played(8)))
        .await
        .unwrap();
    let onto_another = append(&appender, following(&lost, played(1))).await;
    assert_eq!(onto_another, Err(AppendError::LostRace));
}

#[tokio::test]
async fn a_version_without_its_predecessor_is_not_recorded() {
    let database = postgres::database().await;
    let (appender, _) = writer(&database);
    let first = new_game(&appender).await;
    let mut hole = following(&first, played(0));
    hole.row.version = 3;
    assert_eq!(append(&appender, hole).await, Err(AppendError::LostRace));
}

/// Where a lost course of the log and the one that goes on gave out the same position.
#[tokio::test]
async fn a_copy_of_a_lost_course_cannot_write_though_positions_began_anew() {
    let database = postgres::database().await;
    let (appender, _) = writer(&database);
    let first = new_game(&appender).await;
    let lost = append(&appender, following(&first, played(0)))
        .await
        .unwrap();
    let client = postgres::client(&database).await;
    let set_back = format!(
        "delete from event where position = {0}; select setval('event_position', {0}, false)",
        lost.position
    );
    client.batch_execute(&set_back).await.unwrap();
    Store::new(database, 1).renew_epoch().await.unwrap();
    let other = append(&appender, following(&first, played(8)))
        .await
        .unwrap();
    // Far beyond whatever else the lost course may have recorded.
    assert!(other.position > lost.position + 1_000_000);
    let onto_another = append(&appender, following(&lost, played(1))).await;
    assert_eq!(onto_another, Err(AppendError::LostRace));
}
