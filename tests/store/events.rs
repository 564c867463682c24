//! Events to record, and writers to record them.

use time::OffsetDateTime;
use tokio::sync::watch;
use turnkey::config::StageName;
use turnkey::game::{
    Actor, Creation, Entry, Event, GameId, Holder, Luck, Opponent, PlayerId, Seats, Visibility,
};
use turnkey::record::Recorded;
use turnkey::rules::{Json, Rulebook, Rules, Seat};
use turnkey::store::append::{self, AppendError, Appender, NewEvent};
use turnkey::store::{Database, StoredEvent};
use uuid::Uuid;

pub fn stage() -> StageName {
    "dev".parse().unwrap()
}

fn rules() -> Rules {
    Rulebook::built_in().newest("tic-tac-toe").unwrap().clone()
}

pub fn player() -> PlayerId {
    PlayerId(Uuid::now_v7())
}

/// The first event of a new game.
pub fn created(player: PlayerId) -> NewEvent {
    let creation = Creation {
        options: Json::empty_object(),
        seats: Seats::all(2, Holder::Player(player)),
        visibility: Visibility::Unlisted,
        opponent: Opponent::Oneself,
    };
    let first = Recorded {
        position: 0,
        game_id: GameId(Uuid::now_v7()),
        version: 1,
        stage: stage(),
        rules: rules(),
        entry: Entry {
            event: Event::GameCreated(creation),
            at: now(),
            actor: Actor::Player(player),
            luck: Luck::default(),
        },
    };
    NewEvent {
        row: first.row(),
        after_position: 0,
    }
}

/// `event` as what follows `last`.
pub fn following(last: &StoredEvent, event: Event) -> NewEvent {
    let mut next = Recorded::read(&Rulebook::built_in(), last.clone()).unwrap();
    next.version += 1;
    next.entry.event = event;
    next.entry.at = now();
    NewEvent {
        row: next.row(),
        after_position: last.position,
    }
}

pub fn played(cell: i64) -> Event {
    Event::MovePlayed {
        seat: Seat::FIRST,
        played: Json::of(&cell),
        result: None,
    }
}

/// Records `event`; how it stands in the log then.
pub async fn append(appender: &Appender, event: NewEvent) -> Result<StoredEvent, AppendError> {
    let row = event.row.clone();
    let position = appender.append(event).await?;
    Ok(StoredEvent { position, row })
}

/// A running writer, and the count of its batches.
pub fn writer(database: &Database) -> (Appender, watch::Receiver<u64>) {
    let (committed, batches) = watch::channel(0);
    let (appender, writer) = append::writer(database, committed);
    tokio::spawn(writer.run());
    (appender, batches)
}

/// A game of one event.
pub async fn new_game(appender: &Appender) -> StoredEvent {
    append(appender, created(player())).await.unwrap()
}

/// To the microsecond, as it is stored.
fn now() -> OffsetDateTime {
    let now = OffsetDateTime::now_utc();
    now.replace_microsecond(now.microsecond()).unwrap()
}
