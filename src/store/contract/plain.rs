//! The plain truth that a store is compared with: every published entry in a list, read by the definition.

use std::collections::HashMap;
use std::sync::Arc;

use super::sample::Drawn;
use crate::auth::{Actor, WorkspaceId};
use crate::domain::{ActivityEntry, AmendedEntry, Amendment, Entry, EntryKind, Erasure, Events, Facts, Graded, Memberships, Seq, UnixMs};
use crate::filter::FilterSet;
use crate::store::{Change, Committed, Correction, MembershipSnapshot};

#[derive(Debug, Default)]
pub(super) struct Plain {
    pub entries: Vec<Arc<Entry>>,
    memberships: HashMap<(Arc<str>, Arc<str>), Memberships>,
}

impl Plain {
    /// Takes what a commit of one workspace published; seqs must go on without a hole.
    pub(super) fn apply(&mut self, committed: &Committed) {
        for entry in committed.batches.iter().flat_map(|batch| &batch.entries) {
            let last = self.entries.last().map_or(0, |e| e.seq);
            assert_eq!(entry.seq, last + 1, "seq has no hole");
            assert!(self.entries.last().is_none_or(|e| e.recorded_at <= entry.recorded_at), "time goes on");
            if let EntryKind::Membership(change) = &entry.kind {
                for (partners, member) in [(&change.added, true), (&change.removed, false)] {
                    for partner in partners {
                        let of = self.memberships.entry((change.event.clone(), partner.clone())).or_default();
                        of.set(change.set, &change.value, member);
                    }
                }
            }
            match &entry.kind {
                EntryKind::Amendment(amended) => self.amend(entry.seq, amended),
                EntryKind::Erasure(erasure) => self.erase(erasure),
                _ => {}
            }
            self.entries.push(entry.clone());
        }
    }

    /// The row is what it was but for its grade, and the entry tells both.
    fn amend(&mut self, at: Seq, amended: &AmendedEntry) {
        let Amendment { target, id, event, before, after } = &amended.amendment;
        let (entry, row) = (&self.entries[*target as usize - 1], amended.row.as_ref().expect("there"));
        let was = entry.activity().expect("an activity");
        assert_eq!((was.facts.id, &was.facts.event, was.facts.grade), (*id, event, before.grade), "amendment {at}");
        assert_eq!(row.facts, Facts { grade: after.grade, ..was.facts.clone() });
        let read = |row: &ActivityEntry| serde_json::from_slice::<serde_json::Value>(&row.body).expect("JSON");
        let mut want = read(was);
        assert_eq!(want["grade_reasons"], serde_json::json!(before.reasons), "amendment {at}");
        (want["grade"], want["grade_reasons"]) = (after.grade.as_str().into(), serde_json::json!(after.reasons));
        assert_eq!(read(row), want);
        self.replace(*target, EntryKind::Activity(row.clone()));
    }

    /// The row is blank, and no amendment of it is told any more.
    fn erase(&mut self, erasure: &Erasure) {
        let was = self.entries[erasure.target as usize - 1].activity().expect("an activity").clone();
        assert_eq!((was.facts.id, &was.facts.event), (erasure.id, &erasure.event));
        self.replace(erasure.target, EntryKind::Shell);
        for at in 1..=self.entries.len() as Seq {
            if let EntryKind::Amendment(amended) = &self.entries[at as usize - 1].kind
                && amended.amendment.target == erasure.target
            {
                let amendment = amended.amendment.clone();
                self.replace(at, EntryKind::Amendment(Arc::new(AmendedEntry { amendment, row: None })));
            }
        }
    }

    fn replace(&mut self, seq: Seq, kind: EntryKind) {
        let entry = &mut self.entries[seq as usize - 1];
        *entry = Arc::new(Entry { seq, recorded_at: entry.recorded_at, mark: entry.mark, kind });
    }

    /// A change that corrects one of the activities that are there.
    pub(super) fn correcting(&self, workspace: WorkspaceId, drawn: &Drawn) -> Option<Change> {
        let there: Vec<_> = self.entries.iter().filter_map(|entry| entry.activity()).collect();
        if there.is_empty() {
            return None;
        }
        let id = drawn.0.get(&there).facts.id;
        Some(match &drawn.1 {
            Some((grade, reason)) => {
                let graded = Graded { grade: *grade, reasons: vec![(*reason).into()] };
                Change::Amend { workspace, id, within: Events::ALL, graded, by: Actor::Server }
            }
            None => Change::Erase { workspace, id, within: Events::ALL, by: Actor::Server },
        })
    }

    /// What a filter set is told of the corrections in (`after`, `up_to`].
    pub(super) fn told(&self, filter: &FilterSet, after: Seq, up_to: Seq) -> Vec<Correction> {
        let entries = self.entries.iter().filter(|entry| entry.seq > after && entry.seq <= up_to);
        entries
            .filter_map(|entry| {
                let row = if let EntryKind::Amendment(amended) = &entry.kind { amended.row.clone() } else { None };
                Correction::of(entry.seq, &entry.kind, filter, &row.map(|row| self.of(&row)).unwrap_or_default())
            })
            .collect()
    }

    pub(super) fn of(&self, activity: &ActivityEntry) -> Memberships {
        let key = (activity.facts.event.clone(), activity.facts.partner.clone());
        self.memberships.get(&key).cloned().unwrap_or_default()
    }

    /// The activities that match, oldest first.
    pub(super) fn matching(&self, filter: &FilterSet) -> Vec<(Seq, &ActivityEntry)> {
        let activities = self.entries.iter().filter_map(|e| Some((e.seq, &**e.activity()?)));
        activities.filter(|(_, a)| filter.matches(&a.facts, &self.of(a))).collect()
    }

    pub(super) fn assert_same_memberships(&self, snapshot: &MembershipSnapshot) {
        let stored: HashMap<_, _> =
            snapshot.partners.iter().map(|p| ((p.event.clone(), p.partner.clone()), p.memberships.clone())).collect();
        let mut mine = self.memberships.clone();
        mine.retain(|_, m| *m != Memberships::default());
        assert_eq!(stored, mine);
    }
}

/// When the activity occurred, out of its JSON.
pub(super) fn occurred_at(activity: &ActivityEntry) -> UnixMs {
    let body: serde_json::Value = serde_json::from_slice(&activity.body).expect("JSON");
    UnixMs::parse(body["occurred_at"].as_str().expect("text")).expect("a time")
}
