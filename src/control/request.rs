//! A call as its parts: path, query, body; read strictly, refused with the field's name.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::de::DeserializeOwned;
use serde_json::Value;
use time::OffsetDateTime;

use super::OperationError;
use super::sigv4::decode;
use crate::store::control::After;

const DEFAULT_LIMIT: i64 = 25;
const MAX_LIMIT: i64 = 500;

/// The segments of a path, each decoded; `None` where one is not UTF-8.
pub(super) fn segments(path: &str) -> Option<Vec<String>> {
    let segments = path.strip_prefix('/')?.split('/');
    segments.map(text).collect()
}

fn text(encoded: &str) -> Option<String> {
    String::from_utf8(decode(encoded)).ok()
}

/// The parameters after `?`.
#[derive(Clone, Debug, Default)]
pub(super) struct Query(Vec<(String, String)>);

impl Query {
    pub(super) fn parse(query: &str) -> Result<Query, OperationError> {
        let pair = |pair: &str| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            Some((text(name)?, text(value)?))
        };
        let pairs = query.split('&').filter(|pair| !pair.is_empty());
        let pairs: Option<Vec<_>> = pairs.map(pair).collect();
        let pairs = pairs.ok_or_else(|| OperationError::bad("Invalid query: not UTF-8"))?;
        Ok(Query(pairs))
    }

    /// The first value of that name.
    pub(super) fn value(&self, name: &str) -> Option<&str> {
        let named = self.0.iter().find(|(known, _)| known == name);
        named.map(|(_, value)| value.as_str())
    }

    /// As [`value`](Self::value), where there has to be one.
    pub(super) fn required(&self, name: &str) -> Result<&str, OperationError> {
        let value = self.value(name).filter(|value| !value.is_empty());
        value.ok_or_else(|| OperationError::bad(format!("Invalid query: {name} is missing")))
    }

    pub(super) fn values<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        let named = self.0.iter().filter(move |(known, _)| known == name);
        named.map(|(_, value)| value.as_str())
    }

    pub(super) fn flag(&self, name: &str) -> bool {
        self.value(name)
            .is_some_and(|value| value.eq_ignore_ascii_case("true"))
    }

    /// How many things a page holds. Less than 1 is an empty page, as at API Gateway.
    pub(super) fn limit(&self) -> Result<usize, OperationError> {
        let limit = match self.value("limit") {
            None | Some("") => DEFAULT_LIMIT,
            Some(text) => text.parse().map_err(|_| {
                OperationError::bad(format!("Invalid limit '{text}': it is a whole number"))
            })?,
        };
        Ok(usize::try_from(limit.min(MAX_LIMIT)).unwrap_or(0))
    }

    /// Where a list of things with a date goes on.
    pub(super) fn after(&self) -> Result<Option<After>, OperationError> {
        let Some(text) = self.after_text()? else {
            return Ok(None);
        };
        let after = text.split_once(':').and_then(|(micros, id)| {
            let nanos = micros.parse::<i128>().ok()?.checked_mul(1000)?;
            let at = OffsetDateTime::from_unix_timestamp_nanos(nanos).ok()?;
            Some((at, id.to_owned()))
        });
        after.map(Some).ok_or_else(invalid_position)
    }

    /// Where a list goes on that is in the order of its texts.
    pub(super) fn after_text(&self) -> Result<Option<String>, OperationError> {
        let Some(position) = self.value("position").filter(|text| !text.is_empty()) else {
            return Ok(None);
        };
        decoded_position(position)
            .map(Some)
            .ok_or_else(invalid_position)
    }

    /// Where a numbered list goes on.
    pub(super) fn after_number(&self) -> Result<Option<i64>, OperationError> {
        let Some(text) = self.after_text()? else {
            return Ok(None);
        };
        text.parse().map(Some).map_err(|_| invalid_position())
    }
}

/// The position after a thing of this date and id.
pub(super) fn position(at: OffsetDateTime, id: &str) -> String {
    let micros = at.unix_timestamp_nanos() / 1000;
    text_position(&format!("{micros}:{id}"))
}

pub(super) fn text_position(text: &str) -> String {
    URL_SAFE_NO_PAD.encode(text)
}

pub(super) fn number_position(number: i64) -> String {
    text_position(&number.to_string())
}

fn decoded_position(position: &str) -> Option<String> {
    String::from_utf8(URL_SAFE_NO_PAD.decode(position).ok()?).ok()
}

fn invalid_position() -> OperationError {
    OperationError::bad("Invalid position parameter specified")
}

/// A JSON object as what it should be. No body is an empty object.
pub(super) fn body<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, OperationError> {
    let bytes = if bytes.is_empty() { b"{}" } else { bytes };
    let value: Value = serde_json::from_slice(bytes)
        .map_err(|error| OperationError::bad(format!("Invalid request body: {error}")))?;
    if !value.is_object() {
        return Err(OperationError::bad(
            "Invalid request body: it must be a JSON object",
        ));
    }
    serde_path_to_error::deserialize(value).map_err(|error| {
        let path = error.path().to_string();
        let reason = error.into_inner();
        OperationError::bad(format!("Invalid request body: {path}: {reason}"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_split_before_they_are_decoded() {
        let path = "/tags/arn%3Aaws%3Aapigateway%3Aus-east-1%3A%3A%2Fapikeys%2Fid";
        let segments = segments(path).expect("UTF-8");
        assert_eq!(
            segments,
            ["tags", "arn:aws:apigateway:us-east-1::/apikeys/id"]
        );
        assert_eq!(super::segments("/%ff"), None);
    }

    #[test]
    fn positions_come_back() {
        let at = OffsetDateTime::UNIX_EPOCH + time::Duration::microseconds(1_234_567);
        let query = format!("limit=7&position={}", position(at, "abc"));
        let query = Query::parse(&query).expect("a good query");
        assert_eq!(query.after().ok(), Some(Some((at, "abc".to_owned()))));
        assert_eq!(query.limit().ok(), Some(7));
        for bad in ["position=x", "position=%21", "position=MTIz"] {
            let query = Query::parse(bad).expect("a good query");
            assert!(query.after().is_err(), "{bad}");
        }
    }

    #[test]
    fn limits_are_clamped() {
        let limit = |query: &str| Query::parse(query).and_then(|query| query.limit()).ok();
        assert_eq!(limit(""), Some(25));
        assert_eq!(limit("limit=-1"), Some(0));
        assert_eq!(limit("limit=9999"), Some(500));
        assert_eq!(limit("limit=x"), None);
    }

    #[test]
    fn a_body_is_an_object_and_errors_name_the_field() {
        #[derive(Debug, serde::Deserialize)]
        struct Body {
            #[allow(dead_code, reason = "it is read by serde")]
            enabled: Option<bool>,
        }
        assert!(body::<Body>(b"").is_ok());
        for bad in [&b"[]"[..], b"null", b"{", b"{\"enabled\":\"x\"}"] {
            assert!(body::<Body>(bad).is_err());
        }
        let error = body::<Body>(b"{\"enabled\":1}").expect_err("not a boolean");
        assert!(error.to_string().contains("enabled"), "{error}");
    }
}
