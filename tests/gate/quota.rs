//! Quotas: exact, over any number of instances, whatever dies.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::future::join_all;
use turnkey::gate::{Allowance, ApiKeyValue, Denial, Gate};
use turnkey::store::KeyId;

use crate::support::postgres;
use crate::world::{SOON, World, ask, world};

const DAILY: &str = "quota_period = 'DAY', quota_offset = 0";

async fn with_quota(limit: u32) -> (World, KeyId, ApiKeyValue) {
    let world = world().await;
    let (id, value) = world.key().await;
    world
        .limit(&format!("quota_limit = {limit}, {DAILY}"))
        .await;
    (world, id, value)
}

/// Calls until the quota is used up and everything that was taken ahead is spent or given back.
async fn exhaust(gates: &[Gate], callers: usize, value: &ApiKeyValue) -> usize {
    let passed = Arc::new(AtomicUsize::new(0));
    let calling = (0..callers).map(|caller| {
        let gate = gates[caller % gates.len()].clone();
        let (value, passed) = (value.clone(), passed.clone());
        tokio::spawn(async move {
            loop {
                match ask(&gate, "dev", "POST", Some(value.expose())).await {
                    Ok(_) => passed.fetch_add(1, Ordering::Relaxed),
                    // So much less than a day means that others may give something back.
                    Err(Denial::LimitExceeded { retry_after, .. })
                        if retry_after.as_secs() <= 2 =>
                    {
                        tokio::time::sleep(Duration::from_millis(100)).await;
                        continue;
                    }
                    Err(Denial::LimitExceeded { .. }) => return,
                    Err(other) => panic!("{other:?}"),
                };
            }
        })
    });
    for ended in join_all(calling).await {
        ended.unwrap();
    }
    passed.load(Ordering::Relaxed)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn four_instances_and_64_callers_get_the_limit_and_no_call_more() {
    let (world, _, value) = with_quota(5000).await;
    let others = [
        world.another().await,
        world.another().await,
        world.another().await,
    ];
    let mut gates = vec![world.gate.clone()];
    gates.extend(others.iter().map(|other| other.gate.clone()));
    assert_eq!(exhaust(&gates, 64, &value).await, 5000);
}

#[tokio::test]
async fn a_used_up_quota_is_told_with_the_time_of_the_next_period() {
    let (world, _, value) = with_quota(2).await;
    let first = world.ask(Some(value.expose())).await.unwrap().rate_limit;
    let policy = Allowance {
        calls: 2,
        seconds: 86400,
    };
    assert_eq!(first.policy.quota, Some(policy));
    assert_eq!(first.current.quota.unwrap().calls, 1);
    world.ask(Some(value.expose())).await.unwrap();
    let denied = world.ask(Some(value.expose())).await.unwrap_err();
    let Denial::LimitExceeded {
        retry_after,
        rate_limit,
    } = denied
    else {
        panic!("{denied:?}");
    };
    assert!(
        (1..=86_400).contains(&retry_after.as_secs()),
        "{retry_after:?}"
    );
    assert_eq!(rate_limit.current.quota.unwrap().calls, 0);
}

#[tokio::test]
async fn a_call_that_is_too_fast_spends_no_quota() {
    let (world, id, value) = with_quota(100).await;
    world.limit("rate = 0.001, burst = 2").await;
    for _ in 0..10 {
        let _ = world.ask(Some(value.expose())).await;
    }
    let denied = world.ask(Some(value.expose())).await.unwrap_err();
    let Denial::TooManyRequests { rate_limit, .. } = denied else {
        panic!("{denied:?}");
    };
    assert_eq!(rate_limit.current.quota.unwrap().calls, 98);
    settles_to(&world, &id, 98).await;
}

#[tokio::test]
async fn what_was_taken_ahead_and_not_spent_is_given_back() {
    let (world, id, value) = with_quota(1_000_000).await;
    for _ in 0..200 {
        world.ask(Some(value.expose())).await.unwrap();
    }
    settles_to(&world, &id, 1_000_000 - 200).await;
}

#[tokio::test]
async fn a_dead_instance_costs_what_it_had_taken_ahead_and_no_more() {
    let (world, id, value) = with_quota(100_000).await;
    let doomed = world.another().await;
    let calls = 300;
    for _ in 0..calls {
        let answer = ask(&doomed.gate, "dev", "POST", Some(value.expose())).await;
        answer.unwrap();
    }
    drop(doomed);
    let state = world.store.quota_state(&world.plan, &id).await.unwrap();
    let used = 100_000 - state.unwrap().remaining;
    // Shares at most double, so it never holds more than it has spent, twice over.
    assert!(
        (calls..=3 * calls).contains(&used),
        "{used} used by {calls} calls"
    );
}

#[tokio::test]
async fn an_operator_says_what_remains() {
    let (world, id, value) = with_quota(3).await;
    let gates = [world.gate.clone()];
    assert_eq!(exhaust(&gates, 1, &value).await, 3);
    let change = world.store.change().await.unwrap();
    let plan = &world.plan;
    assert!(change.set_remaining_quota(plan, &id, 5).await.unwrap());
    change.commit().await.unwrap();
    world.until_answer(&value, Ok(())).await;
    assert_eq!(exhaust(&gates, 2, &value).await, 4);
}

#[tokio::test]
async fn without_the_database_a_quota_cannot_be_taken() {
    let (world, id, value) = with_quota(1000).await;
    world.ask(Some(value.expose())).await.unwrap();
    let client = postgres::client(&world.database).await;
    // Whoever wants this row waits.
    let lock = format!("begin; select from quota_usage where key_id = '{id}' for update");
    client.batch_execute(&lock).await.unwrap();
    let denial = tokio::time::timeout(SOON, async {
        loop {
            if let Err(denial) = world.ask(Some(value.expose())).await {
                return denial;
            }
        }
    })
    .await
    .unwrap();
    assert_eq!(denial, Denial::Unavailable);
    client.batch_execute("rollback").await.unwrap();
    world.until_answer(&value, Ok(())).await;
}

#[tokio::test]
async fn periods_begin_and_end_at_midnight_utc_on_their_day() {
    let world = world().await;
    let client = postgres::client(&world.database).await;
    // 2026-11-23 is a Monday.
    let cases = [
        (
            "DAY",
            0,
            "2026-11-23 23:59:59.9+00",
            "2026-11-23",
            "2026-11-24",
        ),
        (
            "DAY",
            0,
            "2026-11-24 00:30:00+02",
            "2026-11-23",
            "2026-11-24",
        ),
        ("WEEK", 0, "2026-11-23 12:00+00", "2026-11-22", "2026-11-29"),
        ("WEEK", 1, "2026-11-23 12:00+00", "2026-11-23", "2026-11-30"),
        ("WEEK", 2, "2026-11-23 12:00+00", "2026-11-17", "2026-11-24"),
        (
            "MONTH",
            0,
            "2026-11-23 12:00+00",
            "2026-11-01",
            "2026-12-01",
        ),
        (
            "MONTH",
            22,
            "2026-11-23 00:00+00",
            "2026-11-23",
            "2026-12-23",
        ),
        (
            "MONTH",
            27,
            "2026-11-23 12:00+00",
            "2026-10-28",
            "2026-11-28",
        ),
        (
            "MONTH",
            27,
            "2024-02-28 12:00+00",
            "2024-02-28",
            "2024-03-28",
        ),
        (
            "MONTH",
            27,
            "2023-03-01 12:00+00",
            "2023-02-28",
            "2023-03-28",
        ),
        (
            "MONTH",
            0,
            "2026-12-31 23:59+00",
            "2026-12-01",
            "2027-01-01",
        ),
    ];
    for (period, offset, at, start, end) in cases {
        let row = client
            .query_one(
                "select to_char(quota_period_start($1, $2, at) at time zone 'UTC', 'YYYY-MM-DD HH24:MI'),
                        to_char(quota_period_end($1, $2, at) at time zone 'UTC', 'YYYY-MM-DD HH24:MI')
                 from (select $3::text::timestamptz) as given (at)",
                &[&period, &offset, &at],
            )
            .await
            .unwrap();
        let expected = (format!("{start} 00:00"), format!("{end} 00:00"));
        assert_eq!((row.get(0), row.get(1)), expected, "{period} {offset} {at}");
    }
}

async fn settles_to(world: &World, key: &KeyId, remaining: i64) {
    let end = tokio::time::Instant::now() + SOON;
    loop {
        let state = world.store.quota_state(&world.plan, key).await.unwrap();
        let now = state.unwrap().remaining;
        if now == remaining {
            return;
        }
        assert!(
            tokio::time::Instant::now() < end,
            "{now} instead of {remaining}"
        );
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
