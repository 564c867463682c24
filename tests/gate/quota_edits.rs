//! An edit of a quota gives nothing away: what was spent counts in the period that runs after it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::Duration;

use turnkey::gate::{ApiKeyValue, Denial, Gate};
use turnkey::store::KeyId;
use turnkey::store::control::Actor;

use crate::support::postgres;
use crate::world::{SOON, World, ask, world};

const DAILY: &str = "quota_period = 'DAY', quota_offset = 0";
const MONTHLY: &str = "quota_period = 'MONTH', quota_offset = 0";
const NONE: &str = "quota_limit = null, quota_period = null, quota_offset = null";

async fn with_quota(limit: u32, clock: &str) -> (World, KeyId, ApiKeyValue) {
    let world = world().await;
    let (id, value) = world.key().await;
    world
        .limit(&format!("quota_limit = {limit}, {clock}"))
        .await;
    (world, id, value)
}

async fn edit(world: &World, columns: &str) {
    world
        .by_hand(&format!("update usage_plan set {columns}"))
        .await;
}

/// A week that began so many days ago.
async fn week_since(world: &World, days: i32) -> String {
    let client = postgres::client(&world.database).await;
    let day =
        "select extract(dow from (now() at time zone 'UTC') - make_interval(days => $1))::int";
    let day: i32 = client.query_one(day, &[&days]).await.unwrap().get(0);
    format!("quota_period = 'WEEK', quota_offset = {day}")
}

async fn call(world: &World, value: &ApiKeyValue, times: usize) {
    for _ in 0..times {
        world.ask(Some(value.expose())).await.unwrap();
    }
}

async fn remaining(world: &World, key: &KeyId) -> i64 {
    let state = world.store.quota_state(&world.plan, key).await.unwrap();
    state.unwrap().remaining
}

