//! Reads games, their events and lists of games as the caller may see them.

use std::collections::HashSet;
use std::sync::Arc;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;

use super::body::expected;
use super::commands::visible;
use super::request::parse_game_id;
use super::view::{self, EventsView, GameView, GamesView, VariantsView};
use super::{Answer, Answered, Caller, ListGames, Play, PlayError, ReadEvents, Sight, invites};
use crate::config::StageName;
use crate::game::{GameId, PlayerId, Status};
use crate::record::History;
use crate::rules::Rules;
use crate::store::{ListPlace, Names};

impl Play {
    /// A game as it is, or as it was at `version`.
    ///
    /// # Errors
    /// [`PlayError::GameNotFound`]; [`PlayError::Malformed`] if the game has not reached `version`.
    pub async fn read_game(
        &self,
        caller: &Caller,
        game_id: &str,
        version: Option<u32>,
    ) -> Answered<GameView> {
        let now = self
            .watch_check(game_id, &caller.stage, caller.player)
            .await?;
        let then = match version {
            None => now.clone(),
            Some(version) => now.at(version).map(Arc::new).ok_or_else(|| {
                let what = format!(
                    "an integer from 1 to {}, this game's version",
                    now.version()
                );
                expected("version", &what)
            })?,
        };
        Ok(Answer::done(
            self.view_at(&now, &then, caller.player).await?,
        ))
    }

    /// A page of a game's events, in order of their versions.
    ///
    /// # Errors
    /// [`PlayError::GameNotFound`].
    pub async fn read_events(
        &self,
        caller: &Caller,
        game_id: &str,
        request: ReadEvents,
    ) -> Answered<EventsView> {
        let history = self
            .watch_check(game_id, &caller.stage, caller.player)
            .await?;
        let limit = usize::try_from(request.limit).unwrap_or(usize::MAX);
        let sight = Sight::of(history.game(), caller.player);
        let events = match sight {
            Sight::Open => {
                let page = history.after(request.after).iter().take(limit);
                page.map(|recorded| view::event(recorded, None, sight))
                    .collect()
            }
            Sight::Of(_) => {
                let page = history.games_after(request.after).take(limit);
                page.map(|(recorded, game)| view::event(recorded, game.position.as_ref(), sight))
                    .collect()
            }
        };
        Ok(Answer::done(EventsView {
            events,
            version: history.version(),
        }))
    }

    /// A page of the caller's games in this stage. Games where it is the caller's turn come first;
    /// within each group the last changed comes first.
    ///
    /// # Errors
    /// [`PlayError::Malformed`] if the cursor is not one that an earlier page returned.
    pub async fn list_games(&self, caller: &Caller, request: ListGames) -> Answered<GamesView> {
        let player = caller.player()?;
        let after = request.cursor.as_deref().map(parse_cursor).transpose()?;
        let limit = usize::try_from(request.limit).unwrap_or(usize::MAX);
        // Asking for one more than a page shows whether there is a next page.
        let asked = i64::from(request.limit) + 1;
        let mut listed = self
            .inner
            .store
            .my_games(player, &caller.stage, request.status, after, asked)
            .await?;
        let has_more = listed.len() > limit;
        listed.truncate(limit);
        let next = listed.last().filter(|_| has_more);
        let next = next.map(|(_, place)| cursor(*place));
        let games: Vec<GameId> = listed.into_iter().map(|(game, _)| game).collect();
        let mut histories = self.inner.games.current_of(&games).await?;
        // The list may be a moment behind the games.
        let asked_for = |status: Status| request.status.is_none_or(|asked| asked == status);
        histories.retain(|history| asked_for(history.game().status()));
        let shown: Vec<(&Arc<History>, Sight)> = histories
            .iter()
            .map(|history| (history, Sight::of(history.game(), Some(player))))
            .collect();
        Ok(Answer::done(GamesView {
            games: self.views(&shown, Some(player)).await?,
            next,
        }))
    }

    /// Every variant, with the rules that new games get in the caller's stage.
    pub fn variants(&self, caller: &Caller) -> VariantsView {
        let book = self.rulebook();
        let variants = self.served(&caller.stage);
        VariantsView {
            variants: variants.map(|rules| view::variant(book, &rules)).collect(),
        }
    }

    /// The rules that new games on `stage` get, of each variant that it serves.
    fn served(&self, stage: &StageName) -> impl Iterator<Item = Rules> {
        let variants = self.rulebook().variants();
        variants.filter_map(|variant| self.rules_for(stage, variant))
    }

    /// The sentence that says which variants `stage` serves in place of `variant`.
    pub(super) fn unknown_variant(&self, stage: &StageName, variant: &str) -> String {
        let served: Vec<_> = self.served(stage).map(|rules| rules.id.variant).collect();
        match served.is_empty() {
            true => format!("there is no variant {variant:?} on stage {stage}, and no other"),
            false => format!(
                "there is no variant {variant:?} on stage {stage}; play `{}`",
                served.join("`, `")
            ),
        }
    }

