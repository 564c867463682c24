//! The audit: who changed what. An entry is written in the transaction of its change.

use std::fmt;

use serde_json::Value;
use time::OffsetDateTime;

use crate::store::{Change, Store, StoreError, sql};

/// The credential behind a change: an access key id, `bearer`, or `cli`. Never a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor(String);

impl Actor {
    /// The command line, working on the database itself.
    pub fn command_line() -> Actor {
        Actor("cli".into())
    }

    /// The holder of the control plane's bearer token.
    pub fn bearer() -> Actor {
        Actor("bearer".into())
    }

    /// The holder of the secret that belongs to an access key id.
    pub fn access_key(id: &str) -> Actor {
        Actor(id.into())
    }
}

impl fmt::Display for Actor {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// A change, to be recorded. Neither picture holds secrets.
#[derive(Clone, Debug)]
pub struct AuditEntry<'a> {
    /// The credential that made the change.
    pub actor: &'a Actor,
    /// The operation's name at API Gateway, such as `UpdateUsagePlan`.
    pub action: &'a str,
    /// The path of what was changed, such as `/usageplans/abc`.
    pub target: &'a str,
    /// `None` where it was made by this change.
    pub before: Option<Value>,
    /// `None` where it was removed.
    pub after: Option<Value>,
}

/// A change that was recorded.
#[derive(Clone, Debug, PartialEq)]
pub struct Audited {
    /// Number of the entry.
    pub id: i64,
    /// When the change was made.
    pub at: OffsetDateTime,
    /// The credential that made the change.
    pub actor: String,
    /// The operation.
    pub action: String,
    /// The thing that was changed.
    pub target: String,
    /// How it was before, without secrets.
    pub before: Option<Value>,
    /// How it was afterwards, without secrets.
    pub after: Option<Value>,
}

impl Change {
    /// Records an entry in the same transaction as its change.
    pub async fn audit(&self, entry: &AuditEntry<'_>) -> Result<(), StoreError> {
        let actor = entry.actor.to_string();
        self.query(
            sql::insert_audit,
            &[
                &actor,
                &entry.action,
                &entry.target,
                &entry.before,
                &entry.after,
            ],
        )
        .await?;
        Ok(())
    }
}

impl Store {
    /// At most `limit` changes, newest first, only those recorded before `before_id`.
    pub async fn audited(
        &self,
        before_id: Option<i64>,
        limit: i64,
    ) -> Result<Vec<Audited>, StoreError> {
        let rows = self.read(sql::list_audit, &[&before_id, &limit]).await?;
        Ok(rows
            .iter()
            .map(|row| Audited {
                id: row.get("id"),
                at: row.get("at"),
                actor: row.get("actor"),
                action: row.get("action"),
                target: row.get("target"),
                before: row.get("before"),
                after: row.get("after"),
            })
            .collect())
    }
}
