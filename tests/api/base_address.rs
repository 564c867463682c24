//! The many ways in which a client may write what it means: slashes around its base address, a mark
//! before its JSON, the form of its key; and the address that the documents give it.

use serde_json::{Value, json};

use crate::world::{Reply, World, reply, text};

#[tokio::test]
async fn a_base_address_may_end_in_a_slash() {
    let world = World::start().await;
    for base in ["", "/", "/dev", "/dev/", "//dev", "//dev//"] {
        let made = reply(world.request("POST", &format!("{base}/game/"))).await;
        assert_eq!(made.status, 201, "{base}: {}", made.text);
        let game = text(&made.json()["game"]["gameId"]);
        let stage = if base.contains("dev") { "/dev" } else { "" };
        assert_eq!(made.header("location"), format!("{stage}/game/{game}"));
        for path in [
            format!("{base}/game/{game}"),
            format!("{base}/game/{game}/"),
            format!("{base}/game/{game}/events/?limit=1"),
            format!("{base}/variants"),
            format!("{base}/variants/"),
        ] {
            let answer = reply(world.request("GET", &path)).await;
            assert_eq!(answer.status, 200, "{path}: {}", answer.text);
            // The gate knows it too.
            assert_eq!(reply(world.bare("GET", &path)).await.status, 403, "{path}");
        }
        let other = reply(world.request("GET", &format!("{base}/game/"))).await;
        assert_eq!(other.status, 405, "{base}");
        assert_eq!(other.header("allow"), "POST, PUT");
        // A call whose game's id was left out is no other call.
        let without = reply(world.request("POST", &format!("{base}/game//resign"))).await;
        assert_eq!(
            (without.status.as_u16(), without.code().as_str()),
            (404, "not_found")
        );
    }
    for path in [
        "/docs/",
        "//docs",
        "//docs/",
        "/healthz/",
        "//openapi.json",
        "/docs/index.html/",
    ] {
        assert_eq!(reply(world.bare("GET", path)).await.status, 200, "{path}");
    }
    for path in [
        "/dev//docs",
        "/dev/healthz",
        "/docs//index.html",
        "/%2fdocs",
    ] {
        assert_eq!(reply(world.bare("GET", path)).await.status, 404, "{path}");
    }
    // Paths of the control plane are exact, as its signatures are.
    let control = format!("{}//account", world.control());
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let admin = crate::support::server::ADMIN_TOKEN;
    assert_eq!(
        reply(client.get(control).bearer_auth(admin)).await.status,
        400
    );
}

#[tokio::test]
async fn one_label_counts_all_of_its_spellings() {
    let world = World::start().await;
    for path in [
        "/dev/variants",
        "/dev//variants",
        "//dev/variants/",
        "/variants/",
    ] {
        assert_eq!(reply(world.request("GET", path)).await.status, 200);
    }
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let metrics = reply(client.get(format!("{}/metrics", world.control()))).await;
    let of_variants = metrics.text.lines().filter(|line| {
        line.starts_with("turnkey_http_requests_total") && line.contains("route=\"/variants\"")
    });
    let counted: f64 = of_variants
        .map(|line| line.rsplit(' ').next().unwrap().parse::<f64>().unwrap())
        .sum();
    assert_eq!(counted, 4.0, "{}", metrics.text);
}

#[tokio::test]
async fn a_byte_order_mark_before_json_says_nothing() {
    let world = World::start().await;
    let send = |body: String| {
        let request = world.request("POST", "/game").body(body);
        request.header("content-type", "application/json")
    };
    let made = reply(send("\u{feff}{\"opponent\":\"self\"}".into())).await;
    assert_eq!(made.status, 201, "{}", made.text);
    assert_eq!(made.json()["game"]["status"], "playing");
    assert_eq!(reply(send("\u{feff}".into())).await.status, 201);
    let twice = reply(send("\u{feff}\u{feff}{}".into())).await;
    assert_eq!(
        (twice.status.as_u16(), twice.code().as_str()),
        (400, "malformed")
    );
    let key = uuid::Uuid::new_v4().to_string();
    let marked = |body: &str| send(body.to_owned()).header("idempotency-key", &key);
    let first = reply(marked("\u{feff}{\"name\":\"Ann\"}")).await.json();
    let again = reply(marked("{\"name\":\"Ann\"}")).await.json();
    assert_eq!(first["game"]["gameId"], again["game"]["gameId"]);

    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let key = client
        .post(format!("{}/apikeys", world.control()))
        .bearer_auth(crate::support::server::ADMIN_TOKEN)
        .body("\u{feff}{\"name\":\"marked\"}");
    let key = reply(key).await;
    assert_eq!(key.status, 201, "{}", key.text);
    assert_eq!(key.json()["name"], "marked");
}

