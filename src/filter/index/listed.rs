//! Entries found through one of their clauses: a short list of entries under each value it names.
//!
//! Good for filters that name something rare (a partner, a campaign): an activity looks only at the few
//! entries that name what it has. A list is kept short by whoever inserts, so a popular value can never
//! make this slow; entries that find no short list go to the bitmaps.

use super::vocabulary::ValueId;
use crate::filter::Field;

/// How much a field may be relied on to tell entries apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    /// An activity has one of very many.
    One,
    /// An activity can have many at once, each with its list.
    Many,
    /// A handful of values in all: no list.
    Never,
}

/// Whether entries may be listed under the values of a field.
pub(super) const fn access(field: Field) -> Access {
    match field {
        Field::Event | Field::Partner | Field::About | Field::Campaign | Field::Source | Field::Referrer | Field::Id => Access::One,
        Field::Message | Field::Tag => Access::Many,
        Field::Flavor | Field::Actor | Field::Device | Field::Platform | Field::Browser | Field::Grade => Access::Never,
    }
}

/// An entry in a list.
#[derive(Debug, Clone, Copy)]
pub(super) struct Listing {
    /// Number of the entry.
    pub(super) entry: u32,
    /// True when being listed is all there is to it: nothing else to check.
    pub(super) whole: bool,
}

/// The lists, by value.
#[derive(Debug, Default)]
pub(super) struct Lists(Vec<Vec<Listing>>);

impl Lists {
    /// The entries under a value.
    pub(super) fn of(&self, value: ValueId) -> &[Listing] {
        self.0.get(value as usize).map_or(&[], Vec::as_slice)
    }

    /// Lists an entry under values below `bound`.
    pub(super) fn insert(&mut self, values: &[ValueId], listing: Listing, bound: usize) {
        if self.0.len() < bound {
            self.0.resize_with(bound, Vec::new);
        }
        for &value in values {
            self.0[value as usize].push(listing);
        }
    }

    /// True when no entry is listed.
    #[cfg(test)]
    pub(super) fn is_clean(&self) -> bool {
        self.0.iter().all(Vec::is_empty)
    }

    /// Takes an entry out again.
    pub(super) fn remove(&mut self, values: &[ValueId], entry: u32) {
        for &value in values {
            let list = &mut self.0[value as usize];
            if let Some(at) = list.iter().position(|l| l.entry == entry) {
                list.swap_remove(at);
            }
            if list.is_empty() {
                *list = Vec::new();
            }
        }
    }
}
