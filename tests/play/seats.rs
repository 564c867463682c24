//! Games of more than two seats, and of one.

use serde_json::{Value, json};
use turnkey::play::view::{CreatedView, GameView};
use turnkey::play::{Caller, JoinGame, MakeMove, PlayError, ReadEvents};

use crate::gathering;
use crate::world::{World, as_player, code, seated, stranger, word};

/// A game of these options with all its players, in the order of play.
struct Party {
    game_id: String,
    players: Vec<Caller>,
}

impl World {
    async fn party(&self, options: Value) -> Party {
        let (created, mut players) = self.host(options).await;
        let game = &created.game;
        while players.len() < game.seat_order.len() {
            let joined = self
                .join(&stranger(), &created.invite.clone().unwrap())
                .await;
            players.push(seated(&joined.unwrap().value));
        }
        Party {
            game_id: game.game_id.to_string(),
            players,
        }
    }

    /// A game that waits, and who made it.
    async fn host(&self, options: Value) -> (CreatedView, Vec<Caller>) {
        let body = json!({"variant": gathering::ID, "options": options});
        let created = self.create(&stranger(), body).await.value;
        let host = seated(&created);
        (created, vec![host])
    }

    async fn join_at(&self, invite: &str, seat: &str) -> Result<CreatedView, PlayError> {
        let body = json!({"invite": invite, "seat": seat}).to_string();
        let request = JoinGame::parse(body.as_bytes()).unwrap();
        let joined = self.play.join_game(&stranger(), request, None).await;
        joined.map(|answer| answer.value)
    }

    async fn names(&self, caller: &Caller, game: &str, number: i64) -> &'static str {
        word(
            &self
                .play
                .make_move(caller, named(game, number, None, None))
                .await,
        )
    }

    async fn shown(&self, game: &str) -> GameView {
        let game = self.play.read_game(&stranger(), game, None).await;
        game.unwrap().value
    }

    /// The last event of a game: its type and its data.
    async fn last_event(&self, game: &str) -> (&'static str, Value) {
        let all = ReadEvents::parse(None, Some("500")).unwrap();
        let page = self.play.read_events(&stranger(), game, all).await;
        let last = page.unwrap().value.events.pop().unwrap();
        (last.kind, last.data)
    }
}

pub fn named(game: &str, number: i64, version: Option<u32>, seat: Option<&str>) -> MakeMove {
    let body = json!({"gameId": game, "move": number, "version": version, "seat": seat});
    MakeMove::parse(body.to_string().as_bytes()).unwrap()
}

#[tokio::test]
async fn a_game_waits_until_its_last_seat_is_taken() {
    let world = World::with(gathering::rulebook()).await;
    let (created, _) = world.host(json!({"seats": 3})).await;
    let invite = created.invite.clone().unwrap();
    assert_eq!(created.game.seat_order, ["A", "B", "C"]);
    let third = world.join_at(&invite, "C").await.unwrap();
    assert_eq!((third.seat, third.game.status), ("C", "waiting"));
    assert_eq!(
        code(&world.join_at(&invite, "C").await.unwrap_err()),
        "seat_taken"
    );
    assert_eq!(
        code(&world.join_at(&invite, "D").await.unwrap_err()),
        "malformed"
    );
    assert!(third.game.to_move.is_empty() && third.game.legal_moves_by_seat.is_none());
    // Who asks for none gets the first that is open.
    let second = world.join(&stranger(), &invite).await.unwrap().value;
    assert_eq!((second.seat, second.game.status), ("B", "playing"));
    assert_eq!(second.game.to_move, ["A", "B", "C"]);
    assert_eq!(second.game.turn, None);
    assert!(second.game.legal_moves.is_empty());
    let listed = serde_json::to_value(&second.game.legal_moves_by_seat).unwrap();
    assert_eq!(listed, json!({"A": [0, 1], "B": [0, 1], "C": [0, 1]}));
}

#[tokio::test]
async fn a_game_of_one_seat_plays_at_once() {
    let world = World::with(gathering::rulebook()).await;
    let (created, players) = world.host(json!({"seats": 1, "rounds": 2})).await;
    assert_eq!((created.game.status, created.invite), ("playing", None));
    let game = created.game.game_id.to_string();
    assert_eq!(world.names(&players[0], &game, 1).await, "done");
    assert_eq!(
        word(&world.play.resign_game(&players[0], &game).await),
        "done"
    );
    let result = json!({"outcome": "none", "by": "resignation"});
    assert_eq!(world.shown(&game).await.result, Some(result));
}

