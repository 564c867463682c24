//! Reads the gate's tables in one consistent snapshot, on a connection that learns of changes.
//!
//! The reader has its own connection: LISTEN does not pass through a pool, and it can die silently.
//! So the holder of a [`GateConnection`] also polls. When the connection fails, it opens a new one and
//! reads the tables first.

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::poll_fn;
use time::OffsetDateTime;
use tokio::sync::watch;
use tokio::time::timeout;
use tokio_postgres::types::Json;
use tokio_postgres::{AsyncMessage, Client, Row, Statement};
use uuid::Uuid;

use super::plans::{Period, QuotaSetting, Throttle};
use super::{KeyId, Lookup, PlanId, Store, StoreError, sql};

const CHANNEL: &str = "turnkey_gate";
/// A poll must not take longer, so that a change is applied within a second.
const HEAD_DEADLINE: Duration = Duration::from_secs(1);
const TABLES_DEADLINE: Duration = Duration::from_secs(10);

/// Identifies a state of the tables. It is only good for comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GateHead {
    /// The generation of the tables.
    pub generation: i64,
    /// Changes with a restore, after which generation numbers may be used again.
    pub epoch: Uuid,
}

/// All data that the gate decides by, as of one moment.
#[derive(Clone, Debug)]
pub struct GateTables {
    /// Identifies the state of the tables.
    pub head: GateHead,
    /// The salt in the lookups of custom values.
    pub salt: Vec<u8>,
    /// Every stage.
    pub stages: Vec<StageRow>,
    /// Every key.
    pub keys: Vec<KeyRow>,
    /// Every stored value.
    pub key_values: Vec<KeyValueRow>,
    /// Every plan.
    pub plans: Vec<PlanRow>,
    /// The stages of each plan.
    pub plan_stages: Vec<PlanStageRow>,
    /// The keys of each plan.
    pub plan_keys: Vec<(PlanId, KeyId)>,
}

/// A stage with the content of its deployment.
#[derive(Clone, Debug)]
pub struct StageRow {
    /// The name.
    pub name: String,
    /// Whether a method needs a key, by path and verb. A method that is missing needs one.
    pub methods: BTreeMap<String, BTreeMap<String, bool>>,
    /// The rules version of new games, by variant.
    pub rules: BTreeMap<String, u16>,
}

/// A key as it is stored.
#[derive(Clone, Debug)]
pub struct KeyRow {
    /// The id of the key.
    pub id: KeyId,
    /// Whether it is enabled.
    pub enabled: bool,
    /// When it expires, if it does.
    pub expires_at: Option<OffsetDateTime>,
}

/// A key's value as it is stored.
#[derive(Clone, Debug)]
pub struct KeyValueRow {
    /// The key.
    pub key: KeyId,
    /// The lookup by which the value is found.
    pub lookup: Lookup,
    /// The hash of the value.
    pub phc: String,
    /// When it expires, if it does.
    pub expires_at: Option<OffsetDateTime>,
}

/// A plan as it is stored.
#[derive(Clone, Debug)]
pub struct PlanRow {
    /// The id of the plan.
    pub id: PlanId,
    /// The name.
    pub name: String,
    /// The throttle, if there is one.
    pub throttle: Option<Throttle>,
    /// The quota, if there is one.
    pub quota: Option<QuotaSetting>,
}

/// A stage in a plan.
#[derive(Clone, Debug)]
pub struct PlanStageRow {
    /// The plan.
    pub plan: PlanId,
    /// The stage.
    pub stage: String,
    /// Throttles of single methods, by `path/VERB`.
    pub throttle: BTreeMap<String, Throttle>,
}

/// A connection that receives announcements of changes.
pub struct GateConnection {
    client: Client,
    head: Statement,
    notified: watch::Receiver<()>,
}

impl Store {
    /// Opens a connection for reading the gate's tables and receiving announcements of their changes.
    pub async fn gate_connection(&self) -> Result<GateConnection, StoreError> {
        let (client, mut connection) = self.database().connect().await?;
        let (signal, mut notified) = watch::channel(());
        tokio::spawn(async move {
            let mut messages = poll_fn(|context| connection.poll_message(context));
            while let Some(Ok(message)) = messages.next().await {
                if let AsyncMessage::Notification(_) = message {
                    signal.send_replace(());
                }
            }
        });
        let head = within(HEAD_DEADLINE, async {
            client.batch_execute(&format!("listen {CHANNEL}")).await?;
            client.prepare(sql::gate_head).await
        })
        .await?;
        notified.mark_unchanged();
        Ok(GateConnection {
            client,
            head,
            notified,
        })
    }

    /// The salt in the lookups of custom values. It never changes in the life of a database.
    pub async fn gate_salt(&self) -> Result<Vec<u8>, StoreError> {
        Ok(self.read_one(sql::gate_salt, &[]).await?.get(0))
    }
}

impl GateConnection {
    /// The state of the tables, and the time of the database's clock.
    pub async fn head(&self) -> Result<(GateHead, OffsetDateTime), StoreError> {
        let row = within(HEAD_DEADLINE, self.client.query_one(&self.head, &[])).await?;
        Ok((gate_head(&row), row.get(2)))
    }

