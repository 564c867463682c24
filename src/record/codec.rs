//! Translates between stored events and the domain's events.
//!
//! A stored event stays readable for ever, so a stored shape is never edited. A new shape gets the next
//! `schema` number and an arm in [`lift`] that turns the old shape into it. The golden file of each
//! type and schema under `tests/golden/` stays as it is. What clients see is made from the domain's
//! events elsewhere.

use std::borrow::Cow;

use serde_json::{Map, Value, json};
use smol_str::SmolStr;

use super::luck;
use crate::game::{
    Creation, Entry, Event, Holder, Opponent, Outcome, OutcomeKind, Seats, Visibility,
};
use crate::rules::{FormError, Json, Rulebook, Rules, RulesId, Seat, SeatSet};

/// The stored shape of events of games without chance.
pub const SCHEMA: i16 = 1;
/// The stored shape of events of games of chance: with what [`luck`] writes. A release that knows
/// only [`SCHEMA`] refuses it instead of passing over what it does not know.
pub const SCHEMA_OF_CHANCE: i16 = 2;

/// The reason why a stored event cannot be read.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum RecordError {
    /// This release does not know the event type or its schema number.
    #[error("event type {kind:?} of schema {schema} is unknown to this release")]
    UnknownShape {
        /// The event type, as stored.
        kind: String,
        /// The number of its shape.
        schema: i16,
    },
    /// This release does not know the variant or the rules version.
    #[error("variant {:?} with rules {} is unknown to this release", .0.variant, .0.version)]
    UnknownRules(RulesId),
    /// The data does not have the form of its schema.
    #[error("{0}")]
    Value(String),
}

/// The name of an event's type.
pub fn kind(event: &Event) -> &'static str {
    match event {
        Event::GameCreated(_) => "game_created",
        Event::PlayerSeated { .. } => "player_seated",
        Event::SeatLeft { .. } => "seat_left",
        Event::MovePlayed { .. } => "move_played",
        Event::Resigned { .. } => "resigned",
        Event::DrawOffered { .. } => "draw_offered",
        Event::DrawDeclined { .. } => "draw_declined",
        Event::DrawAgreed { .. } => "draw_agreed",
        Event::Abandoned { .. } => "abandoned",
        Event::RematchCreated { .. } => "rematch_created",
    }
}

/// The number of the shape in which an event of a game with these rules is stored.
pub fn schema(rules: &Rules) -> i16 {
    match rules.forms().chance {
        true => SCHEMA_OF_CHANCE,
        false => SCHEMA,
    }
}

/// An event's `data` as it is stored.
pub fn stored(rules: &Rules, entry: &Entry) -> Value {
    let mut data = data(rules, &entry.event);
    luck::write(&entry.luck, &mut data);
    data
}

/// What of an event's `data` has nothing to do with chance, in the newest shape.
pub fn data(rules: &Rules, event: &Event) -> Value {
    let name = |seat: &Seat| rules.seat_name(*seat);
    match event {
        Event::GameCreated(creation) => created(rules, creation),
        Event::PlayerSeated { seat, player } => json!({"seat": name(seat), "playerId": player}),
        Event::MovePlayed {
            seat,
            played,
            result: None,
        } => json!({"seat": name(seat), "move": played}),
        Event::MovePlayed {
            seat,
            played,
            result: Some(result),
        } => json!({"seat": name(seat), "move": played, "result": outcome(rules, result)}),
        Event::Resigned { seat, result } => {
            let result = result.as_ref().map(|result| outcome(rules, result));
            json!({"seat": name(seat), "result": result})
        }
        Event::DrawAgreed { seat, result } => {
            json!({"seat": name(seat), "result": outcome(rules, result)})
        }
        Event::SeatLeft { seat } | Event::DrawOffered { seat } | Event::DrawDeclined { seat } => {
            json!({"seat": name(seat)})
        }
        Event::Abandoned { result } => json!({"result": outcome(rules, result)}),
        Event::RematchCreated { game } => json!({"gameId": game}),
    }
}

fn created(rules: &Rules, creation: &Creation) -> Value {
    let mut data = json!({
        "variant": rules.id.variant,
        "options": creation.options,
        "seats": seated(rules, &creation.seats),
        "visibility": visibility_name(creation.visibility),
        "opponent": opponent_name(creation.opponent),
    });
    let holders = holders(rules, &creation.seats);
    if !holders.is_empty() {
        data["holders"] = Value::Object(holders);
    }
    data
}

