//! A database with one or more instances of play on it, and people who play.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use turnkey::config::StageName;
use turnkey::game::PlayerId;
use turnkey::play::view::{CreatedView, GameView};
use turnkey::play::{
    Answer, Caller, CreateGame, JoinGame, MakeMove, Play, PlayError, RequestKey, Tokens,
};
use turnkey::projection::{self, Step};
use turnkey::rules::Rulebook;
use turnkey::seals::Seals;
use turnkey::store::projection::{ProjectionName, Session};
use turnkey::store::{Database, Store, append};
use uuid::Uuid;

use crate::support::{postgres, upkeep};

pub const SECRET: &[u8] = b"a secret of the tests, long enough";

pub struct World {
    pub database: Database,
    pub play: Play,
    /// Where it is not the built-in one.
    rulebook: Option<Rulebook>,
    is_meddled_with: AtomicBool,
}

/// A game between Ann, who plays X, and Bob.
pub struct Table {
    pub game_id: String,
    pub ann: Caller,
    pub bob: Caller,
}

impl World {
    pub async fn new() -> World {
        let database = postgres::database().await;
        let play = instance(&database).await;
        World {
            database,
            play,
            rulebook: None,
            is_meddled_with: AtomicBool::new(false),
        }
    }

    /// As [`new`](Self::new), with these rules. The built-in ones alone cannot read the games, so
    /// the database is not checked at the end.
    pub async fn with(rulebook: Rulebook) -> World {
        let database = postgres::database().await;
        World {
            play: instance_of(&database, SECRET, None, rulebook.clone()).await,
            database,
            rulebook: Some(rulebook),
            is_meddled_with: AtomicBool::new(true),
        }
    }

    /// Another instance on the same database; nobody tells it of events.
    pub async fn another(&self) -> Play {
        let book = self.rulebook.clone();
        let book = book.unwrap_or_else(Rulebook::built_in);
        instance_of(&self.database, SECRET, None, book).await
    }

