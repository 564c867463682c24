//! Which key a value belongs to, remembered.
//!
//! What is remembered is which stored hash a value fits. That never turns wrong, so it never
//! expires: whether the hash is still stored, and what its key may do, is read from the snapshot
//! each time. That a value fits nothing does turn wrong when a key is made: it is believed for a
//! short time, and only under the very snapshot that it was found out under.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use moka::sync::Cache;
use rand::RngExt;
use sha2::{Digest as _, Sha256};

use super::snapshot::{Credential, Snapshot};
use super::verifier::{Digest, Overloaded, Question, Verifier};
use super::{ApiKeyValue, Refusal};
use crate::store::Lookup;

const REMEMBERED_FITS: u64 = 100_000;
const REMEMBERED_MISSES: u64 = 100_000;
const MISS_REMEMBERED_FOR: Duration = Duration::from_secs(10);

pub(super) struct Identities {
    /// Keeps what is remembered from being compared with anything outside this process.
    secret: [u8; 32],
    fits: Cache<Digest, Fit>,
    /// The serial of the snapshot under which a value fitted nothing.
    misses: Cache<Digest, u64>,
    verifier: Verifier,
}

#[derive(Clone)]
struct Fit {
    lookup: Lookup,
    phc: Arc<str>,
}

/// Why a value has no key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unidentified {
    Refused(Refusal),
    Overloaded,
}

impl From<Refusal> for Unidentified {
    fn from(refusal: Refusal) -> Unidentified {
        Unidentified::Refused(refusal)
    }
}

impl From<Overloaded> for Unidentified {
    fn from(_: Overloaded) -> Unidentified {
        Unidentified::Overloaded
    }
}

impl Identities {
    pub fn new(threads: NonZeroUsize) -> Identities {
        Identities {
            secret: rand::rng().random(),
            fits: Cache::new(REMEMBERED_FITS),
            misses: Cache::builder()
                .max_capacity(REMEMBERED_MISSES)
                .time_to_live(MISS_REMEMBERED_FOR)
                .build(),
            verifier: Verifier::start(threads),
        }
    }

    pub fn hashed(&self) -> u64 {
        self.verifier.hashed()
    }

    /// The stored value that `text` is, if that was found out before and is still stored.
    pub fn remembered(&self, text: &str, snapshot: &Snapshot) -> Option<Credential> {
        let digest = self.digest(text);
        let fit = self.fits.get(&digest)?;
        let credential = snapshot.credential(&fit.lookup, &fit.phc);
        if credential.is_none() {
            self.fits.invalidate(&digest);
        }
        credential.cloned()
    }

    /// The stored value that `text` is, found out by hashing where it must be.
    pub async fn find(
        &self,
        text: &str,
        snapshots: &ArcSwap<Snapshot>,
    ) -> Result<Credential, Unidentified> {
        let value = ApiKeyValue::parse(text).map_err(|_| Refusal::KeyMalformed)?;
        let digest = self.digest(text);
        loop {
            let snapshot = snapshots.load_full();
            let lookup = value.lookup(&snapshot.salt);
            let candidates = snapshot.candidates(&lookup);
            if candidates.is_empty() || self.misses.get(&digest) == Some(snapshot.serial) {
                return Err(Refusal::KeyUnknown.into());
            }
            let question = Question {
                digest,
                serial: snapshot.serial,
                value: value.clone(),
                lookup: lookup.clone(),
                phcs: candidates
                    .iter()
                    .map(|candidate| candidate.phc.clone())
                    .collect(),
            };
            let fit = self.verifier.ask(question).await?;
            let current = snapshots.load();
            match fit {
                Some(phc) => {
                    let credential = current.credential(&lookup, &phc).cloned();
                    self.fits.insert(digest, Fit { lookup, phc });
                    return credential.ok_or_else(|| Refusal::KeyUnknown.into());
                }
                None if current.serial == snapshot.serial => {
                    self.misses.insert(digest, snapshot.serial);
                    return Err(Refusal::KeyUnknown.into());
                }
                // A key may have been made meanwhile: ask again, among the present ones.
                None => {}
            }
        }
    }

    fn digest(&self, text: &str) -> Digest {
        Sha256::new()
            .chain_update(self.secret)
            .chain_update(text.as_bytes())
            .finalize()
            .into()
    }
}
