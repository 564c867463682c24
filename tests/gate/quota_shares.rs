//! What instances hold of a quota while its clock is edited, and edits while instances take.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::Duration;

use tokio::time::timeout;
use turnkey::store::plans::{Period, QuotaSetting};
use turnkey::store::usage::{Calls, QuotaClaim, QuotaGrant, QuotaReturn};
use turnkey::store::{KeyId, PlanId, Store};

use crate::support::postgres;
use crate::world::{World, world};

const LIMIT: i64 = 1000;
const DAILY: &str = "quota_limit = 1000, quota_period = 'DAY', quota_offset = 0";
const MONTHLY: &str = "quota_limit = 1000, quota_period = 'MONTH', quota_offset = 0";
const NONE: &str = "quota_limit = null, quota_period = null, quota_offset = null";

/// A week that began three days ago, and a month that began nine days ago or a little before.
async fn other_clocks(world: &World) -> [String; 2] {
    let client = postgres::client(&world.database).await;
    let read = "select extract(dow from (now() at time zone 'UTC') - interval '3 days')::integer,
        extract(day from (now() at time zone 'UTC') - interval '9 days')::integer - 1";
    let row = client.query_one(read, &[]).await.unwrap();
    let (weekday, day): (i32, i32) = (row.get(0), row.get(1));
    [
        format!("quota_limit = 1000, quota_period = 'WEEK', quota_offset = {weekday}"),
        format!(
            "quota_limit = 1000, quota_period = 'MONTH', quota_offset = {}",
            day.min(27)
        ),
    ]
}

/// A world with a plan of 1000 calls a day, where no instance takes anything by itself.
async fn with_quota() -> (World, KeyId) {
    let world = world().await;
    let (id, _) = world.key().await;
    edit(&world, DAILY).await;
    (world, id)
}

async fn edit(world: &World, columns: &str) {
    world
        .by_hand(&format!("update usage_plan set {columns}"))
        .await;
}

fn claim(plan: &PlanId, key: &KeyId, calls: i64) -> QuotaClaim {
    let quota = QuotaSetting {
        limit: LIMIT,
        period: Period::Day,
        offset: 0,
    };
    QuotaClaim {
        plan: plan.clone(),
        key: key.clone(),
        quota,
        pending: calls,
        wanted: calls,
    }
}

fn share(grant: &QuotaGrant, unspent: i64) -> QuotaReturn {
    QuotaReturn {
        plan: grant.plan.clone(),
        key: grant.key.clone(),
        period_start: grant.period_start,
        epoch: grant.epoch,
        unspent,
    }
}

async fn take(world: &World, key: &KeyId, calls: i64) -> QuotaGrant {
    let claims = [claim(&world.plan, key, calls)];
    let mut grants = world.store.take_quota(&claims, 1).await.unwrap();
    assert_eq!(grants[0].granted, calls);
    grants.remove(0)
}

async fn remaining(world: &World, key: &KeyId) -> i64 {
    let state = world.store.quota_state(&world.plan, key).await.unwrap();
    state.unwrap().remaining
}

#[tokio::test]
async fn shares_of_two_periods_that_come_to_one_are_both_given_back() {
    let (world, id) = with_quota().await;
    let [week, _] = other_clocks(&world).await;
    let of_day = take(&world, &id, 100).await;
    edit(&world, &week).await;
    let of_week = take(&world, &id, 30).await;
    assert_ne!(of_day.period_start, of_week.period_start);
    assert_eq!(remaining(&world, &id).await, LIMIT - 130);
    // The first instance spent 1 call, the second one 2; and one more share of the same row.
    let returns = [share(&of_day, 99), share(&of_week, 20), share(&of_week, 8)];
    world.store.give_back_quota(&returns).await.unwrap();
    assert_eq!(remaining(&world, &id).await, LIMIT - 3);
}

#[tokio::test]
async fn edits_in_quick_succession_lose_nothing_that_instances_hold() {
    let (world, _) = with_quota().await;
    let [week, month] = &other_clocks(&world).await;
    let [week, month] = [week.as_str(), month.as_str()];
    for edits in [
        [week, month].as_slice(),
        &[week, DAILY],
        &[week, month, DAILY],
        &[week, month, week],
        &[NONE, week],
        &[week, NONE, month],
        &[week, NONE, week],
        &[week, NONE, DAILY],
        &[NONE, week, month],
    ] {
        edit(&world, DAILY).await;
        let (id, _) = world.key().await;
        let held = take(&world, &id, 500).await;
        for columns in edits {
            edit(&world, columns).await;
        }
        assert!(remaining(&world, &id).await <= LIMIT - 500, "{edits:?}");
        let returned = [share(&held, 490)];
        world.store.give_back_quota(&returned).await.unwrap();
        assert_eq!(remaining(&world, &id).await, LIMIT - 10, "{edits:?}");
    }
}

