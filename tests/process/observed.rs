//! A server in a process of its own, on the tests' Postgres, whose log and metrics are looked at.

use reqwest::{Method, StatusCode};
use serde_json::Value;

use crate::support::player::Client;
use crate::support::postgres;
use crate::support::process::{Process, Scratch, log_of};
use crate::support::server::{ADMIN_TOKEN, SECRET, seed};

pub struct Observed {
    pub process: Process,
    pub key: String,
    scratch: Scratch,
    http: reqwest::Client,
}

/// An answer's status and the id of its request.
pub type Answered = (StatusCode, String);

impl Observed {
    pub async fn start(variables: &[(&str, &str)]) -> Observed {
        let database = postgres::database().await;
        let key = seed(&database).await;
        let address = postgres::url(&postgres::socket(), &postgres::name(&database));
        let scratch = Scratch::new();
        let mut all = vec![
            ("DATABASE_URL", address.as_str()),
            ("TURNKEY_SECRET", SECRET),
            ("TURNKEY_ADMIN_TOKEN", ADMIN_TOKEN),
            ("TURNKEY_DEFAULT_STAGE", "dev"),
        ];
        all.extend_from_slice(variables);
        Observed {
            process: Process::serve(scratch.path(), &all),
            key,
            scratch,
            http: reqwest::Client::builder().no_proxy().build().unwrap(),
        }
    }

    pub fn client(&self) -> Client {
        Client::new(&self.process.base, &self.key)
    }

    /// A request of the public listener, without a key.
    pub fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        self.http
            .request(method, format!("{}{path}", self.process.base))
    }

    /// A request of the control plane, without credentials.
    pub fn control(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        self.http
            .request(method, format!("{}{path}", self.process.control))
    }

    pub async fn metrics(&self) -> String {
        let asked = self.control(Method::GET, "/metrics").send().await.unwrap();
        asked.text().await.unwrap()
    }

    pub fn log(&self) -> String {
        log_of(self.scratch.path())
    }

    /// The log so far, each line of it an object.
    pub fn log_lines(&self) -> Vec<Value> {
        let parsed = |line: &str| match serde_json::from_str(line) {
            Ok(line @ Value::Object(_)) => line,
            other => panic!("no object: {line}: {other:?}"),
        };
        self.log().lines().map(parsed).collect()
    }
}

pub async fn answered(request: reqwest::RequestBuilder) -> Answered {
    let answer = request.send().await.unwrap();
    let id = answer.headers()["x-amzn-requestid"].to_str().unwrap();
    (answer.status(), id.to_owned())
}
