//! Counts by span of `occurred_at`.

use std::collections::BTreeMap;

use sqlx::QueryBuilder;
use sqlx::sqlite::SqliteConnection;

use super::SqliteStore;
use super::error::unsigned;
use super::scan::{Pace, Range, Scan, head, seq_before};
use crate::auth::WorkspaceId;
use crate::domain::UnixMs;
use crate::store::{Bucket, Histogram, HistogramQuery, StoreError};

impl SqliteStore {
    pub(super) async fn read_histogram(&self, workspace: WorkspaceId, query: HistogramQuery) -> Result<Histogram, StoreError> {
        let mut transaction = self.inner.readers.begin().await?;
        let histogram = self.histogram_within(&mut transaction, workspace, &query).await;
        transaction.rollback().await?;
        histogram
    }

    async fn histogram_within(
        &self,
        connection: &mut SqliteConnection,
        workspace: WorkspaceId,
        query: &HistogramQuery,
    ) -> Result<Histogram, StoreError> {
        let head = head(connection, workspace).await?;
        let Some(first) = query.starts.first().copied() else {
            return Ok(Histogram { head, complete: true, items: Vec::new() });
        };
        let since = query.since.max(first);
        let high = query.up_to.map_or(head.seq, |seq| seq.min(head.seq));
        let whole = Range { low: head.pruned, high };
        let low = seq_before(connection, workspace, whole, Some(since)).await?;
        let scan = Scan::plan(connection, workspace, &query.filter, Some(since), Some(query.until)).await?;
        // Every start is a multiple of the grain away from the first, so a grain lies in one bucket and the database
        // groups by plain division, whatever the time zone makes of days.
        let grain = grain_of(&query.starts, query.until);
        let mut counts: BTreeMap<i64, u64> = BTreeMap::new();
        let mut pace = Pace::new(self.inner.scan);
        let mut left = Range { low, high };
        while !left.is_empty() {
            let window = pace.newest(left);
            let mut sql = QueryBuilder::new("select (occurred_at - ");
            sql.push_bind(first.0).push(") / ").push_bind(grain).push(" as grain, count(*)");
            scan.push_from(&mut sql, window);
            sql.push(" group by grain");
            let rows: Vec<(i64, i64)> = sql.build_query_as().fetch_all(&mut *connection).await?;
            for (grains, count) in rows {
                let at = UnixMs(first.0 + grains * grain);
                let bucket = query.starts.partition_point(|start| *start <= at).saturating_sub(1);
                let start = query.starts.get(bucket).copied().unwrap_or(first);
                *counts.entry(start.0).or_default() += unsigned(count)?;
            }
            left.high = window.low;
            if pace.step() {
                break;
            }
        }
        let items = counts.into_iter().map(|(start, count)| Bucket { start: UnixMs(start), count }).collect();
        Ok(Histogram { head, complete: left.is_empty(), items })
    }
}

/// The greatest common divisor of the widths, in milliseconds.
fn grain_of(starts: &[UnixMs], until: UnixMs) -> i64 {
    let widths = starts.windows(2).map(|pair| pair[1].0 - pair[0].0);
    let common = widths.filter(|w| *w > 0).fold(0, gcd);
    match (common, starts.first()) {
        (0, Some(first)) => (until.0 - first.0).max(1),
        (common, _) => common.max(1),
    }
}

fn gcd(mut a: i64, mut b: i64) -> i64 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

#[cfg(test)]
mod tests {
    use super::grain_of;
    use crate::domain::UnixMs;

    #[test]
    fn finds_the_grain() {
        for (starts, until, want) in [
            (vec![0, 60, 120], 180, 60),
            // A day of 23 hours.
            (vec![0, 24, 47, 71], 95, 1),
            (vec![7], 19, 12),
            (vec![5, 5], 5, 1),
        ] {
            let starts: Vec<_> = starts.into_iter().map(UnixMs).collect();
            assert_eq!(grain_of(&starts, UnixMs(until)), want, "{starts:?}");
        }
    }
}
