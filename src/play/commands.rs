//! Commands on an existing game: load, decide, append, and start again if another command was
//! faster.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::time::timeout;
use tracing::Instrument;

use super::dice::Dice;
use super::request::{parse_game_id, seat_among};
use super::view::GameView;
use super::{Answer, Answered, Caller, MakeMove, Play, PlayError, Success, may_watch};
use crate::config::StageName;
use crate::game::{self, Ask, Decision, Entry, Game, GameId, PlayerId, Refusal, Since};
use crate::record::{History, Recorded};
use crate::rules::{MoveRefusal, Seat};
use crate::store::append::{AppendError, NewEvent};
use crate::trace::span;

/// How many commands of one game may wait for one another on an instance.
const MAX_QUEUED: usize = 64;
/// How long a command waits for those before it. Each of them has deadlines of its own.
const QUEUE_PATIENCE: Duration = Duration::from_secs(10);
/// How long a command starts again because others, on other instances, were faster.
const RACES_LAST: Duration = Duration::from_secs(2);

/// Why a command does nothing to a game.
pub(super) enum Refused {
    /// The caller may not know of the game.
    Hidden,
    /// The game has changed since the caller saw it.
    Conflict,
    /// The request does not fit the game: its move has another form, or it has no such seat.
    Request(PlayError),
    Rules(Refusal),
}

/// A game after a command. `replayed` is true if the command had been carried out before.
pub(super) struct Done {
    pub(super) history: Arc<History>,
    pub(super) replayed: bool,
}

impl Play {
    /// Plays a move. A repeat with the same `version` is answered as a replay.
    ///
    /// # Errors
    /// [`PlayError::VersionConflict`] if an event other than this move followed the version that
    /// the player saw; otherwise what the rules refuse.
    pub async fn make_move(&self, caller: &Caller, request: MakeMove) -> Answered<GameView> {
        let player = caller.player()?;
        let game = parse_game_id(&request.game_id)?;
        let play = self.clone();
        let judge =
            move |history: &History, dice: &Dice| match judge_repeat(history, player, &request)? {
                None => Ok(Decision::AlreadyHolds),
                Some(ask) => dice.decide(history, &play.command(player, ask), None),
            };
        self.act(caller, game, player, judge).await
    }

    /// Resigns the game. The last who leaves a game that still waits for players abandons it.
    pub async fn resign_game(&self, caller: &Caller, game_id: &str) -> Answered<GameView> {
        let player = caller.player()?;
        self.act_by_rules(caller, player, game_id, Ask::Resign)
            .await
    }

    /// Offers a draw, or accepts the offers of the others.
    pub async fn offer_draw(&self, caller: &Caller, game_id: &str) -> Answered<GameView> {
        let player = caller.player()?;
        self.act_by_rules(caller, player, game_id, Ask::OfferDraw)
            .await
    }

    /// Declines the others' offers of a draw, or withdraws the caller's own.
    pub async fn decline_draw(&self, caller: &Caller, game_id: &str) -> Answered<GameView> {
        let player = caller.player()?;
        self.act_by_rules(caller, player, game_id, Ask::DeclineDraw)
            .await
    }

    async fn act_by_rules(
        &self,
        caller: &Caller,
        player: PlayerId,
        game_id: &str,
        ask: Ask,
    ) -> Answered<GameView> {
        let game = parse_game_id(game_id)?;
        let command = self.command(player, ask);
        let judge = move |history: &History, dice: &Dice| dice.decide(history, &command, None);
        self.act(caller, game, player, judge).await
    }

    async fn act(
        &self,
        caller: &Caller,
        game: GameId,
        player: PlayerId,
        judge: impl Fn(&History, &Dice) -> Result<Decision, Refused> + Send + Sync + 'static,
    ) -> Answered<GameView> {
        let (play, stage) = (self.clone(), caller.stage.clone());
        let judge_visible =
            move |history: &History, dice: &Dice| match visible(history, &stage, Some(player)) {
                true => judge(history, dice),
                false => Err(Refused::Hidden),
            };
        self.carry_through(async move {
            let done = play.execute(game, player, judge_visible).await?;
            Ok(Answer {
                value: play.view_committed(&done.history, Some(player)).await?,
                success: Success::Done,
                replayed: done.replayed,
            })
        })
        .await
    }

