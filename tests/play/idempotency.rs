//! `Idempotency-Key`: repeats, other bodies, calls that broke off.

use serde_json::{Value, json};
use turnkey::play::view::CreatedView;
use turnkey::play::{Answer, Caller, PlayError, RequestKey, parse_new_player};
use turnkey::rules::Rulebook;

use crate::world::{
    World, as_player, code, create_request, fresh_key, join_request, request_key, seated, stranger,
    word,
};

type Created = Result<Answer<CreatedView>, PlayError>;

impl World {
    async fn create_keyed(&self, caller: &Caller, body: &Value, key: &str) -> Created {
        let reserved = request_key(key, body, caller);
        self.play
            .create_game(caller, create_request(body), reserved)
            .await
    }

    async fn join_keyed(&self, caller: &Caller, invite: &str, key: &str) -> Created {
        let reserved = request_key(key, &json!({"invite": invite}), caller);
        self.play
            .join_game(caller, join_request(invite), reserved)
            .await
    }

    /// As if the first call had broken off after its reservation, `seconds` ago.
    async fn break_off(&self, events: &str, seconds: u32) {
        let statement = format!(
            "delete from event where {events}; \
             update request_key set at = now() - interval '{seconds} seconds'"
        );
        self.execute(&statement).await;
        self.play.games().forget_all();
    }
}

/// What a repeat must answer again.
fn essence(created: &CreatedView) -> Value {
    let mut essence = serde_json::to_value(created).unwrap();
    if let Some(player) = essence.get_mut("player") {
        player["token"].take();
    }
    essence
}

#[tokio::test]
async fn a_repeated_creation_gives_the_first_answer() {
    let world = World::new().await;
    let (key, body) = (fresh_key(), json!({"name": "Ann"}));
    let first = world.create_keyed(&stranger(), &body, &key).await.unwrap();
    assert!(!first.replayed);
    let invite = first.value.invite.clone().unwrap();
    world.join(&stranger(), &invite).await.unwrap();
    let again = world.create_keyed(&stranger(), &body, &key).await.unwrap();
    assert!(again.replayed);
    assert_eq!(again.success, first.success);
    assert_eq!(essence(&again.value), essence(&first.value));
    let token = again.value.player.unwrap().token;
    let player = world.play.authenticate(Some(token.as_str())).await.unwrap();
    assert_eq!(player, seated(&first.value).player);
    assert_eq!(world.events().await, 2);

    let other = world
        .create_keyed(&stranger(), &json!({"name": "Bob"}), &key)
        .await;
    assert_eq!(word(&other), "idempotency_key_reused");
}

#[tokio::test]
async fn a_key_is_its_owners_alone() {
    let world = World::new().await;
    let (ann, bob) = {
        let table = world.table().await;
        (table.ann, table.bob)
    };
    let mut elsewhere = ann.clone();
    elsewhere.stage = "prod".parse().unwrap();
    let mut other_app = ann.clone();
    other_app.api_key_id = None;
    for caller in [&ann, &bob, &elsewhere, &other_app] {
        let created = world.create_keyed(caller, &json!({}), "one").await;
        assert_eq!(word(&created), "done");
    }
    let player = world
        .play
        .create_player(&ann, None, request_key("one", &json!({}), &ann))
        .await;
    assert_eq!(word(&player), "done");
}

#[tokio::test]
async fn bodies_that_mean_the_same_are_the_same_body() {
    let world = World::new().await;
    let key = fresh_key();
    let bodies = [
        r#"{"name":"Ann","options":{},"seat":"O"}"#,
        "{ \"seat\" : \"O\",\n\"options\":{ }, \"name\":\"\\u0041nn\" }",
        r#"{"name":" Ann ","seat":"O","variant":"tic-tac-toe","visibility":null}"#,
    ];
    let caller = stranger();
    let book = Rulebook::built_in();
    let mut words = Vec::new();
    for body in bodies {
        let reserved = RequestKey::parse(&key, body.as_bytes(), &caller, &book).unwrap();
        let request = turnkey::play::CreateGame::parse(body.as_bytes()).unwrap();
        let created = world
            .play
            .create_game(&caller, request, Some(reserved))
            .await;
        words.push(word(&created));
    }
    assert_eq!(words, ["done", "replayed", "replayed"]);
}

#[tokio::test]
async fn keys_that_are_none() {
    let book = Rulebook::built_in();
    let ann = as_player(turnkey::game::PlayerId(uuid::Uuid::now_v7()));
    for bad in ["", "a b", "ü", "\u{7f}", &"k".repeat(256)] {
        let refused = RequestKey::parse(bad, b"{}", &ann, &book).unwrap_err();
        assert_eq!(code(&refused), "malformed", "{bad:?}");
    }
    assert!(RequestKey::parse(&"k".repeat(255), b"{}", &ann, &book).is_ok());
    let refused = RequestKey::parse("guessable", b"{}", &stranger(), &book).unwrap_err();
    assert_eq!(code(&refused), "malformed");
    assert!(RequestKey::parse(&fresh_key(), b"{}", &stranger(), &book).is_ok());
}

