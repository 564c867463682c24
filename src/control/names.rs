//! The names of API Gateway's operations, and which of them are served here.

use super::OperationError;
use super::operations::API_ID;
use super::request::Query;
use super::unserved::NOT_SERVED;

/// A call of API Gateway that is served.
#[derive(Clone, Copy, Debug)]
pub(super) struct Served {
    /// Verb and path; `{}` stands for one segment.
    call: &'static str,
    /// The name of the operation in the model from which AWS clients are generated.
    pub name: &'static str,
    /// The names of its query parameters, separated by spaces.
    query: &'static str,
}

const fn served(call: &'static str, name: &'static str, query: &'static str) -> Served {
    Served { call, name, query }
}

// If two entries match a call, the first one wins.
const SERVED: [Served; 39] = [
    served(
        "POST /apikeys?mode=import",
        "ImportApiKeys",
        "mode format failonwarnings",
    ),
    served("GET /account", "GetAccount", ""),
    served("PATCH /account", "UpdateAccount", ""),
    served("GET /restapis", "GetRestApis", "position limit"),
    served("GET /restapis/{}", "GetRestApi", ""),
    served("PATCH /restapis/{}", "UpdateRestApi", ""),
    served(
        "GET /restapis/{}/resources",
        "GetResources",
        "position limit embed",
    ),
    served("GET /restapis/{}/resources/{}", "GetResource", "embed"),
    served("GET /restapis/{}/resources/{}/methods/{}", "GetMethod", ""),
    served(
        "PATCH /restapis/{}/resources/{}/methods/{}",
        "UpdateMethod",
        "",
    ),
    served("POST /restapis/{}/deployments", "CreateDeployment", ""),
    served(
        "GET /restapis/{}/deployments",
        "GetDeployments",
        "position limit",
    ),
    served("GET /restapis/{}/deployments/{}", "GetDeployment", "embed"),
    served("PATCH /restapis/{}/deployments/{}", "UpdateDeployment", ""),
    served("DELETE /restapis/{}/deployments/{}", "DeleteDeployment", ""),
    served("POST /restapis/{}/stages", "CreateStage", ""),
    served("GET /restapis/{}/stages", "GetStages", "deploymentId"),
    served("GET /restapis/{}/stages/{}", "GetStage", ""),
    served("PATCH /restapis/{}/stages/{}", "UpdateStage", ""),
    served("DELETE /restapis/{}/stages/{}", "DeleteStage", ""),
    served("POST /apikeys", "CreateApiKey", ""),
    served(
        "GET /apikeys",
        "GetApiKeys",
        "position limit name customerId includeValues",
    ),
    served("GET /apikeys/{}", "GetApiKey", "includeValue"),
    served("PATCH /apikeys/{}", "UpdateApiKey", ""),
    served("DELETE /apikeys/{}", "DeleteApiKey", ""),
    served("POST /usageplans", "CreateUsagePlan", ""),
    served("GET /usageplans", "GetUsagePlans", "position keyId limit"),
    served("GET /usageplans/{}", "GetUsagePlan", ""),
    served("PATCH /usageplans/{}", "UpdateUsagePlan", ""),
    served("DELETE /usageplans/{}", "DeleteUsagePlan", ""),
    served("POST /usageplans/{}/keys", "CreateUsagePlanKey", ""),
    served(
        "GET /usageplans/{}/keys",
        "GetUsagePlanKeys",
        "position limit name",
    ),
    served("GET /usageplans/{}/keys/{}", "GetUsagePlanKey", ""),
    served("DELETE /usageplans/{}/keys/{}", "DeleteUsagePlanKey", ""),
    served(
        "GET /usageplans/{}/usage",
        "GetUsage",
        "keyId startDate endDate position limit",
    ),
    served("PATCH /usageplans/{}/keys/{}/usage", "UpdateUsage", ""),
    served("PUT /tags/{}", "TagResource", ""),
    served("DELETE /tags/{}", "UntagResource", "tagKeys"),
    served("GET /tags/{}", "GetTags", "position limit"),
];

/// The operations beyond API Gateway.
const OWN: [Served; 5] = [
    served("POST /turnkey/apikeys/{}/rotate", "RotateApiKey", ""),
    served("PATCH /turnkey/apikeys/{}", "ExpireApiKey", ""),
    served("GET /turnkey/deployments/{}", "GetDeployedRules", ""),
    served("GET /turnkey/explain", "Explain", "stage method path keyId"),
    served("GET /turnkey/audit", "GetAudit", "position limit"),
];

