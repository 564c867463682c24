//! My games.

use serde_json::json;
use turnkey::play::{Caller, ListGames};
use turnkey::projection::{self, Step};
use turnkey::rules::Rulebook;
use turnkey::store::projection::{ProjectionName, Session};

use crate::world::{World, code, move_request, seated, stranger};

async fn project(world: &World) {
    let mut session = Session::open(&world.database).await.unwrap();
    let mut progress = session.progress(ProjectionName::Live).await.unwrap();
    while let Step::Forward(further) =
        projection::step(&mut session, &Rulebook::built_in(), progress)
            .await
            .unwrap()
    {
        progress = further;
    }
}

/// Ann's five games: in the first, third and fifth it is Bob's turn, in the others hers.
async fn five_games(world: &World) -> (Caller, Vec<String>) {
    let ann = seated(&world.create(&stranger(), json!({})).await.value);
    let mut games = Vec::new();
    for index in 0..5 {
        let created = world.create(&ann, json!({})).await.value;
        let invite = created.invite.clone().unwrap();
        world.join(&stranger(), &invite).await.unwrap();
        let game = created.game.game_id.to_string();
        if index % 2 == 0 {
            let request = move_request(&game, 0, None);
            world.play.make_move(&ann, request).await.unwrap();
        }
        games.push(game);
    }
    (ann, games)
}

async fn page(
    world: &World,
    caller: &Caller,
    status: Option<&str>,
    limit: &str,
    cursor: Option<&str>,
) -> (Vec<String>, Option<String>) {
    let request = ListGames::parse(status, Some(limit), cursor).unwrap();
    let page = world.play.list_games(caller, request).await.unwrap().value;
    let ids = page.games.iter().map(|game| game.game_id.to_string());
    (ids.collect(), page.next)
}

#[tokio::test]
async fn my_turn_comes_first_then_the_newest_change() {
    let world = World::new().await;
    let (ann, games) = five_games(&world).await;
    project(&world).await;
    let order = [3, 1, 4, 2, 0].map(|index: usize| games[index].clone());
    let (all, next) = page(&world, &ann, Some("playing"), "100", None).await;
    assert_eq!((all, next), (order.to_vec(), None));

    let mut walked = Vec::new();
    let mut cursor = None;
    loop {
        let (ids, next) = page(&world, &ann, Some("playing"), "2", cursor.as_deref()).await;
        walked.extend(ids);
        match next {
            Some(next) => cursor = Some(next),
            None => break,
        }
    }
    assert_eq!(walked, order);
    let (waiting, _) = page(&world, &ann, Some("waiting"), "20", None).await;
    assert_eq!(waiting.len(), 1);
    assert_eq!(page(&world, &ann, None, "20", None).await.0.len(), 6);
    let (finished, next) = page(&world, &ann, Some("finished"), "20", None).await;
    assert_eq!((finished.len(), next), (0, None));
    let mut elsewhere = ann.clone();
    elsewhere.stage = "prod".parse().unwrap();
    assert!(
        page(&world, &elsewhere, None, "20", None)
            .await
            .0
            .is_empty()
    );
}

#[tokio::test]
async fn listed_games_are_shown_as_they_are() {
    let world = World::new().await;
    let table = world.table().await;
    project(&world).await;
    world.play_out(&table, &[4]).await;
    let request = ListGames::parse(None, None, None).unwrap();
    let other = world.another().await;
    let page = other.list_games(&table.ann, request).await.unwrap().value;
    let game = &page.games[0];
    assert_eq!((game.version, game.turn), (3, Some("O")));
    assert_eq!(game.your_seats.as_deref(), Some(&["X"][..]));
}

#[tokio::test]
async fn what_cannot_be_asked() {
    for (status, limit) in [
        (Some("over"), None),
        (None, Some("0")),
        (None, Some("101")),
        (None, Some("x")),
    ] {
        let refused = ListGames::parse(status, limit, None).unwrap_err();
        assert_eq!(code(&refused), "malformed");
    }
    let world = World::new().await;
    let ann = world.table().await.ann;
    let request = ListGames::parse(None, None, Some("nonsense")).unwrap();
    let refused = world.play.list_games(&ann, request).await.unwrap_err();
    assert_eq!(code(&refused), "malformed");
    let request = ListGames::parse(None, None, None).unwrap();
    let refused = world
        .play
        .list_games(&stranger(), request)
        .await
        .unwrap_err();
    assert_eq!(code(&refused), "player_token_required");
}

#[tokio::test]
async fn unfinished_games_are_complete_though_the_list_lags() {
    let world = World::new().await;
    let (ann, games) = five_games(&world).await;
    project(&world).await;
    world.play.resign_game(&ann, &games[0]).await.unwrap();
    let newest = world.create(&ann, json!({})).await.value.game.game_id;
    // Nobody projects, so the rest is read from the log.
    let stage = &ann.stage;
    let player = ann.player.unwrap();
    let unfinished = world.play.unfinished_games(player, stage).await.unwrap();
    assert_eq!(unfinished.games[0], newest);
    assert!(!unfinished.more);
    for (index, game) in games.iter().enumerate() {
        let listed = unfinished.games.contains(&game.parse().unwrap());
        assert!(index == 0 || listed);
    }
}

#[tokio::test]
async fn a_game_that_cannot_be_read_keeps_nobody_from_the_others() {
    let world = World::new().await;
    let (ann, games) = five_games(&world).await;
    project(&world).await;
    let spoilt = format!("update event set rules = 99 where game_id = '{}'", games[1]);
    world.execute(&spoilt).await;
    let request = ListGames::parse(Some("playing"), None, None).unwrap();
    let page = world
        .another()
        .await
        .list_games(&ann, request)
        .await
        .unwrap();
    assert_eq!(page.value.games.len(), 4);
}
