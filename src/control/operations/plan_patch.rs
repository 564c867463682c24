//! One patch operation on a usage plan.

use std::collections::{BTreeMap, BTreeSet};

use super::plan_draft::{Draft, QuotaInput, ThrottleInput};
use super::plans::unknown_stage;
use super::{API_ID, OperationError};
use crate::control::patch::{Op, PatchOperation, unsupported};
use crate::store::PlanId;

const PATHS: [&str; 15] = [
    "/name",
    "/description",
    "/productCode",
    "/apiStages",
    "/throttle",
    "/throttle/rateLimit",
    "/throttle/burstLimit",
    "/quota",
    "/quota/limit",
    "/quota/offset",
    "/quota/period",
    "/apiStages/{apiId:stage}/throttle",
    "/apiStages/{apiId:stage}/throttle/{path}/{verb}",
    "/apiStages/{apiId:stage}/throttle/{path}/{verb}/rateLimit",
    "/apiStages/{apiId:stage}/throttle/{path}/{verb}/burstLimit",
];

/// Applies `patch` to `draft`; what the whole list makes of it is checked afterwards.
///
/// # Errors
/// What the patch cannot mean. The draft may then be half changed, and is to be thrown away.
pub fn apply(
    draft: &mut Draft,
    patch: &PatchOperation,
    plan: &PlanId,
    known_stages: &BTreeSet<String>,
) -> Result<(), OperationError> {
    let op = patch.op()?;
    match patch.path.as_str() {
        "/name" => {
            patch.expect_replace()?;
            patch.text().clone_into(&mut draft.name);
        }
        "/description" => {
            patch.expect_replace()?;
            draft.description = patch.optional_text();
        }
        "/productCode" => {
            draft.product_code = match op {
                Op::Add | Op::Replace => patch.optional_text(),
                Op::Remove => None,
            };
        }
        "/apiStages" => apply_stage(draft, op, patch, plan, known_stages)?,
        "/throttle" => {
            expect_remove(op)?;
            draft.throttle = ThrottleInput::default();
        }
        "/throttle/rateLimit" | "/throttle/burstLimit" => {
            set_limit(&mut draft.throttle, op, patch)?;
        }
        "/quota" => {
            expect_remove(op)?;
            draft.quota = QuotaInput::default();
        }
        "/quota/limit" => {
            expect_set(op)?;
            draft.quota.limit = Some(patch.number("a whole number, 0 or more")?);
        }
        "/quota/offset" => {
            expect_set(op)?;
            draft.quota.offset = Some(patch.number("a whole number")?);
        }
        "/quota/period" => {
            expect_set(op)?;
            draft.quota.period = patch.optional_text();
        }
        path => {
            let (stage, method) = path
                .strip_prefix("/apiStages/")
                .and_then(|rest| rest.split_once("/throttle"))
                .ok_or_else(|| patch.wrong_path(&PATHS))?;
            let stage = unescaped(stage);
            let (api, name) = split_stage(&stage)?;
            let throttles = draft
                .stages
                .get_mut(name)
                .filter(|_| api == API_ID)
                .ok_or_else(|| unknown_stage(plan, api, name))?;
            apply_method(throttles, method, op, patch)?;
        }
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
        Op::Replace => Err(unsupported("add, remove")),
    }
}

/// `rest` is what follows `…/throttle` in the path.
fn apply_method(
    throttles: &mut BTreeMap<String, ThrottleInput>,
    rest: &str,
    op: Op,
    patch: &PatchOperation,
) -> Result<(), OperationError> {
    let Some(rest) = rest.strip_prefix('/') else {
        if !rest.is_empty() {
            return Err(patch.wrong_path(&PATHS));
        }
        *throttles = match op {
            Op::Remove => BTreeMap::new(),
            Op::Add | Op::Replace => parse_map(patch)?,
        };
        return Ok(());
    };
    let limit = ["/rateLimit", "/burstLimit"]
        .into_iter()
        .find_map(|limit| rest.strip_suffix(limit));
    match limit {
        Some(method) => set_limit(throttles.entry(method_key(method)).or_default(), op, patch),
        None => {
            expect_remove(op)?;
            throttles.remove(&method_key(rest));
            Ok(())
        }
    }
}

/// The limit that the path ends with.
fn set_limit(
    throttle: &mut ThrottleInput,
    op: Op,
    patch: &PatchOperation,
) -> Result<(), OperationError> {
    expect_set(op)?;
    if patch.path.ends_with("/rateLimit") {
        throttle.rate_limit = Some(patch.number("a number, 0 or more")?);
    } else {
        throttle.burst_limit = Some(patch.number("a whole number, 0 or more")?);
    }
    Ok(())
}

fn parse_map(patch: &PatchOperation) -> Result<BTreeMap<String, ThrottleInput>, OperationError> {
    let map: BTreeMap<String, ThrottleInput> =
        serde_json::from_str(patch.text()).map_err(|error| {
            OperationError::bad(format!(
                "Invalid value specified for path '{}': it must be a JSON object such as \
                 {{\"/game/POST\":{{\"rateLimit\":1,\"burstLimit\":2}}}}: {error}",
                patch.path
            ))
        })?;
    Ok(map
        .into_iter()
        .map(|(method, throttle)| (method_key(&method), throttle))
        .collect())
}

/// `path/VERB` however it was written: with `/` as `~1`, with or without the first slash.
pub(super) fn method_key(method: &str) -> String {
    let method = unescaped(method);
    if method.starts_with('/') {
        method
    } else {
        format!("/{method}")
    }
}

/// JSON pointer's escapes undone.
fn unescaped(text: &str) -> String {
    text.replace("~1", "/").replace("~0", "~")
}

fn split_stage(text: &str) -> Result<(&str, &str), OperationError> {
    text.split_once(':')
        .filter(|(api, stage)| !api.is_empty() && !stage.is_empty())
        .ok_or_else(|| OperationError::bad("Invalid API Stage specified"))
}

fn expect_remove(op: Op) -> Result<(), OperationError> {
    match op {
        Op::Remove => Ok(()),
        Op::Add | Op::Replace => Err(unsupported("remove")),
    }
}

fn expect_set(op: Op) -> Result<(), OperationError> {
    match op {
        Op::Add | Op::Replace => Ok(()),
        Op::Remove => Err(unsupported("add, replace")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn patched(patches: &[(&str, &str, &str)]) -> Result<Draft, String> {
        let mut draft = Draft {
            name: "p".into(),
            description: None,
            product_code: None,
            throttle: ThrottleInput::default(),
            quota: QuotaInput::default(),
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
    fn a_method_is_found_however_its_path_is_written() {
        for path in ["//game/POST", "/~1game/POST", "/game/POST", "/~1game~1POST"] {
            let path = format!("/apiStages/turnkey:prod/throttle{path}/rateLimit");
            let draft = patched(&[("replace", &path, "2")]).expect("a good path");
            let method = draft.stages["prod"].keys().next().cloned();
            assert_eq!(method.as_deref(), Some("/game/POST"), "{path}");
        }
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
