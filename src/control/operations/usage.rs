//! Reads the usage of keys, and sets the calls that remain of a quota.

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

/// One page of the usage of a plan's keys. Days are in UTC.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Usage {
    /// The plan.
    pub plan: PlanId,
    /// The first day.
    pub first_day: Date,
    /// The last day, inclusive.
    pub last_day: Date,
    /// For each key, every day from the first to the last, in order.
    pub keys: BTreeMap<KeyId, Vec<DayOfUsage>>,
    /// The last key of this page, if another page follows. The next question has it as `after`.
    pub next: Option<KeyId>,
}

/// Asks for usage. Days are `YYYY-MM-DD`, in UTC, and both are included.
#[derive(Clone, Copy, Debug)]
pub struct UsageQuestion<'a> {
    /// The id of the plan.
    pub plan: &'a str,
    /// The id of the only key to read; `None` for all keys.
    pub key: Option<&'a str>,
    /// The first day.
    pub first_day: &'a str,
    /// The last day: not before the first, and at most 89 days after it.
    pub last_day: &'a str,
    /// Only keys with a greater id are read.
    pub after: Option<&'a str>,
    /// The number of keys on a page.
    pub limit: usize,
}

/// Reads the calls of keys, day by day. They lag by at most a few seconds. Keys that left the plan or
/// were deleted are listed if they called on one of the days.
///
/// # Errors
/// Fails with [`OperationError::BadRequest`] if a day is malformed or the range is invalid, and with
/// [`OperationError::NotFound`] if the plan does not exist or an id is malformed.
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

/// Sets the calls that remain of a key's quota in the current period, and returns today's usage. It
/// takes effect within 2 s.
///
/// # Errors
/// Fails with [`OperationError::NotFound`] if the plan does not exist or the key is not in it, and with
/// [`OperationError::BadRequest`] or [`OperationError::Validation`] if the list is invalid or the plan
/// has no quota.
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

/// Formats a day as on the wire: `YYYY-MM-DD`.
pub fn format_day(day: Date) -> String {
    format!(
        "{:04}-{:02}-{:02}",
        day.year(),
        u8::from(day.month()),
        day.day()
    )
}
