//! The shapes of answers, and how they are made from a game.
//!
//! What is shown is not what is stored: [`codec`] keeps the stored shape, and clients see what is
//! made here.

mod event;
mod variant;

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use serde_json::Value;
use smol_str::SmolStr;
use time::OffsetDateTime;
use time::format_description::BorrowedFormatItem;
use time::macros::format_description;
use utoipa::ToSchema;

use super::Sight;
use super::schema::{ResultView, seats_of_a_game};
use super::tokens::PlayerToken;
use crate::config::StageName;
use crate::game::{Game, GameId, PlayerId, Seed};
use crate::record::{History, codec};
use crate::rules::{Json, SeatSet, Viewer};
use crate::store::Names;

pub use event::{EventView, EventsView, event};
pub use variant::{VariantView, VariantsView, variant};

/// A game as of one of its versions.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Game)]
pub struct GameView {
    /// The game's id, a UUIDv7.
    #[schema(value_type = Uuid)]
    pub game_id: GameId,
    /// The stage in which the game was created.
    #[schema(value_type = String, example = "dev")]
    pub stage: StageName,
    /// The id of the game's variant.
    #[schema(value_type = String, example = "tic-tac-toe")]
    pub variant: SmolStr,
    /// The version of the variant's rules that this game keeps.
    #[schema(example = 1)]
    pub rules: u16,
    /// The chosen options of the variant.
    #[schema(value_type = HashMap<String, Value>)]
    pub options: Json,
    /// Who may watch the game: with `unlisted`, everyone who knows its id; with `private`, only its
    /// players.
    #[schema(example = "unlisted")]
    pub visibility: &'static str,
    /// The number of events this game is made of; every accepted command adds one.
    #[schema(minimum = 1)]
    pub version: u32,
    /// The game is `waiting` for its players, is `playing`, or is `finished`.
    #[schema(example = "playing")]
    pub status: &'static str,
    /// The position after the last move, in the form that `board` of `GET /variants` describes;
    /// null while a game of chance waits for its players. Where the variant hides something, it is
    /// what the caller may see.
    #[schema(required = true, example = json!({"rows": 3, "columns": 3, "cells": ["X", null, null, null, "O", null, null, null, null]}))]
    pub board: Value,
    /// The seats that may move, in the order of play; empty unless the game is playing.
    #[schema(value_type = Vec<String>, example = json!(["X"]))]
    pub to_move: Vec<&'static str>,
    /// The seat to move; null unless it is just one.
    #[schema(required = true, example = "X")]
    pub turn: Option<&'static str>,
    /// The moves open to the seat that `turn` names; empty where it names none, or where the
    /// variant does not list them. Where the variant hides something, the moves of the caller's
    /// own seat.
    #[schema(value_type = Vec<Value>, example = json!([0, 1, 2]))]
    pub legal_moves: Vec<Json>,
    /// The moves open to each seat that may move; only where several may, and where the variant
    /// lists them. Where it hides something, only the caller's own seat is there.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<HashMap<String, Vec<Value>>>, nullable = false)]
    pub legal_moves_by_seat: Option<BySeat<Vec<Json>>>,
    /// The last move; null until there is one.
    #[schema(required = true)]
    pub last_move: Option<LastMoveView>,
    /// Each seat's name with its player; null where the seat is open.
    #[schema(schema_with = seats_of_a_game)]
    pub seats: SeatsView,
    /// The names of the seats, in the order of play.
    #[schema(value_type = Vec<String>, example = json!(["X", "O"]))]
    pub seat_order: Vec<&'static str>,
    /// How the game ended; null until then.
    #[schema(value_type = Option<ResultView>, required = true)]
    pub result: Option<Value>,
    /// The seat whose draw offer stands, the first of them where there are several; null if none
    /// does.
    #[schema(required = true, example = "O")]
    pub draw_offered_by: Option<&'static str>,
    /// The seats whose draw offer stands, in the order of play.
    #[schema(value_type = Vec<String>, example = json!(["O"]))]
    pub draw_offers: Vec<&'static str>,
    /// Null in this release.
    #[schema(required = true)]
    pub turn_seconds: Option<u32>,
    /// Null in this release.
    #[schema(value_type = Option<String>, format = DateTime, required = true)]
    pub turn_deadline: Option<Timestamp>,
    /// The next game between the same players; null until there is one.
    #[schema(value_type = Option<Uuid>, required = true)]
    pub rematch: Option<GameId>,
    /// What binds the server to its random numbers; absent where the variant has no chance.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub chance: Option<ChanceView>,
    /// The seats that the caller holds; absent if the call bears no player token.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Vec<String>>, nullable = false)]
    pub your_seats: Option<Vec<&'static str>>,
    /// The code by which other players join. Shown only while the game is waiting, and only to
    /// a caller who has a seat in it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "K7QM-PD3X")]
    pub invite: Option<String>,
    /// The time of the game's first event.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    /// The time of the event that made this version.
    #[schema(value_type = String, format = DateTime)]
    pub updated_at: Timestamp,
    /// Whose view of the version this is.
    #[serde(skip)]
    pub seen_by: SeenBy,
}

