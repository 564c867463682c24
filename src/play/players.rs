//! Creates, shows and renames players, and finds the player that a token names. `deletion` deletes
//! them.

use std::collections::HashSet;

use super::create::{OwnedKey, judge_earlier};
use super::view::{NewPlayerView, PlayerView};
use super::{Answer, Answered, Caller, Play, PlayError, PlayerName, RequestKey, Success};
use crate::game::PlayerId;
use crate::store::{Person, Reservation, Reserved};

impl Play {
    /// The player that a token names; `None` if the call bears none. `bearer` is the token alone,
    /// without the word `Bearer`.
    ///
    /// # Errors
    /// [`PlayError::PlayerTokenInvalid`] if this deployment did not sign the token, or its player
    /// was deleted.
    pub async fn authenticate(&self, bearer: Option<&str>) -> Result<Option<PlayerId>, PlayError> {
        let Some(token) = bearer else {
            return Ok(None);
        };
        let player = self.inner.tokens.verify(token)?;
        if self.players_existing(&[player]).await?.contains(&player) {
            Ok(Some(player))
        } else {
            Err(PlayError::PlayerTokenInvalid)
        }
    }

    /// The player whose account a call asks to delete. A player who is deleted already is accepted,
    /// so that the call can be repeated.
    ///
    /// # Errors
    /// [`PlayError::PlayerTokenInvalid`] if this deployment did not sign the token.
    pub fn authenticate_leaving(
        &self,
        bearer: Option<&str>,
    ) -> Result<Option<PlayerId>, PlayError> {
        bearer
            .map(|token| self.inner.tokens.verify(token))
            .transpose()
    }

    /// The given players without those whose account is deleted or being deleted.
    pub async fn players_existing(
        &self,
        players: &[PlayerId],
    ) -> Result<HashSet<PlayerId>, PlayError> {
        Ok(self.inner.store.living_players(players).await?)
    }

    /// Creates a player and signs a token for them. A repeat with the same key gets the same
    /// player.
    ///
    /// # Errors
    /// [`PlayError::IdempotencyKeyReused`] if the key came before with another body.
    pub async fn create_player(
        &self,
        caller: &Caller,
        name: Option<PlayerName>,
        key: Option<RequestKey>,
    ) -> Answered<NewPlayerView> {
        let (play, caller) = (self.clone(), caller.clone());
        self.carry_through(async move { play.new_player(caller, name, key).await })
            .await
    }

    async fn new_player(
        &self,
        caller: Caller,
        name: Option<PlayerName>,
        key: Option<RequestKey>,
    ) -> Answered<NewPlayerView> {
        let key = key.map(|key| OwnedKey::new(&key, &caller, "POST /players"));
        let player = PlayerId(self.new_id());
        let name = name.as_ref().map(PlayerName::as_str);
        let reservation = Reservation {
            key: key.as_ref().map(OwnedKey::as_stored),
            stage: &caller.stage,
            player: Person::New { id: player, name },
            game: None,
            invite: None,
        };
        let (player, replayed) = match self.inner.store.reserve(reservation).await? {
            Reserved::Now => (player, false),
            Reserved::Before(earlier) => (judge_earlier(key.as_ref(), earlier)?.player, true),
            Reserved::InviteTaken => return Err(PlayError::NOTHING_SENT),
        };
        Ok(Answer {
            value: NewPlayerView {
                player_id: player,
                name: name.map(str::to_owned),
                token: self.inner.tokens.sign(player),
            },
            success: Success::Created,
            replayed,
        })
    }

    /// The caller's id and name.
    pub async fn read_player(&self, caller: &Caller) -> Answered<PlayerView> {
        let player = caller.player()?;
        let mut found = self.inner.store.players(&[player]).await?;
        let name = found.remove(&player).ok_or(PlayError::PlayerTokenInvalid)?;
        Ok(Answer::done(PlayerView {
            player_id: player,
            name,
        }))
    }

    /// Gives the caller a new name.
    pub async fn rename_player(&self, caller: &Caller, name: PlayerName) -> Answered<PlayerView> {
        let player = caller.player()?;
        let play = self.clone();
        self.carry_through(async move {
            let store = &play.inner.store;
            if !store.rename_player(player, name.as_str()).await? {
                return Err(PlayError::PlayerTokenInvalid);
            }
            Ok(Answer::done(PlayerView {
                player_id: player,
                name: Some(name.as_str().to_owned()),
            }))
        })
        .await
    }
}
