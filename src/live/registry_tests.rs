//! The registry when the log is restored.

use super::*;
use crate::record::sample::{self, history};

const GAME: GameId = GameId(Uuid::from_u128(1));

fn watching() -> Registry {
    let registry = Registry::new();
    let visitor = Visitor {
        request_id: Uuid::now_v7(),
        stage: stage(),
        key: None,
        key_value: None,
        player: None,
    };
    registry.watch(GAME, &Socket::new(visitor, Vec::new()));
    registry
}

fn stage() -> StageName {
    "dev".parse().expect("the name of a stage")
}

fn created() -> Arc<Recorded> {
    sample::created(GAME, 1)
}

fn played(cell: i64, position: i64) -> Arc<Recorded> {
    sample::played(GAME, 2, position, cell)
}

#[test]
fn an_event_is_shown_on_the_newest_history_of_its_game() {
    let registry = watching();
    assert!(matches!(registry.observe(&created()), Seen::Unknown));
    let (one, two) = (created(), played(4, 2));
    registry.remember(registry.course(), &history(vec![one.clone()]));
    let Seen::Game(shown) = registry.observe(&two) else {
        panic!("the game is known");
    };
    assert_eq!(shown, history(vec![one.clone(), two]));
    // A subscriber has read the log further than the follower.
    let Seen::Game(shown) = registry.observe(&one) else {
        panic!("the game is known");
    };
    assert_eq!(shown.version(), 1);
}

#[test]
fn an_older_history_takes_no_newer_ones_place() {
    let registry = watching();
    let (one, two) = (created(), played(4, 2));
    registry.remember(registry.course(), &history(vec![one.clone(), two.clone()]));
    registry.remember(registry.course(), &history(vec![one]));
    assert!(matches!(registry.observe(&two), Seen::Game(_)));
}

#[test]
fn an_event_is_never_shown_on_a_history_of_another_course() {
    let registry = watching();
    let lost = history(vec![created(), played(4, 2)]);
    registry.remember(registry.course(), &lost);
    assert!(matches!(registry.observe(&played(8, 3)), Seen::Unknown));
    // Nor is the same event the second time.
    assert!(matches!(registry.observe(&played(8, 3)), Seen::Unknown));
}

#[test]
fn what_was_read_before_a_restore_is_not_kept_after_it() {
    let registry = watching();
    let before = registry.course();
    registry.forget_histories();
    registry.remember(before, &history(vec![created()]));
    assert!(matches!(registry.observe(&played(8, 2)), Seen::Unknown));
    registry.remember(registry.course(), &history(vec![created()]));
    assert!(matches!(registry.observe(&played(8, 2)), Seen::Game(_)));
}
