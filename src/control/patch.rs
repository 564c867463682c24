//! Lists of patch operations, as in API Gateway: every value is a text.
//!
//! A list is applied in order to a value in memory, and only the result is written, in one
//! transaction. So no call sees the steps in between. The refusal of a list names every mistake in it.

use std::str::FromStr;

use serde::Deserialize;

use super::OperationError;

/// The words for operations, in the order in which API Gateway lists them.
const OPS: [&str; 6] = ["add", "remove", "move", "test", "replace", "copy"];

/// The body of an update.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct PatchList {
    /// The operations, in order; `None` is an empty list.
    pub patch_operations: Option<Vec<PatchOperation>>,
}

/// One step of an update.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PatchOperation {
    /// One of API Gateway's words for an operation.
    pub op: String,
    /// The path of the member to change, such as `/name`.
    pub path: String,
    /// The new value. `remove` uses it only to name an entry of a list, such as a stage.
    #[serde(default)]
    pub value: Option<String>,
    /// The source of a `copy` or `move`.
    #[serde(default)]
    pub from: Option<String>,
}

/// The operations that Turnkey performs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Op {
    /// Sets a value, or adds an entry to a list.
    Add,
    /// Removes a value, or an entry of a list.
    Remove,
    /// Replaces a value.
    Replace,
}

/// The paths of a resource, each with the operations that it accepts.
pub(super) type Paths = [(&'static str, &'static [Op])];

pub(super) const REPLACE: &[Op] = &[Op::Replace];
pub(super) const REPLACE_REMOVE: &[Op] = &[Op::Replace, Op::Remove];
pub(super) const ADD_REMOVE: &[Op] = &[Op::Add, Op::Remove];
pub(super) const ADD_REPLACE: &[Op] = &[Op::Add, Op::Replace];
pub(super) const ANY: &[Op] = &[Op::Add, Op::Remove, Op::Replace];
pub(super) const REMOVE: &[Op] = &[Op::Remove];

impl PatchList {
    /// A list of these operations.
    pub fn of(patches: Vec<PatchOperation>) -> PatchList {
        PatchList {
            patch_operations: Some(patches),
        }
    }

    /// The operations, in order.
    pub(super) fn operations(&self) -> &[PatchOperation] {
        self.patch_operations.as_deref().unwrap_or_default()
    }

    /// Calls `apply` for each operation. `input` is API Gateway's name for the body.
    ///
    /// # Errors
    /// Fails if any word is not an operation, and names all such words. Otherwise fails if `apply`
    /// refuses any operation, and gives all the reasons.
    pub(super) fn apply(
        &self,
        input: &str,
        mut apply: impl FnMut(&PatchOperation) -> Result<(), OperationError>,
    ) -> Result<(), OperationError> {
        let numbered = self.operations().iter().zip(1..);
        let wrong = numbered.filter(|(patch, _)| !OPS.contains(&patch.op.as_str()));
        let places: Vec<(&str, String)> = wrong
            .map(|(patch, number)| {
                let place = format!("{input}.patchOperations.{number}.member.op");
                (patch.op.as_str(), place)
            })
            .collect();
        if !places.is_empty() {
            return Err(OperationError::none_among(&places, &OPS));
        }
        let refused = self.operations().iter().filter_map(|patch| {
            let done = patch.check_from().and_then(|()| apply(patch));
            done.err()
        });
        OperationError::together(refused.collect())
    }
}

impl PatchOperation {
    /// An operation with a value.
    pub fn new(op: &str, path: &str, value: &str) -> PatchOperation {
        PatchOperation {
            op: op.into(),
            path: path.into(),
            value: Some(value.into()),
            from: None,
        }
    }

    /// The operation; `None` for a word that Turnkey does not perform.
    pub(super) fn known_op(&self) -> Option<Op> {
        match self.op.as_str() {
            "add" => Some(Op::Add),
            "remove" => Some(Op::Remove),
            "replace" => Some(Op::Replace),
            _ => None,
        }
    }

    /// The operation, if it is one of `ops`.
    ///
    /// # Errors
    /// Fails for any other operation, in API Gateway's words.
    pub(super) fn op(&self, ops: &[Op]) -> Result<Op, OperationError> {
        let op = self.known_op().filter(|op| ops.contains(op));
        op.ok_or_else(|| {
            OperationError::bad(format!(
                "Invalid patch operation specified. Must be one of: [{}]",
                ops.iter()
                    .map(|op| op.word())
                    .collect::<Vec<_>>()
                    .join(", ")
            ))
        })
    }

    /// The operation, if this path of a resource accepts it.
    ///
    /// # Errors
    /// Fails if the resource does not have the path, or the path does not accept the operation.
    pub(super) fn op_of(&self, paths: &Paths) -> Result<Op, OperationError> {
        match paths.iter().find(|(path, _)| *path == self.path) {
            Some((_, ops)) => self.op(ops),
            None => Err(self.wrong_path(paths)),
        }
    }

    /// The error for a path that a resource does not have. The texts, with their two spaces, are API
    /// Gateway's.
    pub(super) fn wrong_path(&self, paths: &Paths) -> OperationError {
        let (path, op) = (&self.path, &self.op);
        let paths = self.paths_of_op(paths);
        let advice = if paths.is_empty() {
            "Please choose supported operations".to_owned()
        } else {
            format!("Must be one of: [{}]", paths.join(", "))
        };
        OperationError::bad(format!(
            "Invalid patch path  '{path}' specified for op '{op}'. {advice}"
        ))
    }

