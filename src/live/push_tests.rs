//! Who is handed which frame, and how many are made.

use futures_util::FutureExt;
use uuid::Uuid;

use super::*;
use crate::game::{GameId, PlayerId, Visibility};
use crate::live::frames::Resume;
use crate::live::inbox::Job;
use crate::live::open::Visitor;
use crate::live::registry::Socket;
use crate::live::subscription::{Need, Origin};
use crate::record::sample;
use crate::rules::{Seat, Viewer};

const GAME: GameId = GameId(Uuid::from_u128(1));
const ANN: PlayerId = PlayerId(Uuid::from_u128(2));
const BOB: PlayerId = PlayerId(Uuid::from_u128(3));
const STRANGER: PlayerId = PlayerId(Uuid::from_u128(4));

const EVERYBODY: [Option<PlayerId>; 7] = [
    Some(ANN),
    Some(ANN),
    Some(BOB),
    Some(BOB),
    Some(STRANGER),
    None,
    None,
];

/// A socket that follows the game and has the version before `version`.
fn listener(registry: &Registry, player: Option<PlayerId>, version: u32) -> Arc<Socket> {
    let visitor = Visitor {
        request_id: Uuid::now_v7(),
        stage: "dev".parse().expect("the name of a stage"),
        key: None,
        key_value: None,
        player,
    };
    let socket = Socket::new(visitor, Vec::new());
    registry.watch(GAME, &socket);
    let start = Need::Start(Resume::default());
    let subscribe = |origin, need| {
        let mailbox = &socket.mailbox;
        mailbox.subscriptions(|subscriptions| subscriptions.start(GAME, origin, need));
    };
    subscribe(Origin::Named, start);
    assert!(matches!(next(&socket), Some(Job::Read { .. })));
    socket.mailbox.subscriptions(|subscriptions| {
        subscriptions.of(GAME).unwrap().cursor = version - 1;
    });
    socket
}

fn next(socket: &Socket) -> Option<Job> {
    socket.mailbox.next().now_or_never()
}

/// The frames that these players' sockets are handed of the history's last event, and how many
/// were made.
fn push(history: &History, players: &[Option<PlayerId>]) -> (Vec<Arc<Update>>, usize) {
    let registry = Registry::new();
    let version = history.version();
    let listener = |player: &Option<PlayerId>| listener(&registry, *player, version);
    let sockets: Vec<Arc<Socket>> = players.iter().map(listener).collect();
    let queued = Arc::new(Ledger::new(1 << 20));
    let push = Push::make(&registry, &queued, history, &Names::new());
    push.hand_out(&registry);
    let handed = sockets.iter().map(|socket| match next(socket) {
        Some(Job::Send(update)) => update,
        job => panic!("an update is due: {job:?}"),
    });
    (handed.collect(), push.updates.len())
}

fn ships_placed(visibility: Visibility) -> Arc<History> {
    sample::ships_placed(GAME, [ANN, BOB], visibility, [0, 10, 20, 30, 40])
}

#[test]
fn one_frame_is_made_for_all_where_nothing_is_hidden() {
    let game = vec![sample::created(GAME, 1), sample::played(GAME, 2, 2, 4)];
    let (handed, made) = push(&sample::history(game), &EVERYBODY);
    assert_eq!(made, 1);
    assert!(handed.iter().all(|update| Arc::ptr_eq(update, &handed[0])));
}

#[test]
fn one_frame_is_made_for_each_seat_where_something_is() {
    let (handed, made) = push(&ships_placed(Visibility::Unlisted), &EVERYBODY);
    assert_eq!(made, 3);
    let shared = |one: usize, other: usize| Arc::ptr_eq(&handed[one], &handed[other]);
    assert!(shared(0, 1) && shared(2, 3) && shared(4, 5) && shared(5, 6));
    let shows = |of: usize| handed[of].text.contains("length");
    assert!(shows(0) && !shows(2) && !shows(4), "{handed:?}");
}

#[test]
fn no_frame_is_made_for_a_seat_whose_player_does_not_listen() {
    let (_, made) = push(&ships_placed(Visibility::Unlisted), &[None, Some(BOB)]);
    assert_eq!(made, 2);
}

#[test]
fn who_comes_after_the_frames_were_made_reads_on() {
    let registry = Registry::new();
    let history = ships_placed(Visibility::Unlisted);
    let ann = listener(&registry, Some(ANN), 2);
    let queued = Arc::new(Ledger::new(1 << 20));
    let push = Push::make(&registry, &queued, &history, &Names::new());
    let bob = listener(&registry, Some(BOB), 2);
    push.hand_out(&registry);
    assert!(matches!(next(&ann), Some(Job::Send(_))));
    let Some(Job::Read { need, .. }) = next(&bob) else {
        panic!("there is no frame for B");
    };
    assert_eq!(need, Need::ReadOn);
}

#[test]
fn who_may_not_watch_is_handed_nothing() {
    let registry = Registry::new();
    let history = ships_placed(Visibility::Private);
    let sockets = [Some(BOB), Some(STRANGER)].map(|player| listener(&registry, player, 2));
    let queued = Arc::new(Ledger::new(1 << 20));
    Push::make(&registry, &queued, &history, &Names::new()).hand_out(&registry);
    assert!(matches!(next(&sockets[0]), Some(Job::Send(_))));
    // The reading tells them that there is no such game for them.
    assert!(matches!(next(&sockets[1]), Some(Job::Read { .. })));
}

#[test]
fn frames_that_differ_hold_what_their_seat_may_see() {
    let history = ships_placed(Visibility::Unlisted);
    let text = |sight| update_text(&history, &Names::new(), sight);
    let placed = r#""ships":[{"cell":0,"#;
    let whole = text(Sight::Of(Viewer::Seat(Seat::FIRST)));
    assert!(whole.contains(placed) && whole.contains(r#""move":{"place""#));
    for sight in [Viewer::Spectator, Viewer::Seat(Seat::SECOND)] {
        let seen = text(Sight::Of(sight));
        assert!(!seen.contains("length"), "{seen}");
        assert_eq!(seen.matches(r#""move":null"#).count(), 2, "{seen}");
    }
}