#[tokio::test]
async fn a_creation_that_broke_off_is_completed_once() {
    let world = World::new().await;
    let (key, body) = (fresh_key(), json!({"name": "Ann"}));
    let first = world.create_keyed(&stranger(), &body, &key).await.unwrap();
    world.break_off("true", 1).await;
    let early = world.create_keyed(&stranger(), &body, &key).await;
    assert_eq!(word(&early), "in_progress");
    world.break_off("true", 6).await;
    let mut completions = Vec::new();
    for _ in 0..6 {
        let (play, key, body) = (world.another().await, key.clone(), body.clone());
        completions.push(tokio::spawn(async move {
            let reserved = request_key(&key, &body, &stranger());
            let request = create_request(&body);
            play.create_game(&stranger(), request, reserved).await
        }));
    }
    for completion in completions {
        let created = completion.await.unwrap().unwrap().value;
        assert_eq!(created.game.game_id, first.value.game.game_id);
        assert_eq!(created.invite, first.value.invite);
        assert_eq!(seated(&created).player, seated(&first.value).player);
    }
    assert_eq!(world.events().await, 1);
}

#[tokio::test]
async fn of_simultaneous_first_calls_one_makes_a_game() {
    let world = World::new().await;
    let (key, body) = (fresh_key(), json!({}));
    let calls = (0..8).map(|_| {
        let (play, key, body) = (world.play.clone(), key.clone(), body.clone());
        tokio::spawn(async move {
            let reserved = request_key(&key, &body, &stranger());
            word(
                &play
                    .create_game(&stranger(), create_request(&body), reserved)
                    .await,
            )
        })
    });
    let mut made = 0;
    for call in calls.collect::<Vec<_>>() {
        match call.await.unwrap() {
            "done" => made += 1,
            "replayed" | "in_progress" => {}
            other => panic!("{other}"),
        }
    }
    assert_eq!((made, world.events().await), (1, 1));
    assert_eq!(
        (world.count("player").await, world.count("invite").await),
        (1, 1)
    );
}

#[tokio::test]
async fn a_repeated_join_gives_the_first_answer() {
    let world = World::new().await;
    let created = world
        .create(&stranger(), json!({"name": "Ann"}))
        .await
        .value;
    let (key, invite) = (fresh_key(), created.invite.clone().unwrap());
    let first = world.join_keyed(&stranger(), &invite, &key).await.unwrap();
    let game_id = created.game.game_id.to_string();
    world
        .play
        .resign_game(&seated(&created), &game_id)
        .await
        .unwrap();
    let again = world.join_keyed(&stranger(), &invite, &key).await.unwrap();
    assert!(again.replayed);
    assert_eq!(essence(&again.value), essence(&first.value));
    assert_eq!(world.count("player").await, 2);
}

#[tokio::test]
async fn a_join_that_broke_off_is_completed_under_the_same_player() {
    let world = World::new().await;
    let created = world.create(&stranger(), json!({})).await.value;
    let (key, invite) = (fresh_key(), created.invite.clone().unwrap());
    let first = world.join_keyed(&stranger(), &invite, &key).await.unwrap();
    world.break_off("version = 2", 1).await;
    let early = world.join_keyed(&stranger(), &invite, &key).await;
    assert_eq!(word(&early), "in_progress");
    world.break_off("version = 2", 6).await;
    let late = world.join_keyed(&stranger(), &invite, &key).await.unwrap();
    assert_eq!(seated(&late.value).player, seated(&first.value).player);
    assert_eq!(world.events().await, 2);
}

#[tokio::test]
async fn a_refused_join_reserves_nothing() {
    let world = World::new().await;
    let created = world.create(&stranger(), json!({})).await.value;
    let invite = created.invite.clone().unwrap();
    world.join(&stranger(), &invite).await.unwrap();
    let key = fresh_key();
    for _ in 0..2 {
        let refused = world.join_keyed(&stranger(), &invite, &key).await;
        assert_eq!(word(&refused), "seat_taken");
    }
    assert_eq!(world.count("request_key").await, 0);
    assert_eq!(world.count("player").await, 2);
}

#[tokio::test]
async fn a_repeated_player_is_the_same_player() {
    let world = World::new().await;
    let (key, body) = (fresh_key(), json!({"name": "Ann"}));
    let mut ids = Vec::new();
    for replayed in [false, true] {
        let name = parse_new_player(body.to_string().as_bytes()).unwrap();
        let reserved = request_key(&key, &body, &stranger());
        let made = world
            .play
            .create_player(&stranger(), name, reserved)
            .await
            .unwrap();
        assert_eq!(made.replayed, replayed);
        assert_eq!(made.value.name.as_deref(), Some("Ann"));
        ids.push(made.value.player_id);
    }
    assert_eq!(ids[0], ids[1]);
    assert_eq!(world.count("player").await, 1);
}

#[tokio::test]
async fn after_a_day_a_key_is_free_again_and_swept() {
    let world = World::new().await;
    let (key, body) = (fresh_key(), json!({}));
    world.create_keyed(&stranger(), &body, &key).await.unwrap();
    let a_day_ago = "update request_key set at = now() - interval '25 hours'; \
                     update invite set at = now() - interval '25 hours'";
    world.execute(a_day_ago).await;
    let other_body = json!({"seat": "O"});
    let anew = world.create_keyed(&stranger(), &other_body, &key).await;
    assert_eq!(word(&anew), "done");
    world.execute(a_day_ago).await;
    world
        .execute(
            "insert into invite values
             ('00000001', 'dev', gen_random_uuid(), now() - interval '25 hours'),
             ('00000002', 'dev', gen_random_uuid(), now())",
        )
        .await;
    world.play.sweep().await.unwrap();
    assert_eq!(world.count("request_key").await, 0);
    // Invites stay with their games; one to no game stays for a day.
    assert_eq!(world.count("invite").await, 3);
}
