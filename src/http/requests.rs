//! Counts each request once and writes one log line for it, when its answer is ready.
//!
//! A request whose client leaves before the answer is recorded too: its handler is dropped, the
//! record is dropped with it, and the drop writes the line.

use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Instant;

use actix_web::HttpResponse;
use actix_web::body::MessageBody;
use actix_web::http::{Method, StatusCode};
use tracing::Span;
use tracing::field::display;
use uuid::Uuid;

pub use super::context::RequestId;
use super::routes::{ENDPOINTS, LISTENER_PATHS};
use crate::config::StageName;
use crate::gate::KeyId;
use crate::measure::{Histogram, count};
use crate::trace;

/// The listener that a request arrived at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Listener {
    /// The listener of the game API.
    Public,
    /// The listener of the control plane.
    Control,
}

/// Identifies the kind of a request in logs and metrics. Clients cannot invent values of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Route {
    /// `None` if the path is counted for all its methods together.
    pub method: Option<&'static str>,
    /// A template, such as `/game/{gameId}`.
    pub path: &'static str,
}

/// The requests of one listener since its start.
#[derive(Debug)]
pub struct Requests {
    listener: Listener,
    routes: Vec<Answers>,
}

/// The requests of one route.
#[derive(Debug)]
pub struct Answers {
    /// The route that these requests matched.
    pub route: Route,
    /// By the first digit of the status. The last entry counts the requests whose client left early.
    by_class: [AtomicU64; CLASSES.len()],
    /// How long the answers took.
    pub duration: Histogram,
}

/// The classes of answers, as the metrics name them.
const CLASSES: [&str; 6] = ["1xx", "2xx", "3xx", "4xx", "5xx", "aborted"];

/// The name of a refusal. It travels with the answer to the log.
#[derive(Clone, Copy, Debug)]
pub struct ProblemCode(pub &'static str);

/// The facts about one request. Dropping it writes the log line.
pub struct RequestRecord<'a> {
    requests: &'a Requests,
    began: Instant,
    /// The id of the request.
    pub id: RequestId,
    /// The method of the request.
    pub method: Method,
    /// The route that it matched; [`Route::UNKNOWN`] until one is found.
    pub route: Route,
    /// The stage that its path names.
    pub stage: Option<StageName>,
    /// The key that it was sent with.
    pub key: Option<KeyId>,
    /// The game that it is about.
    pub game: Option<Uuid>,
    /// The caller that the control plane let in.
    pub actor: Option<String>,
    /// The path that this caller called.
    pub path: Option<String>,
    /// The refusal: the link of the gate's chain, or the code of the problem.
    pub refusal: Option<&'static str>,
    /// The root span of its trace. It gets the same facts as the log line.
    pub span: Span,
    status: Option<StatusCode>,
}

impl Listener {
    /// The listener's name in logs and metrics.
    pub fn name(self) -> &'static str {
        match self {
            Listener::Public => "public",
            Listener::Control => "control",
        }
    }
}

impl Route {
    /// A browser's CORS preflight.
    pub const PREFLIGHT: Route = Route::of_path("preflight");
    /// No such path or no such method.
    pub const UNKNOWN: Route = Route::of_path("unknown");

    /// A route that is counted by its path alone, for every method.
    pub const fn of_path(path: &'static str) -> Route {
        Route { method: None, path }
    }
}

impl Requests {
    /// Counts for the public listener.
    pub fn public() -> Requests {
        let calls = ENDPOINTS.iter().map(|endpoint| Route {
            method: Some(endpoint.verb.as_str()),
            path: endpoint.path,
        });
        let own = LISTENER_PATHS.into_iter().map(Route::of_path);
        Requests::new(Listener::Public, calls.chain(own).chain([Route::PREFLIGHT]))
    }

    /// Counts for these routes and for [`Route::UNKNOWN`], all at zero.
    pub fn new(listener: Listener, routes: impl Iterator<Item = Route>) -> Requests {
        let routes = routes.chain([Route::UNKNOWN]).map(|route| Answers {
            route,
            by_class: Default::default(),
            duration: Histogram::of_durations(),
        });
        Requests {
            listener,
            routes: routes.collect(),
        }
    }

    /// Begins the record of a new request.
    pub fn record(&self, method: Method) -> RequestRecord<'_> {
        RequestRecord {
            requests: self,
            began: Instant::now(),
            id: RequestId::generate(),
            method,
            route: Route::UNKNOWN,
            stage: None,
            key: None,
            game: None,
            actor: None,
            path: None,
            refusal: None,
            span: Span::none(),
            status: None,
        }
    }

    /// The listener whose requests are counted.
    pub fn listener(&self) -> Listener {
        self.listener
    }

    /// The counts of each route.
    pub fn by_route(&self) -> impl Iterator<Item = &Answers> {
        self.routes.iter()
    }
}

impl Answers {
    /// Each class of answers and its count.
    pub fn by_class(&self) -> impl Iterator<Item = (&'static str, u64)> {
        let counts = self.by_class.iter().map(|answers| answers.load(Relaxed));
        CLASSES.into_iter().zip(counts)
    }
}

impl RequestRecord<'_> {
    /// Records the answer.
    pub fn answered(&mut self, response: &HttpResponse<impl MessageBody>) {
        self.status = Some(response.status());
        let code = response.extensions().get::<ProblemCode>().copied();
        self.refusal = self.refusal.or(code.map(|code| code.0));
    }

    /// Adds the facts about the request to its span.
    fn describe(&self, status: Option<u16>) {
        let span = &self.span;
        if span.is_disabled() {
            return;
        }
        let method = self.route.method.unwrap_or(self.method.as_str());
        trace::rename(span, format!("{method} {}", self.route.path));
        span.record("http.route", self.route.path);
        span.record("http.response.status_code", status.map(i64::from));
        if status.is_some_and(|status| status >= 500) {
            span.record("otel.status_code", "error");
        }
        span.record("turnkey.stage", self.stage.as_ref().map(StageName::as_str));
        span.record("turnkey.key_id", self.key.as_ref().map(KeyId::as_str));
        span.record("turnkey.game_id", self.game.map(display));
        span.record("turnkey.refusal", self.refusal);
    }
}

impl Drop for RequestRecord<'_> {
    fn drop(&mut self) {
        let took = self.began.elapsed();
        let status = self.status.map(|status| status.as_u16());
        let answers = self
            .requests
            .routes
            .iter()
            .find(|answers| answers.route == self.route);
        if let Some(answers) = answers {
            let class = status.map_or(CLASSES.len(), |status| usize::from(status / 100));
            if let Some(answered) = answers.by_class.get(class.wrapping_sub(1)) {
                count(answered);
            }
            answers.duration.record_duration(took);
        }
        self.describe(status);
        tracing::info!(
            listener = self.requests.listener.name(),
            request_id = %self.id,
            method = self.method.as_str(),
            route = self.route.path,
            stage = self.stage.as_ref().map(StageName::as_str),
            key_id = self.key.as_ref().map(KeyId::as_str),
            game_id = self.game.map(display),
            actor = self.actor.as_deref(),
            path = self.path.as_deref(),
            status,
            refusal = self.refusal,
            latency_ms = took.as_micros() as f64 / 1000.0,
            "request"
        );
    }
}
