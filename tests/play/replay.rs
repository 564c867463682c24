//! `turnkey replay` on games that this build plays as they were played, and on games that it does not.

use std::num::NonZeroUsize;

use serde_json::{Value, json};
use turnkey::cli::replay::{self, ReplayOptions};
use turnkey::cli::{CommandError, Output};

use crate::support::upkeep::project;
use crate::world::{Table, World, stranger};

/// Two games of tic-tac-toe, one of gomoku; the table is a game that Ann has won at version 7.
async fn played() -> (World, Table) {
    let world = World::new().await;
    let table = world.finished().await;
    world.table().await;
    let gomoku = world.table_of(json!({"variant": "gomoku"})).await;
    world
        .play_out(&gomoku, &[0, 15, 1, 16, 2, 17, 3, 18, 4])
        .await;
    project(&world.database).await;
    (world, table)
}

async fn run(
    world: &World,
    options: ReplayOptions,
    output: Output,
) -> (String, Option<CommandError>) {
    let mut said = Vec::new();
    let done = replay::run(&world.database, options, output, &mut said).await;
    (String::from_utf8(said).unwrap(), done.err())
}

/// What a replay of everything prints; it fails where a game differs.
async fn told(world: &World) -> (Value, Option<CommandError>) {
    let (said, error) = run(world, ReplayOptions::default(), Output::Json).await;
    (serde_json::from_str(&said).unwrap(), error)
}

#[tokio::test]
async fn games_come_out_as_they_were_played() {
    let (world, _) = played().await;
    let (document, error) = told(&world).await;
    assert!(error.is_none(), "{document:#}");
    assert_eq!(
        (&document["games"], &document["differing"]),
        (&json!(3), &json!(0))
    );
    assert_eq!(document["events"], json!(world.events().await));
    let (said, _) = run(&world, ReplayOptions::default(), Output::People).await;
    assert!(
        said.starts_with("3 games, ") && said.contains(" games/s, "),
        "{said}"
    );
    assert!(
        said.ends_with("\nEvery game is as it was recorded.\n"),
        "{said}"
    );
}

#[tokio::test]
async fn a_stage_or_a_variant_is_replayed_alone() {
    let (world, _) = played().await;
    let elsewhere = turnkey::play::Caller {
        stage: "prod".parse().unwrap(),
        ..stranger()
    };
    world.create(&elsewhere, json!({"variant": "gomoku"})).await;
    project(&world.database).await;
    let count = async |stage: Option<&str>, variant: Option<&str>| {
        let options = ReplayOptions {
            stage: stage.map(str::to_owned),
            variant: variant.map(str::to_owned),
            jobs: NonZeroUsize::new(2),
        };
        let (said, error) = run(&world, options, Output::Json).await;
        assert!(error.is_none(), "{said}");
        let document: Value = serde_json::from_str(&said).unwrap();
        document["games"].as_u64().unwrap()
    };
    assert_eq!(count(None, None).await, 4);
    assert_eq!(count(Some("dev"), None).await, 3);
    assert_eq!(count(Some("prod"), None).await, 1);
    assert_eq!(count(None, Some("gomoku")).await, 2);
    assert_eq!(count(Some("dev"), Some("gomoku")).await, 1);
    assert_eq!(count(Some("other"), None).await, 0);
}

/// Nothing is played twice or left out, however many play at once.
#[tokio::test]
async fn every_game_is_replayed_once_by_any_number_of_jobs() {
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
    for jobs in [1, 2, 7] {
        let options = ReplayOptions {
            jobs: NonZeroUsize::new(jobs),
            ..ReplayOptions::default()
        };
        let (said, error) = run(&world, options, Output::Json).await;
        assert!(error.is_none(), "{said}");
        let document: Value = serde_json::from_str(&said).unwrap();
        assert_eq!(document["games"], 703);
        assert_eq!(document["events"], json!(world.events().await));
    }
}

/// What is done to a game that Ann has won or Bob has resigned, and what of it is told.
const TAMPERING: &[(&str, &str)] = &[
    (
        "update event set data = jsonb_set(data, '{result,winner}', '\"O\"')
         where type = 'move_played' and data ? 'result' and game_id = $game",
        "is a move with another result",
    ),
    (
        "update event set data = jsonb_set(data, '{result,winner}', '\"O\"')
         where type = 'resigned'",
        "is a resignation with another result",
    ),
    (
        "update event set data = jsonb_set(data, '{result}', '{\"outcome\":\"none\",\"by\":\"abandoned\"}')
         where type = 'draw_agreed'",
        "is a draw with another result",
    ),
    (
        "update board set board = jsonb_set(board, '{cells,8}', '\"O\"') where game_id = $game",
        "its board differs in board",
    ),
    (
        "update event set rules = 99 where game_id = $game",
        "with rules 99 is unknown",
    ),
    (
        "update event set data = data - 'move' where game_id = $game and version = 4",
        "move",
    ),
];

#[tokio::test]
async fn a_game_that_comes_out_otherwise_is_named() {
    for (tampering, what) in TAMPERING {
        let (world, table) = played().await;
        let resigned = world.table().await;
        let given_up = world.play.resign_game(&resigned.bob, &resigned.game_id);
        given_up.await.unwrap();
        let drawn = world.table().await;
        for player in [&drawn.ann, &drawn.bob] {
            let offered = world.play.offer_draw(player, &drawn.game_id);
            offered.await.unwrap();
        }
        project(&world.database).await;
        let game = format!("'{}'", table.game_id);
        world.execute(&tampering.replace("$game", &game)).await;
        // A tampered result is shown as it was recorded, so the row of the board is not to differ too.
        let shown = "update board b set result = (
                         select e.data -> 'result' from event e
                         where e.game_id = b.game_id and e.data ? 'result')
                     where result is not null";
        world.execute(shown).await;

        let (document, error) = told(&world).await;
        let error = error.unwrap_or_else(|| panic!("{tampering}\n{document:#}"));
        assert_eq!(error.exit_code(), 1);
        assert_eq!(document["differing"], 1, "{tampering}\n{document:#}");
        let expected = match () {
            () if tampering.contains("resigned") => &resigned,
            () if tampering.contains("draw_agreed") => &drawn,
            () => &table,
        };
        let faults = document["faults"].as_array().unwrap();
        for fault in faults {
            assert_eq!(fault["gameId"], json!(expected.game_id), "{document:#}");
        }
        let named = |fault: &Value| fault["detail"].as_str().unwrap().contains(what);
        assert!(faults.iter().any(named), "{tampering}\n{document:#}");
        let (said, _) = run(&world, ReplayOptions::default(), Output::People).await;
        assert!(
            said.contains(&expected.game_id) && !said.contains("as it was"),
            "{said}"
        );
    }
}
