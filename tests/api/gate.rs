//! What comes before a handler: paths, methods, the gate. Each call of the table is tried.

use serde_json::json;
use turnkey::gate::ApiKeyValue;
use turnkey::http::routes::{ENDPOINTS, Endpoint};

use crate::world::{Reply, World, reply};

const FORBIDDEN: &str = r#"{"message":"Forbidden"}"#;

/// A path of each call, to be tried at the gate. A call that is not here fails the first test.
const ROWS: &[(&str, &str)] = &[
    ("createGame", "/game"),
    ("createPlayer", "/players"),
    (
        "declineDraw",
        "/game/01935d5a-6e1f-7c3a-9d3e-5b8f2a7c4e10/draw",
    ),
    ("deletePlayer", "/players/me"),
    ("joinGame", "/join"),
    ("listGames", "/games"),
    ("listVariants", "/variants"),
    ("makeMove", "/game"),
    (
        "offerDraw",
        "/game/01935d5a-6e1f-7c3a-9d3e-5b8f2a7c4e10/draw",
    ),
    ("openLive", "/live"),
    (
        "readEvents",
        "/game/01935d5a-6e1f-7c3a-9d3e-5b8f2a7c4e10/events",
    ),
    ("readGame", "/game/01935d5a-6e1f-7c3a-9d3e-5b8f2a7c4e10"),
    ("readPlayer", "/players/me"),
    (
        "rematchGame",
        "/game/01935d5a-6e1f-7c3a-9d3e-5b8f2a7c4e10/rematch",
    ),
    ("renamePlayer", "/players/me"),
    (
        "resignGame",
        "/game/01935d5a-6e1f-7c3a-9d3e-5b8f2a7c4e10/resign",
    ),
];

fn path_of(endpoint: &Endpoint) -> &'static str {
    let row = ROWS
        .iter()
        .find(|(operation, _)| *operation == endpoint.operation);
    row.unwrap_or_else(|| panic!("{} has no row in ROWS", endpoint.operation))
        .1
}

#[tokio::test]
async fn every_call_is_refused_without_a_good_key() {
    let world = World::start().await;
    let unknown = ApiKeyValue::generate();
    let long = "x".repeat(5000);
    let keys = [
        None,
        Some(""),
        Some("wrong"),
        Some(long.as_str()),
        Some(unknown.expose()),
    ];
    for endpoint in &ENDPOINTS {
        for key in keys {
            for prefix in ["", "/dev"] {
                let path = format!("{prefix}{}", path_of(endpoint));
                let mut request = world.bare(endpoint.verb.as_str(), &path);
                if let Some(key) = key {
                    request = request.header("X-API-Key", key);
                }
                let answer = reply(request).await;
                let call = format!("{} {path} {key:?}", endpoint.verb);
                assert_eq!(answer.status, 403, "{call}");
                assert_eq!(answer.text, FORBIDDEN, "{call}");
                assert_eq!(answer.header("content-type"), "application/json", "{call}");
                assert_eq!(
                    answer.header("x-amzn-errortype"),
                    "ForbiddenException",
                    "{call}"
                );
                assert_eq!(answer.header("content-length"), "23", "{call}");
                assert_eq!(answer.header("x-amzn-requestid").len(), 36, "{call}");
            }
        }
    }
    assert_eq!(world.recorded_events().await, 0);
}

#[tokio::test]
async fn a_key_is_good_for_the_stages_of_its_plan_only() {
    let world = World::start().await;
    world.add_prod().await;
    for endpoint in &ENDPOINTS {
        let verb = endpoint.verb.as_str();
        let elsewhere = reply(world.request(verb, &format!("/prod{}", path_of(endpoint)))).await;
        assert_eq!(
            (elsewhere.status.as_u16(), elsewhere.text.as_str()),
            (403, FORBIDDEN)
        );
        let here = reply(world.request(verb, &format!("/dev{}", path_of(endpoint)))).await;
        assert_ne!(here.text, FORBIDDEN, "{verb} {}", endpoint.path);
        assert_ne!(here.header("x-amzn-errortype"), "ForbiddenException");
    }
}

#[tokio::test]
async fn unknown_paths_and_methods_are_told_before_any_key_is_looked_at() {
    let world = World::start().await;
    let unknown = [
        "/",
        "/nowhere",
        "/dev",
        "/dev/",
        "/dev/nowhere",
        "/nostage/game",
        "/dev/dev/game",
        "/game//x",
        "/dev/healthz",
        "/dev/docs",
        "/dev/openapi.json",
        "/docs/nothing",
        "/DEV/game",
        "/game/x/y",
        "/%64ev/game",
        "//dev//dev/game",
        "/dev//game//x/resign",
    ];
    for path in unknown {
        for key in ["none", &world.key] {
            let answer = reply(world.bare("POST", path).header("x-api-key", key)).await;
            if path == "/docs/nothing" {
                assert_eq!(answer.status, 405);
                continue;
            }
            assert_eq!(
                (answer.status.as_u16(), answer.code().as_str()),
                (404, "not_found"),
                "{path}"
            );
            assert_eq!(answer.header("content-type"), "application/problem+json");
        }
    }
    for (method, path, allow) in [
        ("GET", "/dev/game", "POST, PUT"),
        ("PUT", "/players/me", "DELETE, GET, HEAD, PATCH"),
        ("POST", "/dev/game/x", "GET, HEAD"),
        ("OPTIONS", "/variants", "GET, HEAD"),
        ("BREW", "/join", "POST"),
        ("POST", "/healthz", "GET, HEAD"),
    ] {
        let answer = reply(world.bare(method, path)).await;
        assert_eq!(answer.status, 405, "{method} {path}");
        assert_eq!(answer.code(), "method_not_allowed");
        assert_eq!(answer.header("allow"), allow, "{method} {path}");
    }
}

