//! Whole usage plans: each is read as one value, changed in memory, and written back as one.

use std::collections::BTreeMap;

use time::OffsetDateTime;
use tokio_postgres::Row;
use tokio_postgres::types::Json;

use super::{After, column, json, split_after};
use crate::store::keys::{Tags, like_prefix};
use crate::store::plans::{Period, QuotaSetting, Throttle};
use crate::store::{Change, KeyId, PlanId, Store, StoreError, sql};

/// The stages of a plan, each with the throttles of single methods by `path/VERB`.
pub type PlanStages = BTreeMap<String, BTreeMap<String, Throttle>>;

/// A usage plan with its stages.
#[derive(Clone, Debug, PartialEq)]
pub struct UsagePlan {
    /// The id of the plan.
    pub id: PlanId,
    /// The name of the plan.
    pub name: String,
    /// Its description.
    pub description: Option<String>,
    /// The product code that was set, kept as it is.
    pub product_code: Option<String>,
    /// The throttle of each key, if there is one.
    pub throttle: Option<Throttle>,
    /// The quota of each key, if there is one.
    pub quota: Option<QuotaSetting>,
    /// The stages that its keys may call.
    pub stages: PlanStages,
    /// Its tags.
    pub tags: Tags,
    /// When it was created.
    pub created_at: OffsetDateTime,
}

/// A key in a plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlanKey {
    /// The id of the key.
    pub id: KeyId,
    /// The name of the key.
    pub name: Option<String>,
    /// When it was put in the plan.
    pub since: OffsetDateTime,
}

/// A key that would be in two plans of one stage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlanConflict {
    /// The key.
    pub key: KeyId,
    /// The name of the key.
    pub key_name: Option<String>,
    /// The plan that it is already in.
    pub plan: PlanId,
    /// The name of that plan.
    pub plan_name: String,
    /// The stage that both plans have.
    pub stage: String,
}

impl Store {
    /// At most `limit` plans, newest first. If `key` is given, only its plans.
    pub async fn usage_plans(
        &self,
        key: Option<&str>,
        after: Option<&After>,
        limit: i64,
    ) -> Result<Vec<UsagePlan>, StoreError> {
        let (at, id) = split_after(after);
        let rows = self
            .read(sql::list_usage_plans, &[&key, &at, &id, &limit])
            .await?;
        rows.iter().map(usage_plan).collect()
    }

    /// The plan with that id.
    pub async fn usage_plan(&self, id: &PlanId) -> Result<Option<UsagePlan>, StoreError> {
        let rows = self.read(sql::find_usage_plan, &[&id.as_str()]).await?;
        rows.first().map(usage_plan).transpose()
    }

    /// At most `limit` keys of a plan, the last one added first.
    pub async fn plan_keys(
        &self,
        plan: &str,
        name_prefix: Option<&str>,
        after: Option<&After>,
        limit: i64,
    ) -> Result<Vec<PlanKey>, StoreError> {
        let (at, id) = split_after(after);
        let pattern = name_prefix.map(like_prefix);
        let rows = self
            .read(sql::list_plan_keys, &[&plan, &pattern, &at, &id, &limit])
            .await?;
        Ok(rows.iter().map(plan_key).collect())
    }

    /// The key in the plan; `None` if it is not in it.
    pub async fn plan_key(
        &self,
        plan: &PlanId,
        key: &KeyId,
    ) -> Result<Option<PlanKey>, StoreError> {
        let rows = self
            .read(sql::find_plan_key, &[&plan.as_str(), &key.as_str()])
            .await?;
        Ok(rows.first().map(plan_key))
    }
}

impl Change {
    /// The plan with that id.
    pub async fn usage_plan(&self, id: &PlanId) -> Result<Option<UsagePlan>, StoreError> {
        let rows = self.query(sql::find_usage_plan, &[&id.as_str()]).await?;
        rows.first().map(usage_plan).transpose()
    }

    /// Adds a plan with its stages, which must exist.
    pub async fn insert_usage_plan(&self, plan: &UsagePlan) -> Result<(), StoreError> {
        self.write_plan(sql::insert_usage_plan, plan).await
    }

