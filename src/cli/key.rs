//! `turnkey key …`: the keys of a database, from the shell.

use std::io::Write;

use serde_json::{Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::{CommandError, Output};
use crate::gate::issue::{self, FIRST_NAME, IssueError};
use crate::gate::{ApiKeyValue, ApiKeyValueError};
use crate::store::keys::{ApiKey, KeyFilter};
use crate::store::{IdError, KeyId, Store, StoreError};

const PAGE_LENGTH: i64 = 500;

/// What can be done with keys.
#[derive(Clone, Debug, clap::Subcommand)]
pub enum KeyCommand {
    /// Make an enabled key and print its value: it is shown this once
    Create {
        /// What the key is called in lists and logs
        #[arg(long, value_name = "NAME")]
        name: Option<String>,
        /// The usage plan that the key is put in, by name
        #[arg(long, value_name = "NAME", default_value = FIRST_NAME)]
        plan: String,
    },
    /// List all keys, newest first
    List,
    /// Let a disabled key pass again
    Enable { id: String },
    /// Let a key pass no more, until it is enabled again
    Disable { id: String },
    /// Remove a key for good
    Delete { id: String },
}

/// Why a key command failed.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    #[error("{0:?} is no key id: {1}")]
    Id(String, IdError),
    #[error("there is no key {0}")]
    UnknownKey(KeyId),
    #[error("there is no usage plan called {0:?}")]
    UnknownPlan(String),
    #[error(transparent)]
    Value(#[from] ApiKeyValueError),
    #[error(transparent)]
    Issue(#[from] IssueError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("cannot print: {0}")]
    Output(#[from] std::io::Error),
}

impl From<KeyError> for CommandError {
    fn from(error: KeyError) -> CommandError {
        match error {
            KeyError::Id(..) | KeyError::Value(_) => CommandError::usage(error),
            KeyError::UnknownKey(_)
            | KeyError::UnknownPlan(_)
            | KeyError::Issue(_)
            | KeyError::Store(_)
            | KeyError::Output(_) => CommandError::new(error),
        }
    }
}

/// Does what the command says and prints the outcome to `out`.
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
            let key = switch(store, &id, Switch::On).await?;
            print_key(&key, "enabled", output, out)
        }
        KeyCommand::Disable { id } => {
            let key = switch(store, &id, Switch::Off).await?;
            print_key(&key, "disabled", output, out)
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
    let plan_id = store
        .plan_named(plan)
        .await?
        .ok_or_else(|| KeyError::UnknownPlan(plan.to_owned()))?;
    let mut key = issue::new_key("");
    key.name = name;
    let value = ApiKeyValue::generate();
    let created = issue::create_key(store, &key, &value, Some(&plan_id)).await?;
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

#[derive(Clone, Copy)]
enum Switch {
    On,
    Off,
}

async fn switch(store: &Store, id: &str, to: Switch) -> Result<ApiKey, KeyError> {
    let id = parse_id(id)?;
    let change = store.change().await?;
    let Some(key) = change.key(&id).await? else {
        return Err(KeyError::UnknownKey(id));
    };
    let mut settings = key.settings();
    settings.enabled = match to {
        Switch::On => true,
        Switch::Off => false,
    };
    let updated = change.update_key(&settings).await?;
    change.commit().await?;
    updated.ok_or(KeyError::UnknownKey(id))
}

async fn delete(
    store: &Store,
    id: &str,
    output: Output,
    out: &mut (dyn Write + Send),
) -> Result<(), KeyError> {
    let id = parse_id(id)?;
    let change = store.change().await?;
    let deleted = change.delete_key(&id).await?;
    change.commit().await?;
    if !deleted {
        return Err(KeyError::UnknownKey(id));
    }
    match output {
        Output::People => writeln!(out, "{id} deleted")?,
        Output::Json => writeln!(out, "{}", json!({ "id": id }))?,
    }
    Ok(())
}

fn parse_id(text: &str) -> Result<KeyId, KeyError> {
    text.parse()
        .map_err(|error| KeyError::Id(text.to_owned(), error))
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

/// To the second, which is enough for people and programs here.
fn date(at: OffsetDateTime) -> String {
    let at = at.replace_nanosecond(0).unwrap_or(at);
    at.format(&Rfc3339).unwrap_or_else(|_| at.to_string())
}
