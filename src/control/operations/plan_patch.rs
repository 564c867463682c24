//! Applies one patch operation to the draft of a usage plan.

use std::collections::{BTreeMap, BTreeSet};

use super::plan_draft::{Draft, ThrottleInput};
use super::plans::unknown_stage;
use super::{API_ID, OperationError};
use crate::control::patch::{
    ADD_REMOVE, ADD_REPLACE, ANY, Op, PatchOperation, Paths, REMOVE, REPLACE, REPLACE_REMOVE,
};
use crate::store::PlanId;
use crate::store::plans::method_key;

const STAGE_THROTTLES: &str = "/apiStages/{apiId:stage}/throttle";

const PATHS: &Paths = &[
    ("/name", REPLACE),
    ("/description", REPLACE_REMOVE),
    ("/productCode", ANY),
    ("/apiStages", ADD_REMOVE),
    ("/throttle", REMOVE),
    ("/throttle/rateLimit", ADD_REPLACE),
    ("/throttle/burstLimit", ADD_REPLACE),
    ("/quota", REMOVE),
    ("/quota/limit", ADD_REPLACE),
    ("/quota/offset", ADD_REPLACE),
    ("/quota/period", ADD_REPLACE),
    (STAGE_THROTTLES, ANY),
    ("/apiStages/{apiId:stage}/throttle/{path}/{verb}", REMOVE),
    (
        "/apiStages/{apiId:stage}/throttle/{path}/{verb}/rateLimit",
        ADD_REPLACE,
    ),
    (
        "/apiStages/{apiId:stage}/throttle/{path}/{verb}/burstLimit",
        ADD_REPLACE,
    ),
];

/// Applies `patch` to `draft`. `plan` is the plan's id, for error texts. The caller checks the draft
/// once the whole list is applied.
///
/// # Errors
/// Fails with [`OperationError::BadRequest`] if the patch is invalid, and with
/// [`OperationError::NotFound`] if it names a stage that does not exist or is not in the plan. The draft
/// may then be half changed, so the caller must discard it.
pub fn apply(
    draft: &mut Draft,
    patch: &PatchOperation,
    plan: &PlanId,
    known_stages: &BTreeSet<String>,
) -> Result<(), OperationError> {
    if let Some(rest) = patch.path.strip_prefix("/apiStages/") {
        let (stage, method) = rest
            .split_once("/throttle")
            .ok_or_else(|| patch.wrong_path(PATHS))?;
        let stage = unescaped(stage);
        let (api, name) = split_stage(&stage)?;
        let throttles = draft
            .stages
            .get_mut(name)
            .filter(|_| api == API_ID)
            .ok_or_else(|| unknown_stage(plan, api, name))?;
        return apply_method(throttles, method, patch);
    }
    let op = patch.op_of(PATHS)?;
    match patch.path.as_str() {
        "/name" => patch.text().clone_into(&mut draft.name),
        "/description" => draft.description = patch.optional_text(),
        "/productCode" => draft.product_code = patch.optional_text(),
        "/apiStages" => apply_stage(draft, op, patch, plan, known_stages)?,
        "/throttle" => draft.throttle = None,
        "/throttle/rateLimit" | "/throttle/burstLimit" => {
            set_limit(draft.throttle.get_or_insert_default(), patch)?;
        }
        "/quota" => draft.quota = None,
        "/quota/limit" => {
            let limit = patch.number("a whole number, 0 or more")?;
            draft.quota.get_or_insert_default().limit = Some(limit);
        }
        "/quota/offset" => {
            let offset = patch.number("a whole number")?;
            draft.quota.get_or_insert_default().offset = Some(offset);
        }
        "/quota/period" => draft.quota.get_or_insert_default().period = patch.optional_text(),
        _ => return Err(patch.wrong_path(PATHS)),
    }
    Ok(())
}

fn apply_stage(
    draft: &mut Draft,
    op: Op,
    patch: &PatchOperation,
    plan: &PlanId,
    known_stages: &BTreeSet<String>,
) -> Result<(), OperationError> {
    let (api, stage) = split_stage(patch.text())?;
    let unknown = || unknown_stage(plan, api, stage);
    match op {
        Op::Add if api != API_ID || !known_stages.contains(stage) => Err(unknown()),
        Op::Add => {
            draft.stages.entry(stage.to_owned()).or_default();
            Ok(())
        }
        Op::Remove if api != API_ID => Err(unknown()),
        Op::Remove => match draft.stages.remove(stage) {
            Some(_) => Ok(()),
            None => Err(unknown()),
        },
        Op::Replace => Err(patch.wrong_path(PATHS)),
    }
}

/// `rest` is what follows `…/throttle` in the path.
fn apply_method(
    throttles: &mut BTreeMap<String, ThrottleInput>,
    rest: &str,
    patch: &PatchOperation,
) -> Result<(), OperationError> {
    let Some(rest) = rest.strip_prefix('/') else {
        if !rest.is_empty() {
            return Err(patch.wrong_path(PATHS));
        }
        *throttles = match patch.op(ANY)? {
            Op::Remove => BTreeMap::new(),
            Op::Add | Op::Replace => parse_map(patch)?,
        };
        return Ok(());
    };
    let limit = ["/rateLimit", "/burstLimit"]
        .into_iter()
        .find_map(|limit| rest.strip_suffix(limit));
    match limit {
        Some(method) => {
            patch.op(ADD_REPLACE)?;
            let name = known_name(throttles, method);
            set_limit(throttles.entry(name).or_default(), patch)
        }
        None => {
            patch.op(REMOVE)?;
            throttles.remove(&known_name(throttles, rest));
            Ok(())
        }
    }
}

