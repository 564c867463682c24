//! Prints tables for people. Columns are as wide as their widest cell.

use std::io::{self, Write};

/// Prints `heads` and one line for each row.
pub fn print(
    out: &mut (dyn Write + Send),
    heads: &[&str],
    rows: impl Iterator<Item = Vec<String>>,
) -> io::Result<()> {
    let mut lines = vec![heads.iter().map(|head| (*head).to_owned()).collect()];
    lines.extend(rows.map(|row| row.iter().map(|cell| printable(cell)).collect()));
    let width = |column: usize| {
        let cells = lines
            .iter()
            .filter_map(|line: &Vec<String>| line.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..heads.len()).map(width).collect();
    for line in &lines {
        let cells = line.iter().zip(&widths);
        let cells: Vec<String> = cells
            .map(|(cell, &width)| format!("{cell:width$}"))
            .collect();
        writeln!(out, "{}", cells.join("  ").trim_end())?;
    }
    Ok(())
}

/// Replaces control characters, because a name may hold any, and they must not move the cursor.
fn printable(cell: &str) -> String {
    cell.replace(char::is_control, "?")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up() {
        let rows = [vec!["1".into(), "é".into()], vec!["22".into(), "-".into()]];
        let mut out = Vec::new();
        print(&mut out, &["N", "NAME"], rows.into_iter()).expect("a Vec takes all");
        let text = String::from_utf8(out).expect("it is text");
        assert_eq!(text, "N   NAME\n1   é\n22  -\n");
    }
}
