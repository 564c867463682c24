//! The spans of a command for OpenTelemetry: request → gate, decide, append → batch, push.
//!
//! They are not part of the log. While no traces are sent, no subscriber listens to their target, and a
//! span costs one load.

use std::sync::{Mutex, MutexGuard, PoisonError};

use opentelemetry::Context;
use opentelemetry::propagation::{Extractor, TextMapPropagator};
use opentelemetry::trace::{SpanContext, TraceContextExt};
use opentelemetry_sdk::propagation::TraceContextPropagator;
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt;

use crate::game::GameId;

/// The target of every span here.
pub const TARGET: &str = "turnkey::span";

/// A span of [`TARGET`](crate::trace::TARGET).
macro_rules! span {
    (parent: $parent:expr, $name:literal $($fields:tt)*) => {
        tracing::info_span!(target: "turnkey::span", parent: $parent, $name $($fields)*)
    };
    ($name:literal $($fields:tt)*) => {
        tracing::info_span!(target: "turnkey::span", $name $($fields)*)
    };
}
pub(crate) use span;

/// The number of events whose spans are remembered at once: events on their way from the writer to the
/// log's follower.
const REMEMBERED: usize = 1024;

/// The span that recorded each recent event, so that the event's push becomes part of the same trace.
/// The log does not contain it, so other instances push the event in a trace of their own.
#[derive(Debug, Default)]
pub struct Origins(Mutex<Ring>);

#[derive(Debug, Default)]
struct Ring {
    entries: Vec<(GameId, u32, SpanContext)>,
    next: usize,
}

impl Origins {
    /// Records that the event of `version` of the game was recorded in `span`.
    pub fn remember(&self, game_id: GameId, version: u32, span: &Span) {
        if span.is_disabled() {
            return;
        }
        let entry = (
            game_id,
            version,
            span.context().span().span_context().clone(),
        );
        let mut ring = self.ring();
        if ring.entries.len() < REMEMBERED {
            ring.entries.push(entry);
        } else {
            let next = ring.next;
            ring.entries[next] = entry;
            ring.next = (next + 1) % REMEMBERED;
        }
    }

    /// Makes `span` a child of the span that recorded this event, if this instance did so recently.
    pub fn adopt(&self, game_id: GameId, version: u32, span: &Span) {
        if span.is_disabled() {
            return;
        }
        let ring = self.ring();
        let mut entries = ring.entries.iter().rev();
        let origin = entries.find(|(game, at, _)| (*game, *at) == (game_id, version));
        if let Some((_, _, origin)) = origin {
            let origin = Context::new().with_remote_span_context(origin.clone());
            // This fails only if no subscriber listens, which is checked above.
            let _ = span.set_parent(origin);
        }
    }

    fn ring(&self) -> MutexGuard<'_, Ring> {
        // An entry is written in one step, so the data is consistent even if the lock is poisoned.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Renames `span` when its name is known only later. (`otel.name` has an effect only at the start.)
pub fn rename(span: &Span, name: String) {
    span.context().span().update_name(name);
}

/// Whether `span` will be sent: a subscriber listens, and its trace is in the sample.
pub fn is_sampled(span: &Span) -> bool {
    !span.is_disabled() && span.context().span().span_context().is_sampled()
}

/// Makes `span` a child of the one that a W3C `traceparent` names.
pub fn continue_from(span: &Span, traceparent: &str) {
    if span.is_disabled() {
        return;
    }
    let caller = TraceContextPropagator::new().extract(&Caller(traceparent));
    // This fails only if no subscriber listens, which is checked above.
    let _ = span.set_parent(caller);
}

/// Headers with a `traceparent` and nothing else.
struct Caller<'a>(&'a str);

impl Extractor for Caller<'_> {
    fn get(&self, name: &str) -> Option<&str> {
        (name == "traceparent").then_some(self.0)
    }

    fn keys(&self) -> Vec<&str> {
        vec!["traceparent"]
    }
}