    /// The paths that accept this operation.
    pub(super) fn paths_of_op(&self, paths: &Paths) -> Vec<&'static str> {
        let op = self.known_op();
        let taken = paths
            .iter()
            .filter(|(_, ops)| op.is_some_and(|op| ops.contains(&op)));
        taken.map(|(path, _)| *path).collect()
    }

    /// Refuses `from` for operations that take the new value from `value`.
    ///
    /// # Errors
    /// Fails if `from` is set for such an operation.
    fn check_from(&self) -> Result<(), OperationError> {
        let is_told = self.from.as_deref().is_some_and(|from| !from.is_empty());
        if is_told && self.known_op().is_some() {
            return Err(OperationError::bad(format!(
                "Invalid patch operation: from is not used by op '{}'; leave it out",
                self.op
            )));
        }
        Ok(())
    }

    /// The value; empty if there is none.
    pub(super) fn text(&self) -> &str {
        self.value.as_deref().unwrap_or_default()
    }

    /// The value, or `None` if it is empty: setting a text to an empty value removes it, as `remove`
    /// does.
    pub(super) fn optional_text(&self) -> Option<String> {
        match self.known_op() {
            Some(Op::Add | Op::Replace) => {
                Some(self.text().to_owned()).filter(|text| !text.is_empty())
            }
            Some(Op::Remove) | None => None,
        }
    }

    /// The value as a boolean. Every text but `true` (in any case) is false, as in API Gateway.
    pub(super) fn boolean(&self) -> bool {
        self.text().eq_ignore_ascii_case("true")
    }

    /// The value as a number.
    ///
    /// # Errors
    /// Fails if the value is not such a number. The error names the path and `expected`.
    pub(super) fn number<T: FromStr>(&self, expected: &str) -> Result<T, OperationError> {
        self.text().trim().parse().map_err(|_| {
            OperationError::bad(format!(
                "Invalid value '{}' specified for path '{}': it must be {expected}",
                self.text(),
                self.path
            ))
        })
    }
}

impl Op {
    fn word(self) -> &'static str {
        match self {
            Op::Add => "add",
            Op::Remove => "remove",
            Op::Replace => "replace",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATHS: &Paths = &[
        ("/description", REPLACE_REMOVE),
        ("/enabled", REPLACE),
        ("/name", REPLACE),
        ("/customerId", REPLACE),
    ];

    fn refused(op: &str, path: &str) -> String {
        let patch = PatchOperation::new(op, path, "x");
        let refused = patch.op_of(PATHS).expect_err("not to be done");
        refused.to_string()
    }

    #[test]
    fn messages_are_as_recorded() {
        assert_eq!(
            refused("replace", "/id"),
            "Invalid patch path  '/id' specified for op 'replace'. Must be one of: \
             [/description, /enabled, /name, /customerId]"
        );
        assert_eq!(
            refused("remove", "/id"),
            "Invalid patch path  '/id' specified for op 'remove'. Must be one of: [/description]"
        );
        assert_eq!(
            refused("add", "/id"),
            "Invalid patch path  '/id' specified for op 'add'. Please choose supported operations"
        );
        for op in ["add", "copy"] {
            assert_eq!(
                refused(op, "/name"),
                "Invalid patch operation specified. Must be one of: [replace]"
            );
        }
    }

    #[test]
    fn all_that_is_wrong_with_a_list_is_told() {
        let list = |patches: &[(&str, &str)]| {
            let patches = patches.iter();
            let patches = patches.map(|(op, path)| PatchOperation::new(op, path, "x"));
            let list = PatchList::of(patches.collect());
            let done = list.apply("updateApiKeyInput", |patch| patch.op_of(PATHS).map(|_| ()));
            done.map_err(|error| error.to_string())
        };
        assert_eq!(
            list(&[("wrong", "/id"), ("replace", "/id"), ("bad", "/name")]),
            Err("2 validation errors detected: Value 'wrong' at \
                 'updateApiKeyInput.patchOperations.1.member.op' failed to satisfy constraint: \
                 Member must satisfy enum value set: [add, remove, move, test, replace, copy]; \
                 Value 'bad' at 'updateApiKeyInput.patchOperations.3.member.op' failed to satisfy \
                 constraint: Member must satisfy enum value set: [add, remove, move, test, \
                 replace, copy]"
                .into())
        );
        let two = list(&[("replace", "/id"), ("replace", "/name"), ("add", "/name")]);
        let two = two.expect_err("two of them are wrong");
        assert!(
            two.contains("'/id'") && two.contains("; Invalid patch operation"),
            "{two}"
        );
        assert_eq!(list(&[("replace", "/name")]), Ok(()));
    }

    #[test]
    fn a_source_is_of_copy_and_move_alone() {
        let mut patch = PatchOperation::new("replace", "/name", "x");
        patch.from = Some("/description".into());
        let list = PatchList::of(vec![patch]);
        let refused = list.apply("x", |_| Ok(())).expect_err("it has a source");
        assert!(refused.to_string().contains("from"), "{refused}");
    }

    #[test]
    fn booleans_are_lenient_and_numbers_are_not() {
        let value = |value| PatchOperation::new("replace", "/x", value);
        assert!(value("tRuE").boolean());
        assert!(!value("not-a-boolean").boolean());
        assert!(value("10").number::<i32>("a whole number").is_ok());
        for bad in ["", "x", "1.5", "99999999999"] {
            assert!(value(bad).number::<i32>("a whole number").is_err(), "{bad}");
        }
    }
}
