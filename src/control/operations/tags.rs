//! Tags of the API, keys, plans and stages, each named by its ARN:
//! `arn:aws:apigateway:{region}::/apikeys/{id}` and the like.

use std::collections::BTreeMap;

use serde_json::json;

use super::{API_ID, OperationError, check_tags, in_change, keys, plans, stages};
use crate::store::control::{Actor, AuditEntry};
use crate::store::{Change, KeyId, PlanId, Store};

type Tags = BTreeMap<String, String>;

/// What can be tagged.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Tagged {
    Api,
    Key(KeyId),
    Plan(PlanId),
    Stage(String),
}

/// Reads the tags of a resource.
///
/// # Errors
/// Fails with [`OperationError::BadRequest`] if the ARN names nothing that has tags, and with
/// [`OperationError::NotFound`] if the resource does not exist.
pub async fn read_tags(store: &Store, arn: &str) -> Result<Tags, OperationError> {
    let tagged = parse(arn)?;
    match tagged {
        Tagged::Api => Ok(store.api().await?.tags),
        Tagged::Key(id) => Ok(keys::read_key(store, id.as_str()).await?.tags),
        Tagged::Plan(id) => Ok(plans::read_plan(store, id.as_str()).await?.tags),
        Tagged::Stage(name) => Ok(stages::read_stage(store, &name).await?.tags),
    }
}

/// Adds tags to a resource. A tag replaces the one with the same key.
///
/// # Errors
/// As [`read_tags`], and with [`OperationError::BadRequest`] if the resource would have more than 50
/// tags, a key is not 1 to 128 characters or begins with `aws:`, or a value is over 256 characters.
pub async fn tag(
    store: &Store,
    actor: &Actor,
    arn: &str,
    added: Tags,
) -> Result<(), OperationError> {
    edit(store, actor, "TagResource", arn, |tags| tags.extend(added)).await
}

/// Removes the tags with these keys. It ignores keys that the resource does not have.
///
/// # Errors
/// As [`read_tags`].
pub async fn untag(
    store: &Store,
    actor: &Actor,
    arn: &str,
    removed: &[String],
) -> Result<(), OperationError> {
    edit(store, actor, "UntagResource", arn, |tags| {
        tags.retain(|key, _| !removed.contains(key));
    })
    .await
}

async fn edit(
    store: &Store,
    actor: &Actor,
    action: &str,
    arn: &str,
    edit: impl FnOnce(&mut Tags),
) -> Result<(), OperationError> {
    let tagged = parse(arn)?;
    in_change(store, async |change| {
        let before = read_in(change, &tagged).await?;
        let mut after = before.clone();
        edit(&mut after);
        check_tags(&after)?;
        write_in(change, &tagged, &after).await?;
        let entry = AuditEntry {
            actor,
            action,
            target: arn,
            before: Some(json!({"tags": before})),
            after: Some(json!({"tags": after})),
        };
        Ok(change.audit(&entry).await?)
    })
    .await
}

async fn read_in(change: &Change, tagged: &Tagged) -> Result<Tags, OperationError> {
    match tagged {
        Tagged::Api => Ok(change.api().await?.tags),
        Tagged::Key(id) => {
            let key = change.key(id).await?;
            let key = key.ok_or_else(|| OperationError::not_found(keys::UNKNOWN))?;
            Ok(key.tags)
        }
        Tagged::Plan(id) => Ok(plans::existing(change, id).await?.tags),
        Tagged::Stage(name) => Ok(stages::existing_stage(change, name).await?.tags),
    }
}

async fn write_in(change: &Change, tagged: &Tagged, tags: &Tags) -> Result<(), OperationError> {
    match tagged {
        Tagged::Api => {
            let mut api = change.api().await?;
            api.tags.clone_from(tags);
            change.update_api(&api).await?;
        }
        Tagged::Key(id) => {
            if let Some(key) = change.key(id).await? {
                let mut settings = key.settings();
                settings.tags.clone_from(tags);
                change.update_key(&settings).await?;
            }
        }
        Tagged::Plan(id) => {
            let mut plan = plans::existing(change, id).await?;
            plan.tags.clone_from(tags);
            change.update_usage_plan(&plan).await?;
        }
        Tagged::Stage(name) => {
            let mut stage = stages::existing_stage(change, name).await?;
            stage.tags.clone_from(tags);
            change.put_stage(&stage).await?;
        }
    }
    Ok(())
}

/// Parses `arn:aws:apigateway:{region}::/apikeys/{id}` and the like.
fn parse(arn: &str) -> Result<Tagged, OperationError> {
    let invalid = || OperationError::bad(format!("Invalid ARN specified in the request: {arn}"));
    let fields: Vec<&str> = arn.splitn(6, ':').collect();
    let ["arn", _, "apigateway", _, _, path] = fields[..] else {
        return Err(invalid());
    };
    let segments: Vec<&str> = path.split('/').collect();
    match segments[..] {
        ["", "apikeys", id] => Ok(Tagged::Key(keys::parse(id)?)),
        ["", "usageplans", id] => Ok(Tagged::Plan(plans::parse(id)?)),
        ["", "restapis", id] => {
            super::api::check_api(id)?;
            Ok(Tagged::Api)
        }
        ["", "restapis", API_ID, "stages", name] => Ok(Tagged::Stage(name.to_owned())),
        _ => Err(invalid()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arns_name_what_can_be_tagged() {
        let arn = |path: &str| format!("arn:aws:apigateway:eu-west-1::{path}");
        assert_eq!(parse(&arn("/restapis/turnkey")).ok(), Some(Tagged::Api));
        let stage = parse(&arn("/restapis/turnkey/stages/dev")).ok();
        assert_eq!(stage, Some(Tagged::Stage("dev".into())));
        assert!(matches!(
            parse(&arn("/apikeys/abcdefghij")),
            Ok(Tagged::Key(_))
        ));
        for bad in [
            "",
            "arn:aws:s3:::bucket",
            &arn("/apikeys"),
            &arn("/domainnames/x"),
        ] {
            assert!(
                matches!(parse(bad), Err(OperationError::BadRequest(_))),
                "{bad}"
            );
        }
    }
}
