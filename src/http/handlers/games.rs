//! The calls that make, join, read and list games.

use actix_web::{HttpRequest, HttpResponse, web};

use super::{caller, request_key};
use crate::http::State;
use crate::http::answer;
use crate::http::context::Call;
use crate::http::input::{json_body, parameter};
use crate::http::problem::HttpError;
use crate::play::schema::{CreateGameBody, JoinGameBody};
use crate::play::view::{CreatedView, EventsView, GameView, GamesView, VariantsView};
use crate::play::{Answer, CreateGame, JoinGame, ListGames, ReadEvents, Success, parse_version};

/// New game
///
/// Makes a game and seats the caller. Without a body, every option has its default: tic-tac-toe, the
/// seat that moves first, and an invite for the other player.
#[utoipa::path(
    post, path = "/game", operation_id = "createGame", tag = "games",
    request_body(content = Option<CreateGameBody>),
    params(("Idempotency-Key" = Option<String>, Header, description = "Makes a repeat of this call safe for 24 hours. A UUID where the call bears no player token.")),
    responses((status = 201, description = "The game, the caller's seat, and the invite for the other one", body = CreatedView))
)]
pub async fn create_game(
    state: web::Data<State>,
    request: HttpRequest,
    call: Call,
) -> Result<HttpResponse, HttpError> {
    let body = json_body(&request, &call)?;
    let caller = caller(&state, &request, &call).await?;
    let wanted = CreateGame::parse(body)?;
    let key = request_key(&request, &call, &caller, state.play.rulebook())?;
    let created = state.play.create_game(&caller, wanted, key).await?;
    Ok(answer::created(&call, &created))
}

/// Take the open seat
///
/// The invite names the game. A player who already has a seat in it gets the same seat again.
#[utoipa::path(
    post, path = "/join", operation_id = "joinGame", tag = "games",
    request_body(content = JoinGameBody),
    params(("Idempotency-Key" = Option<String>, Header, description = "Makes a repeat of this call safe for 24 hours. A UUID where the call bears no player token.")),
    responses((status = 200, description = "The game and the caller's seat", body = CreatedView))
)]
pub async fn join_game(
    state: web::Data<State>,
    request: HttpRequest,
    call: Call,
) -> Result<HttpResponse, HttpError> {
    let body = json_body(&request, &call)?;
    let caller = caller(&state, &request, &call).await?;
    let wanted = JoinGame::parse(body)?;
    let key = request_key(&request, &call, &caller, state.play.rulebook())?;
    let joined = state.play.join_game(&caller, wanted, key).await?;
    Ok(answer::created(&call, &joined))
}

/// One game
///
/// The current game, or the game as it was at a version.
#[utoipa::path(
    get, path = "/game/{gameId}", operation_id = "readGame", tag = "games",
    params(
        ("gameId" = uuid::Uuid, Path, description = "The game's id"),
        ("version" = Option<u32>, Query, description = "As it was when it had this many events; from 1 to the game's own", minimum = 1, maximum = 2147483647),
        ("If-None-Match" = Option<String>, Header, description = "The ETag of the client's copy: 304 if the game is unchanged", example = "\"4\""),
    ),
    responses((status = 200, description = "The game", body = GameView), (status = 304, description = "The client has it already"))
)]
pub async fn read_game(
    state: web::Data<State>,
    request: HttpRequest,
    call: Call,
    game_id: web::Path<String>,
) -> Result<HttpResponse, HttpError> {
    let version = parse_version(parameter(&request, "version")?.as_deref())?;
    let caller = caller(&state, &request, &call).await?;
    let game = state.play.read_game(&caller, &game_id, version).await?;
    Ok(answer::game_unless_known(&request, &game))
}

/// A game's events
///
/// In order, one for each version. To read all, ask again with the last version until none are left.
#[utoipa::path(
    get, path = "/game/{gameId}/events", operation_id = "readEvents", tag = "games",
    params(
        ("gameId" = uuid::Uuid, Path, description = "The game's id"),
        ("after" = Option<u32>, Query, description = "Only events after this version; by default all", minimum = 0, maximum = 2147483647),
        ("limit" = Option<u32>, Query, description = "At most so many; by default 100", minimum = 1, maximum = 500),
    ),
    responses((status = 200, description = "Events, and the game's version now", body = EventsView))
)]
pub async fn read_events(
    state: web::Data<State>,
    request: HttpRequest,
    call: Call,
    game_id: web::Path<String>,
) -> Result<HttpResponse, HttpError> {
    let after = parameter(&request, "after")?;
    let limit = parameter(&request, "limit")?;
    let page = ReadEvents::parse(after.as_deref(), limit.as_deref())?;
    let caller = caller(&state, &request, &call).await?;
    let events = state.play.read_events(&caller, &game_id, page).await?;
    Ok(answer::body(&events))
}

/// My games
///
/// Games in which it is the caller's turn come first, then the most recently changed. The list may be
/// up to a second out of date.
#[utoipa::path(
    get, path = "/games", operation_id = "listGames", tag = "games",
    params(
        ("status" = Option<crate::play::schema::StatusView>, Query, description = "Only games of this status"),
        ("limit" = Option<u32>, Query, description = "At most so many; by default 20", minimum = 1, maximum = 100),
        ("cursor" = Option<String>, Query, description = "`next` of the page before"),
    ),
    responses((status = 200, description = "A page of games", body = GamesView)),
    security(("apiKey" = [], "playerToken" = []))
)]
pub async fn list_games(
    state: web::Data<State>,
    request: HttpRequest,
    call: Call,
) -> Result<HttpResponse, HttpError> {
    let status = parameter(&request, "status")?;
    let limit = parameter(&request, "limit")?;
    let cursor = parameter(&request, "cursor")?;
    let page = ListGames::parse(status.as_deref(), limit.as_deref(), cursor.as_deref())?;
    let caller = caller(&state, &request, &call).await?;
    let games = state.play.list_games(&caller, page).await?;
    Ok(answer::body(&games))
}

/// Kinds of games
///
/// The variants, with their rules versions, options, seats and the form of a move.
#[utoipa::path(
    get, path = "/variants", operation_id = "listVariants", tag = "games",
    responses((status = 200, description = "Every variant", body = VariantsView)),
    security(("apiKey" = []))
)]
pub async fn list_variants(
    state: web::Data<State>,
    request: HttpRequest,
    call: Call,
) -> Result<HttpResponse, HttpError> {
    let caller = caller(&state, &request, &call).await?;
    Ok(answer::body(&Answer {
        value: state.play.variants(&caller),
        success: Success::Done,
        replayed: false,
    }))
}
