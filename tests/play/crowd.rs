//! Many who move at once: nobody is refused because another was faster.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use serde_json::json;
use turnkey::play::{Caller, Play};

use crate::gathering;
use crate::seats::named;
use crate::world::{World, code, move_request, seated, stranger, word};

const GAMES: u32 = 5;
const ROUNDS: u32 = 20;
const SEATS: usize = 16;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sixteen_seats_move_at_once_on_three_instances() {
    let world = World::with(gathering::rulebook()).await;
    let instances = [
        world.play.clone(),
        world.another().await,
        world.another().await,
    ];
    for _ in 0..GAMES {
        let body = json!({"variant": gathering::ID, "options": {"seats": SEATS, "rounds": ROUNDS}});
        let created = world.create(&stranger(), body).await.value;
        let mut players = vec![seated(&created)];
        while players.len() < SEATS {
            let invite = created.invite.clone().unwrap();
            let joined = world.join(&stranger(), &invite).await.unwrap();
            players.push(seated(&joined.value));
        }
        let game = created.game.game_id.to_string();
        let mut version = 16;
        for round in 0..ROUNDS {
            version = play_round(&instances, &players, &game, version).await;
            assert_eq!(version, 16 + 16 * (round + 1));
        }
        let shown = world.play.read_game(&stranger(), &game, None).await;
        assert_eq!(shown.unwrap().value.status, "finished");
    }
}

/// Every player moves, all with the version at which the round began. Returns the version after it.
async fn play_round(instances: &[Play], players: &[Caller], game: &str, version: u32) -> u32 {
    let moves = players.iter().zip(instances.iter().cycle());
    let moves = moves.map(|(player, play)| {
        let (play, player) = (play.clone(), player.clone());
        let request = named(game, 1, Some(version), None);
        tokio::spawn(async move { play.make_move(&player, request).await })
    });
    let mut reached = Vec::new();
    for played in moves.collect::<Vec<_>>() {
        let played = played.await.unwrap();
        let played = played.unwrap_or_else(|error| panic!("{}", code(&error)));
        assert!(!played.replayed);
        reached.push(played.value.version);
    }
    reached.sort_unstable();
    let each_once: Vec<u32> = (version + 1..=version + 16).collect();
    assert_eq!(reached, each_once);
    version + 16
}

#[tokio::test]
async fn the_queue_of_a_game_has_an_end() {
    let world = World::new().await;
    let table = world.table().await;
    let moves = (0..100).map(|_| {
        let (play, ann) = (world.play.clone(), table.ann.clone());
        let request = move_request(&table.game_id, 4, Some(2));
        tokio::spawn(async move { word(&play.make_move(&ann, request).await) })
    });
    let mut words: BTreeMap<&str, usize> = BTreeMap::new();
    for played in moves.collect::<Vec<_>>() {
        *words.entry(played.await.unwrap()).or_default() += 1;
    }
    assert_eq!(words["done"], 1, "{words:?}");
    assert!(words["replayed"] >= 63, "{words:?}");
    assert!(words["unavailable"] > 0, "{words:?}");
    assert_eq!(words.len(), 3, "{words:?}");
    // The queue is as long as before.
    let repeat = move_request(&table.game_id, 4, Some(2));
    assert_eq!(
        word(&world.play.make_move(&table.ann, repeat).await),
        "replayed"
    );
}

#[tokio::test]
async fn who_loses_races_for_two_seconds_is_told_of_a_conflict() {
    let world = World::new().await;
    let table = world.table().await;
    // Postgres takes no event, as if another one had always been there first.
    world
        .execute(
            "create function nothing() returns trigger language plpgsql as $$ begin return null; end $$;
             create trigger nothing before insert on event for each row execute function nothing()",
        )
        .await;
    let began = Instant::now();
    let request = move_request(&table.game_id, 4, Some(2));
    let refused = world.play.make_move(&table.ann, request).await;
    assert_eq!(word(&refused), "version_conflict");
    assert!(
        began.elapsed() >= Duration::from_secs(2),
        "{:?}",
        began.elapsed()
    );
}
