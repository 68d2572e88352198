//! Statements over many rows at once, in few fixed sizes so that the prepared ones are found again.
//!
//! A statement costs a hop to the connection's thread (10-20 us), so rows go in groups whose sizes are powers of
//! two: 100 rows are three statements, and ten prepared statements of a kind serve any number.

use std::collections::HashMap;
use std::sync::Arc;

/// A statement that repeats a part once per row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct ManyRows {
    /// What stands before the rows.
    pub head: &'static str,
    /// One row.
    pub row: &'static str,
    /// What stands after them.
    pub tail: &'static str,
}

/// Rows in one statement at most: 17 binds a row stay far below the 32,766 that SQLite takes.
const ROWS_MAX: usize = 512;

/// The texts made so far.
#[derive(Debug, Default)]
pub(super) struct Statements {
    texts: HashMap<(ManyRows, usize), Arc<str>>,
}

impl Statements {
    /// The text for `rows` rows, a size of [`sizes`].
    pub(super) fn text(&mut self, statement: ManyRows, rows: usize) -> Arc<str> {
        let text = self.texts.entry((statement, rows)).or_insert_with(|| {
            let rows = vec![statement.row; rows].join(",");
            format!("{}{rows}{}", statement.head, statement.tail).into()
        });
        text.clone()
    }
}

/// Cuts `rows` into sizes that have a statement each, the largest first.
pub(super) fn sizes(mut rows: usize) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        let size = match rows {
            0 => return None,
            _ => (1usize << rows.ilog2()).min(ROWS_MAX),
        };
        rows -= size;
        Some(size)
    })
}

#[cfg(test)]
mod tests {
    use super::{ManyRows, Statements, sizes};

    #[test]
    fn cuts_into_powers_of_two() {
        for (rows, want) in [(0, vec![]), (1, vec![1]), (100, vec![64, 32, 4]), (1_600, vec![512, 512, 512, 64])] {
            assert_eq!(sizes(rows).collect::<Vec<_>>(), want);
        }
    }

    #[test]
    fn repeats_the_row() {
        let statement = ManyRows { head: "insert into t values ", row: "(?,?)", tail: "" };
        assert_eq!(&*Statements::default().text(statement, 2), "insert into t values (?,?),(?,?)");
    }
}
