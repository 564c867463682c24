//! The one API that a server hosts, its resources and methods.

use std::collections::BTreeMap;

use serde_json::json;

use super::{API_ID, OperationError, check_description, in_change};
use crate::control::absent::{OF_API, OF_METHOD, patched};
use crate::control::patch::{Op, PatchList, PatchOperation, Paths, REPLACE, REPLACE_REMOVE};
use crate::control::resources::{Resource, find_resource};
use crate::control::wire::{self, Methods};
use crate::http::routes::Endpoint;
use crate::store::control::{Actor, ApiSettings, AuditEntry, MethodSetting};
use crate::store::{Change, Store};

const API_PATHS: &Paths = &[
    ("/name", REPLACE),
    ("/description", REPLACE_REMOVE),
    ("/apiKeySource", REPLACE),
];
const METHOD_PATHS: &Paths = &[("/apiKeyRequired", REPLACE)];

/// Checks that `id` is [`API_ID`].
///
/// # Errors
/// Fails with [`OperationError::NotFound`] for every other id.
pub fn check_api(id: &str) -> Result<(), OperationError> {
    if id == API_ID {
        return Ok(());
    }
    Err(OperationError::not_found(format!(
        "Invalid API identifier specified 000000000000:{id}"
    )))
}

/// Reads the settings of the API.
pub async fn read_api(store: &Store) -> Result<ApiSettings, OperationError> {
    Ok(store.api().await?)
}

/// Applies a patch list to the settings of the API.
///
/// # Errors
/// Fails with [`OperationError::BadRequest`] or [`OperationError::Validation`] if the list or its
/// result is invalid.
pub async fn update_api(
    store: &Store,
    actor: &Actor,
    patches: &PatchList,
) -> Result<ApiSettings, OperationError> {
    in_change(store, async |change| {
        let before = change.api().await?;
        let mut after = before.clone();
        patches.apply("updateRestApiInput", |patch| {
            apply_to_api(&mut after, patch)
        })?;
        check_description("API", after.description.as_deref())?;
        change.update_api(&after).await?;
        let entry = AuditEntry {
            actor,
            action: "UpdateRestApi",
            target: &format!("/restapis/{API_ID}"),
            before: Some(wire::rest_api(&before)),
            after: Some(wire::rest_api(&after)),
        };
        change.audit(&entry).await?;
        Ok(after)
    })
    .await
}

fn apply_to_api(api: &mut ApiSettings, patch: &PatchOperation) -> Result<(), OperationError> {
    if let Some(judged) = patched(patch, OF_API) {
        return judged;
    }
    patch.op_of(API_PATHS)?;
    match patch.path.as_str() {
        "/name" if patch.text().is_empty() => {
            return Err(OperationError::bad(
                "Invalid value for '/name': it is empty",
            ));
        }
        "/name" => patch.text().clone_into(&mut api.name),
        "/description" => api.description = patch.optional_text(),
        "/apiKeySource" if patch.text() != "HEADER" => {
            return Err(OperationError::bad(format!(
                "Invalid value '{}' for '/apiKeySource': keys are read from the header x-api-key \
                 only, so it must be HEADER",
                patch.text()
            )));
        }
        "/apiKeySource" => {}
        _ => return Err(patch.wrong_path(API_PATHS)),
    }
    Ok(())
}

/// Reads which methods need a key: the current settings, which the next deployment takes over.
pub async fn read_methods(store: &Store) -> Result<Methods, OperationError> {
    Ok(methods(store.method_settings().await?))
}

/// The resource with this id.
///
/// # Errors
/// Fails with [`OperationError::NotFound`] if no resource has this id.
pub fn read_resource(id: &str) -> Result<&'static Resource, OperationError> {
    find_resource(id)
        .ok_or_else(|| OperationError::not_found("Invalid Resource identifier specified"))
}

/// The method of a resource. `resource` is its id, and `verb` is in capitals.
///
/// # Errors
/// Fails with [`OperationError::NotFound`] if there is no such resource or method.
pub fn read_method(resource: &str, verb: &str) -> Result<&'static Endpoint, OperationError> {
    read_resource(resource)?
        .endpoints()
        .find(|endpoint| endpoint.verb.as_str() == verb)
        .ok_or_else(|| OperationError::not_found("Invalid Method identifier specified"))
}

/// Sets whether a method needs a key, and returns the settings of all methods. The setting takes effect
/// on a stage once it is deployed there.
///
/// # Errors
/// Fails with [`OperationError::BadRequest`] or [`OperationError::Validation`] if the list is invalid.
pub async fn update_method(
    store: &Store,
    actor: &Actor,
    endpoint: &Endpoint,
    patches: &PatchList,
) -> Result<Methods, OperationError> {
    in_change(store, async |change| {
        let before = read_in(change).await?;
        let mut needs_key = wire::needs_key(endpoint, &before);
        patches.apply("updateMethodInput", |patch| {
            needs_key = apply_to_method(endpoint, needs_key, patch)?;
            Ok(())
        })?;
        let setting = MethodSetting {
            path: endpoint.path.to_owned(),
            verb: endpoint.verb.to_string(),
            api_key_required: needs_key,
        };
        change.put_method(&setting).await?;
        let picture = |needs_key: bool| Some(json!({"apiKeyRequired": needs_key}));
        let entry = AuditEntry {
            actor,
            action: "UpdateMethod",
            target: &format!("{}/{}", endpoint.path, endpoint.verb),
            before: picture(wire::needs_key(endpoint, &before)),
            after: picture(needs_key),
        };
        change.audit(&entry).await?;
        read_in(change).await
    })
    .await
}

/// Whether the method needs a key after the patch.
fn apply_to_method(
    endpoint: &Endpoint,
    needs_key: bool,
    patch: &PatchOperation,
) -> Result<bool, OperationError> {
    if let Some(judged) = patched(patch, OF_METHOD) {
        if patch.known_op() == Some(Op::Add) {
            patch.op(REPLACE)?;
        }
        return judged.map(|()| needs_key);
    }
    match patch.path.as_str() {
        "/apiKeyRequired" => {
            patch.op_of(METHOD_PATHS)?;
            Ok(patch.boolean())
        }
        "/operationName" => {
            patch.op(REPLACE)?;
            if patch.text() == endpoint.operation {
                return Ok(needs_key);
            }
            Err(OperationError::bad(format!(
                "/operationName is not supported: methods are fixed, and this one is {}",
                endpoint.operation
            )))
        }
        // The text begins with API Gateway's words.
        path => {
            let paths = patch.paths_of_op(METHOD_PATHS).join(", ");
            let advice = match paths.as_str() {
                "" => String::new(),
                paths => format!(". Must be one of: [{paths}]"),
            };
            Err(OperationError::bad(format!(
                "Invalid patch path {path}{advice}"
            )))
        }
    }
}

async fn read_in(change: &Change) -> Result<Methods, OperationError> {
    Ok(methods(change.method_settings().await?))
}

fn methods(settings: Vec<MethodSetting>) -> Methods {
    let mut methods: Methods = BTreeMap::new();
    for setting in settings {
        methods
            .entry(setting.path)
            .or_default()
            .insert(setting.verb, setting.api_key_required);
    }
    methods
}
