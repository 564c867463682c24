//! Requests, read from bodies and queries.

use serde_json::{Map, Value};

use super::body::{Body, chosen, expected, query_integer, required};
use super::{PlayError, PlayerName};
use crate::game::{Entropy, GameId, Opponent, Status, Visibility};
use crate::record::codec;
use crate::rules::{Json, Rules, Seat};

/// The greatest version that a request may name.
pub const MAX_VERSION: u32 = i32::MAX.unsigned_abs();
/// The variant of a game whose creator names none.
pub const DEFAULT_VARIANT: &str = "tic-tac-toe";
const GAMES_LIMIT: u32 = 20;
const EVENTS_LIMIT: u32 = 100;

/// The body of `POST /game`, with defaults for absent fields.
#[derive(Clone, Debug)]
pub struct CreateGame {
    /// The id of the variant.
    pub variant: String,
    /// The options, in the variant's own form.
    pub options: Map<String, Value>,
    /// The name that the caller gives.
    pub name: Option<PlayerName>,
    /// The name of the caller's seat; by default the first.
    pub seat: Option<String>,
    /// The opponent.
    pub opponent: Opponent,
    /// The players who may watch.
    pub visibility: Visibility,
    /// What the caller adds to the chance of the game.
    pub entropy: Option<Entropy>,
}

/// `POST /game`, read by the rules of its variant.
pub(super) struct NewGame {
    pub(super) rules: Rules,
    pub(super) options: Json,
    pub(super) name: Option<PlayerName>,
    pub(super) seat: Seat,
    pub(super) opponent: Opponent,
    pub(super) visibility: Visibility,
    pub(super) entropy: Option<Entropy>,
}

/// The body of `PUT /game`.
#[derive(Clone, Debug)]
pub struct MakeMove {
    /// The game's id as it was sent, not yet parsed.
    pub game_id: String,
    /// The move, not yet parsed, because its form depends on the game's variant.
    pub played: Value,
    /// The version that the player saw, from 1 to 2147483647.
    pub version: Option<u32>,
    /// The name of the seat that moves. Needed only where several of the caller's may move.
    pub seat: Option<String>,
}

/// The body of `POST /join`.
#[derive(Clone, Debug)]
pub struct JoinGame {
    /// The invite's code as it was sent, not yet parsed.
    pub invite: String,
    /// The caller's name. It renames a player who has a token.
    pub name: Option<PlayerName>,
    /// The name of the seat that the caller asks for; by default the first free one.
    pub seat: Option<String>,
    /// What the caller adds to the chance of the game.
    pub entropy: Option<Entropy>,
}

/// The query of `GET /games`.
#[derive(Clone, Debug)]
pub struct ListGames {
    /// Lists only games with this status.
    pub status: Option<Status>,
    /// The most games on the page, from 1 to 100, by default 20.
    pub limit: u32,
    /// The `next` of the page before, not yet parsed.
    pub cursor: Option<String>,
}

/// The query of `GET /game/{gameId}/events`.
#[derive(Clone, Copy, Debug)]
pub struct ReadEvents {
    /// Events follow from the version after this one. By default 0, for all events.
    pub after: u32,
    /// The most events on the page, from 1 to 500, by default 100.
    pub limit: u32,
}

impl CreateGame {
    /// Reads the body. An empty one asks for all defaults.
    ///
    /// # Errors
    /// [`PlayError::Malformed`]; [`PlayError::UnknownVariant`]; [`PlayError::InvalidOption`], also
    /// for a field of the contract that this release does not have.
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
            "entropy",
        ])?;
        let visibilities = [Visibility::Unlisted, Visibility::Private]
            .map(|visibility| (codec::visibility_name(visibility), visibility));
        let opponents = [Opponent::Invite, Opponent::Oneself]
            .map(|opponent| (codec::opponent_name(opponent), opponent));
        Ok(CreateGame {
            variant: body.text("variant")?.unwrap_or(DEFAULT_VARIANT).to_owned(),
            options: body.object("options")?.cloned().unwrap_or_default(),
            name: read_name(&body)?,
            seat: body.text("seat")?.map(str::to_owned),
            opponent: body
                .choice("opponent", &opponents)?
                .unwrap_or(Opponent::Invite),
            visibility: body
                .choice("visibility", &visibilities)?
                .unwrap_or(Visibility::Unlisted),
            entropy: read_entropy(&body)?,
        })
    }

    /// The same, read by the `rules` of its variant.
    ///
    /// # Errors
    /// [`PlayError::InvalidOption`]; [`PlayError::Malformed`] for a seat that the game does not
    /// have.
    pub(super) fn under(self, rules: Rules) -> Result<NewGame, PlayError> {
        let options =
            rules
                .read_options(&self.options)
                .map_err(|error| PlayError::InvalidOption {
                    detail: error.to_string(),
                })?;
        if rules.forms().hidden && self.opponent == Opponent::Oneself {
            return Err(PlayError::InvalidOption {
                detail: format!(
                    "one player may not hold all seats of {}, because each hides something from \
                     the others; leave `opponent` out and send the invite to another player",
                    rules.id.variant
                ),
            });
        }
        let seats = Seat::first(rules.seat_count(&options));
        let seat = self.seat.as_deref();
        let of_variant = seat.and_then(|name| rules.seat_called(name));
        if let Some(seat) = of_variant.filter(|seat| !seats.clone().any(|other| other == *seat)) {
            let (name, count) = (rules.seat_name(seat), rules.seat_count(&options));
            return Err(PlayError::InvalidOption {
                detail: format!(
                    "with these `options` a game has {count} seats, and none is {name}"
                ),
            });
        }
        let seat = seat
            .map(|name| seat_among(&rules, seats, name))
            .transpose()?;
        Ok(NewGame {
            rules,
            options,
            name: self.name,
            seat: seat.unwrap_or(Seat::FIRST),
            opponent: self.opponent,
            visibility: self.visibility,
            entropy: self.entropy,
        })
    }
}

