//! Takes an open seat of a game by its invite.

use std::sync::Arc;

use super::commands::{Done, Refused};
use super::create::{OwnedKey, Seater, is_under_way, judge_earlier};
use super::dice::Dice;
use super::invites::InviteCode;
use super::request::seat_among;
use super::view::CreatedView;
use super::{Answer, Answered, Caller, JoinGame, Play, PlayError, PlayerName, RequestKey, Success};
use crate::game::{Ask, Event, GameId, PlayerId, Refusal};
use crate::record::History;
use crate::store::{Earlier, Reservation, Reserved};

impl Play {
    /// Gives the caller the seat that they ask for in the game that the invite is for, by default
    /// the first open one.
    ///
    /// # Errors
    /// [`PlayError::InviteNotFound`], [`PlayError::SeatTaken`], [`PlayError::GameOver`];
    /// [`PlayError::Malformed`] for a seat that the game does not have;
    /// [`PlayError::TooManyUnknownInvites`] for an unknown invite if the caller has tried many.
    pub async fn join_game(
        &self,
        caller: &Caller,
        request: JoinGame,
        key: Option<RequestKey>,
    ) -> Answered<CreatedView> {
        let (play, caller) = (self.clone(), caller.clone());
        self.carry_through(async move { play.join(caller, request, key).await })
            .await
    }

    async fn join(
        &self,
        caller: Caller,
        request: JoinGame,
        key: Option<RequestKey>,
    ) -> Answered<CreatedView> {
        let game = self.invited_to(&caller, &request.invite).await?;
        let key = key.map(|key| OwnedKey::new(&key, &caller, "POST /join"));
        // A player with a token is renamed only once they are seated, not by a refused attempt.
        let new_name = request.name.as_ref().filter(|_| caller.player.is_none());
        let seater = self.seater(&caller, new_name.map(PlayerName::as_str));
        let reserves = key.is_some() || seater.is_new;
        if reserves {
            let reservation = Reservation {
                key: key.as_ref().map(OwnedKey::as_stored),
                stage: &caller.stage,
                player: seater.as_person(),
                game: Some(game),
                invite: None,
            };
            match self.inner.store.reserve(reservation).await? {
                Reserved::Now => {}
                Reserved::Before(earlier) => {
                    let earlier = judge_earlier(key.as_ref(), earlier)?;
                    return self.join_again(game, seater, request, earlier).await;
                }
                Reserved::InviteTaken => return Err(PlayError::NOTHING_SENT),
            }
        }
        let seated = self.seat(game, &seater, request).await;
        if let Err(error) = &seated
            && is_refusal(error)
        {
            // Nothing was recorded, so nothing stays reserved.
            let reserved = key.as_ref().map(OwnedKey::as_stored);
            let released = self.inner.store.release(reserved, seater.as_person());
            if let Err(error) = released.await {
                tracing::warn!(%error, "a refused call's reservation stays");
            }
        }
        if reserves {
            seated.map_err(PlayError::once_sent)
        } else {
            seated
        }
    }

    /// Answers a repeated call as the first one, or completes the first one if it broke off before
    /// its event.
    async fn join_again(
        &self,
        game: GameId,
        seater: Seater,
        request: JoinGame,
        earlier: Earlier,
    ) -> Answered<CreatedView> {
        let seater = Seater {
            player: earlier.player,
            ..seater
        };
        let history = self.read_existing(game).await?;
        match seated_by_joining(&history, seater.player) {
            Some(version) => {
                let then = history.at(version).map(Arc::new);
                let then = then.unwrap_or_else(|| history.clone());
                self.joined(&history, &then, true, &seater).await
            }
            None if history.game().is_seated(seater.player) => {
                self.joined(&history, &history, true, &seater).await
            }
            None if is_under_way(&earlier) => Err(PlayError::InProgress),
            None => self.seat(game, &seater, request).await,
        }
    }

    /// The game that the invite in `text` is for.
    async fn invited_to(&self, caller: &Caller, text: &str) -> Result<GameId, PlayError> {
        let found = match InviteCode::parse(text) {
            None => None,
            Some(code) => {
                let store = &self.inner.store;
                store.find_invite(code.as_str(), &caller.stage).await?
            }
        };
        // Text that cannot be a code is answered, and counted, as an unknown invite.
        found.ok_or_else(|| self.inner.guesses.unknown(caller))
    }

    /// Records that the caller is seated, then renames a caller with a token if the call asks for
    /// it.
    async fn seat(
        &self,
        game: GameId,
        seater: &Seater,
        request: JoinGame,
    ) -> Answered<CreatedView> {
        let name = request.name.clone();
        let joined = self.execute_join(game, seater.player, request).await;
        // Answers to a caller without a token have no `yourSeats`.
        let done = if seater.is_new {
            joined.map_err(PlayError::without_your_seats)?
        } else {
            joined?
        };
        if let Some(name) = name.filter(|_| !seater.is_new) {
            let renamed = self.inner.store.rename_player(seater.player, name.as_str());
            // The seat is taken. Repeating the call is safe, and renames the player.
            renamed.await.map_err(|_| PlayError::OUTCOME_UNKNOWN)?;
        }
        let Done { history, replayed } = done;
        self.joined(&history, &history, replayed, seater).await
    }

    /// Takes an open seat of a game. The player need not be allowed to see the game before.
    async fn execute_join(
        &self,
        game: GameId,
        player: PlayerId,
        request: JoinGame,
    ) -> Result<Done, PlayError> {
        let JoinGame { seat, entropy, .. } = request;
        let judge = |history: &History, dice: &Dice| {
            let game = history.game();
            let ask = match &seat {
                None => Ask::Join,
                Some(name) => {
                    let seats = game.seats.iter().map(|(seat, _)| seat);
                    let seat = seat_among(&game.rules, seats, name);
                    Ask::JoinAt(seat.map_err(Refused::Request)?)
                }
            };
            let join = self.command(player, ask);
            dice.decide(history, &join, entropy.as_ref())
        };
        match self.execute(game, player, judge).await {
            // The invite's game does not exist, or not yet, so neither does the invite.
            Err(PlayError::GameNotFound) => Err(PlayError::InviteNotFound),
            done => done,
        }
    }

    /// Answers that the caller was seated in a game that was as `then`, and stands as `now`.
    async fn joined(
        &self,
        now: &Arc<History>,
        then: &Arc<History>,
        replayed: bool,
        seater: &Seater,
    ) -> Answered<CreatedView> {
        let Some(seat) = then.game().acting_seat(seater.player) else {
            let refused = Refused::Rules(Refusal::NotSeated);
            return Err(self.refusal(now, seater.player, refused).await);
        };
        let mut value = self.created_view(now, then, seater, seat).await?;
        value.invite = None;
        Ok(Answer {
            value,
            success: Success::Done,
            replayed,
        })
    }
}

/// The version at which `player` took an open seat; `None` if they got no seat that way.
fn seated_by_joining(history: &History, player: PlayerId) -> Option<u32> {
    let seated = history.events().iter().find(
        |recorded| matches!(recorded.entry.event, Event::PlayerSeated { player: seated, .. } if seated == player),
    );
    seated.map(|recorded| recorded.version)
}

/// Whether the error proves that nothing was recorded and nothing will be.
fn is_refusal(error: &PlayError) -> bool {
    !matches!(error, PlayError::Unavailable(_))
}
