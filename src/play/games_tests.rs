//! The cache by itself, without a database.

use uuid::Uuid;

use super::*;
use crate::record::sample;
use crate::store::Database;

fn games() -> Games {
    // Never asked.
    let database = Database::parse("host=/nowhere").expect("an address");
    Games::new(Store::new(database, 1), Arc::default())
}

fn history(position: i64) -> Arc<History> {
    let game = GameId(Uuid::from_u128(1));
    sample::history(vec![sample::created(game, position)])
}

#[tokio::test]
async fn what_was_read_before_everything_was_forgotten_is_not_kept_after() {
    let games = games();
    let before = games.courses.load(Ordering::Acquire);
    let history = history(1);
    games.forget_all();
    games.keep(before, &history);
    assert_eq!(games.cached(history.game_id()), None);
    games.put(&history);
    assert_eq!(games.cached(history.game_id()), Some(history));
}

#[tokio::test]
async fn a_cached_game_answers_only_for_the_very_end_that_the_log_has() {
    let games = games();
    let history = history(7);
    games.put(&history);
    let game = history.game_id();
    assert_eq!(games.cached_at(game, (1, 7)), Some(history));
    assert_eq!(games.cached_at(game, (1, 8)), None);
    assert_eq!(games.cached_at(game, (2, 7)), None);
}

#[tokio::test]
async fn a_question_that_was_asked_before_serves_no_later_read() {
    let games = games();
    let game = GameId(Uuid::from_u128(1));
    let read = || games.wait(game, oneshot::channel().0);
    assert!(read(), "the first one has somebody ask");
    assert!(!read());
    assert_eq!(games.take_waiting(game).len(), 2);
    // A query is under way, so this read waits for the next one.
    assert!(!read());
    assert_eq!(games.take_waiting(game).len(), 1);
    assert_eq!(games.take_waiting(game).len(), 0);
    assert!(read(), "nobody asks any more");
}
