//! `turnkey check` on databases that are sound, and on databases that something has meddled with.

use serde_json::{Value, json};
use turnkey::cli::{Output, check as command};
use turnkey::upkeep::check;

use crate::support::upkeep::{project, sound};
use crate::world::{Table, World, stranger};

/// Games of every kind, projected; the table is a game that Ann has won at version 7.
async fn played() -> (World, Table) {
    let world = World::new().await;
    let table = world.finished().await;
    let other = world.table().await;
    world.play_out(&other, &[4, 0]).await;
    let ending = world.table().await;
    world
        .play
        .offer_draw(&ending.ann, &ending.game_id)
        .await
        .unwrap();
    world
        .play
        .offer_draw(&ending.bob, &ending.game_id)
        .await
        .unwrap();
    world
        .play
        .rematch_game(&ending.bob, &ending.game_id)
        .await
        .unwrap();
    world.create(&stranger(), json!({"opponent": "self"})).await;
    world
        .create(&stranger(), json!({"visibility": "private"}))
        .await;
    project(&world.database).await;
    (world, table)
}

#[tokio::test]
async fn games_of_every_kind_are_sound() {
    let (world, _) = played().await;
    let report = sound(&world.database).await;
    assert_eq!((report.games, report.reservations), (6, 0));
    assert_eq!(report.projected, report.log_end);
    assert_eq!(report.events, u64::try_from(world.events().await).unwrap());
}

#[tokio::test]
async fn a_projection_is_compared_where_it_is() {
    let (world, _) = played().await;
    let table = world.finished().await;
    world
        .play
        .rematch_game(&table.ann, &table.game_id)
        .await
        .unwrap();
    let report = sound(&world.database).await;
    assert!(report.projected < report.log_end);
    // Half of a game is projected, and half is not.
    let half = format!(
        "update projection set position =
         (select position from event where game_id = '{}' and version = 3)",
        table.game_id
    );
    world.execute(&half).await;
    let report = check::check(&world.database).await.unwrap();
    let missing = report.faults.iter().map(|fault| fault.kind.code());
    assert_eq!(missing.collect::<Vec<_>>(), ["row_missing"; 3]);
}

#[tokio::test]
async fn what_is_reserved_and_not_begun_is_no_fault() {
    let (world, _) = played().await;
    let reserve = "insert into invite (code, stage, game_id)
                   values ('00000000', 'dev', gen_random_uuid());
                   insert into request_key (scope, body_digest, player_id, game_id)
                   values ('a', 'b', gen_random_uuid(), gen_random_uuid());
                   insert into player (player_id) values (gen_random_uuid())";
    world.execute(reserve).await;
    assert_eq!(sound(&world.database).await.reservations, 2);
}

#[tokio::test]
async fn every_page_is_read() {
    let (world, table) = played().await;
    let copies = format!(
        "insert into event
         select nextval('event_position'), overlay(e.game_id::text placing
                lpad(to_hex(n), 8, '0') from 29)::uuid, e.version, e.stage, e.variant, e.rules,
                e.type, e.schema, e.data, e.actor, e.at
         from generate_series(1, 700) n, event e
         where e.game_id = '{}'
         order by n, e.version",
        table.game_id
    );
    world.execute(&copies).await;
    let report = sound(&world.database).await;
    assert_eq!(report.games, 706);
    assert_eq!(report.events, u64::try_from(world.events().await).unwrap());
    let newest = "delete from event where position = (select max(position) - 1 from event)";
    world.execute(newest).await;
    let report = check::check(&world.database).await.unwrap();
    let faults: Vec<_> = report.faults.iter().map(|fault| fault.version).collect();
    assert_eq!(faults, [Some(7)]);
}

