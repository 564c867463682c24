//! What is reserved before an event.

use turnkey::game::PlayerId;
use turnkey::store::{Person, Reservation, Reserved, ReservedKey, Store};
use uuid::Uuid;

use crate::events::{player, stage};
use crate::support::postgres;

async fn reserve(store: &Store, scope: &[u8], former_scope: Option<&[u8]>) -> Reserved {
    let key = ReservedKey {
        scope,
        former_scope,
        body_digest: b"body",
    };
    let reservation = Reservation {
        key: Some(key),
        stage: &stage(),
        player: Person::New {
            id: player(),
            name: None,
        },
        game: None,
        invite: None,
    };
    store.reserve(reservation).await.unwrap()
}

fn earlier(reserved: Reserved) -> Option<PlayerId> {
    match reserved {
        Reserved::Before(earlier) => Some(earlier.player),
        Reserved::Now | Reserved::InviteTaken => None,
    }
}

#[tokio::test]
async fn a_key_that_the_release_before_has_reserved_is_known_again() {
    let store = Store::new(postgres::database().await, 2);
    assert_eq!(earlier(reserve(&store, b"as sent", None).await), None);
    let first = earlier(reserve(&store, b"as sent", None).await);
    assert!(first.is_some_and(|player| player.0 != Uuid::nil()));
    let again = reserve(&store, b"its one form", Some(b"as sent")).await;
    assert_eq!(earlier(again), first);
    let another = reserve(&store, b"its one form", Some(b"never sent")).await;
    assert_eq!(earlier(another), None);
}
