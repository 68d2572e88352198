//! Reading activities: pages, one, and why one is not in a view.

use std::sync::Arc;

use axum::Extension;
use axum::Json;
use axum::extract::State;
use axum::http::{Uri, header};
use axum::response::{IntoResponse as _, Response};
use bytes::{BufMut as _, Bytes, BytesMut};
use serde::Serialize;

use super::Api;
use super::authenticate::Caller;
use super::error::{CURSOR_GONE, PARAMETER_INVALID, Problem};
use super::paths::Path;
use super::query::Query;
use crate::auth::Principal;
use crate::domain::limits::{PAGE_ITEMS_DEFAULT, PAGE_ITEMS_MAX};
use crate::domain::{ActivityId, Cursor, UnixMs};
use crate::filter::FilterSet;
use crate::store::{Head, Order, Page, PageEnd, PageQuery, StoredActivity};

/// Bytes of activities in one page; a page of more ends early and says where to go on.
const PAGE_BYTES_MAX: usize = 8 * 1024 * 1024;

/// A page of activities.
#[derive(Debug, utoipa::ToSchema)]
#[schema(as = ActivityPage)]
#[expect(dead_code, reason = "describes the page for the reference; its bytes are laid end to end")]
pub struct PageDoc {
    /// The activities: newest first, or oldest first with `after`.
    #[schema(value_type = Vec<crate::wire::ActivityView>)]
    items: Vec<()>,
    /// Where older ones begin, for `before`; null only at the start of the log.
    #[schema(required = true)]
    older: Option<String>,
    /// Where newer ones begin, for `after`.
    newer: String,
    /// True when an `after` page ended before the end: go on with `newer`.
    more: bool,
    /// False when the page ended because the search had used up its time; `items` may then be empty.
    complete: bool,
    /// How far back it was searched then.
    #[schema(required = true, format = DateTime)]
    searched_back_to: Option<String>,
}

/// Whether an activity is in a view, and if not, why.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = Why)]
pub struct WhyBody {
    /// True when it is in the view.
    matches: bool,
    /// The clauses that keep it out.
    #[schema(value_type = Vec<ExclusionDoc>)]
    excluded_by: Vec<crate::filter::Exclusion>,
}

/// One clause that keeps an activity out.
#[derive(Debug, utoipa::ToSchema)]
#[schema(as = Exclusion)]
#[expect(dead_code, reason = "describes filter::Exclusion for the reference")]
pub struct ExclusionDoc {
    /// `partner`, `not.browser`, `text`.
    clause: String,
    /// What the clause asks for or, under `not`, refuses.
    wanted: Vec<String>,
    /// What the activity has there: text, a list for memberships, or null.
    actual: serde_json::Value,
}

/// What a page was asked for.
struct Asked {
    before: Option<Cursor>,
    after: Option<Cursor>,
    since: Option<UnixMs>,
    until: Option<UnixMs>,
    limit: usize,
    filter: FilterSet,
}

impl Asked {
    fn read(uri: &Uri, principal: &Principal) -> Result<Self, Problem> {
        let mut query = Query::new(uri.query());
        let (before, after) = (query.cursor("before"), query.cursor("after"));
        let (since, until) = (query.time("since"), query.time("until"));
        let limit = query.number("limit", 1, PAGE_ITEMS_MAX, PAGE_ITEMS_DEFAULT);
        Ok(Self { before, after, since, until, limit, filter: query.finish_filter(principal)? })
    }

    fn order(&self) -> Order {
        if self.after.is_some() { Order::OldestFirst } else { Order::NewestFirst }
    }
}

