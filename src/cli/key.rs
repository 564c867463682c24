//! `turnkey key …`: manages the API keys of a database from the shell.

use std::io::{BufRead, IsTerminal, Write};
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::{CommandError, Output};
use crate::control::OperationError;
use crate::control::operations::import::{self, OnWarning};
use crate::control::operations::keys::{self, CreateKey};
use crate::control::operations::rotation::{self, DEFAULT_GRACE, RotateKey};
use crate::control::patch::{PatchList, PatchOperation};
use crate::gate::issue::FIRST_NAME;
use crate::store::control::Actor;
use crate::store::keys::{ApiKey, KeyFilter};
use crate::store::{IdError, KeyId, Store, StoreError};

const PAGE_LENGTH: i64 = 500;

/// The commands on keys. A key is named by its id or its name.
#[derive(Clone, Debug, clap::Subcommand)]
pub enum KeyCommand {
    /// Create an enabled key and print its value, which is shown only this once
    Create {
        /// The key's name in lists and logs; without it, the command asks on the terminal
        #[arg(long, value_name = "NAME")]
        name: Option<String>,
        /// The usage plan to put the key in, by name or id
        #[arg(long, value_name = "NAME", default_value = FIRST_NAME)]
        plan: String,
    },
    /// List all keys, newest first
    List,
    /// Enable a disabled key
    Enable {
        /// The key's id, or its name if no other key has that name
        #[arg(value_name = "KEY")]
        id: String,
    },
    /// Disable a key until it is enabled again
    Disable {
        /// The key's id, or its name if no other key has that name
        #[arg(value_name = "KEY")]
        id: String,
    },
    /// Give a key a new value and print it; it is shown only this once
    Rotate {
        /// The key's id, or its name if no other key has that name
        #[arg(value_name = "KEY")]
        id: String,
        /// How long the old value stays valid; 0 ends it at once
        #[arg(long, value_name = "SECONDS", default_value_t = DEFAULT_GRACE.as_secs())]
        grace: u64,
    },
    /// Create keys from a CSV file with the columns Name, key, description, Enabled, UsagePlanIds
    Import {
        file: PathBuf,
        /// Import nothing if any row is wrong
        #[arg(long)]
        fail_on_warnings: bool,
    },
    /// Delete a key for good
    Delete {
        /// The key's id, or its name if no other key has that name
        #[arg(value_name = "KEY")]
        id: String,
    },
}

impl KeyCommand {
    /// Asks on the terminal for the name of a new key, if the command gives none.
    ///
    /// # Errors
    /// [`KeyError::NoName`] if there is no terminal, or the answer is empty.
    pub fn with_name(self) -> Result<KeyCommand, KeyError> {
        match self {
            KeyCommand::Create { name, plan } => {
                let name = name.map_or_else(ask_for_name, Ok)?;
                let name = Some(checked_name(Some(name))?);
                Ok(KeyCommand::Create { name, plan })
            }
            other @ (KeyCommand::List
            | KeyCommand::Enable { .. }
            | KeyCommand::Disable { .. }
            | KeyCommand::Rotate { .. }
            | KeyCommand::Import { .. }
            | KeyCommand::Delete { .. }) => Ok(other),
        }
    }
}

fn checked_name(name: Option<String>) -> Result<String, KeyError> {
    let name = name.as_deref().map(str::trim).unwrap_or_default();
    if name.is_empty() {
        return Err(KeyError::NoName);
    }
    Ok(name.to_owned())
}

