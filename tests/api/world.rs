//! A server with stages `dev` and `prod`, a key for `dev`, and a client of it.

use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::ServerHandle;
use reqwest::header::HeaderMap;
use reqwest::{Method, RequestBuilder, StatusCode};
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use turnkey::config::StageName;
use turnkey::game::Rules;
use turnkey::gate::{ApiKeyValue, Gate, issue};
use turnkey::http::{self, Readiness, Settings, State};
use turnkey::live::{self, Hub};
use turnkey::play::{Play, Tokens};
use turnkey::store::{Database, DeploymentId, PlanId, Store, append, tail};

use crate::support::postgres;

pub const SECRET: &[u8] = b"a secret of at least thirty-two bytes";

pub struct World {
    pub base: String,
    pub key: String,
    pub database: Database,
    pub readiness: watch::Sender<Readiness>,
    client: reqwest::Client,
    server: ServerHandle,
    tasks: Vec<JoinHandle<()>>,
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
        World::start_with(Settings {
            default_stage: Some(stage("dev")),
            ..Settings::default()
        })
        .await
    }

    pub async fn start_with(settings: Settings) -> World {
        let database = postgres::database().await;
        let store = Store::new(database.clone(), 8);
        let key = seed(&store).await;
        let gate = Gate::open(&store).await.unwrap();

        let (committed, batches) = watch::channel(0);
        let (appender, writer) = append::writer(&database, committed);
        let (follower, items, status) = tail::follow(&store, batches).await.unwrap();
        let tokens = Tokens::new(SECRET, None, store.clock().clone());
        let rules_for = Arc::new(|_: &StageName, variant| Rules::newest(variant));
        let play = Play::new(store.clone(), appender, tokens, rules_for);
        let settings_of_live = live::Settings {
            play: play.clone(),
            gate: gate.clone(),
            store: store.clone(),
            origins: settings.cors_origins.clone(),
            max_sockets: 100,
        };
        let hub = Hub::new(settings_of_live, status.borrow().read.epoch);
        let tasks = vec![
            tokio::spawn(writer.run()),
            tokio::spawn(follower.run()),
            tokio::spawn(live::run_feed(items, hub.clone())),
            tokio::spawn(turnkey::projection::run(database.clone(), status)),
        ];

        let (readiness, watched) = watch::channel(Readiness::Ready);
        let state = State {
            gate,
            play,
            hub,
            readiness: watched,
            settings,
        };
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let server = http::server(listener, state, Duration::from_secs(1)).unwrap();
        let handle = server.handle();
        tokio::spawn(server);
        World {
            base,
            key,
            database,
            readiness,
            client: reqwest::Client::builder().no_proxy().build().unwrap(),
            server: handle,
            tasks,
        }
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
        let client = postgres::client(&self.database).await;
        client
            .query_one("select count(*) from event", &[])
            .await
            .unwrap()
            .get(0)
    }
}

impl Drop for World {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
        // Asked to stop; nobody waits for it.
        drop(self.server.stop(false));
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

pub fn stage(name: &str) -> StageName {
    name.parse().unwrap()
}

/// Both stages, a plan that holds `dev` alone, and in it the key whose value is returned.
async fn seed(store: &Store) -> String {
    let (plan, deployment) = (PlanId::generate(), DeploymentId::generate());
    let change = store.change().await.unwrap();
    change.insert_deployment(&deployment, None).await.unwrap();
    change
        .insert_stage(&stage("dev"), &deployment)
        .await
        .unwrap();
    change
        .insert_stage(&stage("prod"), &deployment)
        .await
        .unwrap();
    change.insert_plan(&plan, "dev").await.unwrap();
    change
        .insert_plan_stage(&plan, &stage("dev"))
        .await
        .unwrap();
    change.commit().await.unwrap();
    let value = ApiKeyValue::generate();
    let key = issue::new_key("app");
    issue::create_key(store, &key, &value, Some(&plan))
        .await
        .unwrap();
    value.expose().to_owned()
}
