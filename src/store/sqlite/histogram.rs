//! Counts by span of `occurred_at`.
//!
//! [`SqliteStore::read_histogram`] is the one way in. Counts by minute tell of what is folded, and what they cannot tell at once is
//! scanned newest first, where they say that it stands, until the budget is used up; the answer says what is left then.
//! What is counted is always everything above one seq, so that who goes on from there adds the rest.

use std::collections::BTreeMap;
use std::sync::Arc;

use sqlx::QueryBuilder;
use sqlx::sqlite::SqliteConnection;

use super::SqliteStore;
use super::error::unsigned;
use super::scan::{Access, Pace, Range, Scan, head, recorded_at, seq_before};
use super::tallies::ask::kinds_of;
use super::tallies::for_read;
use super::tallies::saved::off_thread;
use crate::auth::WorkspaceId;
use crate::domain::limits::OCCURRED_AHEAD_MS_MAX;
use crate::domain::{Seq, UnixMs};
use crate::store::{Bucket, Head, Histogram, HistogramQuery, StoreError, Stretch, Uncounted};
use crate::tallies::{Kinds, Minutes, Told};

/// Rows that are read one by one beside counts by minute, at most: those of cut minutes, and those above a place below what
/// is folded. Some 40 ms each; where there are more, everything is scanned in steps.
const ASIDE_SEQS_MAX: u64 = 65_536;
/// Cut minutes that are read so, at most: each is a statement.
const CUTS_MAX: usize = 512;
const MINUTE_MS: i64 = 60_000;

/// Where in the log to count, and what is known of it.
struct Place {
    head: Head,
    /// Nothing at or below this can lie in the span.
    low: Seq,
    /// Counted up to here.
    high: Seq,
    since: UnixMs,
    known: Option<Known>,
}

/// Counts by minute that are true, and what they are asked.
struct Known {
    minutes: Arc<Minutes>,
    kinds: Arc<Kinds>,
}

/// Counts by start of the bucket.
#[derive(Debug, Default)]
struct Counts(BTreeMap<i64, u64>);

impl SqliteStore {
    pub(super) async fn read_histogram(&self, workspace: WorkspaceId, query: HistogramQuery) -> Result<Histogram, StoreError> {
        let minutes = self.inner.tallies.take_minutes(workspace).await;
        let mut transaction = self.inner.readers.begin().await?;
        let histogram = self.histogram_within(&mut transaction, workspace, &query, minutes).await;
        transaction.rollback().await?;
        histogram
    }

    async fn histogram_within(
        &self,
        connection: &mut SqliteConnection,
        workspace: WorkspaceId,
        query: &HistogramQuery,
        minutes: Option<Arc<Minutes>>,
    ) -> Result<Histogram, StoreError> {
        let head = head(connection, workspace).await?;
        let Some(since) = query.stretches.first().map(|stretch| stretch.from) else {
            return Ok(Histogram { head, left: None, items: Vec::new() });
        };
        let high = query.up_to.map_or(head.seq, |seq| seq.min(head.seq));
        let low = seq_before(connection, workspace, Range { low: head.pruned, high }, Some(since)).await?;
        let mut place = Place { head, low, high, since, known: None };
        if let Some(minutes) = for_read(minutes, connection, workspace, head).await? {
            let kinds = Arc::new(kinds_of(connection, workspace, &query.filter, &minutes).await?);
            place.known = Some(Known { minutes, kinds });
        }
        match self.told(connection, workspace, query, &place).await? {
            Some(histogram) => Ok(histogram),
            None => self.scanned(connection, workspace, query, &place).await,
        }
    }