/// Why a key command failed.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// No key has this id or name.
    #[error("{0:?} is no key: no key has this name, and {1}")]
    Id(String, IdError),
    /// The command gives no name.
    #[error("a key needs a name: say --name NAME")]
    NoName,
    /// The file cannot be read.
    #[error("{0} cannot be read: {1}")]
    File(String, std::io::Error),
    /// The operation was refused or failed.
    #[error(transparent)]
    Operation(#[from] OperationError),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The outcome cannot be printed.
    #[error("cannot print: {0}")]
    Output(#[from] std::io::Error),
}

impl From<KeyError> for CommandError {
    fn from(error: KeyError) -> CommandError {
        match error {
            KeyError::Operation(error) => error.into(),
            KeyError::Id(..) | KeyError::NoName => CommandError::usage(error),
            KeyError::File(..) | KeyError::Store(_) | KeyError::Output(_) => {
                CommandError::new(error)
            }
        }
    }
}

/// Runs the command and prints the outcome to `out`.
pub async fn run(
    store: &Store,
    command: KeyCommand,
    output: Output,
    out: &mut (dyn Write + Send),
) -> Result<(), KeyError> {
    match command {
        KeyCommand::Create { name, plan } => create(store, name, &plan, output, out).await,
        KeyCommand::List => list(store, output, out).await,
        KeyCommand::Enable { id } => {
            let key = switch(store, &id, "true").await?;
            print_key(&key, "enabled", output, out)
        }
        KeyCommand::Disable { id } => {
            let key = switch(store, &id, "false").await?;
            print_key(&key, "disabled", output, out)
        }
        KeyCommand::Rotate { id, grace } => rotate(store, &id, grace, output, out).await,
        KeyCommand::Import {
            file,
            fail_on_warnings,
        } => {
            let on_warning = if fail_on_warnings {
                OnWarning::RollBack
            } else {
                OnWarning::GoOn
            };
            import(store, &file, on_warning, output, out).await
        }
        KeyCommand::Delete { id } => delete(store, &id, output, out).await,
    }
}

async fn create(
    store: &Store,
    name: Option<String>,
    plan: &str,
    output: Output,
    out: &mut (dyn Write + Send),
) -> Result<(), KeyError> {
    let plan_id = super::plan::find(store, plan).await?;
    let name = checked_name(name)?;
    let input = CreateKey {
        name: Some(name),
        enabled: Some(true),
        ..CreateKey::default()
    };
    let (created, value) =
        keys::create_key_in_plan(store, &Actor::command_line(), input, &plan_id).await?;
    match output {
        Output::People => {
            writeln!(out, "id     {}", created.id)?;
            writeln!(out, "name   {}", created.name.as_deref().unwrap_or("-"))?;
            writeln!(out, "plan   {plan}")?;
            writeln!(out, "value  {}", value.expose())?;
            writeln!(
                out,
                "Keep the value: it is not stored and cannot be shown again."
            )?;
        }
        Output::Json => {
            let mut shown = key_json(&created);
            shown["plan"] = plan.into();
            shown["value"] = value.expose().into();
            writeln!(out, "{shown}")?;
        }
    }
    Ok(())
}

async fn list(store: &Store, output: Output, out: &mut (dyn Write + Send)) -> Result<(), KeyError> {
    let mut filter = KeyFilter::default();
    let mut keys: Vec<ApiKey> = Vec::new();
    loop {
        let page = store.keys(&filter, PAGE_LENGTH).await?;
        let Some(last) = page.last() else { break };
        filter.after = Some((last.created_at, last.id.clone()));
        keys.extend(page);
    }
    match output {
        Output::Json => {
            let shown: Vec<Value> = keys.iter().map(key_json).collect();
            writeln!(out, "{}", Value::from(shown))?;
        }
        Output::People => {
            let heads = ["ID", "NAME", "ENABLED", "CREATED", "EXPIRES", "LAST USED"];
            super::table::print(out, &heads, keys.iter().map(key_row))?;
        }
    }
    Ok(())
}

async fn switch(store: &Store, id: &str, enabled: &str) -> Result<ApiKey, KeyError> {
    let id = find(store, id).await?;
    let patches = PatchList::of(vec![PatchOperation::new("replace", "/enabled", enabled)]);
    Ok(keys::update_key(store, &Actor::command_line(), id.as_str(), &patches).await?)
}

async fn rotate(
    store: &Store,
    id: &str,
    grace_seconds: u64,
    output: Output,
    out: &mut (dyn Write + Send),
) -> Result<(), KeyError> {
    let id = find(store, id).await?;
    let input = RotateKey {
        grace_seconds: Some(grace_seconds),
        ..RotateKey::default()
    };
    let rotated = rotation::rotate_key(store, &Actor::command_line(), id.as_str(), &input).await?;
    let (value, until) = (rotated.value.expose(), date(rotated.previous_ends_at));
    match output {
        Output::People => {
            writeln!(out, "value  {value}")?;
            writeln!(out, "The value until now is good until {until}.")?;
            writeln!(
                out,
                "Keep the new one: it is not stored and cannot be shown again."
            )?;
        }
        Output::Json => {
            let mut shown = key_json(&rotated.key);
            shown["value"] = value.into();
            shown["previousValueExpiresAt"] = until.into();
            writeln!(out, "{shown}")?;
        }
    }
    Ok(())
}

async fn import(
    store: &Store,
    file: &Path,
    on_warning: OnWarning,
    output: Output,
    out: &mut (dyn Write + Send),
) -> Result<(), KeyError> {
    let bytes =
        std::fs::read(file).map_err(|error| KeyError::File(file.display().to_string(), error))?;
    let imported = import::import_keys(store, &Actor::command_line(), &bytes, on_warning).await?;
    match output {
        Output::People => {
            for warning in &imported.warnings {
                writeln!(out, "warning: {warning}")?;
            }
            for id in &imported.ids {
                writeln!(out, "{id} imported")?;
            }
        }
        Output::Json => {
            let shown = json!({"ids": imported.ids, "warnings": imported.warnings});
            writeln!(out, "{shown}")?;
        }
    }
    Ok(())
}

async fn delete(
    store: &Store,
    id: &str,
    output: Output,
    out: &mut (dyn Write + Send),
) -> Result<(), KeyError> {
    let id = find(store, id).await?;
    keys::delete_key(store, &Actor::command_line(), id.as_str()).await?;
    match output {
        Output::People => writeln!(out, "{id} deleted")?,
        Output::Json => writeln!(out, "{}", json!({ "id": id }))?,
    }
    Ok(())
}

/// The id of the key with this id or name. A well-formed id that no key has is returned as it is:
/// the operation on it reports that.
///
/// # Errors
/// [`KeyError::Id`] if the text is neither; [`OperationError::Conflict`] if several keys have the
/// name.
pub(super) async fn find(store: &Store, text: &str) -> Result<KeyId, KeyError> {
    let id = text.parse::<KeyId>();
    if let Ok(id) = &id
        && store.key(id).await?.is_some()
    {
        return Ok(id.clone());
    }
    match super::named::only("keys", text, store.keys_named(text).await?)? {
        Some(named) => Ok(named),
        None => id.map_err(|error| KeyError::Id(text.to_owned(), error)),
    }
}

/// As [`find`], but text that names no key is returned as it is: the operation refuses it.
pub(super) async fn find_or_keep(store: &Store, text: &str) -> Result<String, CommandError> {
    match find(store, text).await {
        Ok(id) => Ok(id.to_string()),
        Err(KeyError::Id(..)) => Ok(text.to_owned()),
        Err(error) => Err(error.into()),
    }
}

/// Asks on the terminal. Without a terminal it fails.
fn ask_for_name() -> Result<String, KeyError> {
    let stdin = std::io::stdin();
    if !stdin.is_terminal() {
        return Err(KeyError::NoName);
    }
    eprint!("Name of the key: ");
    let mut line = String::new();
    stdin.lock().read_line(&mut line)?;
    Ok(line)
}

fn print_key(
    key: &ApiKey,
    done: &str,
    output: Output,
    out: &mut (dyn Write + Send),
) -> Result<(), KeyError> {
    match output {
        Output::People => writeln!(out, "{} {done}", key.id)?,
        Output::Json => writeln!(out, "{}", key_json(key))?,
    }
    Ok(())
}

fn key_json(key: &ApiKey) -> Value {
    json!({
        "id": key.id,
        "name": key.name,
        "description": key.description,
        "customerId": key.customer_id,
        "enabled": key.enabled,
        "tags": key.tags,
        "createdAt": date(key.created_at),
        "expiresAt": key.expires_at.map(date),
        "lastUsedAt": key.last_used_at.map(date),
    })
}

fn key_row(key: &ApiKey) -> Vec<String> {
    let or_dash = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
    vec![
        key.id.to_string(),
        or_dash(key.name.clone()),
        if key.enabled { "yes" } else { "no" }.to_owned(),
        date(key.created_at),
        or_dash(key.expires_at.map(date)),
        or_dash(key.last_used_at.map(date)),
    ]
}

/// Removes the fraction of a second, which is not needed here.
pub(super) fn date(at: OffsetDateTime) -> String {
    let at = at.replace_nanosecond(0).unwrap_or(at);
    at.format(&Rfc3339).unwrap_or_else(|_| at.to_string())
}