    /// A game as it is now, if `player` may watch it in this stage. `None` is a caller without a
    /// token.
    ///
    /// # Errors
    /// [`PlayError::GameNotFound`], the same for every reason.
    pub async fn watch_check(
        &self,
        game_id: &str,
        stage: &StageName,
        player: Option<PlayerId>,
    ) -> Result<Arc<History>, PlayError> {
        let game = parse_game_id(game_id)?;
        let history = self.inner.games.current(game).await?;
        history
            .filter(|history| visible(history, stage, player))
            .ok_or(PlayError::GameNotFound)
    }

    /// The names of all players in these games.
    ///
    /// # Errors
    /// [`PlayError::Unavailable`].
    pub async fn names_in(&self, histories: &[Arc<History>]) -> Result<Names, PlayError> {
        let players = histories
            .iter()
            .flat_map(|history| history.game().players());
        self.names_of(players).await
    }

    async fn names_of(&self, players: impl Iterator<Item = PlayerId>) -> Result<Names, PlayError> {
        let players: HashSet<PlayerId> = players.collect();
        let players: Vec<PlayerId> = players.into_iter().collect();
        Ok(self.inner.store.players(&players).await?)
    }

    /// A game as `player` sees it.
    pub(super) async fn view(
        &self,
        history: &Arc<History>,
        player: Option<PlayerId>,
    ) -> Result<GameView, PlayError> {
        self.view_at(history, history, player).await
    }

    /// A game as it was `then`, as `player` may see that `now`.
    pub(super) async fn view_at(
        &self,
        now: &Arc<History>,
        then: &Arc<History>,
        player: Option<PlayerId>,
    ) -> Result<GameView, PlayError> {
        let sight = Sight::of(now.game(), player);
        let mut views = self.views(&[(then, sight)], player).await?;
        // There is a view for each history.
        Ok(views.pop().expect("one history has one view"))
    }

    /// As [`view`](Self::view), after a command was recorded: an error must no longer claim that
    /// nothing happened.
    pub(super) async fn view_committed(
        &self,
        history: &Arc<History>,
        player: Option<PlayerId>,
    ) -> Result<GameView, PlayError> {
        let view = self.view(history, player).await;
        view.map_err(PlayError::once_sent)
    }

    async fn views(
        &self,
        shown: &[(&Arc<History>, Sight)],
        player: Option<PlayerId>,
    ) -> Result<Vec<GameView>, PlayError> {
        let seated = shown.iter();
        let seated = seated.flat_map(|(history, _)| history.game().players());
        let names = self.names_of(seated).await?;
        let waiting_for = |history: &Arc<History>| {
            let game = history.game();
            let sits = player.is_some_and(|player| game.is_seated(player));
            sits && game.status() == Status::Waiting
        };
        let waiting: Vec<GameId> = shown
            .iter()
            .filter(|(history, _)| waiting_for(history))
            .map(|(history, _)| history.game_id())
            .collect();
        let codes = self.inner.store.invites_of(&waiting).await?;
        let views = shown.iter().map(|(history, sight)| {
            let mut shown = view::game(history, &names, *sight);
            shown.your_seats = player.map(|player| view::seats_of(history.game(), player));
            let code = codes.get(&history.game_id());
            shown.invite = code.map(|code| invites::shown(code));
            shown
        });
        Ok(views.collect())
    }
}

/// Writes a place in the list of games as text for a URL.
fn cursor(place: ListPlace) -> String {
    let mut bytes = [0; 9];
    bytes[0] = u8::from(place.my_turn);
    bytes[1..].copy_from_slice(&place.position.to_be_bytes());
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}

fn parse_cursor(text: &str) -> Result<ListPlace, PlayError> {
    let place = || {
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(text).ok()?;
        let (&my_turn, position) = bytes.split_first()?;
        Some(ListPlace {
            my_turn: match my_turn {
                0 => false,
                1 => true,
                _ => return None,
            },
            position: i64::from_be_bytes(position.try_into().ok()?),
        })
    };
    place().ok_or_else(|| expected("cursor", "the `next` of the page before"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cursors_are_read_back_and_nothing_else_is() {
        for place in [(true, 0), (false, i64::MAX), (true, 77)] {
            let (my_turn, position) = place;
            let place = ListPlace { my_turn, position };
            assert_eq!(parse_cursor(&cursor(place)).unwrap(), place);
        }
        for bad in [
            "",
            "x",
            "AAAA",
            "AgAAAAAAAAAA",
            "AAAAAAAAAAAAAAAA",
            "é",
            "\0",
        ] {
            assert!(parse_cursor(bad).is_err(), "{bad:?}");
        }
    }
}