    /// The answer by counts by minute; `None` where they cannot tell.
    async fn told(
        &self,
        connection: &mut SqliteConnection,
        workspace: WorkspaceId,
        query: &HistogramQuery,
        place: &Place,
    ) -> Result<Option<Histogram>, StoreError> {
        let Some(known) = place.known.as_ref().filter(|known| known.kinds.exact) else { return Ok(None) };
        let folded = known.minutes.seq;
        // Folded, and not asked for.
        let beyond = Range { low: place.high, high: folded };
        if beyond.high.saturating_sub(beyond.low) > ASIDE_SEQS_MAX {
            return Ok(None);
        }
        let told = known.tell(&query.stretches, query.until).await?;
        let aside: u64 = told.cut.iter().map(|cut| cut.range.high - cut.range.low).sum();
        if aside > ASIDE_SEQS_MAX || told.cut.len() > CUTS_MAX {
            return Ok(None);
        }
        let grouping = Grouping::of(query, place.since);
        let scan = Scan { workspace, filter: &query.filter, since: Some(place.since), until: Some(query.until), access: Access::Log };
        let mut counts = Counts::default();
        let mut pace = Pace::new(self.inner.scan);
        let mut left = Range { low: folded.max(place.low), high: place.high };
        while !left.is_empty() {
            let window = pace.newest(left);
            counts.add(grouping.count(connection, &scan, window).await?);
            left.high = window.low;
            if pace.step() && !left.is_empty() {
                let left = self.left(connection, workspace, query, place, left.high).await?;
                return Ok(Some(counts.answer(place.head, Some(left))));
            }
        }
        for cut in &told.cut {
            let scan = Scan { since: Some(cut.since), until: Some(cut.until), ..scan };
            counts.add(grouping.count(connection, &scan, Range { high: cut.range.high.min(folded), ..cut.range }).await?);
        }
        counts.add(told.counts);
        if !beyond.is_empty() {
            counts.take_away(grouping.count(connection, &scan, beyond).await?);
        }
        Ok(Some(counts.answer(place.head, None)))
    }

    /// The answer row by row, newest first.
    async fn scanned(
        &self,
        connection: &mut SqliteConnection,
        workspace: WorkspaceId,
        query: &HistogramQuery,
        place: &Place,
    ) -> Result<Histogram, StoreError> {
        let grouping = Grouping::of(query, place.since);
        let scan = Scan::plan(connection, workspace, &query.filter, Some(place.since), Some(query.until)).await?;
        let mut counts = Counts::default();
        let mut pace = Pace::new(self.inner.scan);
        let mut ranges = place.ranges(query.until).await?;
        while let Some(mut range) = ranges.pop() {
            let window = pace.newest(range);
            counts.add(grouping.count(connection, &scan, window).await?);
            range.high = window.low;
            if !range.is_empty() {
                ranges.push(range);
            }
            // What lies between this and the next range is none of it.
            if pace.step()
                && let Some(next) = ranges.last()
            {
                let left = self.left(connection, workspace, query, place, next.high).await?;
                return Ok(counts.answer(place.head, Some(left)));
            }
        }
        Ok(counts.answer(place.head, None))
    }

    /// What is left when everything above a seq was counted.
    async fn left(
        &self,
        connection: &mut SqliteConnection,
        workspace: WorkspaceId,
        query: &HistogramQuery,
        place: &Place,
        up_to: Seq,
    ) -> Result<Uncounted, StoreError> {
        let before = match &place.known {
            Some(known) if up_to <= known.minutes.seq => known.ends_below(place.since, query.until, up_to).await?,
            // Nothing occurs later than it is recorded by more than senders may be ahead.
            _ => {
                let recorded = recorded_at(connection, workspace, Range { low: up_to.saturating_sub(1), high: up_to }).await?;
                recorded.map(|(_, at)| UnixMs((at.0.saturating_add(OCCURRED_AHEAD_MS_MAX) / MINUTE_MS + 1) * MINUTE_MS))
            }
        };
        Ok(Uncounted { up_to, before: before.unwrap_or(query.until).clamp(place.since, query.until) })
    }
}

impl Place {
    /// Where to scan, ascending: above what is folded everything, in it only where something of the span stands.
    async fn ranges(&self, until: UnixMs) -> Result<Vec<Range>, StoreError> {
        let Some(known) = &self.known else { return Ok(vec![Range { low: self.low, high: self.high }]) };
        let (minutes, kinds, since) = (known.minutes.clone(), known.kinds.clone(), self.since);
        let mut ranges = off_thread(move || minutes.ranges(&kinds, since, until)).await?;
        for range in &mut ranges {
            *range = Range { low: range.low.max(self.low), high: range.high.min(self.high) };
        }
        ranges.push(Range { low: self.low.max(known.minutes.seq), high: self.high });
        ranges.retain(|range| !range.is_empty());
        Ok(ranges)
    }
}

impl Known {
    async fn tell(&self, stretches: &[Stretch], until: UnixMs) -> Result<Told, StoreError> {
        let (minutes, kinds, stretches) = (self.minutes.clone(), self.kinds.clone(), stretches.to_vec());
        off_thread(move || minutes.tell(&kinds, &stretches, until)).await
    }

