//! The one API and what is set for its methods, deployed or not.

use time::OffsetDateTime;
use tokio_postgres::Row;
use tokio_postgres::types::Json;

use super::{column, json};
use crate::store::keys::Tags;
use crate::store::{Change, Store, StoreError, sql};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiSettings {
    pub name: String,
    pub description: Option<String>,
    pub tags: Tags,
    pub created_at: OffsetDateTime,
}

/// What an operator has set for a method. One without a setting needs a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MethodSetting {
    pub path: String,
    pub verb: String,
    pub api_key_required: bool,
}

impl Store {
    pub async fn api(&self) -> Result<ApiSettings, StoreError> {
        api(&self.read_one(sql::find_rest_api, &[]).await?)
    }

    pub async fn method_settings(&self) -> Result<Vec<MethodSetting>, StoreError> {
        let rows = self.read(sql::list_methods, &[]).await?;
        rows.iter().map(method).collect()
    }
}

impl Change {
    pub async fn api(&self) -> Result<ApiSettings, StoreError> {
        let rows = self.query(sql::find_rest_api, &[]).await?;
        let gone = || StoreError::Corrupt("the API's row is gone".into());
        api(rows.first().ok_or_else(gone)?)
    }

    pub async fn update_api(&self, api: &ApiSettings) -> Result<(), StoreError> {
        self.query(
            sql::update_rest_api,
            &[&api.name, &api.description, &Json(&api.tags)],
        )
        .await?;
        Ok(())
    }

    pub async fn method_settings(&self) -> Result<Vec<MethodSetting>, StoreError> {
        let rows = self.query(sql::list_methods, &[]).await?;
        rows.iter().map(method).collect()
    }

    pub async fn put_method(&self, method: &MethodSetting) -> Result<(), StoreError> {
        self.query(
            sql::put_method,
            &[&method.path, &method.verb, &method.api_key_required],
        )
        .await?;
        Ok(())
    }
}

fn api(row: &Row) -> Result<ApiSettings, StoreError> {
    Ok(ApiSettings {
        name: row.get("name"),
        description: row.get("description"),
        tags: json(row, "tags")?,
        created_at: row.get("created_at"),
    })
}

fn method(row: &Row) -> Result<MethodSetting, StoreError> {
    Ok(MethodSetting {
        path: column(row, "path")?,
        verb: column(row, "verb")?,
        api_key_required: column(row, "api_key_required")?,
    })
}