    /// Writes a plan and its stages. Rows that stay the same are not touched.
    pub async fn update_usage_plan(&self, plan: &UsagePlan) -> Result<(), StoreError> {
        self.query(
            sql::delete_plan_stages,
            &[&plan.id.as_str(), &Json(&plan.stages)],
        )
        .await?;
        self.write_plan(sql::update_usage_plan, plan).await
    }

    /// Deletes a plan. It first keeps instances from recording calls of its keys: the two would deadlock.
    pub async fn delete_usage_plan(&self, id: &PlanId) -> Result<(), StoreError> {
        self.query(sql::hold_quota_lock, &[&id.as_str()]).await?;
        self.query(sql::delete_usage_plan, &[&id.as_str()]).await?;
        Ok(())
    }

    /// The key in the plan; `None` if it is not in it.
    pub async fn plan_key(
        &self,
        plan: &PlanId,
        key: &KeyId,
    ) -> Result<Option<PlanKey>, StoreError> {
        let rows = self
            .query(sql::find_plan_key, &[&plan.as_str(), &key.as_str()])
            .await?;
        Ok(rows.first().map(plan_key))
    }

    /// Removes a key from a plan.
    pub async fn delete_plan_key(&self, plan: &PlanId, key: &KeyId) -> Result<(), StoreError> {
        self.query(sql::delete_plan_key, &[&plan.as_str(), &key.as_str()])
            .await?;
        Ok(())
    }

    /// The reason why `key` cannot be in this plan. If `key` is `None`, it checks all keys of the plan.
    pub async fn plan_conflict(
        &self,
        plan: &PlanId,
        key: Option<&KeyId>,
    ) -> Result<Option<PlanConflict>, StoreError> {
        let key = key.map(KeyId::as_str);
        let rows = self
            .query(sql::find_plan_conflict, &[&plan.as_str(), &key])
            .await?;
        Ok(rows.first().map(|row| PlanConflict {
            key: KeyId::stored(row.get("key_id")),
            key_name: row.get("key_name"),
            plan: PlanId::stored(row.get("plan_id")),
            plan_name: row.get("plan_name"),
            stage: row.get("stage"),
        }))
    }

    /// The plans that hold a key.
    pub async fn plans_of_key(&self, key: &KeyId) -> Result<Vec<PlanId>, StoreError> {
        let rows = self.query(sql::plans_of_key, &[&key.as_str()]).await?;
        Ok(rows.iter().map(|row| PlanId::stored(row.get(0))).collect())
    }

    async fn write_plan(&self, statement: &str, plan: &UsagePlan) -> Result<(), StoreError> {
        let quota = plan.quota.as_ref();
        self.query(
            statement,
            &[
                &plan.id.as_str(),
                &plan.name,
                &plan.description,
                &plan.product_code,
                &plan.throttle.map(|throttle| throttle.rate),
                &plan.throttle.map(|throttle| throttle.burst),
                &quota.map(|quota| quota.limit),
                &quota.map(|quota| quota.offset),
                &quota.map(|quota| quota.period.name()),
                &Json(&plan.tags),
            ],
        )
        .await?;
        self.query(
            sql::put_plan_stages,
            &[&plan.id.as_str(), &Json(&plan.stages)],
        )
        .await?;
        Ok(())
    }
}

fn usage_plan(row: &Row) -> Result<UsagePlan, StoreError> {
    let throttle = match (column(row, "rate")?, column(row, "burst")?) {
        (Some(rate), Some(burst)) => Some(Throttle { rate, burst }),
        (None, _) | (_, None) => None,
    };
    let quota = match column::<Option<&str>>(row, "quota_period")? {
        Some(name) => Some(QuotaSetting {
            limit: column(row, "quota_limit")?,
            offset: column(row, "quota_offset")?,
            period: Period::parse(name)
                .ok_or_else(|| StoreError::Corrupt(format!("quota period {name:?}")))?,
        }),
        None => None,
    };
    Ok(UsagePlan {
        id: PlanId::stored(row.get("id")),
        name: row.get("name"),
        description: row.get("description"),
        product_code: row.get("product_code"),
        throttle,
        quota,
        stages: json(row, "stages")?,
        tags: json(row, "tags")?,
        created_at: row.get("created_at"),
    })
}

fn plan_key(row: &Row) -> PlanKey {
    PlanKey {
        id: KeyId::stored(row.get("id")),
        name: row.get("name"),
        since: row.get("created_at"),
    }
}
