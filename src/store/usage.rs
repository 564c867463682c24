//! The use of keys: quotas, which instances take ahead of time, and the calls of each day.
//!
//! A quota is exact because calls count as used when an instance takes them. Calls that are lost later
//! (an instance dies, or an answer does not arrive) stay used.

use std::time::Duration;

use futures_util::future::try_join4;
use time::{Date, OffsetDateTime};
use tokio::time::timeout;
use tokio_postgres::Row;
use uuid::Uuid;

use super::change::Change;
use super::plans::QuotaSetting;
use super::{KeyId, Parameters, PlanId, STATEMENT_DEADLINE, Store, StoreError, sql};

/// How often a claim is repeated if its period has no row yet.
const TRIES: usize = 4;

/// A claim on a part of a key's quota.
#[derive(Clone, Debug)]
pub struct QuotaClaim {
    /// The plan.
    pub plan: PlanId,
    /// The key.
    pub key: KeyId,
    /// The quota of the plan.
    pub quota: QuotaSetting,
    /// The number of waiting calls.
    pub pending: i64,
    /// The calls expected in the next second, including the waiting ones. With 0 the claim takes nothing.
    pub wanted: i64,
}

/// The answer to a claim.
#[derive(Clone, Debug, PartialEq)]
pub struct QuotaGrant {
    /// The plan.
    pub plan: PlanId,
    /// The key.
    pub key: KeyId,
    /// When the period began.
    pub period_start: OffsetDateTime,
    /// The epoch of the quota, which an edit raises.
    pub epoch: i32,
    /// Calls that were granted.
    pub granted: i64,
    /// Calls that remain for other or later claims; negative if the limit was lowered.
    pub remaining: i64,
    /// The remaining time of the period.
    pub period_left: Duration,
    /// Whether other instances may hold unspent calls of the quota.
    pub leased_lately: bool,
}

/// A part of a quota that was taken but will not be spent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuotaReturn {
    /// The plan.
    pub plan: PlanId,
    /// The key.
    pub key: KeyId,
    /// When the period began.
    pub period_start: OffsetDateTime,
    /// The epoch of the quota, which an edit raises.
    pub epoch: i32,
    /// Calls that are given back.
    pub unspent: i64,
}

/// Calls that passed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Calls {
    /// The plan.
    pub plan: PlanId,
    /// The key.
    pub key: KeyId,
    /// Calls that were made.
    pub calls: i64,
    /// The part of the calls that passed without a quota.
    pub unmetered: i64,
}

/// The rest of a quota now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QuotaState {
    /// The limit of the period.
    pub limit: i64,
    /// Calls that are left.
    pub remaining: i64,
    /// When the period ends.
    pub period_end: OffsetDateTime,
}

/// One key's use of one day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DayOfUsage {
    /// The key.
    pub key: KeyId,
    /// The day.
    pub day: Date,
    /// Calls that were made on that day.
    pub used: i64,
    /// `None` if the plan has no quota.
    pub remaining: Option<i64>,
}

/// The filter of [`Store::usage`]: keys and days.
#[derive(Clone, Debug)]
pub struct UsageFilter {
    /// The plan.
    pub plan: PlanId,
    /// The key.
    pub key: Option<KeyId>,
    /// The first day.
    pub first_day: Date,
    /// The last day.
    pub last_day: Date,
    /// Limits the keys to those after this one, in the order of their ids.
    pub after: Option<KeyId>,
}

impl Store {
    /// Records that this instance is alive. Returns the number of living instances.
    pub async fn beat(&self, instance: Uuid) -> Result<i64, StoreError> {
        let rows = self.write(sql::beat_instance, &[&instance]).await?;
        rows.first()
            .map(|row| row.get(0))
            .ok_or_else(|| StoreError::Corrupt("a count has no row".into()))
    }

