//! Which link of the chain refuses.

use turnkey::gate::{Explanation, Link, Question};
use turnkey::store::KeyId;

use crate::world::{SOON, World, world};

async fn explain(world: &World, on: &str, key: Option<&KeyId>) -> Explanation {
    let question = Question {
        stage: on,
        path: "/game",
        verb: "POST",
        key,
    };
    world.gate.explain(&world.store, &question).await.unwrap()
}

/// Changes the tables, and asks once the gate has taken the change over.
async fn after(world: &World, change: &str, on: &str, key: Option<&KeyId>) -> Option<Link> {
    let mut generation = world.gate.generation();
    generation.mark_unchanged();
    world.by_hand(change).await;
    let changed = tokio::time::timeout(SOON, generation.changed());
    changed.await.unwrap().unwrap();
    let explanation = explain(world, on, key).await;
    assert_eq!(explanation.passes, explanation.refused_by.is_none());
    let last = explanation.links.last().unwrap();
    assert_eq!(last.holds, explanation.passes, "{explanation:?}");
    explanation.refused_by
}

#[tokio::test]
async fn each_link_is_named_when_it_refuses() {
    let world = world().await;
    let (id, value) = world.key().await;
    let key = Some(&id);
    let all = explain(&world, "dev", key).await;
    assert!(all.passes, "{all:?}");
    let links: Vec<Link> = all.links.iter().map(|judged| judged.link).collect();
    let chain = [
        Link::Key,
        Link::Enabled,
        Link::Plan,
        Link::Stage,
        Link::Method,
        Link::Throttle,
        Link::Quota,
    ];
    assert_eq!(links, chain);

    let none = explain(&world, "dev", None).await;
    assert_eq!(none.refused_by, Some(Link::Key));
    let stranger = KeyId::generate();
    let unknown = explain(&world, "dev", Some(&stranger)).await;
    assert_eq!(unknown.refused_by, Some(Link::Key));
    let nowhere = explain(&world, "nowhere", key).await;
    assert_eq!(nowhere.refused_by, Some(Link::Stage));

    let plan = &world.plan;
    let steps = [
        ("update api_key set enabled = false", Some(Link::Enabled)),
        ("update api_key set enabled = true", None),
        ("update api_key set expires_at = now()", Some(Link::Enabled)),
        ("update api_key set expires_at = null", None),
        (
            "update api_key_value set expires_at = now()",
            Some(Link::Key),
        ),
        ("update api_key_value set expires_at = null", None),
        ("delete from usage_plan_stage", Some(Link::Stage)),
        ("delete from usage_plan_key", Some(Link::Plan)),
    ];
    for (change, expected) in steps {
        let refused_by = after(&world, change, "dev", key).await;
        assert_eq!(refused_by, expected, "{change}");
    }
    let back = format!(
        "insert into usage_plan_stage values ('{plan}', 'dev');
         insert into usage_plan_key values ('{plan}', '{id}')"
    );
    assert_eq!(after(&world, &back, "dev", key).await, None);

    world.limit("rate = 0.001, burst = 1").await;
    world.ask(Some(value.expose())).await.unwrap();
    assert!(explain(&world, "dev", key).await.passes);
    world.ask(Some(value.expose())).await.unwrap_err();
    let throttled = explain(&world, "dev", key).await;
    assert_eq!(throttled.refused_by, Some(Link::Throttle));
    let quota = "update usage_plan set rate = null, burst = null,
         quota_limit = 0, quota_period = 'DAY', quota_offset = 0";
    assert_eq!(after(&world, quota, "dev", key).await, Some(Link::Quota));
}

#[tokio::test]
async fn a_method_that_needs_no_key_skips_the_rest() {
    let world = world().await;
    let open = "insert into deployment values ('dddddddddd', null, '{\"/game\": {\"POST\": false}}', '{}');
         update stage set deployment_id = 'dddddddddd'";
    assert_eq!(after(&world, open, "dev", None).await, None);
    let explanation = explain(&world, "dev", None).await;
    assert_eq!(explanation.links.len(), 1);
    assert_eq!(explanation.links[0].link, Link::Method);
}