/// The operation that a call asks for.
///
/// # Errors
/// Fails if the operation is not served. The error gives its name at API Gateway, and lists the
/// operations that are served.
pub(super) fn find(
    method: &str,
    segments: &[&str],
    query: &Query,
) -> Result<&'static Served, OperationError> {
    let is_asked = |call: &str| fits(call, method, segments, query);
    let mut all = SERVED.iter().chain(&OWN);
    if let Some(found) = all.find(|operation| is_asked(operation.call)) {
        return Ok(found);
    }
    let known = NOT_SERVED.iter().find(|(call, _)| is_asked(call));
    let refused = match known {
        Some((_, name)) => format!("{name} is not served"),
        None => format!("No such operation: {method} /{}", segments.join("/")),
    };
    let served = SERVED.map(|operation| operation.name).join(", ");
    Err(OperationError::bad(format!(
        "{refused}. This server hosts one REST API, '{API_ID}', whose resources and methods are \
         fixed. It serves {served}; and POST /turnkey/apikeys/{{id}}/rotate, PATCH \
         /turnkey/apikeys/{{id}}, GET /turnkey/deployments/{{id}}, GET /turnkey/explain, GET \
         /turnkey/audit"
    )))
}

/// The error for an operation that is in the tables above, but that no code runs.
pub(super) fn unmatched() -> OperationError {
    OperationError::Internal("an operation that is served has no code".into())
}

impl Served {
    /// Refuses query parameters that this operation does not have, which it would otherwise ignore.
    ///
    /// # Errors
    /// Fails if the query has such a parameter.
    pub(super) fn check_query(&self, query: &Query) -> Result<(), OperationError> {
        let known: Vec<&str> = self.query.split_whitespace().collect();
        let Some(unknown) = query.names().find(|name| !known.contains(name)) else {
            return Ok(());
        };
        let has = match known.is_empty() {
            true => "no query parameter".to_owned(),
            false => known.join(", "),
        };
        Err(OperationError::bad(format!(
            "Invalid query parameter '{unknown}': {} has {has}",
            self.name
        )))
    }

    /// Refuses a body for an operation that has none, which it would otherwise ignore.
    ///
    /// # Errors
    /// Fails if there is such a body.
    pub(super) fn check_body(&self, body: &[u8]) -> Result<(), OperationError> {
        let has_body = ["POST ", "PUT ", "PATCH "];
        let has_body = has_body.iter().any(|verb| self.call.starts_with(verb));
        let says_nothing = matches!(body.trim_ascii(), b"" | b"{}" | b"null");
        if has_body || says_nothing {
            return Ok(());
        }
        Err(OperationError::bad(format!(
            "Invalid request body: {} has no body",
            self.name
        )))
    }
}

/// Whether a request matches this call: its verb, its path, and `mode` if the call has one.
fn fits(call: &str, method: &str, segments: &[&str], query: &Query) -> bool {
    let (verb, rest) = call.split_once(' ').unwrap_or((call, ""));
    let (path, mode) = match rest.split_once("?mode=") {
        Some((path, mode)) => (path, Some(mode)),
        None => (rest, None),
    };
    let mut template = path.split('/').skip(1);
    let mut given = segments.iter();
    let fits = verb == method
        && mode.is_none_or(|mode| query.value("mode") == Some(mode))
        && template
            .by_ref()
            .zip(given.by_ref())
            .all(|(wanted, given)| match wanted {
                "{}" => !given.is_empty(),
                wanted => wanted == *given,
            });
    fits && path.split('/').count() == segments.len() + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(call: &str) -> Result<&'static str, String> {
        let (method, target) = call.split_once(' ').expect("a verb and a path");
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let query = Query::parse(query).expect("a good query");
        let segments: Vec<&str> = path.split('/').skip(1).collect();
        match find(method, &segments, &query) {
            Ok(operation) => Ok(operation.name),
            Err(error) => Err(error.to_string()),
        }
    }

    #[test]
    fn calls_have_the_names_of_the_model() {
        for (call, name) in [
            ("GET /account", "GetAccount"),
            ("POST /apikeys", "CreateApiKey"),
            ("POST /apikeys?mode=import&format=csv", "ImportApiKeys"),
            ("GET /usageplans/p/keys/k", "GetUsagePlanKey"),
            ("PATCH /usageplans/p/keys/k/usage", "UpdateUsage"),
            ("GET /turnkey/audit?limit=1", "GetAudit"),
        ] {
            assert_eq!(found(call).as_deref(), Ok(name), "{call}");
        }
        for (call, start) in [
            ("POST /restapis", "CreateRestApi is not served."),
            ("POST /restapis?mode=import", "ImportRestApi is not served."),
            (
                "POST /restapis/a/resources/b",
                "CreateResource is not served.",
            ),
            ("DELETE /restapis/a", "DeleteRestApi is not served."),
            ("GET /domainnames", "GetDomainNames is not served."),
            ("BREW /apikeys", "No such operation: BREW /apikeys."),
            ("GET /apikeys/", "No such operation: GET /apikeys/."),
            ("GET /", "No such operation: GET /."),
        ] {
            let refused = found(call).expect_err(call);
            assert!(refused.starts_with(start), "{call}: {refused}");
            assert!(refused.contains("CreateUsagePlan"), "{refused}");
        }
    }
}
