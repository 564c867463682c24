//! The members that API Gateway has and Turnkey does not. A call that sets one is refused, and the
//! refusal names it. A call that gives it the value that it always has here (such as `false`) is
//! accepted. Create and Update use the same tables.

use serde_json::{Map, Value};

use super::OperationError;
use super::patch::{Op, PatchOperation};

/// A member of API Gateway's that Turnkey does not store.
#[derive(Clone, Copy, Debug)]
pub(super) struct Absent {
    /// Its name in a body. In a patch, its path is `/` and this name.
    pub name: &'static str,
    /// The value that a call may give it.
    pub harmless: Harmless,
    /// Why it does not exist, and what to use instead.
    pub why: &'static str,
}

/// The value that a call may give to an absent member. Null is always allowed in a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Harmless {
    /// `false`.
    False,
    /// `true`, which always holds.
    True,
    /// An empty text.
    Empty,
    /// An empty list.
    NoItems,
    /// This word.
    Word(&'static str),
    /// No value; a patch may `remove` it.
    Nothing,
}

const ENDPOINT: &str = "the API has one endpoint, this server";
const REGIONAL: Harmless = Harmless::Word("REGIONAL");
const CACHE: &str = "a stage has no cache";

/// The absent members of a stage, in CreateDeployment, CreateStage and UpdateStage.
pub(super) const OF_STAGE: &[Absent] = &[
    absent("cacheClusterEnabled", Harmless::False, CACHE),
    absent("cacheClusterSize", Harmless::Empty, CACHE),
    absent(
        "canarySettings",
        Harmless::Nothing,
        "a stage has one deployment for all calls: deploy to another stage and try it there",
    ),
    absent(
        "documentationVersion",
        Harmless::Empty,
        "there are no documentation versions",
    ),
    absent(
        "tracingEnabled",
        Harmless::False,
        "there is no X-Ray; set OTEL_EXPORTER_OTLP_ENDPOINT",
    ),
    absent(
        "clientCertificateId",
        Harmless::Empty,
        "there is no backend to show a certificate to",
    ),
    absent(
        "accessLogSettings",
        Harmless::Nothing,
        "the server writes one log, to standard error",
    ),
    absent("webAclArn", Harmless::Empty, "there is no web ACL"),
];

/// For every request that has no absent members.
pub(super) const NOTHING: &[Absent] = &[];

/// The absent members of an API key.
pub(super) const OF_KEY: &[Absent] = &[
    absent(
        "generateDistinctId",
        Harmless::True,
        "the id of a key always differs from its value",
    ),
    absent(
        "stageKeys",
        Harmless::NoItems,
        "it is deprecated: put the key in a usage plan that has the stage",
    ),
];

/// The absent members of the API.
pub(super) const OF_API: &[Absent] = &[
    absent("endpointConfiguration/types/0", REGIONAL, ENDPOINT),
    absent("endpointConfiguration/types/REGIONAL", REGIONAL, ENDPOINT),
    absent(
        "endpointConfiguration/ipAddressType",
        Harmless::Nothing,
        ENDPOINT,
    ),
    absent(
        "minimumCompressionSize",
        Harmless::Empty,
        "answers are not compressed",
    ),
    absent("disableExecuteApiEndpoint", Harmless::False, ENDPOINT),
    absent("policy", Harmless::Empty, "there are no resource policies"),
    absent(
        "version",
        Harmless::Empty,
        "the API's version is the server's",
    ),
];

/// The absent members of a method.
pub(super) const OF_METHOD: &[Absent] = &[
    absent(
        "authorizationType",
        Harmless::Word("NONE"),
        "there are no authorizers: players bring a token, which the game API checks",
    ),
    absent("authorizerId", Harmless::Empty, "there are no authorizers"),
    absent(
        "requestValidatorId",
        Harmless::Empty,
        "each call checks its own request",
    ),
];

/// The absent members of the account.
pub(super) const OF_ACCOUNT: &[Absent] = &[absent(
    "cloudwatchRoleArn",
    Harmless::Empty,
    "logs are not sent to CloudWatch: the server writes them to standard error",
)];

const fn absent(name: &'static str, harmless: Harmless, why: &'static str) -> Absent {
    Absent {
        name,
        harmless,
        why,
    }
}

