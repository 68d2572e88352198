//! Taking what was pruned from the tallies: how many activities of each kind went, in numbers alone, as with corrections.

use std::collections::{BTreeMap, HashMap};

use super::bytes::{Reader, put};
use super::correct::{Share, by_mark, mark_of};
use super::cube::{Cube, NUMBERS};
use super::minutes::{MINUTE_MS, Minutes};
use super::record::Record;
use crate::domain::Seq;

/// The first byte of what went. Another one is another layout.
const LAYOUT: u64 = 1;

/// What one step of pruning took from the start of a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Gone {
    /// The first that went: the one before it had gone before.
    pub first: Seq,
    /// The last that went.
    pub last: Seq,
    /// What went, and how often.
    pub shares: Vec<(Share, u64)>,
}

impl Gone {
    /// What rows count for: each holds [`NUMBERS`], its place, the time at which it occurred, and [`TEXTS`].
    pub(crate) fn of(first: Seq, last: Seq, records: &[Record<'_>]) -> Self {
        let mut marks: HashMap<&str, u64> = HashMap::new();
        let mut shares: BTreeMap<Share, u64> = BTreeMap::new();
        for record in records {
            let number = |at: usize| record.numbers.get(at).copied().unwrap_or_default();
            let mut text = |at: usize| {
                let text = record.texts.get(at).copied().unwrap_or_default();
                *marks.entry(text).or_insert_with(|| mark_of(text))
            };
            let share = Share {
                numbers: std::array::from_fn(number),
                texts: std::array::from_fn(&mut text),
                minute: number(NUMBERS.len() + 1).div_euclid(MINUTE_MS),
            };
            *shares.entry(share).or_default() += 1;
        }
        Self { first, last, shares: shares.into_iter().collect() }
    }

    /// As it is kept.
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut to = Vec::with_capacity(self.shares.len() * 48 + 8);
        put(&mut to, LAYOUT);
        put(&mut to, self.shares.len() as u64);
        for (share, count) in &self.shares {
            share.put(&mut to);
            put(&mut to, *count);
        }
        to
    }

    /// What was kept; `None` when it cannot be read.
    pub(crate) fn decode(first: Seq, last: Seq, bytes: &[u8]) -> Option<Self> {
        let from = &mut Reader(bytes);
        if from.number()? != LAYOUT {
            return None;
        }
        let count = from.number()?;
        let shares = (0..count).map(|_| Some((Share::read(from)?, from.number()?))).collect::<Option<Vec<_>>>()?;
        from.0.is_empty().then_some(Self { first, last, shares })
    }
}

impl Cube {
    /// Takes away what was pruned, all of it in order from where `origin.pruned` is; all of it is counted. False when
    /// something was never counted: then the counts are good for nothing.
    pub(super) fn take_gone(&mut self, gone: &[Gone]) -> bool {
        let mut marks: Option<Vec<HashMap<u64, u32>>> = None;
        let mut whole = true;
        for step in gone {
            if step.first <= self.origin.pruned {
                continue;
            }
            let marks = marks.get_or_insert_with(|| self.texts.iter().map(|texts| by_mark(&texts.values)).collect());
            whole &= step.first == self.origin.pruned + 1 && step.last <= self.seq;
            for (share, count) in &step.shares {
                match self.codes_of(share, marks, false) {
                    Some(combination) => whole &= self.subtract(combination, *count),
                    None => whole = false,
                }
            }
            self.origin.pruned = step.last;
        }
        whole
    }
}

impl Minutes {
    /// Takes away what was pruned; as with [`Cube::take_gone`].
    pub(super) fn take_gone(&mut self, gone: &[Gone]) -> bool {
        let mut whole = true;
        let mut changes = BTreeMap::new();
        let flavors = by_mark(&self.flavors.values);
        for step in gone {
            if step.first <= self.origin.pruned {
                continue;
            }
            whole &= step.first == self.origin.pruned + 1 && step.last <= self.seq;
            for (share, count) in &step.shares {
                whole &= self.change_by(&mut changes, share, &flavors, -count.cast_signed());
            }
            self.origin.pruned = step.last;
        }
        for (day, changes) in changes {
            whole &= self.change_day(day, &changes);
        }
        whole
    }
}

#[cfg(test)]
mod tests {
    use super::super::correct::Share;
    use super::Gone;

    #[test]
    fn what_went_is_read_back() {
        let share = |event| Share::new([event, 900, 0, 3, 517], ["message.opened", "windows", "", "a.example", ""], -60_001);
        let gone = Gone { first: 4, last: 90, shares: vec![(share(1), 3), (share(2), 1)] };
        assert_eq!(Gone::decode(4, 90, &gone.encode()), Some(gone.clone()));
        assert_eq!(Gone::decode(4, 90, &gone.encode()[1..]), None);
    }
}