/// Each seat's name with the player who holds it, or null.
pub fn seated(rules: &Rules, seats: &Seats<Holder>) -> Map<String, Value> {
    let named = |(seat, holder): (Seat, &Holder)| {
        (rules.seat_name(seat).to_owned(), json!(holder.player()))
    };
    seats.iter().map(named).collect()
}

/// The names of the seats whose holder is no player, each with what it waits for.
pub fn holders(rules: &Rules, seats: &Seats<Holder>) -> Map<String, Value> {
    let kept = |(seat, holder): (Seat, &Holder)| match holder {
        Holder::Kept(player) => Some((rules.seat_name(seat).to_owned(), json!({"kept": player}))),
        Holder::Open | Holder::Player(_) => None,
    };
    seats.iter().filter_map(kept).collect()
}

/// The outcome of a game, as it is stored.
pub fn outcome(rules: &Rules, outcome: &Outcome) -> Value {
    let mut fields = outcome.detail.clone();
    let kind = match outcome.kind {
        OutcomeKind::Win => "win",
        OutcomeKind::Draw => "draw",
        OutcomeKind::None => "none",
    };
    fields.insert("outcome".into(), kind.into());
    fields.insert("by".into(), outcome.by.as_str().into());
    if let Some(winner) = outcome.winners.only() {
        fields.insert("winner".into(), rules.seat_name(winner).into());
    } else if !outcome.winners.is_empty() {
        let names = outcome.winners.iter().map(|seat| rules.seat_name(seat));
        fields.insert("winners".into(), names.collect());
    }
    Value::Object(fields)
}

/// The name of a visibility in the log and the API.
pub fn visibility_name(visibility: Visibility) -> &'static str {
    match visibility {
        Visibility::Unlisted => "unlisted",
        Visibility::Private => "private",
    }
}

/// The name of an opponent in the log and the API.
pub fn opponent_name(opponent: Opponent) -> &'static str {
    match opponent {
        Opponent::Invite => "invite",
        Opponent::Oneself => "self",
    }
}

/// The rules that `id` names.
///
/// # Errors
/// [`RecordError::UnknownRules`].
pub fn rules<'a>(book: &'a Rulebook, id: &RulesId) -> Result<&'a Rules, RecordError> {
    book.find(id)
        .ok_or_else(|| RecordError::UnknownRules(id.clone()))
}

/// The event that is stored as `kind`, `schema` and `data`, by the rules of its game.
///
/// # Errors
/// Fails if this release cannot read it.
pub fn event(rules: &Rules, kind: &str, schema: i16, data: &Value) -> Result<Event, RecordError> {
    let data = lift(kind, schema, data)?;
    let fields = Fields { rules, data };
    Ok(match kind {
        "game_created" => Event::GameCreated(fields.creation()?),
        "player_seated" => Event::PlayerSeated {
            seat: fields.seat()?,
            player: fields.parsed("playerId")?,
        },
        "seat_left" => Event::SeatLeft {
            seat: fields.seat()?,
        },
        "move_played" => Event::MovePlayed {
            seat: fields.seat()?,
            played: fields.played()?,
            result: fields.result_if_any()?,
        },
        "resigned" => Event::Resigned {
            seat: fields.seat()?,
            result: fields.result_if_any()?,
        },
        "draw_offered" => Event::DrawOffered {
            seat: fields.seat()?,
        },
        "draw_declined" => Event::DrawDeclined {
            seat: fields.seat()?,
        },
        "draw_agreed" => Event::DrawAgreed {
            seat: fields.seat()?,
            result: fields.result()?,
        },
        "abandoned" => Event::Abandoned {
            result: fields.result()?,
        },
        "rematch_created" => Event::RematchCreated {
            game: fields.parsed("gameId")?,
        },
        _ => {
            return Err(RecordError::UnknownShape {
                kind: kind.to_owned(),
                schema,
            });
        }
    })
}

/// Converts `data` of an older schema to the newest one.
fn lift<'a>(kind: &str, schema: i16, data: &'a Value) -> Result<Cow<'a, Value>, RecordError> {
    match schema {
        SCHEMA | SCHEMA_OF_CHANCE => Ok(Cow::Borrowed(data)),
        _ => Err(RecordError::UnknownShape {
            kind: kind.to_owned(),
            schema,
        }),
    }
}

/// The fields of an event's `data`.
struct Fields<'a> {
    rules: &'a Rules,
    data: Cow<'a, Value>,
}

