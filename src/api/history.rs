//! Reading activities: pages, one, and why one is not in a view.

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderName, HeaderValue, Uri, header};
use axum::response::{IntoResponse as _, Response};
use bytes::{BufMut as _, Bytes, BytesMut};
use serde::Serialize;

use super::Api;
use super::answers::{PIECE_BYTES, Pieces};
use super::authenticate::Caller;
use super::corrections::{erased, id_of};
use super::error::{CURSOR_GONE, Problem};
use super::extract::{NoQuery, Path};
use super::query::Query;
use super::wanted::wanted;
use crate::auth::WorkspaceId;
use crate::domain::limits::{PAGE_ITEMS_DEFAULT, PAGE_ITEMS_MAX};
use crate::domain::{Cursor, UnixMs};
use crate::filter::FilterSet;
use crate::store::{Head, Order, Page, PageEnd, PageQuery, StoredActivity, UnderId};
use crate::wire::masked;

/// Bytes of activities in one page; a page of more ends early and says where to go on.
const PAGE_BYTES_MAX: usize = 8 * 1024 * 1024;

/// When the whole path was last known to work.
const CHECKED_AT: HeaderName = HeaderName::from_static("tidings-checked-at");

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
    /// `view` when it is a clause of the view; absent when it is one of the filter set that was sent.
    r#in: Option<String>,
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
    async fn read(api: &Api, caller: &Caller, uri: &Uri) -> Result<Self, Problem> {
        let mut query = Query::new(uri.query());
        let (before, after) = (query.cursor("before"), query.cursor("after"));
        let (since, until) = (query.time("since"), query.time("until"));
        let limit = query.number("limit", 1, PAGE_ITEMS_MAX, PAGE_ITEMS_DEFAULT);
        let filter = wanted(api, caller, query).await?.whole();
        Ok(Self { before, after, since, until, limit, filter })
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
        crate::api::sent::FilterParams,
        ("before" = Option<String>, Query, description = "Cursor: only what lies before it"),
        ("after" = Option<String>, Query, description = "Cursor: only what lies after it, oldest first"),
        ("since" = Option<String>, Query, description = "Only occurred at or after this time", format = DateTime),
        ("until" = Option<String>, Query, description = "Only occurred before this time", format = DateTime),
        ("limit" = Option<u32>, Query, description = "Activities at most", minimum = 1, maximum = 1000),
    ),
    responses((status = 200, description = "A page", body = PageDoc))
)]
pub async fn page(State(api): State<Arc<Api>>, caller: Caller, uri: Uri) -> Result<Response, Problem> {
    let workspace = caller.principal.workspace;
    let asked = Asked::read(&api, &caller, &uri).await?;
    for cursor in [asked.before, asked.after].into_iter().flatten() {
        check_history(&api, workspace, cursor).await?;
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
        corrections: false,
    };
    let mut page = api.store.turn(caller.reader()).await?.log().page(workspace, query).await?;
    for item in &mut page.items {
        item.body = masked(std::mem::take(&mut item.body), caller.principal.grant.mask);
    }
    // What lies behind a cursor may have been pruned between the two reads: what is left would look like all there was.
    for cursor in [asked.before, asked.after].into_iter().flatten() {
        check_continues(cursor, page.head)?;
    }
    let mut response = json(Pieces::body(encode(page, &asked)));
    if let Some(at) = api.readers.checked_at().and_then(|at| HeaderValue::from_str(&at.to_string()).ok()) {
        response.headers_mut().insert(CHECKED_AT, at);
    }
    Ok(response)
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

/// Holds a cursor against the log as it is now, and against its history: the same place of another one is no place to go on.
///
/// # Errors
/// [`CURSOR_GONE`] when it cannot be continued.
pub(super) async fn check_history(api: &Api, workspace: WorkspaceId, cursor: Cursor) -> Result<(), Problem> {
    let head = api.store.head(workspace).await?;
    check_continues(cursor, head)?;
    let Some(mark) = cursor.mark else { return Ok(()) };
    let there = if cursor.seq == head.seq { head.mark } else { api.store.mark(workspace, cursor.seq).await? };
    if there.is_some_and(|there| there != mark) {
        return Err(Problem::new(CURSOR_GONE, "the cursor is of another history of the log: an older copy of the database was put back"));
    }
    Ok(())
}

/// The page as JSON, in pieces.
fn encode(page: Page, asked: &Asked) -> Vec<Bytes> {
    let reached = Cursor { epoch: page.head.epoch, seq: page.reached, mark: page.reached_mark };
    let cut = page.end != PageEnd::Range;
    let oldest_first = asked.after.is_some();
    let older_end = asked.after.unwrap_or(reached);
    let newer = match (oldest_first, cut, asked.before) {
        (true, true, _) => reached,
        // A cursor after `before` leaves nothing between them, and takes nobody back.
        (true, false, Some(before)) => {
            if before.seq < older_end.seq {
                older_end
            } else {
                before
            }
        }
        _ => page.head.cursor(),
    };
    let searched_back_to = page.reached_at.filter(|_| page.end == PageEnd::Budget && !oldest_first);
    let tail = PageTail {
        older: (older_end.seq > page.head.pruned).then(|| older_end.to_string()),
        newer: newer.to_string(),
        more: oldest_first && cut,
        complete: page.end != PageEnd::Budget,
        searched_back_to: searched_back_to.map(|t| t.to_string()),
    };
    let mut pieces = Vec::new();
    let mut piece = BytesMut::from(&b"{\"items\":["[..]);
    for (index, item) in page.items.into_iter().enumerate() {
        if index > 0 {
            piece.put_u8(b',');
        }
        if piece.len() + item.body.len() > PIECE_BYTES {
            pieces.push(piece.split().freeze());
        }
        piece.put_slice(&item.body);
    }
    piece.put_slice(b"],");
    // The tail is an object of its own; its opening brace is the one thing not wanted.
    piece.put_slice(serde_json::to_vec(&tail).unwrap_or_default().get(1..).unwrap_or_default());
    pieces.push(piece.freeze());
    pieces
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
pub async fn one(State(api): State<Arc<Api>>, caller: Caller, path: Path, _: NoQuery) -> Result<Response, Problem> {
    Ok(json(found(&api, &caller, &path).await?.entry.body.clone().into()))
}

/// Why is it not here: the clauses of a filter set that keep an activity out.
#[utoipa::path(
    get,
    path = "/v1/activities/{id}/why",
    tag = "Activities",
    params(("id" = String, Path, description = "UUID of the activity", format = Uuid), crate::api::sent::FilterParams),
    responses((status = 200, description = "Whether it matches, and what keeps it out", body = WhyBody))
)]
pub async fn why(State(api): State<Arc<Api>>, caller: Caller, path: Path, uri: Uri) -> Result<Json<WhyBody>, Problem> {
    let wanted = wanted(&api, &caller, Query::new(uri.query())).await?;
    let found = found(&api, &caller, &path).await?;
    let excluded_by = wanted.excluded_by(&found.entry.facts, &found.memberships);
    Ok(Json(WhyBody { matches: excluded_by.is_empty(), excluded_by }))
}

