//! Player tokens and what becomes of deleted players' games.

use std::sync::Arc;
use std::time::{Duration, Instant};

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde_json::json;
use turnkey::game::PlayerId;
use turnkey::play::{PlayerName, Tokens};
use turnkey::store::Clock;
use uuid::Uuid;

use crate::world::{SECRET, World, as_player, code, stranger};

fn tokens(secret: &[u8]) -> Tokens {
    Tokens::new(secret, None, Arc::new(Clock::default()))
}

#[tokio::test]
async fn a_player_can_be_made_read_renamed_and_deleted() {
    let world = World::new().await;
    let made = world
        .play
        .create_player(&stranger(), None, None)
        .await
        .unwrap()
        .value;
    let token = made.token.as_str();
    let player = world.play.authenticate(Some(token)).await.unwrap();
    assert_eq!(player, Some(made.player_id));
    let me = as_player(made.player_id);
    assert_eq!(world.play.read_player(&me).await.unwrap().value.name, None);
    let name = PlayerName::parse("  Ann ").unwrap();
    world.play.rename_player(&me, name).await.unwrap();
    let name = world.play.read_player(&me).await.unwrap().value.name;
    assert_eq!(name.as_deref(), Some("Ann"));
    let _projecting = world.projecting();
    world.play.delete_player(&me).await.unwrap();
    let refused = world.play.authenticate(Some(token)).await.unwrap_err();
    assert_eq!(code(&refused), "player_token_invalid");
    assert_eq!(world.play.authenticate(None).await.unwrap(), None);
}

#[tokio::test]
async fn deleting_a_player_leaves_their_games() {
    let world = World::new().await;
    let table = world.finished().await;
    let _projecting = world.projecting();
    world.play.delete_player(&table.ann).await.unwrap();
    let game = world
        .play
        .read_game(&table.bob, &table.game_id, None)
        .await
        .unwrap()
        .value;
    let ann = game.seats.0[0].1.as_ref().unwrap();
    assert_eq!((Some(ann.player_id), &ann.name), (table.ann.player, &None));
    assert_eq!(game.version, 7);
}

#[test]
fn a_token_names_its_player() {
    let player = PlayerId(Uuid::now_v7());
    let token = tokens(SECRET).sign(player);
    assert_eq!(tokens(SECRET).verify(token.as_str()).unwrap(), player);
    assert!(!format!("{token:?} {:?}", tokens(SECRET)).contains("ey"));
}

#[test]
fn a_secret_can_be_changed_without_losing_a_player() {
    let player = PlayerId(Uuid::now_v7());
    let old = tokens(SECRET).sign(player);
    let new_secret = b"another secret, as long as that one";
    assert!(tokens(new_secret).verify(old.as_str()).is_err());
    let clock = Arc::new(Clock::default());
    let both = Tokens::new(new_secret, Some(SECRET), clock);
    assert_eq!(both.verify(old.as_str()).unwrap(), player);
    let new = both.sign(player);
    assert_eq!(tokens(new_secret).verify(new.as_str()).unwrap(), player);
}

#[test]
fn tokens_of_others_are_invalid() {
    let player = PlayerId(Uuid::now_v7());
    let good = tokens(SECRET).sign(player);
    let parts: Vec<&str> = good.as_str().split('.').collect();
    let encode = |value: serde_json::Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
    let none = encode(json!({"alg": "none", "typ": "JWT"}));
    let hs512 = encode(json!({"alg": "HS512", "typ": "JWT"}));
    let other = encode(json!({"iss": "turnkey", "sub": Uuid::now_v7(), "iat": 0}));
    for bad in [
        String::new(),
        "x".into(),
        "..".into(),
        format!("{none}.{}.", parts[1]),
        format!("{none}.{}.{}", parts[1], parts[2]),
        format!("{hs512}.{}.{}", parts[1], parts[2]),
        format!("{}.{other}.{}", parts[0], parts[2]),
        format!("{}.{}.", parts[0], parts[1]),
        format!("{}.{}", parts[0], parts[1]),
        format!("{} ", good.as_str()),
    ] {
        let refused = tokens(SECRET).verify(&bad).unwrap_err();
        assert_eq!(code(&refused), "player_token_invalid", "{bad}");
    }
}

#[test]
fn a_token_from_the_future_is_invalid() {
    let player = PlayerId(Uuid::now_v7());
    let ahead = |seconds| {
        let clock = Clock::default();
        let later = clock.now() + Duration::from_secs(seconds);
        clock.set(Instant::now(), later);
        Tokens::new(SECRET, None, Arc::new(clock)).sign(player)
    };
    assert!(tokens(SECRET).verify(ahead(50).as_str()).is_ok());
    assert!(tokens(SECRET).verify(ahead(70).as_str()).is_err());
}
