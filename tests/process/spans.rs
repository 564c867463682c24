//! Spans, as an OpenTelemetry collector receives them from a real process.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use actix_web::{App, HttpMessage, HttpRequest, HttpResponse, HttpServer, web};
use nix::sys::signal::Signal;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, Span};
use prost::Message;
use reqwest::Method;
use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use serde_json::json;

use crate::observed::Observed;
use crate::support::certificate::Pair;
use crate::support::until;

const DEADLINE: Duration = Duration::from_secs(60);

/// A collector: it takes spans by OTLP over HTTP, and keeps them.
pub struct Collector {
    pub endpoint: String,
    sent: Arc<Mutex<Vec<ResourceSpans>>>,
}

impl Collector {
    pub fn start() -> Collector {
        Collector::listen(None)
    }

    /// One that is spoken to by TLS.
    fn start_tls(pair: &Pair) -> Collector {
        let certificate = CertificateDer::from_pem_file(pair.certificate()).unwrap();
        let key = PrivateKeyDer::from_pem_file(pair.key()).unwrap();
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate], key)
            .unwrap();
        Collector::listen(Some(config))
    }

    fn listen(tls: Option<ServerConfig>) -> Collector {
        let sent: Arc<Mutex<Vec<ResourceSpans>>> = Arc::default();
        let kept = web::Data::from(sent.clone());
        let server = HttpServer::new(move || {
            let app = App::new().app_data(kept.clone());
            app.route("/v1/traces", web::post().to(take))
        });
        let server = server.workers(1);
        let (scheme, server) = match tls {
            None => ("http", server.bind("127.0.0.1:0")),
            Some(config) => ("https", server.bind_rustls_0_23("127.0.0.1:0", config)),
        };
        let server = server.unwrap();
        let endpoint = format!("{scheme}://{}", server.addrs()[0]);
        tokio::spawn(server.disable_signals().run());
        Collector { endpoint, sent }
    }

    pub fn spans(&self) -> Vec<Span> {
        let sent = self.sent.lock().unwrap();
        let scopes = sent.iter().flat_map(|sent| &sent.scope_spans);
        scopes.flat_map(|scope| scope.spans.clone()).collect()
    }

    /// Whose spans came, by the first that did.
    fn resource(&self) -> Vec<KeyValue> {
        let sent = self.sent.lock().unwrap();
        sent[0].resource.clone().unwrap().attributes
    }

    /// The spans of the trace in which the request of this name is.
    fn trace_of(&self, request: &str) -> HashMap<String, Span> {
        let spans = self.spans();
        let root = spans.iter().find(|span| span.name == request);
        let of_trace = spans
            .iter()
            .filter(|span| root.is_some_and(|root| root.trace_id == span.trace_id));
        of_trace
            .map(|span| (span.name.clone(), span.clone()))
            .collect()
    }
}