/// The name of a method's throttle: the name it already has in the plan, or else `given`.
fn known_name(throttles: &BTreeMap<String, ThrottleInput>, given: &str) -> String {
    let given = unescaped(given);
    let key = method_key(&given);
    let mut names = throttles.keys();
    let known = names.find(|name| method_key(name) == key);
    known.cloned().unwrap_or(given)
}

/// Sets the limit that the end of the path names.
fn set_limit(throttle: &mut ThrottleInput, patch: &PatchOperation) -> Result<(), OperationError> {
    if patch.path.ends_with("/rateLimit") {
        throttle.rate_limit = Some(patch.number("a number, 0 or more")?);
    } else {
        throttle.burst_limit = Some(patch.number("a whole number, 0 or more")?);
    }
    Ok(())
}

fn parse_map(patch: &PatchOperation) -> Result<BTreeMap<String, ThrottleInput>, OperationError> {
    serde_json::from_str(patch.text()).map_err(|error| {
        OperationError::bad(format!(
            "Invalid value specified for path '{}': it must be a JSON object such as \
             {{\"/game/POST\":{{\"rateLimit\":1,\"burstLimit\":2}}}}: {error}",
            patch.path
        ))
    })
}

/// Undoes the escapes of a JSON pointer.
fn unescaped(text: &str) -> String {
    text.replace("~1", "/").replace("~0", "~")
}

fn split_stage(text: &str) -> Result<(&str, &str), OperationError> {
    text.split_once(':')
        .filter(|(api, stage)| !api.is_empty() && !stage.is_empty())
        .ok_or_else(|| OperationError::bad("Invalid API Stage specified"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn patched(patches: &[(&str, &str, &str)]) -> Result<Draft, String> {
        let mut draft = Draft {
            name: "p".into(),
            description: None,
            product_code: None,
            throttle: None,
            quota: None,
            stages: BTreeMap::from([("prod".into(), BTreeMap::new())]),
            tags: BTreeMap::new(),
        };
        let known = BTreeSet::from(["prod".to_owned(), "dev".to_owned()]);
        let plan = PlanId::generate();
        for (op, path, value) in patches {
            let patch = PatchOperation::new(op, path, value);
            apply(&mut draft, &patch, &plan, &known).map_err(|error| error.to_string())?;
        }
        Ok(draft)
    }

    #[test]
    fn a_method_is_kept_as_it_was_given_and_found_however_it_is_written() {
        let path = |method: &str, limit: &str| {
            format!("/apiStages/turnkey:prod/throttle/{method}/{limit}")
        };
        let spelled = ["/game/POST", "~1game/POST", "game/POST", "~1game~1POST"];
        let kept = ["/game/POST", "/game/POST", "game/POST", "/game/POST"];
        for (given, kept) in spelled.into_iter().zip(kept) {
            let first = path(given, "rateLimit");
            for again in spelled {
                let draft = patched(&[
                    ("replace", &first, "2"),
                    ("add", &path(again, "burstLimit"), "3"),
                ]);
                let draft = draft.expect("a good list");
                let names: Vec<&String> = draft.stages["prod"].keys().collect();
                assert_eq!(names, [kept], "{given}, then {again}");
            }
        }
    }

    #[test]
    fn what_a_path_does_not_take_is_refused() {
        for (op, path, taken) in [
            ("remove", "/name", "[replace]"),
            ("add", "/throttle", "[remove]"),
            ("remove", "/throttle/rateLimit", "[add, replace]"),
            ("replace", "/apiStages", "[add, remove]"),
            (
                "replace",
                "/apiStages/turnkey:prod/throttle//game/POST",
                "[remove]",
            ),
            ("remove", "/nope", "/quota,"),
        ] {
            let refused = patched(&[(op, path, "1")]).err().unwrap_or_default();
            assert!(refused.contains(taken), "{op} {path}: {refused}");
        }
        let described = patched(&[
            ("replace", "/description", "d"),
            ("remove", "/description", ""),
        ]);
        assert_eq!(described.expect("a good list").description, None);
    }

    #[test]
    fn removing_all_stages_and_adding_them_again_is_nothing() {
        let draft = patched(&[
            ("remove", "/apiStages", "turnkey:prod"),
            ("add", "/apiStages", "turnkey:prod"),
            ("add", "/apiStages", "turnkey:dev"),
        ])
        .expect("a good list");
        assert_eq!(draft.stages.len(), 2);
    }

    #[test]
    fn stages_are_refused_as_recorded() {
        for value in ["", "prod", ":prod", "turnkey:"] {
            assert_eq!(
                patched(&[("remove", "/apiStages", value)]).err().as_deref(),
                Some("Invalid API Stage specified"),
                "{value}"
            );
        }
        let unknown = patched(&[("add", "/apiStages", "turnkey:nope")]);
        let text = unknown.err().unwrap_or_default();
        assert!(text.starts_with("Invalid API Stage {api: turnkey, stage: nope} specified for"));
    }

    #[test]
    fn a_whole_map_replaces_the_throttles_of_a_stage() {
        let path = "/apiStages/turnkey:prod/throttle";
        let map = r#"{"/game/POST":{"rateLimit":1,"burstLimit":2}}"#;
        let draft = patched(&[("replace", path, map)]).expect("a good map");
        assert_eq!(draft.stages["prod"].len(), 1);
        let draft = patched(&[("replace", path, map), ("remove", path, "")]);
        assert!(draft.expect("a good list").stages["prod"].is_empty());
        assert!(patched(&[("replace", path, "x")]).is_err());
    }
}
