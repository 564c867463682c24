//! What keys have used, and setting what remains.

use std::collections::BTreeMap;

use serde_json::json;
use time::Date;
use time::format_description::BorrowedFormatItem;
use time::macros::format_description;

use super::{OperationError, in_change, keys, plans};
use crate::control::patch::{PatchList, Paths, REPLACE};
use crate::store::control::{Actor, AuditEntry};
use crate::store::usage::{DayOfUsage, UsageFilter};
use crate::store::{KeyId, PlanId, Store};

const PATHS: &Paths = &[("/remaining", REPLACE)];
const DAY: &[BorrowedFormatItem<'_>] = format_description!("[year]-[month]-[day]");
const MAX_DAYS: i64 = 90;

/// The use of some keys of a plan: for each day from the first to the last, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Usage {
    pub plan: PlanId,
    pub first_day: Date,
    pub last_day: Date,
    pub keys: BTreeMap<KeyId, Vec<DayOfUsage>>,
    /// Where the next page begins.
    pub next: Option<KeyId>,
}

/// Which use is asked for. Days as `YYYY-MM-DD`.
#[derive(Clone, Copy, Debug)]
pub struct UsageQuestion<'a> {
    pub plan: &'a str,
    pub key: Option<&'a str>,
    pub first_day: &'a str,
    pub last_day: &'a str,
    pub after: Option<&'a str>,
    /// How many keys a page holds.
    pub limit: usize,
}

/// What keys used day by day. At most a few seconds old.
pub async fn read_usage(
    store: &Store,
    question: &UsageQuestion<'_>,
) -> Result<Usage, OperationError> {
    let first_day = parse_day("startDate", question.first_day)?;
    let last_day = parse_day("endDate", question.last_day)?;
    let days = (last_day - first_day).whole_days() + 1;
    if !(1..=MAX_DAYS).contains(&days) {
        return Err(OperationError::bad(format!(
            "Invalid date range: endDate is at or after startDate, with at most {MAX_DAYS} days"
        )));
    }
    let plan = plans::read_plan(store, question.plan).await?.id;
    let filter = UsageFilter {
        plan: plan.clone(),
        key: question.key.map(keys::parse).transpose()?,
        first_day,
        last_day,
        after: question.after.map(keys::parse).transpose()?,
    };
    let limit = question.limit;
    let found = store
        .usage(&filter, crate::control::calls::more(limit))
        .await?;
    let mut by_key: BTreeMap<KeyId, Vec<DayOfUsage>> = BTreeMap::new();
    for day in found {
        by_key.entry(day.key.clone()).or_default().push(day);
    }
    let has_more = by_key.len() > limit;
    while by_key.len() > limit {
        by_key.pop_last();
    }
    let next = by_key.keys().next_back().filter(|_| has_more).cloned();
    Ok(Usage {
        plan,
        first_day,
        last_day,
        keys: by_key,
        next,
    })
}

/// Sets what remains of a key's quota in this period, and tells of today. Holds within 2 s.
pub async fn update_usage(
    store: &Store,
    actor: &Actor,
    plan: &str,
    key: &str,
    patches: &PatchList,
) -> Result<Usage, OperationError> {
    let plan = plans::parse(plan)?;
    let key = keys::parse(key)?;
    in_change(store, async |change| {
        plans::existing(change, &plan).await?;
        if change.plan_key(&plan, &key).await?.is_none() {
            return Err(OperationError::not_found(super::plan_keys::NOT_IN_PLAN));
        }
        let mut remaining = None;
        patches.apply("updateUsageInput", |patch| {
            patch.op_of(PATHS)?;
            let number: u32 = patch.number("a whole number, 0 or more")?;
            remaining = Some(i64::from(number));
            Ok(())
        })?;
        let Some(remaining) = remaining else {
            return Ok(());
        };
        let set = change.set_remaining_quota(&plan, &key, remaining).await?;
        if !set {
            return Err(OperationError::bad(
                "Invalid patch path  '/remaining': the usage plan has no quota",
            ));
        }
        let entry = AuditEntry {
            actor,
            action: "UpdateUsage",
            target: &format!("/usageplans/{plan}/keys/{key}/usage"),
            before: None,
            after: Some(json!({"remaining": remaining})),
        };
        Ok(change.audit(&entry).await?)
    })
    .await?;
    let today = store.clock().now().date();
    let today = format_day(today);
    let question = UsageQuestion {
        plan: plan.as_str(),
        key: Some(key.as_str()),
        first_day: &today,
        last_day: &today,
        after: None,
        limit: 1,
    };
    read_usage(store, &question).await
}

fn parse_day(field: &str, text: &str) -> Result<Date, OperationError> {
    Date::parse(text, DAY)
        .ok()
        .filter(|day| (1970..=9999).contains(&day.year()))
        .ok_or_else(|| {
            OperationError::bad(format!(
                "Invalid {field} '{text}': it is a day such as 2026-11-23"
            ))
        })
}

/// As dates are on the wire.
pub fn format_day(day: Date) -> String {
    format!(
        "{:04}-{:02}-{:02}",
        day.year(),
        u8::from(day.month()),
        day.day()
    )
}
