//! Translates between stored events and the domain's events.
//!
//! A stored event stays readable for ever, so a stored shape is never edited. A new shape gets the next
//! `schema` number and an arm in [`lift`] that turns the old shape into it. The golden file of each
//! type and schema under `tests/golden/` stays as it is. Clients see the newest shape.

use serde_json::{Map, Value, json};

use crate::game::{
    Creation, DrawBy, Event, Opponent, Outcome, PlayerId, Rules, Seat, Seats, Variant, Visibility,
    WinBy,
};

/// The stored shape that this release writes.
pub const SCHEMA: i16 = 1;

/// Why a stored event cannot be read.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum CodecError {
    /// This release does not know the event type or its schema number.
    #[error("event type {kind:?} of schema {schema} is unknown to this release")]
    UnknownShape {
        /// The event type, as stored.
        kind: String,
        /// The number of its shape.
        schema: i16,
    },
    /// This release does not know the variant or the rules version.
    #[error("variant {variant:?} with rules {version} is unknown to this release")]
    UnknownRules {
        /// The variant, as stored.
        variant: String,
        /// The rules version.
        version: i16,
    },
    /// The data has another form than its schema says.
    #[error("{0}")]
    Value(String),
}

/// The name of an event's type.
pub fn kind(event: &Event) -> &'static str {
    match event {
        Event::GameCreated(_) => "game_created",
        Event::PlayerSeated { .. } => "player_seated",
        Event::MovePlayed { .. } => "move_played",
        Event::Resigned { .. } => "resigned",
        Event::DrawOffered { .. } => "draw_offered",
        Event::DrawDeclined { .. } => "draw_declined",
        Event::DrawAgreed { .. } => "draw_agreed",
        Event::Abandoned { .. } => "abandoned",
        Event::RematchCreated { .. } => "rematch_created",
    }
}

/// An event's `data`, in the newest shape.
pub fn data(rules: Rules, event: &Event) -> Value {
    let variant = rules.variant;
    let seat_name = |seat: &Seat| variant.seat_name(*seat);
    match event {
        Event::GameCreated(creation) => json!({
            "variant": variant.id(),
            "options": creation.options,
            "seats": seats(variant, &creation.seats),
            "visibility": visibility_name(creation.visibility),
            "opponent": opponent_name(creation.opponent),
        }),
        Event::PlayerSeated { seat, player } => {
            json!({"seat": seat_name(seat), "playerId": player})
        }
        Event::MovePlayed {
            seat,
            played,
            result: None,
        } => {
            json!({"seat": seat_name(seat), "move": played})
        }
        Event::MovePlayed {
            seat,
            played,
            result: Some(result),
        } => {
            json!({"seat": seat_name(seat), "move": played, "result": outcome(variant, result)})
        }
        Event::Resigned { seat, result } | Event::DrawAgreed { seat, result } => {
            json!({"seat": seat_name(seat), "result": outcome(variant, result)})
        }
        Event::DrawOffered { seat } | Event::DrawDeclined { seat } => {
            json!({"seat": seat_name(seat)})
        }
        Event::Abandoned { result } => json!({"result": outcome(variant, result)}),
        Event::RematchCreated { game } => json!({"gameId": game}),
    }
}