/// Read activities: newest first, or with `after` oldest first.
#[utoipa::path(
    get,
    path = "/v1/activities",
    tag = "Activities",
    params(
        crate::api::openapi::FilterParams,
        ("before" = Option<String>, Query, description = "Cursor: only what lies before it"),
        ("after" = Option<String>, Query, description = "Cursor: only what lies after it, oldest first"),
        ("since" = Option<String>, Query, description = "Only occurred at or after this time", format = DateTime),
        ("until" = Option<String>, Query, description = "Only occurred before this time", format = DateTime),
        ("limit" = Option<u32>, Query, description = "Activities at most", minimum = 1, maximum = 1000),
    ),
    responses((status = 200, description = "A page", body = PageDoc))
)]
pub async fn page(State(api): State<Arc<Api>>, Extension(caller): Extension<Caller>, uri: Uri) -> Result<Response, Problem> {
    let workspace = caller.principal.workspace;
    let asked = Asked::read(&uri, &caller.principal)?;
    if asked.before.is_some() || asked.after.is_some() {
        let head = api.store.log.head(workspace).await?;
        for cursor in [asked.before, asked.after].into_iter().flatten() {
            check_continues(cursor, head)?;
        }
    }
    let query = PageQuery {
        filter: asked.filter.clone(),
        after: asked.after.map_or(0, |c| c.seq),
        up_to: asked.before.map(|c| c.seq),
        since: asked.since,
        until: asked.until,
        order: asked.order(),
        limit: asked.limit,
        bytes_max: PAGE_BYTES_MAX,
    };
    let page = api.store.log.page(workspace, query).await?;
    Ok(json(encode(&page, &asked)))
}

/// Holds a cursor against the log that it is to be continued in.
///
/// # Errors
/// [`CURSOR_GONE`] when it cannot.
pub(super) fn check_continues(cursor: Cursor, head: Head) -> Result<(), Problem> {
    let why = match () {
        () if cursor.epoch != head.epoch => "the cursor is of another log: the database was restored or made anew",
        () if cursor.seq < head.pruned => "what the cursor points to has been pruned",
        () if cursor.seq > head.seq => "the cursor is ahead of the log",
        () => return Ok(()),
    };
    Err(Problem::new(CURSOR_GONE, why))
}

fn encode(page: &Page, asked: &Asked) -> Bytes {
    let at = |seq| Cursor { epoch: page.head.epoch, seq };
    let cut = page.end != PageEnd::Range;
    let oldest_first = asked.after.is_some();
    let older_end = if oldest_first { asked.after.map_or(0, |c| c.seq) } else { page.reached };
    let newer = match (oldest_first, cut, asked.before) {
        (true, true, _) => page.reached,
        (true, false, Some(before)) => before.seq,
        _ => page.head.seq,
    };
    let searched_back_to = page.reached_at.filter(|_| page.end == PageEnd::Budget && !oldest_first);
    let tail = PageTail {
        older: (older_end > page.head.pruned).then(|| at(older_end).to_string()),
        newer: at(newer).to_string(),
        more: oldest_first && cut,
        complete: page.end != PageEnd::Budget,
        searched_back_to: searched_back_to.map(|t| t.to_string()),
    };
    let tail = serde_json::to_vec(&tail).unwrap_or_default();
    let bodies: usize = page.items.iter().map(|i| i.body.len() + 1).sum();
    let mut out = BytesMut::with_capacity(bodies + tail.len() + 16);
    out.put_slice(b"{\"items\":[");
    for (index, item) in page.items.iter().enumerate() {
        if index > 0 {
            out.put_u8(b',');
        }
        out.put_slice(&item.body);
    }
    out.put_slice(b"],");
    // The tail is an object of its own; its opening brace is the one thing not wanted.
    out.put_slice(tail.get(1..).unwrap_or_default());
    out.freeze()
}

#[derive(Serialize)]
struct PageTail {
    older: Option<String>,
    newer: String,
    more: bool,
    complete: bool,
    searched_back_to: Option<String>,
}

/// Read one activity.
#[utoipa::path(
    get,
    path = "/v1/activities/{id}",
    tag = "Activities",
    params(("id" = String, Path, description = "UUID of the activity", format = Uuid)),
    responses((status = 200, description = "The activity", body = crate::wire::ActivityView))
)]
pub async fn one(State(api): State<Arc<Api>>, Extension(caller): Extension<Caller>, path: Path, uri: Uri) -> Result<Response, Problem> {
    Query::new(uri.query()).finish()?;
    Ok(json(found(&api, &caller.principal, &path).await?.entry.body.clone()))
}

