//! Sends spans to an OpenTelemetry collector, by OTLP over HTTP in protobuf.
//!
//! It is off unless the standard variables name an endpoint, and only the standard variables configure
//! it. Spans wait in a bounded queue for a separate thread. If the collector is slow or unreachable,
//! spans are lost, but no request waits.

use std::ffi::OsString;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use opentelemetry::KeyValue;
use opentelemetry::trace::TracerProvider;
use opentelemetry_http::{HttpClient, HttpError, Request, Response};
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::resource::{EnvResourceDetector, TelemetryResourceDetector};
use opentelemetry_sdk::trace::{SdkTracer, SdkTracerProvider};
use rustls::crypto::ring;
use ureq::Agent;
use ureq::tls::{Certificate, RootCerts, TlsConfig};

/// The time that the collector has for one batch.
const EXPORT_WITHIN: Duration = Duration::from_secs(5);
/// The time that the last spans have when the server ends.
pub const FLUSHED_WITHIN: Duration = Duration::from_secs(1);

/// The reason why spans cannot be sent as the variables demand.
#[derive(Debug, thiserror::Error)]
pub enum SpansError {
    /// The protocol is not `http/protobuf`.
    #[error("OTEL_EXPORTER_OTLP_PROTOCOL is wrong: only http/protobuf is supported")]
    Protocol,
    /// The exporter cannot be made.
    #[error("OTEL_EXPORTER_OTLP_ENDPOINT is wrong: {0}")]
    Exporter(String),
}

/// Sends spans until it is ended.
#[derive(Debug)]
pub struct Spans(SdkTracerProvider);

impl Spans {
    /// Starts the sender; `None` if no endpoint is set or spans are switched off.
    ///
    /// # Errors
    /// See [`SpansError`].
    pub fn start(
        variable: &impl Fn(&str) -> Option<OsString>,
    ) -> Result<Option<Spans>, SpansError> {
        let set = |name| variable(name).filter(|value| !value.is_empty());
        let is = |name, word: &str| set(name).is_some_and(|value| value.eq_ignore_ascii_case(word));
        let endpoint = set("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
            .or_else(|| set("OTEL_EXPORTER_OTLP_ENDPOINT"));
        let is_off = is("OTEL_SDK_DISABLED", "true") || is("OTEL_TRACES_EXPORTER", "none");
        if endpoint.is_none() || is_off {
            return Ok(None);
        }
        let protocol = set("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL")
            .or_else(|| set("OTEL_EXPORTER_OTLP_PROTOCOL"));
        if protocol.is_some_and(|protocol| protocol != "http/protobuf") {
            return Err(SpansError::Protocol);
        }
        let exporter = SpanExporter::builder()
            .with_http()
            .with_http_client(Collector::new())
            .with_protocol(Protocol::HttpBinary)
            .build()
            .map_err(|error| SpansError::Exporter(error.to_string()))?;
        let provider = SdkTracerProvider::builder()
            .with_batch_exporter(exporter)
            .with_resource(resource(set("OTEL_SERVICE_NAME")))
            .build();
        Ok(Some(Spans(provider)))
    }

    /// The tracer that makes spans.
    pub fn tracer(&self) -> SdkTracer {
        self.0.tracer("turnkey")
    }

    /// Sends the remaining spans, within [`FLUSHED_WITHIN`].
    pub fn end(self) {
        if let Err(error) = self.0.shutdown_with_timeout(FLUSHED_WITHIN) {
            tracing::warn!(%error, "the last spans were not sent");
        }
    }
}

/// The resource that the spans belong to. The variables take precedence over these defaults.
fn resource(service_name: Option<OsString>) -> Resource {
    let resource = Resource::builder_empty()
        .with_service_name("turnkey")
        .with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")))
        .with_detector(Box::new(TelemetryResourceDetector))
        .with_detector(Box::new(EnvResourceDetector::new()));
    match service_name {
        Some(name) => resource.with_service_name(name.to_string_lossy().into_owned()),
        None => resource,
    }
    .build()
}

/// The HTTP client for the collector. It runs on the sending thread, so it may block.
struct Collector {
    agent: Agent,
    is_failing: AtomicBool,
}

impl Collector {
    fn new() -> Collector {
        let certificates = rustls_native_certs::load_native_certs().certs;
        let roots: Vec<_> = certificates
            .iter()
            .map(|certificate| Certificate::from_der(certificate).to_owned())
            .collect();
        let tls = TlsConfig::builder()
            .unversioned_rustls_crypto_provider(Arc::new(ring::default_provider()))
            .root_certs(RootCerts::Specific(Arc::new(roots)))
            .build();
        let agent = Agent::config_builder()
            .timeout_global(Some(EXPORT_WITHIN))
            .http_status_as_error(false)
            .tls_config(tls)
            .build()
            .new_agent();
        Collector {
            agent,
            is_failing: AtomicBool::new(false),
        }
    }

    fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, ureq::Error> {
        let (parts, body) = request.into_parts();
        let answer = self.agent.run(Request::from_parts(parts, body.to_vec()))?;
        let (parts, mut body) = answer.into_parts();
        let body = body.read_to_vec()?;
        Ok(Response::from_parts(parts, body.into()))
    }

    /// Logs the first failure after a success, and the first success after a failure.
    fn note(&self, sent: &Result<Response<Bytes>, ureq::Error>) {
        let failure = match sent {
            Ok(answer) if answer.status().is_success() => None,
            Ok(answer) => Some(format!("the collector answered {}", answer.status())),
            Err(error) => Some(error.to_string()),
        };
        let was_failing = self.is_failing.swap(failure.is_some(), Ordering::Relaxed);
        match failure {
            Some(error) if !was_failing => tracing::warn!(error, "spans cannot be sent"),
            None if was_failing => tracing::info!("spans are sent again"),
            Some(_) | None => {}
        }
    }
}

impl fmt::Debug for Collector {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Collector")
    }
}

#[async_trait]
impl HttpClient for Collector {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let sent = self.send(request);
        self.note(&sent);
        Ok(sent?)
    }
}
