//! Applies one patch operation to a stage.

use super::OperationError;
use super::stages::check_owner;
use crate::control::absent::{OF_STAGE, patched};
use crate::control::patch::{ANY, Op, PatchOperation, Paths, REPLACE, REPLACE_REMOVE};
use crate::store::control::Stage;

const PATHS: &Paths = &[
    ("/deploymentId", REPLACE),
    ("/description", REPLACE_REMOVE),
    ("/variables/{variable_name}", ANY),
];

/// Settings of a method on a stage, below `/{resource}/{verb}`, each with the only value that a patch
/// may give it: the one that it always has here.
const METHOD_SETTINGS: [(&str, &str); 7] = [
    ("/metrics/enabled", "false"),
    ("/logging/dataTrace", "false"),
    ("/logging/loglevel", "OFF"),
    ("/caching/enabled", "false"),
    ("/caching/dataEncrypted", "false"),
    // API Gateway's word for no limit.
    ("/throttling/rateLimit", "-1"),
    ("/throttling/burstLimit", "-1"),
];

/// Applies `patch` to `stage`. The caller checks afterwards whether the deployment exists.
///
/// # Errors
/// Fails if the patch is invalid or sets something that a stage does not have. The texts are API
/// Gateway's where those are known.
pub(super) fn apply(stage: &mut Stage, patch: &PatchOperation) -> Result<(), OperationError> {
    if patch.op == "copy" {
        return Err(promotion(patch));
    }
    if let Some(judged) = patched(patch, OF_STAGE) {
        return judged;
    }
    let path = patch.path.as_str();
    let variable = path.strip_prefix("/variables/");
    if let Some(name) = variable.filter(|name| !name.is_empty()) {
        match patch.op(ANY)? {
            Op::Add | Op::Replace => {
                check_owner(name)?;
                let value = patch.text().to_owned();
                stage.variables.insert(name.to_owned(), value);
            }
            Op::Remove => {
                // One of that name can have been set before rules had such names.
                if stage.variables.remove(name).is_none() {
                    check_owner(name)?;
                }
            }
        }
        return Ok(());
    }
    match path {
        "/deploymentId" => {
            patch.op_of(PATHS)?;
            let id = patch.text().parse();
            stage.deployment =
                id.map_err(|_| OperationError::bad("Deployment id does not exist"))?;
            Ok(())
        }
        "/description" => {
            patch.op_of(PATHS)?;
            stage.description = patch.optional_text();
            Ok(())
        }
        _ => apply_other(patch),
    }
}

/// Judges a patch of a setting that no stage has here. A patch that turns it off is accepted.
fn apply_other(patch: &PatchOperation) -> Result<(), OperationError> {
    let path = &patch.path;
    if patch.known_op() == Some(Op::Remove) {
        // The space at the end is API Gateway's.
        return Err(OperationError::bad(format!(
            "Cannot remove method setting {} because there is no method setting for this method ",
            path.trim_start_matches('/')
        )));
    }
    let settings = METHOD_SETTINGS.iter();
    let mut said = settings.filter(|(setting, _)| path.ends_with(setting));
    if let Some((_, harmless)) = said.next() {
        let is_so = match *harmless {
            "false" => !patch.boolean(),
            word => patch.text().eq_ignore_ascii_case(word),
        };
        if is_so {
            return Ok(());
        }
    }
    if path.contains("/throttling/") {
        return Err(OperationError::bad(format!(
            "Invalid method setting path: {path}. Limits belong to a usage plan here, as \
             /throttle or as /apiStages/{{apiId:stage}}/throttle/{{path}}/{{verb}}"
        )));
    }
    let parents = OF_STAGE.iter();
    let mut parents = parents.filter(|absent| path.starts_with(&format!("/{}/", absent.name)));
    if let Some(absent) = parents.next() {
        return Err(OperationError::bad(format!(
            "{path} is not supported: {}",
            absent.why
        )));
    }
    Err(OperationError::bad(format!(
        "Invalid method setting path: {path}. Must be one of: [{}]",
        patch.paths_of_op(PATHS).join(", ")
    )))
}

