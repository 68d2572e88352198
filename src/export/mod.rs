//! Activities as a file: the columns of a view, as CSV, as lines of JSON, or as a workbook.
//!
//! What is in it is decided by nobody here: pages come from the log like any other, newest first, all at or before one position,
//! and are written as they come. The memory it takes does not grow with the file.

mod cells;
mod csv;
mod walk;
mod xlsx;

use std::io;

use bytes::Bytes;
use futures::Stream;
use futures::stream::StreamExt as _;
use jiff::tz::TimeZone;

pub use self::cells::{Column, USUAL};
pub use self::csv::Separator;
pub use self::walk::{Walk, pages};
pub use self::xlsx::Cover;

/// What a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Comma separated values, UTF-8 with a byte order mark.
    Csv(Separator),
    /// The JSON of each activity, one a line, whole.
    Ndjson,
    /// A workbook of Office Open XML.
    Xlsx,
}

impl Format {
    /// The end of a file's name.
    pub const fn extension(self) -> &'static str {
        match self {
            Self::Csv(_) => "csv",
            Self::Ndjson => "ndjson",
            Self::Xlsx => "xlsx",
        }
    }

    /// The media type.
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Csv(_) => "text/csv; charset=utf-8; header=present",
            Self::Ndjson => "application/x-ndjson",
            Self::Xlsx => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        }
    }
}

/// How the file is to look.
pub struct Layout {
    /// What it is.
    pub format: Format,
    /// What it shows of each activity, in this order; not of lines of JSON, which are whole.
    pub columns: Vec<Column>,
    /// Whose wall clock its times are of.
    pub zone: TimeZone,
    /// What the first sheet of a workbook says.
    pub cover: Cover,
}

/// The file, in pieces. It ends with an error where it cannot be finished: a file that is cut must not look like a whole one.
pub fn file(walk: Walk, layout: Layout) -> impl Stream<Item = io::Result<Bytes>> + Send {
    let pages = Box::pin(pages(walk));
    match layout.format {
        Format::Csv(separator) => csv::written(pages, separator, layout.columns, layout.zone).left_stream(),
        Format::Ndjson => pages.map(|page| page.map(lines)).left_stream().right_stream(),
        Format::Xlsx => xlsx::written(pages, layout.columns, layout.zone, layout.cover).right_stream().right_stream(),
    }
}

fn lines(bodies: Vec<Bytes>) -> Bytes {
    let mut lines = Vec::with_capacity(bodies.iter().map(|body| body.len() + 1).sum());
    for body in bodies {
        lines.extend_from_slice(&body);
        lines.push(b'\n');
    }
    lines.into()
}