    /// Waits until a change is announced.
    ///
    /// # Errors
    /// Fails if the connection has ended.
    pub async fn changed(&mut self) -> Result<(), StoreError> {
        self.notified
            .changed()
            .await
            .map_err(|_| StoreError::Unreachable("the connection ended".into()))
    }

    /// All tables, as of one moment.
    pub async fn tables(&mut self) -> Result<GateTables, StoreError> {
        let read = async {
            let transaction = self
                .client
                .build_transaction()
                .isolation_level(tokio_postgres::IsolationLevel::RepeatableRead)
                .read_only(true)
                .start()
                .await?;
            let head = transaction.query_one(sql::gate_head, &[]).await?;
            let salt = transaction.query_one(sql::gate_salt, &[]).await?;
            let rows = (
                transaction.query(sql::gate_stages, &[]).await?,
                transaction.query(sql::gate_keys, &[]).await?,
                transaction.query(sql::gate_key_values, &[]).await?,
                transaction.query(sql::gate_plans, &[]).await?,
                transaction.query(sql::gate_plan_stages, &[]).await?,
                transaction.query(sql::gate_plan_keys, &[]).await?,
            );
            transaction.commit().await?;
            Ok((head, salt, rows))
        };
        let (head, salt, rows) = within(TABLES_DEADLINE, read).await?;
        let (stages, keys, key_values, plans, plan_stages, plan_keys) = rows;
        Ok(GateTables {
            head: gate_head(&head),
            salt: salt.get(0),
            stages: stages.iter().map(stage_row).collect::<Result<_, _>>()?,
            keys: keys.iter().map(key_row).collect(),
            key_values: key_values.iter().map(key_value_row).collect(),
            plans: plans.iter().map(plan_row).collect::<Result<_, _>>()?,
            plan_stages: plan_stages
                .iter()
                .map(plan_stage_row)
                .collect::<Result<_, _>>()?,
            plan_keys: plan_keys
                .iter()
                .map(|row| (PlanId::stored(row.get(0)), KeyId::stored(row.get(1))))
                .collect(),
        })
    }
}

fn gate_head(row: &Row) -> GateHead {
    GateHead {
        generation: row.get(0),
        epoch: row.get(1),
    }
}

fn stage_row(row: &Row) -> Result<StageRow, StoreError> {
    let Json(methods) = column(row, "methods")?;
    let Json(rules) = column(row, "rules")?;
    Ok(StageRow {
        name: row.get("name"),
        methods,
        rules,
    })
}

fn key_row(row: &Row) -> KeyRow {
    KeyRow {
        id: KeyId::stored(row.get("id")),
        enabled: row.get("enabled"),
        expires_at: row.get("expires_at"),
    }
}

fn key_value_row(row: &Row) -> KeyValueRow {
    KeyValueRow {
        key: KeyId::stored(row.get("key_id")),
        lookup: Lookup::new(row.get("lookup")),
        phc: row.get("phc"),
        expires_at: row.get("expires_at"),
    }
}

fn plan_row(row: &Row) -> Result<PlanRow, StoreError> {
    let rate: Option<f64> = row.get("rate");
    let limit: Option<i64> = row.get("quota_limit");
    let quota = limit
        .map(|limit| {
            let name: &str = column(row, "quota_period")?;
            let period = Period::parse(name)
                .ok_or_else(|| StoreError::Corrupt(format!("quota period {name:?}")))?;
            Ok::<_, StoreError>(QuotaSetting {
                limit,
                offset: column(row, "quota_offset")?,
                period,
            })
        })
        .transpose()?;
    Ok(PlanRow {
        id: PlanId::stored(row.get("id")),
        name: row.get("name"),
        throttle: rate
            .map(|rate| {
                let burst = column(row, "burst")?;
                Ok::<_, StoreError>(Throttle { rate, burst })
            })
            .transpose()?,
        quota,
    })
}

fn plan_stage_row(row: &Row) -> Result<PlanStageRow, StoreError> {
    let Json(throttle) = column(row, "throttle")?;
    Ok(PlanStageRow {
        plan: PlanId::stored(row.get("plan_id")),
        stage: row.get("stage"),
        throttle,
    })
}

/// Reads a column that an operator could have corrupted by hand.
fn column<'a, T: tokio_postgres::types::FromSql<'a>>(
    row: &'a Row,
    name: &str,
) -> Result<T, StoreError> {
    row.try_get(name)
        .map_err(|error| StoreError::Corrupt(format!("column {name}: {error}")))
}

async fn within<T>(
    deadline: Duration,
    answer: impl Future<Output = Result<T, tokio_postgres::Error>>,
) -> Result<T, StoreError> {
    match timeout(deadline, answer).await {
        Ok(answer) => answer.map_err(|error| StoreError::from(error).of_read()),
        Err(_) => Err(StoreError::Unreachable(
            "the database did not answer in time".into(),
        )),
    }
}
