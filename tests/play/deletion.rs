//! Deleting an account: what becomes of its games.

use futures_util::future::join_all;
use serde_json::{Value, json};
use turnkey::game::PlayerId;
use turnkey::play::view::GameView;
use turnkey::play::{Caller, ListGames, ReadEvents};

use crate::support::upkeep;
use crate::world::{World, code, create_request, seated, stranger, word};

async fn game(world: &World, caller: &Caller, game_id: &str) -> GameView {
    let read = world.play.read_game(caller, game_id, None).await;
    read.unwrap().value
}

/// The status of a game, its result, and its last event's type.
async fn end(world: &World, caller: &Caller, game_id: &str) -> (&'static str, Value, &'static str) {
    let shown = game(world, caller, game_id).await;
    let page = ReadEvents {
        after: shown.version - 1,
        limit: 1,
    };
    let events = world.play.read_events(caller, game_id, page).await.unwrap();
    let last = events.value.events.last().unwrap().kind;
    (shown.status, json!(shown.result), last)
}

/// Joins a new game of `host`'s as `guest`; its id.
async fn against(world: &World, host: &Caller, guest: &Caller) -> String {
    let created = world.create(host, json!({})).await.value;
    let invite = created.invite.unwrap();
    world.join(guest, &invite).await.unwrap();
    created.game.game_id.to_string()
}

#[tokio::test]
async fn running_games_are_resigned_and_waiting_ones_are_ended() {
    let world = World::new().await;
    let _projecting = world.projecting();
    let finished = world.finished().await;
    let (ann, bob) = (finished.ann.clone(), finished.bob.clone());
    let running = against(&world, &ann, &bob).await;
    let hosted_by_bob = against(&world, &bob, &ann).await;
    let with_offer = against(&world, &ann, &bob).await;
    world.play.offer_draw(&bob, &with_offer).await.unwrap();
    let waiting = world.create(&ann, json!({"visibility": "private"})).await;
    let waiting_id = waiting.value.game.game_id.to_string();
    let alone = world.create(&ann, json!({"opponent": "self"})).await.value;
    let alone = alone.game.game_id.to_string();
    let in_prod = Caller {
        stage: "prod".parse().unwrap(),
        ..ann.clone()
    };
    let elsewhere = world.create(&in_prod, json!({})).await.value;
    let elsewhere = elsewhere.game.game_id.to_string();
    // Ann has left a game before, so that there are rematches of each kind.
    let (kept, made, both) = (
        against(&world, &ann, &bob).await,
        against(&world, &ann, &bob).await,
        against(&world, &ann, &bob).await,
    );
    for old in [&kept, &made, &both] {
        world.play.resign_game(&ann, old).await.unwrap();
    }
    let rematch = async |caller: &Caller, old: &str| {
        let next = world.play.rematch_game(caller, old).await.unwrap();
        next.value.game.game_id.to_string()
    };
    let kept_next = rematch(&bob, &kept).await;
    let made_next = rematch(&ann, &made).await;
    let both_next = rematch(&ann, &both).await;
    rematch(&bob, &both).await;

    world.play.delete_player(&ann).await.unwrap();

    let won = |by: &str, winner: &str| json!({"outcome": "win", "winner": winner, "winners": [winner], "by": by});
    for (id, winner) in [
        (&running, "O"),
        (&hosted_by_bob, "X"),
        (&with_offer, "O"),
        (&both_next, "X"),
    ] {
        let due = ("finished", won("resignation", winner), "resigned");
        assert_eq!(end(&world, &bob, id).await, due);
    }
    let abandoned = json!({"outcome": "none", "by": "abandoned"});
    for (id, caller) in [
        (&waiting_id, &ann),
        (&kept_next, &bob),
        (&made_next, &ann),
        (&elsewhere, &in_prod),
    ] {
        let due = ("finished", abandoned.clone(), "abandoned");
        assert_eq!(end(&world, caller, id).await, due);
    }
    assert_eq!(end(&world, &ann, &alone).await.2, "resigned");
    // What was over stays as it was; the invite answers as one to a game that ended waiting.
    assert_eq!(game(&world, &bob, &finished.game_id).await.version, 7);
    let invite = waiting.value.invite.unwrap();
    assert_eq!(word(&world.join(&bob, &invite).await), "game_over");
    // All of it is recorded, and listed, when the call is answered.
    for status in ["waiting", "playing"] {
        let request = ListGames::parse(Some(status), None, None).unwrap();
        let listed = world.play.list_games(&bob, request).await.unwrap().value;
        assert_eq!(listed.games.len(), 0, "{status}");
    }
    let shown = game(&world, &bob, &running).await;
    let holder = shown.seats.0[0].1.as_ref().unwrap();
    assert_eq!((Some(holder.player_id), &holder.name), (ann.player, &None));
    assert_eq!(world.count("player").await, 1);
    // A repeat finds everything done, and records nothing.
    let events = world.events().await;
    world.play.delete_player(&ann).await.unwrap();
    assert_eq!(world.events().await, events);
}

