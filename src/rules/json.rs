//! JSON in one form, so that two values that mean the same are equal.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Number, Value};

/// The largest integer that every client can hold: 2⁵³ − 1.
pub const MAX_INTEGER: i64 = 9_007_199_254_740_991;
/// How deep arrays and objects may be nested.
pub const MAX_DEPTH: u8 = 32;

/// A JSON value in canonical form: keys sorted, integers only, each within ±(2⁵³ − 1) and written
/// without a fraction, no NUL in a text, nested at most 32 deep.
///
/// ```
/// use serde_json::json;
/// use turnkey::rules::Json;
///
/// assert_eq!(Json::read(&json!({"cell": 4.0})), Json::read(&json!({"cell": 4})));
/// assert!(Json::read(&json!({"cell": 4.5})).is_err());
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Json(Value);

/// A value that has not the form of what it should be. The text names the place and says what is
/// expected there.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct FormError(pub String);

impl Json {
    /// Reads `value`.
    ///
    /// # Errors
    /// Where it has no canonical form; the text names the place.
    pub fn read(value: &Value) -> Result<Json, FormError> {
        canonical(value, 0).map(Json).map_err(|fault| fault.told())
    }

    /// The value as our own types write it.
    pub fn of(value: &impl Serialize) -> Json {
        // Our types have text keys only, and nothing in them refuses to be written.
        Json(serde_json::to_value(value).expect("a value of our own has a JSON form"))
    }

    /// The empty object.
    pub fn empty_object() -> Json {
        Json(Value::Object(Map::new()))
    }

    /// The value.
    pub fn value(&self) -> &Value {
        &self.0
    }

    /// The value, given away.
    pub fn into_value(self) -> Value {
        self.0
    }
}

/// Reads `value` as a `T`.
///
/// # Errors
/// Where it has another form; the text names the place in it.
pub fn typed<'de, T: Deserialize<'de>>(value: &'de Value) -> Result<T, FormError> {
    serde_path_to_error::deserialize(value).map_err(|error| {
        let path = error.path().to_string();
        let inner = error.into_inner();
        FormError(match path.as_str() {
            "." => inner.to_string(),
            _ => format!("`{path}`: {inner}"),
        })
    })
}

/// The integer that `value` is, however it is written: JSON Schema calls 4.0 an integer.
pub fn whole_number(value: &Value) -> Option<i64> {
    let written_as_fraction = || {
        let number = value.as_f64()?;
        let exact = number.fract() == 0.0 && number.abs() <= MAX_INTEGER as f64;
        // Every such number is one of i64's.
        exact.then_some(number as i64)
    };
    value.as_i64().or_else(written_as_fraction)
}

/// A place in a value, innermost step first, and what is wrong there.
struct Fault {
    steps: Vec<String>,
    wrong: &'static str,
}

impl Fault {
    fn here(wrong: &'static str) -> Fault {
        Fault {
            steps: Vec::new(),
            wrong,
        }
    }

    fn within(mut self, step: String) -> Fault {
        self.steps.push(step);
        self
    }

    fn told(self) -> FormError {
        let path: String = self.steps.iter().rev().map(String::as_str).collect();
        FormError(match path.trim_start_matches('.') {
            "" => self.wrong.to_owned(),
            path => format!("`{path}`: {}", self.wrong),
        })
    }
}

fn canonical(value: &Value, depth: u8) -> Result<Value, Fault> {
    if depth == MAX_DEPTH && (value.is_array() || value.is_object()) {
        return Err(Fault::here("nested more than 32 deep"));
    }
    Ok(match value {
        Value::Null | Value::Bool(_) => value.clone(),
        Value::Number(_) => whole_number(value)
            .filter(|number| (-MAX_INTEGER..=MAX_INTEGER).contains(number))
            .map(|number| Value::Number(Number::from(number)))
            .ok_or_else(|| {
                Fault::here("numbers are integers from -9007199254740991 to 9007199254740991")
            })?,
        Value::String(text) => Value::String(storable(text)?.to_owned()),
        Value::Array(items) => items
            .iter()
            .enumerate()
            .map(|(index, item)| {
                canonical(item, depth + 1).map_err(|fault| fault.within(format!("[{index}]")))
            })
            .collect::<Result<_, _>>()?,
        Value::Object(fields) => fields
            .iter()
            .map(|(name, field)| {
                let step = || format!(".{}", name.escape_debug());
                let name = storable(name).map_err(|fault| fault.within(step()))?;
                let field = canonical(field, depth + 1).map_err(|fault| fault.within(step()))?;
                Ok((name.to_owned(), field))
            })
            .collect::<Result<Map<_, _>, _>>()
            .map(Value::Object)?,
    })
}

fn storable(text: &str) -> Result<&str, Fault> {
    match text.contains('\0') {
        true => Err(Fault::here("a text must not contain U+0000")),
        false => Ok(text),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn integers_however_they_are_written() {
        for (value, number) in [
            (json!(4), 4),
            (json!(4.0), 4),
            (json!(-0.0), 0),
            (json!(4e2), 400),
            (json!(MAX_INTEGER), MAX_INTEGER),
        ] {
            assert_eq!(whole_number(&value), Some(number), "{value}");
            assert_eq!(Json::read(&value), Ok(Json(json!(number))), "{value}");
        }
        for value in [
            json!(4.5),
            json!(1e300),
            json!(u64::MAX),
            json!("4"),
            json!(null),
        ] {
            assert_eq!(whole_number(&value), None, "{value}");
        }
        for value in [json!(4.5), json!(1e300), json!(u64::MAX), json!(i64::MIN)] {
            assert!(Json::read(&value).is_err(), "{value}");
        }
    }

    #[test]
    fn a_refusal_names_the_place() {
        let refused = |value: Value| Json::read(&value).unwrap_err().to_string();
        assert!(refused(json!({"place": [{"cell": 1.5}]})).starts_with("`place[0].cell`: "));
        assert!(refused(json!({"a": "\0"})).starts_with("`a`: "));
        assert!(refused(json!({"a\0": 1})).starts_with("`a\\0`: "));
        assert!(refused(json!(0.5)).starts_with("numbers are integers"));
    }

    #[test]
    fn nesting_ends_at_32() {
        let nested = |depth: u8| (0..depth).fold(json!(1), |inner, _| json!([inner]));
        assert!(Json::read(&nested(32)).is_ok());
        assert!(Json::read(&nested(33)).is_err());
    }

    #[test]
    fn a_typed_reading_names_the_place() {
        #[derive(Debug, serde::Deserialize)]
        struct Ship {
            #[serde(rename = "cell")]
            _cell: i64,
        }
        let error = typed::<Vec<Ship>>(&json!([{"cell": 1}, {"cell": "b"}])).unwrap_err();
        assert!(error.to_string().starts_with("`[1].cell`: "), "{error}");
    }
}