async fn settles_to(world: &World, key: &KeyId, expected: i64) {
    let end = tokio::time::Instant::now() + SOON;
    loop {
        let now = remaining(world, key).await;
        if now == expected {
            return;
        }
        let late = tokio::time::Instant::now() >= end;
        assert!(!late, "{now} instead of {expected}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Waits until the daily counts hold so many calls of today.
async fn written_down(world: &World, key: &KeyId, calls: i64) {
    let client = postgres::client(&world.database).await;
    let read = "select coalesce(sum(used), 0)::bigint from usage_day
        where key_id = $1 and day = (now() at time zone 'UTC')::date";
    let end = tokio::time::Instant::now() + SOON;
    loop {
        let row = client.query_one(read, &[&key.as_str()]).await.unwrap();
        if row.get::<_, i64>(0) == calls {
            return;
        }
        assert!(tokio::time::Instant::now() < end, "written within a second");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// How many calls pass until the gate says that nothing remains in this period.
async fn pass_until_exhausted(gate: &Gate, value: &ApiKeyValue) -> i64 {
    let mut passed = 0;
    loop {
        match ask(gate, "dev", "POST", Some(value.expose())).await {
            Ok(_) => passed += 1,
            Err(Denial::LimitExceeded { retry_after, .. }) if retry_after.as_secs() <= 2 => {
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
            Err(Denial::LimitExceeded { .. }) => return passed,
            // Its quota could not be taken in time.
            Err(Denial::Unavailable) => {}
            Err(other) => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn what_was_spent_today_counts_after_every_edit_of_the_clock() {
    let (world, id, value) = with_quota(10, DAILY).await;
    let week = week_since(&world, 3).await;
    let mut spent = 0;
    for clock in [week.as_str(), MONTHLY, DAILY, MONTHLY, &week, DAILY] {
        call(&world, &value, 1).await;
        spent += 1;
        // At once: the daily counts lag behind.
        world.limit(clock).await;
        assert_eq!(remaining(&world, &id).await, 10 - spent, "{clock}");
    }
    written_down(&world, &id, spent).await;
    assert_eq!(remaining(&world, &id).await, 10 - spent, "counted once");
    assert_eq!(pass_until_exhausted(&world.gate, &value).await, 10 - spent);
}

#[tokio::test]
async fn the_days_of_the_new_period_count_and_no_others() {
    let (world, id, value) = with_quota(20, DAILY).await;
    call(&world, &value, 3).await;
    let days = format!(
        "insert into usage_day (plan_id, key_id, day, used)
         select '{}', '{id}', (now() at time zone 'UTC')::date - ago, used
         from (values (1, 4), (3, 2), (4, 100)) as d (ago, used)",
        world.plan
    );
    world.by_hand(&days).await;
    world.limit(&week_since(&world, 3).await).await;
    assert_eq!(remaining(&world, &id).await, 20 - 3 - 4 - 2);
    world.limit(DAILY).await;
    assert_eq!(remaining(&world, &id).await, 20 - 3);
    world.limit(&week_since(&world, 2).await).await;
    assert_eq!(remaining(&world, &id).await, 20 - 3 - 4);
    world.limit("quota_limit = 5").await;
    assert_eq!(remaining(&world, &id).await, 5 - 3 - 4, "nothing remains");
    let denied = world.ask(Some(value.expose())).await.unwrap_err();
    assert!(matches!(denied, Denial::LimitExceeded { .. }), "{denied:?}");
}

#[tokio::test]
async fn calls_that_were_never_written_down_count() {
    let (world, id, value) = with_quota(10, DAILY).await;
    let doomed = world.another().await;
    for _ in 0..4 {
        let answer = ask(&doomed.gate, "dev", "POST", Some(value.expose())).await;
        answer.unwrap();
    }
    drop(doomed);
    edit(&world, MONTHLY).await;
    assert_eq!(remaining(&world, &id).await, 6);
    edit(&world, DAILY).await;
    assert_eq!(remaining(&world, &id).await, 6);
}

#[tokio::test]
async fn what_instances_hold_at_the_edit_comes_back_to_the_new_period() {
    let (world, id, value) = with_quota(1_000_000, DAILY).await;
    call(&world, &value, 200).await;
    edit(&world, MONTHLY).await;
    assert!(remaining(&world, &id).await <= 1_000_000 - 200);
    settles_to(&world, &id, 1_000_000 - 200).await;
}

#[tokio::test]
async fn what_an_operator_took_stays_taken_and_what_they_gave_ends() {
    let (world, id, value) = with_quota(10, DAILY).await;
    call(&world, &value, 1).await;
    let set = async |remaining: i64| {
        let change = world.store.change().await.unwrap();
        let plan = &world.plan;
        assert!(
            change
                .set_remaining_quota(plan, &id, remaining)
                .await
                .unwrap()
        );
        change.commit().await.unwrap();
    };
    set(2).await;
    edit(&world, MONTHLY).await;
    assert_eq!(remaining(&world, &id).await, 2, "7 were taken, 1 was spent");
    set(50).await;
    assert_eq!(remaining(&world, &id).await, 50);
    edit(&world, DAILY).await;
    assert!(remaining(&world, &id).await <= 9, "no more than the limit");
    written_down(&world, &id, 1).await;
    set(0).await;
    edit(&world, MONTHLY).await;
    assert_eq!(remaining(&world, &id).await, 0);
}

#[tokio::test]
async fn removing_the_quota_and_adding_it_again_gives_nothing() {
    let (world, id, value) = with_quota(10, DAILY).await;
    call(&world, &value, 4).await;
    world.limit(NONE).await;
    world.limit(&format!("quota_limit = 10, {MONTHLY}")).await;
    assert_eq!(remaining(&world, &id).await, 6, "by another clock");
    world.limit(NONE).await;
    // Without a quota calls pass, and count when there is one again: written down or not.
    call(&world, &value, 2).await;
    world.limit(&format!("quota_limit = 10, {DAILY}")).await;
    settles_to(&world, &id, 4).await;
    written_down(&world, &id, 6).await;
    assert_eq!(remaining(&world, &id).await, 4, "counted once");
    world.limit(NONE).await;
    call(&world, &value, 1).await;
    written_down(&world, &id, 7).await;
    world.limit(&format!("quota_limit = 10, {DAILY}")).await;
    assert_eq!(remaining(&world, &id).await, 3);
}

#[tokio::test]
async fn leaving_the_plan_and_coming_back_gives_nothing() {
    let (world, id, value) = with_quota(10, DAILY).await;
    call(&world, &value, 4).await;
    let leave = format!("delete from usage_plan_key where key_id = '{id}'");
    let come_back = format!(
        "insert into usage_plan_key (plan_id, key_id) values ('{}', '{id}')",
        world.plan
    );
    world.by_hand(&leave).await;
    let dev = crate::world::stage("dev");
    world.until(|| !world.gate.is_live(&id, &dev)).await;
    edit(&world, MONTHLY).await;
    world.by_hand(&come_back).await;
    world.until(|| world.gate.is_live(&id, &dev)).await;
    assert_eq!(remaining(&world, &id).await, 6);
    call(&world, &value, 1).await;
    assert_eq!(remaining(&world, &id).await, 5);
    written_down(&world, &id, 5).await;
}

#[tokio::test]
async fn the_control_plane_edits_as_sql_does() {
    use turnkey::control::operations::plans;
    use turnkey::control::patch::{PatchList, PatchOperation};

    let (world, id, value) = with_quota(10, DAILY).await;
    call(&world, &value, 3).await;
    let patch = async |path: &str, text: &str| {
        let patch_operations = vec![PatchOperation::new("replace", path, text)];
        let patches = PatchList::of(patch_operations);
        let plan = world.plan.as_str();
        let actor = Actor::command_line();
        plans::update_plan(&world.store, &actor, plan, &patches)
            .await
            .unwrap();
    };
    patch("/quota/period", "MONTH").await;
    assert_eq!(remaining(&world, &id).await, 7);
    patch("/quota/offset", "14").await;
    assert_eq!(remaining(&world, &id).await, 7);
    patch("/name", "renamed").await;
    patch("/quota/limit", "5").await;
    assert_eq!(remaining(&world, &id).await, 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn edits_in_the_midst_of_calls_on_two_instances_let_no_call_more_pass() {
    const LIMIT: i64 = 3000;
    let (world, id, value) = with_quota(u32::try_from(LIMIT).unwrap(), DAILY).await;
    let other = world.another().await;
    let (passed, done) = (
        Arc::new(AtomicI64::new(0)),
        Arc::new(AtomicBool::new(false)),
    );
    let callers: Vec<_> = (0..8)
        .map(|caller| {
            let gate = [&world.gate, &other.gate][caller % 2].clone();
            let (value, passed, done) = (value.clone(), passed.clone(), done.clone());
            tokio::spawn(async move {
                while !done.load(Ordering::Relaxed) {
                    match ask(&gate, "dev", "POST", Some(value.expose())).await {
                        Ok(_) => {
                            passed.fetch_add(1, Ordering::Relaxed);
                        }
                        Err(Denial::LimitExceeded { .. }) => {
                            tokio::time::sleep(Duration::from_millis(50)).await;
                        }
                        // Its quota could not be taken in time.
                        Err(Denial::Unavailable) => {}
                        Err(other) => panic!("{other:?}"),
                    }
                }
            })
        })
        .collect();
    let week = week_since(&world, 2).await;
    let clocks = [MONTHLY, week.as_str(), DAILY];
    let mut edits = 0;
    while remaining(&world, &id).await > 0 {
        edit(&world, clocks[edits % 3]).await;
        edits += 1;
        let so_far = passed.load(Ordering::Relaxed);
        let end = tokio::time::Instant::now() + SOON;
        while passed.load(Ordering::Relaxed) < so_far + 100 && remaining(&world, &id).await > 0 {
            assert!(
                tokio::time::Instant::now() < end,
                "calls pass between edits"
            );
        }
    }
    done.store(true, Ordering::Relaxed);
    for caller in callers {
        caller.await.unwrap();
    }
    let mut passed = passed.load(Ordering::Relaxed);
    for clock in clocks {
        edit(&world, clock).await;
        for gate in [&world.gate, &other.gate] {
            passed += pass_until_exhausted(gate, &value).await;
        }
    }
    assert!(edits > 3, "{edits} edits while calls passed");
    assert!(passed <= LIMIT, "{passed} of {LIMIT} passed");
    written_down(&world, &id, passed).await;
}
