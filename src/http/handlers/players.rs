//! Players: a name and a token.

use actix_web::{HttpRequest, HttpResponse, web};

use super::{caller, leaving_caller, request_key};
use crate::http::State;
use crate::http::answer;
use crate::http::context::Call;
use crate::http::input::json_body;
use crate::http::problem::HttpError;
use crate::play::schema::{CreatePlayerBody, RenamePlayerBody};
use crate::play::view::{NewPlayerView, PlayerView};
use crate::play::{parse_new_player, parse_rename};

/// New player
///
/// Gives a player token. This call is not needed before a first game: `POST /game` and `POST /join`
/// give a token to a caller without one.
#[utoipa::path(
    post, path = "/players", operation_id = "createPlayer", tag = "players",
    request_body(content = Option<CreatePlayerBody>),
    params(("Idempotency-Key" = Option<String>, Header, description = "Makes a repeat of this call safe for 24 hours. A UUID where the call bears no player token.")),
    responses((status = 201, description = "The player and their token", body = NewPlayerView)),
)]
pub async fn create_player(
    state: web::Data<State>,
    request: HttpRequest,
    call: Call,
) -> Result<HttpResponse, HttpError> {
    let body = json_body(&request, &call)?;
    let caller = caller(&state, &request, &call).await?;
    let name = parse_new_player(body)?;
    let key = request_key(&request, &call, &caller, state.play.rulebook())?;
    let player = state.play.create_player(&caller, name, key).await?;
    Ok(answer::new_player(&call, &player))
}

/// Who am I
///
/// The player that the player token names.
#[utoipa::path(
    get, path = "/players/me", operation_id = "readPlayer", tag = "players",
    responses((status = 200, description = "The caller", body = PlayerView)),
    security(("apiKey" = [], "playerToken" = []))
)]
pub async fn read_player(
    state: web::Data<State>,
    request: HttpRequest,
    call: Call,
) -> Result<HttpResponse, HttpError> {
    let caller = caller(&state, &request, &call).await?;
    let player = state.play.read_player(&caller).await?;
    Ok(answer::body(&player))
}

/// Rename me
///
/// Each game shows the new name from its next version on at the latest.
#[utoipa::path(
    patch, path = "/players/me", operation_id = "renamePlayer", tag = "players",
    request_body(content = RenamePlayerBody),
    responses((status = 200, description = "The caller, renamed", body = PlayerView)),
    security(("apiKey" = [], "playerToken" = []))
)]
pub async fn rename_player(
    state: web::Data<State>,
    request: HttpRequest,
    call: Call,
) -> Result<HttpResponse, HttpError> {
    let body = json_body(&request, &call)?;
    let caller = caller(&state, &request, &call).await?;
    let name = parse_rename(body)?;
    let player = state.play.rename_player(&caller, name).await?;
    Ok(answer::body(&player))
}

/// Delete me
///
/// Deletes my name and my token. My running games are resigned. Waiting games, and seats kept for me in
/// a rematch, are ended. Finished games can still be replayed. The token is refused at once. The answer
/// comes when everything is recorded, after two seconds or more. If the call is cut off or answered
/// with 503, repeat it with the same token: it continues where it stopped.
#[utoipa::path(
    delete, path = "/players/me", operation_id = "deletePlayer", tag = "players",
    responses((status = 204, description = "Done: all is recorded. Also where it was done before")),
    security(("apiKey" = [], "playerToken" = []))
)]
pub async fn delete_player(
    state: web::Data<State>,
    request: HttpRequest,
    call: Call,
) -> Result<HttpResponse, HttpError> {
    let caller = leaving_caller(&state, &request, &call)?;
    state.play.delete_player(&caller).await?;
    Ok(HttpResponse::NoContent().finish())
}
