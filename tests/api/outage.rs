//! The database goes away and comes back; nobody is restarted.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::support::player::Client;
use crate::support::postgres;
use crate::support::proxy::Proxy;
use crate::support::server::TestServer;

const DEADLINE: Duration = Duration::from_secs(60);

async fn until_status(client: &Client, path: &str, wanted: u16) {
    let end = Instant::now() + DEADLINE;
    loop {
        let (status, body) = client
            .call(None, Method::GET, path, Value::Null)
            .await
            .unwrap();
        if status == wanted {
            return;
        }
        assert!(
            Instant::now() < end,
            "{path} still answers {status}: {body}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_outage_of_the_database_costs_answers_and_nothing_else() {
    let database = postgres::database().await;
    let proxy = Proxy::start(&database).await;
    let server = TestServer::behind(&database, &proxy).await;
    let client = Client::new(&server.base, &server.key);
    let (game, tokens) = client.new_game().await;
    let mut watcher = client.watch(&format!("game={game}")).await;
    watcher.until("subscribed").await;

    proxy.interrupt();
    until_status(&client, "/readyz", 503).await;
    until_status(&client, "/healthz", 200).await;
    let body = json!({"gameId": game, "move": 4, "version": 2});
    let put = client.call(Some(&tokens[0]), Method::PUT, "/game", body.clone());
    let (status, problem) = put.await.unwrap();
    assert_eq!(
        (status, &problem["code"]),
        (503, &json!("unavailable")),
        "{problem}"
    );
    // Ten seconds after it last reached the database, the gate can decide no more.
    let end = Instant::now() + DEADLINE;
    loop {
        let put = client.call(Some(&tokens[0]), Method::PUT, "/game", body.clone());
        let (status, answer) = put.await.unwrap();
        assert_eq!(status, 503);
        if answer == json!({"message": "Service Unavailable"}) {
            break;
        }
        assert!(Instant::now() < end, "{answer}");
    }

    proxy.restore();
    until_status(&client, "/readyz", 200).await;
    client.play(&tokens[0], &game, 4, 2).await;
    assert_eq!(
        watcher.until("update").await["version"],
        3,
        "the socket stayed open"
    );
    assert_eq!(client.events(&game).await.len(), 3);
}
