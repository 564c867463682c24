//! Reads from the log what a client misses of one game, and sends it.
//!
//! The subscription listens to the hub before anything is read, so events that are recorded after
//! the reading wait in the mailbox. The mailbox drops updates that were read here, by their
//! versions.

use std::sync::Arc;

use tokio::time::Instant;

use super::frames::{Resume, ServerFrame};
use super::push::update_text;
use super::stats::count;
use super::subscription::{Need, Subscription};
use super::wire::Ending;
use super::writer::{RESUME_LIMIT, RETRY_AFTER, Writer};
use crate::game::GameId;
use crate::play::{PlayError, Sight, view};
use crate::record::History;
use crate::store::Names;

/// How many versions are sent for one read of the players' names.
const PAGE: u32 = 32;

pub(super) struct CatchUp<'a, 'b> {
    writer: &'a Writer<'b>,
    game_id: GameId,
}

/// Why reading stopped half-way.
enum Stop {
    /// The database did not answer. This must be read again.
    Retry(Need),
    Ended(Ending),
}

impl From<Ending> for Stop {
    fn from(ending: Ending) -> Stop {
        Stop::Ended(ending)
    }
}

impl<'a, 'b> CatchUp<'a, 'b> {
    pub(super) fn new(writer: &'a Writer<'b>, game_id: GameId) -> CatchUp<'a, 'b> {
        CatchUp { writer, game_id }
    }

    pub(super) async fn run(self, need: Need) -> Result<(), Ending> {
        let history = match self.writer.hub.read(self.writer.socket, self.game_id).await {
            Ok(history) => Ok(history),
            Err(PlayError::GameNotFound) => return self.give_up().await,
            Err(error) => {
                tracing::debug!(%error, "a game could not be read for a socket");
                Err(Stop::Retry(need.clone()))
            }
        };
        let done = match history {
            Ok(history) => self.meet(need, &history).await,
            Err(stop) => Err(stop),
        };
        self.note(|subscription| subscription.is_catching_up = false);
        match done {
            Ok(()) => Ok(()),
            Err(Stop::Ended(ending)) => Err(ending),
            Err(Stop::Retry(need)) => {
                let again = Instant::now() + RETRY_AFTER.mul_f64(rand::random_range(0.5..1.5));
                self.writer
                    .mailbox()
                    .subscriptions(|subscriptions| subscriptions.retry(self.game_id, need, again));
                Ok(())
            }
        }
    }

    async fn meet(&self, need: Need, history: &Arc<History>) -> Result<(), Stop> {
        let now = history.version();
        match need {
            Need::Start(resume) => match self.resumes(&resume, now) {
                Some(after) => {
                    self.note(|subscription| {
                        subscription.cursor = after;
                        subscription.news_after = now;
                    });
                    count(&self.writer.hub.stats().resumes);
                    self.say_subscribed(after).await?;
                    self.read_on(history, after).await
                }
                None => {
                    self.say_snapshot(history)
                        .await
                        .map_err(|stop| stop.with(Need::Start(Resume::default())))?;
                    Ok(self.say_subscribed(now).await?)
                }
            },
            Need::Snapshot => self
                .say_snapshot(history)
                .await
                .map_err(|stop| stop.with(Need::Snapshot)),
            Need::ReadOn | Need::Nothing => match self.cursor() {
                Some(cursor) if cursor > now => self
                    .say_snapshot(history)
                    .await
                    .map_err(|stop| stop.with(Need::Snapshot)),
                Some(cursor) => self.read_on(history, cursor).await,
                None => Ok(()),
            },
        }
    }

    /// The version to continue from, if the client's version is of this log and not too old.
    fn resumes(&self, resume: &Resume, now: u32) -> Option<u32> {
        let epoch = self.writer.hub.epoch().to_string();
        let is_of_this_log = resume
            .epoch
            .as_ref()
            .is_none_or(|theirs| theirs.eq_ignore_ascii_case(&epoch));
        let after = resume.after?;
        (is_of_this_log && after <= now && now - after <= RESUME_LIMIT).then_some(after)
    }

    async fn read_on(&self, history: &History, after: u32) -> Result<(), Stop> {
        let sight = self.sight(history);
        let mut sent = after;
        while sent < history.version() {
            let page: Vec<Arc<History>> = (sent + 1..=sent.saturating_add(PAGE))
                .map_while(|version| history.at(version).map(Arc::new))
                .collect();
            let names = self.names_in(&page, Need::ReadOn).await?;
            for shown in &page {
                if !self.is_wanted() {
                    return Ok(());
                }
                let text = update_text(shown, &names, sight);
                if self.is_news(shown.version()) {
                    self.writer.say_news(text, shown.last().entry.at).await?;
                } else {
                    self.writer.say_text(text).await?;
                }
                sent = shown.version();
                self.note(|subscription| {
                    subscription.cursor = sent;
                    subscription.is_finished |= shown.game().result.is_some();
                });
            }
        }
        Ok(())
    }

    async fn say_snapshot(&self, history: &Arc<History>) -> Result<(), Stop> {
        let names = self
            .names_in(std::slice::from_ref(history), Need::Snapshot)
            .await?;
        let game = view::game(history, &names, self.sight(history));
        count(&self.writer.hub.stats().snapshots);
        self.note(|subscription| {
            subscription.cursor = history.version();
            subscription.news_after = history.version();
            subscription.is_finished = history.game().result.is_some();
        });
        let frame = ServerFrame::Snapshot {
            game_id: self.game_id,
            version: history.version(),
            game: Box::new(game),
        };
        Ok(self.writer.say(&frame).await?)
    }

    async fn say_subscribed(&self, version: u32) -> Result<(), Ending> {
        let game_id = self.game_id;
        let frame = ServerFrame::Subscribed { game_id, version };
        self.writer.say(&frame).await?;
        self.note(|subscription| subscription.is_started = true);
        Ok(())
    }

    async fn give_up(&self) -> Result<(), Ending> {
        self.writer
            .hub
            .unsubscribe(self.writer.socket, self.game_id);
        let error = ServerFrame::game_not_found(self.game_id.to_string());
        self.writer.say(&error).await
    }

    async fn names_in(&self, histories: &[Arc<History>], need: Need) -> Result<Names, Stop> {
        let names = self.writer.hub.names_in(histories).await;
        names.map_err(|_| Stop::Retry(need))
    }

    /// What the socket's player may see of the game, which was just read from the log.
    fn sight(&self, now: &History) -> Sight {
        Sight::of(now.game(), self.writer.socket.player)
    }

    /// Whether the rest of the history should still be sent: not after the log was restored, nor
    /// after the subscription ended.
    fn is_wanted(&self) -> bool {
        self.of(|subscription| subscription.need != Need::Snapshot)
            .unwrap_or(false)
    }

    fn cursor(&self) -> Option<u32> {
        self.of(|subscription| subscription.cursor)
    }

    /// Whether the event that made this version came while the client followed the game.
    fn is_news(&self, version: u32) -> bool {
        self.of(|subscription| version > subscription.news_after)
            .unwrap_or(false)
    }

    fn note(&self, change: impl FnOnce(&mut Subscription)) {
        self.of(change);
    }

    fn of<T>(&self, look: impl FnOnce(&mut Subscription) -> T) -> Option<T> {
        self.writer
            .mailbox()
            .subscriptions(|subscriptions| subscriptions.of(self.game_id).map(look))
    }
}

impl Stop {
    fn with(self, need: Need) -> Stop {
        match self {
            Stop::Retry(_) => Stop::Retry(need),
            ended @ Stop::Ended(_) => ended,
        }
    }
}
