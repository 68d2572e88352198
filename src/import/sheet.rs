//! Rows of a workbook: what its cells show, dates as days, whole numbers without a fraction.

use std::io::{Cursor, Read as _};

use calamine::{Data, Reader as _, Xlsx};

use super::table::{Row, Table, tidy, too_long, too_wide};
use super::{COLUMNS_MAX, ROWS_MAX, Unreadable};

/// Bytes that a workbook may unfold to.
const UNFOLDED_BYTES_MAX: u64 = 256 * 1024 * 1024;

/// Reads the first sheet that holds anything.
///
/// # Errors
/// [`Unreadable`]: no workbook, or one that is too large once it is unfolded.
pub fn read(bytes: &[u8]) -> Result<Table, Unreadable> {
    check_size(bytes)?;
    let mut book: Xlsx<_> = Xlsx::new(Cursor::new(bytes)).map_err(|_| no_workbook())?;
    for name in book.sheet_names() {
        let Ok(range) = book.worksheet_range(&name) else { continue };
        if range.used_cells().next().is_none() {
            continue;
        }
        let formulas = book.worksheet_formula(&name).ok();
        let (first_row, first_column) = range.start().unwrap_or((0, 0));
        if range.width() > COLUMNS_MAX {
            return Err(too_wide(first_row as usize + 1, range.width()));
        }
        let mut rows = Vec::new();
        for (at, cells) in range.rows().enumerate() {
            let line = first_row as usize + at;
            let is_formula = |column: usize| {
                let place =
                    (u32::try_from(line).unwrap_or(u32::MAX), first_column.saturating_add(u32::try_from(column).unwrap_or(u32::MAX)));
                formulas.as_ref().and_then(|all| all.get_value(place)).is_some_and(|formula| !formula.is_empty())
            };
            // A formula whose result was kept is read by that; what was never computed says nothing.
            let unknown =
                cells.iter().enumerate().filter(|(column, cell)| matches!(cell, Data::Empty | Data::Error(_)) && is_formula(*column));
            let formulas: Vec<usize> = unknown.map(|(column, _)| column).collect();
            let cells: Vec<String> = cells.iter().map(shown).collect();
            if cells.iter().all(String::is_empty) && formulas.is_empty() {
                continue;
            }
            if rows.len() > ROWS_MAX {
                return Err(too_long());
            }
            rows.push(Row { line: line + 1, cells, formulas });
        }
        return Ok(Table { rows, encoding: "xlsx", separator: None });
    }
    Err(Unreadable::of("empty", "no sheet of the workbook holds anything: there is nothing to import"))
}

fn no_workbook() -> Unreadable {
    Unreadable::of("not_xlsx", "this is a .zip, but no .xlsx workbook; take the list out of it and send that")
}

/// Unfolds every part once, to nowhere: what a file says of its own size may be wrong.
fn check_size(bytes: &[u8]) -> Result<(), Unreadable> {
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).map_err(|_| no_workbook())?;
    let mut left = UNFOLDED_BYTES_MAX;
    for at in 0..archive.len() {
        let part = archive.by_index(at).map_err(|_| no_workbook())?;
        let read = std::io::copy(&mut part.take(left + 1), &mut std::io::sink()).map_err(|_| no_workbook())?;
        left = left.checked_sub(read).ok_or_else(|| {
            let told =
                format!("unfolds to more than {} MiB; save the one sheet with the partners as .csv", UNFOLDED_BYTES_MAX / 1024 / 1024);
            Unreadable::of("too_large", told)
        })?;
    }
    Ok(())
}

/// A cell as people see it.
fn shown(cell: &Data) -> String {
    match cell {
        Data::Empty | Data::Error(_) => String::new(),
        Data::String(text) => tidy(text),
        Data::Float(number) if number.fract() == 0.0 && number.abs() < 1e15 => format!("{number:.0}"),
        Data::DateTime(at) => {
            let (year, month, day, hour, minute, second, _) = at.to_ymd_hms_milli();
            match (hour, minute, second) {
                (0, 0, 0) => format!("{year:04}-{month:02}-{day:02}"),
                _ => format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}"),
            }
        }
        other => tidy(&other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use rust_xlsxwriter::{ExcelDateTime, Format, Formula, Workbook};

    use super::read;

    #[test]
    fn cells_are_read_as_they_are_seen() {
        let mut book = Workbook::new();
        book.add_worksheet();
        let sheet = book.add_worksheet();
        let day = ExcelDateTime::from_ymd(2026, 5, 4).expect("a day");
        sheet.write_row(1, 0, ["Firma", "E-Mail", "Stand", "Seit", "Summe"]).expect("written");
        sheet.write_string(2, 0, " Acme  GmbH ").expect("written");
        sheet.write_string(2, 1, "a@acme.example").expect("written");
        sheet.write_number(2, 2, 12.0).expect("written");
        sheet.write_datetime_with_format(2, 3, day, &Format::new().set_num_format("dd.mm.yyyy")).expect("written");
        sheet.write_formula(2, 4, Formula::new("=C3*2").set_result("24")).expect("written");
        let table = read(&book.save_to_buffer().expect("a workbook")).expect("read");
        assert_eq!((table.encoding, table.rows.len(), table.rows[0].line), ("xlsx", 2, 2));
        assert_eq!(table.rows[1].cells, ["Acme GmbH", "a@acme.example", "12", "2026-05-04", "24"]);
        assert_eq!(table.rows[1].formulas, [0usize; 0]);
    }

    #[test]
    fn a_zip_that_is_no_workbook_is_refused() {
        let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
        writer.start_file::<_, ()>("list.csv", Default::default()).expect("begun");
        let bytes = writer.finish().expect("a zip").into_inner();
        assert_eq!(read(&bytes).expect_err("no workbook").code, "not_xlsx");
        assert_eq!(read(b"PK\x03\x04 and nothing more").expect_err("no zip").code, "not_xlsx");
    }
}
