//! Log lines: one per event, as text on a terminal and as JSON elsewhere.

use std::panic;

use opentelemetry_sdk::trace::SdkTracer;
use tracing::field::display;
use tracing::{Metadata, Subscriber};
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer, fmt, registry};

use crate::config::LogFormat;
use crate::trace;

/// Only the warnings of these libraries matter to an operator. A filter may name them to get more. The
/// level `debug` alone does not, because at that level the first two log statements with their
/// parameters, and requests with their headers.
const QUIET: &str = "tokio_postgres=info,actix_http=info,refinery_core=warn,actix_server=warn";

/// Starts logging to standard error, and passes spans to the tracer. A second call in one process has
/// no effect.
pub fn start(filter: &str, format: LogFormat, spans: Option<SdkTracer>) {
    if subscriber(filter, format, spans).try_init().is_err() {
        tracing::debug!("this process logs already");
        return;
    }
    // Panics are logged as ordinary lines.
    panic::set_hook(Box::new(|panicked| {
        let at = panicked.location().map(display);
        let reason = panicked.payload_as_str().unwrap_or("unknown");
        tracing::error!(at, reason, "a thread panicked");
    }));
}

/// Log lines and spans, each with its own filter, so that the log level does not affect the traces.
fn subscriber(
    filter: &str,
    format: LogFormat,
    spans: Option<SdkTracer>,
) -> impl Subscriber + Send + Sync {
    // The filter was already parsed when the settings were checked.
    let filter = EnvFilter::try_new(format!("{QUIET},{}=off,{filter}", trace::TARGET))
        .unwrap_or_else(|_| EnvFilter::new("info"));
    let lines = fmt::layer().with_writer(std::io::stderr);
    let lines = match format {
        LogFormat::Text => lines.boxed(),
        LogFormat::Json => lines.json().flatten_event(true).boxed(),
    };
    let is_ours = |about: &Metadata<'_>| about.is_span() && about.target() == trace::TARGET;
    let spans = spans.map(|tracer| {
        tracing_opentelemetry::layer()
            .with_tracer(tracer)
            .with_location(false)
            .with_threads(false)
            .with_target(false)
            .with_tracked_inactivity(false)
            .with_filter(filter_fn(is_ours))
            .boxed()
    });
    // The layers are in one list: an absent layer on its own would make every span be examined.
    let mut layers = vec![lines.with_filter(filter).boxed()];
    layers.extend(spans);
    registry().with(layers)
}

#[cfg(test)]
mod tests {
    use opentelemetry::trace::TracerProvider;
    use opentelemetry_sdk::trace::SdkTracerProvider;
    use tracing::subscriber::with_default;

    use super::*;

    #[test]
    fn spans_cost_one_load_while_none_are_sent() {
        let tracer = SdkTracerProvider::builder().build().tracer("test");
        let traced = subscriber("info", LogFormat::Json, Some(tracer));
        let span = with_default(traced, || trace::span!("any"));
        let about = span.metadata().unwrap();
        for filter in ["info", "debug", "turnkey=trace", "off"] {
            let untraced = subscriber(filter, LogFormat::Json, None);
            assert!(untraced.register_callsite(about).is_never(), "{filter}");
        }
    }

    #[test]
    fn spans_are_sent_whatever_is_logged() {
        for filter in ["off", "error", "turnkey=trace"] {
            let tracer = SdkTracerProvider::builder().build().tracer("test");
            let traced = subscriber(filter, LogFormat::Json, Some(tracer));
            let span = with_default(traced, || trace::span!("any"));
            assert!(trace::is_sampled(&span), "{filter}");
        }
    }
}
