//! Players: made, shown, renamed, deleted; and who a token names.

use super::create::{OwnedKey, judge_earlier};
use super::view::{NewPlayerView, PlayerView};
use super::{Answer, Answered, Caller, Play, PlayError, PlayerName, RequestKey, Success};
use crate::game::PlayerId;
use crate::store::{Person, Reservation, Reserved};

impl Play {
    /// The player that a token names; `None` where the call bears none. `bearer` is the token
    /// itself, without the word before it.
    ///
    /// # Errors
    /// [`PlayError::PlayerTokenInvalid`] where it is not ours, or its player was deleted.
    pub async fn authenticate(&self, bearer: Option<&str>) -> Result<Option<PlayerId>, PlayError> {
        let Some(token) = bearer else {
            return Ok(None);
        };
        let player = self.inner.tokens.verify(token)?;
        if self.player_exists(player).await? {
            Ok(Some(player))
        } else {
            Err(PlayError::PlayerTokenInvalid)
        }
    }

    /// Whether a player is not deleted.
    pub async fn player_exists(&self, player: PlayerId) -> Result<bool, PlayError> {
        let found = self.inner.store.players(&[player]).await?;
        Ok(found.contains_key(&player))
    }

    /// Those of `players` who are not deleted.
    pub async fn players_existing(&self, players: &[PlayerId]) -> Result<Vec<PlayerId>, PlayError> {
        Ok(self
            .inner
            .store
            .players(players)
            .await?
            .into_keys()
            .collect())
    }

    /// A new player with a token.
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

    /// Who the caller is.
    pub async fn read_player(&self, caller: &Caller) -> Answered<PlayerView> {
        let player = caller.player()?;
        let mut found = self.inner.store.players(&[player]).await?;
        let name = found.remove(&player).ok_or(PlayError::PlayerTokenInvalid)?;
        Ok(Answer::done(PlayerView {
            player_id: player,
            name,
        }))
    }

    /// Gives the caller another name.
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

    /// Deletes the caller's name and ends their tokens. Their games stay, without the name.
    pub async fn delete_player(&self, caller: &Caller) -> Answered<()> {
        let player = caller.player()?;
        let play = self.clone();
        self.carry_through(async move {
            // Whoever deleted the same player at the same time has done it as well.
            play.inner.store.delete_player(player).await?;
            Ok(Answer::done(()))
        })
        .await
    }
}
