//! Every variant that a stage serves, played from what `GET /variants` and the game itself say.

use serde_json::{Value, json};

use crate::world::{World, reply, text};

/// A game of two players by HTTP.
struct Match<'a> {
    world: &'a World,
    stage: &'a str,
    game: Value,
    /// The seats in the order of play, each with its player's token.
    players: Vec<(String, String)>,
}

impl<'a> Match<'a> {
    async fn begin(world: &'a World, stage: &'a str, body: Value) -> Match<'a> {
        let path = format!("{stage}/game");
        let made = reply(world.request("POST", &path).json(&body)).await;
        assert_eq!(made.status, 201, "{}", made.text);
        let made = made.json();
        let invite = json!({"invite": made["invite"]});
        let path = format!("{stage}/join");
        let joined = reply(world.request("POST", &path).json(&invite)).await;
        assert_eq!(joined.status, 200, "{}", joined.text);
        let joined = joined.json();
        let players = [&made, &joined];
        Match {
            world,
            stage,
            game: joined["game"].clone(),
            players: players
                .map(|one| (text(&one["seat"]), text(&one["player"]["token"])))
                .to_vec(),
        }
    }

    /// Plays a move of the seat whose turn it is. `done`, or the status and the code of the refusal.
    async fn tries(&mut self, played: impl Into<Value>) -> String {
        let turn = text(&self.game["turn"]);
        assert_eq!(self.game["toMove"], json!([turn]));
        let token = &self
            .players
            .iter()
            .find(|(seat, _)| *seat == turn)
            .unwrap()
            .1;
        let body = json!({
            "gameId": self.game["gameId"], "move": played.into(), "version": self.game["version"]
        });
        let path = format!("{}/game", self.stage);
        let answer = self.world.call(token, "PUT", &path, body).await;
        if answer.status != 200 {
            return format!("{} {}", answer.status.as_u16(), answer.code());
        }
        self.game = answer.json();
        "done".to_owned()
    }

    async fn plays(&mut self, moves: impl IntoIterator<Item = u32>) {
        for number in moves {
            assert_eq!(self.tries(number).await, "done", "{number}: {}", self.game);
        }
    }

    fn seats(&self) -> Vec<&str> {
        self.players.iter().map(|(seat, _)| seat.as_str()).collect()
    }
}

/// What the stage says of a variant.
async fn variant(world: &World, stage: &str, id: &str) -> Value {
    let path = format!("{stage}/variants");
    let all = reply(world.request("GET", &path)).await.json();
    let all = all["variants"].as_array().unwrap().clone();
    let mut found = all.into_iter().filter(|one| one["id"] == id);
    found.next().unwrap_or_else(|| panic!("{id} is not served"))
}

#[tokio::test]
async fn variants_say_all_that_a_client_needs() {
    let world = World::start().await;
    let all = reply(world.request("GET", "/variants")).await.json();
    for one in all["variants"].as_array().unwrap() {
        let id = text(&one["id"]);
        for schema in ["options", "move", "board", "ending"] {
            assert!(one[schema].is_object(), "{id}: {schema}");
        }
        for flag in ["listsMoves", "hidden", "chance", "simultaneous"] {
            assert!(one[flag].is_boolean(), "{id}: {flag}");
        }
        let counts = match id.as_str() {
            "pig" => json!([2, 3, 4, 5, 6]),
            _ => json!([2]),
        };
        assert_eq!(one["seatCounts"], counts, "{id}");
        let seats = one["seats"].as_array().unwrap().len();
        assert_eq!(counts[counts.as_array().unwrap().len() - 1], seats, "{id}");
        assert_eq!(one["firstSeat"], one["seats"][0], "{id}");
        assert_eq!(one["source"], "built-in", "{id}");
        assert_eq!(one["bots"], json!([]), "{id}");
        for refusal in one["refusals"].as_array().unwrap() {
            assert_eq!(refusal["status"], 409, "{id}: {refusal}");
            assert!(
                refusal["code"].is_string() && refusal["title"].is_string(),
                "{id}"
            );
        }
    }
    let connect_four = variant(&world, "", "connect-four").await;
    assert_eq!(connect_four["title"], "Connect four");
    assert_eq!(connect_four["refusals"][0]["code"], "column_full");
    let gomoku = variant(&world, "", "gomoku").await;
    assert_eq!(
        (&gomoku["rules"], &gomoku["rulesVersions"]),
        (&json!(2), &json!([1, 2]))
    );
    assert_eq!(gomoku["listsMoves"], json!(false));
}

#[tokio::test]
async fn connect_four() {
    let world = World::start().await;
    let body = json!({"variant": "connect-four", "seat": "yellow"});
    let mut game = Match::begin(&world, "/dev", body).await;
    assert_eq!(game.seats(), ["yellow", "red"]);
    assert_eq!(game.game["seatOrder"], json!(["red", "yellow"]));
    assert_eq!(game.game["turn"], "red");
    assert_eq!(game.game["legalMoves"], json!([0, 1, 2, 3, 4, 5, 6]));
    game.plays([0, 0, 0, 0, 0, 0]).await;
    assert_eq!(game.game["legalMoves"], json!([1, 2, 3, 4, 5, 6]));
    assert_eq!(game.tries(0).await, "409 column_full");
    assert_eq!(game.tries(7).await, "422 illegal_move");
    assert_eq!(game.tries("left").await, "400 malformed");
    game.plays([1, 1, 2, 2, 3]).await;
    let result = &game.game["result"];
    assert_eq!(
        (&result["outcome"], &result["by"]),
        (&json!("win"), &json!("line"))
    );
    assert_eq!(
        (&result["winner"], &result["winners"]),
        (&json!("red"), &json!(["red"]))
    );
    assert_eq!(result["line"], json!([35, 36, 37, 38]));
    assert_eq!(game.game["toMove"], json!([]));
}

