//! Invites: the codes that let the second player into a game.

use std::collections::HashMap;

use super::{Store, StoreError, sql};
use crate::config::StageName;
use crate::game::GameId;

impl Store {
    /// The game on a stage that `code` invites to.
    pub async fn find_invite(
        &self,
        code: &str,
        stage: &StageName,
    ) -> Result<Option<GameId>, StoreError> {
        let rows = self
            .read(sql::invite_find, &[&code, &stage.as_str()])
            .await?;
        Ok(rows.first().map(|row| GameId(row.get(0))))
    }

    /// The invites of `games`. A game may have none.
    pub async fn invites_of(
        &self,
        games: &[GameId],
    ) -> Result<HashMap<GameId, String>, StoreError> {
        if games.is_empty() {
            return Ok(HashMap::new());
        }
        let ids: Vec<uuid::Uuid> = games.iter().map(|game| game.0).collect();
        let rows = self.read(sql::invites_of_games, &[&ids]).await?;
        let invites = rows.iter().map(|row| (GameId(row.get(0)), row.get(1)));
        Ok(invites.collect())
    }

    /// Deletes at most `limit` day-old invites to games that were never made. Returns their number.
    pub async fn sweep_invites(&self, limit: i64) -> Result<usize, StoreError> {
        Ok(self.write(sql::invites_sweep, &[&limit]).await?.len())
    }
}
