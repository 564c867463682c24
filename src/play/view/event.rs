//! Events as clients see them.
//!
//! What is shown of an event is a closed list of fields for each type. The stored shape may hold
//! more.

use serde::Serialize;
use serde_json::{Map, Value, json};
use utoipa::ToSchema;

use super::Timestamp;
use crate::game::{Creation, Event, GameId, Holder, Luck, Outcome, OutcomeKind};
use crate::play::Sight;
use crate::play::schema::EventDataView;
use crate::record::{Recorded, codec};
use crate::rules::{Position, Rules, Seat};

/// One event of a game. Every accepted command makes one.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Event)]
pub struct EventView {
    /// The game that the event belongs to.
    #[schema(value_type = Uuid)]
    pub game_id: GameId,
    /// The version of the game that this event made.
    #[schema(minimum = 1)]
    pub version: u32,
    /// The type of the event. It decides which members `data` has.
    #[serde(rename = "type")]
    #[schema(example = "move_played")]
    pub kind: &'static str,
    /// The members that this type of event has.
    #[schema(value_type = EventDataView)]
    pub data: Value,
    /// The time at which the command was accepted.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// The version of the variant's rules that the game keeps.
    #[schema(example = 1)]
    pub rules: u16,
}

/// A page of a game's events.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Events)]
pub struct EventsView {
    /// The events, in order of their versions.
    pub events: Vec<EventView>,
    /// The game's current version. It can be later than the last event on the page.
    #[schema(minimum = 1)]
    pub version: u32,
}

/// The event that has led to `position`, as far as `sight` goes. Where nothing is hidden, the
/// position is not looked at.
pub fn event(recorded: &Recorded, position: Option<&Position>, sight: Sight) -> EventView {
    let event = &recorded.entry.event;
    let mut data = data(&recorded.rules, event, position, sight);
    add_luck(&recorded.entry.luck, &mut data);
    EventView {
        game_id: recorded.game_id,
        version: recorded.version,
        kind: codec::kind(event),
        data,
        at: Timestamp(recorded.entry.at),
        rules: recorded.rules.id.version,
    }
}

/// Adds what everybody sees of the chance in an event.
fn add_luck(luck: &Luck, data: &mut Value) {
    let Luck {
        draws: _,
        entropy,
        promise,
        seed,
    } = luck;
    if let Some(entropy) = entropy {
        data["entropy"] = entropy.as_str().into();
    }
    if let Some(promise) = promise {
        data["commitment"] = promise.commitment.to_string().into();
    }
    if let Some(seed) = seed {
        data["seed"] = seed.to_hex().into();
    }
}

fn data(rules: &Rules, event: &Event, position: Option<&Position>, sight: Sight) -> Value {
    let name = |seat: &Seat| rules.seat_name(*seat);
    let result = |result: &Outcome| outcome(rules, result);
    match event {
        Event::GameCreated(creation) => created(rules, creation),
        Event::PlayerSeated { seat, player } => json!({"seat": name(seat), "playerId": player}),
        Event::MovePlayed {
            seat,
            played,
            result: ending,
        } => {
            let seen = sight.of_move(rules, position, *seat, played);
            let mut data = json!({"seat": name(seat), "move": seen});
            if let Some(ending) = ending {
                data["result"] = result(ending);
            }
            data
        }
        Event::Resigned {
            seat,
            result: ending,
        } => json!({"seat": name(seat), "result": ending.as_ref().map(result)}),
        Event::DrawAgreed {
            seat,
            result: ending,
        } => json!({"seat": name(seat), "result": result(ending)}),
        Event::SeatLeft { seat } | Event::DrawOffered { seat } | Event::DrawDeclined { seat } => {
            json!({"seat": name(seat)})
        }
        Event::Abandoned { result: ending } => json!({"result": result(ending)}),
        Event::RematchCreated { game } => json!({"gameId": game}),
    }
}

fn created(rules: &Rules, creation: &Creation) -> Value {
    let name = |seat: Seat| rules.seat_name(seat).to_owned();
    let seats = || creation.seats.iter();
    let held: Map<String, Value> = seats()
        .map(|(seat, holder)| (name(seat), json!(holder.player())))
        .collect();
    let kept = |(seat, holder): (Seat, &Holder)| match holder {
        Holder::Kept(player) => Some((name(seat), json!({"kept": player}))),
        Holder::Open | Holder::Player(_) => None,
    };
    let holders: Map<String, Value> = seats().filter_map(kept).collect();
    let mut data = json!({
        "variant": rules.id.variant,
        "options": creation.options,
        "seats": held,
        "visibility": codec::visibility_name(creation.visibility),
        "opponent": codec::opponent_name(creation.opponent),
        "seatOrder": seats().map(|(seat, _)| name(seat)).collect::<Vec<_>>(),
    });
    if !holders.is_empty() {
        data["holders"] = Value::Object(holders);
    }
    data
}

/// How a game ended, as clients see it.
pub(super) fn outcome(rules: &Rules, outcome: &Outcome) -> Value {
    let mut fields: Map<String, Value> = outcome.detail.clone();
    let kind = match outcome.kind {
        OutcomeKind::Win => "win",
        OutcomeKind::Draw => "draw",
        OutcomeKind::None => "none",
    };
    fields.insert("outcome".into(), kind.into());
    fields.insert("by".into(), outcome.by.as_str().into());
    if !outcome.winners.is_empty() {
        let names = outcome.winners.iter().map(|seat| rules.seat_name(seat));
        fields.insert("winners".into(), names.collect());
    }
    if let Some(winner) = outcome.winners.only() {
        fields.insert("winner".into(), rules.seat_name(winner).into());
    }
    Value::Object(fields)
}
