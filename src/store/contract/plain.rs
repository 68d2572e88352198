//! The plain truth that a store is compared with: every published entry in a list, read by the definition.

use std::collections::HashMap;
use std::sync::Arc;

use crate::domain::{ActivityEntry, Entry, EntryKind, Memberships, Seq, UnixMs};
use crate::filter::FilterSet;
use crate::store::{Committed, MembershipSnapshot};

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
            self.entries.push(entry.clone());
        }
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