    /// Takes parts of quotas, for one of `instances`. There may be at most one claim for each key of a plan.
    /// A claim of a deleted plan or key gets no answer.
    pub async fn take_quota(
        &self,
        claims: &[QuotaClaim],
        instances: u32,
    ) -> Result<Vec<QuotaGrant>, StoreError> {
        let (mut grants, mut missing) = self.take_existing(claims, instances).await?;
        // A period may also be missing because an edit of the plan made it while this call waited.
        for _ in 0..TRIES {
            if missing.is_empty() {
                break;
            }
            let plans: Vec<&str> = missing.iter().map(|new| new.plan.as_str()).collect();
            let keys: Vec<&str> = missing.iter().map(|new| new.key.as_str()).collect();
            let starts: Vec<OffsetDateTime> = missing.iter().map(|new| new.period_start).collect();
            self.write(sql::ensure_quota_usage, &[&plans, &keys, &starts])
                .await?;
            let again: Vec<QuotaClaim> = claims
                .iter()
                .filter(|claim| {
                    let is_claim =
                        |new: &&QuotaGrant| new.plan == claim.plan && new.key == claim.key;
                    missing.iter().any(|new| is_claim(&new))
                })
                .cloned()
                .collect();
            let (more, still_missing) = self.take_existing(&again, instances).await?;
            grants.extend(more);
            missing = still_missing;
        }
        Ok(grants)
    }

    /// The grants, and the claims whose periods have no row yet.
    async fn take_existing(
        &self,
        claims: &[QuotaClaim],
        instances: u32,
    ) -> Result<(Vec<QuotaGrant>, Vec<QuotaGrant>), StoreError> {
        let plans: Vec<&str> = claims.iter().map(|claim| claim.plan.as_str()).collect();
        let keys: Vec<&str> = claims.iter().map(|claim| claim.key.as_str()).collect();
        let limits: Vec<i64> = claims.iter().map(|claim| claim.quota.limit).collect();
        let periods: Vec<&str> = claims
            .iter()
            .map(|claim| claim.quota.period.name())
            .collect();
        let offsets: Vec<i32> = claims.iter().map(|claim| claim.quota.offset).collect();
        let pending: Vec<i64> = claims.iter().map(|claim| claim.pending).collect();
        let wanted: Vec<i64> = claims.iter().map(|claim| claim.wanted).collect();
        let rows = self
            .write_beside_edits(
                &plans,
                sql::take_quota,
                &[
                    &plans,
                    &keys,
                    &limits,
                    &periods,
                    &offsets,
                    &pending,
                    &wanted,
                    &i64::from(instances),
                ],
            )
            .await?;
        let (found, missing): (Vec<&Row>, Vec<&Row>) = rows
            .iter()
            .partition(|row| row.get::<_, Option<i64>>("used").is_some());
        Ok((
            found.into_iter().map(quota_grant).collect(),
            missing.into_iter().map(quota_grant).collect(),
        ))
    }

    /// Gives parts of quotas back. Do not repeat it: if the outcome is unknown, it may have been done.
    pub async fn give_back_quota(&self, returns: &[QuotaReturn]) -> Result<(), StoreError> {
        let plans: Vec<&str> = returns.iter().map(|part| part.plan.as_str()).collect();
        let keys: Vec<&str> = returns.iter().map(|part| part.key.as_str()).collect();
        let starts: Vec<OffsetDateTime> = returns.iter().map(|part| part.period_start).collect();
        let epochs: Vec<i32> = returns.iter().map(|part| part.epoch).collect();
        let unspent: Vec<i64> = returns.iter().map(|part| part.unspent).collect();
        self.write_beside_edits(
            &plans,
            sql::give_back_quota,
            &[&plans, &keys, &starts, &epochs, &unspent],
        )
        .await?;
        Ok(())
    }

    /// The rest of a key's quota; `None` if the plan has none, or does not exist.
    pub async fn quota_state(
        &self,
        plan: &PlanId,
        key: &KeyId,
    ) -> Result<Option<QuotaState>, StoreError> {
        let rows = self
            .read(sql::quota_state, &[&plan.as_str(), &key.as_str()])
            .await?;
        Ok(rows.first().map(|row| QuotaState {
            limit: row.get("quota_limit"),
            remaining: row.get("remaining"),
            period_end: row.get("period_end"),
        }))
    }

    /// Adds to the calls of today. Calls that passed without a quota count against the quota that the plan
    /// has now, if it has one.
    pub async fn add_usage(&self, calls: &[Calls]) -> Result<(), StoreError> {
        let plans: Vec<&str> = calls.iter().map(|part| part.plan.as_str()).collect();
        let keys: Vec<&str> = calls.iter().map(|part| part.key.as_str()).collect();
        let counts: Vec<i64> = calls.iter().map(|part| part.calls).collect();
        let unmetered: Vec<i64> = calls.iter().map(|part| part.unmetered).collect();
        self.write_beside_edits(
            &plans,
            sql::add_usage,
            &[&plans, &keys, &counts, &unmetered],
        )
        .await?;
        Ok(())
    }

