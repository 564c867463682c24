//! Verifies requests that are signed with AWS Signature Version 4.
//!
//! A signature covers the request as it came over the wire: the raw path (percent-encoded once more,
//! as for every service but S3), the query, the headers that the client named, and the hash of the
//! body. This module uses no view of the request that another layer decoded or normalised, and it
//! compares signatures in constant time.

use std::time::Duration;

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use time::format_description::BorrowedFormatItem;
use time::macros::format_description;
use time::{OffsetDateTime, PrimitiveDateTime};

use crate::config::Secret;

/// The largest difference between a request's date and the server's time, in either direction.
pub const MAX_SKEW: Duration = Duration::from_secs(15 * 60);

const ALGORITHM: &str = "AWS4-HMAC-SHA256";
const TERMINATOR: &str = "aws4_request";
const DATE_HEADER: &str = "x-amz-date";
const TOKEN_HEADER: &str = "x-amz-security-token";
const DATE: &[BorrowedFormatItem<'_>] =
    format_description!("[year][month][day]T[hour][minute][second]Z");

/// The parts of a request that a signature covers.
#[derive(Clone, Copy, Debug)]
pub struct SignedRequest<'a> {
    /// The HTTP method, as in the request line.
    pub method: &'a str,
    /// The path as in the request line, before any decoding.
    pub path: &'a str,
    /// The query as in the request line, without the `?`.
    pub query: &'a str,
    /// The headers in the order of the request, with their names in lower case.
    pub headers: &'a [(&'a str, &'a [u8])],
    /// The SHA-256 of the whole body, which may be empty.
    pub body_sha256: [u8; 32],
}

/// The parts of an `Authorization` header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Authorization<'a> {
    /// The id of the access key. It may hold slashes.
    pub access_key_id: &'a str,
    /// `YYYYMMDD`.
    date: &'a str,
    region: &'a str,
    service: &'a str,
    signed_headers: &'a str,
    signature: &'a str,
}

/// Why a signature is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// The `Authorization` header is malformed.
    #[error(
        "the Authorization header is not of the form AWS4-HMAC-SHA256 Credential=…/YYYYMMDD/\
         region/service/aws4_request, SignedHeaders=…, Signature=…"
    )]
    Form,
    /// The signature does not cover `host`, `x-amz-date`, or an `x-amz-security-token` that was sent.
    #[error("host, x-amz-date and x-amz-security-token, where sent, have to be signed headers")]
    UnsignedHeader,
    /// The credential names another service.
    #[error("the signature is for another service")]
    OtherService,
    /// `x-amz-date` is missing, repeated or malformed, or its day is not the credential's.
    #[error("x-amz-date is missing, not a date, or of another day than the credential's")]
    Date,
    /// `x-amz-date` is more than [`MAX_SKEW`] from the server's time.
    #[error("the signature has expired, or is not yet current: x-amz-date is {0} off")]
    Skew(Skew),
    /// The signature is not the expected one.
    #[error(
        "the request signature we calculated does not match the signature you provided: check \
         the secret access key, and that no proxy changes the path, the Host or other headers"
    )]
    Mismatch,
}

/// The server's time minus the request's date, in whole seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Skew(pub i64);

impl std::fmt::Display for Skew {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{} s", self.0)
    }
}

impl<'a> Authorization<'a> {
    /// Whether a header begins like a signature of this kind, well-formed or not.
    pub fn is_claimed_by(header: &str) -> bool {
        header.starts_with(ALGORITHM)
    }