impl MakeMove {
    /// Reads the body.
    ///
    /// # Errors
    /// [`PlayError::Malformed`].
    pub fn parse(body: &[u8]) -> Result<MakeMove, PlayError> {
        let body = Body::parse(body, &["gameId", "move", "version", "seat"])?;
        Ok(MakeMove {
            game_id: required("gameId", body.text("gameId")?)?.to_owned(),
            played: required("move", body.value("move"))?.clone(),
            version: body.integer("version", 1..=MAX_VERSION)?,
            seat: body.text("seat")?.map(str::to_owned),
        })
    }
}

impl JoinGame {
    /// Reads the body.
    ///
    /// # Errors
    /// [`PlayError::Malformed`].
    pub fn parse(body: &[u8]) -> Result<JoinGame, PlayError> {
        let body = Body::parse(body, &["invite", "name", "seat", "entropy"])?;
        Ok(JoinGame {
            invite: required("invite", body.text("invite")?)?.to_owned(),
            name: read_name(&body)?,
            seat: body.text("seat")?.map(str::to_owned),
            entropy: read_entropy(&body)?,
        })
    }
}

fn read_entropy(body: &Body) -> Result<Option<Entropy>, PlayError> {
    let wanted = |_| expected("entropy", "at most 64 visible ASCII characters");
    let text = body.text("entropy")?.filter(|text| !text.is_empty());
    text.map(str::parse).transpose().map_err(wanted)
}

fn read_name(body: &Body) -> Result<Option<PlayerName>, PlayError> {
    body.text("name")?.map(PlayerName::parse).transpose()
}

/// Reads the body of `POST /players`, in which the name is optional.
///
/// # Errors
/// [`PlayError::Malformed`].
pub fn parse_new_player(body: &[u8]) -> Result<Option<PlayerName>, PlayError> {
    read_name(&Body::parse(body, &["name"])?)
}

/// Reads the body of `PATCH /players/me`, in which the name is required.
///
/// # Errors
/// [`PlayError::Malformed`].
pub fn parse_rename(body: &[u8]) -> Result<PlayerName, PlayError> {
    required("name", read_name(&Body::parse(body, &["name"])?)?)
}

/// Reads `?version=` of `GET /game/{gameId}`, a number from 1 to 2147483647.
///
/// # Errors
/// [`PlayError::Malformed`].
pub fn parse_version(version: Option<&str>) -> Result<Option<u32>, PlayError> {
    query_integer("version", version, 1..=MAX_VERSION)
}

impl ListGames {
    /// Reads the values of the query's parameters.
    ///
    /// # Errors
    /// [`PlayError::Malformed`].
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
    /// Reads the values of the query's parameters.
    ///
    /// # Errors
    /// [`PlayError::Malformed`].
    pub fn parse(after: Option<&str>, limit: Option<&str>) -> Result<ReadEvents, PlayError> {
        Ok(ReadEvents {
            after: query_integer("after", after, 0..=MAX_VERSION)?.unwrap_or(0),
            limit: query_integer("limit", limit, 1..=500)?.unwrap_or(EVENTS_LIMIT),
        })
    }
}

/// Reads a game's id. Text that is not an id is answered as an unknown game.
pub(super) fn parse_game_id(text: &str) -> Result<GameId, PlayError> {
    let hyphenated = text.len() == 36;
    let id = hyphenated.then(|| text.parse().ok()).flatten();
    id.ok_or(PlayError::GameNotFound)
}

/// The seat that clients call `name`, which must be one of these.
pub(super) fn seat_among(
    rules: &Rules,
    seats: impl Iterator<Item = Seat>,
    name: &str,
) -> Result<Seat, PlayError> {
    let named: Vec<(&str, Seat)> = seats.map(|seat| (rules.seat_name(seat), seat)).collect();
    chosen("seat", name, &named)
}

fn not_in_this_release(what: &str) -> PlayError {
    PlayError::InvalidOption {
        detail: format!("this release has no {what}; leave it out"),
    }
}
