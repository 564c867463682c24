//! What players do: load the game, let the rules decide, append the event; and what they see.
//!
//! Every command runs in a task of its own that is awaited here, so it is carried through even
//! where the caller's connection breaks half-way. A cached game may accept a command, never
//! refuse one: before a refusal the game is read from the log.

mod body;
mod commands;
mod create;
mod deletion;
mod error;
mod games;
mod guesses;
mod invites;
mod join;
mod names;
mod players;
mod queries;
mod rematch;
mod request;
mod request_key;
pub mod schema;
mod tokens;
mod turns;
pub mod view;
mod watch;

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use time::OffsetDateTime;
use tracing::Instrument;
use uuid::{NoContext, Timestamp, Uuid};

pub use deletion::Given;
pub use error::{PlayError, Unavailable};
pub use games::Games;
pub use invites::InviteCode;
pub use names::PlayerName;
pub use rematch::next_game_id;
pub use request::{
    CreateGame, JoinGame, ListGames, MakeMove, ReadEvents, parse_new_player, parse_rename,
    parse_version,
};
pub use request_key::RequestKey;
pub use tokens::{PlayerToken, Tokens, bearer_token};
pub use watch::UnfinishedGames;

pub use crate::store::{History, Recorded};

use crate::config::StageName;
use crate::game::{PlayerId, Rules, Variant};
use crate::store::Store;
use crate::store::append::Appender;
use crate::trace::Origins;
use guesses::Guesses;
use turns::Turns;

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
    games: Games,
    guesses: Guesses,
    /// Whose account is being deleted here now.
    deletions: Turns,
}

const SWEEP_EVERY: Duration = Duration::from_secs(3600);
/// How many rows one statement of a sweep deletes, and how many statements one sweep sends.
const SWEEP_LENGTH: i64 = 1000;
const SWEEP_ROUNDS: u32 = 1000;

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

type Answered<T> = Result<Answer<T>, PlayError>;

impl Play {
    pub fn new(store: Store, appender: Appender, tokens: Tokens, rules_for: RulesFor) -> Play {
        Play {
            inner: Arc::new(Inner {
                games: Games::new(store.clone()),
                guesses: Guesses::new(),
                deletions: Turns::new(deletion::PLAYERS_AT_ONCE),
                store,
                appender,
                tokens,
                rules_for,
            }),
        }
    }

    /// The cache of recent games, to be fed by the log's follower.
    pub fn games(&self) -> &Games {
        &self.inner.games
    }

    /// The spans that recorded this instance's last events.
    pub fn origins(&self) -> &Origins {
        self.inner.appender.origins()
    }

    /// Deletes what has run out: reservations of idempotency keys, and invites to games that
    /// never came to be; and finishes the deletions of accounts that were cut off and not
    /// repeated. To be called about once an hour, by any number of instances.
    ///
    /// # Errors
    /// Where the database does not answer; the next call goes on.
    pub async fn sweep(&self) -> Result<(), PlayError> {
        let store = &self.inner.store;
        for _ in 0..SWEEP_ROUNDS {
            let keys = store.sweep_request_keys(SWEEP_LENGTH).await?;
            if i64::try_from(keys).is_ok_and(|swept| swept < SWEEP_LENGTH) {
                break;
            }
        }
        store.sweep_invites(SWEEP_LENGTH).await?;
        self.finish_deletions().await
    }

    /// Sweeps hourly, for ever. To be run by one task.
    pub async fn sweep_hourly(self) {
        let mut hourly = tokio::time::interval(SWEEP_EVERY);
        loop {
            hourly.tick().await;
            if let Err(error) = self.sweep().await {
                tracing::warn!(%error, "the hourly sweep was cut short; the next one goes on");
            }
        }
    }

    /// Runs a command to its end, even where the caller stops waiting for it.
    async fn carry_through<T: Send + 'static>(
        &self,
        command: impl Future<Output = Answered<T>> + Send + 'static,
    ) -> Answered<T> {
        let task = tokio::spawn(command.in_current_span());
        task.await.unwrap_or_else(|error| {
            tracing::error!(%error, "a command broke off");
            Err(PlayError::OUTCOME_UNKNOWN)
        })
    }

    /// Now, by the clock that all instances share.
    fn now(&self) -> OffsetDateTime {
        self.inner.store.clock().now()
    }

    /// A new UUIDv7.
    fn new_id(&self) -> Uuid {
        let now = self.now();
        let seconds = u64::try_from(now.unix_timestamp()).unwrap_or_default();
        Uuid::new_v7(Timestamp::from_unix(NoContext, seconds, now.nanosecond()))
    }
}

impl Caller {
    /// The player, for calls that only players make.
    fn player(&self) -> Result<PlayerId, PlayError> {
        self.player.ok_or(PlayError::PlayerTokenRequired)
    }
}

impl<T> Answer<T> {
    fn done(value: T) -> Answer<T> {
        Answer {
            value,
            success: Success::Done,
            replayed: false,
        }
    }
}
