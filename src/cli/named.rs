//! Finds things by a name that is not unique.

use std::fmt::Display;

use crate::control::operations::OperationError;

/// The most ids that are listed if a name is not enough.
const LISTED: usize = 20;

/// The only one of `found`, which are those with this name; `None` if there is none. `kind` is
/// their plural noun, such as "keys".
///
/// # Errors
/// [`OperationError::Conflict`], which lists the ids, if several have the name.
pub fn only<T: Display>(
    kind: &str,
    name: &str,
    mut found: Vec<T>,
) -> Result<Option<T>, OperationError> {
    if found.len() <= 1 {
        return Ok(found.pop());
    }
    let ids: Vec<String> = found.iter().take(LISTED).map(T::to_string).collect();
    let more = if found.len() > LISTED { ", …" } else { "" };
    Err(OperationError::Conflict(format!(
        "{} {kind} have the name {name:?}; say which one by its id: {}{more}",
        found.len(),
        ids.join(", ")
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_of_several_is_refused_with_their_ids() {
        assert_eq!(only::<u8>("keys", "a", vec![]).ok(), Some(None));
        assert_eq!(only("keys", "a", vec![1]).ok(), Some(Some(1)));
        let several = only("keys", "a", vec![1, 2]).expect_err("two");
        assert_eq!(
            several.to_string(),
            "2 keys have the name \"a\"; say which one by its id: 1, 2"
        );
        let many = only("keys", "a", (0..99).collect()).expect_err("many");
        assert!(many.to_string().ends_with("18, 19, …"), "{many}");
    }
}
