//! Answers of a real server, of each kind and with each null that they may have.

use serde_json::{Value, json};

use crate::world::{World, reply, text};

/// A list of `{"schema", "body"}`.
pub async fn answers(world: &World) -> Value {
    let mut answers = Vec::new();
    let mut keep =
        |schema: &str, body: &Value| answers.push(json!({"schema": schema, "body": body}));

    // A seat is open; then it is taken by a player without a name.
    let made = reply(world.request("POST", "/game").json(&json!({"name": "Ann"})))
        .await
        .json();
    keep("Created", &made);
    let ann = text(&made["player"]["token"]);
    let waiting = made["game"]["gameId"].as_str().unwrap();
    keep(
        "Game",
        &reply(world.request("GET", &format!("/game/{waiting}")))
            .await
            .json(),
    );
    let invite = json!({"invite": made["invite"]});
    let joined = reply(world.request("POST", "/join").json(&invite))
        .await
        .json();
    keep("Created", &joined);
    let bob = text(&joined["player"]["token"]);

    // A line ends it.
    for (version, cell) in (2..).zip([0, 1, 4, 2, 8]) {
        let token = if version % 2 == 0 { &ann } else { &bob };
        let played = json!({"gameId": waiting, "move": cell, "version": version});
        let game = world.call(token, "PUT", "/game", played).await;
        assert_eq!(game.status, 200, "{}", game.text);
        keep("Game", &game.json());
    }
    let late = json!({"gameId": waiting, "move": 5, "version": 2});
    let refused = world.call(&ann, "PUT", "/game", late).await;
    assert_eq!(refused.status, 409, "{}", refused.text);
    keep("Problem", &refused.json());
    let events = format!("/game/{waiting}/events");
    keep("Events", &reply(world.request("GET", &events)).await.json());
    let rematch = world
        .call(
            &bob,
            "POST",
            &format!("/game/{waiting}/rematch"),
            json!(null),
        )
        .await;
    assert_eq!(rematch.status, 201, "{}", rematch.text);
    keep("Created", &rematch.json());
    keep(
        "Game",
        &reply(world.request("GET", &format!("/game/{waiting}")))
            .await
            .json(),
    );

    // An offer stands, is declined, is accepted; another game is resigned, a third abandoned.
    let (drawn, cat, dan) = world.begun_game().await;
    let draw = format!("/game/{drawn}/draw");
    let cell = json!({"gameId": drawn, "move": 0});
    for (token, method, path, body) in [
        (&cat, "POST", draw.as_str(), json!(null)),
        (&dan, "DELETE", &draw, json!(null)),
        (&cat, "PUT", "/game", cell),
        (&dan, "POST", &draw, json!(null)),
        (&cat, "POST", &draw, json!(null)),
    ] {
        let game = world.call(token, method, path, body).await;
        assert_eq!(game.status, 200, "{}", game.text);
        keep("Game", &game.json());
    }
    keep(
        "Events",
        &reply(world.request("GET", &format!("/game/{drawn}/events")))
            .await
            .json(),
    );
    let (resigned, cat, _) = world.begun_game().await;
    let resign = format!("/game/{resigned}/resign");
    keep(
        "Game",
        &world.call(&cat, "POST", &resign, json!(null)).await.json(),
    );
    let open = world
        .call(&cat, "POST", "/game", json!({"visibility": "private"}))
        .await
        .json();
    let resign = format!("/game/{}/resign", text(&open["game"]["gameId"]));
    keep(
        "Game",
        &world.call(&cat, "POST", &resign, json!(null)).await.json(),
    );

    // A page with another one after it, and the last one.
    for path in ["/games?limit=1", "/games"] {
        keep(
            "Games",
            &world.call(&ann, "GET", path, json!(null)).await.json(),
        );
    }
    keep(
        "NewPlayer",
        &reply(world.request("POST", "/players")).await.json(),
    );
    keep(
        "Player",
        &world
            .call(&bob, "GET", "/players/me", json!(null))
            .await
            .json(),
    );
    keep(
        "Variants",
        &reply(world.request("GET", "/variants")).await.json(),
    );

    for answer in answers.clone() {
        if ["Game", "Events", "Problem"].contains(&answer["schema"].as_str().unwrap()) {
            answers.push(of_a_later_release(answer));
        }
    }
    Value::Array(answers)
}

/// The answer with words that nobody knows yet, and a member that is new.
fn of_a_later_release(mut answer: Value) -> Value {
    const WORDS: [&str; 7] = [
        "status",
        "visibility",
        "kind",
        "outcome",
        "by",
        "type",
        "code",
    ];
    fn change(value: &mut Value) {
        match value {
            Value::Object(members) => {
                for (name, member) in members.iter_mut() {
                    if member.is_string() && WORDS.contains(&name.as_str()) {
                        *member = json!("of_a_later_release");
                    }
                    change(member);
                }
            }
            Value::Array(items) => items.iter_mut().for_each(change),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
    let body = &mut answer["body"];
    change(body);
    body["ofALaterRelease"] = json!({"a": null});
    answer
}
