//! Partner lists as other programs write them: read, laid out, and held against who is there, before anything is stored.
//!
//! Pure and bounded, for a thread that serves nobody else: bytes become rows ([`table`]), rows get columns ([`columns`]), and a
//! [`plan`] says what each line would do. Who a line is about is told by its key, else its email, else its name in full, and
//! never guessed.

pub mod columns;
pub mod plan;
mod sheet;
pub mod table;
pub mod text;

/// Bytes of the largest list.
pub const LIST_BYTES_MAX: usize = 24 * 1024 * 1024;
/// Rows of the longest.
pub const ROWS_MAX: usize = 100_000;
/// Columns of the widest.
pub const COLUMNS_MAX: usize = 500;

/// Why a list cannot be read at all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unreadable {
    /// Which rule, for programs.
    pub code: &'static str,
    /// What it is and the cure, for people.
    pub told: String,
    /// The line where it is, from 1; 0 where it is of the whole.
    pub line: usize,
}

impl Unreadable {
    fn of(code: &'static str, told: impl Into<String>) -> Self {
        Self { code, told: told.into(), line: 0 }
    }

    fn at(code: &'static str, line: usize, told: impl Into<String>) -> Self {
        Self { code, told: told.into(), line }
    }
}

/// What a list is written in, as its sender says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// Text with separators, whichever they are.
    Text,
    /// A workbook, of which the first sheet that holds anything is read.
    Xlsx,
}

/// Reads a list into rows.
///
/// # Errors
/// [`Unreadable`] in words.
pub fn read(bytes: &[u8], form: Form) -> Result<table::Table, Unreadable> {
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Err(Unreadable::of("empty", "the file is empty: there is nothing to import"));
    }
    let is_zip = bytes.starts_with(b"PK\x03\x04");
    let table = match (form, is_zip) {
        // Named as one thing and being the other is common, and told by the first bytes.
        (_, true) => sheet::read(bytes)?,
        (Form::Xlsx, false) => {
            let told = "this is no .xlsx workbook; save it as .xlsx or .csv and send that (an .xls of old programs is not read)";
            return Err(Unreadable::of("not_xlsx", told));
        }
        (Form::Text, false) => table::read(&text::decode(bytes)?)?,
    };
    if table.rows.is_empty() {
        return Err(Unreadable::of("empty", "no row of the file holds anything: there is nothing to import"));
    }
    Ok(table)
}