#[tokio::test]
async fn gomoku_by_both_versions_of_its_rules() {
    let world = World::start().await;
    world.add_stage_with("old", &[("gomoku", 1)]).await;
    // Black has two and three in a row, and then fills the gap between them.
    let options = json!({"rows": 9, "columns": 9});
    let moves = [0, 9, 1, 11, 3, 13, 4, 15, 5, 17, 2];
    for (stage, rules) in [("/old", 1), ("/dev", 2)] {
        assert_eq!(variant(&world, stage, "gomoku").await["rules"], rules);
        let body = json!({"variant": "gomoku", "options": options});
        let mut game = Match::begin(&world, stage, body).await;
        assert_eq!(game.game["rules"], rules);
        assert_eq!(
            game.game["options"],
            json!({"rows": 9, "columns": 9, "inARow": 5})
        );
        assert_eq!(game.game["legalMoves"].as_array().unwrap().len(), 81);
        game.plays(moves).await;
        match rules {
            1 => {
                assert_eq!(game.game["result"]["winners"], json!(["black"]));
                assert_eq!(game.game["result"]["line"], json!([0, 1, 2, 3, 4, 5]));
            }
            _ => {
                assert_eq!(game.game["result"], Value::Null);
                assert_eq!(game.tries(2).await, "409 cell_taken");
                assert_eq!(game.game["turn"], "white");
            }
        }
    }
    let large = Match::begin(&world, "/dev", json!({"variant": "gomoku"})).await;
    assert_eq!(large.game["legalMoves"], json!([]));
    assert_eq!(large.game["turn"], "black");
    let wrong = json!({"variant": "gomoku", "options": {"rows": 4}});
    let refused = reply(world.request("POST", "/dev/game").json(&wrong)).await;
    assert_eq!(
        (refused.status.as_u16(), refused.code().as_str()),
        (422, "invalid_option")
    );
}

#[tokio::test]
async fn ultimate_tic_tac_toe() {
    let world = World::start().await;
    let body = json!({"variant": "ultimate-tic-tac-toe"});
    let mut game = Match::begin(&world, "/dev", body).await;
    assert_eq!(game.game["legalMoves"].as_array().unwrap().len(), 81);
    game.plays([4]).await;
    assert_eq!(game.game["board"]["activeBoard"], 4);
    assert_eq!(game.game["lastMove"], json!({"seat": "X", "move": 4}));
    assert_eq!(
        game.game["legalMoves"],
        json!([36, 37, 38, 39, 40, 41, 42, 43, 44])
    );
    assert_eq!(game.tries(0).await, "409 wrong_board");
    // The first legal move, until there is none.
    while game.game["status"] == "playing" {
        let first = game.game["legalMoves"][0].clone();
        assert_eq!(game.tries(first).await, "done", "{}", game.game);
    }
    let result = &game.game["result"];
    let boards = game.game["board"]["boards"].as_array().unwrap();
    let winner = &result["winner"];
    assert_eq!(result["by"], "line", "{}", game.game);
    for board in result["line"].as_array().unwrap() {
        let board = usize::try_from(board.as_u64().unwrap()).unwrap();
        assert_eq!(&boards[board], winner);
    }
}

#[tokio::test]
async fn seats_are_asked_for_by_their_names() {
    let world = World::start().await;
    let made = reply(world.request("POST", "/game").json(&json!({"seat": "O"})))
        .await
        .json();
    let join = async |seat: &str| {
        let body = json!({"invite": made["invite"], "seat": seat});
        reply(world.request("POST", "/join").json(&body)).await
    };
    let unknown = join("Z").await;
    assert_eq!(
        (unknown.status.as_u16(), unknown.code().as_str()),
        (400, "malformed")
    );
    assert!(unknown.text.contains("one of `X`, `O`"), "{}", unknown.text);
    let taken = join("O").await;
    assert_eq!(
        (taken.status.as_u16(), taken.code().as_str()),
        (409, "seat_taken")
    );
    let joined = join("X").await;
    assert_eq!(joined.status, 200, "{}", joined.text);
    let joined = joined.json();
    assert_eq!(
        (&joined["seat"], &joined["game"]["status"]),
        (&json!("X"), &json!("playing"))
    );
    let token = text(&joined["player"]["token"]);
    let game = &joined["game"]["gameId"];
    let play = async |seat: &str| {
        let body = json!({"gameId": game, "move": 0, "seat": seat});
        world.call(&token, "PUT", "/game", body).await
    };
    let others = play("O").await;
    assert_eq!(
        (others.status.as_u16(), others.code().as_str()),
        (400, "malformed")
    );
    assert_eq!(play("X").await.status, 200);
    let events = format!("/game/{}/events", text(game));
    let events = reply(world.request("GET", &events)).await.json();
    assert_eq!(events["events"][0]["data"]["seatOrder"], json!(["X", "O"]));
}

#[tokio::test]
async fn offers_of_a_draw_are_all_told() {
    let world = World::start().await;
    let (game, ann, _) = world.begun_game().await;
    let draw = format!("/game/{game}/draw");
    let offered = world.call(&ann, "POST", &draw, Value::Null).await.json();
    assert_eq!(offered["drawOffers"], json!(["X"]));
    let withdrawn = world.call(&ann, "DELETE", &draw, Value::Null).await.json();
    assert_eq!(withdrawn["drawOffers"], json!([]));
}