    /// Lets `judge` decide on the game and records the event that it decides on. A refusal, or
    /// [`Decision::AlreadyHolds`], counts only on a game that was just read from the log.
    ///
    /// Commands of one game are decided one after another on an instance, so that many players who
    /// move at once do not lose races to each other.
    pub(super) async fn execute(
        &self,
        game: GameId,
        player: PlayerId,
        judge: impl Fn(&History, &Dice) -> Result<Decision, Refused> + Send + Sync,
    ) -> Result<Done, PlayError> {
        let place = self.inner.queues.queue(game);
        if place.ahead >= MAX_QUEUED {
            return Err(PlayError::NOTHING_SENT);
        }
        let Ok(_turn) = timeout(QUEUE_PATIENCE, place.wait()).await else {
            return Err(PlayError::NOTHING_SENT);
        };
        let mut cached = self.inner.games.cached(game);
        let mut losing_since: Option<Instant> = None;
        loop {
            let is_fresh = cached.is_none();
            let history = match cached.take() {
                Some(history) => history,
                None => self.read_existing(game).await?,
            };
            let dice = self.dice(&history).await?;
            match span!("decide").in_scope(|| judge(&history, &dice)) {
                Ok(Decision::Record(entry))
                    if losing_since.is_none_or(|since| since.elapsed() < RACES_LAST) =>
                {
                    match self.append(&history, entry).await {
                        Ok(history) => {
                            let replayed = false;
                            return Ok(Done { history, replayed });
                        }
                        Err(AppendError::LostRace) => {
                            losing_since.get_or_insert_with(Instant::now);
                        }
                        Err(error) => return Err(PlayError::of_append(&error)),
                    }
                }
                Ok(Decision::Record(_)) => {
                    return Err(self.refusal(&history, player, Refused::Conflict).await);
                }
                Ok(Decision::AlreadyHolds) if is_fresh => {
                    let replayed = true;
                    return Ok(Done { history, replayed });
                }
                Err(refused) if is_fresh => {
                    return Err(self.refusal(&history, player, refused).await);
                }
                // The cached game may be old.
                Ok(Decision::AlreadyHolds) | Err(_) => {}
            }
        }
    }

    pub(super) async fn read_existing(&self, game: GameId) -> Result<Arc<History>, PlayError> {
        let history = self.inner.games.read(game).await?;
        history.ok_or(PlayError::GameNotFound)
    }

    /// Records `entry` as what comes next in `history`.
    pub(super) async fn append(
        &self,
        history: &History,
        entry: Entry,
    ) -> Result<Arc<History>, AppendError> {
        let last = history.last();
        let mut recorded = Recorded {
            position: 0,
            version: last.version + 1,
            entry,
            ..Recorded::clone(last)
        };
        recorded.position = self
            .inner
            .appender
            .append(NewEvent {
                row: recorded.row(),
                after_position: last.position,
            })
            .instrument(span!(
                "append",
                turnkey.game_id = %history.game_id(),
                turnkey.version = i64::from(history.version()) + 1,
            ))
            .await?;
        let next = history.followed_by(Arc::new(recorded));
        // The event was recorded for exactly the game and version that were asked for.
        let next = Arc::new(next.expect("a recorded event follows its history"));
        self.inner.games.put(&next);
        Ok(next)
    }