    /// Parses the value of an `Authorization` header.
    ///
    /// # Errors
    /// Fails with [`SignatureError::Form`] if the header is malformed.
    pub fn parse(header: &'a str) -> Result<Authorization<'a>, SignatureError> {
        let fields = header.strip_prefix(ALGORITHM).ok_or(SignatureError::Form)?;
        let (mut credential, mut signed_headers, mut signature) = (None, None, None);
        for field in fields.split(',') {
            let (name, value) = field.trim().split_once('=').ok_or(SignatureError::Form)?;
            let slot = match name {
                "Credential" => &mut credential,
                "SignedHeaders" => &mut signed_headers,
                "Signature" => &mut signature,
                _ => return Err(SignatureError::Form),
            };
            if slot.replace(value).is_some() {
                return Err(SignatureError::Form);
            }
        }
        let (Some(credential), Some(signed_headers), Some(signature)) =
            (credential, signed_headers, signature)
        else {
            return Err(SignatureError::Form);
        };
        // From the right: an access key id may hold slashes, the scope may not.
        let mut scope = credential.rsplitn(5, '/');
        let mut next = || scope.next().filter(|part| !part.is_empty());
        let (terminator, service, region, date, access_key_id) =
            (next(), next(), next(), next(), next());
        match (terminator, service, region, date, access_key_id) {
            (Some(TERMINATOR), Some(service), Some(region), Some(date), Some(access_key_id)) => {
                Ok(Authorization {
                    access_key_id,
                    date,
                    region,
                    service,
                    signed_headers,
                    signature,
                })
            }
            _ => Err(SignatureError::Form),
        }
    }
}

/// Checks that a holder of `secret` signed this request for `service`, within [`MAX_SKEW`] of `now`.
/// The client may choose any region.
///
/// # Errors
/// Fails with the first check that does not hold. The signature itself is checked last.
pub fn verify(
    request: &SignedRequest<'_>,
    authorization: &Authorization<'_>,
    secret: &Secret,
    service: &str,
    now: OffsetDateTime,
) -> Result<(), SignatureError> {
    if authorization.service != service {
        return Err(SignatureError::OtherService);
    }
    let signed: Vec<&str> = authorization.signed_headers.split(';').collect();
    let needs_token = request
        .headers
        .iter()
        .any(|(name, _)| *name == TOKEN_HEADER);
    let covers = |name: &str| signed.contains(&name);
    if !covers("host") || !covers(DATE_HEADER) || (needs_token && !covers(TOKEN_HEADER)) {
        return Err(SignatureError::UnsignedHeader);
    }
    let date = date(request, authorization)?;
    let behind = now - parse_date(date)?;
    if behind.unsigned_abs() > MAX_SKEW {
        return Err(SignatureError::Skew(Skew(behind.whole_seconds())));
    }
    let expected = signature(request, authorization, secret, date);
    let given = authorization.signature.as_bytes();
    if bool::from(expected.as_bytes().ct_eq(given)) {
        Ok(())
    } else {
        Err(SignatureError::Mismatch)
    }
}

/// The text of the request's one `x-amz-date`, if its day is the credential's.
fn date<'a>(
    request: &SignedRequest<'a>,
    authorization: &Authorization<'_>,
) -> Result<&'a str, SignatureError> {
    let mut dates = request
        .headers
        .iter()
        .filter(|(name, _)| *name == DATE_HEADER);
    let (Some((_, date)), None) = (dates.next(), dates.next()) else {
        return Err(SignatureError::Date);
    };
    std::str::from_utf8(date)
        .ok()
        .filter(|date| date.starts_with(authorization.date) && authorization.date.len() == 8)
        .ok_or(SignatureError::Date)
}

fn parse_date(date: &str) -> Result<OffsetDateTime, SignatureError> {
    PrimitiveDateTime::parse(date, DATE)
        .map(PrimitiveDateTime::assume_utc)
        .map_err(|_| SignatureError::Date)
}

/// The expected signature of a request, in lower-case hexadecimal. `date` is its `x-amz-date`.
pub fn signature(
    request: &SignedRequest<'_>,
    authorization: &Authorization<'_>,
    secret: &Secret,
    date: &str,
) -> String {
    let canonical = canonical_request(request, authorization.signed_headers);
    let Authorization {
        date: day,
        region,
        service,
        ..
    } = authorization;
    let to_sign = format!(
        "{ALGORITHM}\n{date}\n{day}/{region}/{service}/{TERMINATOR}\n{}",
        hex(&Sha256::digest(&canonical))
    );
    let mut key = format!("AWS4{}", secret.expose()).into_bytes();
    for part in [*day, *region, *service, TERMINATOR, &to_sign] {
        key = hmac(&key, part.as_bytes());
    }
    hex(&key)
}

