//! Ten thousand keys.

use std::collections::HashSet;

use turnkey::gate::Gate;
use turnkey::store::keys::KeyFilter;

use crate::world::world;

const ADD_TEN_THOUSAND: &str = "
    insert into api_key (id, name, enabled)
        select 'k' || lpad(n::text, 9, '0'), 'bulk ' || n, true from generate_series(1, 10000) n;
    insert into api_key_value (key_id, lookup, phc)
        select id, lpad(to_hex(row_number() over ()), 8, '0'), '$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHQ$AAAA'
        from api_key where name like 'bulk %';
    insert into usage_plan_key (plan_id, key_id)
        select p.id, k.id from usage_plan p, api_key k where k.name like 'bulk %';";

#[tokio::test]
async fn ten_thousand_keys_are_served_and_listed() {
    let world = world().await;
    let (_, value) = world.key().await;
    world.by_hand(ADD_TEN_THOUSAND).await;
    let dev = crate::world::stage("dev");
    let last = "k000010000".parse().unwrap();
    world.until(|| world.gate.is_live(&last, &dev)).await;
    world.ask(Some(value.expose())).await.unwrap();
    assert!(Gate::open(&world.store).await.unwrap().is_live(&last, &dev));

    let mut filter = KeyFilter {
        name_prefix: Some("bulk ".into()),
        ..KeyFilter::default()
    };
    let mut seen = HashSet::new();
    loop {
        let page = world.store.keys(&filter, 500).await.unwrap();
        let Some(last) = page.last() else { break };
        filter.after = Some((last.created_at, last.id.clone()));
        seen.extend(page.into_iter().map(|key| key.id));
    }
    assert_eq!(seen.len(), 10_000);
    let percent = KeyFilter {
        name_prefix: Some("b%".into()),
        ..KeyFilter::default()
    };
    assert!(world.store.keys(&percent, 10).await.unwrap().is_empty());
}
