//! What must not hold up the deletion of an account, nor the projector.

use futures_util::future::join_all;
use serde_json::{Value, json};
use turnkey::projection::{Step, step_live};
use turnkey::store::projection::{ProjectionName, Session};

use crate::support::proxy::Proxy;
use crate::world::{Table, World, code, instance, stranger};

/// Gives a game an event of a type that this release does not know.
async fn make_unreadable(world: &World, game_id: &str) {
    let statement = format!(
        "insert into event (position, game_id, version, stage, variant, rules, type, schema, data, actor, at)
         select nextval('event_position'), game_id, version + 1, stage, variant, rules, 'from_tomorrow', 1,
                '{{}}', actor, at
         from event where game_id = '{game_id}' order by version desc limit 1"
    );
    world.execute(&statement).await;
}

async fn mark(world: &World, table: &Table, ago: &str) {
    let player = table.ann.player.unwrap().0;
    let statement = format!(
        "update player set deleted_at = now() - interval '{ago}' where player_id = '{player}'"
    );
    world.execute(&statement).await;
}

/// The position that the lists have reached, and the log's end.
async fn positions(world: &World) -> (i64, i64) {
    let store = turnkey::store::Store::new(world.database.clone(), 1);
    let status = store.projection_status().await.unwrap();
    (status.position, status.log_end)
}

async fn status(world: &World, game_id: &str) -> &'static str {
    let read = world.play.read_game(&stranger(), game_id, None).await;
    read.unwrap().value.status
}

#[tokio::test]
async fn a_listed_game_that_cannot_be_read_is_left() {
    for is_projected_after in [true, false] {
        let world = World::new().await;
        let table = world.table().await;
        let created = world.create(&table.ann, json!({})).await.value;
        let other = created.game.game_id.to_string();
        world.project().await;
        make_unreadable(&world, &table.game_id).await;
        if is_projected_after {
            world.project().await;
        }
        let _projecting = world.projecting();
        world.play.delete_player(&table.ann).await.unwrap();
        assert_eq!(status(&world, &other).await, "finished");
        assert_eq!(world.count("player").await, 1);
        world.project().await;
        let (reached, end) = positions(&world).await;
        assert_eq!(reached, end);
    }
}

#[tokio::test]
async fn a_game_with_a_hole_in_its_versions_is_left() {
    let world = World::new().await;
    let table = world.table().await;
    world.play_out(&table, &[0, 3]).await;
    world.project().await;
    let hole = format!(
        "delete from event where game_id = '{}' and version = 3",
        table.game_id
    );
    world.execute(&hole).await;
    let _projecting = world.projecting();
    world.play.delete_player(&table.ann).await.unwrap();
    assert_eq!(world.count("player").await, 1);
}

#[tokio::test]
async fn a_rematch_that_cannot_be_read_holds_up_neither_deletion_nor_projector() {
    for is_projected_before in [true, false] {
        let world = World::new().await;
        let table = world.finished().await;
        let rematch = world.play.rematch_game(&table.bob, &table.game_id).await;
        let next = rematch.unwrap().value.game.game_id.to_string();
        if is_projected_before {
            world.project().await;
        }
        make_unreadable(&world, &next).await;
        // The projector meets the seat that the rematch keeps for a player who is marked.
        mark(&world, &table, "0 minutes").await;
        world.project().await;
        let (reached, end) = positions(&world).await;
        assert_eq!(reached, end);
        let _projecting = world.projecting();
        world.play.delete_player(&table.ann).await.unwrap();
        assert_eq!(world.count("player").await, 1);
    }
}

#[tokio::test]
async fn an_event_that_postgres_refuses_holds_up_neither_deletion_nor_projector() {
    let world = World::new().await;
    let table = world.table().await;
    let created = world.create(&table.ann, json!({})).await.value;
    let other = created.game.game_id.to_string();
    let refuse = format!(
        "create function refuse() returns trigger language plpgsql as
         $$ begin raise exception 'refused'; end $$;
         create trigger refuse before insert on event for each row
         when (new.game_id = '{}') execute function refuse()",
        table.game_id
    );
    world.execute(&refuse).await;
    mark(&world, &table, "0 minutes").await;
    world.project().await;
    let (reached, end) = positions(&world).await;
    assert_eq!(reached, end);
    let _projecting = world.projecting();
    world.play.delete_player(&table.ann).await.unwrap();
    assert_eq!(status(&world, &other).await, "finished");
    assert_eq!(status(&world, &table.game_id).await, "playing");
    assert_eq!(world.count("player").await, 1);
}

