//! CORS: pages of listed origins may call and read every answer, refusals too.

use crate::world::{Reply, World, reply};

const ORIGIN: &str = "https://game.example";
const EXPOSED: &str = "ETag, Location, Retry-After, RateLimit, RateLimit-Policy, \
                       Turnkey-Replayed, x-amzn-RequestId, x-amzn-ErrorType";

async fn world() -> World {
    World::start_with(|options| {
        options.cors_origins = Some(format!("{ORIGIN}, http://localhost:5173"));
    })
    .await
}

async fn preflight(world: &World, path: &str, origin: &str) -> Reply {
    let request = world
        .bare("OPTIONS", path)
        .header("origin", origin)
        .header("access-control-request-method", "PUT")
        .header("access-control-request-headers", "x-api-key");
    reply(request).await
}

#[tokio::test]
async fn a_preflight_needs_no_key() {
    let world = world().await;
    let answer = preflight(&world, "/dev/game", ORIGIN).await;
    assert_eq!(answer.status, 204);
    assert_eq!(answer.header("access-control-allow-origin"), ORIGIN);
    assert_eq!(answer.header("access-control-allow-methods"), "POST, PUT");
    let headers = answer.header("access-control-allow-headers");
    for name in [
        "x-api-key",
        "authorization",
        "content-type",
        "idempotency-key",
        "if-none-match",
    ] {
        assert!(headers.contains(name), "{name}");
    }
    assert!(!answer.header("access-control-max-age").is_empty());
    let elsewhere = preflight(&world, "/dev/game", "https://evil.example").await;
    assert_eq!(elsewhere.status, 204);
    for name in [
        "access-control-allow-origin",
        "access-control-allow-methods",
    ] {
        assert_eq!(elsewhere.header(name), "");
    }
    assert_eq!(preflight(&world, "/nowhere", ORIGIN).await.status, 404);
}

#[tokio::test]
async fn refusals_may_be_read_as_well() {
    let world = world().await;
    let cases = [
        (
            reply(world.request("GET", "/variants").header("origin", ORIGIN)).await,
            200,
        ),
        (
            reply(world.bare("GET", "/variants").header("origin", ORIGIN)).await,
            403,
        ),
        (
            reply(world.request("GET", "/game/x").header("origin", ORIGIN)).await,
            404,
        ),
        (
            reply(world.request("PUT", "/variants").header("origin", ORIGIN)).await,
            405,
        ),
    ];
    for (answer, status) in cases {
        assert_eq!(answer.status, status);
        assert_eq!(answer.header("access-control-allow-origin"), ORIGIN);
        assert_eq!(answer.header("access-control-expose-headers"), EXPOSED);
        let vary: Vec<_> = answer.headers.get_all("vary").iter().collect();
        assert!(vary.iter().any(|value| *value == "Origin"), "{vary:?}");
        assert!(
            vary.iter()
                .any(|value| *value == "Authorization, x-api-key"),
            "{vary:?}"
        );
    }
}

#[tokio::test]
async fn without_a_list_no_page_may_call() {
    let world = World::start().await;
    let answer = reply(world.request("GET", "/variants").header("origin", ORIGIN)).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("access-control-allow-origin"), "");
    let preflight = preflight(&world, "/game", ORIGIN).await;
    assert_eq!(preflight.status, 204);
    assert_eq!(preflight.header("access-control-allow-origin"), "");
}
