//! Key, plan, stage: who passes, and what each answer costs.

use turnkey::gate::{ApiKeyValue, Denial};
use turnkey::rules::Rulebook;
use turnkey::store::{DeploymentId, PlanId};

use crate::world::{stage, value_with_public, world};

#[tokio::test]
async fn the_right_key_passes_and_is_named() {
    let world = world().await;
    let (id, value) = world.key().await;
    let admission = world.ask(Some(value.expose())).await.unwrap();
    assert_eq!(admission.key, Some(id));
}

#[tokio::test]
async fn what_is_no_key_is_refused_without_hashing() {
    let world = world().await;
    let (_, value) = world.key().await;
    let mut mistyped = value.expose().to_owned();
    let last = if mistyped.pop() == Some('a') {
        'b'
    } else {
        'a'
    };
    mistyped.push(last);
    let stranger = ApiKeyValue::generate();
    let long = "x".repeat(10_000);
    let texts = [
        None,
        Some(""),
        Some("short"),
        Some(&mistyped),
        Some(&long),
        Some("with spaces, so that it is no key"),
        Some(stranger.expose()),
    ];
    for text in texts {
        assert_eq!(world.ask(text).await, Err(Denial::Forbidden), "{text:?}");
    }
    assert_eq!(world.gate.hashed(), 0);
}

#[tokio::test]
async fn a_value_is_hashed_once_however_many_ask_at_once() {
    let world = world().await;
    let (_, value) = world.key().await;
    let asked = (0..100).map(|_| world.ask(Some(value.expose())));
    for answer in futures_util::future::join_all(asked).await {
        answer.unwrap();
    }
    world.ask(Some(value.expose())).await.unwrap();
    assert_eq!(world.gate.hashed(), 1);
}

#[tokio::test]
async fn a_guess_is_hashed_once_and_never_hides_a_key_made_a_moment_ago() {
    let world = world().await;
    let (_, value) = world.key().await;
    let guess = value_with_public(&value.expose()[3..11]);
    for _ in 0..3 {
        let answer = world.ask(Some(guess.expose())).await;
        assert_eq!(answer, Err(Denial::Forbidden));
    }
    assert_eq!(world.gate.hashed(), 1);
    world.key_with(&guess).await;
    world.ask(Some(guess.expose())).await.unwrap();
}

#[tokio::test]
async fn custom_values_pass_and_look_alikes_do_not() {
    let world = world().await;
    let value = ApiKeyValue::parse("a-custom-value/of~my!own").unwrap();
    world.key_with(&value).await;
    world.ask(Some(value.expose())).await.unwrap();
    let other = ApiKeyValue::parse("A-custom-value/of~my!own").unwrap();
    let answer = world.ask(Some(other.expose())).await;
    assert_eq!(answer, Err(Denial::Forbidden));
}

#[tokio::test]
async fn a_key_passes_only_while_it_is_enabled() {
    let world = world().await;
    let (id, value) = world.key().await;
    world.ask(Some(value.expose())).await.unwrap();
    let mut generation = world.gate.generation();
    world
        .by_hand(&format!(
            "update api_key set enabled = false where id = '{id}'"
        ))
        .await;
    world.until_answer(&value, Err(Denial::Forbidden)).await;
    assert!(generation.has_changed().unwrap());
    generation.mark_unchanged();
    assert!(!world.gate.is_live(&id, &stage("dev")));
    world
        .by_hand(&format!(
            "update api_key set enabled = true where id = '{id}'"
        ))
        .await;
    world.until_answer(&value, Ok(())).await;
    world
        .by_hand(&format!("delete from api_key where id = '{id}'"))
        .await;
    world.until_answer(&value, Err(Denial::Forbidden)).await;
    assert_eq!(world.gate.hashed(), 1);
}

#[tokio::test]
async fn an_expired_key_passes_no_more() {
    let world = world().await;
    let (id, value) = world.key().await;
    world
        .by_hand(&format!(
            "update api_key set expires_at = now() + interval '1 s' where id = '{id}'"
        ))
        .await;
    world.until_answer(&value, Err(Denial::Forbidden)).await;
    assert!(!world.gate.is_live(&id, &stage("dev")));
}