#[tokio::test]
async fn deletions_that_are_stuck_do_not_hold_up_the_next() {
    // As many as a sweep reads at once: the next one is on the next page.
    const STUCK: i64 = 100;
    let world = World::new().await;
    let _projecting = world.projecting();
    let table = world.table().await;
    mark(&world, &table, "2 minutes").await;
    let stick = format!(
        "insert into player (player_id, name, deleted_at)
         select gen_random_uuid(), 'stuck', now() - interval '1 hour'
         from generate_series(1, {STUCK});
         create function stick() returns trigger language plpgsql as
         $$ begin raise exception 'stuck'; end $$;
         create trigger stick before delete on player for each row
         when (old.name = 'stuck') execute function stick()"
    );
    world.execute(&stick).await;
    world.play.sweep().await.unwrap();
    assert_eq!(status(&world, &table.game_id).await, "finished");
    // Bob is left, and those who are stuck.
    assert_eq!(world.count("player").await, STUCK + 1);
    assert_eq!(world.count("player where name = 'stuck'").await, STUCK);
}

#[tokio::test]
async fn a_sweep_stops_where_the_lists_lag() {
    let world = World::new().await;
    let (first, second) = (world.table().await, world.table().await);
    mark(&world, &first, "3 minutes").await;
    mark(&world, &second, "2 minutes").await;
    // Nobody projects.
    let began = std::time::Instant::now();
    assert_eq!(code(&world.play.sweep().await.unwrap_err()), "unavailable");
    let patience = std::time::Duration::from_secs(10);
    assert!(began.elapsed() < 2 * patience);
    assert_eq!(world.count("player").await, 4);
}

#[tokio::test]
async fn repeats_at_the_same_time_are_all_done_once_the_first_is() {
    let world = World::new().await;
    let _projecting = world.projecting();
    let table = world.table().await;
    let events = world.events().await;
    let deletions = (0..20).map(|_| world.play.delete_player(&table.ann));
    for deleted in join_all(deletions).await {
        deleted.unwrap();
    }
    assert_eq!(world.events().await, events + 1);
    assert_eq!(world.count("player").await, 1);
}

#[tokio::test]
async fn the_projector_needs_play_only_for_players_who_are_gone() {
    let world = World::new().await;
    let proxy = Proxy::start(&world.database).await;
    let cut_off = instance(&proxy.database()).await;
    proxy.interrupt();
    let table = world.table().await;
    let mut session = Session::open(&world.database).await.unwrap();
    let start = session.progress(ProjectionName::Live).await.unwrap();
    let step = step_live(&mut session, start, &cut_off).await.unwrap();
    let Some(Step::Forward(progress)) = step else {
        panic!("{step:?}");
    };
    mark(&world, &table, "0 minutes").await;
    let created = world.create(&table.ann, json!({})).await.value;
    let game_id = created.game.game_id.to_string();
    // The page waits, and the same session goes on with it once the game can be ended.
    for _ in 0..2 {
        let step = step_live(&mut session, progress, &cut_off).await.unwrap();
        assert_eq!(step, None);
    }
    let reached = session.progress(ProjectionName::Live).await.unwrap();
    assert_eq!(reached, progress);
    let step = step_live(&mut session, progress, &world.play)
        .await
        .unwrap();
    assert!(matches!(step, Some(Step::Forward(_))), "{step:?}");
    assert_eq!(status(&world, &game_id).await, "finished");
}

#[tokio::test]
async fn a_rematch_that_the_old_game_does_not_name_is_ended() {
    let world = World::new().await;
    let table = world.finished().await;
    let rematch = world.play.rematch_game(&table.bob, &table.game_id).await;
    let next = rematch.unwrap().value.game.game_id.to_string();
    // As a call leaves it that was cut off after the next game was recorded.
    world
        .execute("delete from event where type = 'rematch_created'")
        .await;
    let _projecting = world.projecting();
    world.play.delete_player(&table.ann).await.unwrap();
    let read = world
        .another()
        .await
        .read_game(&table.bob, &next, None)
        .await;
    let shown = read.unwrap().value;
    let abandoned: Value = json!({"outcome": "none", "by": "abandoned"});
    assert_eq!((shown.status, json!(shown.result)), ("finished", abandoned));
    assert_eq!(world.count("player").await, 1);
}
