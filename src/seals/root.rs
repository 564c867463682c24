//! What is sealed under a root can be opened under that root alone, for the purpose for which it was
//! sealed. Neither shows anything to who has not the root, and a changed byte is noticed.

use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::hkdf::{HKDF_SHA256, Prk, Salt};
use ring::rand::{SecureRandom, SystemRandom};

/// What other keys are derived from: a secret's, or a data key.
pub(super) struct Root(Prk);

/// Bytes from the system's random source.
pub(super) fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    SystemRandom::new()
        .fill(&mut bytes)
        // Without it no connection could be encrypted either.
        .expect("the system has a random source");
    bytes
}

impl Root {
    /// Of a secret of any length.
    pub(super) fn of_secret(secret: &[u8]) -> Root {
        Root(Salt::new(HKDF_SHA256, b"turnkey/secret/1").extract(secret))
    }

    /// Of a data key.
    pub(super) fn of_key(key: &[u8; 32]) -> Root {
        Root(Prk::new_less_safe(HKDF_SHA256, key))
    }

    /// Seals `text` for a purpose: a nonce, and what AES-256-GCM makes of it under a key of that
    /// purpose. So a nonce meets another one only within one purpose.
    pub(super) fn seal(&self, purpose: &[&[u8]], text: &[u8]) -> Vec<u8> {
        let nonce: [u8; NONCE_LEN] = random();
        let mut sealed = text.to_vec();
        self.key(purpose)
            .seal_in_place_append_tag(
                Nonce::assume_unique_for_key(nonce),
                Aad::empty(),
                &mut sealed,
            )
            // It fails for texts of 64 GiB.
            .expect("a short text can be sealed");
        [&nonce, &sealed[..]].concat()
    }

    /// Opens what [`seal`](Self::seal) made; `None` where it was made under another root, for
    /// another purpose, or was changed since.
    pub(super) fn open(&self, purpose: &[&[u8]], sealed: &[u8]) -> Option<[u8; 32]> {
        let (nonce, sealed) = sealed.split_first_chunk()?;
        let mut text = sealed.to_vec();
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let key = self.key(purpose);
        let opened = key.open_in_place(nonce, Aad::empty(), &mut text).ok()?;
        (&*opened).try_into().ok()
    }

    fn key(&self, purpose: &[&[u8]]) -> LessSafeKey {
        let key = self.0.expand(purpose, &AES_256_GCM);
        // It fails for keys of more than 8 KiB.
        LessSafeKey::new(UnboundKey::from(key.expect("HKDF gives a key")))
    }
}
