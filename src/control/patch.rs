//! Lists of patch operations, as API Gateway has them: every value is a text.
//!
//! A list is applied in order to a value in memory, and what comes of it is written in one
//! transaction: the steps in between are seen by nobody.

use std::str::FromStr;

use serde::Deserialize;

use super::OperationError;

const OPS: [&str; 6] = ["add", "remove", "replace", "move", "copy", "test"];

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PatchList {
    #[serde(default)]
    pub patch_operations: Vec<PatchOperation>,
}

#[derive(Clone, Debug, Deserialize)]
pub struct PatchOperation {
    pub op: String,
    pub path: String,
    #[serde(default)]
    pub value: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Op {
    Add,
    Remove,
    Replace,
}

impl PatchOperation {
    pub fn new(op: &str, path: &str, value: &str) -> PatchOperation {
        PatchOperation {
            op: op.into(),
            path: path.into(),
            value: Some(value.into()),
        }
    }

    /// What is to be done.
    ///
    /// # Errors
    /// A word that is no op, or one that nothing here supports.
    pub(super) fn op(&self) -> Result<Op, OperationError> {
        match self.op.as_str() {
            "add" => Ok(Op::Add),
            "remove" => Ok(Op::Remove),
            "replace" => Ok(Op::Replace),
            "move" | "copy" | "test" => Err(unsupported("add, remove, replace")),
            other => Err(OperationError::not_among(
                other,
                "patchOperations.member.op",
                &OPS,
            )),
        }
    }

    /// # Errors
    /// Any op but `replace`.
    pub(super) fn expect_replace(&self) -> Result<(), OperationError> {
        match self.op()? {
            Op::Replace => Ok(()),
            Op::Add | Op::Remove => Err(unsupported("replace")),
        }
    }

    /// A path that this resource does not have. The two spaces are API Gateway's.
    pub(super) fn wrong_path(&self, paths: &[&str]) -> OperationError {
        OperationError::bad(format!(
            "Invalid patch path  '{}' specified for op '{}'. Must be one of: [{}]",
            self.path,
            self.op,
            paths.join(", ")
        ))
    }

    /// The value, empty where there is none.
    pub(super) fn text(&self) -> &str {
        self.value.as_deref().unwrap_or_default()
    }

    /// The value, `None` where it is empty: setting a text to nothing takes it away.
    pub(super) fn optional_text(&self) -> Option<String> {
        Some(self.text())
            .filter(|text| !text.is_empty())
            .map(str::to_owned)
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

pub(super) fn unsupported(supported: &str) -> OperationError {
    OperationError::bad(format!(
        "Invalid patch operation specified. Must be one of: [{supported}]"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_as_recorded() {
        let patch = PatchOperation::new("replace", "/id", "x");
        assert_eq!(
            patch
                .wrong_path(&["/description", "/enabled", "/name", "/customerId"])
                .to_string(),
            "Invalid patch path  '/id' specified for op 'replace'. Must be one of: \
             [/description, /enabled, /name, /customerId]"
        );
        let add = PatchOperation::new("add", "/name", "x");
        assert_eq!(
            add.expect_replace().map_err(|error| error.to_string()),
            Err("Invalid patch operation specified. Must be one of: [replace]".into())
        );
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
