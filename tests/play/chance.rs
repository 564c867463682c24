//! Games of chance: what is promised, what is kept secret, and what verifies in the end.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use turnkey::play::view::GameView;
use turnkey::play::{Answer, Caller, MakeMove, Play, PlayError};

use crate::support::postgres;
use crate::world::{
    Table, World, create_request, instance_with, join_request, seated, stranger, word,
};

const SECRETS: [&[u8]; 4] = [
    crate::world::SECRET,
    b"another secret of the tests, long too",
    b"the third secret of the tests, longer",
    b"a secret that no database has ever seen",
];

fn pig() -> Value {
    json!({"variant": "pig", "options": {"target": 20}, "entropy": "from-Ann", "name": "Ann"})
}

/// A game of two, for which Bob has not added any entropy.
async fn pig_table(world: &World) -> Table {
    world.table_of(pig()).await
}

async fn play(
    play: &Play,
    caller: &Caller,
    game: &str,
    played: &str,
) -> Result<Answer<GameView>, PlayError> {
    let body = json!({"gameId": game, "move": played});
    let request = MakeMove::parse(body.to_string().as_bytes()).unwrap();
    play.make_move(caller, request).await
}

/// Plays one move of whoever's turn it is: banks six points or more.
async fn step(instance: &Play, table: &Table) -> GameView {
    let read = instance.read_game(&table.ann, &table.game_id, None).await;
    let game = read.unwrap().value;
    let caller = match game.turn {
        Some("A") => &table.ann,
        Some("B") => &table.bob,
        other => panic!("it is the turn of {other:?}"),
    };
    let played = match game.board["turnPoints"].as_u64() {
        Some(6..) => "hold",
        _ => "roll",
    };
    let played = play(instance, caller, &table.game_id, played).await;
    played.unwrap().value
}

async fn play_out(instance: &Play, table: &Table) -> GameView {
    loop {
        let game = step(instance, table).await;
        if game.status == "finished" {
            return game;
        }
    }
}

/// The stored data of each event of a game.
async fn stored(world: &World, game: &str) -> Vec<(i16, Value)> {
    let client = postgres::client(&world.database).await;
    let data = "select schema, data from event where game_id::text = $1 order by version";
    let rows = client.query(data, &[&game]).await.unwrap();
    rows.iter().map(|row| (row.get(0), row.get(1))).collect()
}

#[tokio::test]
async fn a_seed_is_promised_at_once_and_shown_in_the_end() {
    let world = World::new().await;
    let created = world.create(&stranger(), pig()).await.value;
    let chance = created.game.chance.clone().unwrap();
    assert_eq!((&created.game.board, chance.seed), (&Value::Null, None));
    let body = json!({"invite": created.invite.as_ref().unwrap(), "entropy": "Bob's-own!"});
    let request = turnkey::play::JoinGame::parse(body.to_string().as_bytes()).unwrap();
    let joined = world.play.join_game(&stranger(), request, None).await;
    let joined = joined.unwrap().value;
    assert_eq!(joined.game.board["turnPoints"], 0);
    let table = Table {
        game_id: created.game.game_id.to_string(),
        ann: seated(&created),
        bob: seated(&joined),
    };
    let over = play_out(&world.play, &table).await;
    let shown = over.chance.unwrap();
    assert_eq!(shown.commitment, chance.commitment);
    let seed: turnkey::game::Seed = shown.seed.unwrap().parse().unwrap();
    assert_eq!(seed.commitment().to_string(), chance.commitment);

    let request = turnkey::play::ReadEvents::parse(None, Some("500")).unwrap();
    let events = world.play.read_events(&table.ann, &table.game_id, request);
    let events = events.await.unwrap().value.events;
    let data = |at: usize| &events[at].data;
    assert_eq!(data(0)["commitment"], chance.commitment.as_str());
    assert_eq!(data(0)["entropy"], "from-Ann");
    assert_eq!(data(1)["entropy"], "Bob's-own!");
    assert_eq!(data(events.len() - 1)["seed"], seed.to_hex());
    let stored = stored(&world, &table.game_id).await;
    for (event, (schema, stored)) in events.iter().zip(&stored) {
        assert_eq!(*schema, 2);
        let hidden = ["draws", "sealedSeed"];
        assert!(hidden.iter().all(|name| event.data.get(name).is_none()));
        let mut without = stored.clone();
        hidden
            .iter()
            .for_each(|name| drop(without.as_object_mut().unwrap().remove(*name)));
        let mut shown = event.data.clone();
        // A list of what is in `seats`, for the order.
        shown.as_object_mut().unwrap().remove("seatOrder");
        for result in [&mut shown, &mut without] {
            // `winners` is shown beside `winner`.
            if let Some(result) = result.get_mut("result").and_then(Value::as_object_mut) {
                result.remove("winners");
            }
        }
        assert_eq!(shown, without);
    }
    assert!(stored[0].1["sealedSeed"].is_string());
    assert!(stored.iter().any(|(_, data)| data["draws"].is_array()));

    // An earlier version is shown as it was, and the next game has a seed of its own.
    let before = world
        .play
        .read_game(&table.ann, &table.game_id, Some(2))
        .await;
    assert_eq!(before.unwrap().value.chance.unwrap().seed, None);
    let next = world.play.rematch_game(&table.ann, &table.game_id).await;
    let next = next.unwrap().value.game.chance.unwrap();
    assert_ne!(next.commitment, chance.commitment);
}

