//! Corrections as readers are told of them: what one filter set makes of an amendment or an erasure.

use bytes::Bytes;

use crate::domain::{AmendedEntry, EntryKind, Erasure, Memberships, Seq};
use crate::filter::FilterSet;
use crate::wire::{Effect, encode_amended, encode_erased};

/// A correction for those who look through one filter set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Correction {
    /// Place of the entry.
    pub at: Seq,
    /// True of an erasure, false of an amendment.
    pub erases: bool,
    /// Its JSON.
    pub json: Bytes,
}

impl Correction {
    /// An amendment for those whose filter wanted the activity before, wants it after, or both; nothing for others, nor when
    /// it was erased since.
    pub fn amended(at: Seq, entry: &AmendedEntry, before: bool, after: bool) -> Option<Self> {
        let row = entry.row.as_ref()?;
        let effect = match (before, after) {
            (true, true) => Effect::Stays,
            (false, true) => Effect::Enters(&row.body),
            (true, false) => Effect::Leaves,
            (false, false) => return None,
        };
        Some(Self { at, erases: false, json: encode_amended(at, &entry.amendment, effect) })
    }

    /// An erasure, for all who may see its event.
    pub fn erased(at: Seq, erasure: &Erasure) -> Self {
        Self { at, erases: true, json: encode_erased(at, erasure) }
    }

    /// What an entry is for a filter set, with the memberships of the activity's partner as they are now; `None` for entries
    /// that are no corrections, and for those that it is not told of.
    pub fn of(at: Seq, kind: &EntryKind, filter: &FilterSet, memberships: &Memberships) -> Option<Self> {
        match kind {
            EntryKind::Erasure(erasure) => filter.admits_event(&erasure.event).then(|| Self::erased(at, erasure)),
            EntryKind::Amendment(entry) => {
                let before = entry.facts_before().is_some_and(|facts| filter.matches(&facts, memberships));
                let after = entry.facts_after().is_some_and(|facts| filter.matches(facts, memberships));
                Self::amended(at, entry, before, after)
            }
            EntryKind::Activity(_) | EntryKind::Membership(_) | EntryKind::Shell => None,
        }
    }
}
