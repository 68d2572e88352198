//! Comma separated values (RFC 4180), as spreadsheets open them.

use std::io;

use bytes::Bytes;
use csv::{Terminator, WriterBuilder};
use futures::{Stream, StreamExt as _, stream};
use jiff::tz::TimeZone;

use super::cells::{Cell, Column, row, tame};

/// Without it spreadsheets take the text for one of the machine's own code page.
const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

/// What stands between two cells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Separator {
    /// `,`
    Comma,
    /// `;`, which spreadsheets want where the comma is the decimal sign.
    Semicolon,
    /// A tab.
    Tab,
}

impl Separator {
    const fn byte(self) -> u8 {
        match self {
            Self::Comma => b',',
            Self::Semicolon => b';',
            Self::Tab => b'\t',
        }
    }
}

/// The file: a line of headings, then a line an activity.
pub fn written(
    pages: impl Stream<Item = io::Result<Vec<Bytes>>> + Send,
    separator: Separator,
    columns: Vec<Column>,
    zone: TimeZone,
) -> impl Stream<Item = io::Result<Bytes>> + Send {
    let headings = columns.iter().flat_map(|column| column.headings().iter().map(|heading| (*heading).to_owned()));
    let head = line_up(separator, [headings.collect()]).map(|line| [BYTE_ORDER_MARK, &line[..]].concat().into());
    let lines = pages.map(move |page| {
        let rows = page?.iter().map(|body| row(body, &columns, &zone)).collect::<Result<Vec<_>, _>>()?;
        line_up(separator, rows.into_iter().map(|cells| cells.into_iter().map(text).collect()))
    });
    stream::iter([head]).chain(lines)
}

fn line_up(separator: Separator, rows: impl IntoIterator<Item = Vec<String>>) -> io::Result<Bytes> {
    let mut writer = WriterBuilder::new().delimiter(separator.byte()).terminator(Terminator::CRLF).from_writer(Vec::new());
    for row in rows {
        writer.write_record(row)?;
    }
    writer.into_inner().map(Into::into).map_err(|fault| io::Error::other(fault.to_string()))
}

fn text(cell: Cell) -> String {
    match cell {
        Cell::Empty => String::new(),
        Cell::Text(text) => tame(text),
        Cell::Number(number) => number.to_string(),
        Cell::Time(at) => at.strftime("%Y-%m-%dT%H:%M:%S%.3f%:z").to_string(),
    }
}