fn canonical_request(request: &SignedRequest<'_>, signed_headers: &str) -> Vec<u8> {
    let mut canonical = Vec::with_capacity(512);
    let mut line = |text: &[u8]| {
        canonical.extend_from_slice(text);
        canonical.push(b'\n');
    };
    line(request.method.as_bytes());
    line(canonical_path(request.path).as_bytes());
    line(canonical_query(request.query).as_bytes());
    for name in signed_headers.split(';') {
        let values: Vec<Vec<u8>> = request
            .headers
            .iter()
            .filter(|(header, _)| *header == name)
            .map(|(_, value)| single_spaced(value))
            .collect();
        line(&[name.as_bytes(), b":", &values.join(&b","[..])].concat());
    }
    line(b"");
    line(signed_headers.as_bytes());
    canonical.extend_from_slice(hex(&request.body_sha256).as_bytes());
    canonical
}

/// Removes `.`, `..` and empty segments, and percent-encodes each segment (once more).
fn canonical_path(path: &str) -> String {
    let mut segments: Vec<&str> = Vec::new();
    for segment in path.split('/') {
        match segment {
            "" | "." => {}
            ".." => {
                segments.pop();
            }
            segment => segments.push(segment),
        }
    }
    let mut canonical = String::with_capacity(path.len() + 8);
    for segment in &segments {
        canonical.push('/');
        encode(segment.as_bytes(), &mut canonical);
    }
    if segments.is_empty() || path.ends_with('/') {
        canonical.push('/');
    }
    canonical
}

/// Decodes each name and value, encodes them again in one way, and sorts by name, then by value.
fn canonical_query(query: &str) -> String {
    let mut pairs: Vec<(String, String)> = query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (recoded(name), recoded(value))
        })
        .collect();
    pairs.sort_unstable();
    let pairs: Vec<String> = pairs
        .into_iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    pairs.join("&")
}

fn recoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len() + 8);
    encode(&decode(text), &mut encoded);
    encoded
}

/// Decodes percent-encoding. A malformed escape is kept as it is.
pub(super) fn decode(text: &str) -> Vec<u8> {
    let mut decoded = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        let escaped = match after {
            [high, low, ..] if byte == b'%' => digit(*high).zip(digit(*low)),
            _ => None,
        };
        match escaped {
            Some((high, low)) => {
                decoded.push(high * 16 + low);
                rest = &after[2..];
            }
            None => {
                decoded.push(byte);
                rest = after;
            }
        }
    }
    decoded
}

fn digit(byte: u8) -> Option<u8> {
    char::from(byte)
        .to_digit(16)
        .and_then(|digit| u8::try_from(digit).ok())
}

/// Percent-encodes all but RFC 3986's unreserved characters.
fn encode(bytes: &[u8], encoded: &mut String) {
    for &byte in bytes {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push('%');
            encoded.push_str(&format!("{byte:02X}"));
        }
    }
}

/// Removes spaces and tabs at both ends, and replaces each run of them with one space.
fn single_spaced(value: &[u8]) -> Vec<u8> {
    let words: Vec<&[u8]> = value
        .split(|byte| *byte == b' ' || *byte == b'\t')
        .filter(|word| !word.is_empty())
        .collect();
    words.join(&b" "[..])
}

fn hmac(key: &[u8], message: &[u8]) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key)
        // HMAC is defined for keys of every length.
        .expect("a key of any length will do");
    mac.update(message);
    mac.finalize().into_bytes().to_vec()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
#[path = "sigv4_tests.rs"]
mod tests;