/// The error for `copy`, which would promote a canary to the stage's deployment: there are no canaries.
fn promotion(patch: &PatchOperation) -> OperationError {
    let from = patch.from.as_deref().unwrap_or_default();
    let is_promotion = matches!(
        (patch.path.as_str(), from),
        ("/deploymentId", "/canarySettings/deploymentId")
            | ("/variables", "/canarySettings/stageVariableOverrides")
    );
    OperationError::bad(if is_promotion {
        "Promotion not available. Canary does not exist.".to_owned()
    } else {
        format!(
            "Invalid copy operation with path: {} and from {from}. Valid copy:path are \
             [/deploymentId, /variables] and valid copy:from are [/canarySettings/deploymentId, \
             /canarySettings/stageVariableOverrides]",
            patch.path
        )
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use time::OffsetDateTime;

    use super::*;
    use crate::store::DeploymentId;

    fn patched_with(op: &str, path: &str, value: &str) -> Result<Stage, String> {
        let mut stage = Stage {
            name: "dev".parse().expect("a good name"),
            deployment: DeploymentId::generate(),
            description: Some("d".into()),
            variables: BTreeMap::from([("v".into(), "1".into())]),
            tags: BTreeMap::new(),
            created_at: OffsetDateTime::UNIX_EPOCH,
            updated_at: OffsetDateTime::UNIX_EPOCH,
        };
        let patch = PatchOperation::new(op, path, value);
        let done = apply(&mut stage, &patch);
        done.map_err(|error| error.to_string())?;
        Ok(stage)
    }

    #[test]
    fn descriptions_and_variables_are_set_and_removed() {
        let stage = |op, path, value| patched_with(op, path, value).expect("a good patch");
        assert_eq!(stage("remove", "/description", "").description, None);
        assert_eq!(stage("replace", "/description", "").description, None);
        assert!(stage("remove", "/variables/v", "1").variables.is_empty());
        assert_eq!(stage("add", "/variables/w", "2").variables.len(), 2);
    }

    #[test]
    fn rules_are_no_variables_of_a_stage() {
        for op in ["add", "replace", "remove"] {
            let refused = patched_with(op, "/variables/rules_gomoku", "1").expect_err(op);
            assert!(refused.contains("rules_gomoku") && refused.contains("CreateDeployment"));
        }
    }

    #[test]
    fn refusals_are_as_recorded() {
        let refused = |op: &str, path: &str| {
            let refused = patched_with(op, path, "x");
            refused.expect_err("not to be done")
        };
        let none = "because there is no method setting for this method ";
        for path in ["*/*", "canarySettings/badPath", "accessLogSettings/format"] {
            let text = refused("remove", &format!("/{path}"));
            assert_eq!(text, format!("Cannot remove method setting {path} {none}"));
        }
        assert_eq!(
            refused("replace", "/tags/a"),
            "Invalid method setting path: /tags/a. Must be one of: [/deploymentId, /description, \
             /variables/{variable_name}]"
        );
        let copy = refused("copy", "/deploymentId");
        assert!(copy.starts_with("Invalid copy operation with path: /deploymentId and from ."));
    }

    #[test]
    fn a_method_setting_may_be_said_to_be_off() {
        for (path, off, on) in [
            ("/*/*/metrics/enabled", "false", "true"),
            ("/game/POST/logging/loglevel", "OFF", "INFO"),
            ("/*/*/caching/enabled", "False", "True"),
            ("/*/*/throttling/burstLimit", "-1", "5"),
        ] {
            assert!(patched_with("replace", path, off).is_ok(), "{path}");
            let refused = patched_with("replace", path, on).expect_err(path);
            assert!(refused.contains(path), "{refused}");
        }
        for path in [
            "/canarySettings/percentTraffic",
            "/accessLogSettings/format",
        ] {
            let refused = patched_with("replace", path, "0").expect_err(path);
            assert!(refused.starts_with(path), "{refused}");
        }
    }
}
