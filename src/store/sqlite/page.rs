//! One bounded page of activities.

use std::sync::Arc;

use bytes::Bytes;
use futures::TryStreamExt as _;
use sqlx::QueryBuilder;
use sqlx::sqlite::SqliteConnection;

use super::SqliteStore;
use super::chain::{Proof, mark_at};
use super::corrections::corrections_in;
use super::place::{place, seq_of};
use super::rows::{kind, membership_of};
use super::scan::{Pace, Range, Scan, head, recorded_at, seq_before};
use crate::auth::WorkspaceId;
use crate::domain::limits::PAGE_ITEMS_MAX;
use crate::domain::{MembershipChange, Seq};
use crate::store::{Correction, Item, Order, Page, PageEnd, PageQuery, StoreError};

/// Membership changes that one page carries; it ends at the last of them.
const PAGE_MEMBERSHIPS_MAX: usize = 10_000;

/// What a page has gathered.
#[derive(Debug, Default)]
struct Gathered {
    items: Vec<Item>,
    bytes: usize,
    memberships: Vec<(Seq, Arc<MembershipChange>)>,
    corrections: Vec<Correction>,
}

impl Gathered {
    /// The first of some corrections that the page has no room for: they take half of it at most, but always one.
    fn without_room(&self, more: &[Correction], query: &PageQuery) -> Option<usize> {
        let held = self.corrections.iter().map(|c| c.json.len()).sum::<usize>();
        let sizes = more.iter().scan(held, |bytes, correction| {
            *bytes += correction.json.len();
            Some(*bytes)
        });
        let beyond = |(at, bytes): (usize, usize)| {
            let count = self.corrections.len() + at;
            (count > 0 && (count >= query.limit || bytes > query.bytes_max / 2)).then_some(at)
        };
        sizes.enumerate().find_map(beyond)
    }
}

impl SqliteStore {
    pub(super) async fn read_page(&self, workspace: WorkspaceId, query: PageQuery) -> Result<Page, StoreError> {
        let mut transaction = self.inner.readers.begin().await?;
        let page = self.page_within(&mut transaction, workspace, &query).await;
        transaction.rollback().await?;
        page
    }

    async fn page_within(&self, connection: &mut SqliteConnection, workspace: WorkspaceId, query: &PageQuery) -> Result<Page, StoreError> {
        let head = head(connection, workspace).await?;
        let high = query.up_to.unwrap_or(head.seq).min(head.seq);
        let whole = Range { low: query.after.max(head.pruned), high };
        let (mut reached, mut end, mut gathered) = (query.after, PageEnd::Range, Gathered::default());
        if query.order == Order::OldestFirst {
            reached = high.max(query.after);
        }
        if !whole.is_empty() {
            let scan = Scan::plan(connection, workspace, &query.filter, query.since, query.until).await?;
            let low = seq_before(connection, workspace, whole, query.since).await?;
            let mut left = Range { low, high };
            let mut pace = Pace::new(self.inner.scan);
            if query.order == Order::OldestFirst {
                // Membership changes are wanted from the start of the range, whatever `since` says.
                left.low = whole.low;
            }
            while !left.is_empty() {
                let cut = match query.order {
                    Order::NewestFirst => newest_window(connection, &scan, query, pace.newest(left), &mut gathered).await?,
                    Order::OldestFirst => oldest_window(connection, &scan, query, pace.oldest(left), low, &mut gathered).await?,
                };
                match query.order {
                    Order::NewestFirst => left.high = cut.at,
                    Order::OldestFirst => left.low = cut.at,
                }
                let budget_used = pace.step();
                if !left.is_empty() && (cut.full || budget_used) {
                    (reached, end) = (cut.at, if cut.full { PageEnd::Limit } else { PageEnd::Budget });
                    break;
                }
            }
        }
        let reached_at = match end {
            PageEnd::Budget => recorded_at(connection, workspace, Range { low: reached.saturating_sub(1), high }).await?.map(|(_, at)| at),
            _ => None,
        };
        let reached_mark = mark_at(connection, workspace, &head, reached).await?;
        Ok(Page {
            items: gathered.items,
            head,
            reached,
            reached_mark,
            end,
            reached_at,
            memberships: gathered.memberships,
            corrections: gathered.corrections,
        })
    }
}

/// How far a window was read, and whether the page is full there.
struct Cut {
    at: Seq,
    full: bool,
}

