//! Options that are whole numbers, each with its range and its default.

use serde_json::{Map, Value, json};

use super::json::{FormError, whole_number};

/// An option that is a whole number.
pub(super) struct NumberOption {
    /// Its name in the options.
    pub name: &'static str,
    /// What it means, for people.
    pub meaning: &'static str,
    /// The least number that it takes.
    pub least: u16,
    /// The greatest number that it takes.
    pub most: u16,
    /// Its number where it is left out.
    pub default: u16,
}

/// The JSON Schema of options that are these numbers.
pub(super) fn number_schema(known: &[NumberOption]) -> Value {
    let properties: Map<String, Value> = known
        .iter()
        .map(|option| {
            let schema = json!({
                "type": "integer", "minimum": option.least, "maximum": option.most,
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
    fn read(&self, value: &Value) -> Result<u16, FormError> {
        whole_number(value)
            .and_then(|number| u16::try_from(number).ok())
            .filter(|number| (self.least..=self.most).contains(number))
            .ok_or_else(|| {
                FormError(format!(
                    "`{}` is an integer from {} to {}",
                    self.name, self.least, self.most
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
        NumberOption {
            name: "rows",
            meaning: "Rows of the board.",
            least: 5,
            most: 19,
            default: 15,
        },
        NumberOption {
            name: "inARow",
            meaning: "How many win.",
            least: 4,
            most: 6,
            default: 5,
        },
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
