//! One line a happening, for people on a terminal and as JSON elsewhere.

use std::panic;

use tracing::field::display;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::util::SubscriberInitExt;

use crate::config::LogFormat;

/// Of what these libraries say, only warnings concern an operator; a filter may ask for more by
/// their names. `debug` alone does not: at that level the first two write down statements with
/// their parameters, and requests with their headers.
const QUIET: &str = "tokio_postgres=info,actix_http=info,refinery_core=warn,actix_server=warn";

/// Logs to standard error from now on. A second call in one process changes nothing.
pub fn start(filter: &str, format: LogFormat) {
    // The filter was read once already, when the settings were judged.
    let filter =
        EnvFilter::try_new(format!("{QUIET},{filter}")).unwrap_or_else(|_| EnvFilter::new("info"));
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr);
    let started = match format {
        LogFormat::Text => builder.finish().try_init(),
        LogFormat::Json => builder.json().flatten_event(true).finish().try_init(),
    };
    if started.is_err() {
        tracing::debug!("this process logs already");
        return;
    }
    // What panics is told of in a line like any other, not in a form of its own.
    panic::set_hook(Box::new(|panicked| {
        let at = panicked.location().map(display);
        let reason = panicked.payload_as_str().unwrap_or("unknown");
        tracing::error!(at, reason, "a thread panicked");
    }));
}
