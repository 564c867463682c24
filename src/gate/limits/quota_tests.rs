//! The calls that a share lets pass, takes ahead, and gives back.

use super::*;
use crate::store::plans::Period;

const QUOTA: QuotaSetting = QuotaSetting {
    limit: 100,
    offset: 0,
    period: Period::Day,
};

fn grant(granted: i64, remaining: i64) -> QuotaGrant {
    QuotaGrant {
        plan: PlanId::generate(),
        key: KeyId::generate(),
        period_start: time::OffsetDateTime::UNIX_EPOCH,
        epoch: 0,
        granted,
        remaining,
        period_left: Duration::from_secs(3600),
        leased_lately: false,
    }
}

#[test]
fn a_share_is_spent_and_no_more() {
    let (mut share, now) = (Share::default(), Instant::now());
    assert_eq!(share.spend_one(QUOTA, now), Spent::Ask);
    assert_eq!(share.grant(QUOTA, &grant(3, 10), 1, now), (1, None));
    let remaining = share.remaining(QUOTA, now).expect("it was just said");
    assert_eq!(remaining.calls, 12);
    assert_eq!(share.spend_one(QUOTA, now), Spent::Passed);
    assert_eq!(share.spend_one(QUOTA, now), Spent::PassedAndFill);
    assert_eq!(share.spend_one(QUOTA, now), Spent::Ask);
}

#[test]
fn a_share_ends_after_a_second_and_what_is_left_goes_back() {
    let (mut share, now) = (Share::default(), Instant::now());
    share.grant(QUOTA, &grant(3, 10), 1, now);
    assert_eq!(share.take_ended(Some(QUOTA), now), None);
    let later = now + SHARE_LASTS;
    assert_eq!(share.spend_one(QUOTA, later), Spent::Ask);
    let unspent = share.take_ended(Some(QUOTA), later).expect("two are left");
    assert_eq!(unspent.unspent, 2);
    assert_eq!(share.take_ended(Some(QUOTA), later), None);
}

#[test]
fn a_share_does_not_outlive_the_period_nor_the_plan() {
    let (mut share, now) = (Share::default(), Instant::now());
    let mut ending = grant(3, 10);
    ending.period_left = Duration::from_millis(100);
    share.grant(QUOTA, &ending, 1, now);
    let after = now + Duration::from_millis(100);
    assert_eq!(share.spend_one(QUOTA, after), Spent::Ask);

    share.grant(QUOTA, &grant(3, 10), 1, now);
    let other = QuotaSetting { limit: 2, ..QUOTA };
    assert_eq!(share.spend_one(other, now), Spent::Ask);
    assert!(share.take_ended(Some(other), now).is_some());
}

#[test]
fn exhaustion_is_believed_for_a_moment() {
    let (mut share, now) = (Share::default(), Instant::now());
    assert_eq!(share.grant(QUOTA, &grant(1, 0), 3, now), (1, None));
    let exhausted = Exhausted {
        retry_after: Duration::from_secs(3600),
    };
    assert_eq!(share.spend_one(QUOTA, now), Spent::Exhausted(exhausted));
    let later = Instant::now() + EXHAUSTION_LASTS;
    assert_eq!(share.spend_one(QUOTA, later), Spent::Ask);
}

#[test]
fn a_share_is_filled_up_before_it_is_spent_and_lasts_anew() {
    let (mut share, now) = (Share::default(), Instant::now());
    share.grant(QUOTA, &grant(10, 1000), 0, now);
    let at = now + Duration::from_millis(900);
    let spent: Vec<Spent> = (0..7).map(|_| share.spend_one(QUOTA, at)).collect();
    // The refill is asked for once, however long the answer takes.
    assert_eq!(
        spent.iter().position(|one| *one == Spent::PassedAndFill),
        Some(5)
    );
    assert_eq!(spent.iter().filter(|one| **one == Spent::Passed).count(), 6);

    // Three calls of one second's need are left.
    assert_eq!(share.wanted(at), 7 - 3);
    assert_eq!(share.grant(QUOTA, &grant(4, 996), 0, at), (0, None));
    let later = now + SHARE_LASTS;
    let passed = (0..8).filter(|_| share.spend_one(QUOTA, later) != Spent::Ask);
    assert_eq!(passed.count(), 7);
}

#[test]
fn what_is_left_of_another_epoch_goes_back() {
    let (mut share, now) = (Share::default(), Instant::now());
    share.grant(QUOTA, &grant(10, 1000), 0, now);
    let mut of_next = grant(4, 996);
    of_next.epoch = 1;
    let (_, old) = share.grant(QUOTA, &of_next, 0, now);
    let old = old.expect("ten are left");
    assert_eq!((old.epoch, old.unspent), (0, 10));
    assert_eq!(
        share.take_back().map(|new| (new.epoch, new.unspent)),
        Some((1, 4))
    );
}

#[test]
fn what_went_back_was_not_spent() {
    let (mut share, now) = (Share::default(), Instant::now());
    share.grant(QUOTA, &grant(10, 1000), 0, now);
    for _ in 0..3 {
        assert_eq!(share.spend_one(QUOTA, now), Spent::Passed);
    }
    assert_eq!(share.take_back().map(|unspent| unspent.unspent), Some(7));
    // Twice the three calls, however fast they were.
    assert_eq!(share.wanted(now), 6);
}

#[test]
fn who_pauses_comes_back_as_fast() {
    let (mut share, now) = (Share::default(), Instant::now());
    share.grant(QUOTA, &grant(800, 10_000), 800, now);
    let at = now + Duration::from_secs(1);
    share.grant(QUOTA, &grant(1, 9_999), 1, at);
    assert_eq!(share.wanted(at + Duration::from_secs(2)), 69);
    assert_eq!(share.wanted(at + Duration::from_secs(60)), 1);
}

#[test]
fn shares_grow_with_the_pace_and_at_most_double() {
    let (mut share, now) = (Share::default(), Instant::now());
    assert_eq!(share.wanted(now), 1);
    let mut at = now;
    let mut wanted = Vec::new();
    for _ in 0..6 {
        let taken = grant(share.wanted(at), 1000);
        share.grant(QUOTA, &taken, 1, at);
        while share.spend_one(QUOTA, at) != Spent::Ask {}
        at += Duration::from_millis(10);
        wanted.push(share.wanted(at));
    }
    assert_eq!(wanted, [2, 4, 8, 16, 32, 64]);
    let idle = at + Duration::from_secs(100);
    assert_eq!(share.wanted(idle), 1);
}
