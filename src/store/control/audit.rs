//! The audit: every change with its author. An entry is written in the transaction of its change.

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

/// A change to record. Neither `before` nor `after` contains secrets.
#[derive(Clone, Debug)]
pub struct AuditEntry<'a> {
    /// The credential that made the change.
    pub actor: &'a Actor,
    /// The operation's name at API Gateway, such as `UpdateUsagePlan`.
    pub action: &'a str,
    /// The path of the changed thing, such as `/usageplans/abc`.
    pub target: &'a str,
    /// `None` if this change created it.
    pub before: Option<Value>,
    /// `None` if this change removed it.
    pub after: Option<Value>,
}

/// A recorded change.
#[derive(Clone, Debug, PartialEq)]
pub struct Audited {
    /// The number of the entry.
    pub id: i64,
    /// When the change was made.
    pub at: OffsetDateTime,
    /// The credential that made the change.
    pub actor: String,
    /// The operation.
    pub action: String,
    /// The thing that was changed.
    pub target: String,
    /// The state before the change, without secrets.
    pub before: Option<Value>,
    /// The state after the change, without secrets.
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
    /// At most `limit` changes, newest first. `before_id` limits them to those recorded before it.
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
