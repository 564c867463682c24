//! One frame that subscribes to many games, each as if it were subscribed to by itself.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::world::{World, in_short};

/// The next frames, each in short with the game that it is of.
async fn answers(socket: &mut crate::world::Socket, count: usize) -> Vec<(Value, String)> {
    let mut answers = Vec::new();
    for _ in 0..count {
        let frame = socket.next().await;
        answers.push((frame["gameId"].clone(), in_short(&frame)));
    }
    answers
}

#[tokio::test(flavor = "multi_thread")]
async fn each_game_is_answered_as_if_it_came_alone() {
    let world = World::start().await;
    let mut first = world.table().await;
    let second = world.table().await;
    let mut third = world.table().await;
    for _ in 0..3 {
        world.advance(&mut first).await;
    }
    let unknown = Uuid::now_v7().to_string();
    let mut socket = world.connect("").await;
    let epoch = socket.hello["epoch"].clone();
    let games = json!([
        {"gameId": first.game, "after": 3},
        {"gameId": second.game},
        {"gameId": "no id", "after": 1},
        {"gameId": unknown},
        {"gameId": third.game, "after": 9},
    ]);
    socket
        .say(json!({"type": "subscribe", "games": games, "epoch": epoch}))
        .await;
    let heard = answers(&mut socket, 9).await;
    let of = |game: &str| -> Vec<&str> {
        let of_game = heard.iter().filter(|(id, _)| *id == json!(game));
        of_game.map(|(_, frame)| frame.as_str()).collect()
    };
    assert_eq!(of(&first.game), ["subscribed 3", "update 4", "update 5"]);
    assert_eq!(of(&second.game), ["snapshot 2", "subscribed 2"]);
    assert_eq!(of("no id"), ["error game_not_found"]);
    assert_eq!(of(&unknown), ["error game_not_found"]);
    assert_eq!(of(&third.game), ["snapshot 2", "subscribed 2"]);
    world.advance(&mut third).await;
    assert_eq!(socket.next_in_short().await, "update 3");

    // Of another epoch, nothing is known.
    let games = json!([{"gameId": first.game, "after": 3}]);
    socket
        .say(json!({"type": "subscribe", "games": games, "epoch": Uuid::now_v7()}))
        .await;
    assert_eq!(socket.many(2).await, ["snapshot 5", "subscribed 5"]);
    // Nothing is asked, and nothing answered.
    socket.say(json!({"type": "subscribe", "games": []})).await;
    socket.settled().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_games_fit_in_one_frame_and_one_more_is_too_many() {
    let world = World::start().await;
    let table = world.table().await;
    let mut socket = world.connect("").await;
    let game = |id: String| json!({"gameId": id, "after": 2_147_483_647});
    let mut games: Vec<Value> = (0..99).map(|_| game(Uuid::now_v7().to_string())).collect();
    games.insert(0, json!({"gameId": table.game}));
    let beyond = Uuid::now_v7().to_string();
    games.push(game(beyond.clone()));
    // Followed already, so it takes no room.
    games.push(json!({"gameId": table.game, "after": 1}));
    let frame = json!({"type": "subscribe", "games": games, "epoch": socket.hello["epoch"]});
    assert!(frame.to_string().len() <= 16384);
    socket.say(frame).await;
    // 99 that are not there, one too many, and the one that is.
    let heard = answers(&mut socket, 102).await;
    let count = |short: &str| heard.iter().filter(|(_, frame)| frame == short).count();
    assert_eq!(count("error game_not_found"), 99);
    assert_eq!(count("subscribed 1") + count("update 2"), 2, "{heard:?}");
    assert!(heard.contains(&(json!(beyond), "error too_many_games".to_owned())));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_with_a_mistake_in_it_says_where_and_subscribes_to_nothing() {
    let world = World::start().await;
    let table = world.table().await;
    let mut socket = world.connect("").await;
    let games = json!([{"gameId": table.game}, {"gameId": table.game, "after": -1}]);
    socket
        .say(json!({"type": "subscribe", "games": games}))
        .await;
    let error = socket.next().await;
    assert_eq!(error["code"], "malformed");
    let message = error["message"].as_str().unwrap();
    assert!(
        message.starts_with("games[1]: after is a version"),
        "{message}"
    );
    socket.settled().await;
}
