//! Reads a client's input strictly: input is accepted only if it has exactly one meaning.

use std::collections::HashSet;
use std::fmt;

use actix_web::HttpRequest;
use actix_web::http::header::{self, HeaderMap};
use actix_web::web::Query;
use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use super::context::Call;
use super::problem::HttpError;
use crate::play::{self, PlayError};

/// The largest body that is read.
pub const MAX_BODY_BYTES: usize = 16 * 1024;

/// Returns the body of a call: a JSON object, or nothing at all.
///
/// # Errors
/// Fails if the content type is not JSON, or if the body is not a JSON object, repeats a key, or holds
/// a NUL.
pub fn json_body<'a>(request: &HttpRequest, call: &'a Call) -> Result<&'a [u8], HttpError> {
    let body = &call.body[..];
    if body.is_empty() {
        return Ok(body);
    }
    if !is_json(request.headers()) {
        return Err(HttpError::UnsupportedMediaType);
    }
    check_object(body).map_err(HttpError::Malformed)?;
    Ok(body)
}

/// Returns one parameter of the query, percent-decoded. Parameters that no code asks for are ignored.
///
/// # Errors
/// Fails if the parameter occurs twice or holds a NUL.
pub fn parameter(request: &HttpRequest, name: &str) -> Result<Option<String>, HttpError> {
    let pairs = Query::<Vec<(String, String)>>::from_query(request.query_string())
        .map_err(|_| HttpError::Malformed("the query cannot be read".into()))?;
    let mut values = pairs
        .into_inner()
        .into_iter()
        .filter(|(key, _)| key == name);
    let value = values.next().map(|(_, value)| value);
    if values.next().is_some() {
        return Err(HttpError::Malformed(format!(
            "`{name}` stands in the query twice"
        )));
    }
    if value.as_deref().is_some_and(|value| value.contains('\0')) {
        return Err(HttpError::Malformed(format!(
            "`{name}` in the query may not hold the character NUL"
        )));
    }
    Ok(value)
}

/// Returns one header as text.
///
/// # Errors
/// Fails if the header occurs twice or is not visible ASCII.
pub fn text_header<'a>(headers: &'a HeaderMap, name: &str) -> Result<Option<&'a str>, HttpError> {
    let mut values = headers.get_all(name);
    let Some(value) = values.next() else {
        return Ok(None);
    };
    match (value.to_str(), values.next()) {
        (Ok(text), None) => Ok(Some(text)),
        (Ok(_), Some(_)) => Err(HttpError::Malformed(format!(
            "the header {name} is there twice"
        ))),
        (Err(_), _) => Err(HttpError::Malformed(format!(
            "the header {name} may hold visible ASCII characters only"
        ))),
    }
}

/// Returns the token of the header `Authorization: Bearer …`.
///
/// # Errors
/// Fails if the header has any other form or occurs twice.
pub fn bearer_token(headers: &HeaderMap) -> Result<Option<&str>, HttpError> {
    let mut values = headers.get_all(header::AUTHORIZATION);
    let Some(value) = values.next() else {
        return Ok(None);
    };
    match (value.to_str(), values.next()) {
        (Ok(authorization), None) => Ok(Some(play::bearer_token(authorization)?)),
        _ => Err(PlayError::PlayerTokenInvalid.into()),
    }
}

/// Whether `If-None-Match` names `etag`, which must be a strong one with its quotes.
pub fn none_match_names(headers: &HeaderMap, etag: &str) -> bool {
    headers
        .get_all(header::IF_NONE_MATCH)
        .filter_map(|value| value.to_str().ok())
        .flat_map(|list| list.split(','))
        .map(str::trim)
        .any(|candidate| candidate == "*" || candidate.trim_start_matches("W/") == etag)
}

/// Whether the content type is `application/json`, perhaps with `charset=utf-8`, without compression.
fn is_json(headers: &HeaderMap) -> bool {
    let plain = headers
        .get(header::CONTENT_ENCODING)
        .is_none_or(|coding| coding.as_bytes().eq_ignore_ascii_case(b"identity"));
    let Some(Ok(media_type)) = headers
        .get(header::CONTENT_TYPE)
        .map(|value| value.to_str())
    else {
        return false;
    };
    let mut parts = media_type.split(';').map(str::trim);
    let json = parts
        .next()
        .is_some_and(|essence| essence.eq_ignore_ascii_case("application/json"));
    let utf8 = parts
        .filter(|parameter| !parameter.is_empty())
        .all(|parameter| {
            let parameter = parameter.to_ascii_lowercase().replace('"', "");
            parameter == "charset=utf-8" || parameter == "charset=utf8"
        });
    plain && json && utf8
}

/// Checks that `body` is a JSON object with exactly one meaning. The error says why not, and where.
fn check_object(body: &[u8]) -> Result<(), String> {
    let mut reader = serde_json::Deserializer::from_slice(body);
    serde_path_to_error::deserialize::<_, Strict>(&mut reader).map_err(|error| {
        let path = error.path().to_string();
        match path.as_str() {
            "." | "?" => format!("the body is not JSON: {}", error.inner()),
            _ => format!("`{path}` in the body: {}", error.inner()),
        }
    })?;
    reader
        .end()
        .map_err(|error| format!("the body goes on after its JSON: {error}"))?;
    match body.trim_ascii_start().first() {
        Some(b'{') => Ok(()),
        _ => Err("the body must be a JSON object".into()),
    }
}

