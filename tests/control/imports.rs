//! Keys from a file, by API Gateway's rules for it.

use serde_json::Value;

use crate::support::server::ADMIN_TOKEN;
use crate::world::{Answer, World, answer};

const VALUE: &str = "an-imported-value-of-32-characters";

async fn import(world: &World, file: String, more: &str) -> Answer {
    let path = format!("/apikeys?mode=import&format=csv{more}");
    let request = world.request("POST", &path).bearer_auth(ADMIN_TOKEN);
    answer(request.body(file)).await
}

#[tokio::test]
async fn imported_keys_are_enabled_and_in_their_plans() {
    let world = World::start().await;
    let plan = world.first_plan().await;
    let file = format!(
        "\u{feff}NAME,Key,unknown,description,usageplanids\r\n\
         first,{VALUE},x,\"d, with a comma\",\"{plan},nope\"\r\n\
         second,short,,,\r\n"
    );
    let imported = import(&world, file, "").await;
    assert_eq!(imported.status, 201, "{imported:?}");
    let ids = imported.body["ids"].as_array().unwrap();
    let warnings = imported.body["warnings"].to_string();
    assert_eq!(ids.len(), 1, "{imported:?}");
    assert!(
        warnings.contains("line 3: API Key value should be at least 30"),
        "{warnings}"
    );
    assert!(
        warnings.contains("line 2: Invalid Usage Plan ID specified 'nope'"),
        "{warnings}"
    );
    let key = format!("/apikeys/{}", ids[0].as_str().unwrap());
    let key = world.done("GET", &key, Value::Null).await;
    assert_eq!(key["enabled"], true);
    assert_eq!(key["description"], "d, with a comma");
    world.until_plays(VALUE, 201).await;

    // The same value again overwrites its key.
    let again = format!("Name,key,Enabled\nrenamed,{VALUE},fAlSe\n");
    let imported = import(&world, again, "").await;
    assert_eq!(imported.body["ids"], serde_json::json!([ids[0]]));
    world.until_plays(VALUE, 403).await;
    world.server.stop().await;
}

#[tokio::test]
async fn a_warning_undoes_the_import_where_that_is_asked_for() {
    let world = World::start().await;
    let before = world.done("GET", "/apikeys?limit=500", Value::Null).await;
    for file in [
        format!("name,key\na,{VALUE}\nb,short\n"),
        format!("name,key,usageplanids\na,{VALUE},nope\n"),
    ] {
        let refused = import(&world, file, "&failonwarnings=true").await;
        assert_eq!(refused.status, 400);
        assert_eq!(refused.kind.as_deref(), Some("BadRequestException"));
    }
    let after = world.done("GET", "/apikeys?limit=500", Value::Null).await;
    assert_eq!(before, after);
    world.server.stop().await;
}

#[tokio::test]
async fn a_bad_file_is_refused() {
    let world = World::start().await;
    let rows = |count: usize| {
        let rows = (0..count).map(|row| format!("k{row},{row:032}\n"));
        format!("name,key\n{}", rows.collect::<String>())
    };
    for (file, names) in [
        (String::new(), "empty"),
        ("name\nx\n".to_owned(), "key"),
        ("name,key\na,\"open\n".to_owned(), "line 2"),
        (rows(1001), "Split"),
    ] {
        let refused = import(&world, file, "").await;
        let message = refused.body["message"].as_str().unwrap();
        assert_eq!(refused.status, 400, "{names}");
        assert!(message.contains(names), "{message}");
    }
    world.server.stop().await;
}

#[tokio::test]
async fn a_hundred_keys_come_in_one_file() {
    let world = World::start().await;
    let rows = (0..100).map(|row| format!("k{row},imported-{row:032}\n"));
    let file = format!("name,key\n{}", rows.collect::<String>());
    let imported = import(&world, file, "").await;
    assert_eq!(imported.body["ids"].as_array().unwrap().len(), 100);
    assert_eq!(imported.body["warnings"], serde_json::json!([]));
    world.server.stop().await;
}
