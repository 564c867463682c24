//! What was used, by day; when a key was last used; when it expires.

use std::time::Duration;

use time::{Date, OffsetDateTime};
use turnkey::store::KeyId;
use turnkey::store::usage::{DayOfUsage, UsageFilter};

use crate::world::{SOON, World, world};

fn today() -> Date {
    OffsetDateTime::now_utc().date()
}

async fn usage(world: &World, key: Option<&KeyId>) -> Vec<DayOfUsage> {
    let filter = UsageFilter {
        plan: world.plan.clone(),
        key: key.cloned(),
        first_day: today().previous_day().unwrap(),
        last_day: today(),
        after: None,
    };
    world.store.usage(&filter, 100).await.unwrap()
}

#[tokio::test]
async fn calls_are_written_down_by_day_and_the_key_as_used() {
    let world = world().await;
    let (id, value) = world.key().await;
    let (other, _) = world.key().await;
    let quota = "quota_limit = 10, quota_period = 'MONTH', quota_offset = 0";
    world.limit(quota).await;
    for _ in 0..3 {
        world.ask(Some(value.expose())).await.unwrap();
    }
    let end = tokio::time::Instant::now() + SOON;
    loop {
        let days = usage(&world, Some(&id)).await;
        assert_eq!(days.len(), 2);
        assert_eq!(
            (days[0].day, days[0].used),
            (today().previous_day().unwrap(), 0)
        );
        if (days[1].used, days[1].remaining) == (3, Some(7)) {
            break;
        }
        assert!(tokio::time::Instant::now() < end, "{days:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let all = usage(&world, None).await;
    let keys: Vec<&KeyId> = all.iter().map(|day| &day.key).collect();
    assert_eq!(keys.len(), 4);
    assert!(keys.contains(&&other) && keys.is_sorted());

    let used = world
        .store
        .key(&id)
        .await
        .unwrap()
        .unwrap()
        .last_used_at
        .unwrap();
    assert!((OffsetDateTime::now_utc() - used).abs() < Duration::from_secs(60));
    let unused = world.store.key(&other).await.unwrap().unwrap();
    assert_eq!(unused.last_used_at, None);
}

#[tokio::test]
async fn writing_down_what_was_used_costs_no_reload() {
    let world = world().await;
    let (id, value) = world.key().await;
    let mut generation = world.gate.generation();
    generation.mark_unchanged();
    world.ask(Some(value.expose())).await.unwrap();
    let end = tokio::time::Instant::now() + SOON;
    while world
        .store
        .key(&id)
        .await
        .unwrap()
        .unwrap()
        .last_used_at
        .is_none()
    {
        assert!(tokio::time::Instant::now() < end);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(!generation.has_changed().unwrap());
}

#[tokio::test]
async fn who_watches_rights_is_told_when_a_key_expires() {
    let world = world().await;
    let (id, _) = world.key().await;
    let dev = crate::world::stage("dev");
    let mut generation = world.gate.generation();
    world
        .by_hand(&format!(
            "update api_key set expires_at = now() + interval '1500 ms' where id = '{id}'"
        ))
        .await;
    tokio::time::timeout(SOON, async {
        while world.gate.is_live(&id, &dev) {
            generation.changed().await.unwrap();
        }
    })
    .await
    .unwrap();
}