/// Accepts any JSON that has no key twice in an object and no NUL. It keeps none of the data.
struct Strict;

impl<'de> Deserialize<'de> for Strict {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Strict, D::Error> {
        deserializer.deserialize_any(StrictVisitor)
    }
}

struct StrictVisitor;

impl<'de> Visitor<'de> for StrictVisitor {
    type Value = Strict;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("JSON")
    }

    fn visit_bool<E>(self, _: bool) -> Result<Strict, E> {
        Ok(Strict)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Strict, E> {
        Ok(Strict)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Strict, E> {
        Ok(Strict)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Strict, E> {
        Ok(Strict)
    }

    fn visit_unit<E>(self) -> Result<Strict, E> {
        Ok(Strict)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Strict, E> {
        if text.contains('\0') {
            return Err(E::custom("a text may not hold the character NUL"));
        }
        Ok(Strict)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Strict, A::Error> {
        while sequence.next_element::<Strict>()?.is_some() {}
        Ok(Strict)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Strict, A::Error> {
        let mut seen = HashSet::new();
        while let Some(key) = map.next_key::<String>()? {
            if key.contains('\0') {
                return Err(A::Error::custom("a key may not hold the character NUL"));
            }
            if seen.contains(&key) {
                return Err(A::Error::custom(format!("duplicate field `{key}`")));
            }
            map.next_value::<Strict>()?;
            seen.insert(key);
        }
        Ok(Strict)
    }
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::{HeaderName, HeaderValue};

    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            let name = HeaderName::from_static(name);
            headers.append(name, HeaderValue::from_static(value));
        }
        headers
    }

    #[test]
    fn refusals_of_json_say_where() {
        let cases = [
            (r#"{"a":1,"a":2}"#, "duplicate field `a` at line 1"),
            (r#"{"a":{"b":"\u0000"}}"#, "`a.b` in the body"),
            (r#"{"\u0000":1}"#, "NUL"),
            (r#"{"a":"\ud800"}"#, "at line 1"),
            (r#"{"a":1}{"#, "goes on"),
            ("[]", "must be a JSON object"),
            ("\"x\"", "must be a JSON object"),
            ("{", "the body is not JSON: EOF"),
            ("\u{feff}{}", "line 1"),
            (r#"{"a":1e999}"#, "out of range"),
        ];
        for (body, expected) in cases {
            let detail = check_object(body.as_bytes()).unwrap_err();
            assert!(detail.contains(expected), "{body}: {detail}");
        }
        let deep = format!("{{\"a\":{}", "[".repeat(10_000));
        assert!(
            check_object(deep.as_bytes())
                .unwrap_err()
                .contains("recursion")
        );
        assert!(check_object(b"{\"a\":\"\xff\"}").is_err());
    }

    #[test]
    fn good_json_passes() {
        let body = r#" {"a":[1,-2,3.5,true,null,{"a":"\ud83d\ude00 \\u0000"}]} "#;
        assert_eq!(check_object(body.as_bytes()), Ok(()));
    }

    #[test]
    fn content_types() {
        for good in [
            "application/json",
            "Application/JSON; Charset=\"UTF-8\"",
            "application/json;",
        ] {
            assert!(is_json(&headers(&[("content-type", good)])), "{good}");
        }
        for bad in [
            "text/plain",
            "application/json; charset=latin1",
            "application/jsonx",
            "",
        ] {
            assert!(!is_json(&headers(&[("content-type", bad)])), "{bad}");
        }
        assert!(!is_json(&headers(&[])));
        let zipped = [
            ("content-type", "application/json"),
            ("content-encoding", "gzip"),
        ];
        assert!(!is_json(&headers(&zipped)));
    }

    #[test]
    fn entity_tags() {
        for naming in ["\"4\"", "W/\"4\"", "\"3\", \"4\"", "*"] {
            assert!(none_match_names(
                &headers(&[("if-none-match", naming)]),
                "\"4\""
            ));
        }
        for other in ["\"44\"", "4", "", "\"3\", \"5\""] {
            assert!(!none_match_names(
                &headers(&[("if-none-match", other)]),
                "\"4\""
            ));
        }
    }

    #[test]
    fn bearer_tokens() {
        let read = |value| {
            bearer_token(&headers(&[("authorization", value)]))
                .map_err(|_| ())
                .map(|token| token.map(str::to_owned))
        };
        assert_eq!(read("Bearer a.b.c"), Ok(Some("a.b.c".to_owned())));
        assert_eq!(read("bearer a.b.c"), Ok(Some("a.b.c".to_owned())));
        for bad in ["Basic eDp5", "Bearer", "Bearer ", "a.b.c", ""] {
            assert_eq!(read(bad), Err(()), "{bad}");
        }
        assert!(bearer_token(&headers(&[])).is_ok_and(|token| token.is_none()));
    }
}