async fn take(
    request: HttpRequest,
    body: web::Bytes,
    kept: web::Data<Mutex<Vec<ResourceSpans>>>,
) -> HttpResponse {
    assert_eq!(request.content_type(), "application/x-protobuf");
    let sent = ExportTraceServiceRequest::decode(body).unwrap();
    kept.lock().unwrap().extend(sent.resource_spans);
    HttpResponse::Ok().finish()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_trace_of_a_move_goes_from_the_request_to_the_push() {
    let collector = Collector::start();
    let server = Observed::start(&[
        ("OTEL_EXPORTER_OTLP_ENDPOINT", &collector.endpoint),
        ("OTEL_BSP_SCHEDULE_DELAY", "50"),
    ])
    .await;
    let client = server.client();
    let (game, tokens) = client.new_game().await;
    let mut watcher = client.watch(&format!("game={game}")).await;
    watcher.until("subscribed").await;
    client.play(&tokens[0], &game, 4, 2).await;
    watcher.until("update").await;

    let names = ["PUT /game", "gate", "decide", "append", "batch", "push"];
    let is_whole = || {
        let trace = collector.trace_of("PUT /game");
        names.iter().all(|name| trace.contains_key(*name))
    };
    until(DEADLINE, is_whole).await;
    let trace = collector.trace_of("PUT /game");
    let root = &trace["PUT /game"];
    assert!(root.parent_span_id.is_empty(), "{root:?}");
    for (child, parent) in [
        ("gate", "PUT /game"),
        ("decide", "PUT /game"),
        ("append", "PUT /game"),
        ("batch", "append"),
        ("push", "append"),
    ] {
        let parent = &trace[parent];
        assert_eq!(trace[child].parent_span_id, parent.span_id, "{child}");
        assert!(trace[child].start_time_unix_nano >= parent.start_time_unix_nano);
    }
    assert_eq!(text(&root.attributes, "turnkey.game_id"), game);
    assert_eq!(text(&root.attributes, "http.route"), "/game");
    assert_eq!(text(&root.attributes, "turnkey.stage"), "dev");
    assert_eq!(number(&root.attributes, "http.response.status_code"), 200);
    assert_eq!(number(&trace["push"].attributes, "turnkey.version"), 3);
    assert_eq!(number(&trace["batch"].attributes, "turnkey.events"), 1);
    assert_eq!(trace.len(), names.len(), "{:?}", trace.keys());
    assert_eq!(text(&collector.resource(), "service.name"), "turnkey");
    let secrets = [&server.key, &tokens[0], &tokens[1]];
    let all = format!("{:?}", collector.spans());
    assert!(
        !secrets.iter().any(|secret| all.contains(*secret)),
        "no secret is sent"
    );
    let lines = server.log_lines();
    assert!(
        lines.iter().all(|line| line["spans"].is_null()),
        "spans are not logged"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn no_move_that_is_hidden_is_logged_or_traced() {
    let collector = Collector::start();
    let server = Observed::start(&[
        ("OTEL_EXPORTER_OTLP_ENDPOINT", &collector.endpoint),
        ("OTEL_BSP_SCHEDULE_DELAY", "50"),
        // The client that sends the spans writes down its own traffic.
        ("TURNKEY_LOG", "trace,ureq=off,ureq_proto=off"),
    ])
    .await;
    let client = server.client();
    let (game, tokens) = client.new_game_of("battleship").await;
    let mut watcher = client.watch(&format!("game={game}")).await;
    watcher.until("subscribed").await;
    let ship = |cell: u8, length: u8| json!({"cell": cell, "length": length, "down": false});
    let fleet = [
        ship(0, 5),
        ship(10, 4),
        ship(20, 3),
        ship(30, 3),
        ship(40, 2),
    ];
    let odd = json!([{"cell": 0, "length": "5", "down": false}]);
    for (seat, ships, status) in [
        (0, odd, 400),
        (0, json!(fleet[1..]), 422),
        (0, json!(fleet), 200),
        (0, json!(fleet), 409),
        (1, json!(fleet), 200),
    ] {
        let body = json!({"gameId": game, "move": {"place": ships}});
        let token = Some(tokens[seat].as_str());
        let (answered, answer) = client
            .call(token, Method::PUT, "/game", body)
            .await
            .unwrap();
        assert_eq!(answered, status, "{answer}");
    }
    // All of this is done once its last event was pushed and its spans have come.
    while watcher.until("update").await["version"] != 4 {}
    let is_pushed =
        |span: &Span| span.name == "push" && number(&span.attributes, "turnkey.version") == 4;
    until(DEADLINE, || collector.spans().iter().any(is_pushed)).await;
    let told = format!("{}{:?}", server.log(), collector.spans());
    assert!(told.contains(&game));
    // Every ship has one, and nothing else does.
    let telling: Vec<&str> = told
        .lines()
        .filter(|line| line.contains("length"))
        .collect();
    assert!(telling.is_empty(), "{telling:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_callers_trace_is_continued_only_where_the_caller_is_trusted() {
    let parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    for (proxies, is_continued) in [("127.0.0.1", true), ("", false)] {
        let collector = Collector::start();
        let server = Observed::start(&[
            ("OTEL_EXPORTER_OTLP_ENDPOINT", &collector.endpoint),
            ("OTEL_BSP_SCHEDULE_DELAY", "50"),
            ("TURNKEY_TRUSTED_PROXIES", proxies),
        ])
        .await;
        let request = server.request(Method::GET, "/variants");
        request.header("traceparent", parent).send().await.unwrap();
        let root = || collector.trace_of("GET /variants").remove("GET /variants");
        until(DEADLINE, || root().is_some()).await;
        let trace_id = root().unwrap().trace_id;
        let sent = 0x4bf9_2f35_77b3_4da6_a3ce_929d_0e0e_4736_u128.to_be_bytes();
        assert_eq!(trace_id == sent, is_continued);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_collector_is_spoken_to_by_tls_where_its_certificate_is_believed() {
    let pair = Pair::new();
    let collector = Collector::start_tls(&pair);
    let certificate = pair.certificate();
    let server = Observed::start(&[
        ("OTEL_EXPORTER_OTLP_ENDPOINT", &collector.endpoint),
        ("OTEL_BSP_SCHEDULE_DELAY", "50"),
        ("SSL_CERT_FILE", certificate.to_str().unwrap()),
    ])
    .await;
    server
        .request(Method::GET, "/variants")
        .send()
        .await
        .unwrap();
    let sent = || !collector.trace_of("GET /variants").is_empty();
    until(DEADLINE, sent).await;

    let stranger = Observed::start(&[
        ("OTEL_EXPORTER_OTLP_ENDPOINT", &collector.endpoint),
        ("OTEL_BSP_SCHEDULE_DELAY", "50"),
    ])
    .await;
    let request = stranger.request(Method::GET, "/healthz");
    request.send().await.unwrap();
    until(DEADLINE, || failures_told(&stranger) > 0).await;
    assert!(
        collector.trace_of("GET /healthz").is_empty(),
        "a certificate that nobody vouches for is not believed"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_sent_where_spans_are_off_or_none_are_sampled() {
    for off in [
        ("OTEL_SDK_DISABLED", "true"),
        ("OTEL_TRACES_EXPORTER", "none"),
        ("OTEL_TRACES_SAMPLER", "always_off"),
    ] {
        let collector = Collector::start();
        let server =
            Observed::start(&[("OTEL_EXPORTER_OTLP_ENDPOINT", &collector.endpoint), off]).await;
        server.client().new_game().await;
        server.process.signal(Signal::SIGINT);
        assert!(server.process.wait().success());
        assert!(collector.spans().is_empty(), "{:?}", collector.spans());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_spans_are_sent_when_the_server_ends() {
    let collector = Collector::start();
    let server = Observed::start(&[
        ("OTEL_EXPORTER_OTLP_ENDPOINT", &collector.endpoint),
        ("OTEL_BSP_SCHEDULE_DELAY", "600000"),
        ("OTEL_RESOURCE_ATTRIBUTES", "service.name=games,zone=a"),
    ])
    .await;
    let request = server.request(Method::GET, "/variants");
    request.send().await.unwrap();
    assert!(collector.spans().is_empty(), "they wait for their batch");
    server.process.signal(Signal::SIGINT);
    assert!(server.process.wait().success());
    assert!(!collector.trace_of("GET /variants").is_empty());
    let resource = collector.resource();
    for (name, said) in [("service.name", "games"), ("zone", "a")] {
        assert_eq!(text(&resource, name), said);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_collector_that_is_away_or_silent_costs_no_request_anything() {
    // Takes connections, and never answers.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let silent = format!("http://{}", silent.local_addr().unwrap());
    for endpoint in ["http://127.0.0.1:1", &silent] {
        let server = Observed::start(&[
            ("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint),
            ("OTEL_BSP_SCHEDULE_DELAY", "10"),
            ("OTEL_BSP_MAX_QUEUE_SIZE", "16"),
            ("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "16"),
        ])
        .await;
        let client = server.client();
        let began = Instant::now();
        for _ in 0..100 {
            let body = json!({"opponent": "self"});
            let made = client
                .call(None, Method::POST, "/game", body)
                .await
                .unwrap();
            assert_eq!(made.0, 201, "{}", made.1);
        }
        // A request that waited for the collector would wait for its five seconds.
        assert!(
            began.elapsed() < Duration::from_secs(30),
            "{:?}",
            began.elapsed()
        );
        until(DEADLINE, || failures_told(&server) > 0).await;
        assert_eq!(failures_told(&server), 1, "it is told once");
        server.process.signal(Signal::SIGINT);
        assert!(server.process.wait().success());
    }
}

#[test]
fn a_protocol_that_is_not_spoken_is_refused() {
    let variables = [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1"),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"),
    ];
    let refused = crate::support::process::run(&["serve"], &variables);
    assert_eq!(refused.status.code(), Some(1));
    let said = String::from_utf8(refused.stderr).unwrap();
    assert!(said.contains("OTEL_EXPORTER_OTLP_PROTOCOL"), "{said}");
}

/// How often the log says that spans cannot be sent.
fn failures_told(server: &Observed) -> usize {
    let lines = server.log_lines();
    let told = lines
        .iter()
        .filter(|line| line["message"] == "spans cannot be sent");
    told.count()
}

fn text(attributes: &[KeyValue], name: &str) -> String {
    match value(attributes, name) {
        Value::StringValue(text) => text,
        other => panic!("{name}: {other:?}"),
    }
}

fn number(attributes: &[KeyValue], name: &str) -> i64 {
    match value(attributes, name) {
        Value::IntValue(number) => number,
        other => panic!("{name}: {other:?}"),
    }
}

fn value(attributes: &[KeyValue], name: &str) -> Value {
    let found = attributes.iter().find(|attribute| attribute.key == name);
    let value = found.and_then(|found| found.value.clone()?.value);
    value.unwrap_or_else(|| panic!("no {name} in {attributes:?}"))
}