#[tokio::test]
async fn a_rematch_with_a_deleted_player_is_refused() {
    let world = World::new().await;
    let _projecting = world.projecting();
    let table = world.finished().await;
    world.play.delete_player(&table.ann).await.unwrap();
    let before = world.events().await;
    let refused = world.play.rematch_game(&table.bob, &table.game_id).await;
    assert_eq!(code(&refused.unwrap_err()), "game_over");
    assert_eq!(world.events().await, before);
    // One that was made before is what it was: over, and a repeat says so.
    let other = world.finished().await;
    let first = world.play.rematch_game(&other.bob, &other.game_id).await;
    let next = first.unwrap().value.game.game_id.to_string();
    world.play.delete_player(&other.ann).await.unwrap();
    assert_eq!(game(&world, &other.bob, &next).await.status, "finished");
    let again = world.play.rematch_game(&other.bob, &other.game_id).await;
    assert_eq!(word(&again), "replayed");
}

#[tokio::test]
async fn the_token_is_refused_from_the_mark_on_and_the_name_stays_until_the_end() {
    let world = World::new().await;
    let made = world.play.create_player(&stranger(), None, None).await;
    let made = made.unwrap().value;
    let token = Some(made.token.as_str());
    let me = crate::world::as_player(made.player_id);
    // Nobody projects: the deletion cannot come to its end.
    let invite = world.create(&me, json!({"name": "Ann"})).await.value;
    let (play, caller) = (world.play.clone(), me.clone());
    let deleting = tokio::spawn(async move { play.delete_player(&caller).await });
    while world.play.authenticate(token).await.is_ok() {}
    let refused = world.play.authenticate(token).await.unwrap_err();
    assert_eq!(code(&refused), "player_token_invalid");
    assert_eq!(world.play.authenticate_leaving(token).unwrap(), me.player);
    let name = turnkey::play::PlayerName::parse("Eve").unwrap();
    let renamed = world.play.rename_player(&me, name).await;
    assert_eq!(code(&renamed.unwrap_err()), "player_token_invalid");
    let game_id = invite.game.game_id.to_string();
    let shown = game(&world, &stranger(), &game_id).await;
    let holder = shown.seats.0[0].1.as_ref().unwrap();
    assert_eq!(holder.name.as_deref(), Some("Ann"));
    // The first call gives up, and says that a repeat is safe; the repeat finishes.
    assert_eq!(code(&deleting.await.unwrap().unwrap_err()), "unavailable");
    let _projecting = world.projecting();
    world.play.delete_player(&me).await.unwrap();
    assert_eq!(world.count("player").await, 0);
    assert_eq!(game(&world, &stranger(), &game_id).await.status, "finished");
}

#[tokio::test]
async fn a_seat_that_is_taken_after_the_mark_is_resigned_before_the_lists_show_it() {
    let world = World::new().await;
    let (ann, bob) = {
        let table = world.table().await;
        (table.ann, table.bob)
    };
    let mark = format!(
        "update player set deleted_at = now() where player_id = '{}'",
        id(&ann)
    );
    let delete = format!("delete from player where player_id = '{}'", id(&ann));
    let over = world.finished().await;
    let gone = format!("delete from player where player_id = '{}'", id(&over.ann));
    let next = world.play.rematch_game(&over.bob, &over.game_id).await;
    let next = next.unwrap().value.game.game_id.to_string();
    world.execute(&gone).await;
    for end_of_row in [&mark, &delete] {
        let invite = world.create(&bob, json!({})).await.value;
        world.execute(end_of_row).await;
        // As a call does that was let in before.
        let joined = world.join(&ann, &invite.invite.unwrap()).await.unwrap();
        assert_eq!(joined.value.game.status, "playing");
        let made = world.create(&ann, json!({})).await.value;
        world.project().await;
        let joined = joined.value.game.game_id.to_string();
        assert_eq!(end(&world, &bob, &joined).await.2, "resigned");
        let made = made.game.game_id.to_string();
        assert_eq!(end(&world, &bob, &made).await.2, "abandoned");
    }
    // So is a rematch that keeps a seat for a player who is gone.
    assert_eq!(end(&world, &over.bob, &next).await.2, "abandoned");
    upkeep::sound(&world.database).await;
}

#[tokio::test]
async fn a_deletion_that_was_cut_off_is_finished_without_a_repeat() {
    let world = World::new().await;
    let _projecting = world.projecting();
    let table = world.table().await;
    world
        .execute("update player set deleted_at = now() - interval '2 minutes' where name = 'Ann'")
        .await;
    world.play.sweep().await.unwrap();
    assert_eq!(end(&world, &table.bob, &table.game_id).await.2, "resigned");
    assert_eq!(world.count("player").await, 1);
    upkeep::sound(&world.database).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn more_games_than_a_page_holds_are_ended_by_two_who_ask_at_once() {
    const GAMES: usize = 600;
    let world = World::new().await;
    let _projecting = world.projecting();
    let ann = seated(&world.create(&stranger(), json!({})).await.value);
    let creates = (1..GAMES).map(|_| {
        let (play, ann) = (world.play.clone(), ann.clone());
        let request = create_request(&json!({"opponent": "self"}));
        tokio::spawn(async move { play.create_game(&ann, request, None).await.unwrap() })
    });
    join_all(creates.collect::<Vec<_>>()).await;
    let instances = [world.play.clone(), world.another().await];
    let deletions = instances.iter().map(|play| play.delete_player(&ann));
    for deleted in join_all(deletions).await {
        deleted.unwrap();
    }
    assert_eq!(world.events().await, 2 * i64::try_from(GAMES).unwrap());
    assert_eq!(world.count("my_game where status <> 'finished'").await, 0);
    assert_eq!(world.count("player").await, 0);
}

fn id(caller: &Caller) -> PlayerId {
    caller.player.unwrap()
}
