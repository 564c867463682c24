//! A database with a stage and a plan, and a gate on it that follows its changes.

use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::Instant;
use turnkey::config::StageName;
use turnkey::gate::issue;
use turnkey::gate::{self, Admission, ApiKeyValue, Denial, Gate, Request};
use turnkey::rules::Rulebook;
use turnkey::store::{Database, DeploymentId, KeyId, PlanId, Store};

use crate::support::postgres;

/// Within this a change holds, by contract; tests allow for a machine that does much else.
pub const SOON: Duration = Duration::from_secs(10);

pub struct World {
    pub database: Database,
    pub store: Store,
    pub gate: Gate,
    pub plan: PlanId,
    following: JoinHandle<()>,
}

impl Drop for World {
    fn drop(&mut self) {
        self.following.abort();
    }
}

/// Stage `dev`, and plan `dev` that holds it.
pub async fn world() -> World {
    let database = postgres::database().await;
    let store = Store::new(database.clone(), 8);
    let plan = PlanId::generate();
    let change = store.change().await.unwrap();
    let deployment = DeploymentId::generate();
    change
        .insert_deployment(&deployment, None, &Rulebook::built_in().newest_versions())
        .await
        .unwrap();
    change
        .insert_stage(&stage("dev"), &deployment)
        .await
        .unwrap();
    change.insert_plan(&plan, "dev").await.unwrap();
    change
        .insert_plan_stage(&plan, &stage("dev"))
        .await
        .unwrap();
    change.commit().await.unwrap();
    let gate = Gate::open(&store).await.unwrap();
    let following = tokio::spawn(gate::run_reload(
        gate.clone(),
        store.clone(),
        std::future::pending(),
    ));
    World {
        database,
        store,
        gate,
        plan,
        following,
    }
}

impl World {
    /// A key in the plan, once the gate knows it.
    pub async fn key(&self) -> (KeyId, ApiKeyValue) {
        let value = ApiKeyValue::generate();
        (self.key_with(&value).await, value)
    }

    pub async fn key_with(&self, value: &ApiKeyValue) -> KeyId {
        let key = issue::new_key("app");
        let plan = Some(&self.plan);
        issue::create_key(&self.store, &key, value, plan)
            .await
            .unwrap();
        let dev = stage("dev");
        self.until(|| self.gate.is_live(&key.id, &dev)).await;
        key.id
    }

    /// What `POST /game` on stage `dev` is answered at the gate.
    pub async fn ask(&self, api_key: Option<&str>) -> Result<Admission, Denial> {
        self.ask_on("dev", api_key).await
    }

    pub async fn ask_on(&self, on: &str, api_key: Option<&str>) -> Result<Admission, Denial> {
        ask(&self.gate, on, "POST", api_key).await
    }

    /// Another instance on the same database.
    pub async fn another(&self) -> Instance {
        let store = Store::new(self.database.clone(), 4);
        let gate = Gate::open(&store).await.unwrap();
        let reload = gate::run_reload(gate.clone(), store, std::future::pending());
        let following = tokio::spawn(reload);
        Instance { gate, following }
    }

    /// Sets the plan's limits and waits until they hold here.
    pub async fn limit(&self, columns: &str) {
        let mut generation = self.gate.generation();
        generation.mark_unchanged();
        self.by_hand(&format!("update usage_plan set {columns}"))
            .await;
        tokio::time::timeout(SOON, generation.changed())
            .await
            .unwrap()
            .unwrap();
    }

    /// Runs SQL of an operator's own, as the control plane would not.
    pub async fn by_hand(&self, statements: &str) {
        let client = postgres::client(&self.database).await;
        client.batch_execute(statements).await.unwrap();
    }

    pub async fn until(&self, condition: impl FnMut() -> bool) {
        crate::support::until(SOON, condition).await;
    }

    /// Asks until the answer is `expected`.
    pub async fn until_answer(&self, value: &ApiKeyValue, expected: Result<(), Denial>) {
        let end = Instant::now() + SOON;
        loop {
            let answer = self.ask(Some(value.expose())).await.map(|_| ());
            if answer == expected {
                return;
            }
            assert!(Instant::now() < end, "{answer:?} instead of {expected:?}");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

/// A gate beside the world's own, as another process would have it. Dropped, it dies.
pub struct Instance {
    pub gate: Gate,
    following: JoinHandle<()>,
}

impl Drop for Instance {
    fn drop(&mut self) {
        self.following.abort();
    }
}

/// What `/game` is answered at a gate.
pub async fn ask(
    gate: &Gate,
    on: &str,
    verb: &str,
    api_key: Option<&str>,
) -> Result<Admission, Denial> {
    let stage = stage(on);
    let request = Request {
        stage: &stage,
        path: "/game",
        verb,
        api_key,
    };
    gate.admit(&request).await.map_err(|denied| denied.denial)
}

pub fn stage(name: &str) -> StageName {
    name.parse().unwrap()
}

/// A well-formed generated value with these 8 public characters.
pub fn value_with_public(public: &str) -> ApiKeyValue {
    const BASE62: &[u8] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    let secret = ApiKeyValue::generate().expose()[11..43].to_owned();
    let body = format!("tk_{public}{secret}");
    let mut rest = crc32fast::hash(body.as_bytes());
    let mut sum = Vec::new();
    for _ in 0..6 {
        sum.insert(0, BASE62[(rest % 62) as usize]);
        rest /= 62;
    }
    let text = format!("{body}{}", String::from_utf8(sum).unwrap());
    ApiKeyValue::parse(&text).unwrap()
}