/// Whose view of a version this is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SeenBy {
    /// A view that shows only what anybody may see while the game runs.
    Anybody,
    /// The view of the seat with this name, where the variant hides something.
    Seat(&'static str),
    /// The view of a game that is over, where the variant hid something.
    Afterwards,
}

/// What binds the server to the random numbers of a game.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Chance)]
pub struct ChanceView {
    /// The SHA-256 of the game's seed, in hexadecimal digits.
    #[schema(value_type = String, min_length = 64, max_length = 64)]
    pub commitment: String,
    /// The seed, 32 bytes in hexadecimal digits; null until the game is over. All random numbers of
    /// the game follow from it and the players' `entropy`.
    #[schema(required = true, min_length = 64, max_length = 64)]
    pub seed: Option<String>,
}

/// The last move of a game.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = LastMove)]
pub struct LastMoveView {
    /// The seat that moved.
    #[schema(example = "O")]
    pub seat: &'static str,
    /// The move, in the form of the game's variant; null where it is hidden from the caller.
    #[serde(rename = "move")]
    #[schema(value_type = Value, example = 4)]
    pub played: Option<Value>,
}

/// The player who holds a seat.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = SeatHolder)]
pub struct SeatView {
    /// The player's id, a UUIDv7.
    #[schema(value_type = Uuid)]
    pub player_id: PlayerId,
    /// The player's name; null if they gave none or are deleted.
    #[schema(required = true, example = "Ann")]
    pub name: Option<String>,
    /// The kind of player. In this release always `human`.
    #[schema(example = "human")]
    pub kind: &'static str,
}

/// Each seat's name with its player, in the order of play; `None` for an open seat.
pub type SeatsView = BySeat<Option<SeatView>>;