#[tokio::test]
async fn the_body_is_looked_at_after_the_gate() {
    let world = World::start().await;
    let body = json!({"name": "x".repeat(20_000)}).to_string();
    for (key, status) in [("none", 403), (world.key.as_str(), 413)] {
        let request = world.bare("POST", "/game").header("x-api-key", key);
        assert_eq!(reply(request.body(body.clone())).await.status, status);
    }
    for (key, status) in [("none", 403), (world.key.as_str(), 415)] {
        let request = world.bare("POST", "/game").header("x-api-key", key);
        let request = request.header("content-type", "text/plain").body("{}");
        assert_eq!(reply(request).await.status, status);
    }
}

#[tokio::test]
async fn a_key_and_a_stage_are_exact() {
    let world = World::start().await;
    let (upper, padded) = (world.key.to_uppercase(), format!("{}x", world.key));
    for key in [upper, padded] {
        let request = world.bare("GET", "/dev/variants").header("x-api-key", key);
        assert_eq!(reply(request).await.text, FORBIDDEN);
    }
    let twice = world
        .request("GET", "/variants")
        .header("x-api-key", "second");
    assert_eq!(reply(twice).await.text, FORBIDDEN);
    let good = world
        .bare("GET", "/variants")
        .header("X-Api-KEY", &world.key);
    assert_eq!(reply(good).await.status, 200);
}

/// Asks until the answer is of this status.
async fn until_refused(world: &World, status: u16) -> Reply {
    for _ in 0..2000 {
        let answer = reply(world.request("GET", "/variants")).await;
        if answer.status == status {
            return answer;
        }
        assert_eq!(answer.status, 200);
    }
    panic!("the gate did not learn of a limit");
}

#[tokio::test]
async fn who_is_over_a_limit_is_told_of_all_limits() {
    let cases = [
        (
            "rate = 0.001, burst = 2",
            "TooManyRequestsException",
            r#"{"message":"Too Many Requests"}"#,
            "\"throttle\";q=2;w=2000",
            "\"throttle\";r=0;t=",
        ),
        (
            "quota_limit = 2, quota_period = 'DAY', quota_offset = 0",
            "LimitExceededException",
            r#"{"message":"Limit Exceeded"}"#,
            "\"quota\";q=2;w=86400",
            "\"quota\";r=0;t=",
        ),
    ];
    for (limit, kind, body, policy, current) in cases {
        let world = World::start().await;
        world.limit(limit).await;
        let refused = until_refused(&world, 429).await;
        assert_eq!(refused.text, body);
        assert_eq!(refused.header("x-amzn-errortype"), kind);
        assert_eq!(refused.header("ratelimit-policy"), policy);
        let told = refused.header("ratelimit");
        assert!(told.starts_with(current), "{told}");
        assert!(refused.header("retry-after").parse::<u64>().unwrap() > 0);
    }
}

#[tokio::test]
async fn who_passes_is_told_of_all_limits_and_of_what_is_left() {
    let world = World::start().await;
    world
        .limit(
            "rate = 400, burst = 1000, \
             quota_limit = 1000000, quota_period = 'DAY', quota_offset = 0",
        )
        .await;
    let mut left = None;
    for _ in 0..2000 {
        let answer = reply(world.request("GET", "/variants")).await;
        assert_eq!(answer.status, 200);
        if !answer.headers.contains_key("ratelimit-policy") {
            continue;
        }
        assert_eq!(
            answer.header("ratelimit-policy"),
            "\"throttle\";q=1000;w=3, \"quota\";q=1000000;w=86400"
        );
        let told = answer.header("ratelimit");
        let (throttle, quota) = told.split_once(", \"quota\";r=").unwrap();
        assert!(throttle.starts_with("\"throttle\";r=9"), "{told}");
        let (calls, seconds) = quota.split_once(";t=").unwrap();
        assert!((1..=86_400).contains(&seconds.parse().unwrap()), "{told}");
        let calls: i64 = calls.parse().unwrap();
        if let Some(before) = left.replace(calls) {
            assert!(calls < before, "{told}");
            return;
        }
    }
    panic!("the gate did not learn of the limits");
}
