//! A server that is told to stop lets everybody go first.

use nix::sys::signal::Signal;

use crate::kill_nine::key_of;
use crate::support::player::Client;
use crate::support::process::{Process, Scratch};

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
