//! The writer of a socket: takes jobs from the mailbox and sends the frames that they result in.

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use bytestring::ByteString;
use time::OffsetDateTime;
use tokio::time::Instant;
use uuid::Uuid;

use super::catch_up::CatchUp;
use super::frames::{ClientFrame, ErrorCode, Resume, ServerFrame, Subject, True};
use super::hub::{Hub, too_many_mine};
use super::inbox::{Command, Job};
use super::mailbox::Mailbox;
use super::registry::Socket;
use super::session::{HEARTBEAT_SECONDS, LIMITS};
use super::subscription::{Need, Origin};
use super::wire::{Ending, Outlet};
use crate::game::GameId;

/// A client that is more versions behind than this gets a snapshot.
pub const RESUME_LIMIT: u32 = 500;
/// How many games a socket may follow by their ids.
pub const MAX_NAMED: usize = 100;
/// How long a socket waits to read again after the database did not answer.
pub(super) const RETRY_AFTER: Duration = Duration::from_millis(300);

/// A socket's writer, for as long as the socket lives.
pub(super) struct Writer<'a> {
    pub(super) hub: &'a Hub,
    pub(super) socket: &'a Arc<Socket>,
    outlet: &'a Outlet,
    /// The games that the answer to a subscription to `mine` waits for.
    awaited: Option<Vec<GameId>>,
}

impl<'a> Writer<'a> {
    pub(super) fn new(hub: &'a Hub, socket: &'a Arc<Socket>, outlet: &'a Outlet) -> Writer<'a> {
        Writer {
            hub,
            socket,
            outlet,
            awaited: None,
        }
    }

    /// Sends until the connection takes no more.
    pub(super) async fn run(mut self) -> Ending {
        match self.speak().await {
            Ok(never) => match never {},
            Err(ending) => ending,
        }
    }

    async fn speak(&mut self) -> Result<Infallible, Ending> {
        let hello = ServerFrame::Hello {
            connection_id: self.socket.id,
            epoch: self.hub.epoch(),
            heartbeat_seconds: HEARTBEAT_SECONDS,
            resume_limit: RESUME_LIMIT,
            max_frame_bytes: LIMITS.message_bytes,
        };
        self.say(&hello).await?;
        loop {
            match self.mailbox().next().await {
                Job::Command(Command::Answer(frame)) => self.say(&frame).await?,
                // Boxed, so that idle sockets do not hold the memory of these large futures.
                Job::Command(Command::Follow(frame)) => Box::pin(self.follow(frame)).await?,
                Job::Send(update) => self.say_news(update.text.clone(), update.at).await?,
                Job::Read { game_id, need } => {
                    Box::pin(CatchUp::new(self, game_id).run(need)).await?;
                }
            }
            self.answer_mine().await?;
        }
    }

    pub(super) fn mailbox(&self) -> &'a Mailbox {
        &self.socket.mailbox
    }

    pub(super) async fn say(&self, frame: &ServerFrame) -> Result<(), Ending> {
        self.say_text(frame.to_text()).await
    }

    pub(super) async fn say_text(&self, text: ByteString) -> Result<(), Ending> {
        let size_bytes = text.len();
        self.mailbox().wait_begins();
        let said = self.outlet.text(text).await;
        self.mailbox().wait_ends();
        said?;
        self.hub.stats().count_frame(size_bytes);
        self.socket.count_frame(size_bytes);
        Ok(())
    }

    /// Sends an update that has just been recorded, and measures how long it took.
    pub(super) async fn say_news(
        &self,
        text: ByteString,
        at: OffsetDateTime,
    ) -> Result<(), Ending> {
        self.say_text(text).await?;
        let now = self.hub.settings().store.clock().now();
        // The difference is negative only if the clock was set back.
        let took = Duration::try_from(now - at).unwrap_or_default();
        self.hub.stats().delivery.record_duration(took);
        Ok(())
    }

    async fn follow(&mut self, frame: ClientFrame) -> Result<(), Ending> {
        match frame {
            ClientFrame::Ping { id } => self.say(&ServerFrame::Pong { id }).await,
            ClientFrame::Subscribe { game_id, resume } => self.subscribe(game_id, resume).await,
            ClientFrame::SubscribeGames { games, epoch } => {
                for (game_id, after) in games {
                    let epoch = epoch.clone();
                    self.subscribe(game_id, Resume { after, epoch }).await?;
                }
                Ok(())
            }
            ClientFrame::SubscribeMine { after, epoch } => self.subscribe_mine(after, epoch).await,
            ClientFrame::Unsubscribe(subject) => self.unsubscribe(subject).await,
        }
    }

