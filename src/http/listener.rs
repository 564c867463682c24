//! The listener's own paths, which need neither stage nor key: health checks and API documents.

use std::sync::Arc;

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::{Value, json};
use utoipa_swagger_ui::Config;

use super::address::{Address, VARY};
use super::problem::HttpError;
use super::{State, asyncapi, openapi};

/// Whether load balancers should send requests to this instance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Readiness {
    /// This instance can serve requests.
    Ready,
    /// This instance cannot serve requests now. The reason is public.
    NotReady(&'static str),
    /// This instance will soon accept no more connections, so other instances should get the requests.
    Stopping,
}

const STOPPING: &str = "this instance is stopping";

/// The sources that the documents page may load: its own files, and the inline styles and data images
/// of Swagger UI.
const DOCS_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; \
                           img-src 'self' data:; connect-src 'self'; frame-ancestors 'none'";

/// `/healthz`: succeeds unless the process is stopping. It does not ask the database.
pub async fn read_health(state: web::Data<State>) -> HttpResponse {
    health(&state.readiness.borrow())
}

/// `/readyz`: succeeds if this instance can serve requests.
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

/// `/openapi.json`, with the address at which this client reached the server.
pub async fn read_openapi(request: HttpRequest, state: web::Data<State>) -> HttpResponse {
    document(&openapi::document_at(&Address::of(&request, &state)))
}

/// `/asyncapi.json`, with the same address.
pub async fn read_asyncapi(request: HttpRequest, state: web::Data<State>) -> HttpResponse {
    document(&asyncapi::document_at(&Address::of(&request, &state)))
}

fn document(document: &Value) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((header::VARY, VARY))
        .json(document)
}

/// Redirects to `/docs/`. The page names its files by relative paths, so it needs the slash.
pub async fn redirect_to_docs() -> HttpResponse {
    HttpResponse::PermanentRedirect()
        .insert_header((header::LOCATION, "/docs/index.html"))
        .finish()
}

/// One file of Swagger UI. The binary contains them all.
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
