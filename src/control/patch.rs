//! Lists of patch operations, as API Gateway has them: every value is a text.
//!
//! A list is applied in order to a value in memory, and what comes of it is written in one
//! transaction: the steps in between are seen by nobody. A list that cannot be done is refused
//! with all that is wrong with it.

use std::str::FromStr;

use serde::Deserialize;

use super::OperationError;

/// In the order in which API Gateway lists them.
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
    /// One of API Gateway's words for what is to be done.
    pub op: String,
    /// What it is to be done to.
    pub path: String,
    /// What is to be there; `remove` takes no notice of it, but where it names a stage.
    #[serde(default)]
    pub value: Option<String>,
    /// Where `copy` and `move` take the value from.
    #[serde(default)]
    pub from: Option<String>,
}

/// What is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Op {
    /// Put a value there, or one more into a list.
    Add,
    /// Take away what is there.
    Remove,
    /// Put a value in the place of what is there.
    Replace,
}

/// What can be done to a resource: its paths, each with the operations that it takes.
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

    /// Does each operation with `apply`.
    ///
    /// # Errors
    /// Words that are no operation, all of them; else all that `apply` refuses. `input` is what
    /// API Gateway calls the body.
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

    /// What is to be done; `None` for a word that nothing here does.
    pub(super) fn known_op(&self) -> Option<Op> {
        match self.op.as_str() {
            "add" => Some(Op::Add),
            "remove" => Some(Op::Remove),
            "replace" => Some(Op::Replace),
            _ => None,
        }
    }

    /// What is to be done, where one of `ops` is.
    ///
    /// # Errors
    /// Another operation. The text is API Gateway's.
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

    /// What is to be done to this path of a resource.
    ///
    /// # Errors
    /// A path that the resource does not have, or an operation that the path does not take.
    pub(super) fn op_of(&self, paths: &Paths) -> Result<Op, OperationError> {
        match paths.iter().find(|(path, _)| *path == self.path) {
            Some((_, ops)) => self.op(ops),
            None => Err(self.wrong_path(paths)),
        }
    }

    /// A path that this resource does not have. The texts and their two spaces are API Gateway's.
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

    /// Those of the paths that take this operation.
    pub(super) fn paths_of_op(&self, paths: &Paths) -> Vec<&'static str> {
        let op = self.known_op();
        let taken = paths
            .iter()
            .filter(|(_, ops)| op.is_some_and(|op| ops.contains(&op)));
        taken.map(|(path, _)| *path).collect()
    }

    /// # Errors
    /// A `from` where the value comes from `value`.
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

    /// The value, empty where there is none.
    pub(super) fn text(&self) -> &str {
        self.value.as_deref().unwrap_or_default()
    }

    /// The value, `None` where it is empty: setting a text to nothing takes it away, as `remove`
    /// does.
    pub(super) fn optional_text(&self) -> Option<String> {
        match self.known_op() {
            Some(Op::Add | Op::Replace) => {
                Some(self.text().to_owned()).filter(|text| !text.is_empty())
            }
            Some(Op::Remove) | None => None,
        }
    }

    /// Whatever is not `true` is false, as at API Gateway.
    pub(super) fn boolean(&self) -> bool {
        self.text().eq_ignore_ascii_case("true")
    }

    /// The value as a number.
    ///
    /// # Errors
    /// Names the path and what is expected.
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
