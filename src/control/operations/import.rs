//! Imports keys from a file, by the rules of API Gateway.
//!
//! A wrong row is left out and gives a warning; with [`OnWarning::RollBack`] it undoes the whole
//! import. If a row's value belongs to a key already, the row overwrites that key's name, description
//! and `enabled`, and adds the key to the row's plans.

use std::collections::HashSet;

use futures_util::future::try_join_all;

use super::{OperationError, keys, plan_keys, plans, settle};
use crate::control::csv::{self, BadRow, KeyRow};
use crate::gate::ApiKeyValue;
use crate::gate::issue::{self, Hashed};
use crate::store::control::Actor;
use crate::store::keys::NewKey;
use crate::store::{Change, KeyId, PlanId, Store};

const MAX_ROWS: usize = 1000;
/// The size of the largest file, in bytes.
pub const MAX_FILE_BYTES: usize = 1024 * 1024;

/// The effect of a warning on the import.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnWarning {
    /// The other rows are imported.
    GoOn,
    /// Nothing is imported.
    RollBack,
}

/// The result of an import.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Imported {
    /// The keys that were created or overwritten, each once.
    pub ids: Vec<KeyId>,
    /// One text for each problem. It begins with the line of the row.
    pub warnings: Vec<String>,
}

struct Row {
    line: usize,
    settings: NewKey,
    plans: Vec<PlanId>,
    value: ApiKeyValue,
}

/// Imports a CSV file.
///
/// # Errors
/// Fails with [`OperationError::BadRequest`] if the file is too large or its header is wrong, and, with
/// [`OnWarning::RollBack`], if there is any warning. Then nothing is imported.
pub async fn import_keys(
    store: &Store,
    actor: &Actor,
    file: &[u8],
    on_warning: OnWarning,
) -> Result<Imported, OperationError> {
    if file.len() > MAX_FILE_BYTES {
        return Err(too_large());
    }
    let rows = csv::parse_keys(file)
        .map_err(|error| OperationError::bad(format!("Invalid CSV file: {error}")))?;
    if rows.len() > MAX_ROWS {
        return Err(too_large());
    }
    let mut imported = Imported::default();
    let mut good: Vec<Row> = Vec::new();
    for row in rows {
        match row.and_then(check) {
            // A later row with the same value replaces the earlier one.
            Ok(row) => match good.iter_mut().find(|before| before.value == row.value) {
                Some(before) => *before = row,
                None => good.push(row),
            },
            Err(bad) => imported.warn(bad.line, bad.reason),
        }
    }
    refuse_warnings(&imported, on_warning)?;
    // Hashing a full file takes seconds, so it happens before anything is locked.
    let hashed = try_join_all(good.iter().map(|row| issue::hash_value(store, &row.value))).await?;
    let change = issue::begin(store, &hashed).await?;
    let result = write(&change, actor, good, &hashed, &mut imported).await;
    let result = result.and_then(|()| refuse_warnings(&imported, on_warning));
    settle(change, result).await?;
    Ok(imported)
}

/// The error for a file with more than 1,000 rows or [`MAX_FILE_BYTES`].
pub fn too_large() -> OperationError {
    OperationError::bad(format!(
        "The file is too large: an import takes at most {MAX_ROWS} rows and {MAX_FILE_BYTES} \
         bytes. Split it into several files"
    ))
}

fn refuse_warnings(imported: &Imported, on_warning: OnWarning) -> Result<(), OperationError> {
    if on_warning == OnWarning::GoOn || imported.warnings.is_empty() {
        return Ok(());
    }
    Err(OperationError::bad(format!(
        "Nothing was imported: {}",
        imported.warnings.join("; ")
    )))
}

