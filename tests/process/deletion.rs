//! An account is deleted on two instances, raced by its own joins, cut off, and repeated.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::{Value, json};
use tokio::task::JoinHandle;

use crate::support::player::Client;
use crate::support::postgres;
use crate::support::process::{Process, Scratch, verify};
use crate::support::server::{SECRET, seed};
use crate::support::until;

const GAMES: usize = 30;
const JOINERS: usize = 4;

#[tokio::test(flavor = "multi_thread")]
async fn a_deletion_that_is_cut_off_is_finished_by_whoever_repeats_it() {
    let scratch = Scratch::new();
    let database = postgres::database().await;
    let key = seed(&database).await;
    let url = postgres::url(&postgres::socket(), &postgres::name(&database));
    let variables = [
        ("DATABASE_URL", url.as_str()),
        ("TURNKEY_SECRET", SECRET),
        ("TURNKEY_DEFAULT_STAGE", "dev"),
    ];
    let serve = |name: &str| {
        let directory = scratch.path().join(name);
        std::fs::create_dir_all(&directory).unwrap();
        Process::serve(&directory, &variables)
    };
    let (first, second) = (serve("first"), serve("second"));
    let here = Client::new(&first.base, &key);
    let there = here.at(&second.base);
    let unhurried = there.clone();

    let (game, [ann, bob]) = here.new_game().await;
    let mut games = vec![game.clone()];
    for _ in 0..GAMES {
        games.push(join(&there, &ann, &bob).await.unwrap());
    }
    let query = format!("game={game}");
    let mut opponent = there.watch(&query).await;
    opponent.until("subscribed").await;
    let mut own = there.watch_from_page("", &ann).await;
    own.until("hello").await;

    // Ann goes on joining games on both instances until nobody takes her token.
    let begun = Arc::new(AtomicUsize::new(0));
    let joiners: Vec<JoinHandle<Vec<String>>> = (0..JOINERS)
        .map(|number| {
            let client = [&here, &there][number % 2].clone();
            let (ann, bob, begun) = (ann.clone(), bob.clone(), begun.clone());
            tokio::spawn(async move {
                let mut joined = Vec::new();
                while let Some(game) = join(&client, &ann, &bob).await {
                    joined.push(game);
                    begun.fetch_add(1, Ordering::Relaxed);
                }
                joined
            })
        })
        .collect();

    until(Duration::from_secs(60), || {
        begun.load(Ordering::Relaxed) > JOINERS
    })
    .await;
    // The client goes after a moment, and then the instance that it had asked is killed.
    let hasty = Client::with_patience(&first.base, &key, Duration::from_millis(700));
    let cut_off = delete(&hasty, &ann).await;
    assert!(cut_off.is_err(), "{cut_off:?}");
    let marked = Instant::now();
    let (status, _) = me(&there, &ann).await;
    assert_eq!(status, 401, "within a second of the call on every instance");
    assert!(marked.elapsed() < Duration::from_secs(1));
    assert_eq!(end_of(&mut own).await, Some(4401));
    first.kill();
    for joiner in joiners {
        // One that was at the killed instance has ended with it.
        games.extend(joiner.await.unwrap());
    }
    assert!(games.len() > GAMES + 1, "nobody joined meanwhile");

    assert_eq!(delete(&unhurried, &ann).await.unwrap(), 204);
    let update = opponent.until("update").await;
    assert_eq!(update["event"]["type"], "resigned");
    assert_eq!(update["game"]["result"]["winner"], "O");
    for game in &games {
        let path = format!("/game/{game}");
        let read = there.call(Some(&bob), Method::GET, &path, Value::Null);
        let (status, shown) = read.await.unwrap();
        let ended = (status, shown["status"].as_str().unwrap());
        assert_eq!(ended, (200, "finished"), "{shown}");
    }
    // Also those of which no joiner got to know.
    let open = "select count(*) from my_game m join player p using (player_id) \
                where m.status = 'playing'";
    let client = postgres::client(&database).await;
    let left: i64 = client.query_one(open, &[]).await.unwrap().get(0);
    assert_eq!(left, 0, "Bob plays with nobody any more");
    // Deleted is deleted: the call can be repeated, and no other takes the token.
    assert_eq!(delete(&unhurried, &ann).await.unwrap(), 204);
    assert_eq!(me(&there, &ann).await.0, 401);
    assert_eq!(me(&there, &bob).await.0, 200);
    verify(&variables);
}

/// A game that Bob makes and Ann joins; `None` once nobody takes Ann's token, or nobody answers.
async fn join(client: &Client, ann: &str, bob: &str) -> Option<String> {
    let made = client.call(Some(bob), Method::POST, "/game", json!({}));
    let (status, made) = made.await.ok()?;
    assert_eq!(status, 201, "{made}");
    let invite = json!({"invite": made["invite"]});
    let joined = client.call(Some(ann), Method::POST, "/join", invite);
    match joined.await.ok()? {
        (200, joined) => Some(joined["game"]["gameId"].as_str().unwrap().to_owned()),
        (401, _) => None,
        other => panic!("{other:?}"),
    }
}

async fn delete(client: &Client, token: &str) -> reqwest::Result<u16> {
    let call = client.send(Some(token), Method::DELETE, "/players/me", Value::Null);
    Ok(call.await?.status().as_u16())
}

async fn me(client: &Client, token: &str) -> (u16, Value) {
    let call = client.call(Some(token), Method::GET, "/players/me", Value::Null);
    call.await.unwrap()
}

/// The code with which the server closes the socket.
async fn end_of(socket: &mut crate::support::player::Watcher) -> Option<u16> {
    loop {
        match socket.next().await {
            Some(Ok(_)) => {}
            Some(Err(code)) => return Some(code),
            None => return None,
        }
    }
}