async fn found(api: &Api, caller: &Caller, path: &Path) -> Result<StoredActivity, Problem> {
    let id = id_of(path)?;
    let grant = &caller.principal.grant;
    let visible = |event: &str| grant.events.has_folded(event);
    match api.store.turn(caller.reader()).await?.log().activity(caller.principal.workspace, id).await? {
        UnderId::Activity(found) if visible(&found.entry.facts.event) => Ok(found),
        UnderId::Erased { event } if visible(&event) => Err(erased()),
        _ => Err(Problem::not_found("activity")),
    }
}

/// Bytes that are JSON already.
fn json(body: Body) -> Response {
    ([(header::CONTENT_TYPE, "application/json")], body).into_response()
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use serde_json::{Value, json};

    use super::{Asked, check_continues, encode};
    use crate::domain::{Cursor, Epoch, UnixMs};
    use crate::filter::FilterSet;
    use crate::store::{Head, Item, Page, PageEnd};

    const HEAD: Head = Head { epoch: Epoch(7), seq: 100, mark: None, pruned: 10, recorded_at: UnixMs(0) };

    fn cursor(seq: u64) -> Cursor {
        Cursor { epoch: HEAD.epoch, seq, mark: None }
    }

    fn encoded(before: Option<u64>, after: Option<u64>, reached: u64, end: PageEnd) -> Value {
        let items = vec![
            Item { seq: 1, mark: None, body: Bytes::from_static(b"{\"seq\":1}") },
            Item { seq: 2, mark: None, body: Bytes::from_static(b"{\"seq\":2}") },
        ];
        let page = Page {
            items,
            head: HEAD,
            reached,
            reached_mark: None,
            end,
            reached_at: Some(UnixMs(0)),
            memberships: Vec::new(),
            corrections: Vec::new(),
        };
        let (before, after) = (before.map(cursor), after.map(cursor));
        let asked = Asked { before, after, since: None, until: None, limit: 2, filter: FilterSet::default() };
        serde_json::from_slice(&encode(page, &asked).concat()).expect("json")
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
            (Some(50), Some(50), 50, PageEnd::Range, c(50), c(50), false, true, false),
            (Some(50), Some(90), 90, PageEnd::Range, c(90), c(90), false, true, false),
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
        let other = Cursor { epoch: Epoch(8), seq: 50, mark: None };
        for (cursor, fine) in [(cursor(10), true), (cursor(100), true), (cursor(9), false), (cursor(101), false), (other, false)] {
            assert_eq!(check_continues(cursor, HEAD).is_ok(), fine, "{cursor:?}");
        }
    }
}
