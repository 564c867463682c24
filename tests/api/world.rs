//! A server with stage `dev`, a key for it, and a client.

use std::collections::BTreeMap;
use std::time::Duration;

use reqwest::header::HeaderMap;
use reqwest::{Method, RequestBuilder, StatusCode};
use serde_json::{Value, json};
use tokio::time::Instant;
use turnkey::config::{ServeOptions, StageName};
use turnkey::rules::Rulebook;
use turnkey::store::{DeploymentId, Store};

use crate::support::postgres;
use crate::support::server::TestServer;

pub const PATIENCE: Duration = Duration::from_secs(30);

pub struct World {
    pub base: String,
    pub key: String,
    client: reqwest::Client,
    server: TestServer,
}

/// An answer, read to its end.
#[derive(Debug)]
pub struct Reply {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub text: String,
}

impl World {
    /// A server whose default stage is `dev`.
    pub async fn start() -> World {
        World::start_with(|_| {}).await
    }

    pub async fn start_with(change: impl FnOnce(&mut ServeOptions)) -> World {
        let server = TestServer::start_with(change).await;
        World {
            base: server.base.clone(),
            key: server.key.clone(),
            client: reqwest::Client::builder().no_proxy().build().unwrap(),
            server,
        }
    }

    /// Where the control plane is.
    pub fn control(&self) -> &str {
        &self.server.control
    }

    /// Stage `prod`, which is in no plan.
    pub async fn add_prod(&self) {
        self.add_stage("prod").await;
    }

    /// A stage that is in no plan.
    pub async fn add_stage(&self, name: &str) {
        self.deploy_stage(name, &Rulebook::built_in().newest_versions())
            .await;
    }

    /// A stage in every plan, with these versions of the rules and the newest of the other variants.
    pub async fn add_stage_with(&self, name: &str, versions: &[(&str, u16)]) {
        let mut rules = Rulebook::built_in().newest_versions();
        let versions = versions.iter().copied();
        rules.extend(versions.map(|(variant, version)| (variant.to_owned(), version)));
        self.deploy_stage(name, &rules).await;
        let client = postgres::client(&self.server.database).await;
        let add = "insert into usage_plan_stage (plan_id, stage) select id, $1 from usage_plan";
        client.execute(add, &[&name]).await.unwrap();
        let deadline = Instant::now() + PATIENCE;
        let variants = format!("/{name}/variants");
        while reply(self.request("GET", &variants)).await.status != 200 {
            assert!(
                Instant::now() < deadline,
                "the gate did not learn of a plan"
            );
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    async fn deploy_stage(&self, name: &str, rules: &BTreeMap<String, u16>) {
        let store = Store::new(self.server.database.clone(), 1);
        let deployment = DeploymentId::generate();
        let change = store.change().await.unwrap();
        change
            .insert_deployment(&deployment, None, rules)
            .await
            .unwrap();
        change
            .insert_stage(&stage(name), &deployment)
            .await
            .unwrap();
        change.commit().await.unwrap();
        let deadline = Instant::now() + PATIENCE;
        let variants = format!("/{name}/variants");
        while reply(self.bare("GET", &variants)).await.status == 404 {
            assert!(
                Instant::now() < deadline,
                "the gate did not learn of a stage"
            );
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// Points stage `dev` to a deployment that names these rules. The gate learns of it a little later.
    pub async fn deploy(&self, rules: &BTreeMap<String, u16>) {
        let store = Store::new(self.server.database.clone(), 1);
        let change = store.change().await.unwrap();
        let mut dev = change.stage("dev").await.unwrap().unwrap();
        dev.deployment = DeploymentId::generate();
        let inserted = change.insert_deployment(&dev.deployment, None, rules).await;
        inserted.unwrap();
        change.put_stage(&dev).await.unwrap();
        change.commit().await.unwrap();
    }

    /// Sets columns of all plans. The gate learns of it a little later.
    pub async fn limit(&self, columns: &str) {
        let client = postgres::client(&self.server.database).await;
        let limited = format!("update usage_plan set {columns}");
        client.batch_execute(&limited).await.unwrap();
    }

    /// A request without a key.
    pub fn bare(&self, method: &str, path: &str) -> RequestBuilder {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        self.client.request(method, format!("{}{path}", self.base))
    }

    /// A request with the key.
    pub fn request(&self, method: &str, path: &str) -> RequestBuilder {
        self.bare(method, path).header("x-api-key", &self.key)
    }

    /// A call with the key and a player's token.
    pub async fn call(&self, token: &str, method: &str, path: &str, body: Value) -> Reply {
        let mut request = self.request(method, path).bearer_auth(token);
        if !body.is_null() {
            request = request.json(&body);
        }
        reply(request).await
    }

    /// A game that two players have begun: its id, and the tokens of X and O.
    pub async fn begun_game(&self) -> (String, String, String) {
        let made = reply(self.request("POST", "/game").json(&json!({"name": "Ann"}))).await;
        let made = made.json();
        let invite = json!({"invite": made["invite"], "name": "Bob"});
        let joined = reply(self.request("POST", "/join").json(&invite)).await;
        assert_eq!(joined.status, 200, "{}", joined.text);
        (
            text(&made["game"]["gameId"]),
            text(&made["player"]["token"]),
            text(&joined.json()["player"]["token"]),
        )
    }

    /// How many events the log holds.
    pub async fn recorded_events(&self) -> i64 {
        let client = postgres::client(&self.server.database).await;
        client
            .query_one("select count(*) from event", &[])
            .await
            .unwrap()
            .get(0)
    }
}

impl Reply {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("not JSON: {}", self.text))
    }

    /// One header as text; empty where there is none.
    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }

    pub fn code(&self) -> String {
        text(&self.json()["code"])
    }
}

pub async fn reply(request: RequestBuilder) -> Reply {
    let response = request
        .timeout(Duration::from_secs(60))
        .send()
        .await
        .unwrap();
    Reply {
        status: response.status(),
        headers: response.headers().clone(),
        text: response.text().await.unwrap(),
    }
}

pub fn text(value: &Value) -> String {
    value
        .as_str()
        .unwrap_or_else(|| panic!("not a text: {value}"))
        .to_owned()
}

fn stage(name: &str) -> StageName {
    name.parse().unwrap()
}
