//! Seals the seeds of games of chance, so that whoever reads the database cannot tell the dice.
//!
//! A seed is sealed under a data key. The database holds each data key wrapped under `TURNKEY_SECRET`,
//! and under the secret before it while there is one. So a new secret changes no event: the start
//! that first knows it wraps the data keys anew. See docs/adr/0008-sealed-seeds.md.

#![warn(missing_docs)]

mod root;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;

use crate::game::{Commitment, GameId, Promise, SealedSeed, Seed};
use crate::store::{DataKeyChange, Store, StoreError, WrappedKey};
use root::Root;

/// Seals and opens seeds. Cheap to clone; its `Debug` prints nothing.
#[derive(Clone)]
pub struct Seals {
    inner: Arc<Inner>,
}

struct Inner {
    store: Store,
    secrets: Secrets,
    keys: RwLock<Keys>,
}

/// The roots that wrap data keys.
struct Secrets {
    current: Root,
    previous: Option<Root>,
}

/// The data keys that were opened, by their numbers. New seeds are sealed under the last one.
type Keys = BTreeMap<i32, Arc<Root>>;

/// Why a seed cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum SealError {
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Its data key was wrapped under secrets that this server was not started with.
    #[error(
        "the seed is sealed under data key {0}, which neither TURNKEY_SECRET nor \
         TURNKEY_SECRET_PREVIOUS opens: start with the secret of that time as \
         TURNKEY_SECRET_PREVIOUS"
    )]
    NoKey(i32),
    /// It was changed, or is another game's.
    #[error("the sealed seed is not the one that was recorded: take the game from a backup")]
    Changed,
}

impl Seals {
    /// Reads the data keys, and wraps them under `secret` where `previous` opens them. Makes one
    /// where there is none that can be opened.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn open(
        store: &Store,
        secret: &[u8],
        previous: Option<&[u8]>,
    ) -> Result<Seals, StoreError> {
        let secrets = Secrets {
            current: Root::of_secret(secret),
            previous: previous.map(Root::of_secret),
        };
        store
            .change_wrapped_keys(|wrapped| secrets.settle(wrapped))
            .await?;
        let wrapped = store.wrapped_keys().await?;
        let keys = secrets.unwrap(&wrapped);
        let unknown = wrapped.iter().filter(|row| !keys.contains_key(&row.key));
        for key in unknown.map(|row| row.key) {
            let error = SealError::NoKey(key);
            tracing::warn!(%error, "games of chance may stand still");
        }
        Ok(Seals {
            inner: Arc::new(Inner {
                store: store.clone(),
                secrets,
                keys: RwLock::new(keys),
            }),
        })
    }

    /// A seed for `game` from the system's random source, and the promise that binds to it.
    pub fn draw(&self, game: GameId) -> (Seed, Promise) {
        let seed = Seed::new(root::random());
        let commitment = seed.commitment();
        let keys = self.inner.keys.read();
        let keys = keys.unwrap_or_else(PoisonError::into_inner);
        // Every start makes sure that there is one.
        let (number, key) = keys.last_key_value().expect("there is a data key");
        let sealed = key.seal(&purpose(&game, &commitment), seed.expose());
        let bytes = [&number.to_be_bytes(), &sealed[..]].concat();
        let sealed = SealedSeed(BASE64_URL_SAFE_NO_PAD.encode(bytes));
        (seed, Promise { commitment, sealed })
    }

    /// The seed of `game` that it was promised.
    ///
    /// # Errors
    /// Where it cannot be opened.
    pub async fn open_seed(&self, game: GameId, promise: &Promise) -> Result<Seed, SealError> {
        let sealed = BASE64_URL_SAFE_NO_PAD.decode(&promise.sealed.0);
        let sealed = sealed.map_err(|_| SealError::Changed)?;
        let (number, sealed) = sealed.split_first_chunk().ok_or(SealError::Changed)?;
        let key = self.key(i32::from_be_bytes(*number)).await?;
        let seed = key.open(&purpose(&game, &promise.commitment), sealed);
        seed.map(Seed::new).ok_or(SealError::Changed)
    }

    /// A data key. One that this instance does not know may be new: another instance made it.
    async fn key(&self, number: i32) -> Result<Arc<Root>, SealError> {
        if let Some(key) = self.known(number) {
            return Ok(key);
        }
        let wrapped = self.inner.store.wrapped_keys().await?;
        let keys = self.inner.secrets.unwrap(&wrapped);
        let found = keys.get(&number).cloned();
        // A map is whole in any case.
        let known = self.inner.keys.write();
        known.unwrap_or_else(PoisonError::into_inner).extend(keys);
        found.ok_or(SealError::NoKey(number))
    }

    fn known(&self, number: i32) -> Option<Arc<Root>> {
        let keys = self.inner.keys.read();
        keys.unwrap_or_else(PoisonError::into_inner)
            .get(&number)
            .cloned()
    }
}

impl Secrets {
    /// What a start does with the rows: afterwards each key that it can open is wrapped under its
    /// own secret.
    ///
    /// What it cannot open and is older than its own row goes: that secret is out of use. A later
    /// row stays: it is of a newer secret, and an instance with the old one has been started again
    /// while a rotation is under way.
    fn settle(&self, rows: &[WrappedKey]) -> DataKeyChange {
        let mut change = DataKeyChange::default();
        let mut newest = 0;
        let mut opened = BTreeMap::new();
        for row in rows {
            newest = newest.max(row.key);
            if let Some(key) = self.unwrap_one(row) {
                opened.insert(row.key, key);
            }
        }
        if opened.is_empty() {
            let key = root::random();
            change.add.push((newest + 1, self.wrap(newest + 1, &key)));
            return change;
        }
        for (number, key) in opened {
            let of_key = || rows.iter().filter(|row| row.key == number);
            let own = of_key().find(|row| self.current.unwrap(row).is_some());
            if own.is_none() {
                change.add.push((number, self.wrap(number, &key)));
            }
            let last = own.map_or(i64::MAX, |row| row.id);
            let gone = of_key().filter(|row| row.id < last && self.unwrap_one(row).is_none());
            change.remove.extend(gone.map(|row| row.id));
        }
        change
    }

    fn unwrap(&self, rows: &[WrappedKey]) -> Keys {
        let opened =
            |row: &WrappedKey| Some((row.key, Arc::new(Root::of_key(&self.unwrap_one(row)?))));
        rows.iter().filter_map(opened).collect()
    }

    fn unwrap_one(&self, row: &WrappedKey) -> Option<[u8; 32]> {
        let by_previous = || self.previous.as_ref()?.unwrap(row);
        self.current.unwrap(row).or_else(by_previous)
    }

    fn wrap(&self, number: i32, key: &[u8; 32]) -> Vec<u8> {
        self.current.seal(&wrapping(&number.to_be_bytes()), key)
    }
}

impl Root {
    fn unwrap(&self, row: &WrappedKey) -> Option<[u8; 32]> {
        self.open(&wrapping(&row.key.to_be_bytes()), &row.wrapped)
    }
}

fn wrapping(number: &[u8; 4]) -> [&[u8]; 2] {
    [b"turnkey/data-key/1", number]
}

/// A sealed seed is of one game and for one commitment.
fn purpose<'a>(game: &'a GameId, commitment: &'a Commitment) -> [&'a [u8]; 3] {
    [b"turnkey/seed/1", game.0.as_bytes(), commitment.as_bytes()]
}

impl fmt::Debug for Seals {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Seals")
    }
}
