//! Finds the key that a value belongs to, and remembers it.
//!
//! It remembers which stored hash a value fits. That never becomes wrong, so it never expires. The
//! snapshot decides each time whether the hash is still stored and what its key may do. It also
//! remembers that a value fits no hash. That becomes wrong when a key is made, so it is remembered for
//! a short time only, and only for the same snapshot.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::num::NonZeroUsize;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;
use crossbeam_utils::sync::ShardedLock;
use moka::sync::Cache;
use rand::RngExt;
use siphasher::sip128::SipHasher24;

use super::snapshot::{Credential, Snapshot};
use super::verifier::{Digest, Overloaded, Question, Verifier};
use super::{ApiKeyValue, Refusal};
use crate::store::Lookup;

const REMEMBERED_FITS: usize = 100_000;
const REMEMBERED_MISSES: u64 = 100_000;
const MISS_REMEMBERED_FOR: Duration = Duration::from_secs(10);

pub(super) struct Identities {
    /// Keyed with a secret of this process. So no client can compute the digest of a value, search for two
    /// values with the same digest, or compare the remembered digests with others.
    keyed: SipHasher24,
    fits: Fits,
    /// The serial of the snapshot in which a value fitted no hash.
    misses: Cache<Digest, u64>,
    verifier: Verifier,
}

struct Fit {
    lookup: Lookup,
    phc: Arc<str>,
}

/// Every call reads it and hardly any call writes it. So its lock lets up to eight threads read without
/// sharing memory.
#[derive(Default)]
struct Fits(ShardedLock<HashMap<Digest, Fit, BuildHasherDefault<FirstBytes>>>);

/// Digests are as good as random, so their first bytes serve as the hash.
#[derive(Default)]
struct FirstBytes(u64);

/// The reason why a value has no key.
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
    /// Creates empty caches, and `threads` threads that verify values.
    pub fn new(threads: NonZeroUsize) -> Identities {
        let secret: [u8; 16] = rand::rng().random();
        Identities {
            keyed: SipHasher24::new_with_key(&secret),
            fits: Fits::default(),
            misses: Cache::builder()
                .max_capacity(REMEMBERED_MISSES)
                .time_to_live(MISS_REMEMBERED_FOR)
                .build(),
            verifier: Verifier::start(threads),
        }
    }

    /// The threads that verify values.
    pub fn verifier(&self) -> &Verifier {
        &self.verifier
    }

    /// The stored value that equals `text`, if the cache knows it and it is still stored.
    pub fn remembered<'a>(&self, text: &str, snapshot: &'a Snapshot) -> Option<&'a Credential> {
        let digest = self.digest(text);
        let credential = self.fits.credential(&digest, snapshot)?;
        if credential.is_none() {
            self.fits.forget(&digest);
        }
        credential
    }

    /// The stored value that equals `text`. Hashes `text` if the cache does not know it.
    pub async fn find(
        &self,
        text: &str,
        snapshots: &ArcSwap<Snapshot>,
    ) -> Result<Arc<Credential>, Unidentified> {
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
                // A key may have been made in the meantime, so ask again with the current keys.
                None => {}
            }
        }
    }

    fn digest(&self, text: &str) -> Digest {
        self.keyed.hash(text.as_bytes()).as_bytes()
    }
}

impl Fits {
    /// The stored hash that the value is known to fit; `None` if nothing is known, or it is gone.
    fn credential<'a>(
        &self,
        digest: &Digest,
        snapshot: &'a Snapshot,
    ) -> Option<Option<&'a Credential>> {
        let fits = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let fit = fits.get(digest)?;
        Some(snapshot.credential(&fit.lookup, &fit.phc).map(Arc::as_ref))
    }

    /// Remembers one more fit. If there is no room, it replaces any other.
    fn insert(&self, digest: Digest, fit: Fit) {
        let mut fits = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if fits.len() >= REMEMBERED_FITS
            && let Some(other) = fits.keys().next().copied()
        {
            fits.remove(&other);
        }
        fits.insert(digest, fit);
    }

    fn forget(&self, digest: &Digest) {
        let mut fits = self.0.write().unwrap_or_else(PoisonError::into_inner);
        fits.remove(digest);
    }
}

impl Hasher for FirstBytes {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        if let Some(first) = bytes.first_chunk() {
            self.0 = u64::from_ne_bytes(*first);
        }
    }

    /// The length of an array is written before its bytes. It is always the same, so it is ignored.
    fn write_usize(&mut self, _length: usize) {}
}
