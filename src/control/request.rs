//! Parses the path, query and body of a call. It is strict, and its refusals name the field.
//!
//! Every text of a call passes through this module. It refuses texts with the character NUL, which
//! Postgres cannot store.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use time::OffsetDateTime;

use super::OperationError;
use super::absent::{self, Absent};
use super::sigv4::decode;
use crate::store::control::After;

const DEFAULT_LIMIT: i64 = 25;
const MAX_LIMIT: i64 = 500;

/// The segments of a path, each decoded.
///
/// # Errors
/// Fails if the path does not begin with `/`, or if a segment is not UTF-8 or holds NUL.
pub(super) fn segments(path: &str) -> Result<Vec<String>, OperationError> {
    let path = path
        .strip_prefix('/')
        .ok_or_else(|| OperationError::bad("Invalid path: not UTF-8"))?;
    path.split('/').map(|part| text("path", part)).collect()
}

/// Decodes a percent-encoded text. `place` names it in the error.
fn text(place: &str, encoded: &str) -> Result<String, OperationError> {
    let text = String::from_utf8(decode(encoded))
        .map_err(|_| OperationError::bad(format!("Invalid {place}: not UTF-8")))?;
    if text.contains('\0') {
        return Err(holds_nul(place));
    }
    Ok(text)
}

fn holds_nul(place: &str) -> OperationError {
    OperationError::bad(format!(
        "Invalid {place}: it holds the character NUL, which no text may"
    ))
}

/// The parameters after `?`.
#[derive(Clone, Debug, Default)]
pub(super) struct Query(Vec<(String, String)>);

impl Query {
    pub(super) fn parse(query: &str) -> Result<Query, OperationError> {
        let pair = |pair: &str| -> Result<(String, String), OperationError> {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let name = text("query", name)?;
            let value = text(&format!("query: {name}"), value)?;
            Ok((name, value))
        };
        let pairs = query.split('&').filter(|pair| !pair.is_empty());
        Ok(Query(pairs.map(pair).collect::<Result<_, _>>()?))
    }

    /// The names, in order.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(name, _)| name.as_str())
    }

    /// The first value of that name.
    pub(super) fn value(&self, name: &str) -> Option<&str> {
        let named = self.0.iter().find(|(known, _)| known == name);
        named.map(|(_, value)| value.as_str())
    }

    /// As [`value`](Self::value), but an absent or empty value is an error.
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

    /// The number of items on a page: 25 by default, at most 500. A limit below 1 gives an empty
    /// page, as in API Gateway.
    pub(super) fn limit(&self) -> Result<usize, OperationError> {
        let limit = match self.value("limit") {
            None | Some("") => DEFAULT_LIMIT,
            Some(text) => text.parse().map_err(|_| {
                OperationError::bad(format!("Invalid limit '{text}': it is a whole number"))
            })?,
        };
        Ok(usize::try_from(limit.min(MAX_LIMIT)).unwrap_or(0))
    }

    /// The position after which a list in the order of dates continues.
    pub(super) fn after(&self) -> Result<Option<After>, OperationError> {
        let Some(text) = self.after_text()? else {
            return Ok(None);
        };
        let after = text.split_once(':').and_then(|(micros, id)| {
            let nanos = micros.parse::<i128>().ok()?.checked_mul(1000)?;
            let at = OffsetDateTime::from_unix_timestamp_nanos(nanos).ok()?;
            // Postgres has no times before 4714 BC, and the server gives out none before 1970.
            (at.year() >= 1970).then(|| (at, id.to_owned()))
        });
        after.map(Some).ok_or_else(invalid_position)
    }

    /// The position after which a list in the order of texts continues.
    pub(super) fn after_text(&self) -> Result<Option<String>, OperationError> {
        let Some(position) = self.value("position").filter(|text| !text.is_empty()) else {
            return Ok(None);
        };
        decoded_position(position)
            .map(Some)
            .ok_or_else(invalid_position)
    }

    /// The position after which a numbered list continues.
    pub(super) fn after_number(&self) -> Result<Option<i64>, OperationError> {
        let Some(text) = self.after_text()? else {
            return Ok(None);
        };
        text.parse().map(Some).map_err(|_| invalid_position())
    }
}

