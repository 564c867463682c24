//! Rows that are written before a game's event because they are not part of it: the idempotency key
//! with its ids, the invite, and the player. One statement writes all or none.
//!
//! A crash between a reservation and its event leaves the reservation behind. It contains the ids under
//! which the event can still be recorded.

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
    /// The invite code to create, in its stored form.
    pub invite: Option<&'a str>,
}

/// An idempotency key: a digest of its owner and key, and a digest of the request's body.
#[derive(Clone, Copy, Debug)]
pub struct ReservedKey<'a> {
    /// A digest of the key and its scope.
    pub scope: &'a [u8],
    /// The digest that the previous release would have made, if it differs.
    pub former_scope: Option<&'a [u8]>,
    /// A digest of the request.
    pub body_digest: &'a [u8],
}

/// The player who makes the reservation.
#[derive(Clone, Copy, Debug)]
pub enum Person<'a> {
    /// A new player.
    New {
        /// The id of the player.
        id: PlayerId,
        /// The player's name, if one was given.
        name: Option<&'a str>,
    },
    /// An existing player, with a new name if one was given.
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
    /// The key is already reserved. Nothing was written.
    Before(Earlier),
    /// The invite's code is in use. Nothing was written.
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
    /// Reserves the rows that an event needs.
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
        // It was released, or expired, in the meantime. A repeat of the call makes a new reservation.
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

    /// Undoes a reservation whose command was refused. A player that was made for it is deleted too.
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

    /// Deletes at most `limit` reservations that are older than a day. Returns their number.
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
