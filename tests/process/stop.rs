//! A server that is told to stop lets everybody go first.

use std::time::Duration;

use nix::sys::signal::Signal;
use reqwest::header::CONNECTION;
use reqwest::{Method, StatusCode};
use serde_json::Value;
use tokio::time::{Instant, sleep};

use crate::kill_nine::key_of;
use crate::support::player::Client;
use crate::support::postgres;
use crate::support::process::{Process, Scratch};
use crate::support::server::{SECRET, seed};

const DEADLINE: Duration = Duration::from_secs(60);

#[tokio::test(flavor = "multi_thread")]
async fn sigterm_says_goodbye_and_ends_with_success() {
    let scratch = Scratch::new();
    let data = scratch.join("data");
    let server = Process::serve(scratch.path(), &[("TURNKEY_DATA_DIR", data.as_str())]);
    let client = Client::new(&server.base, &key_of(&data));
    let (game, _) = client.new_game().await;
    let mut watcher = client.watch(&format!("game={game}")).await;
    watcher.until("subscribed").await;
    server.signal(Signal::SIGTERM);
    let goodbye = watcher.until("goodbye").await;
    assert!(goodbye["retryAfterMs"].is_u64(), "{goodbye}");
    assert_eq!(watcher.next().await, Some(Err(1012)));
    drop(watcher);
    assert!(server.wait().success());
}

#[tokio::test(flavor = "multi_thread")]
async fn balancers_are_told_before_anything_is_refused() {
    let scratch = Scratch::new();
    let database = postgres::database().await;
    let key = seed(&database).await;
    let url = postgres::url(&postgres::socket(), &postgres::name(&database));
    let variables = [
        ("DATABASE_URL", url.as_str()),
        ("TURNKEY_SECRET", SECRET),
        ("TURNKEY_DEFAULT_STAGE", "dev"),
    ];
    let server = Process::serve(scratch.path(), &variables);
    let health = format!("{}/healthz", server.base);
    assert_eq!(
        reqwest::get(&health).await.unwrap().status(),
        StatusCode::OK
    );

    server.signal(Signal::SIGTERM);
    let end = Instant::now() + DEADLINE;
    let told = loop {
        let answer = reqwest::get(&health).await.expect("it still listens");
        if answer.status() != StatusCode::OK {
            break answer;
        }
        assert!(Instant::now() < end, "it does not say that it stops");
        sleep(Duration::from_millis(5)).await;
    };
    assert_eq!(told.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(told.headers()[CONNECTION], "close");
    // Who has not heard of it is served: calls, and sockets, which are sent away only later.
    let client = Client::new(&server.base, &key);
    let variants = client.call(None, Method::GET, "/variants", Value::Null);
    assert_eq!(variants.await.unwrap().0, 200);
    let mut watcher = client.watch("").await;
    watcher.until("hello").await;
    watcher.until("goodbye").await;
    assert_eq!(watcher.next().await, Some(Err(1012)));
    drop(watcher);
    assert!(server.wait().success());
}
