//! Stages, and the deployments that they point to.

use std::collections::BTreeMap;

use tokio_postgres::types::Json;

use super::change::Change;
use super::{DeploymentId, StoreError, sql};
use crate::config::StageName;

impl Change {
    /// Takes a snapshot of the present settings: whether each method needs a key, and the version of each
    /// variant in `rules`.
    pub async fn insert_deployment(
        &self,
        deployment: &DeploymentId,
        description: Option<&str>,
        rules: &BTreeMap<String, u16>,
    ) -> Result<(), StoreError> {
        self.query(
            sql::insert_deployment,
            &[&deployment.as_str(), &description, &Json(rules)],
        )
        .await?;
        Ok(())
    }

    /// Adds a stage that points to a deployment.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] if a stage has this name.
    pub async fn insert_stage(
        &self,
        stage: &StageName,
        deployment: &DeploymentId,
    ) -> Result<(), StoreError> {
        self.query(sql::insert_stage, &[&stage.as_str(), &deployment.as_str()])
            .await?;
        Ok(())
    }
}