    async fn ends_below(&self, since: UnixMs, until: UnixMs, seq: Seq) -> Result<Option<UnixMs>, StoreError> {
        let (minutes, kinds) = (self.minutes.clone(), self.kinds.clone());
        off_thread(move || minutes.ends_below(&kinds, since, until, seq)).await
    }
}

impl Counts {
    fn add(&mut self, counted: BTreeMap<i64, u64>) {
        counted.into_iter().for_each(|(start, count)| *self.0.entry(start).or_default() += count);
    }

    fn take_away(&mut self, counted: BTreeMap<i64, u64>) {
        for (start, count) in counted {
            let held = self.0.entry(start).or_default();
            *held = held.saturating_sub(count);
        }
    }

    fn answer(self, head: Head, left: Option<Uncounted>) -> Histogram {
        let items = self.0.into_iter().filter(|(_, count)| *count > 0);
        Histogram { head, left, items: items.map(|(start, count)| Bucket { start: UnixMs(start), count }).collect() }
    }
}

/// How the database groups rows, whatever the time zone makes of hours and days: every stretch begins at a multiple of the
/// grain, so a grain lies in one of them.
struct Grouping<'q> {
    stretches: &'q [Stretch],
    base: i64,
    grain: i64,
}

impl<'q> Grouping<'q> {
    fn of(query: &'q HistogramQuery, since: UnixMs) -> Self {
        let (base, grain) = base_and_grain(&query.stretches, since, query.until);
        Self { stretches: &query.stretches, base, grain }
    }

    /// Counts one window by bucket.
    async fn count(&self, connection: &mut SqliteConnection, scan: &Scan<'_>, window: Range) -> Result<BTreeMap<i64, u64>, StoreError> {
        let mut sql = QueryBuilder::new("select (occurred_at - ");
        sql.push_bind(self.base).push(") / ").push_bind(self.grain).push(" as grain, count(*)");
        scan.push_from(&mut sql, window);
        sql.push(" group by grain");
        let rows: Vec<(i64, i64)> = sql.build_query_as().fetch_all(connection).await?;
        let mut counts = BTreeMap::new();
        for (grains, count) in rows {
            // The first grain may begin before the first stretch.
            let at = self.base + grains * self.grain;
            let stretch = self.stretches.partition_point(|stretch| stretch.from.0 <= at).saturating_sub(1);
            if let Some(stretch) = self.stretches.get(stretch) {
                *counts.entry(stretch.bucket.0).or_default() += unsigned(count)?;
            }
        }
        Ok(counts)
    }
}

/// The greatest common divisor of the widths in milliseconds, the first and the last aside, and a start of a grain at or before
/// the span.
fn base_and_grain(stretches: &[Stretch], since: UnixMs, until: UnixMs) -> (i64, i64) {
    let Some(second) = stretches.get(1).map(|stretch| stretch.from.0) else { return (since.0, (until.0 - since.0).max(1)) };
    let widths = stretches[1..].windows(2).map(|pair| pair[1].from.0 - pair[0].from.0);
    let common = match widths.filter(|width| *width > 0).fold(0, gcd) {
        // Two stretches: anything up to the second, anything from it on.
        0 => (second - since.0).max(until.0 - second).max(1),
        common => common,
    };
    let grains = (second - since.0).max(0) as u64;
    (second - i64::try_from(grains.div_ceil(common.unsigned_abs())).unwrap_or_default() * common, common)
}

fn gcd(mut a: i64, mut b: i64) -> i64 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

#[cfg(test)]
mod tests {
    use super::base_and_grain;
    use crate::domain::UnixMs;
    use crate::store::Stretch;

    #[test]
    fn finds_the_grain() {
        for (starts, until, want) in [
            (vec![0, 60, 120], 180, (0, 60)),
            // Begun within a bucket, ended within one.
            (vec![13, 60, 120, 180], 181, (0, 60)),
            // A day of 23 hours.
            (vec![0, 24, 47, 71], 95, (0, 1)),
            (vec![7], 19, (7, 12)),
            (vec![5, 9], 60, (-42, 51)),
        ] {
            let stretches: Vec<_> = starts.iter().map(|at| Stretch { from: UnixMs(*at), bucket: UnixMs(*at) }).collect();
            assert_eq!(base_and_grain(&stretches, UnixMs(starts[0]), UnixMs(until)), want, "{starts:?}");
        }
    }
}
