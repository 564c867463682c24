//! Both waters, and whose turn it is.

use serde_json::{Value, json};

use super::SEATS;
use super::waters::{Fleet, SIDE, Ship, Waters};
use crate::rules::native::{After, other};
use crate::rules::ruleset::{Ending, MoveRefusal, Viewer};
use crate::rules::seat::{Seat, SeatSet};

/// The state of a game.
#[derive(Clone, PartialEq, Eq)]
pub struct Board {
    waters: [Waters; 2],
    /// Who shoots next.
    turn: Seat,
    last_shot: Option<i64>,
}

/// Whether `viewer` may see the ships of `owner`.
pub fn sees_ships_of(owner: Seat, viewer: Viewer) -> bool {
    match viewer {
        Viewer::Spectator => false,
        Viewer::Seat(seat) => seat == owner,
        Viewer::Afterwards => true,
    }
}

impl Board {
    /// Nothing is placed.
    pub fn empty() -> Board {
        Board {
            waters: [Waters::empty(), Waters::empty()],
            turn: Seat::FIRST,
            last_shot: None,
        }
    }

    /// Both seats, until they have placed their ships; then who is to shoot.
    pub fn to_move(&self) -> SeatSet {
        match self.placing() {
            SeatSet::NONE => SeatSet::one(self.turn),
            placing => placing,
        }
    }

    /// The seats that have not placed their ships.
    fn placing(&self) -> SeatSet {
        let places = |seat: &Seat| self.waters[seat.index()].fleet.is_none();
        Seat::first(2).filter(places).collect()
    }

    /// The cells that `seat` may shoot at, once both have placed their ships.
    pub fn targets(&self, seat: Seat) -> Option<impl Iterator<Item = i64>> {
        let target = &self.waters[other(seat).index()];
        self.placing().is_empty().then(|| target.open())
    }

    /// `seat` places its ships.
    pub fn place(&self, seat: Seat, ships: &[Ship]) -> Result<After<Board>, MoveRefusal> {
        let fleet = Fleet::of(ships).map_err(|detail| MoveRefusal::Never { detail })?;
        if !self.placing().contains(seat) {
            return Err(MoveRefusal::NotNow {
                code: "already_placed",
                detail: "your ships are placed and stay where they are; shoot at a cell".into(),
            });
        }
        let mut next = self.clone();
        next.waters[seat.index()].fleet = Some(fleet);
        Ok(After::going_on(next))
    }

    /// `seat` shoots at a cell of the other's waters.
    pub fn shoot(&self, seat: Seat, cell: i64) -> Result<After<Board>, MoveRefusal> {
        let mut next = self.clone();
        let target = &mut next.waters[other(seat).index()];
        let Some(first_shot) = target.shoot(cell) else {
            return Err(MoveRefusal::Never {
                detail: format!("there is no cell {cell}; shoot at one of 0 to 99"),
            });
        };
        if !self.placing().is_empty() {
            return Err(MoveRefusal::NotNow {
                code: "not_placed",
                detail: "place your ships first: both do before the first shot".into(),
            });
        }
        if !first_shot {
            return Err(MoveRefusal::NotNow {
                code: "already_shot",
                detail: format!("you shot at cell {cell} before; play one of `legalMoves`"),
            });
        }
        let ending = target.are_lost().then(|| Ending::win(seat, "fleet_sunk"));
        next.turn = other(seat);
        next.last_shot = Some(cell);
        Ok(After::perhaps_over(next, ending))
    }

    /// What `viewer` may see.
    pub fn show(&self, viewer: Viewer) -> Value {
        let waters = |seat: Seat| self.waters[seat.index()].show(sees_ships_of(seat, viewer));
        let last_shot = self.last_shot.map(|cell| {
            // It was at the waters of who is to shoot now.
            let answer = self.waters[self.turn.index()].answer(cell);
            json!({"by": SEATS[other(self.turn).index()], "cell": cell, "answer": answer})
        });
        json!({
            "rows": SIDE,
            "columns": SIDE,
            "waters": {"A": waters(Seat::FIRST), "B": waters(Seat::SECOND)},
            "lastShot": last_shot,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::json::typed;

    /// In the five topmost rows, from the left.
    fn ships() -> Vec<Ship> {
        let ships = [(0, 5), (10, 4), (20, 3), (30, 3), (40, 2)]
            .map(|(cell, length)| json!({"cell": cell, "length": length, "down": false}));
        typed(&json!(ships)).unwrap()
    }

    /// Both have placed these ships; then they shoot in turn.
    fn after(shots: &[i64]) -> (Board, Option<Ending>) {
        let board = Board::empty();
        let board = board.place(Seat::SECOND, &ships()).unwrap().position;
        let board = board.place(Seat::FIRST, &ships()).unwrap().position;
        shots.iter().fold((board, None), |(board, ending), &cell| {
            assert_eq!(ending, None);
            let after = board.shoot(board.turn, cell).unwrap();
            (after.position, after.ending)
        })
    }

    fn refused(result: Result<After<Board>, MoveRefusal>) -> Option<&'static str> {
        match result.err()? {
            MoveRefusal::NotNow { code, .. } => Some(code),
            MoveRefusal::Never { .. } => Some("never"),
        }
    }

    #[test]
    fn both_place_then_they_shoot_in_turn() {
        let empty = Board::empty();
        assert_eq!(empty.to_move(), SeatSet::first(2));
        assert_eq!(refused(empty.shoot(Seat::FIRST, 0)), Some("not_placed"));
        assert_eq!(refused(empty.shoot(Seat::FIRST, 100)), Some("never"));
        assert_eq!(refused(empty.place(Seat::FIRST, &[])), Some("never"));
        let (board, _) = after(&[0]);
        assert_eq!(board.to_move(), SeatSet::one(Seat::SECOND));
        assert_eq!(
            refused(board.place(Seat::SECOND, &ships())),
            Some("already_placed")
        );
        assert_eq!(
            refused(after(&[0, 99]).0.shoot(Seat::FIRST, 0)),
            Some("already_shot")
        );
    }

    #[test]
    fn a_shot_is_answered() {
        let shown = |shots: &[i64]| after(shots).0.show(Viewer::Spectator);
        assert_eq!(shown(&[])["lastShot"], json!(null));
        let answer = json!({"by": "A", "cell": 5, "answer": "miss"});
        assert_eq!(shown(&[5])["lastShot"], answer);
        assert_eq!(shown(&[40])["lastShot"]["answer"], "hit");
        let board = shown(&[40, 40, 41]);
        assert_eq!(board["lastShot"]["answer"], "sunk");
        let ship = json!([{"cell": 40, "length": 2, "down": false}]);
        assert_eq!(board["waters"]["B"]["sunk"], ship);
        assert_eq!(board["waters"]["A"]["sunk"], json!([]));
        assert_eq!(board["waters"]["A"]["ships"], json!(null));
    }

    #[test]
    fn who_has_sunk_the_whole_fleet_wins() {
        let ships = [
            0, 1, 2, 3, 4, 10, 11, 12, 13, 20, 21, 22, 30, 31, 32, 40, 41,
        ];
        let both: Vec<i64> = ships.into_iter().flat_map(|cell| [cell, cell]).collect();
        let last = both.len() - 1;
        assert_eq!(
            after(&both[..last]).1,
            Some(Ending::win(Seat::FIRST, "fleet_sunk"))
        );
    }
}
