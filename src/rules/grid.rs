//! A board of rows and columns, its cells numbered row by row from the top left.

use std::iter::successors;

use super::seat::Seat;

/// Right, down, down to the right, down to the left: each way leads to greater numbers.
const WAYS: [(isize, isize); 4] = [(0, 1), (1, 0), (1, 1), (1, -1)];

/// Which seat holds each cell.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Grid {
    rows: usize,
    columns: usize,
    cells: Vec<Option<Seat>>,
}

impl Grid {
    pub(super) fn empty(rows: usize, columns: usize) -> Grid {
        Grid {
            rows,
            columns,
            cells: vec![None; rows * columns],
        }
    }

    pub(super) fn rows(&self) -> usize {
        self.rows
    }

    pub(super) fn columns(&self) -> usize {
        self.columns
    }

    pub(super) fn cells(&self) -> &[Option<Seat>] {
        &self.cells
    }

    pub(super) fn is_full(&self) -> bool {
        self.cells.iter().all(Option::is_some)
    }

    /// This board with `cell` held by `seat`.
    pub(super) fn with(&self, cell: usize, seat: Seat) -> Grid {
        let mut next = self.clone();
        next.cells[cell] = Some(seat);
        next
    }

    /// The longest row through `cell` of cells that its seat holds, in each of the four ways:
    /// level, upright, falling and rising to the right. Their numbers grow.
    pub(super) fn rows_through(&self, cell: usize) -> impl Iterator<Item = Vec<usize>> {
        WAYS.into_iter().map(move |(down, right)| {
            let mut row: Vec<usize> = self.held_from(cell, (-down, -right)).collect();
            row.reverse();
            row.extend(self.held_from(cell, (down, right)).skip(1));
            row
        })
    }

    /// `cell` and those beyond it in one way, as long as its seat holds them.
    fn held_from(&self, cell: usize, way: (isize, isize)) -> impl Iterator<Item = usize> {
        successors(Some(cell), move |&at| self.step(at, way))
            .take_while(move |&at| self.cells[at] == self.cells[cell])
    }

    fn step(&self, cell: usize, (down, right): (isize, isize)) -> Option<usize> {
        let row = (cell / self.columns).checked_add_signed(down)?;
        let column = (cell % self.columns).checked_add_signed(right)?;
        (row < self.rows && column < self.columns).then_some(row * self.columns + column)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grid(rows: usize, columns: usize, held: &[usize]) -> Grid {
        let empty = Grid::empty(rows, columns);
        held.iter()
            .fold(empty, |grid, &cell| grid.with(cell, Seat::FIRST))
    }

    fn through(grid: &Grid, cell: usize) -> Vec<Vec<usize>> {
        grid.rows_through(cell).collect()
    }

    #[test]
    fn a_row_goes_both_ways_from_its_cell() {
        let all: Vec<usize> = (0..12).collect();
        let full = grid(3, 4, &all);
        let expected: [&[usize]; 4] = [&[4, 5, 6, 7], &[1, 5, 9], &[0, 5, 10], &[2, 5, 8]];
        assert_eq!(through(&full, 5), expected);
        let expected: [&[usize]; 4] = [&[0, 1, 2, 3], &[3, 7, 11], &[3], &[3, 6, 9]];
        assert_eq!(through(&full, 3), expected);
    }

    #[test]
    fn a_row_ends_at_a_gap_at_another_seat_and_at_the_edge() {
        // Cell 3 ends one row of the board and 4 begins the next.
        let gaps = grid(3, 4, &[1, 3, 4, 5, 7]).with(6, Seat::SECOND);
        let expected: [&[usize]; 4] = [&[4, 5], &[1, 5], &[5], &[5]];
        assert_eq!(through(&gaps, 5), expected);
        let expected: [&[usize]; 4] = [&[3], &[3, 7], &[3], &[3]];
        assert_eq!(through(&gaps, 3), expected);
    }
}