#[tokio::test]
async fn whatever_ends_the_game_shows_the_seed() {
    let world = World::new().await;
    let table = pig_table(&world).await;
    step(&world.play, &table).await;
    let resigned = world.play.resign_game(&table.ann, &table.game_id).await;
    assert!(resigned.unwrap().value.chance.unwrap().seed.is_some());

    let waiting = world.create(&stranger(), pig()).await.value;
    let abandoned = world
        .play
        .resign_game(&seated(&waiting), &waiting.game.game_id.to_string())
        .await;
    let abandoned = abandoned.unwrap().value;
    assert_eq!(
        (abandoned.status, abandoned.board),
        ("finished", Value::Null)
    );
    assert!(abandoned.chance.unwrap().seed.is_some());

    let oneself = json!({"variant": "pig", "opponent": "self"});
    let oneself = world.create(&stranger(), oneself).await.value;
    assert_eq!(oneself.game.board["turnPoints"], 0);
    let game = oneself.game.game_id.to_string();
    let drawn = world.play.offer_draw(&seated(&oneself), &game).await;
    assert!(drawn.unwrap().value.chance.unwrap().seed.is_some());
}

#[tokio::test]
async fn entropy_is_kept_where_nothing_is_drawn_too() {
    let world = World::new().await;
    let table = world.table_of(json!({"entropy": "tails"})).await;
    let stored = stored(&world, &table.game_id).await;
    assert_eq!((stored[0].0, &stored[0].1["entropy"]), (1, &json!("tails")));
    for odd in [json!("x".repeat(65)), json!("a b"), json!("é"), json!(7)] {
        let body = json!({"entropy": odd}).to_string();
        let refused = turnkey::play::CreateGame::parse(body.as_bytes()).unwrap_err();
        assert!(refused.to_string().contains("`entropy`"), "{refused}");
    }
}

#[tokio::test]
async fn a_game_goes_on_through_any_number_of_new_secrets() {
    let world = World::new().await;
    let table = pig_table(&world).await;
    step(&world.play, &table).await;
    // Two rotations, and an instance that starts again with the secret before.
    let second = instance_with(&world.database, SECRETS[1], Some(SECRETS[0])).await;
    step(&second, &table).await;
    let first_again = world.another().await;
    step(&first_again, &table).await;
    step(&second, &table).await;
    let third = instance_with(&world.database, SECRETS[2], Some(SECRETS[1])).await;
    step(&third, &table).await;
    let alone = instance_with(&world.database, SECRETS[2], None).await;
    let next = alone.create_game(&table.ann, create_request(&pig()), None);
    next.await.unwrap();
    let over = play_out(&alone, &table).await;
    assert!(over.chance.unwrap().seed.is_some());
    assert_eq!(world.count("data_key").await, 1, "old secrets open nothing");
}

#[tokio::test]
async fn a_new_secret_without_the_old_one_stops_only_the_games_of_before() {
    let world = World::new().await;
    let table = pig_table(&world).await;
    let lost = instance_with(&world.database, SECRETS[3], None).await;
    let refused = play(&lost, &table.ann, &table.game_id, "roll").await;
    assert_eq!(word(&refused), "rules_failed");
    // It can be read, new games are played, and instances learn of each other's keys.
    assert!(
        lost.read_game(&table.ann, &table.game_id, None)
            .await
            .is_ok()
    );
    let request = create_request(&pig());
    let created = lost
        .create_game(&stranger(), request, None)
        .await
        .unwrap()
        .value;
    let request = join_request(created.invite.as_ref().unwrap());
    let joined = lost
        .join_game(&stranger(), request, None)
        .await
        .unwrap()
        .value;
    let younger = Table {
        game_id: created.game.game_id.to_string(),
        ann: seated(&created),
        bob: seated(&joined),
    };
    let both = instance_with(&world.database, SECRETS[3], Some(SECRETS[0])).await;
    for table in [&table, &younger] {
        step(&both, table).await;
    }
    play_out(&lost, &table).await;
    play_out(&lost, &younger).await;
}

