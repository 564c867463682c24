//! The faults that a database can have, each with its remedy.

use crate::game::GameId;

/// One fault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The kind of fault.
    pub kind: Kind,
    /// The game; `None` for a fault of the whole log.
    pub game: Option<GameId>,
    /// The version of the event, if it is a fault of an event.
    pub version: Option<i32>,
    /// The finding.
    pub what: String,
}

/// The kinds of faults; docs/DATA.md explains them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The versions of a game are not dense from 1.
    VersionGap,
    /// A later version has an earlier position.
    PositionOrder,
    /// Two events share a position.
    PositionTwice,
    /// Positions that are in use would be assigned again.
    PositionsBehind,
    /// The log has no epoch.
    NoEpoch,
    /// A later version has an earlier time.
    TimeBackwards,
    /// This release cannot read an event, or the events do not make a game.
    Unreadable,
    /// An event has another stage, variant or rules than its game.
    Mixed,
    /// An event that the rules of its game do not allow, or with another result.
    Unlawful,
    /// The projector left the game out.
    Quarantined,
    /// A row of the projection is missing.
    RowMissing,
    /// A row of the projection differs from the log.
    RowDiffers,
    /// A row of the projection has no game.
    RowStray,
    /// An invite has no game of its stage.
    InviteStray,
}

impl Fault {
    /// A fault of the log as a whole.
    pub fn of_log(kind: Kind, what: String) -> Fault {
        Fault {
            kind,
            game: None,
            version: None,
            what,
        }
    }

    /// A fault of a game.
    pub fn of_game(kind: Kind, game: GameId, what: String) -> Fault {
        Fault {
            game: Some(game),
            ..Fault::of_log(kind, what)
        }
    }

    /// A fault of one event.
    pub fn of_event(kind: Kind, game: GameId, version: i32, what: String) -> Fault {
        Fault {
            version: Some(version),
            ..Fault::of_game(kind, game, what)
        }
    }
}

impl Kind {
    /// The name of the fault for programs.
    pub fn code(self) -> &'static str {
        match self {
            Kind::VersionGap => "version_gap",
            Kind::PositionOrder => "position_order",
            Kind::PositionTwice => "position_twice",
            Kind::PositionsBehind => "positions_behind",
            Kind::NoEpoch => "no_epoch",
            Kind::TimeBackwards => "time_backwards",
            Kind::Unreadable => "unreadable",
            Kind::Mixed => "mixed",
            Kind::Unlawful => "unlawful",
            Kind::Quarantined => "quarantined",
            Kind::RowMissing => "row_missing",
            Kind::RowDiffers => "row_differs",
            Kind::RowStray => "row_stray",
            Kind::InviteStray => "invite_stray",
        }
    }

    /// The remedy of the fault.
    pub fn remedy(self) -> &'static str {
        match self {
            Kind::VersionGap
            | Kind::PositionOrder
            | Kind::PositionTwice
            | Kind::TimeBackwards
            | Kind::Mixed => {
                "the log was changed by something other than Turnkey: take the game's events from \
                 a backup, then run `turnkey restored` and `turnkey projection rebuild`"
            }
            Kind::Unlawful => {
                "either the rules of this release differ from those that recorded it: do not start \
                 this release; or the log was changed by something other than Turnkey: take the \
                 game's events from a backup, then run `turnkey restored` and `turnkey projection \
                 rebuild`"
            }
            Kind::PositionsBehind => {
                "stop every server and run `turnkey restored`, as after every restore"
            }
            Kind::NoEpoch => {
                "the restore is not complete: restore the whole backup, then run `turnkey restored`"
            }
            Kind::Unreadable => {
                "a newer release recorded it, or the log was changed: start the newest release, \
                 else take the game's events from a backup"
            }
            Kind::Quarantined => {
                "repair the game, or start the release that can read it; then run `turnkey \
                 projection rebuild`"
            }
            Kind::RowMissing | Kind::RowDiffers | Kind::RowStray => {
                "run `turnkey projection rebuild`; a game that is gone from the log and was not \
                 archived must come from a backup"
            }
            Kind::InviteStray => {
                "a running server deletes invites without a game within the hour; delete one that \
                 stays, or is of another stage"
            }
        }
    }
}
