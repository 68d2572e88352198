//! How many activities of one log have each combination of the columns that filters and facets use, up to one seq.
//!
//! Columnar, with a number for each value that was met, so that counting under a filter set is a walk over arrays: a
//! million combinations take some milliseconds. Does no IO.

use std::collections::HashMap;
use std::hash::BuildHasher as _;
use std::sync::Arc;

use foldhash::fast::RandomState;
use hashbrown::HashTable;

use super::dictionary::Dictionary;
use super::record::{Column, Record, Tally, column_of};
use crate::domain::{Epoch, Seq};
use crate::filter::Field;

/// Columns that hold numbers, as they are read.
pub(crate) const NUMBERS: [&str; 5] = ["event_id", "partner_id", "message_id", "campaign_id", "traits"];
/// Columns that hold text, as they are read.
pub(crate) const TEXTS: [&str; 5] = ["flavor", "platform", "browser", "source_host", "referrer_host"];
/// Columns of a combination: the numbers, then the texts.
pub(crate) const COLUMNS: usize = NUMBERS.len() + TEXTS.len();
/// Columns that may be left out when there are too many combinations. Events, partners, flavors and traits never are:
/// counts by them are what tallies are for.
const OPTIONAL: [&str; 6] = ["message_id", "campaign_id", "platform", "browser", "source_host", "referrer_host"];

/// Which log, and as of when, the tallies count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Origin {
    pub epoch: Epoch,
    /// Up to where the log was pruned: a log that was pruned further has lost rows that are counted.
    pub pruned: Seq,
    /// Amendments and erasures up to here are taken, of all that is folded; none above it is.
    pub corrected: Seq,
}

/// The tallies of one log.
#[derive(Debug, Clone)]
pub(crate) struct Cube {
    pub origin: Origin,
    /// Folded up to here, with it.
    pub seq: Seq,
    /// When the first and the last of the folded activities occurred.
    pub occurred: Option<(i64, i64)>,
    /// False for a column that was left out.
    pub(crate) kept: [bool; COLUMNS],
    pub(crate) numbers: [Dictionary<i64>; NUMBERS.len()],
    pub(crate) texts: [Dictionary<Arc<str>>; TEXTS.len()],
    /// The seq of one activity for each text, by column and code.
    pub(crate) samples: [Vec<Seq>; TEXTS.len()],
    pub(crate) codes: [Vec<u32>; COLUMNS],
    pub(crate) counts: Vec<u64>,
    /// Combinations by their hash.
    index: HashTable<u32>,
    hasher: RandomState,
}

/// A test on one column: which of its codes pass.
#[derive(Debug, Clone)]
pub(crate) struct Test {
    pub column: usize,
    pub passes: Vec<bool>,
}

/// What is counted under the same tests.
#[derive(Debug)]
pub(crate) struct Question {
    pub tests: Vec<Test>,
    pub fields: Vec<Field>,
}

/// How many activities pass, and counts by field.
pub(crate) type Counted = (u64, Vec<(Field, Tally)>);

/// The column of a field, by its place in a combination.
pub(crate) fn place_of(field: Field) -> Option<usize> {
    match column_of(field)? {
        Column::Row(name) => NUMBERS.iter().position(|n| *n == name),
        Column::Traits(_) => NUMBERS.iter().position(|n| *n == "traits"),
        Column::Text(name) => TEXTS.iter().position(|n| *n == name).map(|at| NUMBERS.len() + at),
    }
}

impl Cube {
    pub(crate) fn new(origin: Origin) -> Self {
        Self {
            origin,
            seq: origin.pruned,
            occurred: None,
            kept: [true; COLUMNS],
            numbers: Default::default(),
            texts: Default::default(),
            samples: Default::default(),
            codes: Default::default(),
            counts: Vec::new(),
            index: HashTable::new(),
            hasher: RandomState::default(),
        }
    }

