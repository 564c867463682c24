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
}

#[tokio::test]
async fn a_page_may_ask_for_what_there_is_not_and_read_the_answer() {
    let world = world().await;
    for (path, method, status) in [
        ("/nowhere", "PUT", 404),
        ("/nowhere/game", "POST", 404),
        ("/dev/nowhere", "PATCH", 404),
        ("/dev/game", "DELETE", 405),
        ("/healthz", "POST", 405),
    ] {
        let asked = world
            .bare("OPTIONS", path)
            .header("origin", ORIGIN)
            .header("access-control-request-method", method);
        let asked = reply(asked).await;
        assert_eq!(asked.status, 204, "{path}");
        assert_eq!(asked.header("access-control-allow-origin"), ORIGIN);
        let methods = asked.header("access-control-allow-methods");
        assert!(
            methods.split(", ").any(|known| known == method),
            "{methods}"
        );
        let answer = reply(world.request(method, path).header("origin", ORIGIN)).await;
        assert_eq!(answer.status, status, "{method} {path}");
        assert_eq!(answer.header("access-control-allow-origin"), ORIGIN);
    }
    // Without a page's question it is a method like any other.
    assert_eq!(reply(world.bare("OPTIONS", "/nowhere")).await.status, 404);
    assert_eq!(reply(world.bare("OPTIONS", "/game")).await.status, 405);
}

#[tokio::test]
async fn a_page_may_send_the_headers_of_tracing() {
    let world = world().await;
    for asked in [
        "traceparent,tracestate,baggage,sentry-trace,x-api-key",
        "b3, X-B3-TraceId, x-datadog-trace-id, newrelic, Request-Id, x-requested-with",
    ] {
        let request = world
            .bare("OPTIONS", "/dev/game")
            .header("origin", ORIGIN)
            .header("access-control-request-method", "POST")
            .header("access-control-request-headers", asked);
        let answer = reply(request).await;
        assert_eq!(answer.status, 204);
        let allowed = answer.header("access-control-allow-headers").to_lowercase();
        for name in asked.split(',') {
            let name = name.trim().to_lowercase();
            assert!(
                allowed.split(", ").any(|known| known == name),
                "{name}: {allowed}"
            );
        }
        let twice = allowed.matches("x-api-key").count();
        assert_eq!(twice, 1, "{allowed}");
    }
    let nonsense = world
        .bare("OPTIONS", "/dev/game")
        .header("origin", ORIGIN)
        .header("access-control-request-method", "POST")
        .header("access-control-request-headers", "a b, *;, <x>");
    let answer = reply(nonsense).await;
    let allowed = answer.header("access-control-allow-headers");
    assert!(
        !allowed.contains(' ') || !allowed.contains("a b"),
        "{allowed}"
    );
    assert!(
        !allowed.contains('<') && !allowed.contains('*'),
        "{allowed}"
    );
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
