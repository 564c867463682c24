//! Events to record, and writers to record them.

use std::sync::Arc;

use time::OffsetDateTime;
use tokio::sync::watch;
use turnkey::config::StageName;
use turnkey::game::{
    self, Event, GameId, Move, Opponent, Options, PlayerId, Rules, Seat, Variant, Visibility,
    variant::tic_tac_toe,
};
use turnkey::store::append::{self, Appender, NewEvent};
use turnkey::store::{Database, Recorded};
use uuid::Uuid;

pub fn stage() -> StageName {
    "dev".parse().unwrap()
}

pub fn rules() -> Rules {
    Rules::newest(Variant::TicTacToe)
}

pub fn player() -> PlayerId {
    PlayerId(Uuid::now_v7())
}

/// The first event of a new game.
pub fn created(player: PlayerId) -> NewEvent {
    let options = Options::TicTacToe(tic_tac_toe::Options {});
    let event = game::create(
        player,
        Seat::First,
        options,
        Visibility::Unlisted,
        Opponent::Oneself,
    );
    NewEvent {
        game_id: GameId(Uuid::now_v7()),
        version: 1,
        after_position: 0,
        stage: stage(),
        rules: rules(),
        event,
        actor: player,
        at: now(),
    }
}

/// `event` as what follows `last`.
pub fn following(last: &Recorded, event: Event) -> NewEvent {
    NewEvent {
        game_id: last.game_id,
        version: last.version + 1,
        after_position: last.position,
        stage: last.stage.clone(),
        rules: last.rules,
        event,
        actor: last.actor,
        at: now(),
    }
}

pub fn played(cell: i64) -> Event {
    let played = Move::TicTacToe(tic_tac_toe::Move(cell));
    Event::MovePlayed {
        seat: Seat::First,
        played,
        result: None,
    }
}

/// A running writer, and the count of its batches.
pub fn writer(database: &Database) -> (Appender, watch::Receiver<u64>) {
    let (committed, batches) = watch::channel(0);
    let (appender, writer) = append::writer(database, committed);
    tokio::spawn(writer.run());
    (appender, batches)
}

/// A game of one event.
pub async fn new_game(appender: &Appender) -> Arc<Recorded> {
    appender.append(created(player())).await.unwrap()
}

/// To the microsecond, as it is stored.
fn now() -> OffsetDateTime {
    let now = OffsetDateTime::now_utc();
    now.replace_microsecond(now.microsecond()).unwrap()
}