impl Fields<'_> {
    fn value(&self, name: &str) -> Result<&Value, RecordError> {
        self.data
            .get(name)
            .ok_or_else(|| RecordError::Value(format!("event data lacks {name}")))
    }

    fn text(&self, name: &str) -> Result<&str, RecordError> {
        self.value(name)?
            .as_str()
            .ok_or_else(|| RecordError::Value(format!("event data: {name} is not a text")))
    }

    fn parsed<T: std::str::FromStr>(&self, name: &str) -> Result<T, RecordError> {
        self.text(name)?
            .parse()
            .map_err(|_| RecordError::Value(format!("event data: {name} is not an id")))
    }

    fn seat(&self) -> Result<Seat, RecordError> {
        self.seat_called("seat", self.text("seat")?)
    }

    fn seat_called(&self, field: &str, name: &str) -> Result<Seat, RecordError> {
        self.rules
            .seat_called(name)
            .ok_or_else(|| RecordError::Value(format!("event data: {field} {name:?} is no seat")))
    }

    fn played(&self) -> Result<Json, RecordError> {
        self.rules
            .read_move(self.value("move")?)
            .map_err(|error| match self.rules.forms().hidden {
                // What is wrong with it may tell what it is, and this is for logs.
                true => RecordError::Value("event data: move has another form".into()),
                false => form(error),
            })
    }

    fn creation(&self) -> Result<Creation, RecordError> {
        let nothing = Map::new();
        let options = self.value("options")?.as_object().unwrap_or(&nothing);
        let options = self.rules.read_options(options).map_err(form)?;
        let mut seats = Seats::all(self.rules.seat_count(&options), Holder::Open);
        for seat in Seat::first(seats.count()) {
            seats[seat] = self.holder(self.rules.seat_name(seat))?;
        }
        Ok(Creation {
            options,
            seats,
            visibility: match self.text("visibility")? {
                "unlisted" => Visibility::Unlisted,
                "private" => Visibility::Private,
                other => return Err(RecordError::Value(format!("visibility {other:?}"))),
            },
            opponent: match self.text("opponent")? {
                "invite" => Opponent::Invite,
                "self" => Opponent::Oneself,
                other => return Err(RecordError::Value(format!("opponent {other:?}"))),
            },
        })
    }

    fn holder(&self, seat: &str) -> Result<Holder, RecordError> {
        let player = |value: &Value| {
            let id = value.as_str().and_then(|id| id.parse().ok());
            id.ok_or_else(|| {
                RecordError::Value(format!("event data: seat holder {value} is not an id"))
            })
        };
        let held = self.value("seats")?.get(seat).filter(|id| !id.is_null());
        if let Some(held) = held {
            return player(held).map(Holder::Player);
        }
        match self.data.get("holders").and_then(|all| all.get(seat)) {
            None => Ok(Holder::Open),
            Some(holder) => match holder.get("kept") {
                Some(kept) => player(kept).map(Holder::Kept),
                None => Err(RecordError::Value(format!(
                    "event data: holder {holder} is unknown to this release"
                ))),
            },
        }
    }

    fn result_if_any(&self) -> Result<Option<Outcome>, RecordError> {
        match self.data.get("result") {
            None | Some(Value::Null) => Ok(None),
            Some(_) => self.result().map(Some),
        }
    }

    fn result(&self) -> Result<Outcome, RecordError> {
        let unknown = || RecordError::Value("event data: result is of no known form".into());
        let result = self.value("result")?.as_object();
        let mut detail = result.cloned().ok_or_else(unknown)?;
        let kind = match detail.remove("outcome").as_ref().and_then(Value::as_str) {
            Some("win") => OutcomeKind::Win,
            Some("draw") => OutcomeKind::Draw,
            Some("none") => OutcomeKind::None,
            _ => return Err(unknown()),
        };
        let by = detail.remove("by");
        let by = by.as_ref().and_then(Value::as_str).ok_or_else(unknown)?;
        let one = detail.remove("winner").into_iter();
        let several = match detail.remove("winners") {
            Some(Value::Array(names)) => names,
            _ => Vec::new(),
        };
        let winners: SeatSet = one
            .chain(several)
            .map(|name| self.seat_called("winner", name.as_str().unwrap_or_default()))
            .collect::<Result<_, _>>()?;
        match (kind, winners.is_empty()) {
            (OutcomeKind::Win, true) | (OutcomeKind::Draw | OutcomeKind::None, false) => {
                Err(unknown())
            }
            _ => Ok(Outcome {
                kind,
                winners,
                by: SmolStr::new(by),
                detail,
            }),
        }
    }
}

fn form(error: FormError) -> RecordError {
    RecordError::Value(error.to_string())
}