async fn newest_window(
    connection: &mut SqliteConnection,
    scan: &Scan<'_>,
    query: &PageQuery,
    window: Range,
    gathered: &mut Gathered,
) -> Result<Cut, StoreError> {
    let last = read_items(connection, scan, query, window, gathered).await?;
    Ok(match last {
        // Everything above the last item was read; it lies in the page itself.
        Some(seq) => Cut { at: seq.saturating_sub(1).max(window.low), full: true },
        None => Cut { at: window.low, full: false },
    })
}

async fn oldest_window(
    connection: &mut SqliteConnection,
    scan: &Scan<'_>,
    query: &PageQuery,
    mut window: Range,
    items_above: Seq,
    gathered: &mut Gathered,
) -> Result<Cut, StoreError> {
    let room = PAGE_MEMBERSHIPS_MAX.saturating_sub(gathered.memberships.len());
    let mut changes = memberships_in(connection, scan.workspace, window, room + 1).await?;
    let mut full = false;
    if changes.len() > room {
        let beyond = changes.split_off(room);
        full = true;
        window.high = beyond.first().map_or(window.high, |(seq, _)| seq.saturating_sub(1));
    }
    let mut corrections = Vec::new();
    if query.corrections {
        let (told, reached) = corrections_in(connection, scan.workspace, scan.filter, window).await?;
        full |= reached < window.high;
        window.high = reached;
        corrections = told;
        if let Some(beyond) = gathered.without_room(&corrections, query) {
            full = true;
            window.high = corrections[beyond].at - 1;
            corrections.truncate(beyond);
        }
        gathered.bytes += corrections.iter().map(|c| c.json.len()).sum::<usize>();
    }
    let items_in = Range { low: window.low.max(items_above), high: window.high };
    let last = match items_in.is_empty() {
        true => None,
        false => read_items(connection, scan, query, items_in, gathered).await?,
    };
    // What did not fit may be the first of this window: everything before it was read.
    let at = last.map_or(window.high, |last| last.max(window.low));
    changes.retain(|(seq, _)| *seq <= at);
    gathered.memberships.append(&mut changes);
    corrections.retain(|c| c.at <= at);
    gathered.corrections.append(&mut corrections);
    Ok(Cut { at, full: full || last.is_some() })
}

/// Reads the items of one window. The seq of the last one, when the page is full with it.
async fn read_items(
    connection: &mut SqliteConnection,
    scan: &Scan<'_>,
    query: &PageQuery,
    window: Range,
    gathered: &mut Gathered,
) -> Result<Option<Seq>, StoreError> {
    let limit = query.limit.clamp(1, PAGE_ITEMS_MAX);
    let mut sql = QueryBuilder::new("select place, body, proof");
    scan.push_from(&mut sql, window);
    sql.push(match query.order {
        Order::NewestFirst => " order by place desc limit ",
        Order::OldestFirst => " order by place limit ",
    });
    let room = limit - gathered.items.len();
    sql.push_bind(i64::try_from(room).unwrap_or(i64::MAX));
    let mut rows = sql.build_query_as::<(i64, String, Option<Vec<u8>>)>().fetch(connection);
    while let Some((place, body, proof)) = rows.try_next().await? {
        if !gathered.items.is_empty() && gathered.bytes + body.len() > query.bytes_max {
            return Ok(gathered.items.last().map(|item| item.seq));
        }
        gathered.bytes += body.len();
        let mark = proof.as_deref().map(Proof::decode).transpose()?.map(|proof| proof.mark);
        gathered.items.push(Item { seq: seq_of(place), mark, body: Bytes::from(body) });
    }
    Ok(gathered.items.last().filter(|_| gathered.items.len() >= limit).map(|item| item.seq))
}

/// The membership changes of a range. Relies on `entries_barrier`.
async fn memberships_in(
    connection: &mut SqliteConnection,
    workspace: WorkspaceId,
    range: Range,
    limit: usize,
) -> Result<Vec<(Seq, Arc<MembershipChange>)>, StoreError> {
    let rows: Vec<(i64, String)> = sqlx::query_as(
        "select place, body from entries indexed by entries_barrier
         where kind <> 0 and kind = ? and place > ? and place <= ? order by place limit ?",
    )
    .bind(kind::MEMBERSHIP)
    .bind(place(workspace, range.low))
    .bind(place(workspace, range.high))
    .bind(i64::try_from(limit).unwrap_or(i64::MAX))
    .fetch_all(connection)
    .await?;
    rows.into_iter().map(|(place, body)| Ok((seq_of(place), Arc::new(membership_of(&body)?)))).collect()
}
