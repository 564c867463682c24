//! Without the database: nobody passes on old knowledge for long, and all is well again after.

use std::time::Duration;

use turnkey::gate::{self, Denial, Gate, Request};
use turnkey::store::Store;

use crate::support::postgres;
use crate::support::proxy::Proxy;
use crate::world::{stage, world};

#[tokio::test]
async fn a_lost_listener_costs_no_revocation() {
    let world = world().await;
    let (id, value) = world.key().await;
    world.ask(Some(value.expose())).await.unwrap();
    let client = postgres::client(&world.database).await;
    let ended = client
        .query(
            "select pg_terminate_backend(pid) from pg_stat_activity
             where datname = current_database() and application_name = 'turnkey'",
            &[],
        )
        .await
        .unwrap();
    assert!(!ended.is_empty());
    world
        .by_hand(&format!(
            "update api_key set enabled = false where id = '{id}'"
        ))
        .await;
    world.until_answer(&value, Err(Denial::Forbidden)).await;
    assert!(!world.gate.is_live(&id, &stage("dev")));
}

#[tokio::test]
async fn after_ten_seconds_without_the_database_the_gate_cannot_decide() {
    let world = world().await;
    let (id, value) = world.key().await;
    let proxy = Proxy::start(&world.database).await;
    let store = Store::new(proxy.database(), 4);
    let gate = Gate::open(&store).await.unwrap();
    let following = tokio::spawn(gate::run_reload(
        gate.clone(),
        store,
        std::future::pending(),
    ));
    let dev = stage("dev");
    let ask = || async {
        let request = Request {
            stage: &dev,
            path: "/game",
            verb: "POST",
            api_key: Some(value.expose()),
        };
        gate.admit(&request)
            .await
            .map(|_| ())
            .map_err(|denied| denied.denial)
    };
    ask().await.unwrap();
    proxy.interrupt();
    let stopped = tokio::time::Instant::now();
    while ask().await != Err(Denial::Unavailable) {
        let elapsed = stopped.elapsed();
        assert!(elapsed < Duration::from_secs(30), "still passing");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!(stopped.elapsed() > Duration::from_secs(8));
    // Open sockets are judged by what was known last.
    assert!(gate.is_live(&id, &dev));
    following.abort();
}
