//! Makes a game from its events. It applies each event and never refuses one.

use super::{Creation, Draws, Event, Game, LastMove, Rules, Seat};

/// A list of events that is not the history of a game.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum FoldError {
    /// The list is empty, or its first event does not create a game.
    #[error("a game's first event must be its creation")]
    NotACreation,
}

/// The game that `events` made.
///
/// # Errors
/// Where the first event is missing or not a creation.
pub fn fold<'a>(
    rules: Rules,
    events: impl IntoIterator<Item = &'a Event>,
) -> Result<Game, FoldError> {
    let mut events = events.into_iter();
    let Some(Event::GameCreated(creation)) = events.next() else {
        return Err(FoldError::NotACreation);
    };
    Ok(events.fold(begin(rules, creation), evolve))
}

/// The game at version 1.
pub fn begin(rules: Rules, creation: &Creation) -> Game {
    Game {
        rules,
        options: creation.options,
        visibility: creation.visibility,
        opponent: creation.opponent,
        seats: creation.seats,
        position: rules.start(creation.options),
        last_move: None,
        result: None,
        draws: Draws::default(),
        rematch: None,
        version: 1,
    }
}

/// `game` after `event`.
pub fn evolve(mut game: Game, event: &Event) -> Game {
    game.version += 1;
    game.draws.just_declined_by = None;
    match event {
        // A log holds one creation per game, its first event; a second one changes nothing.
        Event::GameCreated(_) => {}
        Event::PlayerSeated { seat, player } => game.seats[*seat] = Some(*player),
        Event::MovePlayed {
            seat,
            played,
            result,
        } => {
            game.position = game.position.after(*played);
            game.last_move = Some(LastMove {
                seat: *seat,
                played: *played,
            });
            game.draws = draws_after_move(game.draws, *seat);
            game.result = result.clone();
        }
        Event::Resigned { result, .. }
        | Event::DrawAgreed { result, .. }
        | Event::Abandoned { result } => game.result = Some(result.clone()),
        Event::DrawOffered { seat } => game.draws.offered_by = Some(*seat),
        Event::DrawDeclined { seat } => {
            if let Some(offerer) = game.draws.offered_by.take() {
                game.draws.spent[offerer] = true;
            }
            game.draws.just_declined_by = Some(*seat);
        }
        Event::RematchCreated { game: next } => game.rematch = Some(*next),
    }
    if game.result.is_some() {
        game.draws.offered_by = None;
    }
    game
}

/// An offer lapses when the player it was made to moves; any move lets both offer again.
fn draws_after_move(draws: Draws, mover: Seat) -> Draws {
    Draws {
        offered_by: draws.offered_by.filter(|&offerer| offerer == mover),
        ..Draws::default()
    }
}