async fn write(
    change: &Change,
    actor: &Actor,
    rows: Vec<Row>,
    hashed: &[Hashed],
    imported: &mut Imported,
) -> Result<(), OperationError> {
    // All owners are found before the first row is written, because from then on other changes wait.
    let owners = try_join_all(
        hashed
            .iter()
            .map(|hashed| issue::find_owner(change, hashed)),
    )
    .await?;
    // From here on, no other change can alter the plans or their keys.
    change.lock().await?;
    let mut done = HashSet::new();
    for ((row, hashed), owner) in rows.into_iter().zip(hashed).zip(owners) {
        if let Some(reason) = find_fault(change, &row, owner.as_ref()).await? {
            imported.warn(row.line, reason);
            continue;
        }
        let id = write_key(change, actor, &row, hashed, owner, imported).await?;
        for plan in &row.plans {
            if change.plan_key(plan, &id).await?.is_none() {
                plan_keys::add(change, actor, plan, &id).await?;
            }
        }
        if done.insert(id.clone()) {
            imported.ids.push(id);
        }
    }
    Ok(())
}

/// The reason why a row's key cannot be in the row's plans, if there is one.
async fn find_fault(
    change: &Change,
    row: &Row,
    owner: Option<&KeyId>,
) -> Result<Option<String>, OperationError> {
    for plan in &row.plans {
        if change.usage_plan(plan).await?.is_none() {
            return Ok(Some(format!("{} '{plan}'", plans::UNKNOWN)));
        }
    }
    let clash = change.plan_clash(&row.plans, owner).await?;
    Ok(clash.map(|clash| {
        format!(
            "a key can be in one usage plan per stage only: '{}' and '{}' both have stage '{}'",
            clash.plan, clash.other, clash.stage
        )
    }))
}

async fn write_key(
    change: &Change,
    actor: &Actor,
    row: &Row,
    hashed: &Hashed,
    owner: Option<KeyId>,
    imported: &mut Imported,
) -> Result<KeyId, OperationError> {
    let action = "ImportApiKeys";
    let before = match &owner {
        Some(id) => change.key(id).await?,
        None => None,
    };
    let after = match &before {
        Some(before) => {
            if !before.enabled && row.settings.enabled {
                let id = &before.id;
                imported.warn(
                    row.line,
                    format!("API Key {id} was disabled here and is enabled again"),
                );
            }
            let settings = NewKey {
                name: row.settings.name.clone(),
                description: row.settings.description.clone(),
                enabled: row.settings.enabled,
                ..before.settings()
            };
            change.update_key(&settings).await?
        }
        None => Some(issue::insert(change, &row.settings, hashed).await?),
    };
    let gone = || OperationError::not_found(keys::UNKNOWN);
    let after = after.ok_or_else(gone)?;
    keys::audit(change, actor, action, before.as_ref(), Some(&after)).await?;
    Ok(after.id)
}

impl Imported {
    fn warn(&mut self, line: usize, reason: impl std::fmt::Display) {
        self.warnings.push(format!("line {line}: {reason}"));
    }
}

fn check(row: KeyRow) -> Result<Row, BadRow> {
    let line = row.line;
    check_fields(row).map_err(|reason| BadRow { line, reason })
}

fn check_fields(row: KeyRow) -> Result<Row, String> {
    if row.name.is_empty() {
        return Err("Name is empty".into());
    }
    let value = ApiKeyValue::parse(&row.key).map_err(|error| error.to_string())?;
    let plans = row.usage_plan_ids.iter().map(|plan| {
        let id = plan.parse();
        id.map_err(|_| format!("{} '{plan}'", plans::UNKNOWN))
    });
    let plans = plans.collect::<Result<_, String>>()?;
    let settings = NewKey {
        id: KeyId::generate(),
        name: Some(row.name),
        description: super::filled(Some(row.description)),
        customer_id: None,
        enabled: parse_enabled(&row.enabled)?,
        tags: Default::default(),
        expires_at: None,
    };
    keys::check(&settings).map_err(|error| error.to_string())?;
    Ok(Row {
        line: row.line,
        settings,
        plans,
        value,
    })
}

/// An empty field means enabled.
fn parse_enabled(text: &str) -> Result<bool, String> {
    match text.to_ascii_lowercase().as_str() {
        "" | "true" | "yes" | "1" => Ok(true),
        "false" | "no" | "0" => Ok(false),
        _ => Err(format!(
            "Enabled is '{text}': it must be true, false, yes, no, 1, 0 or empty"
        )),
    }
}
