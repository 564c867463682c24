//! A Postgres that syncs what it commits, and servers on it, for the length of a measurement.

use std::net::SocketAddr;
use std::path::PathBuf;

use tokio_postgres::{Client, NoTls};
use turnkey::gate::ApiKeyValue;
use turnkey::gate::issue::{self, FirstLimits};
use turnkey::startup::embedded::{self, Embedded, Options};
use turnkey::store::{Database, Store, migrate};

use super::process::{Process, Scratch};

const SECRET: &str = "a secret of at least thirty-two bytes";

/// A database with stage `dev`, plan `dev`, and a key in it.
pub struct Place {
    pub key: ApiKeyValue,
    pub url: String,
    pub store: Store,
    cluster: Option<Embedded>,
    scratch: Scratch,
}

impl Place {
    pub async fn make() -> Place {
        let scratch = Scratch::new();
        let options = Options {
            max_connections: 300,
            ..Options::default()
        };
        let cluster = embedded::start_with(&scratch.path().join("data"), options).unwrap();
        let url = cluster.connection().to_connection_string();
        let database = Database::parse(&url).unwrap();
        migrate::migrate(&database).await.unwrap();
        let store = Store::new(database, 2);
        let key = issue::make_first_key(&store, FirstLimits::NONE)
            .await
            .unwrap();
        Place {
            key,
            url,
            store,
            cluster: Some(cluster),
            scratch,
        }
    }

    /// A connection beside the servers'.
    pub async fn client(&self) -> Client {
        let (client, connection) = tokio_postgres::connect(&self.url, NoTls).await.unwrap();
        tokio::spawn(connection);
        client
    }

    /// A server called `name`, as an operator starts it; its log goes to a file.
    pub fn serve(&self, name: &str) -> Process {
        let directory: PathBuf = self.scratch.path().join(name);
        std::fs::create_dir_all(&directory).unwrap();
        let variables = [
            ("DATABASE_URL", self.url.as_str()),
            ("TURNKEY_SECRET", SECRET),
        ];
        Process::serve(&directory, &variables)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        // Before the directory goes.
        drop(self.cluster.take());
    }
}

/// How to reach a server, and with which key.
#[derive(Clone)]
pub struct Door {
    pub address: SocketAddr,
    /// `x-api-key: …`
    pub key: String,
}

impl Door {
    pub fn of(place: &Place, server: &Process) -> Door {
        Door {
            address: address_of(server),
            key: format!("x-api-key: {}", place.key.expose()),
        }
    }

    /// The path of a socket that follows these games.
    pub fn live_path(games: &[String]) -> String {
        let mut path = "/dev/live".to_owned();
        for (number, game) in games.iter().enumerate() {
            path.push(if number == 0 { '?' } else { '&' });
            path.push_str("game=");
            path.push_str(game);
        }
        path
    }

    pub fn live_headers(&self) -> [&str; 2] {
        [&self.key, "sec-websocket-protocol: turnkey.v1"]
    }
}

/// Where a server listens.
pub fn address_of(server: &Process) -> SocketAddr {
    parse(&server.base)
}

/// Where its control plane does.
pub fn control_of(server: &Process) -> SocketAddr {
    parse(&server.control)
}

fn parse(base: &str) -> SocketAddr {
    base.trim_start_matches("http://").parse().unwrap()
}
