//! The listener's own paths, which need no stage and no key: its health and its documents.

use std::sync::Arc;

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::{Value, json};
use utoipa_swagger_ui::Config;

use super::address::{Address, VARY};
use super::problem::HttpError;
use super::{State, asyncapi, openapi};

/// Whether this instance should be sent requests, as whoever started it last found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Readiness {
    /// This instance can serve requests.
    Ready,
    /// Why not, in words that may be shown to anybody.
    NotReady(&'static str),
    /// Others are to be sent them: this instance soon takes no more connections.
    Stopping,
}

const STOPPING: &str = "this instance is stopping";

/// What the documents page may load: its own files; Swagger UI sets styles and draws data images.
const DOCS_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; \
                           img-src 'self' data:; connect-src 'self'; frame-ancestors 'none'";

/// The process runs and means to go on; the database is not asked.
pub async fn read_health(state: web::Data<State>) -> HttpResponse {
    health(&state.readiness.borrow())
}

/// Requests can be served.
pub async fn read_readiness(state: web::Data<State>) -> HttpResponse {
    readiness(&state.readiness.borrow())
}

fn health(readiness: &Readiness) -> HttpResponse {
    match readiness {
        Readiness::Ready | Readiness::NotReady(_) => yes("ok"),
        Readiness::Stopping => no("stopping", STOPPING),
    }
}

fn readiness(readiness: &Readiness) -> HttpResponse {
    match readiness {
        Readiness::Ready => yes("ready"),
        Readiness::NotReady(reason) => no("not ready", reason),
        Readiness::Stopping => no("not ready", STOPPING),
    }
}

fn yes(status: &str) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .json(json!({"status": status}))
}

fn no(status: &str, reason: &str) -> HttpResponse {
    HttpResponse::ServiceUnavailable()
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .insert_header((header::RETRY_AFTER, "1"))
        .json(json!({"status": status, "reason": reason}))
}

/// What is called over HTTP, with the address at which this client reached the server.
pub async fn read_openapi(request: HttpRequest, state: web::Data<State>) -> HttpResponse {
    document(&openapi::document_at(&Address::of(&request, &state)))
}

/// What is said on the live channel, likewise.
pub async fn read_asyncapi(request: HttpRequest, state: web::Data<State>) -> HttpResponse {
    document(&asyncapi::document_at(&Address::of(&request, &state)))
}

fn document(document: &Value) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((header::VARY, VARY))
        .json(document)
}

/// Its files are named beside it, so it needs the slash.
pub async fn redirect_to_docs() -> HttpResponse {
    HttpResponse::PermanentRedirect()
        .insert_header((header::LOCATION, "/docs/index.html"))
        .finish()
}

/// One file of Swagger UI, which is part of this binary.
pub async fn read_docs_file(file: web::Path<String>) -> Result<HttpResponse, HttpError> {
    let config = Arc::new(Config::from("/openapi.json"));
    let file = utoipa_swagger_ui::serve(&file, config).map_err(|error| {
        tracing::error!(%error, "a file of the documents page cannot be served");
        HttpError::Internal
    })?;
    let file = file.ok_or(HttpError::NotFound)?;
    Ok(HttpResponse::Ok()
        .insert_header((header::CACHE_CONTROL, "no-cache"))
        .insert_header((header::CONTENT_SECURITY_POLICY, DOCS_POLICY))
        .content_type(file.content_type)
        .body(file.bytes.into_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn readiness_is_a_status() {
        assert_eq!(readiness(&Readiness::Ready).status(), 200);
        let not_ready = readiness(&Readiness::NotReady("the database does not answer"));
        assert_eq!(not_ready.status(), 503);
        assert!(not_ready.headers().contains_key(header::RETRY_AFTER));
        assert_eq!(readiness(&Readiness::Stopping).status(), 503);
    }

    #[test]
    fn an_outage_of_the_database_is_no_reason_to_replace_the_process() {
        assert_eq!(health(&Readiness::Ready).status(), 200);
        let outage = Readiness::NotReady("the database does not answer");
        assert_eq!(health(&outage).status(), 200);
        assert_eq!(health(&Readiness::Stopping).status(), 503);
    }
}
