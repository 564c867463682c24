//! A whole server of a test's own, in this process, as `turnkey serve` starts it.

use std::ffi::OsString;
use std::net::SocketAddr;

use turnkey::config::{Config, ServeOptions};
use turnkey::gate::issue::{self, FirstLimits};
use turnkey::startup::{Notice, Server};
use turnkey::store::{Database, Store};

use super::postgres;
use super::proxy::Proxy;
use super::upkeep;

pub const SECRET: &str = "a secret of at least thirty-two bytes";

pub const ADMIN_TOKEN: &str = "an-admin-token-for-the-tests";
pub const ACCESS_KEY_ID: &str = "AKIDTESTS";
pub const SECRET_ACCESS_KEY: &str = "a secret access key for the tests";

pub struct TestServer {
    /// `http://127.0.0.1:…`, or `https` where it has a certificate.
    pub base: String,
    /// The control plane, in the same form.
    pub control: String,
    /// A key for stage `dev`, which is the default stage.
    pub key: String,
    pub database: Database,
    /// `None` once it is stopped.
    server: Option<Server>,
    is_meddled_with: bool,
}

impl TestServer {
    /// A server on a database of its own.
    pub async fn start() -> TestServer {
        TestServer::start_with(|_| {}).await
    }

    /// As [`start`](Self::start), with other options.
    pub async fn start_with(change: impl FnOnce(&mut ServeOptions)) -> TestServer {
        let database = postgres::database().await;
        let key = seed(&database).await;
        let address = postgres::url(&postgres::socket(), &postgres::name(&database));
        let server = serve(&address, change).await;
        TestServer {
            base: url(&server, server.public_address),
            control: url(&server, server.control_address),
            key,
            database,
            server: Some(server),
            is_meddled_with: false,
        }
    }

    /// A server that reaches its database through `proxy`.
    pub async fn behind(database: &Database, proxy: &Proxy) -> TestServer {
        let key = seed(database).await;
        let server = serve(&proxy.url(), |_| {}).await;
        TestServer {
            base: url(&server, server.public_address),
            control: url(&server, server.control_address),
            key,
            database: database.clone(),
            server: Some(server),
            is_meddled_with: false,
        }
    }

    /// Another server on the same database.
    pub async fn beside(&self) -> TestServer {
        let address = postgres::url(&postgres::socket(), &postgres::name(&self.database));
        let server = serve(&address, |_| {}).await;
        TestServer {
            base: url(&server, server.public_address),
            control: url(&server, server.control_address),
            key: self.key.clone(),
            database: self.database.clone(),
            server: Some(server),
            is_meddled_with: self.is_meddled_with,
        }
    }

    /// As [`beside`](Self::beside), for a server that reaches the database through `proxy`.
    pub async fn beside_through(&self, proxy: &Proxy) -> TestServer {
        let server = serve(&proxy.url(), |_| {}).await;
        TestServer {
            base: format!("http://{}", server.public_address),
            control: format!("http://{}", server.control_address),
            key: self.key.clone(),
            database: self.database.clone(),
            server: Some(server),
            is_meddled_with: false,
        }
    }

    /// The address of the live channel.
    pub fn live(&self) -> String {
        format!("{}/live", self.base.replacen("http", "ws", 1))
    }

    /// The test breaks its database on purpose.
    pub fn meddle(&mut self) {
        self.is_meddled_with = true;
    }

    /// As at SIGINT.
    pub async fn stop(mut self) {
        if let Some(server) = self.server.take() {
            server.stop(Notice::Nobody).await;
        }
    }
}

impl Drop for TestServer {
    /// Whatever was played, the database is sound.
    fn drop(&mut self) {
        if !std::thread::panicking() && !self.is_meddled_with {
            upkeep::sound_now(&self.database);
        }
    }
}

fn url(server: &Server, address: SocketAddr) -> String {
    let scheme = if server.tls { "https" } else { "http" };
    format!("{scheme}://{address}")
}

/// Stage `dev`, plan `dev`, and a key in it.
pub async fn seed(database: &Database) -> String {
    let store = Store::new(database.clone(), 2);
    let value = issue::make_first_key(&store, FirstLimits::NONE)
        .await
        .unwrap();
    value.expose().to_owned()
}

/// A server on the database at `address`.
pub async fn serve(address: &str, change: impl FnOnce(&mut ServeOptions)) -> Server {
    let mut options = ServeOptions {
        listen: Some("127.0.0.1:0".into()),
        control_listen: Some("127.0.0.1:0".into()),
        default_stage: Some("dev".into()),
        pool_size: Some("8".into()),
        ..ServeOptions::default()
    };
    change(&mut options);
    let variable = |name: &str| match name {
        "DATABASE_URL" => Some(OsString::from(address)),
        "TURNKEY_SECRET" => Some(OsString::from(SECRET)),
        "TURNKEY_ADMIN_TOKEN" => Some(OsString::from(ADMIN_TOKEN)),
        "TURNKEY_ACCESS_KEY_ID" => Some(OsString::from(ACCESS_KEY_ID)),
        "TURNKEY_SECRET_ACCESS_KEY" => Some(OsString::from(SECRET_ACCESS_KEY)),
        _ => None,
    };
    let config = Config::from_options(&options, &variable).unwrap();
    Server::start(config).await.unwrap()
}