/// How a game ended, as it is stored and as clients see it.
pub fn outcome(variant: Variant, outcome: &Outcome) -> Value {
    let mut fields = Map::new();
    let by = match outcome {
        Outcome::Win { winner, by } => {
            fields.insert("outcome".into(), "win".into());
            fields.insert("winner".into(), variant.seat_name(*winner).into());
            match by {
                WinBy::Board(win) => json!(win),
                WinBy::Resignation => json!({"by": "resignation"}),
            }
        }
        Outcome::Draw { by } => {
            fields.insert("outcome".into(), "draw".into());
            match by {
                DrawBy::Board(draw) => json!(draw),
                DrawBy::Agreement => json!({"by": "agreement"}),
            }
        }
        Outcome::Abandoned => {
            fields.insert("outcome".into(), "none".into());
            json!({"by": "abandoned"})
        }
    };
    if let Value::Object(by) = by {
        fields.extend(by);
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

/// The rules that an event is under.
pub fn rules(variant: &str, version: i16) -> Result<Rules, CodecError> {
    let known = Variant::parse(variant).zip(u16::try_from(version).ok());
    known
        .and_then(|(variant, version)| Rules::known(variant, version))
        .ok_or_else(|| CodecError::UnknownRules {
            variant: variant.to_owned(),
            version,
        })
}

/// The event that is stored as `kind`, `schema` and `data`.
pub fn event(rules: Rules, kind: &str, schema: i16, data: Value) -> Result<Event, CodecError> {
    let fields = Fields {
        variant: rules.variant,
        data: lift(kind, schema, data)?,
    };
    Ok(match kind {
        "game_created" => Event::GameCreated(fields.creation()?),
        "player_seated" => Event::PlayerSeated {
            seat: fields.seat()?,
            player: fields.parsed("playerId")?,
        },
        "move_played" => Event::MovePlayed {
            seat: fields.seat()?,
            played: fields.played()?,
            result: fields
                .data
                .get("result")
                .map(|_| fields.result())
                .transpose()?,
        },
        "resigned" => Event::Resigned {
            seat: fields.seat()?,
            result: fields.result()?,
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
            return Err(CodecError::UnknownShape {
                kind: kind.to_owned(),
                schema,
            });
        }
    })
}

/// Turns `data` of an older schema into the newest one's.
fn lift(kind: &str, schema: i16, data: Value) -> Result<Value, CodecError> {
    match schema {
        SCHEMA => Ok(data),
        _ => Err(CodecError::UnknownShape {
            kind: kind.to_owned(),
            schema,
        }),
    }
}

fn seats(variant: Variant, seats: &Seats<Option<PlayerId>>) -> Value {
    seats
        .iter()
        .map(|(seat, player)| (variant.seat_name(seat).to_owned(), json!(player)))
        .collect()
}

/// The fields of an event's `data`.
struct Fields {
    variant: Variant,
    data: Value,
}

impl Fields {
    fn value(&self, name: &str) -> Result<&Value, CodecError> {
        self.data
            .get(name)
            .ok_or_else(|| CodecError::Value(format!("event data lacks {name}")))
    }

    fn text(&self, name: &str) -> Result<&str, CodecError> {
        self.value(name)?
            .as_str()
            .ok_or_else(|| CodecError::Value(format!("event data: {name} is not a text")))
    }

    fn parsed<T: std::str::FromStr>(&self, name: &str) -> Result<T, CodecError> {
        self.text(name)?
            .parse()
            .map_err(|_| CodecError::Value(format!("event data: {name} is not an id")))
    }

    fn seat(&self) -> Result<Seat, CodecError> {
        self.seat_called("seat", self.text("seat")?)
    }

    fn seat_called(&self, field: &str, name: &str) -> Result<Seat, CodecError> {
        self.variant
            .parse_seat(name)
            .ok_or_else(|| CodecError::Value(format!("event data: {field} {name:?} is no seat")))
    }

    fn played(&self) -> Result<crate::game::Move, CodecError> {
        self.variant.parse_move(self.value("move")?).map_err(form)
    }

    fn creation(&self) -> Result<Creation, CodecError> {
        let options = self
            .value("options")?
            .as_object()
            .cloned()
            .unwrap_or_default();
        let mut seats = Seats::default();
        for seat in Seat::ALL {
            let holder = self.value("seats")?.get(self.variant.seat_name(seat));
            seats[seat] = match holder.and_then(Value::as_str) {
                Some(id) => Some(id.parse().map_err(|_| {
                    CodecError::Value(format!("event data: seat holder {id:?} is not an id"))
                })?),
                None => None,
            };
        }
        Ok(Creation {
            options: self.variant.parse_options(&options).map_err(form)?,
            seats,
            visibility: match self.text("visibility")? {
                "unlisted" => Visibility::Unlisted,
                "private" => Visibility::Private,
                other => return Err(CodecError::Value(format!("visibility {other:?}"))),
            },
            opponent: match self.text("opponent")? {
                "invite" => Opponent::Invite,
                "self" => Opponent::Oneself,
                other => return Err(CodecError::Value(format!("opponent {other:?}"))),
            },
        })
    }

    fn result(&self) -> Result<Outcome, CodecError> {
        let mut fields = self
            .value("result")?
            .as_object()
            .cloned()
            .unwrap_or_default();
        let outcome = fields.remove("outcome");
        let winner = fields.remove("winner");
        let by = fields
            .get("by")
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned();
        match (outcome.as_ref().and_then(Value::as_str), by.as_str()) {
            (Some("win"), by) => {
                let winner = winner.as_ref().and_then(Value::as_str).unwrap_or_default();
                let winner = self.seat_called("winner", winner)?;
                let by = match by {
                    "resignation" => WinBy::Resignation,
                    _ => WinBy::Board(
                        self.variant
                            .parse_win(Value::Object(fields))
                            .map_err(form)?,
                    ),
                };
                Ok(Outcome::Win { winner, by })
            }
            (Some("draw"), "agreement") => Ok(Outcome::Draw {
                by: DrawBy::Agreement,
            }),
            (Some("draw"), _) => {
                let draw = self
                    .variant
                    .parse_draw(Value::Object(fields))
                    .map_err(form)?;
                Ok(Outcome::Draw {
                    by: DrawBy::Board(draw),
                })
            }
            (Some("none"), "abandoned") => Ok(Outcome::Abandoned),
            _ => Err(CodecError::Value(
                "event data: result is of no known form".into(),
            )),
        }
    }
}

fn form(error: crate::game::variant::FormError) -> CodecError {
    CodecError::Value(error.to_string())
}
