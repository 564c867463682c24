//! API Gateway's account. Here it stands for the server, and no setting of it can be changed.

use super::OperationError;
use crate::control::absent::{OF_ACCOUNT, patched};
use crate::control::patch::{ANY, Op, PatchList, PatchOperation, Paths};

/// The only feature of the account. It is always on.
pub const USAGE_PLANS: &str = "UsagePlans";

const PATHS: &Paths = &[("/features", ANY)];

/// Accepts patches that change nothing, such as turning usage plans on or removing the CloudWatch role.
///
/// # Errors
/// Fails for every other patch, and names it.
pub fn update_account(patches: &PatchList) -> Result<(), OperationError> {
    patches.apply("updateAccountInput", |patch| {
        if let Some(judged) = patched(patch, OF_ACCOUNT) {
            return judged;
        }
        judge_feature(patch, patch.op_of(PATHS)?)
    })
}

fn judge_feature(patch: &PatchOperation, op: Op) -> Result<(), OperationError> {
    match (patch.text(), op) {
        (USAGE_PLANS, Op::Add | Op::Replace) => Ok(()),
        // API Gateway's words.
        (USAGE_PLANS, Op::Remove) => Err(OperationError::bad(
            "Usage Plans cannot be disabled once enabled",
        )),
        // Removing a feature that is not there changes nothing.
        (_, Op::Remove) => Ok(()),
        (feature, Op::Add | Op::Replace) => Err(OperationError::bad(format!(
            "Invalid value '{feature}' for '/features': the one feature is {USAGE_PLANS}"
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn updated(op: &str, path: &str, value: &str) -> Result<(), String> {
        let list = PatchList::of(vec![PatchOperation::new(op, path, value)]);
        update_account(&list).map_err(|error| error.to_string())
    }

    #[test]
    fn only_what_is_so_is_accepted() {
        assert_eq!(updated("add", "/features", "UsagePlans"), Ok(()));
        assert_eq!(updated("replace", "/cloudwatchRoleArn", ""), Ok(()));
        for (op, path, value, named) in [
            ("remove", "/features", "UsagePlans", "cannot be disabled"),
            ("add", "/features", "Other", "Other"),
            (
                "replace",
                "/cloudwatchRoleArn",
                "arn:aws:iam::1:role/x",
                "cloudwatchRoleArn",
            ),
            ("replace", "/throttleSettings/rateLimit", "1", "[/features]"),
        ] {
            let refused = updated(op, path, value).expect_err(path);
            assert!(refused.contains(named), "{refused}");
        }
    }
}