#[tokio::test]
async fn who_reads_the_database_finds_no_seed_and_who_changes_it_is_noticed() {
    let world = World::new().await;
    let (table, other) = (pig_table(&world).await, pig_table(&world).await);
    let sealed_in = async |table: &Table| {
        let first = &stored(&world, &table.game_id).await[0].1;
        first["sealedSeed"].as_str().unwrap().to_owned()
    };
    let sealed = sealed_in(&table).await;
    let (bytes, others) = (
        BASE64_URL_SAFE_NO_PAD.decode(&sealed).unwrap(),
        sealed_in(&other).await,
    );
    assert_ne!(sealed, others);
    // No 32 bytes of it are the seed: the commitment would tell.
    let commitment = stored(&world, &table.game_id).await[0].1["commitment"].clone();
    for window in bytes.windows(32) {
        let seed = turnkey::game::Seed::new(window.try_into().unwrap());
        assert_ne!(seed.commitment().to_string(), commitment.as_str().unwrap());
    }
    let mut changed = bytes.clone();
    *changed.last_mut().unwrap() ^= 1;
    let mut of_no_key = bytes;
    of_no_key[3] ^= 8;
    for odd in [
        BASE64_URL_SAFE_NO_PAD.encode(changed),
        BASE64_URL_SAFE_NO_PAD.encode(of_no_key),
        others,
        "x".into(),
    ] {
        let swap = format!(
            "update event set data = jsonb_set(data, '{{sealedSeed}}', '\"{odd}\"')
             where version = 1 and game_id = '{}'",
            table.game_id
        );
        world.execute(&swap).await;
        let instance = world.another().await;
        let refused = play(&instance, &table.ann, &table.game_id, "roll").await;
        assert_eq!(word(&refused), "rules_failed", "{odd}");
    }
    step(&world.play, &other).await;
}

#[tokio::test]
async fn a_check_finds_draws_and_seeds_that_were_changed() {
    let world = World::new().await;
    let table = pig_table(&world).await;
    play_out(&world.play, &table).await;
    let other = "c0ffee00".repeat(8);
    let seed_replaced = format!("jsonb_set(data, '{{seed}}', '\"{other}\"') where data ? 'seed'");
    let seed_early = format!("data || '{{\"seed\": \"{other}\"}}' where version = 3");
    let changes: [(&str, &str); 7] = [
        ("data - 'draws' where data ? 'draws'", "other draws"),
        (
            "jsonb_set(data, '{draws}', '[0, 0]') where data ? 'draws'",
            "other draws",
        ),
        (
            "data || '{\"draws\": [3]}' where version = 2",
            "other draws",
        ),
        (
            "jsonb_set(data, '{entropy}', '\"mine\"') where version = 1",
            "other draws",
        ),
        (&seed_replaced, "another seed"),
        (
            "data - 'seed' where data ? 'seed'",
            "without showing its seed",
        ),
        (&seed_early, "before its end"),
    ];
    for (change, wanted) in changes {
        let before = "create table kept as select game_id, version, data from event";
        world.execute(before).await;
        world
            .execute(&format!("update event set data = {change}"))
            .await;
        let report = turnkey::upkeep::check::check(&world.database)
            .await
            .unwrap();
        let unlawful = report
            .faults
            .iter()
            .filter(|fault| fault.kind.code() == "unlawful");
        let told: Vec<&str> = unlawful.map(|fault| fault.what.as_str()).collect();
        assert!(
            told.iter().any(|what| what.contains(wanted)),
            "{change}: {told:?}"
        );
        let back = "update event e set data = kept.data from kept
                    where (e.game_id, e.version) = (kept.game_id, kept.version); drop table kept";
        world.execute(back).await;
    }
    let report = turnkey::upkeep::check::check(&world.database)
        .await
        .unwrap();
    assert!(report.is_sound(), "{:?}", report.faults);
}
