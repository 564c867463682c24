//! Rows that are written before a game's event because they are not part of events: the idempotency
//! key with the ids it stands for, the invite, and the player. One statement writes all or none.
//!
//! A crash between a reservation and its event leaves the reservation behind. It names the ids under
//! which the event is still to be recorded.

use std::time::Duration;

use super::{Store, StoreError, sql};
use crate::config::StageName;
use crate::game::{GameId, PlayerId};

/// The rows to write before an event.
#[derive(Clone, Copy, Debug)]
pub struct Reservation<'a> {
    /// The idempotency key, if the call has one.
    pub key: Option<ReservedKey<'a>>,
    /// The stage of the call.
    pub stage: &'a StageName,
    /// The player who calls.
    pub player: Person<'a>,
    /// The game that the call makes, if it makes one.
    pub game: Option<GameId>,
    /// The code of the invite to make, as it is stored.
    pub invite: Option<&'a str>,
}

/// An idempotency key: digests of whose it is and of the body that it came with.
#[derive(Clone, Copy, Debug)]
pub struct ReservedKey<'a> {
    /// A digest of the key and its scope.
    pub scope: &'a [u8],
    /// As the release before would have made it, where that is another one.
    pub former_scope: Option<&'a [u8]>,
    /// A digest of the request.
    pub body_digest: &'a [u8],
}

/// The player who makes the reservation.
#[derive(Clone, Copy, Debug)]
pub enum Person<'a> {
    /// A player who is to be made.
    New {
        /// The id of the player.
        id: PlayerId,
        /// The player's name, if one was given.
        name: Option<&'a str>,
    },
    /// A player who exists, and gets `name` if there is one.
    Known {
        /// The id of the player.
        id: PlayerId,
        /// The player's new name, if one was given.
        name: Option<&'a str>,
    },
}

/// The outcome of a reservation.
#[derive(Clone, Debug)]
pub enum Reserved {
    /// Everything is written.
    Now,
    /// The key is reserved already; nothing was written.
    Before(Earlier),
    /// The invite's code is in use; nothing was written.
    InviteTaken,
}

/// An earlier reservation under the same key.
#[derive(Clone, Debug)]
pub struct Earlier {
    /// A digest of the earlier request.
    pub body_digest: Vec<u8>,
    /// The player of the earlier call.
    pub player: PlayerId,
    /// The game that the earlier call made, if it made one.
    pub game: Option<GameId>,
    /// How long ago it was made.
    pub age: Duration,
}

impl Store {
    /// Reserves what an event needs.
    pub async fn reserve(&self, reservation: Reservation<'_>) -> Result<Reserved, StoreError> {
        let Reservation {
            key,
            stage,
            player,
            game,
            invite,
        } = reservation;
        if let Some(former) = key.and_then(|key| key.former_scope)
            && let Some(earlier) = self.read_reservation(former).await?
        {
            return Ok(Reserved::Before(earlier));
        }
        let scope = key.map(|key| key.scope);
        let body_digest = key.map(|key| key.body_digest);
        let game = game.map(|game| game.0);
        let (id, name, is_new) = match player {
            Person::New { id, name } => (id.0, name, true),
            Person::Known { id, name } => (id.0, name, false),
        };
        let stage = stage.as_str();
        let written = self
            .write(
                sql::reserve,
                &[
                    &scope,
                    &body_digest,
                    &id,
                    &game,
                    &stage,
                    &invite,
                    &name,
                    &is_new,
                ],
            )
            .await;
        match (written, scope) {
            (Err(StoreError::Conflict(_)), _) => Ok(Reserved::InviteTaken),
            (Err(error), _) => Err(error),
            (Ok(rows), Some(scope)) if rows.is_empty() => self.earlier(scope).await,
            (Ok(_), _) => Ok(Reserved::Now),
        }
    }

    async fn earlier(&self, scope: &[u8]) -> Result<Reserved, StoreError> {
        let earlier = self.read_reservation(scope).await?;
        // It was given back, or ran out, since. A repeat of the call reserves it anew.
        let gone = || StoreError::Unreachable("a reservation has just gone".into());
        earlier.map(Reserved::Before).ok_or_else(gone)
    }

    async fn read_reservation(&self, scope: &[u8]) -> Result<Option<Earlier>, StoreError> {
        let rows = self.read(sql::request_key_read, &[&scope]).await?;
        Ok(rows.first().map(|row| Earlier {
            body_digest: row.get("body_digest"),
            player: PlayerId(row.get("player_id")),
            game: row.get::<_, Option<uuid::Uuid>>("game_id").map(GameId),
            age: Duration::try_from_secs_f64(row.get("age_seconds")).unwrap_or_default(),
        }))
    }

    /// Undoes a reservation whose command was refused; a new player who was made for it goes too.
    pub async fn release(
        &self,
        key: Option<ReservedKey<'_>>,
        player: Person<'_>,
    ) -> Result<(), StoreError> {
        let scope = key.map(|key| key.scope);
        let (id, is_new) = match player {
            Person::New { id, .. } => (id.0, true),
            Person::Known { id, .. } => (id.0, false),
        };
        self.write(sql::request_key_release, &[&scope, &id, &is_new])
            .await
            .map(|_| ())
    }

    /// Deletes at most `limit` reservations that are older than a day; how many.
    pub async fn sweep_request_keys(&self, limit: i64) -> Result<usize, StoreError> {
        Ok(self.write(sql::request_keys_sweep, &[&limit]).await?.len())
    }
}

impl Person<'_> {
    /// The id of the player.
    pub fn id(&self) -> PlayerId {
        match self {
            Person::New { id, .. } | Person::Known { id, .. } => *id,
        }
    }
}
