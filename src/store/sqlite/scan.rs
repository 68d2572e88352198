//! Reading a log in windows of seq: each is one statement, sized by how long the last one took, so that a read is
//! bounded in time whatever it looks for.

use std::time::{Duration, Instant};

use sqlx::sqlite::SqliteConnection;
use sqlx::{QueryBuilder, Sqlite};

use super::filter_sql::{push_filter, push_partners};
use super::place::{place, seq_of};
use super::rows::HeadRow;
use crate::auth::WorkspaceId;
pub(super) use crate::domain::Range;
use crate::domain::limits::OCCURRED_AHEAD_MS_MAX;
use crate::domain::{Seq, UnixMs};
use crate::filter::FilterSet;
use crate::store::{Head, StoreError};

/// How long one read may go on before it answers with what it has.
pub const SCAN_BUDGET: Duration = Duration::from_millis(250);
/// Seqs in the first window of a read.
pub const SCAN_WINDOW_SEQS: u64 = 4_096;
/// Values of a facet that are looked at between two looks at the time.
const SCAN_NUMBERS: usize = 8_192;
/// A window that took less is followed by one four times as large.
const WINDOW_QUICK: Duration = Duration::from_millis(16);
/// A window that took more is followed by one half as large.
const WINDOW_SLOW: Duration = Duration::from_millis(64);
/// The partner index is used when it leaves at most one row in this many.
const INDEX_GAIN: i64 = 4;
/// ... and at most this many partners, each of which costs a seek per window.
const INDEX_PARTNERS_MAX: i64 = 1_000;

/// Bounds of one read.
#[derive(Debug, Clone, Copy)]
pub struct ScanLimits {
    /// How long it may go on.
    pub budget: Duration,
    /// Seqs in its first window; at least 1.
    pub window: u64,
    /// Values that are looked at between two looks at the time; at least 1.
    pub numbers: usize,
}

impl Default for ScanLimits {
    fn default() -> Self {
        Self { budget: SCAN_BUDGET, window: SCAN_WINDOW_SEQS, numbers: SCAN_NUMBERS }
    }
}

/// How far a read has come, and how large its next step is.
#[derive(Debug)]
pub(super) struct Pace {
    limits: ScanLimits,
    started: Instant,
    window_started: Instant,
    window: u64,
    window_max: u64,
}

impl Pace {
    pub(super) fn new(limits: ScanLimits) -> Self {
        let now = Instant::now();
        Self { limits, started: now, window_started: now, window: limits.window.max(1), window_max: u64::MAX }
    }

    /// The same with windows of so many seqs at most.
    pub(super) fn at_most(self, window_max: u64) -> Self {
        Self { window_max, window: self.window.min(window_max), ..self }
    }

    /// Takes the next window off the end of what is left.
    pub(super) fn newest(&mut self, left: Range) -> Range {
        self.window_started = Instant::now();
        Range { low: left.high.saturating_sub(self.window).max(left.low), high: left.high }
    }

    /// Takes the next window off the start of what is left.
    pub(super) fn oldest(&mut self, left: Range) -> Range {
        self.window_started = Instant::now();
        Range { low: left.low, high: left.low.saturating_add(self.window).min(left.high) }
    }

    /// Sizes the next window by how long this one took. True when the budget is used up.
    pub(super) fn step(&mut self) -> bool {
        let took = self.window_started.elapsed();
        if took < WINDOW_QUICK {
            self.window = self.window.saturating_mul(4).min(self.window_max);
        } else if took > WINDOW_SLOW {
            self.window = (self.window / 2).max(self.limits.window.max(1));
        }
        self.started.elapsed() >= self.limits.budget
    }
}

/// How rows are found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    /// One after another.
    Log,
    /// By the partners that a clause leaves.
    Partners,
}

/// Which activities of which log, and how they are found.
#[derive(Debug)]
pub(super) struct Scan<'f> {
    pub workspace: WorkspaceId,
    pub filter: &'f FilterSet,
    pub since: Option<UnixMs>,
    pub until: Option<UnixMs>,
    pub access: Access,
}

