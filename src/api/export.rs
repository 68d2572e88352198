//! `GET /v1/activities/export`: what a page shows, all of it, as a file.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderName, HeaderValue, Uri, header};
use axum::response::{IntoResponse as _, Response};
use jiff::tz::TimeZone;

use super::Api;
use super::authenticate::Caller;
use super::buckets::parse_zone;
use super::error::Problem;
use super::history::check_history;
use super::query::Query;
use super::wanted::{Viewed, wanted_by};
use crate::domain::{Cursor, Invalid, UnixMs};
use crate::export::{Column, Cover, Format, Layout, Separator, USUAL, Walk, file};
use crate::filter::FilterSet;

/// The position that a file is bound to.
const POSITION: HeaderName = HeaderName::from_static("tidings-position");

/// Take activities out as a file: those of a page, newest first, all of them.
///
/// The file holds what stands at or before one position, which the header `Tidings-Position` tells: the end of the log as the
/// request came, or `before`. CSV and workbooks have the columns of the view, or else all; what has a key and a name has a column
/// for each. Times are of the view's time zone. In them a cell that a spreadsheet would take for a formula begins with an apostrophe.
/// NDJSON has each activity whole. A file that cannot be finished is cut off: the connection ends before its last chunk.
#[utoipa::path(
    get,
    path = "/v1/activities/export",
    tag = "Activities",
    params(
        crate::api::sent::FilterParams,
        ("format" = Option<String>, Query, description = "`csv` (as when left out), `ndjson` or `xlsx`", pattern = "^(csv|ndjson|xlsx)$"),
        ("separator" = Option<String>, Query, description = "Between the cells of a CSV: `,` (as when left out), `;` or `tab`; nothing else has it", pattern = "^(,|;|tab)$"),
        ("columns" = Option<String>, Query, description = "Columns in their order, separated by commas; those of the view without it", example = "occurred_at,partner,flavor"),
        ("zone" = Option<String>, Query, description = "IANA time zone of its times; the view's without it, or else UTC", example = "Europe/Berlin"),
        ("before" = Option<String>, Query, description = "Cursor: only what lies before it"),
        ("since" = Option<String>, Query, description = "Only occurred at or after this time", format = DateTime),
        ("until" = Option<String>, Query, description = "Only occurred before this time", format = DateTime),
    ),
    responses((status = 200, description = "The file", content(
        (String = "text/csv"), (String = "application/x-ndjson"), (String = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    )))
)]
pub async fn export(State(api): State<Arc<Api>>, caller: Caller, uri: Uri) -> Result<Response, Problem> {
    let mut query = Query::new(uri.query());
    let format = format(&mut query);
    let columns = query.parsed("columns", parse_columns);
    let zone = query.parsed("zone", |text| parse_zone(text).map(|zone| (text.to_owned(), zone)));
    let (before, since, until) = (query.cursor("before"), query.time("since"), query.time("until"));
    let (wanted, viewed) = wanted_by(&api, &caller, query).await?;
    let workspace = caller.principal.workspace;
    if let Some(cursor) = before {
        check_history(&api, workspace, cursor).await?;
    }
    let head = api.store.head(workspace).await?;
    let position = before.unwrap_or(head.cursor());
    let (zone_name, zone) = zone.unwrap_or_else(|| zone_of(viewed.as_ref()));
    let columns = columns.unwrap_or_else(|| columns_of(viewed.as_ref()));
    // Taking out counts as reading what is personal.
    api.people.audit.exported(workspace, caller.principal.actor).await?;
    let now = api.clock.now();
    let about = About { viewed: viewed.as_ref(), own: &wanted.own, since, until, position, zone: &zone_name, now, caller: &caller };
    let (name, cover) = (about.file_name(format), about.cover());
    let walk = Walk {
        reads: api.store.clone(),
        reader: caller.reader(),
        filter: wanted.whole(),
        since,
        until,
        mask: caller.principal.grant.mask,
        head,
        up_to: position.seq,
    };
    let body = Body::from_stream(file(walk, Layout { format, columns, zone, cover }));
    let mut response = ([(header::CONTENT_TYPE, format.media_type())], body).into_response();
    for (header, text) in [(POSITION, position.to_string()), (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\""))] {
        if let Ok(value) = HeaderValue::from_str(&text) {
            response.headers_mut().insert(header, value);
        }
    }
    Ok(response)
}

