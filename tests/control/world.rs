//! A server and ways to call its control plane by hand.

use reqwest::{Method, RequestBuilder};
use serde_json::Value;

use crate::support::server::{ADMIN_TOKEN, TestServer};

pub struct World {
    pub server: TestServer,
    pub http: reqwest::Client,
}

/// What a call was answered with.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    /// `x-amzn-ErrorType`.
    pub kind: Option<String>,
    /// Null where it was empty.
    pub body: Value,
}

impl World {
    pub async fn start() -> World {
        World {
            server: TestServer::start().await,
            http: reqwest::Client::new(),
        }
    }

    /// A request to the control plane without credentials.
    pub fn request(&self, method: &str, path: &str) -> RequestBuilder {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        let url = format!("{}{path}", self.server.control);
        self.http.request(method, url)
    }

    /// Calls with the bearer token; null is no body.
    pub async fn call(&self, method: &str, path: &str, body: Value) -> Answer {
        let request = self.request(method, path).bearer_auth(ADMIN_TOKEN);
        answer(match body {
            Value::Null => request,
            body => request.json(&body),
        })
        .await
    }

    /// As [`call`](Self::call), where the call has to go well.
    pub async fn done(&self, method: &str, path: &str, body: Value) -> Value {
        let answer = self.call(method, path, body).await;
        assert!(answer.status < 300, "{method} {path}: {answer:?}");
        answer.body
    }

    /// Makes an enabled key: its id and value.
    pub async fn key(&self) -> (String, String) {
        let made = self
            .done("POST", "/apikeys", serde_json::json!({"enabled": true}))
            .await;
        let text = |name: &str| made[name].as_str().unwrap().to_owned();
        (text("id"), text("value"))
    }

    /// The id of the plan that the server began with.
    pub async fn first_plan(&self) -> String {
        let plans = self.done("GET", "/usageplans", Value::Null).await;
        plans["item"][0]["id"].as_str().unwrap().to_owned()
    }

    /// What the game API answers to a new game with this key.
    pub async fn play(&self, value: &str) -> u16 {
        let url = format!("{}/dev/game", self.server.base);
        let request = self.http.post(url).header("x-api-key", value);
        let request = request.json(&serde_json::json!({}));
        request.send().await.unwrap().status().as_u16()
    }

    /// Waits until the game API answers so.
    pub async fn until_plays(&self, value: &str, status: u16) {
        let end = tokio::time::Instant::now() + std::time::Duration::from_secs(10);
        loop {
            let found = self.play(value).await;
            if found == status {
                return;
            }
            assert!(tokio::time::Instant::now() < end, "{found}, not {status}");
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
    }
}

pub async fn answer(request: RequestBuilder) -> Answer {
    let response = request.send().await.unwrap();
    assert!(response.headers().contains_key("x-amzn-requestid"));
    let status = response.status().as_u16();
    let kind = response.headers().get("x-amzn-errortype");
    let kind = kind.map(|kind| kind.to_str().unwrap().to_owned());
    assert_eq!(kind.is_some(), status >= 400, "{status} {kind:?}");
    let text = response.text().await.unwrap();
    let body = if text.is_empty() {
        Value::Null
    } else {
        serde_json::from_str(&text).unwrap_or(Value::String(text))
    };
    Answer { status, kind, body }
}
