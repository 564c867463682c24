//! The calls with which players act in their games.

use actix_web::{HttpRequest, HttpResponse, web};

use super::caller;
use crate::http::State;
use crate::http::answer;
use crate::http::context::Call;
use crate::http::input::json_body;
use crate::http::problem::HttpError;
use crate::play::MakeMove;
use crate::play::schema::MakeMoveBody;
use crate::play::view::{CreatedView, GameView};

/// Make a move
///
/// A move with the version that the player saw is safe to repeat: it is made only once.
#[utoipa::path(
    put, path = "/game", operation_id = "makeMove", tag = "commands",
    request_body(content = MakeMoveBody),
    responses((status = 200, description = "The game after the move", body = GameView)),
    security(("apiKey" = [], "playerToken" = []))
)]
pub async fn make_move(
    state: web::Data<State>,
    request: HttpRequest,
    call: Call,
) -> Result<HttpResponse, HttpError> {
    let body = json_body(&request, &call)?;
    let caller = caller(&state, &request, &call).await?;
    let wanted = MakeMove::parse(body)?;
    call.game.set(wanted.game_id.parse().ok());
    let game = state.play.make_move(&caller, wanted).await?;
    Ok(answer::game(&game))
}

/// Resign
///
/// Of two players the other wins; of more the others go on until one is left. Who leaves a game
/// that still waits for players opens their seat again, and the last one abandons it.
#[utoipa::path(
    post, path = "/game/{gameId}/resign", operation_id = "resignGame", tag = "commands",
    params(("gameId" = uuid::Uuid, Path, description = "The game's id")),
    responses((status = 200, description = "The game, over", body = GameView)),
    security(("apiKey" = [], "playerToken" = []))
)]
pub async fn resign_game(
    state: web::Data<State>,
    request: HttpRequest,
    call: Call,
    game_id: web::Path<String>,
) -> Result<HttpResponse, HttpError> {
    let caller = caller(&state, &request, &call).await?;
    let game = state.play.resign_game(&caller, &game_id).await?;
    Ok(answer::game(&game))
}

/// Offer or accept a draw
///
/// The draw is agreed when all players have offered it.
#[utoipa::path(
    post, path = "/game/{gameId}/draw", operation_id = "offerDraw", tag = "commands",
    params(("gameId" = uuid::Uuid, Path, description = "The game's id")),
    responses((status = 200, description = "The game, with the offer or drawn", body = GameView)),
    security(("apiKey" = [], "playerToken" = []))
)]
pub async fn offer_draw(
    state: web::Data<State>,
    request: HttpRequest,
    call: Call,
    game_id: web::Path<String>,
) -> Result<HttpResponse, HttpError> {
    let caller = caller(&state, &request, &call).await?;
    let game = state.play.offer_draw(&caller, &game_id).await?;
    Ok(answer::game(&game))
}

/// Decline or withdraw a draw offer
///
/// Declines the other players' offers, or withdraws the caller's own.
#[utoipa::path(
    delete, path = "/game/{gameId}/draw", operation_id = "declineDraw", tag = "commands",
    params(("gameId" = uuid::Uuid, Path, description = "The game's id")),
    responses((status = 200, description = "The game, without an offer", body = GameView)),
    security(("apiKey" = [], "playerToken" = []))
)]
pub async fn decline_draw(
    state: web::Data<State>,
    request: HttpRequest,
    call: Call,
    game_id: web::Path<String>,
) -> Result<HttpResponse, HttpError> {
    let caller = caller(&state, &request, &call).await?;
    let game = state.play.decline_draw(&caller, &game_id).await?;
    Ok(answer::game(&game))
}

/// Play again
///
/// Starts another game, in which every player has the seat after their own. The other players join
/// it with the same call.
#[utoipa::path(
    post, path = "/game/{gameId}/rematch", operation_id = "rematchGame", tag = "commands",
    params(("gameId" = uuid::Uuid, Path, description = "The id of the game that is over")),
    responses(
        (status = 200, description = "The next game, which exists already", body = CreatedView),
        (status = 201, description = "The next game", body = CreatedView),
    ),
    security(("apiKey" = [], "playerToken" = []))
)]
pub async fn rematch_game(
    state: web::Data<State>,
    request: HttpRequest,
    call: Call,
    game_id: web::Path<String>,
) -> Result<HttpResponse, HttpError> {
    let caller = caller(&state, &request, &call).await?;
    let next = state.play.rematch_game(&caller, &game_id).await?;
    Ok(answer::created(&call, &next))
}
