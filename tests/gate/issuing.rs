//! Giving out values: stored hashed, never twice.

use turnkey::gate::issue::{self, FirstLimits, IssueError};
use turnkey::gate::{ApiKeyValue, Gate};
use turnkey::store::Store;

use crate::support::postgres;
use crate::world::{stage, world};

#[tokio::test]
async fn nothing_stored_shows_the_value() {
    let world = world().await;
    let (id, value) = world.key().await;
    let client = postgres::client(&world.database).await;
    let row = client
        .query_one(
            "select lookup, phc, row_to_json(v)::text from api_key_value v where key_id = $1",
            &[&id.as_str()],
        )
        .await
        .unwrap();
    let (lookup, phc, all): (String, String, String) = (row.get(0), row.get(1), row.get(2));
    assert_eq!(lookup, value.expose()[3..11]);
    assert!(phc.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{phc}");
    assert!(!all.contains(&value.expose()[11..]), "{all}");
}

#[tokio::test]
async fn equal_values_conflict_also_when_they_come_at_once() {
    let world = world().await;
    let value = ApiKeyValue::parse("one-value-for-two-keys").unwrap();
    let make = || async {
        let key = issue::new_key("app");
        issue::create_key(&world.store, &key, &value, None).await
    };
    let made = futures_util::future::join_all((0..4).map(|_| make())).await;
    assert_eq!(made.iter().filter(|made| made.is_ok()).count(), 1);
    for made in &made {
        let is_expected = matches!(made, Ok(_) | Err(IssueError::Exists(_)));
        assert!(is_expected, "{made:?}");
    }
    assert!(matches!(make().await, Err(IssueError::Exists(_))));
}

#[tokio::test]
async fn values_that_share_a_lookup_are_told_apart() {
    let world = world().await;
    let salt = world.store.gate_salt().await.unwrap();
    let first = ApiKeyValue::parse("the-first-of-two-values").unwrap();
    let second = (0..)
        .map(|number| ApiKeyValue::parse(&format!("another-value-{number:08}")).unwrap())
        .find(|value| value.lookup(&salt) == first.lookup(&salt))
        .unwrap();
    let first_id = world.key_with(&first).await;
    let second_id = world.key_with(&second).await;
    let answer = world.ask(Some(first.expose())).await.unwrap();
    assert_eq!(answer.key, Some(first_id));
    let answer = world.ask(Some(second.expose())).await.unwrap();
    assert_eq!(answer.key, Some(second_id));
}

#[tokio::test]
async fn a_first_start_makes_stage_plan_and_key_and_a_second_one_replaces_the_key() {
    let store = Store::new(postgres::database().await, 4);
    let first = issue::make_first_key(&store, FirstLimits::NONE)
        .await
        .unwrap();
    let second = issue::make_first_key(&store, FirstLimits::NONE)
        .await
        .unwrap();
    let gate = Gate::open(&store).await.unwrap();
    let dev = stage("dev");
    let request = |value| turnkey::gate::Request {
        stage: &dev,
        path: "/game",
        verb: "POST",
        api_key: Some(value),
    };
    gate.admit(&request(second.expose())).await.unwrap();
    assert!(gate.admit(&request(first.expose())).await.is_err());
}

#[tokio::test]
async fn the_first_plan_has_the_limits_of_the_start_that_made_it() {
    let store = Store::new(postgres::database().await, 4);
    let limits = FirstLimits::DEVELOPMENT;
    issue::make_first_key(&store, limits).await.unwrap();
    // A later start that lost the value makes a key and leaves the plan as it is.
    issue::make_first_key(&store, FirstLimits::NONE)
        .await
        .unwrap();
    let id = store.plan_named(issue::FIRST_NAME).await.unwrap().unwrap();
    let plan = store.usage_plan(&id).await.unwrap().unwrap();
    assert_eq!((plan.throttle, plan.quota), (limits.throttle, limits.quota));
    assert_eq!(plan.stages.keys().collect::<Vec<_>>(), ["dev"]);
}
