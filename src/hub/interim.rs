//! Stands in for the index.
use std::sync::Arc;

use crate::domain::{Facts, MembershipSet, Memberships};
use crate::filter::FilterSet;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct EntryId(u32);
impl EntryId {
    pub fn index(self) -> usize {
        self.0 as usize
    }
}
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Slot(u32);

#[derive(Debug)]
pub struct FilterIndex<M> {
    slots: Vec<Option<(Arc<FilterSet>, M)>>,
}
impl<M> Default for FilterIndex<M> {
    fn default() -> Self {
        Self { slots: Vec::new() }
    }
}
impl<M> FilterIndex<M> {
    pub fn insert(&mut self, filter: Arc<FilterSet>, member: M) -> Slot {
        let at = self.slots.iter().position(Option::is_none).unwrap_or_else(|| {
            self.slots.push(None);
            self.slots.len() - 1
        });
        self.slots[at] = Some((filter, member));
        Slot(at as u32)
    }
    pub fn remove(&mut self, slot: Slot) {
        self.slots[slot.0 as usize] = None;
    }
    pub fn len(&self) -> usize {
        self.slots.iter().flatten().count()
    }
    pub fn matching(&mut self, facts: &Facts, memberships: &Memberships, out: &mut Vec<EntryId>) {
        for (at, slot) in self.slots.iter().enumerate() {
            if slot.as_ref().is_some_and(|(f, _)| f.matches(facts, memberships)) {
                out.push(EntryId(at as u32));
            }
        }
    }
    pub fn members(&self, id: EntryId) -> impl Iterator<Item = &M> {
        self.slots[id.index()].iter().map(|(_, m)| m)
    }
    pub fn dependents(&self, set: MembershipSet, event: &str, value: &str) -> Vec<EntryId> {
        let ids = self.slots.iter().enumerate();
        ids.filter(|(_, s)| s.as_ref().is_some_and(|(f, _)| f.depends_on(set, event, value))).map(|(at, _)| EntryId(at as u32)).collect()
    }
}
