//! Player tokens: JWTs that name a player, signed with HS256 under a secret that all instances
//! share.
//!
//! The crate jsonwebtoken encodes and decodes them. [`PROVIDER`] gives it HS256 as its only
//! algorithm, so that no implementation of RSA or elliptic curves is built in.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use hmac::{Hmac, KeyInit, Mac};
use jsonwebtoken::crypto::{CryptoProvider, JwtSigner, JwtVerifier, KeyUtils};
use jsonwebtoken::errors::{ErrorKind, Result as JwtResult};
use jsonwebtoken::signature::{Error as SignatureError, Signer, Verifier};
use jsonwebtoken::{
    Algorithm, AlgorithmFamily, DecodingKey, EncodingKey, Header, Validation, decode, encode,
};
use serde::{Deserialize, Serialize};
use sha2::Sha256;

use super::PlayError;
use crate::game::PlayerId;
use crate::store::Clock;

const ISSUER: &str = "turnkey";
/// How far ahead of this instance's clock a token may be dated, because instances' clocks differ.
const MAX_SECONDS_AHEAD: i64 = 60;

/// Signs and verifies player tokens. Cheap to clone.
#[derive(Clone)]
pub struct Tokens {
    keys: Arc<Keys>,
    clock: Arc<Clock>,
}

/// A signed token. It is shown to its player once; its `Debug` shows nothing.
#[derive(Clone, Serialize)]
#[serde(transparent)]
pub struct PlayerToken(String);

struct Keys {
    signing: EncodingKey,
    /// The current secret, then the previous one if there is one.
    accepted: Vec<DecodingKey>,
    validation: Validation,
}

#[derive(Serialize, Deserialize)]
struct Claims {
    iss: String,
    sub: String,
    iat: i64,
}

/// The token in the value of an `Authorization` header.
///
/// # Errors
/// [`PlayError::PlayerTokenInvalid`] if the scheme is not `Bearer`, or the token is empty.
pub fn bearer_token(authorization: &str) -> Result<&str, PlayError> {
    authorization
        .split_once(' ')
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("Bearer"))
        .map(|(_, token)| token.trim())
        .filter(|token| !token.is_empty())
        .ok_or(PlayError::PlayerTokenInvalid)
}

impl Tokens {
    /// Signs with `secret`, and also accepts tokens that were signed with `previous`, so that the
    /// secret can be changed while old tokens stay valid.
    pub fn new(secret: &[u8], previous: Option<&[u8]>, clock: Arc<Clock>) -> Tokens {
        // This fails only if a provider was installed before, and only this function installs one.
        let _ = PROVIDER.install_default();
        let mut validation = Validation::new(Algorithm::HS256);
        validation.set_issuer(&[ISSUER]);
        validation.set_required_spec_claims(&["iss", "sub"]);
        validation.validate_exp = false;
        let keys = Keys {
            signing: EncodingKey::from_secret(secret),
            accepted: std::iter::once(secret)
                .chain(previous)
                .map(DecodingKey::from_secret)
                .collect(),
            validation,
        };
        Tokens {
            keys: Arc::new(keys),
            clock,
        }
    }

    /// Signs a token for `player`. It is dated now and does not expire.
    pub fn sign(&self, player: PlayerId) -> PlayerToken {
        let claims = Claims {
            iss: ISSUER.to_owned(),
            sub: player.to_string(),
            iat: self.clock.now().unix_timestamp(),
        };
        let token = encode(&Header::new(Algorithm::HS256), &claims, &self.keys.signing);
        // Strings and a number can be written as JSON, and HMAC takes keys of every length.
        PlayerToken(token.expect("a token can be signed with HS256"))
    }

    /// The player that `token` names, if it was signed with one of the secrets. The player may have
    /// been deleted since.
    ///
    /// # Errors
    /// [`PlayError::PlayerTokenInvalid`], the same for every reason.
    pub fn verify(&self, token: &str) -> Result<PlayerId, PlayError> {
        let claims = self
            .keys
            .accepted
            .iter()
            .find_map(|key| decode::<Claims>(token, key, &self.keys.validation).ok())
            .ok_or(PlayError::PlayerTokenInvalid)?
            .claims;
        let ahead = claims.iat.saturating_sub(self.clock.now().unix_timestamp());
        if ahead > MAX_SECONDS_AHEAD || claims.iss != ISSUER {
            return Err(PlayError::PlayerTokenInvalid);
        }
        PlayerId::from_str(&claims.sub).map_err(|_| PlayError::PlayerTokenInvalid)
    }
}

impl PlayerToken {
    /// The token's text, for `Authorization: Bearer …`.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for PlayerToken {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("PlayerToken")
    }
}

impl fmt::Debug for Tokens {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Tokens")
    }
}

/// HS256 as the only algorithm.
static PROVIDER: CryptoProvider = CryptoProvider {
    signer_factory: |algorithm, key| {
        Ok(Box::new(Hs256::new(
            *algorithm,
            key.family(),
            key.as_bytes(),
        )?))
    },
    verifier_factory: |algorithm, key| {
        let bytes = key.try_get_as_bytes()?;
        Ok(Box::new(Hs256::new(*algorithm, key.family(), bytes)?))
    },
    key_utils: KeyUtils::new_unimplemented(),
};

struct Hs256(Hmac<Sha256>);

impl Hs256 {
    fn new(algorithm: Algorithm, family: AlgorithmFamily, key: &[u8]) -> JwtResult<Hs256> {
        if algorithm != Algorithm::HS256 || family != AlgorithmFamily::Hmac {
            return Err(ErrorKind::InvalidAlgorithm.into());
        }
        Hmac::new_from_slice(key)
            .map(Hs256)
            .map_err(|_| ErrorKind::InvalidKeyFormat.into())
    }
}

impl Signer<Vec<u8>> for Hs256 {
    fn try_sign(&self, message: &[u8]) -> Result<Vec<u8>, SignatureError> {
        let code = self.0.clone().chain_update(message).finalize();
        Ok(code.into_bytes().to_vec())
    }
}

impl Verifier<Vec<u8>> for Hs256 {
    /// Takes the same time for every signature.
    fn verify(&self, message: &[u8], signature: &Vec<u8>) -> Result<(), SignatureError> {
        let code = self.0.clone().chain_update(message);
        code.verify_slice(signature)
            .map_err(|_| SignatureError::new())
    }
}

impl JwtSigner for Hs256 {
    fn algorithm(&self) -> Algorithm {
        Algorithm::HS256
    }
}

impl JwtVerifier for Hs256 {
    fn algorithm(&self) -> Algorithm {
        Algorithm::HS256
    }
}
