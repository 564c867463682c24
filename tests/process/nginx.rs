//! nginx as it is deployed, `deploy/nginx.conf`, before two servers.

use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use nix::sys::signal::Signal;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::player::Client;
use crate::support::process::{Process, Scratch};
use crate::support::server::{SECRET, seed};
use crate::support::{postgres, until};

struct Nginx {
    child: Child,
    base: String,
}

impl Nginx {
    async fn start(directory: &Path, servers: [&Process; 2]) -> Nginx {
        let address = {
            let listener = TcpListener::bind("127.0.0.1:0").unwrap();
            listener.local_addr().unwrap().to_string()
        };
        let deployed = concat!(env!("CARGO_MANIFEST_DIR"), "/deploy/nginx.conf");
        let mut site = std::fs::read_to_string(deployed).unwrap();
        let [one, two] = servers.map(|server| server.base.replace("http://", ""));
        for (theirs, ours) in [
            ("  listen 80;\n", format!("  listen {address};\n")),
            ("server 127.0.0.1:8080 ", format!("server {one} ")),
            ("server 127.0.0.1:8090 ", format!("server {two} ")),
        ] {
            assert_eq!(site.matches(theirs).count(), 1, "{theirs}");
            site = site.replace(theirs, &ours);
        }
        let here = directory.display();
        let temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
            .map(|kind| format!("{kind}_temp_path {here}/{kind};"))
            .join("\n");
        let text = format!(
            "pid {here}/nginx.pid;\nerror_log {here}/nginx.log;\nevents {{}}\n\
             http {{\naccess_log off;\n{temporary}\n{site}\n}}\n"
        );
        let file = directory.join("nginx.conf");
        std::fs::write(&file, text).unwrap();
        let path = format!("{}:/usr/sbin", std::env::var("PATH").unwrap());
        let child = Command::new("nginx")
            .args(["-g", "daemon off;", "-c"])
            .arg(&file)
            .env("PATH", path)
            .stdin(Stdio::null())
            .spawn()
            .expect("nginx must be installed: script/test does it");
        let mut nginx = Nginx {
            child,
            base: format!("http://{address}"),
        };
        until(Duration::from_secs(30), || {
            let ended = nginx.child.try_wait().unwrap();
            assert!(ended.is_none(), "nginx ended: see nginx.log");
            std::net::TcpStream::connect(&address).is_ok()
        })
        .await;
        nginx
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        // Its workers end with it only where it is asked, not killed.
        let pid = nix::unistd::Pid::from_raw(i32::try_from(self.child.id()).unwrap());
        let _ = nix::sys::signal::kill(pid, Signal::SIGTERM);
        let _ = self.child.wait();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn games_are_played_and_watched_through_nginx_while_a_server_stops() {
    let scratch = Scratch::new();
    let database = postgres::database().await;
    let key = seed(&database).await;
    let url = postgres::url(&postgres::socket(), &postgres::name(&database));
    let variables = [
        ("DATABASE_URL", url.as_str()),
        ("TURNKEY_SECRET", SECRET),
        ("TURNKEY_DEFAULT_STAGE", "dev"),
        ("TURNKEY_TRUSTED_PROXIES", "127.0.0.1"),
    ];
    let [one, two] = ["one", "two"].map(|name| {
        let directory = scratch.path().join(name);
        std::fs::create_dir(&directory).unwrap();
        Process::serve(&directory, &variables)
    });
    let nginx = Nginx::start(scratch.path(), [&one, &two]).await;
    let client = Client::new(&nginx.base, &key);

    let (game, [ann, bob]) = client.new_game().await;
    let mut watcher = client.watch(&format!("game={game}")).await;
    watcher.until("subscribed").await;
    client.play(&ann, &game, 4, 2).await;
    assert_eq!(watcher.until("update").await["version"], 3);

    // Connections to the servers are kept, and calls of every kind share them.
    let calls = async || {
        for _ in 0..50 {
            let (status, answer) = client
                .call(None, Method::POST, "/game", json!({}))
                .await
                .unwrap();
            assert_eq!(status, 201, "{answer}");
            let (status, answer) = client
                .call(None, Method::GET, &format!("/game/{game}"), Value::Null)
                .await
                .unwrap();
            assert_eq!(status, 200, "{answer}");
        }
    };
    calls().await;

    // One server stops in order; nobody who calls notices.
    one.signal(Signal::SIGTERM);
    let stopped = tokio::task::spawn_blocking(move || one.wait());
    while !stopped.is_finished() {
        calls().await;
    }
    assert!(stopped.await.unwrap().success());
    calls().await;
    client.play(&bob, &game, 0, 3).await;
    let mut watcher = client.watch(&format!("game={game}")).await;
    assert_eq!(watcher.until("snapshot").await["version"], 4);
}