    /// Nothing yet, of what another one holds.
    pub(crate) fn new_like(like: &Self) -> Self {
        Self { kept: like.kept, ..Self::new(like.origin) }
    }

    /// How many combinations there are.
    pub(crate) fn combinations(&self) -> usize {
        self.counts.len()
    }

    /// How many activities were folded.
    pub(crate) fn activities(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// True when counts by the field can be given, under filters that [`tests`](super::ask::tests_of) could make.
    pub(crate) fn keeps(&self, field: Field) -> bool {
        place_of(field).is_some_and(|column| self.kept[column])
    }

    /// Counts one activity. Its record holds [`NUMBERS`], its seq behind them, and [`TEXTS`].
    fn fold(&mut self, record: &Record<'_>) {
        let seq = record.numbers.get(NUMBERS.len()).copied().unwrap_or_default().cast_unsigned();
        let mut codes = [0; COLUMNS];
        for (at, dictionary) in self.numbers.iter_mut().enumerate() {
            let value = if self.kept[at] { record.numbers.get(at).copied().unwrap_or_default() } else { 0 };
            codes[at] = match dictionary.code(&value) {
                Some(code) => code,
                None => dictionary.add(value),
            };
        }
        for (at, dictionary) in self.texts.iter_mut().enumerate() {
            let value = if self.kept[NUMBERS.len() + at] { record.texts.get(at).copied().unwrap_or_default() } else { "" };
            codes[NUMBERS.len() + at] = match dictionary.code(value) {
                Some(code) => code,
                None => {
                    self.samples[at].push(seq);
                    dictionary.add(value.into())
                }
            };
        }
        self.add(codes, 1);
    }

    /// Counts activities that go on where this ends and come up to `seq`, the first and the last by time of which occurred as
    /// told. False when there are too many combinations, whatever is left out.
    pub(crate) fn fold_all(&mut self, read: &[Record<'_>], seq: Seq, occurred: Option<(i64, i64)>, combinations_max: usize) -> bool {
        read.iter().for_each(|record| self.fold(record));
        self.occurred = match (self.occurred, occurred) {
            (Some((low, high)), Some((first, last))) => Some((low.min(first), high.max(last))),
            (one, other) => one.or(other),
        };
        self.seq = seq;
        while self.combinations() > combinations_max && self.leave_out() {}
        self.combinations() <= combinations_max
    }

    /// Counts so many activities of one combination.
    pub(crate) fn add(&mut self, combination: [u32; COLUMNS], count: u64) {
        let Self { codes, counts, index, hasher, .. } = self;
        let same = |row: &u32| combination.iter().zip(codes.iter()).all(|(code, column)| column[*row as usize] == *code);
        let hash = hasher.hash_one(combination);
        if let Some(row) = index.find(hash, same) {
            counts[*row as usize] += count;
            return;
        }
        let row = u32::try_from(counts.len()).unwrap_or(u32::MAX);
        for (column, code) in codes.iter_mut().zip(combination) {
            column.push(code);
        }
        counts.push(count);
        index.insert_unique(hash, row, |row| {
            let combination: [u32; COLUMNS] = std::array::from_fn(|at| codes[at][*row as usize]);
            hasher.hash_one(combination)
        });
    }

    /// Takes so many activities of a combination away again. False when there are fewer.
    pub(crate) fn subtract(&mut self, combination: [u32; COLUMNS], many: u64) -> bool {
        let Self { codes, counts, index, hasher, .. } = self;
        let same = |row: &u32| combination.iter().zip(codes.iter()).all(|(code, column)| column[*row as usize] == *code);
        let Some(row) = index.find(hasher.hash_one(combination), same) else { return false };
        let count = &mut counts[*row as usize];
        let there = *count >= many;
        *count = count.saturating_sub(many);
        there
    }

    /// How many values of a column were met.
    pub(crate) fn values(&self, column: usize) -> usize {
        match column.checked_sub(NUMBERS.len()) {
            None => self.numbers[column].values.len(),
            Some(at) => self.texts[at].values.len(),
        }
    }

    /// Leaves out the optional column with the most values: what was several combinations becomes one. False when there
    /// is none left to leave out.
    pub(crate) fn leave_out(&mut self) -> bool {
        let names = NUMBERS.iter().chain(&TEXTS).enumerate();
        let optional = names.filter(|(column, name)| self.kept[*column] && OPTIONAL.contains(name));
        let Some(column) = optional.map(|(column, _)| column).max_by_key(|column| self.values(*column)) else { return false };
        self.kept[column] = false;
        match column.checked_sub(NUMBERS.len()) {
            None => {
                self.numbers[column] = Dictionary::default();
                self.numbers[column].add(0);
            }
            Some(at) => {
                self.texts[at] = Dictionary::default();
                self.texts[at].add("".into());
                self.samples[at] = vec![0];
            }
        }
        self.codes[column].fill(0);
        let (codes, counts) = (std::mem::take(&mut self.codes), std::mem::take(&mut self.counts));
        self.index = HashTable::new();
        for (row, count) in counts.into_iter().enumerate() {
            self.add(std::array::from_fn(|at| codes[at][row]), count);
        }
        true
    }

    /// Counts under some tests.
    pub(crate) fn count(&self, question: &Question) -> Counted {
        let rows = self.passing(&question.tests);
        let total = match &rows {
            None => self.activities(),
            Some(rows) => rows.iter().map(|row| self.counts[*row as usize]).sum(),
        };
        // Several fields may stand in one column.
        let mut sums: HashMap<usize, Vec<u64>> = HashMap::new();
        let mut counted = Vec::with_capacity(question.fields.len());
        for field in &question.fields {
            let Some(column) = place_of(*field) else { continue };
            let sums = sums.entry(column).or_insert_with(|| self.sums(column, rows.as_deref()));
            counted.push((*field, self.tally(*field, column, sums)));
        }
        (total, counted)
    }

    /// The combinations that pass; `None` for all.
    fn passing(&self, tests: &[Test]) -> Option<Vec<u32>> {
        let (first, others) = tests.split_first()?;
        let numbered = self.codes[first.column].iter().zip(0u32..);
        let mut rows: Vec<u32> = numbered.filter(|(code, _)| first.passes[**code as usize]).map(|(_, row)| row).collect();
        for test in others {
            let codes = &self.codes[test.column];
            rows.retain(|row| test.passes[codes[*row as usize] as usize]);
        }
        Some(rows)
    }

    /// Activities by code of a column.
    fn sums(&self, column: usize, rows: Option<&[u32]>) -> Vec<u64> {
        let codes = &self.codes[column];
        let mut sums = vec![0; self.values(column)];
        match rows {
            None => codes.iter().zip(&self.counts).for_each(|(code, count)| sums[*code as usize] += count),
            Some(rows) => rows.iter().for_each(|row| sums[codes[*row as usize] as usize] += self.counts[*row as usize]),
        }
        sums
    }

    fn tally(&self, field: Field, column: usize, sums: &[u64]) -> Tally {
        let mut tally = Tally::default();
        let counted = sums.iter().enumerate().filter(|(_, sum)| **sum > 0);
        match (column_of(field), column.checked_sub(NUMBERS.len())) {
            (Some(Column::Traits(shift)), None) => {
                for (code, sum) in counted {
                    *tally.numbers.entry(self.numbers[column].values[code] >> shift & 15).or_default() += sum;
                }
            }
            (_, None) => {
                let rows = counted.map(|(code, sum)| (self.numbers[column].values[code], *sum));
                tally.numbers.extend(rows.filter(|(row, _)| *row != 0));
            }
            (_, Some(at)) => {
                let texts = counted.filter(|(code, _)| !self.texts[at].values[*code].is_empty());
                tally.texts.extend(texts.map(|(code, sum)| (self.texts[at].values[code].to_string(), (*sum, self.samples[at][code]))));
            }
        }
        tally
    }
}
