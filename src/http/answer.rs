//! Turns the results of `play` into answers.

use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderName};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder};
use serde::Serialize;

use super::context::Call;
use super::input;
use crate::game::GameId;
use crate::play::view::{CreatedView, GameView, NewPlayerView, SeenBy};
use crate::play::{Answer, Success};

pub const REPLAYED: HeaderName = HeaderName::from_static("turnkey-replayed");

/// The answer with a game after a command.
pub fn game(answer: &Answer<GameView>) -> HttpResponse {
    begin(answer)
        .insert_header((header::ETAG, etag(&answer.value)))
        .json(&answer.value)
}

/// The answer with a game, or 304 if the client has this version already.
pub fn game_unless_known(request: &HttpRequest, answer: &Answer<GameView>) -> HttpResponse {
    let etag = etag(&answer.value);
    if input::none_match_names(request.headers(), &etag) {
        return HttpResponse::NotModified()
            .insert_header((header::ETAG, etag))
            .finish();
    }
    game(answer)
}

/// The answer with a seat in a game: 201 if this call made the game.
pub fn created(call: &Call, answer: &Answer<CreatedView>) -> HttpResponse {
    let game = &answer.value.game;
    call.game.set(Some(game.game_id.0));
    let mut response = begin(answer);
    if answer.success == Success::Created {
        response.insert_header((header::LOCATION, game_path(call, game.game_id)));
    }
    response
        .insert_header((header::ETAG, etag(game)))
        .json(&answer.value)
}

/// The answer with a new player and the player's token.
pub fn new_player(call: &Call, answer: &Answer<NewPlayerView>) -> HttpResponse {
    begin(answer)
        .insert_header((header::LOCATION, format!("{}/players/me", call.prefix)))
        .json(&answer.value)
}

/// The answer with any other body.
pub fn body<T: Serialize>(answer: &Answer<T>) -> HttpResponse {
    begin(answer).json(&answer.value)
}

fn begin<T>(answer: &Answer<T>) -> HttpResponseBuilder {
    let mut response = HttpResponse::build(match answer.success {
        Success::Created => StatusCode::CREATED,
        Success::Done => StatusCode::OK,
    });
    if answer.replayed {
        response.insert_header((REPLAYED, "true"));
    }
    response
}

/// The ETag of a view: the version, and the seat or `f` where a variant hides something. So one
/// seat's ETag never validates what another may see.
fn etag(game: &GameView) -> String {
    let version = game.version;
    match game.seen_by {
        SeenBy::Anybody => format!("\"{version}\""),
        SeenBy::Seat(seat) => format!("\"{version}-{seat}\""),
        SeenBy::Afterwards => format!("\"{version}f\""),
    }
}

/// The path of a game, with the stage prefix that the client used.
fn game_path(call: &Call, game_id: GameId) -> String {
    format!("{}/game/{game_id}", call.prefix)
}