#[tokio::test]
async fn an_idempotency_key_is_one_however_it_is_written() {
    let world = World::start().await;
    let create = |key: String| {
        let request = world.request("POST", "/game").json(&json!({"name": "Ann"}));
        request.header("idempotency-key", key)
    };
    let key = uuid::Uuid::new_v4().to_string();
    let first = reply(create(key.clone())).await;
    assert_eq!(first.status, 201);
    let game = first.json()["game"]["gameId"].clone();
    for same in [
        key.to_uppercase(),
        format!("\"{key}\""),
        format!("\"{}\"", key.to_uppercase()),
        key.replace('-', ""),
    ] {
        let again = reply(create(same.clone())).await;
        assert_eq!(again.status, 201, "{same}: {}", again.text);
        assert_eq!(again.json()["game"]["gameId"], game, "{same}");
    }
    let another = reply(create(uuid::Uuid::new_v4().to_string())).await;
    assert_ne!(another.json()["game"]["gameId"], game);
    for bad in [
        "\"\"",
        "\"x\"",
        "",
        "\"",
        &format!("\"{key}"),
        &format!("'{key}'"),
    ] {
        let refused = reply(create(bad.to_owned())).await;
        assert_eq!(refused.status, 400, "{bad}: {}", refused.text);
        assert!(refused.text.contains("Idempotency-Key"), "{}", refused.text);
    }

    // Whose call bears a player token may choose any text.
    let token = text(&first.json()["player"]["token"]);
    let mut games = Vec::new();
    for same in ["my-key", "\"my-key\"", "\"my-k\\ey\""] {
        let made = reply(create(same.to_owned()).bearer_auth(&token)).await;
        assert_eq!(made.status, 201, "{same}: {}", made.text);
        games.push(text(&made.json()["game"]["gameId"]));
    }
    games.dedup();
    assert_eq!(games.len(), 1);
    let upper = reply(create("MY-KEY".to_owned()).bearer_auth(&token)).await;
    assert_ne!(text(&upper.json()["game"]["gameId"]), games[0]);
}

/// The servers that both documents name: origin and stage, and protocol, host and stage.
async fn servers(world: &World, headers: &[(&str, &str)]) -> (Value, Value) {
    let ask = async |path: &str| -> Reply {
        let mut request = world.bare("GET", path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        reply(request).await
    };
    let openapi = ask("/openapi.json").await;
    assert!(openapi.header("vary").contains("X-Forwarded-Host"));
    let server = openapi.json()["servers"][0].clone();
    assert_eq!(server["url"], "{origin}/{stage}");
    let variables = &server["variables"];
    let asyncapi = ask("/asyncapi.json").await.json();
    let live = &asyncapi["servers"]["turnkey"];
    assert_eq!(live["pathname"], "/{stage}");
    (
        json!([
            variables["origin"]["default"],
            variables["stage"]["default"]
        ]),
        json!([
            live["protocol"],
            live["host"],
            live["variables"]["stage"]["default"]
        ]),
    )
}

const FORWARDED: [(&str, &str); 3] = [
    ("x-forwarded-proto", "https"),
    ("x-forwarded-host", "games.example"),
    ("x-forwarded-port", "8443"),
];

#[tokio::test]
async fn the_documents_name_the_server_that_answers() {
    let world = World::start_with(|options| options.default_stage = Some("dev".into())).await;
    let host = world.base.strip_prefix("http://").unwrap();
    let own = (json!([world.base, "dev"]), json!(["ws", host, "dev"]));
    assert_eq!(servers(&world, &[]).await, own);
    // From somebody who is no proxy of ours it is but a claim.
    assert_eq!(servers(&world, &FORWARDED).await, own);
    let (openapi, asyncapi) = servers(&world, &[("host", "games.example")]).await;
    assert_eq!(openapi, json!(["http://games.example", "dev"]));
    assert_eq!(asyncapi, json!(["ws", "games.example", "dev"]));
    for injected in ["\"><script>", "{origin}", "a/b", "u@evil.example", "a b"] {
        let (openapi, _) = servers(&world, &[("host", injected)]).await;
        assert_eq!(
            openapi,
            json!(["http://127.0.0.1:8080", "dev"]),
            "{injected}"
        );
    }
}

#[tokio::test]
async fn behind_a_proxy_they_name_the_proxy() {
    let world = World::start_with(|options| {
        options.trusted_proxies = Some("127.0.0.1".into());
    })
    .await;
    let (openapi, asyncapi) = servers(&world, &FORWARDED).await;
    assert_eq!(openapi, json!(["https://games.example:8443", "dev"]));
    assert_eq!(asyncapi, json!(["wss", "games.example:8443", "dev"]));
    // The proxy appends to what a client made up, in the same line or in one of its own.
    let mut forged = vec![
        ("x-forwarded-proto", "http, https"),
        ("x-forwarded-host", "evil.example, games.example"),
        ("x-forwarded-port", "1, 443"),
    ];
    let (openapi, _) = servers(&world, &forged).await;
    assert_eq!(openapi, json!(["https://games.example", "dev"]));
    forged.extend(FORWARDED);
    let (openapi, _) = servers(&world, &forged).await;
    assert_eq!(openapi, json!(["https://games.example:8443", "dev"]));
    let (openapi, _) = servers(&world, &[("x-forwarded-host", "a/b")]).await;
    assert_eq!(openapi, json!([world.base, "dev"]));
}

#[tokio::test]
async fn without_a_default_stage_they_name_one_that_exists() {
    let world = World::start_with(|options| options.default_stage = None).await;
    assert_eq!(reply(world.request("GET", "/variants")).await.status, 404);
    world.add_stage("alpha").await;
    let (openapi, asyncapi) = servers(&world, &[]).await;
    assert_eq!(openapi[1], "alpha");
    assert_eq!(asyncapi[2], "alpha");
    let chosen = World::start_with(|options| options.default_stage = Some("nowhere".into())).await;
    assert_eq!(servers(&chosen, &[]).await.0[1], "dev");
}
