//! Nothing that was acknowledged is lost, whatever is killed.

use std::path::Path;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::support::player::Client;
use crate::support::process::{Process, Scratch, verify};

const MOVES: [u32; 5] = [4, 0, 2, 1, 6];

#[tokio::test(flavor = "multi_thread")]
async fn a_game_outlives_kill_9_of_the_server_and_of_postgres() {
    let scratch = Scratch::new();
    let data = scratch.join("data");
    let variables = [("TURNKEY_DATA_DIR", data.as_str())];
    let server = Process::serve(scratch.path(), &variables);
    let key = key_of(&data);
    let client = Client::new(&server.base, &key);
    let (game, tokens) = client.new_game().await;
    let mut watcher = client.watch(&format!("game={game}")).await;
    let epoch = watcher.until("hello").await["epoch"]
        .as_str()
        .unwrap()
        .to_owned();
    watcher.until("subscribed").await;
    for (index, cell) in MOVES[..3].iter().enumerate() {
        let version = u32::try_from(index).unwrap() + 2;
        client.play(&tokens[index % 2], &game, *cell, version).await;
    }
    let mut seen = 2;
    while seen < 4 {
        let update = watcher.until("update").await;
        assert_eq!(update["version"], seen + 1);
        seen += 1;
    }

    kill_postgres(&data);
    server.kill();
    let server = Process::serve(scratch.path(), &variables);
    assert_eq!(key_of(&data), key, "the credentials stay");
    let client = Client::new(&server.base, &key);
    let mut watcher = client
        .watch(&format!("game={game}&after={seen}&epoch={epoch}"))
        .await;
    assert_eq!(watcher.until("subscribed").await["version"], seen);
    for (index, cell) in MOVES.iter().enumerate().skip(3) {
        let version = u32::try_from(index).unwrap() + 2;
        client.play(&tokens[index % 2], &game, *cell, version).await;
    }
    while seen < 7 {
        let update = watcher.until("update").await;
        assert_eq!(update["version"], seen + 1);
        seen += 1;
    }
    let moves: Vec<_> = client
        .events(&game)
        .await
        .iter()
        .filter(|event| event["type"] == "move_played")
        .map(|event| event["data"]["move"].as_u64().unwrap())
        .collect();
    assert_eq!(moves, MOVES.map(u64::from));
    verify(&variables);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_outlives_its_postgres() {
    let scratch = Scratch::new();
    let data = scratch.join("data");
    let variables = [("TURNKEY_DATA_DIR", data.as_str())];
    let server = Process::serve(scratch.path(), &variables);
    let client = Client::new(&server.base, &key_of(&data));
    let (game, tokens) = client.new_game().await;
    let mut watcher = client.watch(&format!("game={game}")).await;
    watcher.until("subscribed").await;
    kill_postgres(&data);
    // The same version makes it safe to ask again until it is answered.
    let body = serde_json::json!({"gameId": game, "move": 4, "version": 2});
    loop {
        let answer = client
            .call(
                Some(&tokens[0]),
                reqwest::Method::PUT,
                "/game",
                body.clone(),
            )
            .await;
        match answer.unwrap() {
            (200, _) => break,
            (503, problem) => {
                assert!(problem["detail"].is_string() || problem["message"].is_string())
            }
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(watcher.until("update").await["version"], 3);
    assert_eq!(client.events(&game).await.len(), 3);
    verify(&variables);
}

/// The key that the first start made.
pub fn key_of(data: &str) -> String {
    let credentials = std::fs::read_to_string(Path::new(data).join("credentials.env")).unwrap();
    let line = credentials
        .lines()
        .find_map(|line| line.strip_prefix("TURNKEY_API_KEY="));
    line.unwrap().to_owned()
}

fn kill_postgres(data: &str) {
    let pid = postmaster(Path::new(data)).expect("a Postgres runs in the data directory");
    kill(Pid::from_raw(pid), Signal::SIGKILL).unwrap();
}

/// The process id that Postgres wrote into its data directory.
fn postmaster(directory: &Path) -> Option<i32> {
    for entry in std::fs::read_dir(directory).ok()?.flatten() {
        let path = entry.path();
        if path
            .file_name()
            .is_some_and(|name| name == "postmaster.pid")
        {
            let text = std::fs::read_to_string(&path).ok()?;
            return text.lines().next()?.trim().parse().ok();
        }
        if path.is_dir()
            && let Some(pid) = postmaster(&path)
        {
            return Some(pid);
        }
    }
    None
}