impl<'f> Scan<'f> {
    /// Chooses how the rows of this filter set are found.
    pub(super) async fn plan(
        connection: &mut SqliteConnection,
        workspace: WorkspaceId,
        filter: &'f FilterSet,
        since: Option<UnixMs>,
        until: Option<UnixMs>,
    ) -> Result<Self, StoreError> {
        let mut access = Access::Log;
        // SQLite sees that nothing passes an empty list, and then has no use for an index that it is told to use.
        let is_nothing = filter.clauses().iter().any(|c| !c.negated && c.values.is_empty());
        for clause in filter.clauses().iter().filter(|c| !c.negated && !is_nothing) {
            let mut query = QueryBuilder::new("select (select count(*) from (");
            if !push_partners(&mut query, workspace, clause) {
                continue;
            }
            query.push(" limit ").push_bind(INDEX_PARTNERS_MAX + 1).push(")), (select count(*) from partners where workspace_id = ");
            query.push_bind(workspace.number()).push(")");
            let (left, all): (i64, i64) = query.build_query_as().fetch_one(&mut *connection).await?;
            if left <= INDEX_PARTNERS_MAX && left * INDEX_GAIN <= all {
                access = Access::Partners;
            }
        }
        Ok(Self { workspace, filter, since, until, access })
    }

    /// Adds `from entries ... where ...` for the activities of one window that match.
    pub(super) fn push_from(&self, query: &mut QueryBuilder<Sqlite>, window: Range) {
        query.push(match self.access {
            Access::Log => " from entries not indexed where place > ",
            Access::Partners => " from entries indexed by entries_partner where place > ",
        });
        query.push_bind(place(self.workspace, window.low)).push(" and place <= ").push_bind(place(self.workspace, window.high));
        // What was erased is a row without anything in it.
        query.push(" and kind = 0 and occurred_at is not null");
        if let Some(since) = self.since {
            query.push(" and occurred_at >= ").push_bind(since.0);
        }
        if let Some(until) = self.until {
            query.push(" and occurred_at < ").push_bind(until.0);
        }
        push_filter(query, self.workspace, self.filter);
    }
}

/// The head of a log, as of the transaction.
pub(super) async fn head(connection: &mut SqliteConnection, workspace: WorkspaceId) -> Result<Head, StoreError> {
    let row: HeadRow = sqlx::query_as("select epoch, seq, pruned, recorded_at, chain from workspaces where id = ?")
        .bind(workspace.number())
        .fetch_one(connection)
        .await?;
    row.head()
}

/// When the first entry of a range was recorded.
pub(super) async fn recorded_at(
    connection: &mut SqliteConnection,
    workspace: WorkspaceId,
    range: Range,
) -> Result<Option<(Seq, UnixMs)>, StoreError> {
    let row: Option<(i64, i64)> =
        sqlx::query_as("select place, recorded_at from entries where place > ? and place <= ? order by place limit 1")
            .bind(place(workspace, range.low))
            .bind(place(workspace, range.high))
            .fetch_optional(connection)
            .await?;
    Ok(row.map(|(place, at)| (seq_of(place), UnixMs(at))))
}

/// The seq below which nothing can have occurred at or after `since`: nothing occurs later than it is recorded by more
/// than senders may be ahead, and `recorded_at` never goes back, so it is found by halving.
pub(super) async fn seq_before(
    connection: &mut SqliteConnection,
    workspace: WorkspaceId,
    range: Range,
    since: Option<UnixMs>,
) -> Result<Seq, StoreError> {
    let Some(since) = since else { return Ok(range.low) };
    let recorded = UnixMs(since.0.saturating_sub(OCCURRED_AHEAD_MS_MAX));
    // Every entry up to `early` was recorded before; the first one above `late` was not, or there is none.
    let (mut early, mut late) = (range.low, range.high);
    while early < late {
        let middle = early + (late - early) / 2;
        match recorded_at(connection, workspace, Range { low: middle, high: range.high }).await? {
            Some((seq, at)) if at < recorded => early = seq,
            _ => late = middle,
        }
    }
    Ok(early)
}