    async fn subscribe(&mut self, name: String, resume: Resume) -> Result<(), Ending> {
        let Ok(game_id) = name.parse::<GameId>() else {
            return self.say(&ServerFrame::game_not_found(name)).await;
        };
        let has_room = self.mailbox().subscriptions(|subscriptions| {
            let named = subscriptions
                .iter()
                .filter(|(_, subscription)| subscription.origin.is_named());
            named.count() < MAX_NAMED
                || subscriptions
                    .of(game_id)
                    .is_some_and(|known| known.origin.is_named())
        });
        if !has_room {
            let error = ServerFrame::Error {
                code: ErrorCode::TooManyGames,
                message: format!(
                    "A socket follows at most {MAX_NAMED} games: unsubscribe from another, or open a second socket."
                ),
                game_id: Some(name),
            };
            return self.say(&error).await;
        }
        let need = Need::Start(resume);
        self.hub
            .subscribe(self.socket, game_id, Origin::Named, need);
        Ok(())
    }

    async fn subscribe_mine(
        &mut self,
        after: HashMap<String, u32>,
        epoch: Option<String>,
    ) -> Result<(), Ending> {
        let Some(player) = self.socket.player else {
            let message = "Your games are known by your player token: open the socket with one.";
            let error = ServerFrame::error(ErrorCode::PlayerTokenRequired, message);
            return self.say(&error).await;
        };
        self.mailbox().forget_postponed();
        // Listen first, then list, so that a game that is created in between is not missed.
        self.hub.registry().enter_player(self.socket);
        let Ok(unfinished) = self.hub.unfinished_games(player, &self.socket.stage).await else {
            let command = Command::Follow(ClientFrame::SubscribeMine { after, epoch });
            self.mailbox()
                .postpone(command, Instant::now() + RETRY_AFTER);
            return Ok(());
        };
        let known: HashMap<Uuid, u32> = after
            .into_iter()
            .filter_map(|(name, version)| Some((name.parse().ok()?, version)))
            .collect();
        for game_id in &unfinished.games {
            let resume = Resume {
                after: known.get(&game_id.0).copied(),
                epoch: epoch.clone(),
            };
            let need = Need::Start(resume);
            self.hub
                .subscribe(self.socket, *game_id, Origin::Mine, need);
        }
        if unfinished.more {
            self.say(&too_many_mine()).await?;
        }
        self.awaited = Some(unfinished.games);
        Ok(())
    }

    /// Answers a subscription to `mine` once every game of it was answered with `subscribed`, or is
    /// gone.
    async fn answer_mine(&mut self) -> Result<(), Ending> {
        let Some(awaited) = &mut self.awaited else {
            return Ok(());
        };
        self.socket.mailbox.subscriptions(|subscriptions| {
            awaited.retain(|game_id| {
                subscriptions
                    .of(*game_id)
                    .is_some_and(|subscription| !subscription.is_started)
            });
        });
        if !awaited.is_empty() {
            return Ok(());
        }
        self.awaited = None;
        self.say(&ServerFrame::SubscribedMine { mine: True }).await
    }

    async fn unsubscribe(&mut self, subject: Subject) -> Result<(), Ending> {
        let done = match subject {
            Subject::Game(name) => {
                if let Ok(game_id) = name.parse() {
                    self.hub.unsubscribe(self.socket, game_id);
                }
                ServerFrame::Unsubscribed { game_id: name }
            }
            Subject::Mine => {
                self.unsubscribe_mine();
                ServerFrame::UnsubscribedMine { mine: True }
            }
        };
        self.say(&done).await
    }

    fn unsubscribe_mine(&mut self) {
        self.awaited = None;
        self.mailbox().forget_postponed();
        self.hub.registry().leave_player(self.socket);
        let only_mine: Vec<GameId> = self.mailbox().subscriptions(|subscriptions| {
            subscriptions.unmark_mine();
            let mine = subscriptions
                .iter()
                .filter(|(_, subscription)| !subscription.origin.is_named());
            mine.map(|(game_id, _)| game_id).collect()
        });
        for game_id in only_mine {
            self.hub.unsubscribe(self.socket, game_id);
        }
    }
}
