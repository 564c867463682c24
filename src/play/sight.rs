//! What of a game a caller may see.

use serde_json::Value;

use crate::game::{Game, PlayerId, Status, Visibility};
use crate::rules::{Json, Position, Rules, Seat, Viewer};

/// What somebody may see now of a game, and of every earlier version of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Sight {
    /// Everything: the rules hide nothing.
    Open,
    /// What this viewer may see: the rules hide something.
    Of(Viewer),
}

impl Sight {
    /// What `player` may see of a game that stands as `now`; `None` is somebody without a token.
    /// Once it has finished, that is all of it.
    ///
    /// A player of several seats would see as the first of them, but nobody has several where the
    /// rules hide something.
    pub fn of(now: &Game, player: Option<PlayerId>) -> Sight {
        if !now.rules.forms().hidden {
            return Sight::Open;
        }
        if now.status() == Status::Finished {
            return Sight::Of(Viewer::Afterwards);
        }
        let seat = player.and_then(|player| now.seats_of(player).iter().next());
        Sight::Of(seat.map_or(Viewer::Spectator, Viewer::Seat))
    }

    /// As the rules call it.
    pub fn viewer(self) -> Viewer {
        match self {
            Sight::Open => Viewer::Spectator,
            Sight::Of(viewer) => viewer,
        }
    }

    /// Whether the moves that `seat` could make are shown.
    pub(super) fn lists_moves_of(self, seat: Seat) -> bool {
        match self {
            Sight::Open | Sight::Of(Viewer::Afterwards) => true,
            Sight::Of(Viewer::Seat(own)) => own == seat,
            Sight::Of(Viewer::Spectator) => false,
        }
    }

    /// The move of seat `by` that has led to `position`; `None` where it is hidden. Where the rules
    /// hide nothing, the position is not looked at.
    pub(super) fn of_move(
        self,
        rules: &Rules,
        position: Option<&Position>,
        by: Seat,
        played: &Json,
    ) -> Option<Value> {
        match self {
            Sight::Open => Some(played.value().clone()),
            Sight::Of(viewer) => rules.show_move(position?, by, played, viewer),
        }
    }
}

/// Whether `player` may watch a game; `None` is somebody without a token.
pub fn may_watch(game: &Game, player: Option<PlayerId>) -> bool {
    match game.visibility {
        Visibility::Unlisted => true,
        Visibility::Private => player.is_some_and(|player| game.is_seated(player)),
    }
}
