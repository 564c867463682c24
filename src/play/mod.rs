//! What players do: load the game, let the rules decide, append the event; and what they see.
//!
//! Every command runs in a task of its own that is awaited here, so it is carried through even
//! where the caller's connection breaks half-way. A cached game may accept a command, never
//! refuse one: before a refusal the game is read from the log.

mod body;
mod error;
mod request;
pub mod schema;
mod tokens;
pub mod view;

use std::net::IpAddr;
use std::sync::Arc;

pub use error::{PlayError, Unavailable};
pub use request::{
    CreateGame, JoinGame, ListGames, MakeMove, PlayerName, ReadEvents, RequestKey,
    parse_new_player, parse_rename, parse_version,
};
pub use tokens::{PlayerToken, Tokens};

use crate::config::StageName;
use crate::game::{GameId, PlayerId, Rules, Variant};
use crate::store::append::Appender;
use crate::store::{History, Store};
use view::{CreatedView, EventsView, GameView, GamesView, NewPlayerView, PlayerView, VariantsView};

/// The rules that a stage's new games of a variant get: what was deployed there.
pub type RulesFor = Arc<dyn Fn(&StageName, Variant) -> Rules + Send + Sync>;

/// Everything that players can do. Cheap to clone.
#[derive(Clone)]
pub struct Play {
    inner: Arc<Inner>,
}

struct Inner {
    store: Store,
    appender: Appender,
    tokens: Tokens,
    rules_for: RulesFor,
}

/// Who calls.
#[derive(Clone, Debug)]
pub struct Caller {
    pub stage: StageName,
    /// The API key's id, where the call needed a key.
    pub api_key_id: Option<String>,
    pub client_address: IpAddr,
    /// Whom the call's player token names: see [`Play::authenticate`].
    pub player: Option<PlayerId>,
}

/// A call that did what it asked for.
#[derive(Clone, Debug)]
pub struct Answer<T> {
    pub value: T,
    pub success: Success,
    /// What was asked for held already; nothing was recorded by this call.
    pub replayed: bool,
}

/// Whether a success made something new; 201 or 200.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Success {
    Created,
    Done,
}

/// A player's unfinished games.
#[derive(Clone, Debug, Default)]
pub struct UnfinishedGames {
    /// At most 200, the most recently changed first.
    pub games: Vec<GameId>,
    /// There are more than these.
    pub more: bool,
}

type Answered<T> = Result<Answer<T>, PlayError>;

impl Play {
    pub fn new(store: Store, appender: Appender, tokens: Tokens, rules_for: RulesFor) -> Play {
        Play {
            inner: Arc::new(Inner {
                store,
                appender,
                tokens,
                rules_for,
            }),
        }
    }

    /// The player that the token in `Authorization: Bearer …` names; `None` where there is no such header.
    ///
    /// # Errors
    /// [`PlayError::PlayerTokenInvalid`] where it is not ours, or its player was deleted.
    pub async fn authenticate(&self, _bearer: Option<&str>) -> Result<Option<PlayerId>, PlayError> {
        Err(PlayError::NOTHING_SENT)
    }

    pub async fn create_game(
        &self,
        _caller: &Caller,
        _request: CreateGame,
        _key: Option<RequestKey>,
    ) -> Answered<CreatedView> {
        Err(PlayError::NOTHING_SENT)
    }

    pub async fn make_move(&self, _caller: &Caller, _request: MakeMove) -> Answered<GameView> {
        Err(PlayError::NOTHING_SENT)
    }

    /// The game as it is, or as it was at `version`.
    pub async fn read_game(
        &self,
        _caller: &Caller,
        _game_id: &str,
        _version: Option<u32>,
    ) -> Answered<GameView> {
        Err(PlayError::NOTHING_SENT)
    }

    pub async fn read_events(
        &self,
        _caller: &Caller,
        _game_id: &str,
        _request: ReadEvents,
    ) -> Answered<EventsView> {
        Err(PlayError::NOTHING_SENT)
    }

    pub async fn join_game(
        &self,
        _caller: &Caller,
        _request: JoinGame,
        _key: Option<RequestKey>,
    ) -> Answered<CreatedView> {
        Err(PlayError::NOTHING_SENT)
    }

    pub async fn list_games(&self, _caller: &Caller, _request: ListGames) -> Answered<GamesView> {
        Err(PlayError::NOTHING_SENT)
    }

    pub async fn resign_game(&self, _caller: &Caller, _game_id: &str) -> Answered<GameView> {
        Err(PlayError::NOTHING_SENT)
    }

    pub async fn offer_draw(&self, _caller: &Caller, _game_id: &str) -> Answered<GameView> {
        Err(PlayError::NOTHING_SENT)
    }

    pub async fn decline_draw(&self, _caller: &Caller, _game_id: &str) -> Answered<GameView> {
        Err(PlayError::NOTHING_SENT)
    }

    pub async fn rematch_game(&self, _caller: &Caller, _game_id: &str) -> Answered<CreatedView> {
        Err(PlayError::NOTHING_SENT)
    }

    pub async fn create_player(
        &self,
        _caller: &Caller,
        _name: Option<PlayerName>,
        _key: Option<RequestKey>,
    ) -> Answered<NewPlayerView> {
        Err(PlayError::NOTHING_SENT)
    }

    pub async fn read_player(&self, _caller: &Caller) -> Answered<PlayerView> {
        Err(PlayError::NOTHING_SENT)
    }

    pub async fn rename_player(&self, _caller: &Caller, _name: PlayerName) -> Answered<PlayerView> {
        Err(PlayError::NOTHING_SENT)
    }

    pub async fn delete_player(&self, _caller: &Caller) -> Answered<()> {
        Err(PlayError::NOTHING_SENT)
    }

    /// The game that a subscriber may watch.
    ///
    /// # Errors
    /// [`PlayError::GameNotFound`]
    pub async fn watch_check(
        &self,
        _game_id: &str,
        _stage: &StageName,
        _player: Option<PlayerId>,
    ) -> Result<Arc<History>, PlayError> {
        Err(PlayError::NOTHING_SENT)
    }

    /// Games as everybody may see them, one for each history.
    pub async fn frame_views(
        &self,
        _histories: &[Arc<History>],
    ) -> Result<Vec<GameView>, PlayError> {
        Err(PlayError::NOTHING_SENT)
    }

    pub async fn unfinished_games(
        &self,
        _player: PlayerId,
        _stage: &StageName,
    ) -> Result<UnfinishedGames, PlayError> {
        Err(PlayError::NOTHING_SENT)
    }

    pub fn variants(&self, caller: &Caller) -> VariantsView {
        let rules = |variant| (self.inner.rules_for)(&caller.stage, variant);
        VariantsView {
            variants: Variant::ALL.map(|id| view::variant(rules(id))).to_vec(),
        }
    }
}
