//! Rows of a text with separators: commas, semicolons or tabs, whichever it is; quotes, and line breaks within them.

use super::text::Text;
use super::{COLUMNS_MAX, ROWS_MAX, Unreadable};

/// Lines that the separator is told from.
const TOLD_BY_LINES: usize = 50;

/// A list as rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// Those that hold something.
    pub rows: Vec<Row>,
    /// What it was written in, as in `UTF-8` or `xlsx`.
    pub encoding: &'static str,
    /// What stands between two cells of a text; none of a workbook.
    pub separator: Option<char>,
}

/// One row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// The line where it begins, from 1.
    pub line: usize,
    /// Its cells, trimmed, with single spaces.
    pub cells: Vec<String>,
    /// Columns, from 0, whose cell is a formula and not what comes of it.
    pub formulas: Vec<usize>,
}

/// Reads a text.
///
/// # Errors
/// [`Unreadable`]: a quote that is not closed, too many rows or columns.
pub fn read(text: &Text) -> Result<Table, Unreadable> {
    let (said, plain) = said_separator(&text.text);
    let separator = said.unwrap_or_else(|| separator_of(plain));
    let skipped = text.text[..text.text.len() - plain.len()].matches('\n').count();
    check_quotes(plain, separator, skipped)?;
    let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).delimiter(separator as u8).from_reader(plain.as_bytes());
    let mut record = csv::StringRecord::new();
    let (mut rows, mut lines) = (Vec::new(), Lines::of(plain, skipped));
    loop {
        let at = usize::try_from(reader.position().byte()).unwrap_or(usize::MAX);
        match reader.read_record(&mut record) {
            Ok(true) => {}
            Ok(false) => break,
            Err(fault) => return Err(Unreadable::of("malformed", format!("cannot be read as a list: {fault}"))),
        }
        let begins = record.position().map_or(at, |position| usize::try_from(position.byte()).unwrap_or(at));
        let cells: Vec<String> = record.iter().map(tidy).collect();
        if cells.len() > COLUMNS_MAX {
            return Err(too_wide(lines.at(begins), cells.len()));
        }
        if cells.iter().all(String::is_empty) {
            continue;
        }
        if rows.len() > ROWS_MAX {
            return Err(too_long());
        }
        let formulas = cells.iter().enumerate().filter(|(_, cell)| cell.starts_with('=')).map(|(at, _)| at).collect();
        rows.push(Row { line: lines.at(begins), cells, formulas });
    }
    Ok(Table { rows, encoding: text.encoding, separator: Some(separator) })
}

pub(super) fn too_wide(line: usize, columns: usize) -> Unreadable {
    let told = format!("has {columns} columns; at most {COLUMNS_MAX}: leave out what is not about partners");
    Unreadable::at("too_many_columns", line, told)
}

pub(super) fn too_long() -> Unreadable {
    Unreadable::of("too_many_rows", format!("has more than {ROWS_MAX} rows; send it in parts"))
}

/// A cell as it is read: no space at its ends, one between words.
pub fn tidy(cell: &str) -> String {
    cell.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// `sep=;` in the first line, as some spreadsheets write for others of their kind; and what follows.
fn said_separator(text: &str) -> (Option<char>, &str) {
    let Some(rest) = text.strip_prefix("sep=") else { return (None, text) };
    let mut chars = rest.chars();
    let separator = chars.next().filter(|sign| matches!(sign, ',' | ';' | '\t'));
    let rest = chars.as_str();
    match separator {
        Some(separator) if rest.is_empty() || rest.starts_with(['\r', '\n']) => {
            (Some(separator), rest.strip_prefix("\r\n").or_else(|| rest.strip_prefix(['\r', '\n'])).unwrap_or(rest))
        }
        _ => (None, text),
    }
}

/// The separator that most lines hold, and as often as each other; a comma where there is none.
fn separator_of(text: &str) -> char {
    let mut best = (0, ',');
    for separator in ['\t', ';', ','] {
        let counts = counts_of(text, separator);
        let Some(most) = counts.iter().copied().max().filter(|most| *most > 0) else { continue };
        // The count that is had most often tells how regular it is.
        let alike = counts.iter().filter(|count| **count == most).count();
        let holding = counts.iter().filter(|count| **count > 0).count();
        let score = 2 * alike + holding;
        if score > best.0 {
            best = (score, separator);
        }
    }
    best.1
}

/// How often a sign stands outside of quotes, of each of the first lines that hold anything.
fn counts_of(text: &str, separator: char) -> Vec<usize> {
    let (mut counts, mut count, mut quoted, mut empty) = (Vec::new(), 0, false, true);
    for sign in text.chars() {
        match sign {
            '"' => quoted = !quoted,
            '\n' | '\r' if !quoted => {
                if !empty {
                    counts.push(count);
                }
                (count, empty) = (0, true);
                if counts.len() == TOLD_BY_LINES {
                    return counts;
                }
                continue;
            }
            sign if sign == separator && !quoted => count += 1,
            _ => {}
        }
        empty &= sign.is_whitespace();
    }
    if !empty {
        counts.push(count);
    }
    counts
}

/// Holds that every quote that opens a cell is closed.
fn check_quotes(text: &str, separator: char, skipped: usize) -> Result<(), Unreadable> {
    let (mut at_start, mut open, mut line) = (true, None, skipped + 1);
    let mut signs = text.chars().peekable();
    while let Some(sign) = signs.next() {
        match (sign, open) {
            ('"', Some(_)) if signs.peek() == Some(&'"') => drop(signs.next()),
            ('"', Some(_)) => open = None,
            ('"', None) if at_start => open = Some(line),
            _ => {}
        }
        if sign == '\n' || sign == '\r' && signs.peek() != Some(&'\n') {
            line += 1;
        }
        at_start = open.is_none() && (sign == separator || matches!(sign, '\n' | '\r'));
    }
    match open {
        None => Ok(()),
        Some(line) => Err(Unreadable::at("open_quote", line, "opens a quote that is never closed: close it, or leave it out")),
    }
}

/// Numbers of lines, asked for in order: breaks of every kind are counted, also those within quotes.
struct Lines<'a> {
    text: &'a [u8],
    at: usize,
    line: usize,
}