#[tokio::test]
async fn a_result_tells_all_winners_and_their_places() {
    let world = World::with(gathering::rulebook()).await;
    let party = world.party(json!({"seats": 3})).await;
    for (player, number) in party.players.iter().zip([1, 0, 1]) {
        assert_eq!(world.names(player, &party.game_id, number).await, "done");
    }
    let seats = json!({
        "A": {"place": 1, "score": 1}, "B": {"place": 3, "score": 0}, "C": {"place": 1, "score": 1}
    });
    let result = json!({"outcome": "win", "winners": ["A", "C"], "by": "sum", "seats": seats});
    assert_eq!(
        world.shown(&party.game_id).await.result,
        Some(result.clone())
    );
    let (kind, data) = world.last_event(&party.game_id).await;
    assert_eq!(kind, "move_played");
    assert_eq!(data, json!({"seat": "C", "move": 1, "result": result}));
}

#[tokio::test]
async fn who_holds_several_seats_says_which_one_moves() {
    let world = World::with(gathering::rulebook()).await;
    let body = json!({"variant": gathering::ID, "options": {"seats": 3}, "opponent": "self"});
    let created = world.create(&stranger(), body).await.value;
    let (game, ann) = (created.game.game_id.to_string(), seated(&created));
    assert_eq!(created.game.status, "playing");
    let plays = async |version, seat| {
        let request = named(&game, 1, version, seat);
        world.play.make_move(&ann, request).await
    };
    let PlayError::Malformed { detail } = plays(Some(1), None).await.unwrap_err() else {
        panic!("it is not clear which seat moves");
    };
    assert!(detail.contains("`A`, `B`, `C`"), "{detail}");
    assert_eq!(
        code(&plays(Some(1), Some("D")).await.unwrap_err()),
        "malformed"
    );
    assert_eq!(word(&plays(Some(1), Some("B")).await), "done");
    assert_eq!(word(&plays(Some(1), Some("B")).await), "replayed");
    assert_eq!(word(&plays(None, Some("B")).await), "not_your_turn");
    // The other seats' turns go on.
    assert_eq!(word(&plays(Some(1), Some("A")).await), "done");
    assert_eq!(word(&plays(Some(3), None).await), "done");
    assert_eq!(world.shown(&game).await.status, "finished");
}

#[tokio::test]
async fn who_leaves_a_waiting_game_opens_their_seat_again() {
    let world = World::with(gathering::rulebook()).await;
    let (created, players) = world.host(json!({"seats": 3})).await;
    let (game, invite) = (created.game.game_id.to_string(), created.invite.unwrap());
    let bob = seated(&world.join(&stranger(), &invite).await.unwrap().value);
    let left = world.play.resign_game(&players[0], &game).await.unwrap();
    assert_eq!((left.value.status, left.replayed), ("waiting", false));
    assert_eq!(left.value.your_seats, Some(Vec::new()));
    assert_eq!(
        world.last_event(&game).await,
        ("seat_left", json!({"seat": "A"}))
    );
    assert_eq!(
        word(&world.play.resign_game(&players[0], &game).await),
        "replayed"
    );
    // The invite goes on, for whoever left too.
    let back = world.join(&players[0], &invite).await.unwrap();
    assert_eq!((back.value.seat, back.replayed), ("A", false));
    assert_eq!(
        word(&world.play.resign_game(&players[0], &game).await),
        "done"
    );
    let last = world.play.resign_game(&bob, &game).await.unwrap().value;
    let abandoned = json!({"outcome": "none", "by": "abandoned"});
    assert_eq!((last.status, last.result), ("finished", Some(abandoned)));
    assert_eq!(word(&world.join(&stranger(), &invite).await), "game_over");
}

#[tokio::test]
async fn the_others_go_on_until_one_is_left() {
    let world = World::with(gathering::rulebook()).await;
    let party = world.party(json!({"seats": 3, "rounds": 9})).await;
    let (game, [ann, bob, eve]) = (&party.game_id, &party.players[..]) else {
        panic!("three play");
    };
    assert_eq!(world.names(ann, game, 1).await, "done");
    let resigned = world.play.resign_game(bob, game).await.unwrap().value;
    assert_eq!(
        (resigned.status, &resigned.to_move[..]),
        ("playing", &["C"][..])
    );
    assert_eq!(resigned.turn, Some("C"));
    let told = json!({"seat": "B", "result": null});
    assert_eq!(world.last_event(game).await, ("resigned", told));
    assert_eq!(word(&world.play.resign_game(bob, game).await), "replayed");
    assert_eq!(world.names(bob, game, 1).await, "game_over");
    assert_eq!(world.names(eve, game, 1).await, "done");
    assert_eq!(world.shown(game).await.to_move, ["A", "C"]);
    let over = world.play.resign_game(ann, game).await.unwrap().value;
    let won = json!({"outcome": "win", "winner": "C", "winners": ["C"], "by": "resignation"});
    assert_eq!(over.result, Some(won));
}

