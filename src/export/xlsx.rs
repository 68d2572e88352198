//! A workbook: a sheet that says what it is, then the activities, with true dates.

use std::io::{self, Read as _, Seek as _};

use bytes::Bytes;
use futures::{Stream, StreamExt as _, stream};
use jiff::tz::TimeZone;
use rust_xlsxwriter::{ExcelDateTime, Format, Workbook, Worksheet, XlsxError};
use tokio::sync::mpsc;

use super::cells::{Cell, Column, row, tame};

/// Rows of a sheet, the headings included; what is more stands on a further sheet.
const SHEET_ROWS_MAX: u32 = 1_048_576;
/// Characters of a cell; more is no workbook.
const CELL_CHARACTERS_MAX: usize = 32_767;
/// Pages that wait for the thread that writes.
const PAGES_WAITING_MAX: usize = 2;
/// Bytes of the file that are handed on at a time.
const PIECE_BYTES: usize = 64 * 1024;
/// Width of columns in characters.
const WIDTH: f64 = 20.0;

/// What the first sheet says, one line each: what, and which.
#[derive(Debug, Clone, Default)]
pub struct Cover(pub Vec<(&'static str, String)>);

/// The file. Nothing of it comes before all pages are read: a workbook has its contents at its end. It waits in a file of the
/// system's own, never in memory.
pub fn written(
    pages: impl Stream<Item = io::Result<Vec<Bytes>>> + Send,
    columns: Vec<Column>,
    zone: TimeZone,
    cover: Cover,
) -> impl Stream<Item = io::Result<Bytes>> + Send {
    stream::once(async move {
        let (give, taken) = mpsc::channel(PAGES_WAITING_MAX);
        let writing = tokio::task::spawn_blocking(move || write(taken, &columns, &zone, &cover));
        let mut pages = std::pin::pin!(pages);
        while let Some(page) = pages.next().await {
            // Where nobody takes it the writing has failed, and says so itself.
            if give.send(page?).await.is_err() {
                break;
            }
        }
        drop(give);
        let file = writing.await.map_err(io::Error::other)??;
        Ok::<_, io::Error>(pieces(file))
    })
    .flat_map(|file| match file {
        Ok(pieces) => pieces.left_stream(),
        Err(fault) => stream::iter([Err(fault)]).right_stream(),
    })
}

fn pieces(file: std::fs::File) -> impl Stream<Item = io::Result<Bytes>> + Send {
    stream::try_unfold(file, |mut file| async move {
        let read = tokio::task::spawn_blocking(move || {
            let mut piece = vec![0; PIECE_BYTES];
            let read = file.read(&mut piece)?;
            piece.truncate(read);
            Ok::<_, io::Error>((Bytes::from(piece), file))
        });
        let (piece, file) = read.await.map_err(io::Error::other)??;
        Ok((!piece.is_empty()).then_some((piece, file)))
    })
}

fn write(mut pages: mpsc::Receiver<Vec<Bytes>>, columns: &[Column], zone: &TimeZone, cover: &Cover) -> io::Result<std::fs::File> {
    let mut book = Workbook::new();
    write_cover(book.add_worksheet(), cover).map_err(io::Error::other)?;
    let (bold, dated) = (Format::new().set_bold(), Format::new().set_num_format("yyyy-mm-dd hh:mm:ss"));
    let mut sheets = 0;
    let mut at = 0;
    let mut sheet = None;
    loop {
        let page = pages.blocking_recv();
        let ended = page.is_none();
        for body in page.iter().flatten() {
            if at == SHEET_ROWS_MAX {
                sheet = None;
            }
            let sheet = match &mut sheet {
                Some(sheet) => sheet,
                none => {
                    (sheets, at) = (sheets + 1, 1);
                    none.insert(begun(&mut book, sheets, columns, &bold).map_err(io::Error::other)?)
                }
            };
            let cells = row(body, columns, zone)?;
            let sheet = book.worksheet_from_index(*sheet).map_err(io::Error::other)?;
            for (column, cell) in (0..).zip(cells) {
                write_cell(sheet, at, column, cell, &dated).map_err(io::Error::other)?;
            }
            at += 1;
        }
        if ended {
            break;
        }
    }
    if sheets == 0 {
        begun(&mut book, 1, columns, &bold).map_err(io::Error::other)?;
    }
    let mut file = tempfile::tempfile()?;
    book.save_to_writer(&mut file).map_err(io::Error::other)?;
    file.rewind()?;
    Ok(file)
}

fn write_cover(sheet: &mut Worksheet, cover: &Cover) -> Result<(), XlsxError> {
    let bold = Format::new().set_bold();
    sheet.set_name("About")?.set_column_width(0, WIDTH)?.set_column_width(1, 4.0 * WIDTH)?;
    for (row, (what, which)) in (0..).zip(&cover.0) {
        sheet.write_string_with_format(row, 0, *what, &bold)?;
        sheet.write_string(row, 1, fitting(tame(which.clone())))?;
    }
    Ok(())
}

/// Begins the sheet of that number, and says where it stands in the book.
fn begun(book: &mut Workbook, number: usize, columns: &[Column], bold: &Format) -> Result<usize, XlsxError> {
    let sheet = book.add_worksheet_with_constant_memory()?;
    let name = if number == 1 { "Activities".to_owned() } else { format!("Activities {number}") };
    sheet.set_name(name)?.set_freeze_panes(1, 0)?;
    for (column, heading) in (0..).zip(columns.iter().flat_map(|column| column.headings())) {
        sheet.set_column_width(column, WIDTH)?;
        sheet.write_string_with_format(0, column, *heading, bold)?;
    }
    Ok(number)
}

fn write_cell(sheet: &mut Worksheet, row: u32, column: u16, cell: Cell, dated: &Format) -> Result<(), XlsxError> {
    match cell {
        Cell::Empty => {}
        Cell::Text(text) => {
            sheet.write_string(row, column, fitting(tame(text)))?;
        }
        Cell::Number(number) => {
            sheet.write_number(row, column, number as f64)?;
        }
        Cell::Time(at) => {
            let (date, time) = (at.date(), at.time());
            let year = u16::try_from(date.year()).unwrap_or_default();
            let day = ExcelDateTime::from_ymd(year, date.month().unsigned_abs(), date.day().unsigned_abs());
            let seconds = f64::from(time.second()) + f64::from(time.subsec_nanosecond()) / 1e9;
            let at = day.and_then(|day| day.and_hms(time.hour().unsigned_abs().into(), time.minute().unsigned_abs(), seconds));
            // Before 1900 there is no date in a workbook.
            match at {
                Ok(at) => sheet.write_datetime_with_format(row, column, &at, dated)?,
                Err(_) => sheet.write_string(row, column, date.to_string())?,
            };
        }
    }
    Ok(())
}

fn fitting(text: String) -> String {
    match text.char_indices().nth(CELL_CHARACTERS_MAX) {
        // Characters of a workbook are units of UTF-16: what lies beyond 16 bits counts twice, so it is cut at half in the worst case.
        None if text.encode_utf16().count() <= CELL_CHARACTERS_MAX => text,
        _ => text.chars().take(CELL_CHARACTERS_MAX / 2).collect(),
    }
}
