//! Options that are whole numbers, each with its range and its default.

use std::ops::RangeInclusive;

use serde_json::{Map, Value, json};

use super::json::{FormError, whole_number};

/// An option that is a whole number.
pub(super) struct NumberOption {
    name: &'static str,
    meaning: &'static str,
    range: RangeInclusive<u16>,
    default: u16,
}

/// The JSON Schema of options that are these numbers.
pub(super) fn number_schema(known: &[NumberOption]) -> Value {
    let properties: Map<String, Value> = known
        .iter()
        .map(|option| {
            let schema = json!({
                "type": "integer", "minimum": option.range.start(), "maximum": option.range.end(),
                "description": format!("{} {} if left out.", option.meaning, option.default),
            });
            (option.name.to_owned(), schema)
        })
        .collect();
    json!({"type": "object", "additionalProperties": false, "properties": properties})
}

/// Reads the number of each of the `known` options, in their order.
pub(super) fn read_numbers<const N: usize>(
    variant: &str,
    known: &[NumberOption; N],
    options: &Map<String, Value>,
) -> Result<[u16; N], FormError> {
    let is_known = |name: &&String| known.iter().any(|option| option.name == name.as_str());
    if let Some(name) = options.keys().find(|name| !is_known(name)) {
        let names = known.each_ref().map(|option| format!("`{}`", option.name));
        return Err(FormError(format!(
            "{variant} has no option {name:?}; it has {}",
            names.join(", ")
        )));
    }
    let mut numbers = known.each_ref().map(|option| option.default);
    for (number, option) in numbers.iter_mut().zip(known) {
        if let Some(value) = options.get(option.name) {
            *number = option.read(value)?;
        }
    }
    Ok(numbers)
}

impl NumberOption {
    /// The option of this name, which for people has this meaning; the numbers that it takes, and
    /// the one that it is where it is left out.
    pub(super) const fn new(
        name: &'static str,
        meaning: &'static str,
        range: RangeInclusive<u16>,
        default: u16,
    ) -> NumberOption {
        NumberOption {
            name,
            meaning,
            range,
            default,
        }
    }

    fn read(&self, value: &Value) -> Result<u16, FormError> {
        whole_number(value)
            .and_then(|number| u16::try_from(number).ok())
            .filter(|number| self.range.contains(number))
            .ok_or_else(|| {
                FormError(format!(
                    "`{}` is an integer from {} to {}",
                    self.name,
                    self.range.start(),
                    self.range.end()
                ))
            })
    }
}

#[cfg(test)]
#[allow(
    clippy::unwrap_used,
    reason = "a test that cannot go on says so by failing"
)]
mod tests {
    use super::*;

    const KNOWN: [NumberOption; 2] = [
        NumberOption::new("rows", "Rows of the board.", 5..=19, 15),
        NumberOption::new("inARow", "How many win.", 4..=6, 5),
    ];

    fn read(options: &Value) -> Result<[u16; 2], String> {
        read_numbers("gomoku", &KNOWN, options.as_object().unwrap()).map_err(|error| error.0)
    }

    #[test]
    fn what_is_left_out_gets_its_default() {
        assert_eq!(read(&json!({})), Ok([15, 5]));
        assert_eq!(read(&json!({"inARow": 6})), Ok([15, 6]));
        assert_eq!(read(&json!({"inARow": 4.0, "rows": 19})), Ok([19, 4]));
    }

    #[test]
    fn a_refusal_names_the_option_and_what_it_takes() {
        for odd in [json!(4), json!(20), json!(-5), json!(65_551), json!("9")] {
            let refused = read(&json!({"rows": odd})).unwrap_err();
            assert_eq!(refused, "`rows` is an integer from 5 to 19", "{odd}");
        }
        assert_eq!(
            read(&json!({"rows": 9, "size": 9})).unwrap_err(),
            "gomoku has no option \"size\"; it has `rows`, `inARow`"
        );
    }

    #[test]
    fn the_schema_tells_the_range_and_the_default() {
        assert_eq!(
            number_schema(&KNOWN[..1]),
            json!({"type": "object", "additionalProperties": false, "properties": {"rows": {
                "type": "integer", "minimum": 5, "maximum": 19,
                "description": "Rows of the board. 15 if left out.",
            }}})
        );
    }
}
