//! The commands and queries of players. A command loads the game, lets the rules decide, and
//! appends the event.
//!
//! Every command runs in a task of its own, which is awaited here, so it runs to its end even if
//! the caller's connection breaks half-way. A cached game may accept a command but never refuse
//! one: before a refusal the game is read from the log.

#![warn(missing_docs)]

mod body;
mod commands;
mod create;
mod deletion;
mod dice;
mod error;
mod games;
mod guesses;
mod invites;
mod join;
mod locks;
mod names;
mod players;
mod queries;
mod rematch;
mod request;
mod request_key;
pub mod schema;
mod sight;
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
    CreateGame, DEFAULT_VARIANT, JoinGame, ListGames, MakeMove, ReadEvents, parse_new_player,
    parse_rename, parse_version,
};
pub use request_key::RequestKey;
pub use sight::{Sight, may_watch};
pub use tokens::{PlayerToken, Tokens, bearer_token};
pub use watch::UnfinishedGames;

use crate::config::StageName;
use crate::game::{Actor, Ask, Command, GameId, PlayerId};
use crate::rules::{Rulebook, Rules};
use crate::seals::Seals;
use crate::store::Store;
use crate::store::append::Appender;
use crate::trace::Origins;
use guesses::Guesses;
use locks::Locks;
use turns::Turns;

/// The version of the rules that a stage's new games of a variant get: what was deployed there.
/// `None` where the stage does not serve the variant.
pub type DeployedRules = Arc<dyn Fn(&StageName, &str) -> Option<u16> + Send + Sync>;

/// Everything that players can do. Cheap to clone.
#[derive(Clone)]
pub struct Play {
    inner: Arc<Inner>,
}

struct Inner {
    store: Store,
    appender: Appender,
    tokens: Tokens,
    seals: Seals,
    rulebook: Arc<Rulebook>,
    deployed: DeployedRules,
    games: Games,
    guesses: Guesses,
    /// The commands of each game on this instance, which are decided one after another.
    queues: Locks<GameId>,
    /// The account deletions that run on this instance.
    deletions: Turns,
}

const SWEEP_EVERY: Duration = Duration::from_secs(3600);
/// How many rows one statement of a sweep deletes, and how many statements one sweep sends.
const SWEEP_LENGTH: i64 = 1000;
const SWEEP_ROUNDS: u32 = 1000;

/// The caller of a command or a query, as the HTTP layer and the gate have identified them.
#[derive(Clone, Debug)]
pub struct Caller {
    /// The stage that the call names. Games of other stages do not exist for it.
    pub stage: StageName,
    /// The API key's id, if the call needed a key.
    pub api_key_id: Option<String>,
    /// The client's address. Guesses of invites are counted by it.
    pub client_address: IpAddr,
    /// The player that the call's token names; `None` if the call bears none. See
    /// [`Play::authenticate`].
    pub player: Option<PlayerId>,
}

/// The answer to a call that succeeded.
#[derive(Clone, Debug)]
pub struct Answer<T> {
    /// The body of the answer.
    pub value: T,
    /// Whether the call created something.
    pub success: Success,
    /// True if an earlier call had done it already and this one recorded nothing.
    pub replayed: bool,
}

/// Whether a success created something. The HTTP layer answers 201 or 200.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Success {
    /// A game or a player was created, by this call or by the earlier one that it repeats.
    Created,
    /// Every other success.
    Done,
}

type Answered<T> = Result<Answer<T>, PlayError>;

impl Play {
    /// Commands and queries on the games in `store`. Events are recorded by `appender`, seeds of
    /// games of chance are sealed by `seals`, and new games get the rules that `rules_for` returns.
    pub fn new(
        store: Store,
        appender: Appender,
        tokens: Tokens,
        seals: Seals,
        rulebook: Rulebook,
        deployed: DeployedRules,
    ) -> Play {
        let rulebook = Arc::new(rulebook);
        Play {
            inner: Arc::new(Inner {
                games: Games::new(store.clone(), rulebook.clone()),
                guesses: Guesses::new(),
                queues: Locks::new(),
                deletions: Turns::new(deletion::PLAYERS_AT_ONCE),
                store,
                appender,
                tokens,
                seals,
                rulebook,
                deployed,
            }),
        }
    }

    /// The cache of recent games. The log's follower must feed it: see [`Games::observe`].
    pub fn games(&self) -> &Games {
        &self.inner.games
    }

    /// The rulesets that this process knows.
    pub fn rulebook(&self) -> &Rulebook {
        &self.inner.rulebook
    }

    /// The rules that new games of `variant` get on `stage`; `None` where it is not served there.
    fn rules_for(&self, stage: &StageName, variant: &str) -> Option<Rules> {
        let version = (self.inner.deployed)(stage, variant)?;
        let rules = self.inner.rulebook.versions(variant);
        rules
            .into_iter()
            .find(|rules| rules.id.version == version)
            .cloned()
    }

    /// A command that `player` gives now.
    fn command(&self, player: PlayerId, ask: Ask) -> Command {
        Command {
            by: Actor::Player(player),
            at: self.now(),
            ask,
        }
    }

    /// The trace spans in which this instance recorded its last events.
    pub fn origins(&self) -> &Origins {
        self.inner.appender.origins()
    }

    /// Deletes expired reservations of idempotency keys and invites to games that were never
    /// created, and finishes account deletions that were cut off and not repeated. Call it about
    /// once an hour, on any number of instances.
    ///
    /// # Errors
    /// [`PlayError::Unavailable`] if the database does not answer. The next call continues.
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

    /// Sweeps now and then every hour, without end. Run it in one task.
    pub async fn sweep_hourly(self) {
        let mut hourly = tokio::time::interval(SWEEP_EVERY);
        loop {
            hourly.tick().await;
            if let Err(error) = self.sweep().await {
                tracing::warn!(%error, "the hourly sweep was cut short; the next one goes on");
            }
        }
    }

    /// Runs a command to its end, even if the caller stops waiting for it.
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

    /// The current time by the database's clock, which all instances share.
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
