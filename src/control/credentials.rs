//! Checks the credentials of a request: a SigV4 signature or a bearer token. Both are compared in
//! constant time.

use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use time::OffsetDateTime;

use super::sigv4::{self, Authorization, SignatureError, SignedRequest};
use crate::config::{ControlCredentials, Secret};
use crate::store::control::Actor;

const SERVICE: &str = "apigateway";

/// Why the credentials of a request are refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum CredentialError {
    #[error(
        "The control plane is closed: set TURNKEY_ACCESS_KEY_ID and TURNKEY_SECRET_ACCESS_KEY, or \
         TURNKEY_ADMIN_TOKEN, where the server is started"
    )]
    Closed,
    #[error("Missing Authentication Token")]
    Missing,
    #[error("The security token included in the request is invalid.")]
    Unrecognized,
    #[error("{0}")]
    Signature(SignatureError),
}

impl CredentialError {
    /// API Gateway's name for this error.
    pub(super) fn kind(self) -> &'static str {
        match self {
            CredentialError::Closed => "AccessDeniedException",
            CredentialError::Missing => "MissingAuthenticationTokenException",
            CredentialError::Unrecognized => "UnrecognizedClientException",
            CredentialError::Signature(_) => "InvalidSignatureException",
        }
    }

    /// Whether the credentials may have been a guess.
    pub(super) fn is_wrong(self) -> bool {
        match self {
            CredentialError::Closed | CredentialError::Missing => false,
            CredentialError::Unrecognized | CredentialError::Signature(_) => true,
        }
    }
}

/// Checks the credentials of a request and returns its sender.
///
/// # Errors
/// See [`CredentialError`]. The error does not reveal how close a guess was.
pub(super) fn judge(
    credentials: &ControlCredentials,
    authorization: Option<&str>,
    request: &SignedRequest<'_>,
    now: OffsetDateTime,
) -> Result<Actor, CredentialError> {
    let signing = credentials
        .access_key_id
        .as_ref()
        .zip(credentials.secret_access_key.as_ref());
    if signing.is_none() && credentials.admin_token.is_none() {
        return Err(CredentialError::Closed);
    }
    let authorization = authorization.ok_or(CredentialError::Missing)?;
    if Authorization::is_claimed_by(authorization) {
        let parsed = Authorization::parse(authorization).map_err(CredentialError::Signature)?;
        let (id, secret) = signing.ok_or(CredentialError::Unrecognized)?;
        if !equal(id, parsed.access_key_id) {
            return Err(CredentialError::Unrecognized);
        }
        sigv4::verify(request, &parsed, secret, SERVICE, now)
            .map_err(CredentialError::Signature)?;
        return Ok(Actor::access_key(id.expose()));
    }
    let token = bearer(authorization).ok_or(CredentialError::Missing)?;
    match &credentials.admin_token {
        Some(known) if equal(known, token) => Ok(Actor::bearer()),
        Some(_) | None => Err(CredentialError::Unrecognized),
    }
}

fn bearer(authorization: &str) -> Option<&str> {
    let (scheme, token) = authorization.split_once(' ')?;
    let token = token.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then_some(token)
}

/// Compares in a time that reveals neither how much of `given` matches nor how long the secret is.
fn equal(secret: &Secret, given: &str) -> bool {
    let digest = |text: &str| -> [u8; 32] { Sha256::digest(text).into() };
    digest(secret.expose()).ct_eq(&digest(given)).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(known: &ControlCredentials, sent: Option<&str>) -> Result<Actor, CredentialError> {
        let request = SignedRequest {
            method: "GET",
            path: "/account",
            query: "",
            headers: &[],
            body_sha256: [0; 32],
        };
        judge(known, sent, &request, OffsetDateTime::UNIX_EPOCH)
    }

    fn token(token: &str) -> ControlCredentials {
        ControlCredentials {
            admin_token: Some(Secret::new(token.into())),
            access_key_id: None,
            secret_access_key: None,
        }
    }

    #[test]
    fn a_bearer_token_is_compared_whole() {
        let known = token("correct");
        assert_eq!(judged(&known, Some("Bearer correct")), Ok(Actor::bearer()));
        assert_eq!(judged(&known, Some("bearer correct")), Ok(Actor::bearer()));
        for wrong in ["Bearer correc", "Bearer correctt", "Bearer CORRECT"] {
            let judged = judged(&known, Some(wrong));
            assert_eq!(judged, Err(CredentialError::Unrecognized), "{wrong}");
        }
        for none in [None, Some(""), Some("Bearer "), Some("Basic Y29ycmVjdA==")] {
            assert_eq!(judged(&known, none), Err(CredentialError::Missing));
        }
    }

    #[test]
    fn without_credentials_of_its_own_it_is_closed() {
        let mut known = token("");
        known.admin_token = None;
        for sent in [None, Some("Bearer "), Some("Bearer x")] {
            assert_eq!(judged(&known, sent), Err(CredentialError::Closed));
        }
    }

    #[test]
    fn a_signature_without_a_signing_key_is_nobodys() {
        let sent = "AWS4-HMAC-SHA256 Credential=A/20150830/r/apigateway/aws4_request, \
                    SignedHeaders=host, Signature=00";
        let judged = judged(&token("t"), Some(sent));
        assert_eq!(judged, Err(CredentialError::Unrecognized));
    }
}
