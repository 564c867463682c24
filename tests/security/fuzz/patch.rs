//! Patches of a usage plan: the same one twice is the same as once, and no list of them makes a
//! plan whose limits are no numbers or whose stages nobody knows.
//!
//! An input is lines of three: op, path, value.

use std::collections::{BTreeMap, BTreeSet};

use time::OffsetDateTime;
use turnkey::control::operations::plan_draft::Draft;
use turnkey::control::operations::plan_patch::apply;
use turnkey::control::patch::PatchOperation;
use turnkey::store::PlanId;

pub fn check(input: &[u8]) {
    let Ok(text) = str::from_utf8(input) else {
        return;
    };
    let known = BTreeSet::from(["prod".to_owned(), "dev".to_owned()]);
    let plan = PlanId::generate();
    let mut draft = Draft {
        name: "plan".into(),
        stages: BTreeMap::from([("prod".into(), BTreeMap::new())]),
        ..Draft::default()
    };
    let lines: Vec<&str> = text.split('\n').collect();
    for three in lines.chunks(3).take(32) {
        let [op, path, value] = *three else {
            continue;
        };
        let patch = PatchOperation::new(op, path, value);
        let mut once = draft.clone();
        if apply(&mut once, &patch, &plan, &known).is_err() {
            continue;
        }
        let mut twice = once.clone();
        if apply(&mut twice, &patch, &plan, &known).is_ok() {
            // As it prints: what is no number is not equal to itself.
            assert_eq!(format!("{twice:?}"), format!("{once:?}"), "{patch:?}");
        }
        draft = once;
    }
    assert!(draft.stages.keys().all(|stage| known.contains(stage)));
    let Ok(checked) = draft.check(plan, OffsetDateTime::UNIX_EPOCH) else {
        return;
    };
    let of_methods = checked.stages.values().flat_map(BTreeMap::values);
    for throttle in of_methods.chain(&checked.throttle) {
        assert!(throttle.rate.is_finite() && throttle.rate >= 0.0);
    }
}