fn format(query: &mut Query<'_>) -> Format {
    let separator = query.parsed("separator", |text| match text {
        "," => Ok(Separator::Comma),
        ";" => Ok(Separator::Semicolon),
        "tab" | "\t" => Ok(Separator::Tab),
        _ => Err(Invalid::one("", "unknown_value", "must be one of: , ; tab")),
    });
    let parse = |text: &str| match text {
        "csv" => Ok(Format::Csv(separator.unwrap_or(Separator::Comma))),
        "ndjson" => Ok(Format::Ndjson),
        "xlsx" => Ok(Format::Xlsx),
        _ => Err(Invalid::one("", "unknown_value", "must be one of: csv ndjson xlsx")),
    };
    query.parsed("format", parse).unwrap_or(Format::Csv(separator.unwrap_or(Separator::Comma)))
}

fn parse_columns(text: &str) -> Result<Vec<Column>, Invalid> {
    let mut columns = Vec::new();
    for word in text.split(',').map(str::trim).filter(|word| !word.is_empty()) {
        match Column::parse(word) {
            Some(column) if !columns.contains(&column) => columns.push(column),
            Some(_) => {}
            None => {
                let shown: String = word.chars().take(64).collect();
                return Err(Invalid::one("", "unknown_column", format!("{shown:?} is no column; they are {}", Column::WORDS.join(", "))));
            }
        }
    }
    if columns.is_empty() {
        return Err(Invalid::one("", "empty", "must name a column, or be left out"));
    }
    Ok(columns)
}

fn columns_of(viewed: Option<&Viewed>) -> Vec<Column> {
    let named: Vec<Column> = viewed.iter().flat_map(|viewed| &viewed.view.columns).filter_map(|word| Column::parse(word)).collect();
    if named.is_empty() { USUAL.to_vec() } else { named }
}

fn zone_of(viewed: Option<&Viewed>) -> (String, TimeZone) {
    let named = viewed.and_then(|viewed| viewed.view.zone.as_deref());
    // A zone that the system no longer knows is no reason to give nothing.
    let known = named.and_then(|name| parse_zone(name).ok().map(|zone| (name.to_owned(), zone)));
    known.unwrap_or_else(|| ("UTC".to_owned(), TimeZone::UTC))
}

/// What a file is of.
struct About<'a> {
    viewed: Option<&'a Viewed>,
    own: &'a FilterSet,
    since: Option<UnixMs>,
    until: Option<UnixMs>,
    position: Cursor,
    zone: &'a str,
    now: UnixMs,
    caller: &'a Caller,
}

impl About<'_> {
    /// `tidings-opens-2026-11-26.csv`: what a header and every file system takes.
    fn file_name(&self, format: Format) -> String {
        let what = self.viewed.map_or("activities", |viewed| viewed.key.as_str());
        let plain = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.') { c } else { '-' };
        let what: String = what.chars().map(plain).take(64).collect();
        let day: String = self.now.to_string().chars().take(10).collect();
        format!("tidings-{what}-{day}.{}", format.extension())
    }

    fn cover(&self) -> Cover {
        let time = |at: Option<UnixMs>, none: &str| at.map_or_else(|| none.to_owned(), |at| at.to_string());
        Cover(vec![
            ("View", self.viewed.map_or_else(|| "All activities".to_owned(), |viewed| viewed.name.clone())),
            ("View's filter", self.viewed.map(|viewed| viewed.view.wanted().to_query()).unwrap_or_default()),
            ("Filter", self.own.to_query()),
            ("From", time(self.since, "the first activity")),
            ("To", time(self.until, "the position")),
            ("Position", self.position.to_string()),
            ("Time zone", self.zone.to_owned()),
            ("Made at", self.now.to_string()),
            ("Made by", self.caller.principal.actor.to_string()),
        ])
    }
}