/// The position after an item with this date and id.
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
    let text = String::from_utf8(URL_SAFE_NO_PAD.decode(position).ok()?).ok()?;
    (!text.contains('\0')).then_some(text)
}

fn invalid_position() -> OperationError {
    OperationError::bad("Invalid position parameter specified")
}

/// Reads a JSON object as a `T`. An empty body counts as an empty object.
pub(super) fn body<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, OperationError> {
    read(object(bytes)?)
}

/// As [`body`], but null counts as absent, and the object may have members of `absent` with their
/// harmless values.
pub(super) fn body_without<T: DeserializeOwned>(
    bytes: &[u8],
    absent: &[Absent],
) -> Result<T, OperationError> {
    let mut members = object(bytes)?;
    absent::take_out(&mut members, absent)?;
    read(members)
}

fn object(bytes: &[u8]) -> Result<Map<String, Value>, OperationError> {
    // Some editors and shells write this mark before JSON. It has no meaning.
    let bytes = bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(bytes);
    let bytes = if bytes.is_empty() { b"{}" } else { bytes };
    let value: Value = serde_json::from_slice(bytes)
        .map_err(|error| OperationError::bad(format!("Invalid request body: {error}")))?;
    match value {
        Value::Object(members) => Ok(members),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            Err(OperationError::bad(
                "Invalid request body: it must be a JSON object",
            ))
        }
    }
}

fn read<T: DeserializeOwned>(members: Map<String, Value>) -> Result<T, OperationError> {
    let value = Value::Object(members);
    if let Some(place) = nul_in(&value) {
        return Err(holds_nul(&format!("request body: {place}")));
    }
    serde_path_to_error::deserialize(value).map_err(|error| {
        let path = error.path().to_string();
        let reason = error.into_inner();
        OperationError::bad(format!("Invalid request body: {path}: {reason}"))
    })
}

/// The path to the first text or key that holds a NUL.
fn nul_in(value: &Value) -> Option<String> {
    let below = |name: String, value: &Value| {
        nul_in(value).map(|place| match place.as_str() {
            "" => name,
            _ if place.starts_with('[') => format!("{name}{place}"),
            _ => format!("{name}.{place}"),
        })
    };
    match value {
        Value::String(text) => text.contains('\0').then(String::new),
        Value::Array(values) => values
            .iter()
            .enumerate()
            .find_map(|(index, value)| below(format!("[{index}]"), value)),
        Value::Object(fields) => fields.iter().find_map(|(name, value)| {
            if name.contains('\0') {
                return Some(name.escape_debug().to_string());
            }
            below(name.clone(), value)
        }),
        Value::Null | Value::Bool(_) | Value::Number(_) => None,
    }
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
        assert!(super::segments("/%ff").is_err());
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
        let nulls = b"{\"enabled\":null,\"other\":null}";
        assert!(body_without::<Body>(nulls, &[]).is_ok());
    }

    #[test]
    fn a_nul_is_refused_wherever_it_is() {
        let place = |text: &str| {
            let value: Value = serde_json::from_str(text).expect("JSON");
            nul_in(&value)
        };
        assert_eq!(
            place(r#"{"a":["x",{"b":"y\u0000"}]}"#).as_deref(),
            Some("a[1].b")
        );
        assert_eq!(place(r#"{"a":{"\u0000":1}}"#).as_deref(), Some("a.\\0"));
        assert_eq!(place(r#"{"a":["\\u0000",null,1]}"#), None);
        for query in ["a%00=b", "a=%00", "a=b%00"] {
            assert!(Query::parse(query).is_err(), "{query}");
        }
        assert!(segments("/apikeys/%00").is_err());
        let position = |text: &str| format!("position={}", text_position(text));
        for bad in ["1:\0", "-300000000000000000:a", "999999999999999999999:a"] {
            let query = Query::parse(&position(bad)).expect("a good query");
            assert!(query.after().is_err(), "{bad:?}");
        }
    }
}
