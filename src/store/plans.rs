//! Usage plans: which keys may call which stages, and how often.

use serde::{Deserialize, Serialize};

use super::change::Change;
use super::{KeyId, PlanId, Store, StoreError, sql};
use crate::config::StageName;

/// A limit for the calls of one key: `rate` per second in the long run, `burst` at once.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Throttle {
    /// Calls per second in the long run.
    #[serde(rename = "rateLimit")]
    pub rate: f64,
    /// Calls at once.
    #[serde(rename = "burstLimit")]
    pub burst: i32,
}

/// The number of calls of one key that pass in a period.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct QuotaSetting {
    /// Calls per period.
    pub limit: i64,
    /// The day on which a week (0 is Sunday) or a month (0 is the first) begins; 0 for days.
    pub offset: i32,
    /// The period.
    pub period: Period,
}

/// The period of a quota. Periods begin at midnight UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Period {
    /// From midnight to midnight.
    Day,
    /// Seven days.
    Week,
    /// A calendar month.
    Month,
}

impl Period {
    /// Every period.
    pub const ALL: [Period; 3] = [Period::Day, Period::Week, Period::Month];

    /// The name in the database and at API Gateway.
    pub fn name(self) -> &'static str {
        match self {
            Period::Day => "DAY",
            Period::Week => "WEEK",
            Period::Month => "MONTH",
        }
    }

    /// The period of that name.
    pub fn parse(name: &str) -> Option<Period> {
        Period::ALL.into_iter().find(|period| period.name() == name)
    }
}

/// Normalises `path/VERB`: its `/` may be written as `~1`, and the first one may be missing or doubled.
pub fn method_key(name: &str) -> String {
    let name = name.replace("~1", "/").replace("~0", "~");
    format!("/{}", name.trim_start_matches('/'))
}

impl Store {
    /// The oldest plan with that name.
    pub async fn plan_named(&self, name: &str) -> Result<Option<PlanId>, StoreError> {
        Ok(self.plans_named(name).await?.into_iter().next())
    }

    /// All plans with that name, the oldest first.
    pub async fn plans_named(&self, name: &str) -> Result<Vec<PlanId>, StoreError> {
        let rows = self.read(sql::find_plans_named, &[&name]).await?;
        Ok(rows.iter().map(|row| PlanId::stored(row.get(0))).collect())
    }
}

/// Two plans with the same stage, which exclude each other for a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlanClash {
    /// The plan that the key is in.
    pub plan: PlanId,
    /// The plan that it would be in too.
    pub other: PlanId,
    /// The stage that both plans hold.
    pub stage: String,
}

impl Change {
    /// The reason why a key cannot be put in all of `plans`. `key` is `None` if it is new.
    pub async fn plan_clash(
        &self,
        plans: &[PlanId],
        key: Option<&KeyId>,
    ) -> Result<Option<PlanClash>, StoreError> {
        let plans: Vec<&str> = plans.iter().map(PlanId::as_str).collect();
        let key = key.map(KeyId::as_str);
        let rows = self.query(sql::plan_clash, &[&plans, &key]).await?;
        Ok(rows.first().map(|row| PlanClash {
            plan: PlanId::stored(row.get("plan_id")),
            other: PlanId::stored(row.get("other")),
            stage: row.get("stage"),
        }))
    }

    /// The oldest plan with that name.
    pub async fn plan_named(&self, name: &str) -> Result<Option<PlanId>, StoreError> {
        let rows = self.query(sql::find_plan_named, &[&name]).await?;
        Ok(rows.first().map(|row| PlanId::stored(row.get(0))))
    }

    /// Adds a plan without limits, stages and keys.
    pub async fn insert_plan(&self, plan: &PlanId, name: &str) -> Result<(), StoreError> {
        self.query(sql::insert_plan, &[&plan.as_str(), &name])
            .await?;
        Ok(())
    }

    /// Lets the plan's keys call a stage.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] if the plan already has the stage.
    pub async fn insert_plan_stage(
        &self,
        plan: &PlanId,
        stage: &StageName,
    ) -> Result<(), StoreError> {
        self.query(sql::insert_plan_stage, &[&plan.as_str(), &stage.as_str()])
            .await?;
        Ok(())
    }

    /// Puts a key in a plan. The commit checks that the key has at most one plan for each stage.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] if the key is already in the plan.
    pub async fn insert_plan_key(&self, plan: &PlanId, key: &KeyId) -> Result<(), StoreError> {
        self.query(sql::insert_plan_key, &[&plan.as_str(), &key.as_str()])
            .await?;
        Ok(())
    }
}