#[tokio::test]
async fn what_an_operator_took_of_a_period_that_has_ended_is_not_taken_again() {
    for (days_ago, expected) in [(0, 400), (2, LIMIT)] {
        let (world, id) = with_quota().await;
        take(&world, &id, 1).await;
        let change = world.store.change().await.unwrap();
        let set = change.set_remaining_quota(&world.plan, &id, 400).await;
        assert!(set.unwrap());
        change.commit().await.unwrap();
        edit(&world, NONE).await;
        let back = format!(
            "update quota_usage set period_start = period_start - interval '{days_ago} days',
                ends_at = ends_at - interval '{days_ago} days'"
        );
        world.by_hand(&back).await;
        edit(&world, MONTHLY).await;
        // The call that was taken and never written down counts in either case.
        let expected = expected.min(LIMIT - 1);
        assert_eq!(remaining(&world, &id).await, expected, "{days_ago} days");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn giving_back_and_taking_do_not_deadlock_after_an_edit() {
    const ROUNDS: usize = 150;
    let (world, _) = with_quota().await;
    let [week, _] = other_clocks(&world).await;
    let mut keys = Vec::new();
    for _ in 0..6 {
        keys.push(world.key().await.0);
    }
    let mut of_day = Vec::new();
    for key in &keys {
        of_day.push(share(&take(&world, key, 10).await, 0));
    }
    edit(&world, &week).await;
    let mut of_week = Vec::new();
    for key in &keys {
        of_week.push(share(&take(&world, key, 10).await, 0));
    }
    // Every instance returns shares of either period, for other keys and in another order.
    let give = |odd: usize| {
        let mut returns = Vec::new();
        for at in 0..keys.len() {
            let of = if at % 2 == odd { &of_day } else { &of_week };
            returns.push(of[at].clone());
        }
        if odd == 1 {
            returns.reverse();
        }
        let store = Store::new(world.database.clone(), 2);
        tokio::spawn(async move {
            for _ in 0..ROUNDS {
                store.give_back_quota(&returns).await.unwrap();
            }
        })
    };
    let gives = [give(0), give(1), give(0), give(1)];
    let claims: Vec<QuotaClaim> = keys.iter().map(|key| claim(&world.plan, key, 1)).collect();
    let calls: Vec<Calls> = keys.iter().map(|key| calls(&world.plan, key)).collect();
    for _ in 0..ROUNDS {
        let taken = world.store.take_quota(&claims, 1).await.unwrap();
        assert_eq!(taken.len(), keys.len());
        world.store.add_usage(&calls).await.unwrap();
    }
    for give in gives {
        give.await.unwrap();
    }
}

fn calls(plan: &PlanId, key: &KeyId) -> Calls {
    Calls {
        plan: plan.clone(),
        key: key.clone(),
        calls: 1,
        unmetered: 1,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_edit_is_not_kept_waiting_by_instances_that_take_all_the_time() {
    const EDITS: usize = 8;
    let (world, _) = with_quota().await;
    let [week, _] = other_clocks(&world).await;
    let (done, taken) = (
        Arc::new(AtomicBool::new(false)),
        Arc::new(AtomicI64::new(0)),
    );
    let mut takers = Vec::new();
    for _ in 0..8 {
        let (id, _) = world.key().await;
        let claims = [claim(&world.plan, &id, 1)];
        let store = Store::new(world.database.clone(), 1);
        let (done, taken) = (done.clone(), taken.clone());
        takers.push(tokio::spawn(async move {
            while !done.load(Ordering::Relaxed) {
                store.take_quota(&claims, 1).await.unwrap();
                taken.fetch_add(1, Ordering::Relaxed);
            }
        }));
    }
    for at in 0..EDITS {
        let so_far = taken.load(Ordering::Relaxed);
        let columns = [week.as_str(), DAILY][at % 2];
        // An edit of the control plane is given up after so long.
        let edited = timeout(Duration::from_secs(5), edit(&world, columns)).await;
        assert!(edited.is_ok(), "edit {at} waits for takers");
        crate::support::until(Duration::from_secs(10), || {
            taken.load(Ordering::Relaxed) > so_far + 50
        })
        .await;
    }
    done.store(true, Ordering::Relaxed);
    for taker in takers {
        taker.await.unwrap();
    }
}