/// Some seats' names, each with a value, in the order of play.
#[derive(Clone, Debug)]
pub struct BySeat<T>(pub Vec<(&'static str, T)>);

/// A seat in a game, taken by this call.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Created)]
pub struct CreatedView {
    /// The game in which the caller has the seat.
    pub game: GameView,
    /// The caller's seat.
    #[schema(example = "X")]
    pub seat: &'static str,
    /// The code by which other players join; only if a seat is open.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "K7QM-PD3X")]
    pub invite: Option<String>,
    /// The new player; only if the call bore no player token. Keep `token`: it is shown only here.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub player: Option<NewPlayerView>,
}

/// A player with their token.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = NewPlayer)]
pub struct NewPlayerView {
    /// The player's id, a UUIDv7.
    #[schema(value_type = Uuid)]
    pub player_id: PlayerId,
    /// The player's name; null if they gave none.
    #[schema(required = true, example = "Ann")]
    pub name: Option<String>,
    /// The player's token, to be sent as `Authorization: Bearer …`.
    #[schema(value_type = String)]
    pub token: PlayerToken,
}

/// A player.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Player)]
pub struct PlayerView {
    /// The player's id, a UUIDv7.
    #[schema(value_type = Uuid)]
    pub player_id: PlayerId,
    /// The player's name; null if they gave none.
    #[schema(required = true, example = "Ann")]
    pub name: Option<String>,
}

/// A page of the caller's games.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Games)]
pub struct GamesView {
    /// The games. Those where it is the caller's turn come first, then the last changed.
    pub games: Vec<GameView>,
    /// The `cursor` of the next page; null on the last page.
    #[schema(required = true)]
    pub next: Option<String>,
}

/// A time as clients see it: RFC 3339, UTC, milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timestamp(pub OffsetDateTime);

const TIMESTAMP: &[BorrowedFormatItem<'static>] =
    format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]Z");

/// The game of `history` as far as `sight` goes, without `yourSeats` and `invite`.
pub fn game(history: &History, names: &Names, sight: Sight) -> GameView {
    let game = history.game();
    let seat_names = |seats: SeatSet| names_of(game, seats);
    let board = game.position.as_ref();
    let turn = game.turn.to_move.only();
    // Where something is hidden, so are the moves that another seat could make.
    let listed = match sight {
        Sight::Of(Viewer::Seat(own)) => Some(own),
        Sight::Open | Sight::Of(Viewer::Spectator | Viewer::Afterwards) => turn,
    };
    let draw_offers = seat_names(game.draws.standing);
    let result = game.result.as_ref();
    GameView {
        game_id: history.game_id(),
        stage: history.stage().clone(),
        variant: game.rules.id.variant.clone(),
        rules: game.rules.id.version,
        options: game.options.clone(),
        visibility: codec::visibility_name(game.visibility),
        version: history.version(),
        status: game.status().name(),
        board: board.map_or(Value::Null, |board| game.rules.show(board, sight.viewer())),
        to_move: seat_names(game.turn.to_move),
        turn: turn.map(|seat| game.rules.seat_name(seat)),
        legal_moves: listed
            .filter(|seat| sight.lists_moves_of(*seat))
            .and_then(|seat| game.legal_moves(seat))
            .unwrap_or_default(),
        legal_moves_by_seat: legal_moves_by_seat(game, sight),
        last_move: game.last_move.as_ref().map(|last| LastMoveView {
            seat: game.rules.seat_name(last.seat),
            played: sight.of_move(&game.rules, board, last.seat, &last.played),
        }),
        seats: seats(game, names),
        seat_order: seat_names(game.seats.which(|_| true)),
        result: result.map(|result| event::outcome(&game.rules, result)),
        draw_offered_by: draw_offers.first().copied(),
        draw_offers,
        turn_seconds: None,
        turn_deadline: None,
        rematch: game.rematch,
        chance: chance(history),
        your_seats: None,
        invite: None,
        created_at: Timestamp(history.created_at()),
        updated_at: Timestamp(history.updated_at()),
        seen_by: match sight {
            Sight::Open | Sight::Of(Viewer::Spectator) => SeenBy::Anybody,
            Sight::Of(Viewer::Seat(seat)) => SeenBy::Seat(game.rules.seat_name(seat)),
            Sight::Of(Viewer::Afterwards) => SeenBy::Afterwards,
        },
    }
}

fn chance(history: &History) -> Option<ChanceView> {
    let promise = history.first().entry.luck.promise.as_ref()?;
    let is_over = history.game().result.is_some();
    let newest_first = history.events().iter().rev().filter(|_| is_over);
    let mut seeds = newest_first.filter_map(|recorded| recorded.entry.luck.seed.as_ref());
    Some(ChanceView {
        commitment: promise.commitment.to_string(),
        seed: seeds.next().map(Seed::to_hex),
    })
}

/// The names of the seats that `player` holds.
pub fn seats_of(game: &Game, player: PlayerId) -> Vec<&'static str> {
    names_of(game, game.seats_of(player))
}

fn names_of(game: &Game, seats: SeatSet) -> Vec<&'static str> {
    let names = seats.iter().map(|seat| game.rules.seat_name(seat));
    names.collect()
}

/// `None` unless several seats may move, and the rules list their moves.
fn legal_moves_by_seat(game: &Game, sight: Sight) -> Option<BySeat<Vec<Json>>> {
    let to_move = game.turn.to_move;
    if to_move.len() < 2 {
        return None;
    }
    let seats = to_move.iter().filter(|seat| sight.lists_moves_of(*seat));
    let listed = seats.map(|seat| {
        let moves = game.legal_moves(seat)?;
        Some((game.rules.seat_name(seat), moves))
    });
    let listed: Vec<_> = listed.collect::<Option<_>>()?;
    (!listed.is_empty()).then_some(BySeat(listed))
}

fn seats(game: &Game, names: &Names) -> SeatsView {
    let holder = |player: PlayerId| SeatView {
        player_id: player,
        name: names.get(&player).cloned().flatten(),
        kind: "human",
    };
    let seats = game.seats.iter().map(|(seat, held)| {
        let name = game.rules.seat_name(seat);
        (name, held.player().map(holder))
    });
    BySeat(seats.collect())
}

impl<T: Serialize> Serialize for BySeat<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (name, value) in &self.0 {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let utc = self.0.to_offset(time::UtcOffset::UTC);
        let text = utc.format(TIMESTAMP).map_err(serde::ser::Error::custom)?;
        serializer.serialize_str(&text)
    }
}
