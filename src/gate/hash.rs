//! Argon2id: hashes a value for storage, and checks whether a value fits a stored hash.
//!
//! One hashing costs 14 to 24 ms of a core and 19 MiB, on purpose. So do not call this on a thread that
//! serves requests.

use std::sync::Arc;

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};

use super::ApiKeyValue;

/// Hashes a new value. Returns a PHC string with its own salt: Argon2id, 19 MiB, t = 2, p = 1.
///
/// # Errors
/// Fails if the system has no random numbers.
pub(super) fn hash(value: &ApiKeyValue) -> Result<String, argon2::password_hash::Error> {
    let hash: PasswordHash = Argon2::default().hash_password(value.expose().as_bytes())?;
    Ok(hash.to_string())
}

/// The first of `phcs` that the value fits. A text that is not a PHC string fits no value.
pub(super) fn first_fit<'a>(value: &ApiKeyValue, phcs: &'a [Arc<str>]) -> Option<&'a Arc<str>> {
    phcs.iter().find(|phc| fits(value, phc))
}

fn fits(value: &ApiKeyValue, phc: &str) -> bool {
    match PasswordHash::new(phc) {
        Ok(hash) => Argon2::default()
            .verify_password(value.expose().as_bytes(), &hash)
            .is_ok(),
        Err(error) => {
            tracing::error!(%error, "a stored key hash cannot be read");
            false
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_fits_its_own_hash_only() {
        let value = ApiKeyValue::generate();
        let phc: Arc<str> = hash(&value).expect("there are random numbers").into();
        assert!(phc.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{phc}");
        let phcs = ["no hash".into(), phc.clone()];
        assert_eq!(first_fit(&value, &phcs), Some(&phc));
        assert_eq!(first_fit(&ApiKeyValue::generate(), &phcs), None);
    }
}