    /// Projects for as long as the answer is kept, as the leading instance does.
    pub fn projecting(&self) -> Projecting {
        let (database, play) = (self.database.clone(), self.play.clone());
        Projecting(tokio::spawn(async move {
            loop {
                project_live(&database, &play).await;
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        }))
    }

    /// Projects what the log holds, as the leading instance does.
    pub async fn project(&self) {
        project_live(&self.database, &self.play).await;
    }

    pub async fn events(&self) -> i64 {
        self.count("event").await
    }

    pub async fn count(&self, table: &str) -> i64 {
        let client = postgres::client(&self.database).await;
        let statement = format!("select count(*) from {table}");
        client.query_one(&statement, &[]).await.unwrap().get(0)
    }

    /// Meddles with the database.
    pub async fn execute(&self, statement: &str) {
        self.is_meddled_with.store(true, Ordering::Relaxed);
        let client = postgres::client(&self.database).await;
        client.batch_execute(statement).await.unwrap();
    }

    pub async fn create(&self, caller: &Caller, body: Value) -> Answer<CreatedView> {
        let request = CreateGame::parse(body.to_string().as_bytes()).unwrap();
        self.play.create_game(caller, request, None).await.unwrap()
    }

    pub async fn join(
        &self,
        caller: &Caller,
        invite: &str,
    ) -> Result<Answer<CreatedView>, PlayError> {
        let request = join_request(invite);
        self.play.join_game(caller, request, None).await
    }

    /// A game of two.
    pub async fn table(&self) -> Table {
        self.table_of(json!({"name": "Ann"})).await
    }

    pub async fn table_of(&self, body: Value) -> Table {
        let created = self.create(&stranger(), body).await.value;
        let joined = self
            .join(&stranger(), &created.invite.clone().unwrap())
            .await;
        Table {
            game_id: created.game.game_id.to_string(),
            ann: seated(&created),
            bob: seated(&joined.unwrap().value),
        }
    }

    /// Plays moves, Ann's first, each at the version it is due at.
    pub async fn play_out(&self, table: &Table, moves: &[i64]) -> GameView {
        let mut game = None;
        for (cell, (caller, version)) in moves.iter().zip(table.turns()) {
            let request = move_request(&table.game_id, *cell, Some(version));
            game = Some(self.play.make_move(caller, request).await.unwrap().value);
        }
        game.unwrap()
    }

    /// A game that Ann has won with five moves, at version 7.
    pub async fn finished(&self) -> Table {
        let table = self.table().await;
        let game = self.play_out(&table, &[0, 3, 1, 4, 2]).await;
        assert_eq!((game.status, game.version), ("finished", 7));
        table
    }
}

/// Ends with this.
pub struct Projecting(JoinHandle<()>);

impl Drop for Projecting {
    fn drop(&mut self) {
        self.0.abort();
    }
}

async fn project_live(database: &Database, play: &Play) {
    let mut session = Session::open(database).await.unwrap();
    let mut progress = session.progress(ProjectionName::Live).await.unwrap();
    let step = projection::step_live;
    while let Some(Step::Forward(further)) = step(&mut session, progress, play).await.unwrap() {
        progress = further;
    }
}

impl Drop for World {
    /// Whatever was played, the database is sound, unless the test meddled with it.
    fn drop(&mut self) {
        if !std::thread::panicking() && !self.is_meddled_with.load(Ordering::Relaxed) {
            upkeep::sound_now(&self.database);
        }
    }
}

impl Table {
    /// Who moves at which version, where nothing but moves is recorded.
    fn turns(&self) -> impl Iterator<Item = (&Caller, u32)> {
        [&self.ann, &self.bob].into_iter().cycle().zip(2..)
    }
}

/// An instance of play, with a writer of its own.
pub async fn instance(database: &Database) -> Play {
    instance_with(database, SECRET, None).await
}

/// As [`instance`], with these secrets.
pub async fn instance_with(database: &Database, secret: &[u8], previous: Option<&[u8]>) -> Play {
    instance_of(database, secret, previous, Rulebook::built_in()).await
}

async fn instance_of(
    database: &Database,
    secret: &[u8],
    previous: Option<&[u8]>,
    book: Rulebook,
) -> Play {
    let store = Store::new(database.clone(), 8);
    let (appender, writer) = append::writer(database, watch::channel(0).0);
    tokio::spawn(writer.run());
    let tokens = Tokens::new(secret, previous, store.clock().clone());
    let seals = Seals::open(&store, secret, previous).await.unwrap();
    let newest = book.newest_versions();
    let deployed = move |_: &StageName, variant: &str| newest.get(variant).copied();
    Play::new(store, appender, tokens, seals, book, Arc::new(deployed))
}

/// A caller without a token.
pub fn stranger() -> Caller {
    Caller {
        stage: "dev".parse().unwrap(),
        api_key_id: Some("abcdefghij".into()),
        client_address: IpAddr::from([127, 0, 0, 1]),
        player: None,
    }
}

pub fn as_player(player: PlayerId) -> Caller {
    Caller {
        player: Some(player),
        ..stranger()
    }
}

/// Who has just got a token.
pub fn seated(created: &CreatedView) -> Caller {
    as_player(created.player.as_ref().unwrap().player_id)
}

pub fn move_request(game_id: &str, cell: i64, version: Option<u32>) -> MakeMove {
    let mut body = json!({"gameId": game_id, "move": cell});
    if let Some(version) = version {
        body["version"] = version.into();
    }
    MakeMove::parse(body.to_string().as_bytes()).unwrap()
}

pub fn join_request(invite: &str) -> JoinGame {
    JoinGame::parse(json!({"invite": invite}).to_string().as_bytes()).unwrap()
}

pub fn create_request(body: &Value) -> CreateGame {
    CreateGame::parse(body.to_string().as_bytes()).unwrap()
}

pub fn request_key(key: &str, body: &Value, caller: &Caller) -> Option<RequestKey> {
    let body = body.to_string();
    let book = Rulebook::built_in();
    Some(RequestKey::parse(key, body.as_bytes(), caller, &book).unwrap())
}

pub fn fresh_key() -> String {
    Uuid::now_v7().to_string()
}

/// A word for what was answered: the success, or the code of the error.
pub fn word<T>(answer: &Result<Answer<T>, PlayError>) -> &'static str {
    match answer {
        Ok(answer) if answer.replayed => "replayed",
        Ok(_) => "done",
        Err(error) => code(error),
    }
}

pub fn code(error: &PlayError) -> &'static str {
    match error {
        PlayError::Malformed { .. } => "malformed",
        PlayError::PlayerTokenRequired => "player_token_required",
        PlayError::PlayerTokenInvalid => "player_token_invalid",
        PlayError::NotSeated => "not_seated",
        PlayError::GameNotFound => "game_not_found",
        PlayError::InviteNotFound => "invite_not_found",
        PlayError::VersionConflict { .. } => "version_conflict",
        PlayError::NotYourTurn { .. } => "not_your_turn",
        PlayError::MoveNotNow { code, .. } => code,
        PlayError::NotStarted { .. } => "not_started",
        PlayError::GameOver { .. } => "game_over",
        PlayError::GameNotOver { .. } => "game_not_over",
        PlayError::SeatTaken { .. } => "seat_taken",
        PlayError::NoDrawOffer { .. } => "no_draw_offer",
        PlayError::DrawAlreadyOffered { .. } => "draw_already_offered",
        PlayError::InProgress => "in_progress",
        PlayError::IllegalMove { .. } => "illegal_move",
        PlayError::UnknownVariant { .. } => "unknown_variant",
        PlayError::InvalidOption { .. } => "invalid_option",
        PlayError::IdempotencyKeyReused => "idempotency_key_reused",
        PlayError::TooManyUnknownInvites { .. } => "too_many_unknown_invites",
        PlayError::RulesFailed => "rules_failed",
        PlayError::Unavailable(_) => "unavailable",
    }
}