    /// As [`write`](Self::write), while no edit of these plans' quotas runs. The statement sees the effect of
    /// earlier edits. A waiting edit comes before later callers.
    async fn write_beside_edits(
        &self,
        plans: &[&str],
        statement: &str,
        parameters: Parameters<'_>,
    ) -> Result<Vec<Row>, StoreError> {
        let connection = self.connection().await?;
        let answer = timeout(STATEMENT_DEADLINE, async {
            let lock = connection.prepare_cached(sql::share_quota_locks).await?;
            let statement = connection.prepare_cached(statement).await?;
            let lock_parameters: Parameters<'_> = &[&plans];
            // Two statements, because a statement sees only data that were committed before it began. All four are
            // sent at once, in this order: that takes one round trip, and a caller who gives up leaves no open
            // transaction.
            let (_, _, rows, _) = try_join4(
                connection.batch_execute("begin"),
                connection.query(&lock, lock_parameters),
                connection.query(&statement, parameters),
                connection.batch_execute("commit"),
            )
            .await?;
            Ok::<_, StoreError>(rows)
        })
        .await;
        if let Ok(Ok(rows)) = answer {
            return Ok(rows);
        }
        // The connection may still be busy or in a transaction.
        drop(deadpool_postgres::Object::take(connection));
        answer.unwrap_or_else(|_| {
            Err(StoreError::OutcomeUnknown(
                "the database did not answer in time".into(),
            ))
        })
    }

    /// Records when these keys were last used.
    pub async fn touch_keys(&self, uses: &[(KeyId, OffsetDateTime)]) -> Result<(), StoreError> {
        let keys: Vec<&str> = uses.iter().map(|(key, _)| key.as_str()).collect();
        let times: Vec<OffsetDateTime> = uses.iter().map(|(_, at)| *at).collect();
        self.write(sql::touch_keys, &[&keys, &times]).await?;
        Ok(())
    }

    /// Every day of at most `keys` keys of a plan, by key id and day. The data are at most a few seconds old.
    pub async fn usage(
        &self,
        filter: &UsageFilter,
        keys: i64,
    ) -> Result<Vec<DayOfUsage>, StoreError> {
        let key = filter.key.as_ref().map(KeyId::as_str);
        let after = filter.after.as_ref().map(KeyId::as_str);
        let rows = self
            .read(
                sql::usage_of_plan,
                &[
                    &filter.plan.as_str(),
                    &key,
                    &filter.first_day,
                    &filter.last_day,
                    &after,
                    &keys,
                ],
            )
            .await?;
        Ok(rows
            .iter()
            .map(|row| DayOfUsage {
                key: KeyId::stored(row.get("key_id")),
                day: row.get("day"),
                used: row.get("used"),
                remaining: row.get("remaining"),
            })
            .collect())
    }
}

impl Change {
    /// Sets the rest of a key's quota in this period. Returns false if the plan has no quota. It applies
    /// within 2 s: until then instances may spend calls that they took before.
    pub async fn set_remaining_quota(
        &self,
        plan: &PlanId,
        key: &KeyId,
        remaining: i64,
    ) -> Result<bool, StoreError> {
        let rows = self
            .query(
                sql::set_remaining_quota,
                &[&plan.as_str(), &key.as_str(), &remaining],
            )
            .await?;
        Ok(!rows.is_empty())
    }
}

fn quota_grant(row: &Row) -> QuotaGrant {
    let limit: i64 = row.get("most");
    let used: Option<i64> = row.get("used");
    let seconds_left: f64 = row.get("seconds_left");
    QuotaGrant {
        plan: PlanId::stored(row.get("plan_id")),
        key: KeyId::stored(row.get("key_id")),
        period_start: row.get("period_start"),
        epoch: row.get::<_, Option<i32>>("epoch").unwrap_or(0),
        granted: row.get("granted"),
        remaining: limit.saturating_sub(used.unwrap_or(0)),
        period_left: Duration::try_from_secs_f64(seconds_left).unwrap_or_default(),
        leased_lately: row.get("leased_lately"),
    }
}
