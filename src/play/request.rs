//! What callers send, read from bodies, headers and queries.

use serde_json::{Map, Value};

use super::body::{Body, chosen, query_integer, required};
use super::{PlayError, PlayerName};
use crate::game::{GameId, Opponent, Options, Seat, Status, Variant, Visibility};
use crate::store::codec;

/// The greatest version that a request may name.
pub const MAX_VERSION: u32 = i32::MAX.unsigned_abs();
const GAMES_LIMIT: u32 = 20;
const EVENTS_LIMIT: u32 = 100;

/// `POST /game`.
#[derive(Clone, Debug)]
pub struct CreateGame {
    pub variant: Variant,
    pub options: Options,
    pub name: Option<PlayerName>,
    pub seat: Seat,
    pub opponent: Opponent,
    pub visibility: Visibility,
}

/// `PUT /game`.
#[derive(Clone, Debug)]
pub struct MakeMove {
    pub game_id: String,
    /// In the form of the game's variant.
    pub played: Value,
    /// The version that the player saw.
    pub version: Option<u32>,
}

/// `POST /join`.
#[derive(Clone, Debug)]
pub struct JoinGame {
    pub invite: String,
    pub name: Option<PlayerName>,
}

/// `GET /games`.
#[derive(Clone, Debug)]
pub struct ListGames {
    pub status: Option<Status>,
    pub limit: u32,
    pub cursor: Option<String>,
}

/// `GET /game/{gameId}/events`.
#[derive(Clone, Copy, Debug)]
pub struct ReadEvents {
    pub after: u32,
    pub limit: u32,
}

impl CreateGame {
    pub fn parse(body: &[u8]) -> Result<CreateGame, PlayError> {
        let body = Body::parse_any(body)?;
        for planned in ["turnSeconds", "level"] {
            if body.value(planned).is_some() {
                return Err(not_in_this_release(planned));
            }
        }
        if body.value("opponent").and_then(Value::as_str) == Some("bot") {
            return Err(not_in_this_release("opponent: \"bot\""));
        }
        let body = body.only(&[
            "variant",
            "options",
            "name",
            "seat",
            "opponent",
            "visibility",
        ])?;
        let variant = match body.text("variant")? {
            None => Variant::TicTacToe,
            Some(id) => Variant::parse(id).ok_or_else(|| unknown_variant(id))?,
        };
        let seats = Seat::ALL.map(|seat| (variant.seat_name(seat), seat));
        let visibilities = [Visibility::Unlisted, Visibility::Private]
            .map(|visibility| (codec::visibility_name(visibility), visibility));
        let opponents = [Opponent::Invite, Opponent::Oneself]
            .map(|opponent| (codec::opponent_name(opponent), opponent));
        let none = Map::new();
        Ok(CreateGame {
            variant,
            options: variant
                .parse_options(body.object("options")?.unwrap_or(&none))
                .map_err(|error| PlayError::InvalidOption {
                    detail: error.to_string(),
                })?,
            name: read_name(&body)?,
            seat: body.choice("seat", &seats)?.unwrap_or(Seat::First),
            opponent: body
                .choice("opponent", &opponents)?
                .unwrap_or(Opponent::Invite),
            visibility: body
                .choice("visibility", &visibilities)?
                .unwrap_or(Visibility::Unlisted),
        })
    }
}

impl MakeMove {
    pub fn parse(body: &[u8]) -> Result<MakeMove, PlayError> {
        let body = Body::parse(body, &["gameId", "move", "version"])?;
        Ok(MakeMove {
            game_id: required("gameId", body.text("gameId")?)?.to_owned(),
            played: required("move", body.value("move"))?.clone(),
            version: body.integer("version", 1..=MAX_VERSION)?,
        })
    }
}

impl JoinGame {
    pub fn parse(body: &[u8]) -> Result<JoinGame, PlayError> {
        let body = Body::parse(body, &["invite", "name"])?;
        Ok(JoinGame {
            invite: required("invite", body.text("invite")?)?.to_owned(),
            name: read_name(&body)?,
        })
    }
}

fn read_name(body: &Body) -> Result<Option<PlayerName>, PlayError> {
    body.text("name")?.map(PlayerName::parse).transpose()
}

/// Reads `POST /players`, whose name is optional.
pub fn parse_new_player(body: &[u8]) -> Result<Option<PlayerName>, PlayError> {
    read_name(&Body::parse(body, &["name"])?)
}

/// Reads `PATCH /players/me`.
pub fn parse_rename(body: &[u8]) -> Result<PlayerName, PlayError> {
    required("name", read_name(&Body::parse(body, &["name"])?)?)
}

/// Reads `?version=` of `GET /game/{gameId}`.
pub fn parse_version(version: Option<&str>) -> Result<Option<u32>, PlayError> {
    query_integer("version", version, 1..=MAX_VERSION)
}

impl ListGames {
    pub fn parse(
        status: Option<&str>,
        limit: Option<&str>,
        cursor: Option<&str>,
    ) -> Result<ListGames, PlayError> {
        let statuses = [Status::Waiting, Status::Playing, Status::Finished]
            .map(|status| (status.name(), status));
        Ok(ListGames {
            status: status
                .map(|word| chosen("status", word, &statuses))
                .transpose()?,
            limit: query_integer("limit", limit, 1..=100)?.unwrap_or(GAMES_LIMIT),
            cursor: cursor.map(str::to_owned),
        })
    }
}

impl ReadEvents {
    pub fn parse(after: Option<&str>, limit: Option<&str>) -> Result<ReadEvents, PlayError> {
        Ok(ReadEvents {
            after: query_integer("after", after, 0..=MAX_VERSION)?.unwrap_or(0),
            limit: query_integer("limit", limit, 1..=500)?.unwrap_or(EVENTS_LIMIT),
        })
    }
}

/// Reads a game's id; whatever is none is answered as an unknown game.
pub(super) fn parse_game_id(text: &str) -> Result<GameId, PlayError> {
    let hyphenated = text.len() == 36;
    let id = hyphenated.then(|| text.parse().ok()).flatten();
    id.ok_or(PlayError::GameNotFound)
}

fn not_in_this_release(what: &str) -> PlayError {
    PlayError::InvalidOption {
        detail: format!("this release has no {what}; leave it out"),
    }
}

fn unknown_variant(id: &str) -> PlayError {
    let known = Variant::ALL.map(Variant::id).join("`, `");
    PlayError::UnknownVariant {
        detail: format!("there is no variant {id:?}; play `{known}`"),
    }
}