/// What is done to the game `$game`, and what of it is told: code, version.
const MEDDLING: &[(&str, &str, Option<i32>)] = &[
    (
        "delete from event where game_id = $game and version = 4",
        "version_gap",
        Some(5),
    ),
    (
        "delete from event where game_id = $game and version = 1",
        "version_gap",
        Some(2),
    ),
    ("delete from event where game_id = $game", "row_stray", None),
    (
        "update event set version = 99 where game_id = $game and version = 3;
         update event set version = 3 where game_id = $game and version = 4;
         update event set version = 4 where game_id = $game and version = 99",
        "position_order",
        Some(4),
    ),
    (
        "alter table event drop constraint event_position_key;
         update event set position = position + 1 where game_id = $game and version = 7",
        "position_twice",
        None,
    ),
    (
        "update event set at = at - interval '1 day' where game_id = $game and version = 6",
        "time_backwards",
        Some(6),
    ),
    (
        "update event set rules = 99 where game_id = $game and version = 5",
        "unreadable",
        Some(5),
    ),
    (
        "update event set type = 'rolled' where game_id = $game and version = 5",
        "unreadable",
        Some(5),
    ),
    (
        "update event set stage = 'prod' where game_id = $game and version = 2",
        "mixed",
        Some(2),
    ),
    (
        "update event set data = jsonb_set(data, '{move}', '0')
         where game_id = $game and version = 5",
        "unlawful",
        Some(5),
    ),
    (
        "update event set data = data - 'result' where game_id = $game and version = 7",
        "unlawful",
        Some(7),
    ),
    (
        "update board set status = 'playing' where game_id = $game",
        "row_differs",
        None,
    ),
    (
        "update my_game set my_turn = true where game_id = $game",
        "row_differs",
        None,
    ),
    (
        "delete from board where game_id = $game",
        "row_missing",
        None,
    ),
    (
        "delete from my_game where game_id = $game",
        "row_missing",
        None,
    ),
    (
        "insert into my_game select generation, gen_random_uuid(), game_id, stage, status,
                                    my_turn, position, updated_at
         from my_game where game_id = $game limit 1",
        "row_stray",
        None,
    ),
    (
        "insert into quarantine (generation, game_id, error) values (1, $game, 'why')",
        "quarantined",
        None,
    ),
    (
        "update invite set stage = 'prod' where game_id = $game",
        "invite_stray",
        None,
    ),
    (
        "delete from event where game_id = $game; delete from board where game_id = $game;
         delete from my_game where game_id = $game;
         update invite set at = now() - interval '2 days' where game_id = $game",
        "invite_stray",
        None,
    ),
];

#[tokio::test]
async fn meddling_is_told_of_with_game_and_version() {
    for (meddling, code, version) in MEDDLING {
        let (world, table) = played().await;
        let game = format!("'{}'", table.game_id);
        world.execute(&meddling.replace("$game", &game)).await;
        let document = told(&world).await;
        let faults = document["faults"].as_array().unwrap();
        let named = faults.iter().any(|fault| {
            let of_game = fault["gameId"] == json!(table.game_id) || *code == "position_twice";
            fault["code"] == *code && of_game && fault["version"] == json!(version)
        });
        assert!(named, "{meddling}\n{document:#}");
        assert!(!faults[0]["remedy"].as_str().unwrap().is_empty());
    }
}

#[tokio::test]
async fn a_log_that_would_give_positions_out_again_is_told_of() {
    let (world, _) = played().await;
    world.execute("select setval('event_position', 3)").await;
    assert_eq!(told(&world).await["faults"][0]["code"], "positions_behind");
    world
        .execute("select setval('event_position', 1000); delete from log")
        .await;
    assert_eq!(told(&world).await["faults"][0]["code"], "no_epoch");
}

#[tokio::test]
async fn a_schema_that_is_behind_is_told_of_and_left_alone() {
    let database = crate::support::postgres::empty_database().await;
    let mut said = Vec::new();
    let error = command::run(&database, Output::People, &mut said)
        .await
        .unwrap_err();
    assert!(error.to_string().contains("turnkey migrate"), "{error}");
    let client = crate::support::postgres::client(&database).await;
    let tables = "select count(*) from pg_tables where schemaname = 'public'";
    let tables: i64 = client.query_one(tables, &[]).await.unwrap().get(0);
    assert_eq!(tables, 0);
}

/// What the command prints of a database with faults; it fails.
async fn told(world: &World) -> Value {
    let mut said = Vec::new();
    let error = command::run(&world.database, Output::Json, &mut said)
        .await
        .unwrap_err();
    assert_eq!(error.exit_code(), 1);
    let mut in_words = Vec::new();
    command::run(&world.database, Output::People, &mut in_words)
        .await
        .unwrap_err();
    let document: Value = serde_json::from_slice(&said).unwrap();
    let in_words = String::from_utf8(in_words).unwrap();
    for fault in document["faults"].as_array().unwrap() {
        assert!(
            in_words.contains(fault["detail"].as_str().unwrap()),
            "{in_words}"
        );
    }
    document
}
