//! Whole deployments and stages.

use std::collections::BTreeMap;

use time::OffsetDateTime;
use tokio_postgres::Row;
use tokio_postgres::types::Json;

use super::{After, json, split_after};
use crate::config::StageName;
use crate::store::keys::Tags;
use crate::store::{Change, DeploymentId, Store, StoreError, sql};

/// A snapshot of the settings. It never changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deployment {
    /// The id of the deployment.
    pub id: DeploymentId,
    /// The description.
    pub description: Option<String>,
    /// Whether a method needs a key, by path and verb. A method that is missing needs one.
    pub methods: BTreeMap<String, BTreeMap<String, bool>>,
    /// The rules version of new games, by variant.
    pub rules: BTreeMap<String, u16>,
    /// When it was created.
    pub created_at: OffsetDateTime,
}

/// A stage with the deployment that it points to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stage {
    /// The name of the stage.
    pub name: StageName,
    /// The deployment that it points to.
    pub deployment: DeploymentId,
    /// The description.
    pub description: Option<String>,
    /// The variables that were set.
    pub variables: BTreeMap<String, String>,
    /// Its tags.
    pub tags: Tags,
    /// When it was created.
    pub created_at: OffsetDateTime,
    /// When it was last changed.
    pub updated_at: OffsetDateTime,
}

impl Store {
    /// The deployment with that id.
    pub async fn deployment(&self, id: &DeploymentId) -> Result<Option<Deployment>, StoreError> {
        let rows = self.read(sql::find_deployment, &[&id.as_str()]).await?;
        rows.first().map(deployment).transpose()
    }

    /// At most `limit` deployments, newest first.
    pub async fn deployments(
        &self,
        after: Option<&After>,
        limit: i64,
    ) -> Result<Vec<Deployment>, StoreError> {
        let (at, id) = split_after(after);
        let rows = self
            .read(sql::list_deployments, &[&at, &id, &limit])
            .await?;
        rows.iter().map(deployment).collect()
    }

    /// All stages, oldest first. There are few.
    pub async fn stages(&self) -> Result<Vec<Stage>, StoreError> {
        let rows = self.read(sql::list_stages, &[]).await?;
        rows.iter().map(stage).collect()
    }
}

impl Change {
    /// The deployment with that id.
    pub async fn deployment(&self, id: &DeploymentId) -> Result<Option<Deployment>, StoreError> {
        let rows = self.query(sql::find_deployment, &[&id.as_str()]).await?;
        rows.first().map(deployment).transpose()
    }

    /// The deployment that was made last.
    pub async fn newest_deployment(&self) -> Result<Option<Deployment>, StoreError> {
        let (at, id) = split_after(None);
        let rows = self
            .query(sql::list_deployments, &[&at, &id, &1i64])
            .await?;
        rows.first().map(deployment).transpose()
    }

    /// Changes the description of a deployment.
    pub async fn describe_deployment(
        &self,
        id: &DeploymentId,
        description: Option<&str>,
    ) -> Result<(), StoreError> {
        self.query(sql::update_deployment, &[&id.as_str(), &description])
            .await?;
        Ok(())
    }

    /// Deletes a deployment.
    pub async fn delete_deployment(&self, id: &DeploymentId) -> Result<(), StoreError> {
        self.query(sql::delete_deployment, &[&id.as_str()]).await?;
        Ok(())
    }

    /// Every stage.
    pub async fn stages(&self) -> Result<Vec<Stage>, StoreError> {
        let rows = self.query(sql::list_stages, &[]).await?;
        rows.iter().map(stage).collect()
    }

    /// The stage of that name.
    pub async fn stage(&self, name: &str) -> Result<Option<Stage>, StoreError> {
        let mut stages = self.stages().await?.into_iter();
        Ok(stages.find(|stage| stage.name.as_str() == name))
    }

    /// Adds or replaces a stage. The database sets its times.
    pub async fn put_stage(&self, stage: &Stage) -> Result<(), StoreError> {
        self.query(
            sql::put_stage,
            &[
                &stage.name.as_str(),
                &stage.deployment.as_str(),
                &stage.description,
                &Json(&stage.variables),
                &Json(&stage.tags),
            ],
        )
        .await?;
        Ok(())
    }

    /// Removes a stage, and removes it from every plan. Its games stay in the log.
    pub async fn delete_stage(&self, name: &StageName) -> Result<(), StoreError> {
        self.query(sql::delete_stage, &[&name.as_str()]).await?;
        Ok(())
    }
}

fn deployment(row: &Row) -> Result<Deployment, StoreError> {
    Ok(Deployment {
        id: DeploymentId::stored(row.get("id")),
        description: row.get("description"),
        methods: json(row, "methods")?,
        rules: json(row, "rules")?,
        created_at: row.get("created_at"),
    })
}

fn stage(row: &Row) -> Result<Stage, StoreError> {
    let name: &str = row.get("name");
    Ok(Stage {
        name: name
            .parse()
            .map_err(|error| StoreError::Corrupt(format!("stage {name:?}: {error}")))?,
        deployment: DeploymentId::stored(row.get("deployment_id")),
        description: row.get("description"),
        variables: json(row, "variables")?,
        tags: json(row, "tags")?,
        created_at: row.get("created_at"),
        updated_at: row.get("updated_at"),
    })
}