#[tokio::test]
async fn a_key_passes_where_a_plan_of_its_own_holds_the_stage() {
    let world = world().await;
    let (id, value) = world.key().await;
    assert_eq!(world.gate.stage("prod"), None);
    let change = world.store.change().await.unwrap();
    let deployment = DeploymentId::generate();
    change
        .insert_deployment(&deployment, None, &Rulebook::built_in().newest_versions())
        .await
        .unwrap();
    change
        .insert_stage(&stage("prod"), &deployment)
        .await
        .unwrap();
    change.commit().await.unwrap();
    world.until(|| world.gate.stage("prod").is_some()).await;
    let on_prod = world.ask_on("prod", Some(value.expose())).await;
    assert_eq!(on_prod, Err(Denial::Forbidden));

    let (plan, prod) = (PlanId::generate(), stage("prod"));
    let change = world.store.change().await.unwrap();
    change.insert_plan(&plan, "prod").await.unwrap();
    change.insert_plan_stage(&plan, &prod).await.unwrap();
    change.insert_plan_key(&plan, &id).await.unwrap();
    change.commit().await.unwrap();
    world.until(|| world.gate.is_live(&id, &prod)).await;
    world
        .by_hand("update usage_plan set rate = 5, burst = 10 where name = 'prod'")
        .await;
    world
        .until(|| world.gate.plan_rate(&id, &prod).is_some())
        .await;
    let on_prod = world.ask_on("prod", Some(value.expose())).await.unwrap();
    assert_eq!(on_prod.rate_limit.policy.throttle.unwrap().calls, 10);
    let on_dev = world.ask(Some(value.expose())).await.unwrap();
    assert_eq!(on_dev.rate_limit.policy.throttle, None);

    world.by_hand("delete from stage where name = 'prod'").await;
    world.until(|| world.gate.stage("prod").is_none()).await;
    assert!(!world.gate.is_live(&id, &prod));
    world.ask(Some(value.expose())).await.unwrap();
}

#[tokio::test]
async fn a_method_needs_a_key_until_a_deployment_says_otherwise() {
    let world = world().await;
    world
        .by_hand("insert into method values ('/game', 'POST', false)")
        .await;
    // Not deployed: another stage with the present settings shows when the gate has caught up.
    let change = world.store.change().await.unwrap();
    let deployment = DeploymentId::generate();
    change
        .insert_deployment(&deployment, None, &Rulebook::built_in().newest_versions())
        .await
        .unwrap();
    change
        .insert_stage(&stage("open"), &deployment)
        .await
        .unwrap();
    change.commit().await.unwrap();
    world.until(|| world.gate.stage("open").is_some()).await;
    assert_eq!(world.ask(None).await, Err(Denial::Forbidden));
    let admission = world.ask_on("open", None).await.unwrap();
    assert_eq!(admission.key, None);
    let version = world.gate.rules_version(&stage("open"), "tic-tac-toe");
    assert_eq!(version, Some(1));
}

#[tokio::test]
async fn a_key_is_in_one_plan_per_stage() {
    let world = world().await;
    let (id, _) = world.key().await;
    let (plan, dev) = (PlanId::generate(), stage("dev"));
    let change = world.store.change().await.unwrap();
    change.insert_plan(&plan, "second").await.unwrap();
    change.insert_plan_stage(&plan, &dev).await.unwrap();
    change.commit().await.unwrap();

    let change = world.store.change().await.unwrap();
    change.insert_plan_key(&plan, &id).await.unwrap();
    let refused = change.commit().await;
    assert!(
        matches!(refused, Err(turnkey::store::StoreError::Conflict(_))),
        "{refused:?}"
    );
    // Judged at the end: on the way, the key may be in both.
    world
        .by_hand(&format!(
            "begin; insert into usage_plan_key values ('{plan}', '{id}');
             delete from usage_plan_key where plan_id = '{}'; commit",
            world.plan
        ))
        .await;
    world.until(|| world.gate.is_live(&id, &dev)).await;

    // Nor does a stage come to a plan whose key has another plan there.
    let third = PlanId::generate();
    let change = world.store.change().await.unwrap();
    change.insert_plan(&third, "third").await.unwrap();
    change.insert_plan_key(&third, &id).await.unwrap();
    change.commit().await.unwrap();
    let change = world.store.change().await.unwrap();
    change.insert_plan_stage(&third, &dev).await.unwrap();
    let refused = change.commit().await;
    assert!(
        matches!(refused, Err(turnkey::store::StoreError::Conflict(_))),
        "{refused:?}"
    );
}