#[tokio::test]
async fn a_draw_is_agreed_when_all_offer_it() {
    let world = World::with(gathering::rulebook()).await;
    let party = world.party(json!({"seats": 4, "rounds": 9})).await;
    let game = party.game_id.as_str();
    let offers = async |caller: &Caller| world.play.offer_draw(caller, game).await;
    let [ann, bob, eve, fay] = &party.players[..] else {
        panic!("four play");
    };
    assert_eq!(word(&offers(ann).await), "done");
    let offered = offers(eve).await.unwrap().value;
    assert_eq!(
        (offered.draw_offered_by, offered.draw_offers),
        (Some("A"), vec!["A", "C"])
    );
    assert_eq!(word(&offers(eve).await), "replayed");
    // A move of another seat lets the offers lapse, but for the mover's own.
    assert_eq!(world.names(ann, game, 1).await, "done");
    assert_eq!(world.shown(game).await.draw_offers, ["A"]);
    for player in [bob, eve] {
        assert_eq!(word(&offers(player).await), "done");
    }
    world.play.resign_game(fay, game).await.unwrap();
    assert_eq!(world.shown(game).await.status, "playing");
    assert_eq!(offers(bob).await.unwrap().value.status, "finished");
    let agreed = json!({"outcome": "draw", "by": "agreement"});
    assert_eq!(world.shown(game).await.result, Some(agreed));
}

#[tokio::test]
async fn in_a_rematch_every_player_moves_on_by_one() {
    let world = World::with(gathering::rulebook()).await;
    let party = world.party(json!({"seats": 3})).await;
    for player in &party.players {
        world.names(player, &party.game_id, 0).await;
    }
    let again = async |caller: &Caller| world.play.rematch_game(caller, &party.game_id).await;
    let next = again(&party.players[2]).await.unwrap().value;
    assert_eq!((next.seat, next.game.status), ("A", "waiting"));
    let id = next.game.game_id.to_string();
    let [ann, bob, eve] = [0, 1, 2].map(|index: usize| party.players[index].player);
    let (kind, data) = world.last_event(&id).await;
    assert_eq!(kind, "game_created");
    assert_eq!(data["seats"], json!({"A": eve, "B": null, "C": null}));
    assert_eq!(
        data["holders"],
        json!({"B": {"kept": ann}, "C": {"kept": bob}})
    );
    assert_eq!(again(&party.players[0]).await.unwrap().value.seat, "B");
    assert_eq!(
        word(&again(&as_player(uuid_of_nobody())).await),
        "not_seated"
    );
    let full = again(&party.players[1]).await.unwrap().value;
    assert_eq!((full.seat, full.game.status), ("C", "playing"));
    assert_eq!(full.game.options, world.shown(&party.game_id).await.options);
}

fn uuid_of_nobody() -> turnkey::game::PlayerId {
    turnkey::game::PlayerId(uuid::Uuid::from_u128(7))
}

#[tokio::test]
async fn a_deleted_player_leaves_the_others_their_game() {
    let world = World::with(gathering::rulebook()).await;
    let projecting = world.projecting();
    let running = world.party(json!({"seats": 3, "rounds": 9})).await;
    let ann = running.players[0].clone();
    let (hosted, _) = world.host(json!({"seats": 3})).await;
    let invite = hosted.invite.clone().unwrap();
    let join = async |caller: &Caller| world.join(caller, &invite).await.unwrap().value;
    join(&ann).await;
    let mine = json!({"variant": gathering::ID, "options": {"seats": 4}, "opponent": "self"});
    let alone = world
        .create(&ann, mine)
        .await
        .value
        .game
        .game_id
        .to_string();

    world.play.delete_player(&ann).await.unwrap();

    let shown = world.shown(&running.game_id).await;
    assert_eq!(
        (shown.status, &shown.to_move[..]),
        ("playing", &["B", "C"][..])
    );
    let shown = world.shown(&hosted.game.game_id.to_string()).await;
    assert_eq!(shown.status, "waiting");
    assert!(shown.seats.0[1].1.is_none());
    assert_eq!(world.shown(&alone).await.status, "finished");
    drop(projecting);
}

#[tokio::test]
async fn a_rematch_with_a_deleted_player_is_abandoned() {
    let world = World::with(gathering::rulebook()).await;
    let projecting = world.projecting();
    let party = world.party(json!({"seats": 3})).await;
    for player in &party.players {
        world.names(player, &party.game_id, 0).await;
    }
    let [ann, bob, eve] = &party.players[..] else {
        panic!("three play");
    };
    let next = world.play.rematch_game(bob, &party.game_id).await.unwrap();
    let next = next.value.game.game_id.to_string();
    world.play.rematch_game(eve, &party.game_id).await.unwrap();
    world.play.delete_player(ann).await.unwrap();
    let shown = world.shown(&next).await;
    let abandoned = json!({"outcome": "none", "by": "abandoned"});
    assert_eq!((shown.version, shown.result), (3, Some(abandoned)));
    drop(projecting);
}