impl<'a> Lines<'a> {
    fn of(text: &'a str, skipped: usize) -> Self {
        Self { text: text.as_bytes(), at: 0, line: skipped + 1 }
    }

    /// The line of what begins at or behind a place: breaks before it are passed over.
    fn at(&mut self, byte: usize) -> usize {
        while self.at < self.text.len() && (self.at < byte || matches!(self.text[self.at], b'\n' | b'\r')) {
            let pair = self.text[self.at] == b'\r' && self.text.get(self.at + 1) == Some(&b'\n');
            if matches!(self.text[self.at], b'\n' | b'\r') {
                self.line += 1;
            }
            self.at += if pair { 2 } else { 1 };
        }
        self.line
    }
}

#[cfg(test)]
mod tests {
    use super::{Row, read};
    use crate::import::text::Text;

    fn rows(text: &str) -> Vec<(usize, Vec<String>)> {
        let table = read(&Text { text: text.to_owned(), encoding: "UTF-8" }).unwrap_or_else(|fault| panic!("{text:?}: {fault:?}"));
        table.rows.into_iter().map(|Row { line, cells, .. }| (line, cells)).collect()
    }

    fn want(rows: &[(usize, &[&str])]) -> Vec<(usize, Vec<String>)> {
        rows.iter().map(|(line, cells)| (*line, cells.iter().map(|cell| (*cell).to_owned()).collect())).collect()
    }

    #[test]
    fn separators_and_breaks_are_told() {
        let all = want(&[(1, &["Name", "Email"]), (2, &["Acme, Inc", "a@acme.example"]), (3, &["Globex", ""])]);
        for text in [
            "Name,Email\n\"Acme, Inc\",a@acme.example\nGlobex,\n",
            "Name;Email\r\nAcme, Inc;a@acme.example\r\nGlobex;\r\n",
            "Name\tEmail\rAcme, Inc\ta@acme.example\rGlobex\t",
        ] {
            assert_eq!(rows(text), all, "{text:?}");
        }
        assert_eq!(rows("sep=;\nName;Email\nA,B;x@y.example\n"), want(&[(2, &["Name", "Email"]), (3, &["A,B", "x@y.example"])]));
        assert_eq!(rows("Acme\nGlobex\n"), want(&[(1, &["Acme"]), (2, &["Globex"])]));
    }

    #[test]
    fn lines_are_those_of_the_file() {
        let text = "Name,Note\n\n\"Acme\",\"first\nsecond\"\n , \nGlobex,\"a \"\"b\"\"\"\n";
        assert_eq!(rows(text), want(&[(1, &["Name", "Note"]), (3, &["Acme", "first second"]), (6, &["Globex", "a \"b\""])]));
    }

    #[test]
    fn what_is_broken_is_told_with_its_line() {
        let told = |text: &str| read(&Text { text: text.to_owned(), encoding: "UTF-8" }).expect_err(text);
        let open = told("Name,Email\nAcme,a@b.example\n\"Globex,g@b.example\nHooli,h@b.example\n");
        assert_eq!((open.code, open.line), ("open_quote", 3));
        let wide = told(&format!("Name\n{}\n", ",x".repeat(600)));
        assert_eq!((wide.code, wide.line), ("too_many_columns", 2));
        // A quote within a cell opens nothing.
        assert_eq!(rows("Name\n5\" pipe\n").len(), 2);
    }
}
