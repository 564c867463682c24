//! Moves that are the number of a place: of a cell, of a column.

use serde::Serialize;
use serde_json::Value;

use super::json::{FormError, whole_number};
use super::ruleset::MoveRefusal;

/// The number of a place. Any integer has the form of a move; the board has those from 0 on.
#[derive(Serialize)]
#[serde(transparent)]
pub(super) struct Number(i64);

impl Number {
    /// The move of a place of a board.
    pub(super) fn of(place: usize) -> Number {
        // A board has far fewer places than there are numbers.
        Number(place as i64)
    }

    /// Reads a move; `form` says what it is.
    pub(super) fn read(value: &Value, form: &str) -> Result<Number, FormError> {
        whole_number(value)
            .map(Number)
            .ok_or_else(|| FormError(format!("a move is {form}")))
    }

    /// The place that this is on a board of `count` such places, each a `kind` for people.
    pub(super) fn place(&self, kind: &str, count: usize) -> Result<usize, MoveRefusal> {
        let place = usize::try_from(self.0).ok();
        place
            .filter(|&place| place < count)
            .ok_or_else(|| MoveRefusal::Never {
                detail: format!(
                    "there is no {kind} {}; play one of 0 to {}",
                    self.0,
                    count - 1
                ),
            })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_refusal_says_which_places_there_are() {
        let place = |number: i64| Number(number).place("cell", 9);
        assert_eq!((place(0), place(8)), (Ok(0), Ok(8)));
        for nowhere in [-1, 9, i64::MIN, i64::MAX] {
            let detail = format!("there is no cell {nowhere}; play one of 0 to 8");
            assert_eq!(place(nowhere), Err(MoveRefusal::Never { detail }));
        }
    }

    #[test]
    fn a_form_is_told_where_it_is_missed() {
        let read = |value: Value| Number::read(&value, "a column").map(|number| number.0);
        assert_eq!(read(json!(-4.0)), Ok(-4));
        for odd in [json!("4"), json!([4]), json!(4.5), json!(null)] {
            assert_eq!(read(odd), Err(FormError("a move is a column".into())));
        }
    }
}
