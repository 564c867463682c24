//! One frame of each kind, for the AsyncAPI document: Ann and Bob have begun a game.

use std::sync::Arc;

use serde_json::{Value, json};
use time::OffsetDateTime;
use time::macros::datetime;
use uuid::{Uuid, uuid};

use super::{ErrorCode, GoodbyeReason, ServerFrame, True};
use crate::game::{
    Actor, Creation, Entry, Event, GameId, Holder, Luck, Opponent, PlayerId, Seats, Visibility,
};
use crate::live::{HEARTBEAT_SECONDS, LIMITS, RESUME_LIMIT};
use crate::play::{Sight, view};
use crate::record::{History, Recorded};
use crate::rules::{Json, Rulebook, Seat};
use crate::store::Names;

const GAME: Uuid = uuid!("01935d5a-6e1f-7c3a-9d3e-5b8f2a7c4e10");
const EPOCH: Uuid = uuid!("3f1c0a52-8f0e-4c64-9b1d-6a1f5d0c7e21");
const CONNECTION: Uuid = uuid!("01935d5b-0a4c-7b1e-8c55-2f6d9e3b7a01");
const ANN: PlayerId = PlayerId(uuid!("01935d5a-6e1e-7d20-b5a1-0c9e8f7a6b51"));
const BOB: PlayerId = PlayerId(uuid!("01935d5a-9c3b-7f42-a0d7-1e2f3a4b5c6d"));
const BEGAN: OffsetDateTime = datetime!(2026-11-23 15:54:59.123 UTC);

/// One frame of each kind that a client sends.
pub fn of_client() -> Vec<Value> {
    vec![
        json!({"type": "subscribe", "gameId": GAME, "after": 2, "epoch": EPOCH}),
        json!({"type": "subscribe", "games": [{"gameId": GAME, "after": 2}], "epoch": EPOCH}),
        json!({"type": "subscribe", "mine": true, "after": {GAME.to_string(): 2}, "epoch": EPOCH}),
        json!({"type": "unsubscribe", "gameId": GAME}),
        json!({"type": "unsubscribe", "mine": true}),
        json!({"type": "ping", "id": 7}),
    ]
}

/// One frame of each kind that the server sends.
pub fn of_server() -> Vec<ServerFrame> {
    let history = history();
    let names = Names::from([(ANN, Some("Ann".to_owned())), (BOB, Some("Bob".to_owned()))]);
    let game_id = history.game_id();
    let version = history.version();
    let game = Box::new(view::game(&history, &names, Sight::Open));
    vec![
        ServerFrame::Hello {
            connection_id: CONNECTION,
            epoch: EPOCH,
            heartbeat_seconds: HEARTBEAT_SECONDS,
            resume_limit: RESUME_LIMIT,
            max_frame_bytes: LIMITS.message_bytes,
        },
        ServerFrame::Snapshot {
            game_id,
            version,
            game: game.clone(),
        },
        ServerFrame::Update {
            game_id,
            version,
            event: Box::new(view::event(history.last(), None, Sight::Open)),
            game,
        },
        ServerFrame::Subscribed { game_id, version },
        ServerFrame::SubscribedMine { mine: True },
        ServerFrame::Unsubscribed {
            game_id: game_id.to_string(),
        },
        ServerFrame::UnsubscribedMine { mine: True },
        ServerFrame::Pong { id: json!(7) },
        ServerFrame::error(ErrorCode::Malformed, "type is missing"),
        ServerFrame::game_not_found(game_id.to_string()),
        ServerFrame::Goodbye {
            reason: GoodbyeReason::Restart,
            retry_after_ms: 2310,
        },
    ]
}

/// A game that was created and joined, with one move.
fn history() -> History {
    let book = Rulebook::built_in();
    let rules = book.newest("tic-tac-toe");
    // Rules are never taken out of a build: stored games keep them.
    let rules = rules.expect("tic-tac-toe is built in");
    let mut seats = Seats::all(2, Holder::Open);
    seats[Seat::FIRST] = Holder::Player(ANN);
    let events = [
        Event::GameCreated(Creation {
            options: Json::empty_object(),
            seats,
            visibility: Visibility::Unlisted,
            opponent: Opponent::Invite,
        }),
        Event::PlayerSeated {
            seat: Seat::SECOND,
            player: BOB,
        },
        Event::MovePlayed {
            seat: Seat::FIRST,
            played: Json::of(&4),
            result: None,
        },
    ];
    let recorded = (1..).zip(events).map(|(version, event)| {
        Arc::new(Recorded {
            position: i64::from(version),
            game_id: GameId(GAME),
            version,
            // Letters only, as the name of a stage may be.
            stage: "dev".parse().expect("the name of a stage"),
            rules: rules.clone(),
            entry: Entry {
                event,
                at: BEGAN + time::Duration::seconds(i64::from(version)),
                actor: Actor::Player(ANN),
                luck: Luck::default(),
            },
        })
    });
    let history = History::new(recorded.collect());
    // Their versions are 1, 2, 3, and the first of them is a creation.
    history.ok().flatten().expect("these events are a game")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::live::frames::ClientFrame;

    #[test]
    fn the_clients_examples_are_read() {
        for frame in of_client() {
            assert!(ClientFrame::parse(&frame.to_string()).is_ok(), "{frame}");
        }
    }
}
