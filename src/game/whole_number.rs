//! Reads integers from JSON. JSON has one kind of number, and JSON Schema calls 4.0 an integer.

use serde_json::Value;

/// Beyond this a fraction may have been lost already.
const MAX_EXACT: f64 = 9_007_199_254_740_992.0;

/// The integer that `value` is, however it is written.
pub fn whole_number(value: &Value) -> Option<i64> {
    let written_as_fraction = || {
        let number = value.as_f64()?;
        let exact = number.fract() == 0.0 && number.abs() <= MAX_EXACT;
        // Every such number is one of i64's.
        exact.then_some(number as i64)
    };
    value.as_i64().or_else(written_as_fraction)
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
            (json!(i64::MIN), i64::MIN),
        ] {
            assert_eq!(whole_number(&value), Some(number), "{value}");
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
    }
}
