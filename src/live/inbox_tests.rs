//! The inbox as the hub and the writer use it.

use futures_util::FutureExt;
use uuid::Uuid;

use super::*;
use crate::live::frames::Resume;
use crate::live::mailbox::Mailbox;
use crate::live::wire::Ledger;

fn game(number: u128) -> GameId {
    GameId(Uuid::from_u128(number))
}

fn update(game_id: GameId, version: u32) -> Arc<Update> {
    Arc::new(Update {
        game_id,
        version,
        finished: false,
        at: OffsetDateTime::UNIX_EPOCH,
        text: "{}".into(),
        _held: Arc::new(Ledger::new(2)).hold(2).expect("there is room"),
    })
}

/// An inbox that follows one game, the client having version 1 of it.
fn following(game_id: GameId) -> Inbox {
    let mut inbox = Inbox::default();
    let mut subscription = Subscription::new(Origin::Named, Need::Nothing);
    subscription.cursor = 1;
    inbox.subscriptions.insert(game_id, subscription);
    inbox
}

fn sent(inbox: &mut Inbox) -> Vec<String> {
    let mut jobs = Vec::new();
    while let (Some(job), _) = inbox.next(Instant::now()) {
        jobs.push(match job {
            Job::Send(update) => format!("send {}", update.version),
            Job::Read { need, .. } => format!("read {need:?}"),
            Job::Command(command) => format!("{command:?}"),
        });
    }
    jobs
}

fn offer(inbox: &mut Inbox, update: &Arc<Update>) {
    assert!(inbox.offer(update, false, Instant::now()).is_ok());
}

fn offer_slow(inbox: &mut Inbox, update: &Arc<Update>) -> Result<(), TooSlow> {
    inbox.offer(update, true, Instant::now())
}

#[test]
fn updates_go_out_once_and_in_order() {
    let mut inbox = following(game(1));
    for version in [1, 2, 2, 3] {
        offer(&mut inbox, &update(game(1), version));
    }
    offer(&mut inbox, &update(game(2), 9));
    assert_eq!(sent(&mut inbox), ["send 2", "send 3"]);
}

#[test]
fn a_gap_is_read() {
    let mut inbox = following(game(1));
    for version in [2, 4, 5] {
        offer(&mut inbox, &update(game(1), version));
    }
    assert_eq!(sent(&mut inbox), ["send 2", "read ReadOn"]);
}

#[test]
fn nothing_goes_out_before_the_beginning_was_read() {
    let mut inbox = following(game(1));
    let start = Need::Start(Resume::default());
    inbox.need(game(1), start);
    offer(&mut inbox, &update(game(1), 2));
    let jobs = sent(&mut inbox);
    assert_eq!(jobs.len(), 1);
    assert!(jobs[0].starts_with("read Start"), "{jobs:?}");
}

#[test]
fn a_burst_that_finds_no_room_is_read_from_the_log() {
    let mut inbox = following(game(1));
    for version in 2..=100 {
        offer(&mut inbox, &update(game(1), version));
    }
    assert_eq!(sent(&mut inbox), ["read ReadOn"]);
}

#[test]
fn a_slow_client_gets_a_snapshot_and_then_is_too_slow() {
    let mut inbox = following(game(1));
    for version in 2..=66 {
        assert!(offer_slow(&mut inbox, &update(game(1), version)).is_ok());
    }
    assert_eq!(sent(&mut inbox), ["read Snapshot"]);
    if let Some(subscription) = inbox.subscriptions.get_mut(&game(1)) {
        subscription.cursor = 66;
        subscription.is_catching_up = false;
    }
    for version in 67..=130 {
        assert!(offer_slow(&mut inbox, &update(game(1), version)).is_ok());
    }
    assert!(offer_slow(&mut inbox, &update(game(1), 131)).is_err());
}

#[test]
fn no_snapshot_while_catching_up() {
    let mut inbox = following(game(1));
    if let Some(subscription) = inbox.subscriptions.get_mut(&game(1)) {
        subscription.is_catching_up = true;
    }
    for version in 2..=300 {
        assert!(offer_slow(&mut inbox, &update(game(1), version)).is_ok());
    }
    assert_eq!(sent(&mut inbox), ["read ReadOn"]);
}

#[test]
fn a_read_that_failed_waits_and_updates_do_not_overtake_it() {
    let mut inbox = following(game(1));
    let later = Instant::now() + Duration::from_secs(3600);
    Subscriptions { inbox: &mut inbox }.retry(game(1), Need::ReadOn, later);
    offer(&mut inbox, &update(game(1), 2));
    let (job, again_at) = inbox.next(Instant::now());
    assert!(job.is_none());
    assert_eq!(again_at, Some(later));
    let (job, _) = inbox.next(later);
    assert!(matches!(job, Some(Job::Read { .. })));
}

#[tokio::test]
async fn after_a_restore_everything_begins_anew() {
    let mailbox = Mailbox::new(Vec::new());
    mailbox.subscriptions(|subscriptions| {
        let resume = Resume {
            after: Some(3),
            epoch: None,
        };
        subscriptions.start(game(1), Origin::Named, Need::Start(resume))
    });
    mailbox.restart();
    match mailbox.next().await {
        Job::Read { need, .. } => assert_eq!(need, Need::Start(Resume::default())),
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_was_postponed_comes_unless_it_is_forgotten() {
    let mailbox = Mailbox::new(Vec::new());
    let ping = || Command::Follow(ClientFrame::Ping { id: 1.into() });
    mailbox.postpone(ping(), Instant::now());
    assert!(mailbox.next().now_or_never().is_some());
    mailbox.postpone(ping(), Instant::now());
    mailbox.forget_postponed();
    assert!(mailbox.next().now_or_never().is_none());
}

#[test]
fn a_socket_that_has_ended_begins_nothing_more() {
    let mut inbox = following(game(1));
    let mut subscriptions = Subscriptions { inbox: &mut inbox };
    assert_eq!(subscriptions.end(), [game(1)]);
    let started = subscriptions.start(game(2), Origin::Mine, Need::Snapshot);
    assert_eq!(started, Started::Gone);
    offer(&mut inbox, &update(game(1), 2));
    assert!(sent(&mut inbox).is_empty());
}

#[test]
fn what_follows_a_snapshot_of_a_lower_version_is_kept_while_it_is_read() {
    let mut inbox = following(game(1));
    let cursor = |inbox: &mut Inbox, version| {
        let subscription = inbox.subscriptions.get_mut(&game(1)).expect("followed");
        subscription.cursor = version;
    };
    cursor(&mut inbox, 30);
    inbox.need(game(1), Need::Snapshot);
    let (job, _) = inbox.next(Instant::now());
    assert!(matches!(job, Some(Job::Read { .. })), "{job:?}");
    // The log was restored to an earlier state. The writer has read version 8 of it and is about to
    // send it.
    offer(&mut inbox, &update(game(1), 9));
    cursor(&mut inbox, 8);
    assert_eq!(sent(&mut inbox), ["send 9"]);
}
