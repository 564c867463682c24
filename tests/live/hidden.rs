//! Battleship on two instances: nobody is told of the other's fleet while the game runs, and
//! everybody is afterwards.

use rand::RngExt;
use reqwest::Method;
use serde_json::{Value, json};

use crate::battle::{Battle, Eyes, text};
use crate::fleet::SEATS;

const RACES: usize = 20;

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_told_of_the_others_fleet_before_the_end() {
    let mut battle = Battle::begin().await;
    let mut all = battle.onlookers().await;
    battle.hear(&mut all).await;
    battle.join().await;
    battle.hear(&mut all).await;
    battle.place().await;
    battle.hear(&mut all).await;
    battle.refuses_what_is_not_due().await;
    let mut turn = 0;
    loop {
        battle.shoot(turn).await;
        if battle.sea.is_lost(1 - turn) {
            break;
        }
        battle.hear(&mut all).await;
        if battle.random.random_range(0..8) == 0 {
            battle.look(&all).await;
        }
        turn = 1 - turn;
    }
    // Reads by the hundred, each of both fleets: the search did not pass them by.
    assert!(battle.sea.searched > 500, "{}", battle.sea.searched);
    battle.all_is_shown(&mut all).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn both_may_place_at_once() {
    let mut battle = Battle::begin().await;
    for _ in 0..RACES {
        battle.join().await;
        battle.place().await;
        let seen = battle.read(Some(0), "").await.body;
        assert_eq!((&seen["version"], &seen["turn"]), (&json!(4), &json!("A")));
        battle.repeats_of_placing().await;
        battle.begin_again().await;
    }
}

impl Battle {
    /// What was placed is repeated, and what was not is refused, by what the player themself did.
    async fn repeats_of_placing(&mut self) {
        for seat in 0..2 {
            let again = self.places(seat).await;
            assert_eq!((again.status, again.replayed), (200, true));
            self.sea.search(Some(seat), &again.body);
            // The other's fleet, by chance: the answer is that to any fleet but one's own.
            let theirs = json!({"place": self.sea.fleets[1 - seat]});
            let refused = self.plays(seat, theirs, Some(2)).await;
            assert_eq!(refused.status, 409);
            assert_eq!(refused.body["code"], "version_conflict");
            self.sea.search(Some(seat), &refused.body["game"]);
        }
    }

    async fn shoot(&mut self, seat: usize) {
        let cell = self.sea.target(1 - seat, &mut self.random);
        self.sea.shots[1 - seat].push(cell);
        let shot = self
            .plays(seat, json!({"shot": cell}), Some(self.version))
            .await;
        assert_eq!(shot.status, 200, "{}", shot.body);
        self.version += 1;
        if !self.sea.is_lost(1 - seat) {
            let tag = format!("\"{}-{}\"", self.version, SEATS[seat]);
            assert_eq!(shot.etag, tag);
            self.sea.search(Some(seat), &shot.body);
        }
    }

    async fn refuses_what_is_not_due(&mut self) {
        let fleet = json!({"place": self.sea.fleets[0]});
        for (seat, played, version, status) in [
            (0, fleet.clone(), None, 409),
            (0, fleet, Some(4), 409),
            (0, json!({"shot": 100}), None, 422),
            (0, json!({"place": []}), None, 422),
            (0, json!({"length": 5}), None, 400),
            (1, json!({"shot": 0}), None, 409),
            (1, json!({"shot": 0}), Some(1), 409),
        ] {
            let refused = self.plays(seat, played, version).await;
            assert_eq!(refused.status, status, "{}", refused.body);
            self.sea.search(Some(seat), &refused.body);
        }
        let path = format!("/game/{}/rematch", self.game);
        let token = self.tokens[1].clone();
        let refused = self.call(Some(&token), 0, Method::POST, &path, Value::Null, &[]);
        let refused = refused.await;
        assert_eq!(refused.body["code"], "game_not_over");
        self.sea.search(Some(1), &refused.body);
    }

    /// Everything that can be read, by everybody, on either instance.
    async fn look(&mut self, all: &[Eyes]) {
        for eyes in all {
            let token = eyes.token.as_deref();
            let then = self.random.random_range(1..=self.version);
            let game = format!("/game/{}", self.game);
            let mut paths = vec![
                game.clone(),
                format!("{game}?version={then}"),
                format!("{game}/events?limit=500"),
            ];
            if token.is_some() {
                paths.push("/games".into());
            }
            let instance = self.random.random_range(0..2);
            for path in paths {
                let read = self.call(token, instance, Method::GET, &path, Value::Null, &[]);
                let read = read.await;
                assert_eq!(read.status, 200, "{}", read.body);
                self.sea.search(eyes.seat, &read.body);
            }
            self.resumes(eyes, then).await;
            if let Some(seat) = eyes.seat {
                let again = self.first_call(seat).await;
                assert!(again.replayed);
                self.sea.search(eyes.seat, &again.body);
            }
        }
        self.tags_are_of_one_view(all).await;
    }

    /// A socket that comes back is told what it missed.
    async fn resumes(&mut self, eyes: &Eyes, after: u32) {
        let instance = self.random.random_range(0..2);
        let query = format!("game={}:{after}", self.game);
        let mut socket = self.socket(instance, eyes.token.as_deref(), &query).await;
        loop {
            let frame = socket.next().await;
            self.sea.search(eyes.seat, &frame);
            if frame["version"] == self.version {
                break;
            }
        }
    }

    /// What one has is never taken for what another may see.
    async fn tags_are_of_one_view(&self, all: &[Eyes]) {
        let mut tags: Vec<(Option<usize>, String)> = Vec::new();
        for eyes in all {
            let etag = self.read_as(eyes, "").await.etag;
            tags.push((eyes.seat, etag));
        }
        for eyes in all {
            for (seat, tag) in &tags {
                let path = format!("/game/{}", self.game);
                let headers = [("if-none-match", tag.as_str())];
                let token = eyes.token.as_deref();
                let read = self.call(token, 0, Method::GET, &path, Value::Null, &headers);
                let is_known = read.await.status == 304;
                assert_eq!(is_known, *seat == eyes.seat, "{tag} for {:?}", eyes.seat);
            }
        }
    }

    /// Hears on every socket what made this version.
    async fn hear(&mut self, all: &mut [Eyes]) {
        for eyes in all {
            for socket in &mut eyes.sockets {
                loop {
                    let frame = socket.next().await;
                    self.sea.search(eyes.seat, &frame);
                    let moved = &frame["event"]["data"];
                    if let Some(seat) = SEATS.iter().position(|name| moved["seat"] == *name)
                        && moved.get("move").is_some()
                    {
                        let is_placing = frame["version"].as_u64().unwrap() <= 4;
                        let is_told = !is_placing || eyes.seat == Some(seat);
                        assert_eq!(!moved["move"].is_null(), is_told, "{frame}");
                        assert_eq!(frame["game"]["lastMove"]["move"], moved["move"]);
                    }
                    if frame["type"] != "snapshot" && frame["version"] == self.version {
                        break;
                    }
                }
            }
        }
    }

    /// Both players, a player without a seat and somebody without a token, each with a socket on
    /// each instance. Bob follows the game before he joins it.
    async fn onlookers(&self) -> Vec<Eyes> {
        let stranger = self.call(None, 0, Method::POST, "/players", Value::Null, &[]);
        let stranger = text(&stranger.await.body["token"]);
        let mut all = Vec::new();
        for (seat, token) in [
            (Some(0), Some(self.tokens[0].clone())),
            (Some(1), Some(self.tokens[1].clone())),
            (None, Some(stranger)),
            (None, None),
        ] {
            let mut sockets = Vec::new();
            for instance in 0..2 {
                let query = format!("game={}", self.game);
                sockets.push(self.socket(instance, token.as_deref(), &query).await);
            }
            all.push(Eyes {
                seat,
                token,
                sockets,
            });
        }
        all
    }

    /// The game is over: all that was hidden is shown to everybody, of every version.
    async fn all_is_shown(&mut self, all: &mut [Eyes]) {
        let over = self.version;
        for eyes in &mut *all {
            for socket in &mut eyes.sockets {
                let last = socket.next().await;
                assert_eq!(last["version"], over);
                self.assert_all_shown(&last["game"]);
            }
        }
        for eyes in &*all {
            for (query, version) in [("", over), ("?version=4", 4)] {
                let read = self.read_as(eyes, query).await;
                assert_eq!(read.etag, format!("\"{version}f\""));
                self.assert_all_shown(&read.body);
            }
            let third = self.read_as(eyes, "?version=3").await;
            assert!(third.body["lastMove"]["move"]["place"].is_array());
            let events = self.read_as(eyes, "/events?after=2&limit=2").await.body;
            for event in events["events"].as_array().unwrap() {
                self.assert_is_placing(&event["data"]);
            }
            let query = format!("game={}:2", self.game);
            let mut socket = self.socket(1, eyes.token.as_deref(), &query).await;
            assert_eq!(socket.next_in_short().await, "subscribed 2");
            for _ in 3..=4 {
                self.assert_is_placing(&socket.next().await["event"]["data"]);
            }
        }
        for seat in 0..2 {
            let again = self.first_call(seat).await;
            assert_eq!(again.etag, format!("\"{}f\"", 1 + seat));
            assert!(again.replayed);
        }
    }

    fn assert_all_shown(&self, game: &Value) {
        assert!((0..2).all(|seat| self.sea.is_shown(seat, game)), "{game}");
    }

    fn assert_is_placing(&self, data: &Value) {
        let seat = SEATS.iter().position(|name| data["seat"] == *name);
        let fleet = &self.sea.fleets[seat.unwrap()];
        assert_eq!(data["move"], json!({"place": fleet}));
    }
}
