//! Creates games, and makes the reservation that comes before a game's first event.

use std::sync::Arc;
use std::time::Duration;

use super::invites::InviteCode;
use super::request::NewGame;
use super::request_key::BodyDigests;
use super::view::{CreatedView, NewPlayerView};
use super::{Answer, Answered, Caller, CreateGame, Play, PlayError, RequestKey, Success};
use crate::config::StageName;
use crate::game::{Creation, Entry, GameId, Holder, Opponent, PlayerId, Seats};
use crate::record::{History, Recorded};
use crate::rules::{Rules, Seat};
use crate::store::append::{AppendError, NewEvent};
use crate::store::{Earlier, Person, Reservation, Reserved, ReservedKey};

/// How long a reservation without its event counts as a call that is still running.
const UNDER_WAY: Duration = Duration::from_secs(5);
/// How many invite codes are drawn. That even the second is taken is next to impossible.
const MAX_DRAWS: u32 = 8;

/// An idempotency key as it is stored.
pub(super) struct OwnedKey {
    scope: Vec<u8>,
    former_scope: Option<Vec<u8>>,
    digests: BodyDigests,
}

/// The caller of a call that seats them. A caller without a token becomes a new player.
#[derive(Clone)]
pub(super) struct Seater {
    pub(super) player: PlayerId,
    /// The call bore no token, so its answer holds one.
    pub(super) is_new: bool,
    pub(super) name: Option<String>,
}

impl Play {
    /// Creates a game and seats the caller in it.
    ///
    /// # Errors
    /// [`PlayError::InProgress`] and [`PlayError::IdempotencyKeyReused`] for an idempotency key
    /// that came before.
    pub async fn create_game(
        &self,
        caller: &Caller,
        request: CreateGame,
        key: Option<RequestKey>,
    ) -> Answered<CreatedView> {
        let (play, caller) = (self.clone(), caller.clone());
        self.carry_through(async move { play.create(caller, request, key).await })
            .await
    }

    async fn create(
        &self,
        caller: Caller,
        request: CreateGame,
        key: Option<RequestKey>,
    ) -> Answered<CreatedView> {
        let key = key.map(|key| OwnedKey::new(&key, &caller, "POST /game"));
        let request = self.under_rules(&caller.stage, request)?;
        let seater = self.seater(&caller, request.name.as_ref().map(|name| name.as_str()));
        let game = GameId(self.new_id());
        for _ in 0..MAX_DRAWS {
            let has_others = request.rules.seat_count(&request.options) > 1;
            let code = match request.opponent {
                Opponent::Invite => has_others.then(InviteCode::draw),
                Opponent::Oneself => None,
            };
            let reservation = Reservation {
                key: key.as_ref().map(OwnedKey::as_stored),
                stage: &caller.stage,
                player: seater.as_person(),
                game: Some(game),
                invite: code.as_ref().map(InviteCode::as_str),
            };
            return match self.inner.store.reserve(reservation).await? {
                Reserved::InviteTaken => continue,
                Reserved::Now => {
                    let begun = self.begin(&caller, &request, game, seater).await;
                    begun.map_err(PlayError::once_sent)
                }
                Reserved::Before(earlier) => {
                    let earlier = judge_earlier(key.as_ref(), earlier)?;
                    self.create_again(&caller, &request, seater, earlier).await
                }
            };
        }
        Err(PlayError::NOTHING_SENT)
    }

    /// Answers a repeated call as the first one, or completes the first one if it broke off before
    /// its event.
    async fn create_again(
        &self,
        caller: &Caller,
        request: &NewGame,
        seater: Seater,
        earlier: Earlier,
    ) -> Answered<CreatedView> {
        let game = earlier.game.ok_or(PlayError::IdempotencyKeyReused)?;
        let seater = Seater {
            player: earlier.player,
            ..seater
        };
        match self.inner.games.read(game).await? {
            Some(history) => self.begun(&history, &seater, request.seat, true).await,
            None if is_under_way(&earlier) => Err(PlayError::InProgress),
            None => self.begin(caller, request, game, seater).await,
        }
    }

    async fn begin(
        &self,
        caller: &Caller,
        request: &NewGame,
        game: GameId,
        seater: Seater,
    ) -> Answered<CreatedView> {
        let rules = &request.rules;
        let count = rules.seat_count(&request.options);
        let seats = match request.opponent {
            Opponent::Oneself => Seats::all(count, Holder::Player(seater.player)),
            Opponent::Invite => {
                let mut seats = Seats::all(count, Holder::Open);
                seats[request.seat] = Holder::Player(seater.player);
                seats
            }
        };
        let creation = Creation {
            options: request.options.clone(),
            seats,
            visibility: request.visibility,
            opponent: request.opponent,
        };
        let entropy = request.entropy.clone();
        let entry = self.first_entry(game, rules, seater.player, creation, entropy);
        let begun = self.append_first(game, &caller.stage, rules, entry).await?;
        match begun {
            Some(history) => self.begun(&history, &seater, request.seat, false).await,
            // Another call has completed the same reservation.
            None => {
                let history = self.read_existing(game).await?;
                self.begun(&history, &seater, request.seat, true).await
            }
        }
    }

