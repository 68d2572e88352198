//! Entries found by bitmaps: those that name nothing rare.
//!
//! Each entry has a slot. A field has a bitmap of the slots that constrain it, a value the slots that want
//! it and the slots that refuse it. A slot matches when, in every field, it is not constrained or wants a
//! value that the activity has, and refuses none: one pass of `and` per field, 64 entries a step. Slots are
//! kept dense (the last one moves into a gap), so the passes are never longer than there are entries.

use super::postings::{Bitmap, Postings, for_each_bit, split};
use super::program::Program;
use super::vocabulary::{Hits, ValueId};
use crate::filter::Field;

const FIELDS: usize = Field::ALL.len();

/// The bitmaps.
#[derive(Debug, Default)]
pub(super) struct Broad {
    /// The entry of each slot.
    entries: Vec<u32>,
    /// Slots with a positive clause on the field.
    constrained: [Bitmap; FIELDS],
    /// Slots of which more must be checked: words, or further clauses on a field.
    unsettled: Bitmap,
    values: Vec<Sides>,
    /// Slots still in the running.
    running: Vec<u64>,
    /// Slots that want one of several values.
    wanted: Vec<u64>,
    /// Slots that a list of wanting slots keeps in the running.
    kept: Vec<u32>,
}

/// The slots that mention one value.
#[derive(Debug, Default)]
struct Sides {
    want: Postings,
    refuse: Postings,
}

impl Broad {
    /// Gives an entry a slot.
    pub(super) fn insert(&mut self, entry: u32, program: &Program, unsettled: bool, bound: usize) -> u32 {
        if self.values.len() < bound {
            self.values.resize_with(bound, Sides::default);
        }
        let slot = self.entries.len() as u32;
        self.entries.push(entry);
        self.set(slot, program, unsettled, true);
        slot
    }

    /// True when no slot is marked anywhere.
    #[cfg(test)]
    pub(super) fn is_clean(&self) -> bool {
        let unmarked = |v: &Sides| v.want.is_empty() && v.refuse.is_empty();
        let unconstrained = self.constrained.iter().all(|c| c.count() == 0) && self.unsettled.count() == 0;
        self.entries.is_empty() && unconstrained && self.values.iter().all(unmarked)
    }

    /// The last slot's entry when it is not in `slot`: it will have to move there.
    pub(super) fn mover(&self, slot: u32) -> Option<u32> {
        let last = self.entries.len() - 1;
        (last != slot as usize).then(|| self.entries[last])
    }

    /// Clears the slot of an entry, and moves the last slot's entry into it.
    pub(super) fn remove(&mut self, slot: u32, program: &Program, unsettled: bool, mover: Option<(&Program, bool)>) {
        let last = self.entries.len() as u32 - 1;
        self.set(slot, program, unsettled, false);
        if let Some((program, unsettled)) = mover {
            self.set(last, program, unsettled, false);
            self.set(slot, program, unsettled, true);
        }
        self.entries.swap_remove(slot as usize);
    }

    fn set(&mut self, slot: u32, program: &Program, unsettled: bool, present: bool) {
        let universe = self.entries.len();
        let mark = |bits: &mut Bitmap| if present { bits.insert(slot) } else { bits.remove(slot) };
        if unsettled {
            mark(&mut self.unsettled);
        }
        for clause in program.first_clauses() {
            if !clause.negated {
                mark(&mut self.constrained[clause.field]);
            }
            for &value in clause.values {
                let sides = &mut self.values[value as usize];
                let side = if clause.negated { &mut sides.refuse } else { &mut sides.want };
                if present { side.insert(slot, universe) } else { side.remove(slot, universe) }
            }
        }
    }

    /// Calls `each` with the entry of every slot that passes all clauses, and whether more of it must be checked.
    pub(super) fn matching(&mut self, hits: &Hits, mut each: impl FnMut(u32, bool)) {
        if self.entries.is_empty() {
            return;
        }
        self.running.clear();
        self.running.resize(self.entries.len().div_ceil(64), u64::MAX);
        let unused = self.running.len() * 64 - self.entries.len();
        if let Some(last) = self.running.last_mut() {
            *last >>= unused;
        }
        for field in 0..FIELDS {
            self.narrow(field, hits.of(field));
        }
        let (entries, unsettled) = (&self.entries, &self.unsettled);
        let any_unsettled = unsettled.count() > 0;
        for_each_bit(&self.running, |slot| each(entries[slot as usize], any_unsettled && unsettled.contains(slot)));
    }

    /// Leaves in the running what passes one field.
    fn narrow(&mut self, field: usize, hits: &[ValueId]) {
        let known = |id: &&ValueId| (**id as usize) < self.values.len();
        let running = &mut self.running;
        let constrained = &self.constrained[field];
        if constrained.count() > 0 {
            self.kept.clear();
            let mut dense = None;
            let mut several = false;
            for id in hits.iter().filter(known) {
                match &self.values[*id as usize].want {
                    Postings::List(list) => {
                        for &slot in list {
                            let (word, bit) = split(slot);
                            if running[word] & bit != 0 {
                                self.kept.push(slot);
                            }
                        }
                    }
                    Postings::Bits(bits) => match dense {
                        None => dense = Some(bits.words()),
                        Some(first) => {
                            if !several {
                                several = true;
                                self.wanted.clear();
                                self.wanted.extend_from_slice(first);
                            }
                            unite(&mut self.wanted, bits.words());
                        }
                    },
                }
            }
            let wanted = if several { self.wanted.as_slice() } else { dense.unwrap_or_default() };
            keep(running, constrained.words(), wanted);
            for &slot in &self.kept {
                let (word, bit) = split(slot);
                running[word] |= bit;
            }
        }
        for id in hits.iter().filter(known) {
            match &self.values[*id as usize].refuse {
                Postings::List(list) => {
                    for &slot in list {
                        let (word, bit) = split(slot);
                        running[word] &= !bit;
                    }
                }
                Postings::Bits(bits) => running.iter_mut().zip(bits.words()).for_each(|(word, refuse)| *word &= !refuse),
            }
        }
    }
}

/// Keeps what is not constrained or is wanted; absent words are zero.
fn keep(running: &mut [u64], constrained: &[u64], wanted: &[u64]) {
    let both = running.len().min(constrained.len()).min(wanted.len());
    let (front, back) = running.split_at_mut(both);
    for ((word, constrained), wanted) in front.iter_mut().zip(constrained).zip(wanted) {
        *word &= !constrained | wanted;
    }
    for (word, constrained) in back.iter_mut().zip(&constrained[both.min(constrained.len())..]) {
        *word &= !constrained;
    }
}

/// Adds the bits of `more`.
fn unite(bits: &mut Vec<u64>, more: &[u64]) {
    if bits.len() < more.len() {
        bits.resize(more.len(), 0);
    }
    bits.iter_mut().zip(more).for_each(|(word, more)| *word |= more);
}
