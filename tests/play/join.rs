//! Taking a seat by its invite.

use serde_json::json;
use turnkey::play::{JoinGame, PlayError};

use crate::world::{World, as_player, code, seated, stranger, word};

#[tokio::test]
async fn an_invite_lets_one_person_in() {
    let world = World::new().await;
    let created = world
        .create(&stranger(), json!({"name": "Ann"}))
        .await
        .value;
    let invite = created.invite.clone().unwrap();
    assert_eq!(created.game.invite.as_ref(), Some(&invite));
    let untidy = invite.replace('-', " ").to_lowercase();
    let joined = world.join(&stranger(), &untidy).await.unwrap().value;
    assert_eq!((joined.seat, joined.game.status), ("O", "playing"));
    assert_eq!(
        (joined.invite.as_ref(), joined.game.invite.as_ref()),
        (None, None)
    );
    match world.join(&stranger(), &invite).await.unwrap_err() {
        PlayError::SeatTaken { game } => {
            let game = game.unwrap();
            assert_eq!((game.version, game.your_seats), (2, None));
        }
        error => panic!("{error:?}"),
    }
    // Both who sit are answered with their seats.
    for (caller, seat) in [(seated(&created), "X"), (seated(&joined), "O")] {
        let again = world.join(&caller, &invite).await.unwrap();
        assert!(again.replayed);
        assert_eq!((again.value.seat, again.value.invite), (seat, None));
        assert!(again.value.player.is_none());
    }
    assert_eq!(world.events().await, 2);
    assert_eq!(world.count("player").await, 2);
}

#[tokio::test]
async fn of_many_who_join_at_once_one_sits() {
    let world = World::new().await;
    let created = world.create(&stranger(), json!({})).await.value;
    let invite = created.invite.clone().unwrap();
    let attempts = (0..12).map(|_| {
        let (play, invite) = (world.play.clone(), crate::world::join_request(&invite));
        tokio::spawn(async move { word(&play.join_game(&stranger(), invite, None).await) })
    });
    let mut words = Vec::new();
    for attempt in attempts.collect::<Vec<_>>() {
        words.push(attempt.await.unwrap());
    }
    words.sort_unstable();
    assert_eq!(words[0], "done");
    assert!(
        words[1..].iter().all(|word| *word == "seat_taken"),
        "{words:?}"
    );
    assert_eq!(world.count("player").await, 2);
}

#[tokio::test]
async fn the_seat_one_asks_for_leaves_the_other_one() {
    let world = World::new().await;
    let created = world.create(&stranger(), json!({"seat": "O"})).await.value;
    assert_eq!(created.seat, "O");
    let joined = world
        .join(&stranger(), created.invite.as_ref().unwrap())
        .await;
    assert_eq!(joined.unwrap().value.seat, "X");
}

#[tokio::test]
async fn invites_of_another_stage_and_of_nothing_are_unknown() {
    let world = World::new().await;
    let created = world.create(&stranger(), json!({})).await.value;
    let mut elsewhere = stranger();
    elsewhere.stage = "prod".parse().unwrap();
    let invite = created.invite.unwrap();
    assert_eq!(
        word(&world.join(&elsewhere, &invite).await),
        "invite_not_found"
    );
    for unknown in ["00000000", "", "not an invite", "\0"] {
        let answer = world.join(&stranger(), unknown).await;
        assert_eq!(word(&answer), "invite_not_found", "{unknown:?}");
    }
}

#[tokio::test]
async fn who_guesses_is_held_up_and_nobody_else() {
    let world = World::new().await;
    let created = world.create(&stranger(), json!({})).await.value;
    let invite = created.invite.clone().unwrap();
    // What can be no code counts as well.
    for text in ["ZZZZ-ZZZZ", "nonsense"].into_iter().cycle().take(20) {
        let guess = world.join(&stranger(), text).await;
        assert_eq!(word(&guess), "invite_not_found");
    }
    for text in ["ZZZZ-ZZZZ", "nonsense"] {
        let guess = world.join(&stranger(), text).await;
        assert_eq!(word(&guess), "too_many_unknown_invites");
    }
    // Whoever has a token is counted apart from those behind the same address.
    let mut holder = seated(&created);
    assert_eq!(
        word(&world.join(&holder, "ZZZZ-ZZZZ").await),
        "invite_not_found"
    );
    holder.api_key_id = Some("other".into());
    holder.player = None;
    assert_eq!(
        word(&world.join(&holder, "ZZZZ-ZZZZ").await),
        "invite_not_found"
    );
    // A right invite passes, whoever guessed before.
    let joined = world.join(&stranger(), &invite).await;
    assert_eq!(word(&joined), "done");
    let guess = world.join(&stranger(), "ZZZZ-ZZZZ").await;
    assert_eq!(word(&guess), "too_many_unknown_invites");
    // So does one that answers something else than a seat.
    assert_eq!(word(&world.join(&stranger(), &invite).await), "seat_taken");
}

#[tokio::test]
async fn an_invite_survives_the_chat_it_was_sent_by() {
    let world = World::new().await;
    for mangle in [
        |code: &str| code.replace('-', "\u{2011}"),
        |code: &str| format!("“{}”", code.replace('-', "—")),
        |code: &str| format!("\u{feff}{}\u{200b}", code.replace('-', "_").to_lowercase()),
        |code: &str| code.replace('-', " – "),
    ] {
        let created = world.create(&stranger(), json!({})).await.value;
        let written = mangle(&created.invite.unwrap());
        assert_eq!(
            word(&world.join(&stranger(), &written).await),
            "done",
            "{written:?}"
        );
    }
}

#[tokio::test]
async fn a_name_with_a_token_renames() {
    let world = World::new().await;
    let bob = world.table().await.bob;
    let created = world.create(&stranger(), json!({})).await.value;
    let body = json!({"invite": created.invite, "name": " Robert "});
    let request = JoinGame::parse(body.to_string().as_bytes()).unwrap();
    let joined = world.play.join_game(&bob, request, None).await.unwrap();
    assert!(joined.value.player.is_none());
    let holder = joined.value.game.seats.0[1].1.as_ref().unwrap();
    assert_eq!(holder.name.as_deref(), Some("Robert"));
    world.create(&bob, json!({"name": "Bob"})).await;
    let me = world.play.read_player(&bob).await.unwrap().value;
    assert_eq!(me.name.as_deref(), Some("Bob"));
}

#[tokio::test]
async fn names_that_are_none() {
    for name in ["", "  ", "a\u{0}b", "a\nb", &"x".repeat(41)] {
        let body = json!({"invite": "K7QM-PD3X", "name": name});
        let refusal = JoinGame::parse(body.to_string().as_bytes()).unwrap_err();
        assert_eq!(code(&refusal), "malformed", "{name:?}");
    }
    let body = json!({"invite": "K7QM-PD3X", "name": "ü".repeat(40)});
    assert!(JoinGame::parse(body.to_string().as_bytes()).is_ok());
}

#[tokio::test]
async fn a_reservation_whose_game_never_came_to_be_is_no_invite() {
    let world = World::new().await;
    world
        .execute("insert into invite values ('00000001', 'dev', gen_random_uuid(), now())")
        .await;
    let answer = world.join(&stranger(), "0000-0001").await;
    assert_eq!(word(&answer), "invite_not_found");
    let nobody = as_player(turnkey::game::PlayerId(uuid::Uuid::now_v7()));
    assert_eq!(
        word(&world.join(&nobody, "0000-0001").await),
        "invite_not_found"
    );
    assert_eq!((world.events().await, world.count("player").await), (0, 0));
}
