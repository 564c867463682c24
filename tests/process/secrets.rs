//! What the log says, even at its most talkative, lets nobody in.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use nix::sys::signal::Signal;

use crate::support::player::Client;
use crate::support::process::{Process, Scratch, log_of};

#[tokio::test(flavor = "multi_thread")]
async fn the_log_shows_no_secret() {
    let scratch = Scratch::new();
    let data = scratch.join("data");
    let variables = [
        ("TURNKEY_DATA_DIR", data.as_str()),
        ("TURNKEY_LOG", "trace"),
    ];
    let server = Process::serve(scratch.path(), &variables);
    let credentials = std::fs::read_to_string(format!("{data}/credentials.env")).unwrap();
    let mut secrets: Vec<String> = credentials
        .lines()
        .filter_map(|line| line.split_once('='))
        .map(|(_, value)| value.to_owned())
        .collect();
    assert_eq!(secrets.len(), 5, "{credentials}");
    let client = Client::new(&server.base, &crate::kill_nine::key_of(&data));
    let (game, tokens) = client.new_game().await;
    client.play(&tokens[0], &game, 4, 2).await;
    let mut watcher = client.watch(&format!("game={game}")).await;
    watcher.until("subscribed").await;
    let mut from_page = client
        .watch_from_page(&format!("game={game}"), &tokens[0])
        .await;
    from_page.until("subscribed").await;
    secrets.push(URL_SAFE_NO_PAD.encode(&client.key));
    secrets.extend(tokens);
    server.signal(Signal::SIGTERM);
    assert!(server.wait().success());
    let log = log_of(scratch.path());
    assert!(log.contains("TRACE"), "the log was meant to be talkative");
    for secret in secrets {
        let line = log.lines().find(|line| line.contains(&secret));
        assert_eq!(line, None);
    }
    let hash = log.lines().find(|line| line.contains("$argon2id$"));
    assert_eq!(hash, None);
}