/// Why is it not here: the clauses of a filter set that keep an activity out.
#[utoipa::path(
    get,
    path = "/v1/activities/{id}/why",
    tag = "Activities",
    params(("id" = String, Path, description = "UUID of the activity", format = Uuid), crate::api::openapi::FilterParams),
    responses((status = 200, description = "Whether it matches, and what keeps it out", body = WhyBody))
)]
pub async fn why(
    State(api): State<Arc<Api>>,
    Extension(caller): Extension<Caller>,
    path: Path,
    uri: Uri,
) -> Result<Json<WhyBody>, Problem> {
    let filter = Query::new(uri.query()).finish_filter(&caller.principal)?;
    let found = found(&api, &caller.principal, &path).await?;
    let excluded_by = filter.excluded_by(&found.entry.facts, &found.memberships);
    Ok(Json(WhyBody { matches: excluded_by.is_empty(), excluded_by }))
}

async fn found(api: &Api, principal: &Principal, path: &Path) -> Result<StoredActivity, Problem> {
    let id = ActivityId::parse(path.text("id")).map_err(|fault| Problem::invalid(PARAMETER_INVALID, fault.under("id")))?;
    let found = api.store.log.activity(principal.workspace, id).await?;
    let visible = |a: &StoredActivity| principal.event.as_ref().is_none_or(|e| *e.folded() == a.entry.facts.event);
    found.filter(visible).ok_or_else(|| Problem::not_found("activity"))
}

/// Bytes that are JSON already.
fn json(bytes: Bytes) -> Response {
    ([(header::CONTENT_TYPE, "application/json")], bytes).into_response()
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use serde_json::{Value, json};

    use super::{Asked, check_continues, encode};
    use crate::domain::{Cursor, Epoch, UnixMs};
    use crate::filter::FilterSet;
    use crate::store::{Head, Item, Page, PageEnd};

    const HEAD: Head = Head { epoch: Epoch(7), seq: 100, pruned: 10, recorded_at: UnixMs(0) };

    fn cursor(seq: u64) -> Cursor {
        Cursor { epoch: HEAD.epoch, seq }
    }

    fn encoded(before: Option<u64>, after: Option<u64>, reached: u64, end: PageEnd) -> Value {
        let items =
            vec![Item { seq: 1, body: Bytes::from_static(b"{\"seq\":1}") }, Item { seq: 2, body: Bytes::from_static(b"{\"seq\":2}") }];
        let page = Page { items, head: HEAD, reached, end, reached_at: Some(UnixMs(0)), memberships: Vec::new() };
        let (before, after) = (before.map(cursor), after.map(cursor));
        let asked = Asked { before, after, since: None, until: None, limit: 2, filter: FilterSet::default() };
        serde_json::from_slice(&encode(&page, &asked)).expect("json")
    }

    #[test]
    fn pages_say_where_to_go_on() {
        let c = |seq| json!(cursor(seq).to_string());
        for (before, after, reached, end, older, newer, more, complete, back) in [
            (None, None, 98, PageEnd::Limit, c(98), c(100), false, true, false),
            (None, None, 10, PageEnd::Range, Value::Null, c(100), false, true, false),
            (Some(50), None, 40, PageEnd::Budget, c(40), c(100), false, false, true),
            (None, Some(20), 100, PageEnd::Range, c(20), c(100), false, true, false),
            (None, Some(20), 22, PageEnd::Limit, c(20), c(22), true, true, false),
            (None, Some(10), 30, PageEnd::Budget, Value::Null, c(30), true, false, false),
            (Some(50), Some(20), 50, PageEnd::Range, c(20), c(50), false, true, false),
        ] {
            let got = encoded(before, after, reached, end);
            let case = format!("{before:?} {after:?} {reached} {end:?}: {got}");
            assert_eq!(got["items"], json!([{"seq":1},{"seq":2}]), "{case}");
            assert_eq!((&got["older"], &got["newer"]), (&older, &newer), "{case}");
            assert_eq!((&got["more"], &got["complete"]), (&json!(more), &json!(complete)), "{case}");
            assert_eq!(got["searched_back_to"].is_string(), back, "{case}");
        }
    }

    #[test]
    fn cursors_of_elsewhere_are_gone() {
        let other = Cursor { epoch: Epoch(8), seq: 50 };
        for (cursor, fine) in [(cursor(10), true), (cursor(100), true), (cursor(9), false), (cursor(101), false), (other, false)] {
            assert_eq!(check_continues(cursor, HEAD).is_ok(), fine, "{cursor:?}");
        }
    }
}