    async fn begun(
        &self,
        history: &Arc<History>,
        seater: &Seater,
        seat: Seat,
        replayed: bool,
    ) -> Answered<CreatedView> {
        // Every history has a first event.
        let first = Arc::new(history.at(1).expect("a history has a version 1"));
        Ok(Answer {
            value: self.created_view(history, &first, seater, seat).await?,
            success: Success::Created,
            replayed,
        })
    }

    /// Records a game's first event; `None` if the game exists.
    pub(super) async fn append_first(
        &self,
        game_id: GameId,
        stage: &StageName,
        rules: &Rules,
        entry: Entry,
    ) -> Result<Option<Arc<History>>, PlayError> {
        let mut first = Recorded {
            position: 0,
            game_id,
            version: 1,
            stage: stage.clone(),
            rules: rules.clone(),
            entry,
        };
        let new = NewEvent {
            row: first.row(),
            after_position: 0,
        };
        match self.inner.appender.append(new).await {
            Err(AppendError::LostRace) => Ok(None),
            Err(error) => Err(PlayError::of_append(&error)),
            Ok(position) => {
                first.position = position;
                let history = History::new(vec![Arc::new(first)])?.map(Arc::new);
                if let Some(history) = &history {
                    self.inner.games.put(history);
                }
                Ok(history)
            }
        }
    }

    /// A game in which the caller has taken `seat`, as it was `then`. What they may see of it is
    /// settled by how it stands `now`.
    pub(super) async fn created_view(
        &self,
        now: &Arc<History>,
        then: &Arc<History>,
        seater: &Seater,
        seat: Seat,
    ) -> Result<CreatedView, PlayError> {
        let player = seater.player;
        let game = self.view_at(now, then, Some(player)).await;
        let game = game.map_err(PlayError::once_sent)?;
        let new_player = seater.is_new.then(|| NewPlayerView {
            player_id: player,
            name: seater.name.clone(),
            token: self.inner.tokens.sign(player),
        });
        Ok(CreatedView {
            seat: then.game().rules.seat_name(seat),
            invite: game.invite.clone(),
            player: new_player,
            game,
        })
    }

    /// The game that is asked for, by the rules that its stage has.
    fn under_rules(&self, stage: &StageName, request: CreateGame) -> Result<NewGame, PlayError> {
        match self.rules_for(stage, &request.variant) {
            Some(rules) => request.under(rules),
            None => Err(PlayError::UnknownVariant {
                detail: self.unknown_variant(stage, &request.variant),
            }),
        }
    }

    /// The caller's player, or a new player for a caller without a token.
    pub(super) fn seater(&self, caller: &Caller, name: Option<&str>) -> Seater {
        Seater {
            player: caller.player.unwrap_or_else(|| PlayerId(self.new_id())),
            is_new: caller.player.is_none(),
            name: name.map(str::to_owned),
        }
    }
}

/// The earlier reservation, if it was made for the same body.
pub(super) fn judge_earlier(
    key: Option<&OwnedKey>,
    earlier: Earlier,
) -> Result<Earlier, PlayError> {
    match key {
        Some(key) if key.digests.are_of(&earlier.body_digest) => Ok(earlier),
        Some(_) | None => Err(PlayError::IdempotencyKeyReused),
    }
}

/// Whether a reservation without its event belongs to a call that is still under way.
pub(super) fn is_under_way(earlier: &Earlier) -> bool {
    earlier.age < UNDER_WAY
}

impl OwnedKey {
    pub(super) fn new(key: &RequestKey, caller: &Caller, call: &str) -> OwnedKey {
        OwnedKey {
            scope: key.scope(caller, call),
            former_scope: key.former_scope(caller, call),
            digests: key.digests().clone(),
        }
    }

    pub(super) fn as_stored(&self) -> ReservedKey<'_> {
        ReservedKey {
            scope: &self.scope,
            former_scope: self.former_scope.as_deref(),
            body_digest: self.digests.as_stored(),
        }
    }
}

impl Seater {
    pub(super) fn as_person(&self) -> Person<'_> {
        let (id, name) = (self.player, self.name.as_deref());
        match self.is_new {
            true => Person::New { id, name },
            false => Person::Known { id, name },
        }
    }
}
