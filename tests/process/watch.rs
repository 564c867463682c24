//! The reference client, `examples/watch.rs`, as people run it.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;
use reqwest::Method;
use serde_json::{Value, json};
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use crate::kill_nine::key_of;
use crate::support::player::Client;
use crate::support::process::{Process, Scratch};

/// Longer than a client may be asked to stay away, several times over.
const PATIENCE: Duration = Duration::from_secs(60);

/// One address for whichever server is the current one, as a load balancer has it.
struct Door {
    address: SocketAddr,
    leads_to: watch::Sender<String>,
}

impl Door {
    async fn to(server: &Process) -> Door {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (leads_to, target) = watch::channel(String::new());
        tokio::spawn(async move {
            while let Ok((mut client, _)) = listener.accept().await {
                let target = target.borrow().clone();
                tokio::spawn(async move {
                    // Where no server is, the client's connection ends with this.
                    let mut server = TcpStream::connect(target).await?;
                    copy_bidirectional(&mut client, &mut server).await
                });
            }
        });
        let door = Door { address, leads_to };
        door.lead_to(server);
        door
    }

    fn lead_to(&self, server: &Process) {
        let address = server.base.trim_start_matches("http://");
        self.leads_to.send_replace(address.to_owned());
    }
}

/// The example, run.
struct Watch {
    child: Child,
    lines: Receiver<String>,
}

impl Watch {
    fn start(address: SocketAddr, arguments: &[&str], variables: &[(&str, &str)]) -> Watch {
        let binary = Path::new(env!("CARGO_BIN_EXE_turnkey")).with_file_name("examples/watch");
        assert!(
            binary.exists(),
            "{} is missing: `cargo test` without arguments builds it, or `cargo build --examples`",
            binary.display()
        );
        let mut child = Command::new(binary)
            .args(["--url", &format!("ws://{address}/live")])
            .args(arguments)
            .env_remove("TURNKEY_PLAYER_TOKEN")
            .envs(variables.iter().copied())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        let (sender, lines) = channel();
        std::thread::spawn(move || {
            for line in output.lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    return;
                }
            }
        });
        Watch { child, lines }
    }

    /// The next version that it prints.
    fn version(&mut self) -> u32 {
        loop {
            let line = self.lines.recv_timeout(PATIENCE).expect("a line must come");
            if let Some((_, rest)) = line.split_once(" version ") {
                return rest.split(':').next().unwrap().parse().unwrap();
            }
        }
    }

    /// Waits until it ends by itself; what it says of that.
    fn end(mut self) -> (Option<i32>, String) {
        let deadline = Instant::now() + PATIENCE;
        while self.child.try_wait().unwrap().is_none() {
            assert!(Instant::now() < deadline, "it must end");
            std::thread::sleep(Duration::from_millis(10));
        }
        let status = self.child.wait().unwrap();
        let said = std::io::read_to_string(self.child.stderr.take().unwrap()).unwrap();
        (status.code(), said)
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn it_prints_every_version_once_through_a_restart_and_a_kill_of_the_server() {
    let scratch = Scratch::new();
    let data = scratch.join("data");
    let variables = [("TURNKEY_DATA_DIR", data.as_str())];
    let server = Process::serve(scratch.path(), &variables);
    let key = key_of(&data);
    let door = Door::to(&server).await;
    let client = Client::new(&server.base, &key);
    let call = async |path: &str, body: Value| {
        let answered = client.call(None, Method::POST, path, body).await;
        answered.unwrap().1
    };
    let created = call("/game", json!({"name": "Ann"})).await;
    let game = created["game"]["gameId"].as_str().unwrap();
    let watched = [("TURNKEY_API_KEY", key.as_str())];
    let mut watch = Watch::start(door.address, &["--game", game], &watched);
    assert_eq!(watch.version(), 1);
    let joined = call("/join", json!({"invite": created["invite"], "name": "Bob"})).await;
    let token = |answer: &Value| answer["player"]["token"].as_str().unwrap().to_owned();
    let tokens = [token(&created), token(&joined)];
    client.play(&tokens[0], game, 4, 2).await;
    assert_eq!((watch.version(), watch.version()), (2, 3));

    server.signal(Signal::SIGTERM);
    assert!(server.wait().success());
    let server = Process::serve(scratch.path(), &variables);
    let client = Client::new(&server.base, &key);
    // Before it is back.
    client.play(&tokens[1], game, 0, 3).await;
    door.lead_to(&server);
    client.play(&tokens[0], game, 2, 4).await;
    assert_eq!((watch.version(), watch.version()), (4, 5));

    server.kill();
    let server = Process::serve(scratch.path(), &variables);
    let client = Client::new(&server.base, &key);
    client.play(&tokens[1], game, 1, 5).await;
    door.lead_to(&server);
    client.play(&tokens[0], game, 6, 6).await;
    assert_eq!((watch.version(), watch.version()), (6, 7));
}

#[tokio::test(flavor = "multi_thread")]
async fn it_does_not_come_back_with_what_is_no_longer_good() {
    let scratch = Scratch::new();
    let data = scratch.join("data");
    let server = Process::serve(scratch.path(), &[("TURNKEY_DATA_DIR", data.as_str())]);
    let address = server.base.trim_start_matches("http://").parse().unwrap();
    let wrong = [("TURNKEY_API_KEY", "no key of this server at all")];
    let (code, said) = Watch::start(address, &["--mine"], &wrong).end();
    assert_eq!(code, Some(1));
    assert!(said.contains("403") && !said.contains(wrong[0].1), "{said}");

    let key = key_of(&data);
    let client = Client::new(&server.base, &key);
    let (_, [token, _]) = client.new_game().await;
    let variables = [
        ("TURNKEY_API_KEY", key.as_str()),
        ("TURNKEY_PLAYER_TOKEN", token.as_str()),
    ];
    let mut watch = Watch::start(address, &["--mine"], &variables);
    assert_eq!(watch.version(), 2);
    let url = format!("{}/players/me", server.base);
    let request = reqwest::Client::new().delete(url).bearer_auth(&token);
    let deleted = request.header("x-api-key", &key).send().await.unwrap();
    assert_eq!(deleted.status(), 204);
    let (code, said) = watch.end();
    assert_eq!(code, Some(1));
    assert!(said.contains("player token"), "{said}");
}
