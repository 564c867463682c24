//! The settings of the API and of its methods, deployed or not.

use time::OffsetDateTime;
use tokio_postgres::Row;
use tokio_postgres::types::Json;

use super::{column, json};
use crate::store::keys::Tags;
use crate::store::{Change, Store, StoreError, sql};

/// The settings of the API.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiSettings {
    /// Its name.
    pub name: String,
    /// Its description.
    pub description: Option<String>,
    /// Its tags.
    pub tags: Tags,
    /// When it was created.
    pub created_at: OffsetDateTime,
}

/// An operator's setting of a method. A method without a setting needs a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MethodSetting {
    /// The path, as in the table of calls.
    pub path: String,
    /// The HTTP method.
    pub verb: String,
    /// Whether it needs a key once it is deployed.
    pub api_key_required: bool,
}

impl Store {
    /// The settings of the API.
    pub async fn api(&self) -> Result<ApiSettings, StoreError> {
        api(&self.read_one(sql::find_rest_api, &[]).await?)
    }

    /// The methods whose setting has been changed.
    pub async fn method_settings(&self) -> Result<Vec<MethodSetting>, StoreError> {
        let rows = self.read(sql::list_methods, &[]).await?;
        rows.iter().map(method).collect()
    }
}

impl Change {
    /// The settings of the API.
    pub async fn api(&self) -> Result<ApiSettings, StoreError> {
        let rows = self.query(sql::find_rest_api, &[]).await?;
        let gone = || StoreError::Corrupt("the API's row is gone".into());
        api(rows.first().ok_or_else(gone)?)
    }

    /// Writes the settings of the API.
    pub async fn update_api(&self, api: &ApiSettings) -> Result<(), StoreError> {
        self.query(
            sql::update_rest_api,
            &[&api.name, &api.description, &Json(&api.tags)],
        )
        .await?;
        Ok(())
    }

    /// The methods whose setting has been changed.
    pub async fn method_settings(&self) -> Result<Vec<MethodSetting>, StoreError> {
        let rows = self.query(sql::list_methods, &[]).await?;
        rows.iter().map(method).collect()
    }

    /// Writes the setting of a method.
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
