//! Databases as they are long after they were played on.

use tokio_postgres::Client;

/// Everything that is projected happened a hundred days earlier.
pub const AGE: &str = "update event set at = at - interval '100 days';
    update board set created_at = created_at - interval '100 days',
                     updated_at = updated_at - interval '100 days';
    update my_game set updated_at = updated_at - interval '100 days'";

/// Every event, column by column, as Postgres prints it.
pub async fn events(client: &Client) -> Vec<String> {
    let events = "select event::text from event order by position";
    texts(client, events).await
}

/// Every row that is derived from the events of games.
pub async fn rows(client: &Client) -> Vec<String> {
    let rows = "select board::text from board
                union all select my_game::text from my_game order by 1";
    texts(client, rows).await
}

async fn texts(client: &Client, statement: &str) -> Vec<String> {
    let rows = client.query(statement, &[]).await.unwrap();
    rows.iter().map(|row| row.get(0)).collect()
}