/// Removes every null from a body, and every absent member that has its harmless value.
///
/// # Errors
/// Fails if an absent member has another value, and names each such member.
pub(super) fn take_out(
    members: &mut Map<String, Value>,
    absent: &[Absent],
) -> Result<(), OperationError> {
    members.retain(|_, value| !value.is_null());
    let asked = absent.iter().filter_map(|absent| {
        let value = members.remove(absent.name)?;
        (!absent.harmless.is_said_by(&value)).then(|| absent.refusal(absent.name))
    });
    OperationError::together(asked.collect())
}

/// Judges a patch of an absent member. Returns `None` if the path is not that of an absent member.
pub(super) fn patched(
    patch: &PatchOperation,
    absent: &[Absent],
) -> Option<Result<(), OperationError>> {
    let path = patch.path.strip_prefix('/')?;
    let found = absent.iter().find(|absent| absent.name == path)?;
    let is_harmless = match patch.known_op() {
        Some(Op::Add | Op::Replace) => found.harmless.is_said_in(patch),
        Some(Op::Remove) => true,
        None => false,
    };
    Some(if is_harmless {
        Ok(())
    } else {
        Err(found.refusal(&patch.path))
    })
}

impl Absent {
    fn refusal(&self, named: &str) -> OperationError {
        OperationError::bad(format!("{named} is not supported: {}", self.why))
    }
}

impl Harmless {
    fn is_said_by(self, value: &Value) -> bool {
        match self {
            Harmless::False => *value == Value::Bool(false),
            Harmless::True => *value == Value::Bool(true),
            Harmless::Empty => value.as_str() == Some(""),
            Harmless::NoItems => value.as_array().is_some_and(Vec::is_empty),
            Harmless::Word(word) => value.as_str() == Some(word),
            Harmless::Nothing => false,
        }
    }

    /// In a patch, every text but `true` counts as false, as in API Gateway.
    fn is_said_in(self, patch: &PatchOperation) -> bool {
        match self {
            Harmless::False => !patch.boolean(),
            Harmless::True => patch.boolean(),
            Harmless::Empty => patch.text().is_empty(),
            Harmless::Word(word) => patch.text() == word,
            Harmless::NoItems | Harmless::Nothing => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn taken(body: Value) -> Result<Vec<String>, String> {
        let Value::Object(mut members) = body else {
            panic!("an object");
        };
        take_out(&mut members, OF_STAGE).map_err(|error| error.to_string())?;
        Ok(members.keys().cloned().collect())
    }

    #[test]
    fn what_is_the_case_may_be_said_and_nothing_else() {
        let said = json!({
            "stageName": "s", "tracingEnabled": false, "cacheClusterEnabled": false,
            "cacheClusterSize": "", "canarySettings": null, "unheard": null,
        });
        assert_eq!(taken(said), Ok(vec!["stageName".to_owned()]));
        for asked in [
            json!({"canarySettings": {}}),
            json!({"canarySettings": {"percentTraffic": 0}}),
            json!({"tracingEnabled": true}),
            json!({"tracingEnabled": "false"}),
            json!({"cacheClusterEnabled": true}),
            json!({"cacheClusterSize": "0.5"}),
            json!({"documentationVersion": "1"}),
        ] {
            let name = asked
                .as_object()
                .and_then(|asked| asked.keys().next().cloned());
            let refused = taken(asked).expect_err("it is not kept");
            assert!(refused.starts_with(&name.unwrap_or_default()), "{refused}");
        }
        let both = taken(json!({"tracingEnabled": true, "canarySettings": {}}));
        let both = both.expect_err("neither is kept");
        assert!(
            both.contains("tracing") && both.contains("canary"),
            "{both}"
        );
    }

    #[test]
    fn patches_are_judged_as_bodies_are() {
        let judged = |op: &str, path: &str, value: &str| {
            let patch = PatchOperation::new(op, path, value);
            patched(&patch, OF_STAGE).map(|judged| judged.is_ok())
        };
        assert_eq!(judged("replace", "/tracingEnabled", "false"), Some(true));
        assert_eq!(judged("replace", "/tracingEnabled", "True"), Some(false));
        assert_eq!(judged("replace", "/cacheClusterSize", "0.5"), Some(false));
        assert_eq!(judged("replace", "/canarySettings", ""), Some(false));
        assert_eq!(judged("remove", "/canarySettings", ""), Some(true));
        assert_eq!(judged("replace", "/description", "x"), None);
    }
}
