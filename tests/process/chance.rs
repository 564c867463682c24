//! A game of chance as its players meet it: nothing that leaves the server tells the seed before the
//! end, and then a program that shares no line with the server verifies every die.

use std::time::Duration;

use base64::Engine;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use reqwest::Method;
use serde_json::{Value, json};

use crate::observed::Observed;
use crate::spans::Collector;
use crate::support::player::{Client, Watcher};
use crate::support::{python, until};

const DEADLINE: Duration = Duration::from_secs(60);

/// Everything that the server has answered and sent.
#[derive(Default)]
struct Heard {
    texts: Vec<String>,
}

impl Heard {
    /// Calls, and takes note of the whole answer.
    async fn call(
        &mut self,
        client: &Client,
        token: Option<&str>,
        call: (Method, &str),
        body: Value,
    ) -> (u16, Value) {
        let (method, path) = call;
        let answer = client.send(token, method, path, body).await.unwrap();
        self.texts.push(format!("{:?}", answer.headers()));
        let status = answer.status().as_u16();
        let text = answer.text().await.unwrap();
        let value = serde_json::from_str(&text).unwrap_or(Value::Null);
        self.texts.push(text);
        (status, value)
    }

    /// Takes note of the frames up to the one that tells of `version`.
    async fn frames(&mut self, watcher: &mut Watcher, version: u64) {
        loop {
            let frame = watcher.next().await.unwrap().unwrap();
            let is_it = frame["version"] == version && frame["type"] == "update";
            self.texts.push(frame.to_string());
            if is_it {
                return;
            }
        }
    }

    fn says(&self, secrets: &[String]) -> Option<&String> {
        let says = |text: &&String| secrets.iter().any(|secret| text.contains(secret));
        self.texts.iter().find(says)
    }
}

/// How 32 bytes may be written.
fn written(seed: &str) -> Vec<String> {
    let bytes: Vec<u8> = (0..32)
        .map(|at| u8::from_str_radix(&seed[2 * at..2 * at + 2], 16).unwrap())
        .collect();
    let base64 = BASE64_STANDARD.encode(&bytes);
    let listed = format!("{bytes:?}");
    vec![
        seed.to_owned(),
        seed.to_uppercase(),
        base64.trim_end_matches('=').to_owned(),
        BASE64_URL_SAFE_NO_PAD.encode(&bytes),
        listed.trim_matches(['[', ']']).to_owned(),
        listed.replace(' ', "").trim_matches(['[', ']']).to_owned(),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn the_seed_is_told_by_the_end_alone_and_verifies_every_die() {
    let collector = Collector::start();
    let server = Observed::start(&[
        ("OTEL_EXPORTER_OTLP_ENDPOINT", &collector.endpoint),
        ("OTEL_BSP_SCHEDULE_DELAY", "50"),
        ("TURNKEY_LOG", "trace"),
    ])
    .await;
    let (client, mut heard) = (server.client(), Heard::default());
    let post = |path| (Method::POST, path);
    let pig = json!({"variant": "pig", "options": {"target": 30}, "entropy": "9fQx2"});
    let (_, created) = heard.call(&client, None, post("/game"), pig).await;
    let game = created["game"]["gameId"].as_str().unwrap().to_owned();
    let join = json!({"invite": created["invite"], "entropy": "w71Lk"});
    let (_, joined) = heard.call(&client, None, post("/join"), join).await;
    let token = |answer: &Value| answer["player"]["token"].as_str().unwrap().to_owned();
    let tokens = [token(&created), token(&joined)];
    let mut watcher = client.watch(&format!("game={game}")).await;
    watcher.until("subscribed").await;

    let (path, mut now, mut dice) = (format!("/game/{game}"), joined["game"].clone(), Vec::new());
    let play = |turn: &Value| match turn["board"]["turnPoints"].as_u64() {
        Some(8..) => "hold",
        _ => "roll",
    };
    while now["status"] == "playing" {
        let mover = usize::from(now["turn"] == "B");
        let version = now["version"].as_u64().unwrap();
        // Refusals show the game, and must show no more of it than other answers.
        let wrong = json!({"gameId": game, "move": "roll", "version": version});
        let other = Some(tokens[1 - mover].as_str());
        heard
            .call(&client, other, (Method::PUT, "/game"), wrong)
            .await;
        let odd = json!({"gameId": game, "move": "cheat", "version": version});
        let own = Some(tokens[mover].as_str());
        heard.call(&client, own, (Method::PUT, "/game"), odd).await;
        let stale = json!({"gameId": game, "move": "roll", "version": 1});
        heard
            .call(&client, own, (Method::PUT, "/game"), stale)
            .await;
        for read in [
            path.clone(),
            format!("{path}/events?limit=500"),
            "/games".into(),
        ] {
            heard
                .call(&client, own, (Method::GET, &read), Value::Null)
                .await;
            heard
                .call(&client, None, (Method::GET, &read), Value::Null)
                .await;
        }
        let played = play(&now);
        let body = json!({"gameId": game, "move": played, "version": version});
        let before = heard.texts.len();
        let (status, next) = heard.call(&client, own, (Method::PUT, "/game"), body).await;
        assert_eq!(status, 200, "{next}");
        if played == "roll" {
            dice.push(next["board"]["lastRoll"].clone());
        }
        now = next;
        match now["status"] == "playing" {
            true => heard.frames(&mut watcher, version + 1).await,
            // The answer to the move that ended it shows the seed.
            false => heard.texts.truncate(before),
        }
    }
    let seed = now["chance"]["seed"].as_str().unwrap();
    let secrets = written(seed);
    assert_eq!(heard.says(&secrets), None);
    assert!(
        heard
            .texts
            .iter()
            .any(|text| text.contains("\"seed\":null"))
    );

    let (_, events) = heard
        .call(
            &client,
            None,
            (Method::GET, &format!("{path}/events?limit=500")),
            Value::Null,
        )
        .await;
    let verified = python::run("examples/verify_pig.py", &[], &events);
    assert_eq!(verified["dice"], Value::from(dice));
    assert_eq!(verified["scores"], now["board"]["scores"]);
    let never_shown = ["draws".to_owned(), "sealedSeed".to_owned()];
    let closed = now["version"].as_u64().unwrap();
    heard.frames(&mut watcher, closed).await;
    assert_eq!(heard.says(&never_shown), None);

    // Neither do the log and the traces, at any time.
    let pushed = |span: &&_| format!("{span:?}").contains(&game);
    until(DEADLINE, || {
        collector.spans().iter().filter(pushed).count() > dice_count(&events)
    })
    .await;
    let (log, spans) = (server.log(), format!("{:?}", collector.spans()));
    assert!(log.contains("PUT"), "it is logged: {log}");
    for secret in secrets.iter().chain(&never_shown) {
        assert!(!log.contains(secret), "the log says {secret}");
        assert!(!spans.contains(secret), "a span says {secret}");
    }
}

/// How many spans there are at least: one for each event.
fn dice_count(events: &Value) -> usize {
    events["events"].as_array().unwrap().len()
}
