//! Keys from a file, by API Gateway's rules for it.

use serde_json::{Value, json};

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
         first,{VALUE},x,\"d, with a comma\",\"{plan}\"\r\n\
         second,short,,,\r\n"
    );
    let imported = import(&world, file, "").await;
    assert_eq!(imported.status, 201, "{imported:?}");
    let ids = imported.body["ids"].as_array().unwrap();
    let warnings = imported.body["warnings"].to_string();
    assert_eq!(ids.len(), 1, "{imported:?}");
    assert!(
        warnings.contains("line 3: API Key value should be at least 20"),
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
        ("name,\"key\n".to_owned(), "line 1"),
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

/// The lines that are warned of, each with its reason.
fn warnings(imported: &Answer) -> Vec<(usize, String)> {
    let warnings = imported.body["warnings"].as_array().unwrap().iter();
    let split = |warning: &Value| {
        let text = warning.as_str().unwrap().strip_prefix("line ").unwrap();
        let (line, reason) = text.split_once(": ").unwrap();
        (line.parse().unwrap(), reason.to_owned())
    };
    warnings.map(split).collect()
}

#[tokio::test]
async fn a_bad_row_costs_itself_alone() {
    let world = World::start().await;
    let plan = world.first_plan().await;
    let other = json!({"name": "other", "apiStages": [{"apiId": "turnkey", "stage": "dev"}]});
    let other = world.done("POST", "/usageplans", other).await;
    let other = other["id"].as_str().unwrap();
    let (taken, value) = world.key().await;
    let member = json!({"keyId": taken, "keyType": "API_KEY"});
    world
        .done("POST", &format!("/usageplans/{other}/keys"), member)
        .await;
    let rows = [
        "name,key,enabled,usageplanids".to_owned(),
        format!("good,one-value-of-20-char,,{plan}"),
        format!("two plans of one stage,two-value-of-20-chars,,\"{plan},{other}\""),
        format!("in another plan already,{value},,{plan}"),
        "no such plan,three-value-of-20-char,,abcdefghij".to_owned(),
        "no plan id,four-value-of-20-chars,,nope".to_owned(),
        "unreadable,five-value-of-20-chars,maybe,".to_owned(),
        "too many,six-value-of-20-chars!,,,,more".to_owned(),
        "19 characters,seven-value-of-19-c,,".to_owned(),
        format!("129 characters,{},,", "x".repeat(129)),
        "a space,eight value of 20 chars,,".to_owned(),
        ",nine-value-of-20-chars,,".to_owned(),
        "n\0l,ten-value-of-20-charss,,".to_owned(),
        "open,\"eleven-value-of-20-c,,".to_owned(),
        format!("{},twelve-value-of-20-c,,", "n".repeat(1025)),
        String::new(),
        format!("also good,{},,'{plan}'", "v".repeat(128)),
    ];
    let imported = import(&world, rows.join("\r\n"), "").await;
    assert_eq!(imported.status, 201, "{imported:?}");
    assert_eq!(
        imported.body["ids"].as_array().unwrap().len(),
        2,
        "{imported:?}"
    );
    let reasons = [
        (3, "stage 'dev'"),
        (4, "stage 'dev'"),
        (5, "abcdefghij"),
        (6, "nope"),
        (7, "maybe"),
        (8, "columns"),
        (9, "at least 20"),
        (10, "maximum size of 128"),
        (11, "visible ASCII"),
        (12, "Name"),
        (13, "NUL"),
        (14, "not closed"),
        (15, "1024"),
    ];
    let mut found = warnings(&imported);
    found.sort();
    assert_eq!(found.len(), reasons.len(), "{found:?}");
    for ((line, reason), (expected, word)) in found.iter().zip(reasons) {
        assert_eq!(*line, expected, "{reason}");
        assert!(reason.contains(word), "line {line}: {reason}");
    }
    world.until_plays("one-value-of-20-char", 201).await;
    world.until_plays(&"v".repeat(128), 201).await;
    let untouched = world
        .done("GET", &format!("/apikeys/{taken}"), Value::Null)
        .await;
    assert_eq!(
        untouched["name"],
        Value::Null,
        "a row left out changes nothing"
    );
    world.server.stop().await;
}

#[tokio::test]
async fn a_file_that_is_not_utf_8_loses_its_bad_rows() {
    let world = World::start().await;
    let file = [
        b"name,key\nJos\xe9,",
        VALUE.as_bytes(),
        b"\nb,",
        VALUE.as_bytes(),
        b"2\n",
    ]
    .concat();
    let path = "/apikeys?mode=import&format=csv";
    let request = world.request("POST", path).bearer_auth(ADMIN_TOKEN);
    let imported = answer(request.body(file)).await;
    assert_eq!(imported.status, 201, "{imported:?}");
    assert_eq!(imported.body["ids"].as_array().unwrap().len(), 1);
    assert_eq!(warnings(&imported), [(2, "it is not UTF-8".to_owned())]);
    world.server.stop().await;
}

#[tokio::test]
async fn enabled_is_written_in_several_ways() {
    let world = World::start().await;
    let words = ["true", "FALSE", "Yes", "nO", "1", "0", "", "on", "2"];
    let rows = words.iter().enumerate();
    let rows = rows.map(|(row, word)| format!("{word},k{row},imported-{row:032}\n"));
    let file = format!("Enabled,name,key\n{}", rows.collect::<String>());
    let imported = import(&world, file, "").await;
    let mut enabled = Vec::new();
    for id in imported.body["ids"].as_array().unwrap() {
        let key = format!("/apikeys/{}", id.as_str().unwrap());
        enabled.push(world.done("GET", &key, Value::Null).await["enabled"].clone());
    }
    let expected = [true, false, true, false, true, false, true];
    assert_eq!(json!(enabled), json!(expected));
    let lines: Vec<usize> = warnings(&imported)
        .into_iter()
        .map(|(line, _)| line)
        .collect();
    assert_eq!(lines, [9, 10]);
    world.server.stop().await;
}

#[tokio::test]
async fn importing_a_key_that_is_disabled_here_warns() {
    let world = World::start().await;
    let file = format!("Name,key\nfirst,{VALUE}\n");
    let imported = import(&world, file.clone(), "").await;
    let id = imported.body["ids"][0].as_str().unwrap().to_owned();
    assert_eq!(imported.body["warnings"], json!([]));
    assert_eq!(
        import(&world, file.clone(), "").await.body["warnings"],
        json!([])
    );
    let key = format!("/apikeys/{id}");
    let disable = json!({"patchOperations": [
        {"op": "replace", "path": "/enabled", "value": "false"}]});
    world.done("PATCH", &key, disable).await;
    let refused = import(&world, file.clone(), "&failonwarnings=true").await;
    assert_eq!(refused.status, 400);
    assert!(refused.body["message"].as_str().unwrap().contains(&id));
    assert_eq!(world.done("GET", &key, Value::Null).await["enabled"], false);
    let again = import(&world, file, "").await;
    assert_eq!(again.body["ids"], json!([id]));
    let warned = warnings(&again);
    assert_eq!(warned.len(), 1);
    assert!(warned[0].0 == 2 && warned[0].1.contains(&id), "{warned:?}");
    assert!(warned[0].1.contains("disabled"), "{warned:?}");
    world.server.stop().await;
}
