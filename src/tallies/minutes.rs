//! How many activities of one log occurred in each minute, by event, flavor and grade, up to one seq.
//!
//! Days hold their minutes in order, each with the seqs between which its activities lie: so a question about a time knows
//! its counts, and where in the log to look for what the counts cannot tell (`told.rs`). Days are shared with readers who
//! came before; a step makes only those anew that it adds to. Does no IO.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::cube::{NUMBERS, Origin};
use super::day::{Cell, Day, Minute};
use super::dictionary::Dictionary;
use super::limits::KINDS_MAX;
use super::record::Record;
use crate::domain::Seq;

/// Milliseconds of a minute.
pub(crate) const MINUTE_MS: i64 = 60_000;
/// Milliseconds of a day of UTC.
pub(crate) const DAY_MS: i64 = 86_400_000;
/// The flavor among the texts of a record.
pub(super) const FLAVOR: usize = 0;
/// The event among the numbers of a record.
pub(super) const EVENT: usize = 0;
/// The traits among the numbers of a record, and where the grade lies in them.
pub(super) const TRAITS: usize = 4;
pub(super) const GRADE_SHIFT: u32 = 8;

/// What activities of one minute are counted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Kind {
    /// By its number in the dictionary.
    pub event: u32,
    /// By its number in the dictionary.
    pub flavor: u32,
    pub grade: u8,
}

/// Counts by minute of one log.
#[derive(Debug, Clone)]
pub(crate) struct Minutes {
    pub origin: Origin,
    /// Folded up to here, with it.
    pub seq: Seq,
    pub(crate) events: Dictionary<i64>,
    pub(crate) flavors: Dictionary<Arc<str>>,
    pub(crate) kinds: Dictionary<Kind>,
    /// Days before this one are counted by hour: there were too many cells.
    pub(crate) hours_before: i64,
    /// By their number since 1970.
    pub(crate) days: BTreeMap<i64, Arc<Day>>,
    cells: usize,
}

impl Minutes {
    pub(crate) fn new(origin: Origin) -> Self {
        Self {
            origin,
            seq: origin.pruned,
            events: Dictionary::default(),
            flavors: Dictionary::default(),
            kinds: Dictionary::default(),
            hours_before: i64::MIN,
            days: BTreeMap::new(),
            cells: 0,
        }
    }

    /// Nothing yet, by minute and by hour as another one.
    pub(crate) fn new_like(like: &Self) -> Self {
        Self { hours_before: like.hours_before, ..Self::new(like.origin) }
    }

    /// How many counts there are: one for each kind of each minute or hour.
    pub(crate) fn cells(&self) -> usize {
        self.cells
    }

    /// Counts activities that go on where this ends and come up to `seq`; behind [`NUMBERS`] their records hold seq and time.
    /// False when there are too many cells or kinds, though all days are by hour.
    pub(crate) fn add(&mut self, records: &[Record<'_>], seq: Seq, cells_max: usize) -> bool {
        let mut rows: BTreeMap<i64, Vec<Cell>> = BTreeMap::new();
        for record in records {
            let number = |at: usize| record.numbers.get(at).copied().unwrap_or_default();
            let (seq, occurred_at) = (number(NUMBERS.len()).cast_unsigned(), number(NUMBERS.len() + 1));
            let kind = self.kind(number(EVENT), record.texts.get(FLAVOR).copied().unwrap_or_default(), number(TRAITS));
            let day = occurred_at.div_euclid(DAY_MS);
            let minute = Minute::of(occurred_at, day < self.hours_before);
            rows.entry(day).or_default().push(Cell { minute, kind, seq });
        }
        for (day, cells) in rows {
            self.put(day, Day::of(cells));
        }
        self.seq = seq;
        while self.cells > cells_max && self.coarsen() {}
        self.cells <= cells_max && self.kinds.values.len() <= KINDS_MAX
    }

    fn kind(&mut self, event: i64, flavor: &str, traits: i64) -> u32 {
        let event = self.events.code(&event).unwrap_or_else(|| self.events.add(event));
        let flavor = self.flavors.code(flavor).unwrap_or_else(|| self.flavors.add(flavor.into()));
        let kind = Kind { event, flavor, grade: u8::try_from(traits >> GRADE_SHIFT & 15).unwrap_or_default() };
        self.kinds.code(&kind).unwrap_or_else(|| self.kinds.add(kind))
    }

    /// Adds the counts of a day to what is counted of it.
    pub(crate) fn put(&mut self, day: i64, counts: Day) {
        let held = self.days.entry(day).or_default();
        self.cells -= held.cells();
        *held = Arc::new(match held.is_empty() {
            true => counts,
            false => held.with(&counts),
        });
        self.cells += held.cells();
    }

    /// Adds to the counts of a day, or takes from them. False when something is to be taken that is not there.
    pub(super) fn change_day(&mut self, day: i64, changes: &BTreeMap<(Minute, u32), i64>) -> bool {
        let Some(held) = self.days.get_mut(&day) else { return false };
        let (changed, whole) = held.changed(changes);
        self.cells = self.cells - held.cells() + changed.cells();
        match changed.is_empty() {
            true => drop(self.days.remove(&day)),
            false => *held = Arc::new(changed),
        }
        whole
    }

    /// Counts the oldest month that is counted by minute by hour; of the newest one its oldest day, so that the newest times
    /// are the last to go. False when there is none.
    fn coarsen(&mut self) -> bool {
        let Some((&oldest, _)) = self.days.range(self.hours_before..).next() else { return false };
        let newest = self.days.keys().next_back().copied().unwrap_or(oldest);
        let next_month = month_after(oldest);
        self.by_hour_before(if next_month > newest { oldest + 1 } else { next_month });
        true
    }

    /// Counts what is before a day by hour.
    pub(crate) fn by_hour_before(&mut self, day: i64) {
        for (_, held) in self.days.range_mut(self.hours_before..day.max(self.hours_before)) {
            self.cells -= held.cells();
            *held = Arc::new(held.by_hour());
            self.cells += held.cells();
        }
        self.hours_before = day;
    }
}

/// The first day of the month after that of a day.
fn month_after(day: i64) -> i64 {
    let at = jiff::Timestamp::from_millisecond(day.saturating_mul(DAY_MS)).map(|at| at.to_zoned(jiff::tz::TimeZone::UTC).date());
    let days = at.map_or(1, |date| i64::from(date.days_in_month()) - i64::from(date.day()) + 1);
    day + days
}
