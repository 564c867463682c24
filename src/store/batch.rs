//! The statements of the append writer: one inserts events, the other reads the event at a place.

use std::collections::HashMap;

use serde_json::Value;
use time::OffsetDateTime;
use tokio_postgres::{Client, Statement};
use uuid::Uuid;

use super::append::NewEvent;
use super::{StoreError, StoredEvent, event, sql};
use crate::game::GameId;

pub(super) struct Prepared {
    append: Statement,
    read_at: Statement,
    pub(super) terminate_blocker: Statement,
}

pub(super) async fn prepare(client: &Client) -> Result<Prepared, StoreError> {
    Ok(Prepared {
        append: client.prepare(sql::append_events).await?,
        read_at: client.prepare(sql::read_recorded_at).await?,
        terminate_blocker: client.prepare(sql::terminate_append_blocker).await?,
    })
}

/// Inserts `events`. Returns the positions of the inserted ones, by game and version.
pub(super) async fn insert(
    client: &Client,
    prepared: &Prepared,
    events: &[&NewEvent],
) -> Result<HashMap<(GameId, u32), i64>, tokio_postgres::Error> {
    let columns = Columns::of(events);
    let rows = client
        .query(
            &prepared.append,
            &[
                &columns.game_id,
                &columns.version,
                &columns.after_position,
                &columns.stage,
                &columns.variant,
                &columns.rules,
                &columns.kind,
                &columns.schema,
                &columns.data,
                &columns.actor,
                &columns.at,
            ],
        )
        .await?;
    Ok(rows
        .iter()
        .map(|row| {
            let version = u32::try_from(row.get::<_, i32>("version")).unwrap_or_default();
            ((GameId(row.get("game_id")), version), row.get("position"))
        })
        .collect())
}

/// The event that is stored at the place of `event`.
pub(super) async fn read_at(
    client: &Client,
    prepared: &Prepared,
    event: &NewEvent,
) -> Result<Option<StoredEvent>, StoreError> {
    let version = stored_version(event.row.version);
    let row = client
        .query_opt(&prepared.read_at, &[&event.row.game_id.0, &version])
        .await?;
    row.as_ref().map(event::stored).transpose()
}

/// Versions begin at 1, and the code that receives them checks that they are at most 2147483647.
pub(super) fn stored_version(version: u32) -> i32 {
    i32::try_from(version).unwrap_or(i32::MAX)
}

#[derive(Default)]
struct Columns<'a> {
    game_id: Vec<Uuid>,
    version: Vec<i32>,
    after_position: Vec<i64>,
    stage: Vec<&'a str>,
    variant: Vec<&'a str>,
    rules: Vec<i16>,
    kind: Vec<&'a str>,
    schema: Vec<i16>,
    data: Vec<&'a Value>,
    actor: Vec<Uuid>,
    at: Vec<OffsetDateTime>,
}

impl<'a> Columns<'a> {
    fn of(events: &[&'a NewEvent]) -> Columns<'a> {
        let mut columns = Columns::default();
        for NewEvent {
            row,
            after_position,
        } in events
        {
            columns.game_id.push(row.game_id.0);
            columns.version.push(stored_version(row.version));
            columns.after_position.push(*after_position);
            columns.stage.push(row.stage.as_str());
            columns.variant.push(row.rules.variant.as_str());
            columns
                .rules
                .push(i16::try_from(row.rules.version).unwrap_or(i16::MAX));
            columns.kind.push(row.kind.as_str());
            columns.schema.push(row.schema);
            columns.data.push(&row.data);
            columns.actor.push(row.actor);
            columns.at.push(row.at);
        }
        columns
    }
}
