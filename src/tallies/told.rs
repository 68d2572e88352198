//! What counts by minute tell of a time: counts, where in the log to look for the rest, and how far back a scan has come.

use std::collections::BTreeMap;

use super::day::Time;
use super::minutes::{DAY_MS, MINUTE_MS, Minutes};
use crate::domain::{Range, Seq, UnixMs};

/// Gaps of so many seqs are read over: less than another statement costs.
const GAP_SEQS: u64 = 1_024;

/// A stretch of time whose activities count for one bucket. Where a clock goes back, a bucket may have several.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stretch {
    /// From here on, to the next stretch.
    pub from: UnixMs,
    /// The start of the bucket.
    pub bucket: UnixMs,
}

/// Which kinds match a filter set.
#[derive(Debug)]
pub(crate) struct Kinds {
    /// By kind: true when an activity of it may match.
    pub passes: Vec<bool>,
    /// True when it does match, then: nothing but the kind is asked for.
    pub exact: bool,
}

/// What is counted of a question.
#[derive(Debug, Default)]
pub(crate) struct Told {
    /// By start of the bucket.
    pub counts: BTreeMap<i64, u64>,
    /// What is not in the counts: minutes and hours that lie in two stretches, or in and out of the question.
    pub cut: Vec<Cut>,
}

/// A time whose activities must be looked at one by one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Cut {
    pub since: UnixMs,
    pub until: UnixMs,
    /// They are all there.
    pub range: Range,
}

/// A minute or an hour with something in it that may match.
struct Met<'m> {
    start: i64,
    end: i64,
    time: &'m Time,
    count: u64,
}

impl Minutes {
    /// Counts by stretch, of everything folded.
    pub(crate) fn tell(&self, kinds: &Kinds, stretches: &[Stretch], until: UnixMs) -> Told {
        let mut told = Told::default();
        let Some(first) = stretches.first() else { return told };
        let since = first.from.0;
        let mut at = 0;
        for met in self.met(kinds, since, until.0) {
            while stretches.get(at + 1).is_some_and(|next| next.from.0 <= met.start) {
                at += 1;
            }
            let end = stretches.get(at + 1).map_or(until, |next| next.from).0;
            if met.start >= stretches[at].from.0 && met.end <= end {
                *told.counts.entry(stretches[at].bucket.0).or_default() += met.count;
            } else {
                let (since, until) = (UnixMs(met.start.max(since)), UnixMs(met.end.min(until.0)));
                let range = Range { low: met.time.first.saturating_sub(1), high: met.time.last };
                told.cut.push(Cut { since, until, range });
            }
        }
        told
    }

    /// Where what occurred in a time and may match stands in the log, as far as it is folded; ascending.
    pub(crate) fn ranges(&self, kinds: &Kinds, since: UnixMs, until: UnixMs) -> Vec<Range> {
        let mut all: Vec<(Seq, Seq)> = self.met(kinds, since.0, until.0).map(|met| (met.time.first, met.time.last)).collect();
        all.sort_unstable();
        let mut ranges: Vec<Range> = Vec::new();
        for (first, last) in all {
            match ranges.last_mut() {
                Some(range) if first <= range.high.saturating_add(GAP_SEQS) => range.high = range.high.max(last),
                _ => ranges.push(Range { low: first.saturating_sub(1), high: last }),
            }
        }
        ranges
    }

    /// Where the newest time ends of which something stands at or below a seq.
    pub(crate) fn ends_below(&self, kinds: &Kinds, since: UnixMs, until: UnixMs, seq: Seq) -> Option<UnixMs> {
        self.met(kinds, since.0, until.0).filter(|met| met.time.first <= seq).map(|met| UnixMs(met.end)).last()
    }

    /// Minutes and hours that reach into a time and have something that may match, ascending.
    fn met<'m>(&'m self, kinds: &'m Kinds, since: i64, until: i64) -> impl Iterator<Item = Met<'m>> {
        let days = self.days.range(since.div_euclid(DAY_MS)..=until.div_euclid(DAY_MS));
        days.flat_map(move |(day, counts)| {
            let width = if *day < self.hours_before { 60 * MINUTE_MS } else { MINUTE_MS };
            counts.times().filter_map(move |(time, range)| {
                let start = day * DAY_MS + i64::from(time.minute.0) * MINUTE_MS;
                if start >= until || start + width <= since {
                    return None;
                }
                let passing =
                    counts.kinds[range.clone()].iter().zip(&counts.counts[range]).filter(|(kind, _)| kinds.passes[**kind as usize]);
                let count = passing.map(|(_, count)| count).sum();
                (count > 0).then_some(Met { start, end: start + width, time, count })
            })
        })
    }
}
