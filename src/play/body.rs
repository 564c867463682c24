//! Reads request bodies and queries. Every refusal names the field and what is expected of it.

use std::ops::RangeInclusive;

use serde_json::{Map, Value};

use super::PlayError;
use crate::rules::whole_number;

/// The fields of a JSON object, all of them known. A null field counts as absent.
pub(super) struct Body {
    fields: Map<String, Value>,
}

impl Body {
    /// Reads an object with no fields but the `known` ones.
    pub(super) fn parse(bytes: &[u8], known: &[&str]) -> Result<Body, PlayError> {
        Body::parse_any(bytes)?.only(known)
    }

    /// Reads an object with any fields. An empty body is the empty object.
    pub(super) fn parse_any(bytes: &[u8]) -> Result<Body, PlayError> {
        match parse_json(bytes)? {
            Value::Object(fields) => Ok(Body { fields }),
            Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::String(_)
            | Value::Array(_) => Err(PlayError::malformed("the body must be a JSON object")),
        }
    }

    /// Refuses fields that are not `known`.
    pub(super) fn only(self, known: &[&str]) -> Result<Body, PlayError> {
        match self
            .fields
            .keys()
            .find(|name| !known.contains(&name.as_str()))
        {
            None => Ok(self),
            Some(name) => Err(PlayError::malformed(format!(
                "unknown field `{}` in the body; known are `{}`",
                name.escape_debug(),
                known.join("`, `")
            ))),
        }
    }

    pub(super) fn value(&self, name: &str) -> Option<&Value> {
        self.fields.get(name).filter(|value| !value.is_null())
    }

    pub(super) fn text(&self, name: &str) -> Result<Option<&str>, PlayError> {
        self.value(name)
            .map(|value| value.as_str().ok_or_else(|| expected(name, "a text")))
            .transpose()
    }

    pub(super) fn object(&self, name: &str) -> Result<Option<&Map<String, Value>>, PlayError> {
        self.value(name)
            .map(|value| value.as_object().ok_or_else(|| expected(name, "an object")))
            .transpose()
    }

    pub(super) fn integer(
        &self,
        name: &str,
        range: RangeInclusive<u32>,
    ) -> Result<Option<u32>, PlayError> {
        let within = |value: &Value| {
            let number = whole_number(value).and_then(|number| u32::try_from(number).ok());
            number
                .filter(|number| range.contains(number))
                .ok_or_else(|| expected(name, &span(&range)))
        };
        self.value(name).map(within).transpose()
    }

    /// A field that holds one of a few words.
    pub(super) fn choice<T: Copy>(
        &self,
        name: &str,
        choices: &[(&str, T)],
    ) -> Result<Option<T>, PlayError> {
        self.text(name)?
            .map(|word| chosen(name, word, choices))
            .transpose()
    }
}

/// Reads a JSON value. An empty body is the empty object.
pub(super) fn parse_json(bytes: &[u8]) -> Result<Value, PlayError> {
    if bytes.is_empty() {
        return Ok(Value::Object(Map::new()));
    }
    serde_json::from_slice(bytes)
        .map_err(|error| PlayError::malformed(format!("the body is not JSON: {error}")))
}

pub(super) fn required<T>(name: &str, value: Option<T>) -> Result<T, PlayError> {
    value.ok_or_else(|| PlayError::malformed(format!("the body lacks the field `{name}`")))
}

/// The one of `choices` that `word` names.
pub(super) fn chosen<T: Copy>(
    name: &str,
    word: &str,
    choices: &[(&str, T)],
) -> Result<T, PlayError> {
    let found = choices.iter().find(|(choice, _)| *choice == word);
    found.map(|(_, value)| *value).ok_or_else(|| {
        let words: Vec<&str> = choices.iter().map(|(choice, _)| *choice).collect();
        expected(name, &format!("one of `{}`", words.join("`, `")))
    })
}

/// An integer in a query: digits only.
pub(super) fn query_integer(
    name: &str,
    text: Option<&str>,
    range: RangeInclusive<u32>,
) -> Result<Option<u32>, PlayError> {
    let within = |text: &str| {
        let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let number = digits.then(|| text.parse().ok()).flatten();
        number
            .filter(|number| range.contains(number))
            .ok_or_else(|| expected(name, &span(&range)))
    };
    text.map(within).transpose()
}

pub(super) fn expected(name: &str, what: &str) -> PlayError {
    PlayError::malformed(format!("`{name}` must be {what}"))
}

fn span(range: &RangeInclusive<u32>) -> String {
    format!("an integer from {} to {}", range.start(), range.end())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_name_the_field() {
        let body = Body::parse(br#"{"version":"x","name":3}"#, &["version", "name"]).unwrap();
        let refusal = body.integer("version", 1..=9).unwrap_err();
        assert!(refusal.to_string().contains("`version`"), "{refusal}");
        assert!(
            body.text("name")
                .unwrap_err()
                .to_string()
                .contains("`name`")
        );
        let unknown = Body::parse(br#"{"x":1}"#, &["name"]).err().unwrap();
        assert!(unknown.to_string().contains("`x`"), "{unknown}");
    }

    #[test]
    fn what_is_not_an_object_is_refused() {
        let deep = "[".repeat(10_000);
        for bad in ["[]", "3", "{", "nonsense", r#"{"a":"\ud800"}"#, &deep] {
            assert!(Body::parse(bad.as_bytes(), &["a"]).is_err(), "{bad}");
        }
        assert!(Body::parse(b"\xff", &[]).is_err());
        assert!(Body::parse(b"", &[]).is_ok());
    }

    #[test]
    fn integers_in_queries() {
        let read = |text| query_integer("limit", Some(text), 1..=500).ok().flatten();
        assert_eq!(read("500"), Some(500));
        for bad in [
            "",
            "0",
            "501",
            "+5",
            "-1",
            "1.0",
            "x",
            "99999999999999999999",
        ] {
            assert_eq!(read(bad), None, "{bad}");
        }
    }
}