    /// The error for a refusal. It holds the current game if the caller may have decided on an
    /// older one.
    pub(super) async fn refusal(
        &self,
        history: &Arc<History>,
        player: PlayerId,
        refused: Refused,
    ) -> PlayError {
        let refusal = match refused {
            Refused::Hidden => return PlayError::GameNotFound,
            Refused::Request(error) => return error,
            Refused::Rules(Refusal::NotSeated) => return PlayError::NotSeated,
            Refused::Rules(Refusal::Move(MoveRefusal::Never { detail })) => {
                return PlayError::IllegalMove { detail };
            }
            Refused::Conflict => None,
            Refused::Rules(refusal) => Some(refusal),
        };
        let game = match self.view(history, Some(player)).await {
            Ok(game) => Box::new(game),
            Err(error) => return error,
        };
        let may_see = visible(history, history.stage(), Some(player));
        match refusal {
            None => PlayError::VersionConflict { game },
            Some(Refusal::NotStarted | Refusal::NeverStarted) => PlayError::NotStarted { game },
            Some(Refusal::GameOver) => PlayError::GameOver {
                game: may_see.then_some(game),
            },
            Some(Refusal::GameNotOver) => PlayError::GameNotOver { game },
            Some(Refusal::NotYourTurn) => PlayError::NotYourTurn { game },
            Some(Refusal::SeatTaken) => PlayError::SeatTaken {
                game: may_see.then_some(game),
            },
            Some(Refusal::NoDrawOffer) => PlayError::NoDrawOffer { game },
            Some(Refusal::DrawAlreadyOffered) => PlayError::DrawAlreadyOffered { game },
            Some(Refusal::Move(MoveRefusal::NotNow { code, detail })) => {
                PlayError::MoveNotNow { code, detail, game }
            }
            // Answered above, without a game.
            Some(Refusal::NotSeated) => PlayError::NotSeated,
            Some(Refusal::Move(MoveRefusal::Never { detail })) => PlayError::IllegalMove { detail },
        }
    }
}

/// Whether `player` may know of a game in this stage. `None` is a caller without a token.
pub(super) fn visible(history: &History, stage: &StageName, player: Option<PlayerId>) -> bool {
    history.stage() == stage && may_watch(history.game(), player)
}

/// Reads the move, and looks for a repeat of it before anything that has changed since could refuse
/// it. The answer is what to ask of the rules; `None` where this very move was accepted before.
fn judge_repeat(
    history: &History,
    player: PlayerId,
    request: &MakeMove,
) -> Result<Option<Ask>, Refused> {
    let game = history.game();
    if !game.is_seated(player) {
        return Err(Refused::Rules(Refusal::NotSeated));
    }
    let played = game
        .rules
        .read_move(&request.played)
        .map_err(|error| Refused::Request(PlayError::malformed(format!("`move`: {error}"))))?;
    let version = request.version.unwrap_or(history.version());
    let later = history.after(version);
    if later.is_empty() {
        let seat = mover(game, game, player, request).map_err(Refused::Request)?;
        return match version == history.version() {
            true => Ok(Some(Ask::Play { seat, played })),
            false => Err(Refused::Conflict),
        };
    }
    // There are later versions, so there was this one.
    let seen = history.at(version).ok_or(Refused::Conflict)?;
    let seat = mover(game, seen.game(), player, request).map_err(Refused::Request)?;
    let later = later.iter().map(|recorded| &recorded.entry);
    match game::since(seen.game().clone(), later, seat, &played) {
        Since::Nothing => Ok(Some(Ask::Play { seat, played })),
        Since::SameMove => Ok(None),
        Since::Otherwise => Err(Refused::Conflict),
    }
}

/// The seat that the player moves with: the one that they name, or the only one of theirs that might
/// move in the game as they saw it.
fn mover(
    game: &Game,
    seen: &Game,
    player: PlayerId,
    request: &MakeMove,
) -> Result<Seat, PlayError> {
    let own = game.seats_of(player);
    if let Some(name) = &request.seat {
        return seat_among(&game.rules, own.iter(), name);
    }
    let to_move = own.and(seen.turn.to_move);
    if to_move.len() > 1 {
        let names: Vec<_> = to_move
            .iter()
            .map(|seat| game.rules.seat_name(seat))
            .collect();
        return Err(PlayError::malformed(format!(
            "several of your seats may move: name one of `{}` as `seat`",
            names.join("`, `")
        )));
    }
    let seat = to_move.only().or(own.iter().next());
    seat.ok_or(PlayError::NotSeated)
}
