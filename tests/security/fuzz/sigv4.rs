//! SigV4: nobody passes without the secret, whoever has it passes, and what is covered is covered.
//!
//! An input is lines: method, path, query, `Authorization`, then headers as `name:value`.

use time::OffsetDateTime;
use time::macros::datetime;
use turnkey::config::Secret;
use turnkey::control::sigv4::{Authorization, SignatureError, SignedRequest, signature, verify};

const NOW: OffsetDateTime = datetime!(2015-08-30 12:36:00 UTC);
const SERVICE: &str = "apigateway";

pub fn check(input: &[u8]) {
    let Ok(text) = str::from_utf8(input) else {
        return;
    };
    let mut lines = text.split('\n');
    let mut next = || lines.next().unwrap_or_default();
    let (method, path, query, header) = (next(), next(), next(), next());
    let headers: Vec<(String, &[u8])> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.as_bytes()))
        .collect();
    let headers: Vec<(&str, &[u8])> = headers
        .iter()
        .map(|(name, value)| (name.as_str(), *value))
        .collect();
    let request = SignedRequest {
        method,
        path,
        query,
        headers: &headers,
        body_sha256: [7; 32],
    };
    let Ok(authorization) = Authorization::parse(header) else {
        return;
    };
    assert!(Authorization::is_claimed_by(header));
    assert!(header.contains(authorization.access_key_id));
    let secret = Secret::new("the secret that no input knows".into());
    let refused = verify(&request, &authorization, &secret, SERVICE, NOW)
        .expect_err("nobody knows the secret");
    if refused != SignatureError::Mismatch {
        return;
    }

    // All but the signature is in order: with the right one it passes.
    let date = headers.iter().find(|(name, _)| *name == "x-amz-date");
    let date = date.and_then(|(_, value)| str::from_utf8(value).ok());
    let right = signature(&request, &authorization, &secret, date.unwrap_or_default());
    let is_signature = |field: &str| field.trim().starts_with("Signature=");
    let signed: Vec<String> = header
        .split(',')
        .map(|field| match field.strip_prefix("AWS4-HMAC-SHA256") {
            Some(first) if is_signature(first) => format!("AWS4-HMAC-SHA256 Signature={right}"),
            None if is_signature(field) => format!("Signature={right}"),
            Some(_) | None => field.to_owned(),
        })
        .collect();
    let signed = signed.join(",");
    let signed = Authorization::parse(&signed).expect("it has the form that it had");
    let judge = |request: &SignedRequest<'_>| verify(request, &signed, &secret, SERVICE, NOW);
    assert_eq!(judge(&request), Ok(()));

    let other_path = format!("{path}/x");
    let other_query = format!("{query}&x");
    for changed in [
        SignedRequest {
            body_sha256: [8; 32],
            ..request
        },
        SignedRequest {
            path: &other_path,
            ..request
        },
        SignedRequest {
            query: &other_query,
            ..request
        },
        SignedRequest {
            method: "NONE",
            ..request
        },
    ] {
        assert_eq!(
            judge(&changed),
            Err(SignatureError::Mismatch),
            "{changed:?}"
        );
    }
    let late = NOW + 2 * turnkey::control::sigv4::MAX_SKEW;
    let replayed = verify(&request, &signed, &secret, SERVICE, late);
    assert!(
        matches!(replayed, Err(SignatureError::Skew(_))),
        "{replayed:?}"
    );
}
