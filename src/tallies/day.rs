//! Counts of one day: its minutes (or its hours) in order, and of each its kinds in order.

use std::collections::BTreeMap;

use crate::domain::Seq;

use super::minutes::{DAY_MS, MINUTE_MS};

/// Minutes of an hour.
const HOUR: u16 = 60;

/// A time of the day by its first minute.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Minute(pub u16);

impl Minute {
    /// That of an instant, or of the hour that it lies in.
    pub(crate) fn of(at_ms: i64, by_hour: bool) -> Self {
        let minute = Self(u16::try_from(at_ms.rem_euclid(DAY_MS) / MINUTE_MS).unwrap_or_default());
        if by_hour { minute.hour() } else { minute }
    }

    fn hour(self) -> Self {
        Self(self.0 / HOUR * HOUR)
    }
}

/// One activity: when it occurred, what it counts for and where it stands.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cell {
    pub minute: Minute,
    pub kind: u32,
    pub seq: Seq,
}

/// One minute or hour in which something occurred.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Time {
    pub minute: Minute,
    /// Its counts end there.
    pub end: u32,
    /// The first and the last of its activities.
    pub first: Seq,
    pub last: Seq,
}

/// Counts of one day.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Day {
    pub times: Vec<Time>,
    pub kinds: Vec<u32>,
    pub counts: Vec<u64>,
}

impl Day {
    /// Counts activities in any order.
    pub(crate) fn of(mut cells: Vec<Cell>) -> Self {
        cells.sort_unstable_by_key(|cell| (cell.minute, cell.kind));
        let mut day = Self::default();
        for cell in cells {
            day.count(cell.minute, (cell.seq, cell.seq), [(cell.kind, 1)]);
        }
        day
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.times.is_empty()
    }

    pub(crate) fn cells(&self) -> usize {
        self.kinds.len()
    }

    /// Adds counts of a time that is not before the last one; those of the last one must be of kinds not before its last.
    pub(crate) fn count(&mut self, minute: Minute, (first, last): (Seq, Seq), counts: impl IntoIterator<Item = (u32, u64)>) {
        let begins = match self.times.last_mut() {
            Some(time) if time.minute == minute => {
                (time.first, time.last) = (time.first.min(first), time.last.max(last));
                self.times.len().checked_sub(2).map_or(0, |before| self.times[before].end as usize)
            }
            _ => {
                self.times.push(Time { minute, end: 0, first, last });
                self.kinds.len()
            }
        };
        for (kind, count) in counts {
            match self.kinds.last() {
                Some(met) if *met == kind && self.kinds.len() > begins => {
                    if let Some(held) = self.counts.last_mut() {
                        *held += count;
                    }
                }
                _ => {
                    self.kinds.push(kind);
                    self.counts.push(count);
                }
            }
        }
        if let Some(time) = self.times.last_mut() {
            time.end = u32::try_from(self.kinds.len()).unwrap_or(u32::MAX);
        }
    }

    /// The times, each with the range of its counts.
    pub(crate) fn times(&self) -> impl Iterator<Item = (&Time, std::ops::Range<usize>)> {
        let starts = std::iter::once(0).chain(self.times.iter().map(|time| time.end as usize));
        self.times.iter().zip(starts).map(|(time, start)| (time, start..time.end as usize))
    }

    fn counts_of(&self, range: std::ops::Range<usize>) -> impl Iterator<Item = (u32, u64)> {
        self.kinds[range.clone()].iter().copied().zip(self.counts[range].iter().copied())
    }

    /// The counts of both.
    pub(crate) fn with(&self, other: &Self) -> Self {
        // No more room than is needed: most days are never added to again.
        let mut both = Self {
            times: Vec::with_capacity(self.times.len() + other.times.len()),
            kinds: Vec::with_capacity(self.cells() + other.cells()),
            counts: Vec::with_capacity(self.cells() + other.cells()),
        };
        let (mut mine, mut theirs) = (self.times().peekable(), other.times().peekable());
        loop {
            let order = match (mine.peek(), theirs.peek()) {
                (None, None) => return both,
                (Some(_), None) => std::cmp::Ordering::Less,
                (None, Some(_)) => std::cmp::Ordering::Greater,
                (Some((one, _)), Some((other, _))) => one.minute.cmp(&other.minute),
            };
            let one = if order.is_le() { mine.next() } else { None };
            let another = if order.is_ge() { theirs.next() } else { None };
            let mut counts: Vec<(u32, u64)> = Vec::new();
            counts.extend(one.iter().flat_map(|(_, range)| self.counts_of(range.clone())));
            counts.extend(another.iter().flat_map(|(_, range)| other.counts_of(range.clone())));
            counts.sort_unstable_by_key(|(kind, _)| *kind);
            let times = [one, another];
            let met = times.iter().flatten().map(|(time, _)| time);
            let (first, last) = (met.clone().map(|time| time.first).min(), met.clone().map(|time| time.last).max());
            if let (Some(time), Some(first), Some(last)) = (met.clone().next(), first, last) {
                both.count(time.minute, (first, last), counts);
            }
        }
    }

    /// The same with other counts, of times that it has. Where nothing is left of a time it goes; what is left of one lies
    /// between the same seqs, or within. False too when something was to be taken that is not there.
    pub(crate) fn changed(&self, changes: &BTreeMap<(Minute, u32), i64>) -> (Self, bool) {
        let (mut day, mut taken, mut whole) = (Self::default(), 0, true);
        for (time, range) in self.times() {
            let mut counts: BTreeMap<u32, i64> = self.counts_of(range).map(|(kind, count)| (kind, count.cast_signed())).collect();
            for ((_, kind), change) in changes.range((time.minute, 0)..=(time.minute, u32::MAX)) {
                *counts.entry(*kind).or_default() += change;
                taken += 1;
            }
            whole &= counts.values().all(|count| *count >= 0);
            let left = counts.into_iter().filter(|(_, count)| *count > 0).map(|(kind, count)| (kind, count.cast_unsigned()));
            let left: Vec<_> = left.collect();
            if !left.is_empty() {
                day.count(time.minute, (time.first, time.last), left);
            }
        }
        (day, whole && taken == changes.len())
    }

    /// The same by hour.
    pub(crate) fn by_hour(&self) -> Self {
        let mut hours = Self::default();
        for times in self.times().collect::<Vec<_>>().chunk_by(|(one, _), (next, _)| one.minute.hour() == next.minute.hour()) {
            let mut counts: Vec<_> = times.iter().flat_map(|(_, range)| self.counts_of(range.clone())).collect();
            counts.sort_unstable_by_key(|(kind, _)| *kind);
            for (time, _) in times.iter().take(1) {
                let first = times.iter().map(|(time, _)| time.first).min().unwrap_or(time.first);
                let last = times.iter().map(|(time, _)| time.last).max().unwrap_or(time.last);
                hours.count(time.minute.hour(), (first, last), counts.iter().copied());
            }
        }
        hours
    }
}
