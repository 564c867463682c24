//! The public listener: it receives HTTP requests and answers them.
//!
//! Every request goes through [`pipeline`]. A handler parses the request, calls `play`, and shapes the
//! answer. No rule of a game is decided here.

#![warn(missing_docs)]

mod address;
mod answer;
pub mod asyncapi;
mod body;
mod context;
mod cors;
mod forwarded;
pub mod front;
mod handlers;
mod input;
mod listener;
pub mod openapi;
mod origin;
mod pipeline;
mod problem;
mod rate_limit;
mod refusal;
pub mod requests;
pub mod routes;
mod target;

use std::sync::Arc;

use actix_web::App;
use actix_web::dev::Server;
use actix_web::middleware::from_fn;
use actix_web::web::{self, ServiceConfig};
use tokio::sync::watch;

pub use listener::Readiness;

use crate::config::{Origins, StageName, TrustedProxies};
use crate::gate::Gate;
use crate::live::Hub;
use crate::play::Play;
use front::{Share, Socket};
use handlers::{commands, games, live, players};
use requests::Requests;

/// The parts of the server that the public listener uses.
#[derive(Clone)]
pub struct State {
    /// Finds the app of a request and decides whether it may pass.
    pub gate: Gate,
    /// Runs the calls of the game API.
    pub play: Play,
    /// Holds the live connections.
    pub hub: Hub,
    /// The newest readiness of this instance, for `/readyz`.
    pub readiness: watch::Receiver<Readiness>,
    /// Counts and logs the requests.
    pub requests: Arc<Requests>,
    /// The settings from the configuration.
    pub settings: Settings,
}

/// The settings of the public listener.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The stage that is served without a prefix.
    pub default_stage: Option<StageName>,
    /// The origins whose web pages may call this server.
    pub cors_origins: Origins,
    /// The proxies whose forwarding headers are believed.
    pub trusted_proxies: TrustedProxies,
}

/// The public listener on a bound socket.
///
/// # Errors
/// Fails if the server cannot listen on the socket.
pub fn server(socket: Socket, state: State, share: Share) -> std::io::Result<Server> {
    let state = web::Data::new(state);
    let places = state.clone();
    let is_socket = move |path: &str| target::is_live(&places, path);
    let app = move || {
        App::new()
            .wrap(from_fn(pipeline::run))
            .wrap(from_fn(front::run))
            .app_data(state.clone())
            .configure(configure)
    };
    front::listen(app, is_socket, socket, share)
}

/// Adds the handlers of [`routes::ENDPOINTS`] and of the listener's own paths.
fn configure(app: &mut ServiceConfig) {
    app.route("/game", web::post().to(games::create_game))
        .route("/game", web::put().to(commands::make_move))
        .route("/game/{gameId}", web::get().to(games::read_game))
        .route(
            "/game/{gameId}/draw",
            web::delete().to(commands::decline_draw),
        )
        .route("/game/{gameId}/draw", web::post().to(commands::offer_draw))
        .route("/game/{gameId}/events", web::get().to(games::read_events))
        .route(
            "/game/{gameId}/rematch",
            web::post().to(commands::rematch_game),
        )
        .route(
            "/game/{gameId}/resign",
            web::post().to(commands::resign_game),
        )
        .route("/games", web::get().to(games::list_games))
        .route("/join", web::post().to(games::join_game))
        .route("/live", web::get().to(live::open_live))
        .route("/players", web::post().to(players::create_player))
        .route("/players/me", web::delete().to(players::delete_player))
        .route("/players/me", web::get().to(players::read_player))
        .route("/players/me", web::patch().to(players::rename_player))
        .route("/variants", web::get().to(games::list_variants))
        .route("/healthz", web::get().to(listener::read_health))
        .route("/readyz", web::get().to(listener::read_readiness))
        .route("/asyncapi.json", web::get().to(listener::read_asyncapi))
        .route("/openapi.json", web::get().to(listener::read_openapi))
        .route("/docs", web::get().to(listener::redirect_to_docs))
        .route("/docs/{file}", web::get().to(listener::read_docs_file));
}
