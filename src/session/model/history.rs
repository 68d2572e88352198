//! What the log of the model says of each activity over time: as it was recorded, as each amendment left it, and nothing from
//! its erasure on.

use std::sync::Arc;

use super::world::World;
use crate::domain::{ActivityEntry, AmendedEntry, Amendment, Entry, EntryKind, Erasure, Facts, Grade, Graded, Memberships, Seq, UnixMs};
use crate::filter::FilterSet;
use crate::store::Correction;
use crate::wire::regrade;

/// One activity over time: from which place on it was what; nothing once it is erased.
pub type Past = Vec<(Seq, Option<Arc<ActivityEntry>>)>;

const GRADES: [Grade; 3] = [Grade::Unclear, Grade::Human, Grade::Machine];

impl World {
    /// What an activity was at a place of the log.
    pub fn at(&self, target: Seq, place: Seq) -> Option<&Arc<ActivityEntry>> {
        self.past.get(&target)?.iter().rev().find(|(at, _)| *at <= place)?.1.as_ref()
    }

    /// What it may be seen as by who has been told everything up to a place, and may have read something newer: what it was
    /// there, and all that it became until now.
    pub fn from(&self, target: Seq, place: Seq) -> impl Iterator<Item = Option<&Arc<ActivityEntry>>> {
        let later = self.past.get(&target).into_iter().flatten();
        let later = later.filter(move |(at, _)| *at > place && *at <= self.committed as Seq).map(|(_, row)| row.as_ref());
        std::iter::once(self.at(target, place)).chain(later)
    }

    /// True when it is erased by now.
    pub fn is_erased(&self, target: Seq) -> bool {
        self.past.get(&target).is_some_and(|past| past.iter().any(|(at, row)| row.is_none() && *at <= self.committed as Seq))
    }

    /// A correction of some activity that is still there: mostly of one of the newest.
    pub fn correction(&mut self, at: Seq) -> Option<EntryKind> {
        let there: Vec<Seq> =
            self.past.iter().filter(|(_, past)| past.last().is_some_and(|(_, row)| row.is_some())).map(|(t, _)| *t).collect();
        if there.is_empty() {
            return None;
        }
        let near = if self.dice.one_in(4) { there.len() } else { there.len().min(6) };
        let target = there[there.len() - 1 - self.dice.below(near)];
        let row = self.past[&target].last().and_then(|(_, row)| row.clone()).expect("there");
        let (id, event) = (row.facts.id, row.facts.event.clone());
        let past = self.past.get_mut(&target).expect("there");
        if self.dice.one_in(5) {
            past.push((at, None));
            return Some(EntryKind::Erasure(Arc::new(Erasure { target, id, event })));
        }
        let before = Graded { grade: row.facts.grade, reasons: vec!["r".into()] };
        let after = Graded { grade: self.dice.pick(&GRADES), reasons: vec!["r".into()] };
        let text = regrade(std::str::from_utf8(&row.body).expect("text"), &after).expect("a grade");
        let row = Arc::new(ActivityEntry { facts: Facts { grade: after.grade, ..row.facts.clone() }, body: text.into() });
        past.push((at, Some(row.clone())));
        Some(EntryKind::Amendment(Arc::new(AmendedEntry { amendment: Amendment { target, id, event, before, after }, row: Some(row) })))
    }

    /// An entry as the store gives it now, which is not as it was written.
    pub fn as_read(&self, entry: &Arc<Entry>) -> Arc<Entry> {
        let kind = match &entry.kind {
            EntryKind::Activity(_) => match self.at(entry.seq, self.committed as Seq) {
                Some(row) => EntryKind::Activity(row.clone()),
                None => EntryKind::Shell,
            },
            EntryKind::Amendment(amended) if self.is_erased(amended.amendment.target) => {
                EntryKind::Amendment(Arc::new(AmendedEntry { amendment: amended.amendment.clone(), row: None }))
            }
            kind => kind.clone(),
        };
        Arc::new(Entry { seq: entry.seq, recorded_at: UnixMs(entry.seq as i64), mark: entry.mark, kind })
    }

    /// Corrections in (`after`, `up_to`] as the store gives them to a filter set now.
    pub fn corrections(&self, filter: &FilterSet, after: Seq, up_to: Seq) -> Vec<Correction> {
        let (people, nothing) = (self.people_now(), Memberships::default());
        let entries = self.log[..self.committed].iter().filter(|e| e.seq > after && e.seq <= up_to).map(|e| self.as_read(e));
        entries
            .filter_map(|entry| {
                let facts = match &entry.kind {
                    EntryKind::Amendment(amended) => amended.facts_after(),
                    _ => None,
                };
                let memberships = facts.filter(|f| *f.event == *"e").and_then(|facts| people.get(&facts.partner)).unwrap_or(&nothing);
                Correction::of(entry.seq, &entry.kind, filter, memberships)
            })
            .collect()
    }

    /// The law of the recent entries: what they hold is what the log says at the shard's head or became since, and nothing of
    /// what is erased by then.
    pub fn hold_recent(&mut self) {
        let head = self.room.head();
        if std::mem::replace(&mut self.held_at, head) == head {
            return;
        }
        let batches = self.room.recent(self.room.recent_from(), head).expect("all that is kept");
        for entry in batches.iter().flat_map(|b| b.iter()) {
            match &entry.kind {
                EntryKind::Activity(kept) => {
                    let is = self.from(entry.seq, head).flatten().any(|row| row.body == kept.body);
                    assert!(is, "recent entry {} is not what the log says at {head}: {kept:?}", entry.seq);
                }
                EntryKind::Amendment(amended) if amended.row.is_some() => {
                    let target = amended.amendment.target;
                    assert!(self.at(target, head).is_some(), "amendment {} tells of {target}, which is erased", entry.seq);
                }
                _ => {}
            }
        }
    }
}
