//! `turnkey key …`.

use serde_json::Value;
use turnkey::cli::key::{self, KeyCommand, KeyError};
use turnkey::cli::{CommandError, Output};
use turnkey::gate::{ApiKeyValue, Denial};

use crate::world::{World, world};

async fn run(world: &World, command: KeyCommand) -> Result<Value, KeyError> {
    let mut out = Vec::new();
    key::run(&world.store, command, Output::Json, &mut out).await?;
    Ok(serde_json::from_slice(&out).unwrap())
}

#[tokio::test]
async fn a_key_is_made_listed_disabled_enabled_and_deleted() {
    let world = world().await;
    let create = KeyCommand::Create {
        name: Some("phone".into()),
        plan: "dev".into(),
    };
    let created = run(&world, create).await.unwrap();
    let id = created["id"].as_str().unwrap().to_owned();
    let value = ApiKeyValue::parse(created["value"].as_str().unwrap()).unwrap();
    world.until_answer(&value, Ok(())).await;

    let listed = run(&world, KeyCommand::List).await.unwrap();
    assert_eq!(listed[0]["name"], "phone");
    assert!(!listed.to_string().contains(value.expose()));

    let disabled = run(&world, KeyCommand::Disable { id: id.clone() }).await;
    assert_eq!(disabled.unwrap()["enabled"], false);
    world.until_answer(&value, Err(Denial::Forbidden)).await;
    run(&world, KeyCommand::Enable { id: id.clone() })
        .await
        .unwrap();
    world.until_answer(&value, Ok(())).await;

    run(&world, KeyCommand::Delete { id: id.clone() })
        .await
        .unwrap();
    world.until_answer(&value, Err(Denial::Forbidden)).await;
    let again = run(&world, KeyCommand::Delete { id }).await.unwrap_err();
    assert_eq!(CommandError::from(again).exit_code(), 1);
}

#[tokio::test]
async fn wrong_ids_and_plans_are_named() {
    let world = world().await;
    let wrong = run(&world, KeyCommand::Disable { id: "No Id".into() }).await;
    assert_eq!(CommandError::from(wrong.unwrap_err()).exit_code(), 2);
    let create = KeyCommand::Create {
        name: None,
        plan: "none".into(),
    };
    let unknown = run(&world, create).await.unwrap_err();
    let unknown = CommandError::from(unknown);
    assert_eq!(unknown.exit_code(), 1);
    assert!(unknown.to_string().contains("\"none\""), "{unknown}");
}

#[tokio::test]
async fn people_see_a_table_and_the_value_once() {
    let world = world().await;
    let mut out = Vec::new();
    let create = KeyCommand::Create {
        name: Some("phone".into()),
        plan: "dev".into(),
    };
    key::run(&world.store, create, Output::People, &mut out)
        .await
        .unwrap();
    assert!(String::from_utf8(out).unwrap().contains("value  tk_"));
    let mut out = Vec::new();
    key::run(&world.store, KeyCommand::List, Output::People, &mut out)
        .await
        .unwrap();
    let list = String::from_utf8(out).unwrap();
    assert!(list.starts_with("ID "), "{list}");
    assert!(list.contains("phone") && !list.contains("tk_"), "{list}");
}
