//! Who is behind a player token: an id and, where given, a name.

use std::collections::HashMap;

use super::{Store, StoreError, sql};
use crate::game::PlayerId;

/// The players that exist, each with the name they gave, if any.
pub type Names = HashMap<PlayerId, Option<String>>;

impl Store {
    /// Those of `players` who are not deleted.
    pub async fn players(&self, players: &[PlayerId]) -> Result<Names, StoreError> {
        if players.is_empty() {
            return Ok(Names::new());
        }
        let ids: Vec<uuid::Uuid> = players.iter().map(|player| player.0).collect();
        let rows = self.read(sql::players_read, &[&ids]).await?;
        let named = |row: &tokio_postgres::Row| (PlayerId(row.get(0)), row.get(1));
        Ok(rows.iter().map(named).collect())
    }

    /// Whether there is such a player.
    pub async fn rename_player(&self, player: PlayerId, name: &str) -> Result<bool, StoreError> {
        let rows = self.write(sql::player_rename, &[&player.0, &name]).await?;
        Ok(!rows.is_empty())
    }

    /// Whether there was such a player.
    pub async fn delete_player(&self, player: PlayerId) -> Result<bool, StoreError> {
        let rows = self.write(sql::player_delete, &[&player.0]).await?;
        Ok(!rows.is_empty())
    }
}
