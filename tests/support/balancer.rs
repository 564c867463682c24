//! HAProxy as it is deployed: `deploy/haproxy.cfg`, with the servers of a test in the place of its
//! own.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use super::until;

/// Generous: a server is up after one look, which is taken every second.
const DEADLINE: Duration = Duration::from_secs(60);

pub struct Balancer {
    child: Child,
    statistics: PathBuf,
    /// `http://127.0.0.1:…`
    pub base: String,
}

impl Balancer {
    /// Balances servers, each a name with its host and port, once all of them are up. Files go to
    /// `directory`.
    pub async fn start(directory: &Path, servers: &[(String, String)]) -> Balancer {
        let deployed = concat!(env!("CARGO_MANIFEST_DIR"), "/deploy/haproxy.cfg");
        let deployed = std::fs::read_to_string(deployed).unwrap();
        let (ours, theirs): (Vec<&str>, Vec<&str>) = deployed
            .lines()
            .partition(|line| !line.starts_with("  server "));
        assert_eq!(theirs.len(), 2, "{theirs:?}");
        let mut text = ours.join("\n");
        for (name, address) in servers {
            text.push_str(&format!("\n  server {name} {address}"));
        }
        let statistics = directory.join("balancer.sock");
        text.push_str(&format!(
            "\nglobal\n  stats socket {}\n",
            statistics.display()
        ));
        let file = directory.join("haproxy.cfg");
        std::fs::write(&file, text).unwrap();
        let log = std::fs::File::create(directory.join("balancer.log")).unwrap();
        let address = free_address();
        let child = Command::new("haproxy")
            .arg("-f")
            .arg(&file)
            .env(
                "PATH",
                format!("{}:/usr/sbin", std::env::var("PATH").unwrap()),
            )
            .env("BALANCER_LISTEN", &address)
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .expect("HAProxy must be installed: script/test does it");
        let mut balancer = Balancer {
            child,
            statistics,
            base: format!("http://{address}"),
        };
        for (name, _) in servers {
            balancer.is_up(name).await;
        }
        balancer
    }

    /// Waits until this server is sent requests.
    pub async fn is_up(&mut self, server: &str) {
        let row = format!("turnkey,{server},");
        until(DEADLINE, || {
            let ended = self.child.try_wait().unwrap();
            assert!(ended.is_none(), "HAProxy ended: see balancer.log");
            let statistics = self.statistics().unwrap_or_default();
            let row = statistics.lines().find(|line| line.starts_with(&row));
            // The column `status`; "UP 1/2" is one that is about to go down.
            row.is_some_and(|row| row.split(',').nth(17) == Some("UP"))
        })
        .await;
    }

    fn statistics(&self) -> std::io::Result<String> {
        let mut socket = UnixStream::connect(&self.statistics)?;
        socket.write_all(b"show stat\n")?;
        let mut answer = String::new();
        socket.read_to_string(&mut answer)?;
        Ok(answer)
    }
}

impl Drop for Balancer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// HAProxy cannot pick a port and tell which.
fn free_address() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().to_string()
}
