//! What clients see.

use serde_json::{Value, json};
use turnkey::play::{Caller, CreateGame, ReadEvents};

use crate::world::{World, code, seated, stranger};

#[tokio::test]
async fn a_game_has_the_promised_fields() {
    let world = World::new().await;
    let table = world.table().await;
    let game = world.play_out(&table, &[0, 4]).await;
    let mut shown = serde_json::to_value(&game).unwrap();
    for field in ["createdAt", "updatedAt"] {
        let time = shown[field].take();
        let time = time.as_str().unwrap();
        assert_eq!(
            (time.len(), &time[19..20], &time[23..]),
            (24, ".", "Z"),
            "{time}"
        );
    }
    let (ann, bob) = (table.ann.player, table.bob.player);
    let expected = json!({
        "gameId": table.game_id, "stage": "dev", "variant": "tic-tac-toe", "rules": 1,
        "options": {}, "visibility": "unlisted", "version": 4, "status": "playing",
        "board": {"rows": 3, "columns": 3,
                  "cells": ["X", null, null, null, "O", null, null, null, null]},
        "toMove": ["X"], "turn": "X", "legalMoves": [1, 2, 3, 5, 6, 7, 8],
        "lastMove": {"seat": "O", "move": 4},
        "seats": {"X": {"playerId": ann, "name": "Ann", "kind": "human"},
                  "O": {"playerId": bob, "name": null, "kind": "human"}},
        "seatOrder": ["X", "O"], "result": null,
        "drawOfferedBy": null, "drawOffers": [], "turnSeconds": null, "turnDeadline": null,
        "rematch": null, "yourSeats": ["O"], "createdAt": null, "updatedAt": null,
    });
    assert_eq!(shown, expected);
}

#[tokio::test]
async fn who_looks_decides_what_is_seen() {
    let world = World::new().await;
    let created = world.create(&stranger(), json!({})).await.value;
    let game = created.game.game_id.to_string();
    let other = world.table().await.ann;
    let as_seen = async |caller: Caller| {
        let shown = world.play.read_game(&caller, &game, None).await.unwrap();
        serde_json::to_value(shown.value).unwrap()
    };
    let mine = as_seen(seated(&created)).await;
    assert_eq!(mine["yourSeats"], json!(["X"]));
    assert_eq!(mine["invite"], json!(created.invite));
    assert_eq!(mine["seats"]["O"], Value::Null);
    let others = as_seen(other).await;
    assert_eq!(
        (&others["yourSeats"], others.get("invite")),
        (&json!([]), None)
    );
    let anybodys = as_seen(stranger()).await;
    assert_eq!(
        (anybodys.get("yourSeats"), anybodys.get("invite")),
        (None, None)
    );
}

#[tokio::test]
async fn a_game_can_be_seen_as_it_was() {
    let world = World::new().await;
    let table = world.finished().await;
    let game = table.game_id.as_str();
    let at = async |version| world.play.read_game(&table.ann, game, Some(version)).await;
    for version in 1..=7 {
        assert_eq!(at(version).await.unwrap().value.version, version);
    }
    assert_eq!(at(1).await.unwrap().value.status, "waiting");
    assert_eq!(at(4).await.unwrap().value.legal_moves.len(), 7);
    assert_eq!(code(&at(8).await.unwrap_err()), "malformed");
}

#[tokio::test]
async fn events_come_in_pages() {
    let world = World::new().await;
    let table = world.finished().await;
    let page = async |after, limit| {
        let request = ReadEvents::parse(after, limit).unwrap();
        let caller = stranger();
        let page = world
            .play
            .read_events(&caller, &table.game_id, request)
            .await;
        page.unwrap().value
    };
    let all = page(None, None).await;
    let versions: Vec<u32> = all.events.iter().map(|event| event.version).collect();
    assert_eq!((versions, all.version), ((1..=7).collect(), 7));
    let kinds: Vec<&str> = all.events.iter().map(|event| event.kind).collect();
    assert_eq!(kinds[..3], ["game_created", "player_seated", "move_played"]);
    let won =
        json!({"outcome": "win", "winner": "X", "winners": ["X"], "by": "line", "line": [0, 1, 2]});
    let last = json!({"seat": "X", "move": 2, "result": won});
    assert_eq!(all.events[6].data, last);
    assert!(all.events.is_sorted_by_key(|event| event.at.0));
    let some = page(Some("2"), Some("3")).await;
    assert_eq!((some.events[0].version, some.events.len()), (3, 3));
    assert!(page(Some("7"), None).await.events.is_empty());
    assert!(page(Some("2147483647"), None).await.events.is_empty());
    for (after, limit) in [("x", "1"), ("-1", "1"), ("0", "0"), ("0", "501")] {
        assert!(ReadEvents::parse(Some(after), Some(limit)).is_err());
    }
}

#[tokio::test]
async fn games_that_cannot_be() {
    let world = World::new().await;
    for (body, answer) in [
        (json!({"variant": "chess"}), "unknown_variant"),
        (json!({"options": {"size": 4}}), "invalid_option"),
        (json!({"opponent": "bot"}), "invalid_option"),
        (json!({"turnSeconds": 60}), "invalid_option"),
        (json!({"level": 1}), "invalid_option"),
        (json!({"opponent": "nobody"}), "malformed"),
        (json!({"seat": "Z"}), "malformed"),
        (json!({"seat": 1}), "malformed"),
        (json!({"visibility": "public"}), "malformed"),
        (json!({"options": []}), "malformed"),
        (json!({"colour": "red"}), "malformed"),
        (json!([]), "malformed"),
    ] {
        let asked = CreateGame::parse(body.to_string().as_bytes());
        let refused = match asked {
            Ok(request) => world.play.create_game(&stranger(), request, None).await,
            Err(refused) => Err(refused),
        };
        assert_eq!(code(&refused.unwrap_err()), answer, "{body}");
    }
    assert!(CreateGame::parse(b"").is_ok());
    assert!(CreateGame::parse(b"{}").is_ok());
}

#[tokio::test]
async fn variants_say_what_can_be_played() {
    let world = World::new().await;
    let variants = serde_json::to_value(world.play.variants(&stranger())).unwrap();
    let variants = variants["variants"].as_array().unwrap().iter();
    let mut found = variants.filter(|variant| variant["id"] == "tic-tac-toe");
    let variant = found.next().unwrap();
    assert_eq!(variant["rulesVersions"], json!([1]));
    assert_eq!(
        (&variant["rules"], &variant["firstSeat"]),
        (&json!(1), &json!("X"))
    );
    assert_eq!(variant["seats"], json!(["X", "O"]));
    assert_eq!(variant["move"]["type"], "integer");
}
