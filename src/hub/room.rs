//! What a shard and its sessions share of one workspace: the applied head, recent entries, memberships.
//!
//! The shard is the only writer. A session reads: its position from the head, and history from the recent entries, so
//! that joins and resumes ask the store only for what is older.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use super::marks::Marks;
use super::names::Names;
use super::pulse::Pulse;
use super::recent::{Corrected, RecentBudget, Ring};
use crate::auth::WorkspaceId;
use crate::domain::{Cursor, Entry, EntryKind, Epoch, Facts, Mark, MembershipChange, Memberships, Seq};
use crate::store::MembershipSnapshot;

/// One workspace on one shard.
#[derive(Debug)]
pub struct Room {
    workspace: WorkspaceId,
    epoch: Epoch,
    head: AtomicU64,
    recent: Arc<Ring>,
    names: Names,
    pulse: Arc<Pulse>,
    marks: Marks,
    people: RwLock<People>,
}

type ByPartner = HashMap<Arc<str>, Memberships>;

/// Who belongs to what, as of the applied head.
#[derive(Debug, Default)]
pub struct People {
    by_event: HashMap<Arc<str>, ByPartner>,
    nothing: Memberships,
}

impl People {
    /// What the partner of an activity belongs to.
    pub fn of(&self, facts: &Facts) -> &Memberships {
        self.by_event.get(&facts.event).and_then(|partners| partners.get(&facts.partner)).unwrap_or(&self.nothing)
    }

    /// What the partner of an activity, or of one that is amended, belongs to.
    pub fn of_kind(&self, kind: &EntryKind) -> &Memberships {
        match kind {
            EntryKind::Activity(activity) => self.of(&activity.facts),
            EntryKind::Amendment(amended) => amended.facts_after().map_or(&self.nothing, |facts| self.of(facts)),
            EntryKind::Membership(_) | EntryKind::Erasure(_) | EntryKind::Shell => &self.nothing,
        }
    }

    /// As of a snapshot of the store.
    pub fn of_snapshot(snapshot: &MembershipSnapshot) -> Self {
        let mut people = Self::default();
        for p in &snapshot.partners {
            people.by_event.entry(p.event.clone()).or_default().insert(p.partner.clone(), p.memberships.clone());
        }
        people
    }

    /// Follows a change.
    pub fn apply(&mut self, change: &MembershipChange) {
        let partners = self.by_event.entry(change.event.clone()).or_default();
        for (who, member) in [(&change.added, true), (&change.removed, false)] {
            for partner in who {
                partners.entry(partner.clone()).or_default().set(change.set, &change.value, member);
            }
        }
    }
}

impl Room {
    /// A room that begins at a snapshot of the store, with the `newest` entries up to its head; `recent_bytes_max` bounds what
    /// it keeps of these and of later ones, and so does the budget of all rooms.
    pub fn open(
        workspace: WorkspaceId,
        snapshot: &MembershipSnapshot,
        newest: &[Arc<[Arc<Entry>]>],
        recent_bytes_max: usize,
        budget: &Arc<RecentBudget>,
        pulse: Arc<Pulse>,
    ) -> Self {
        let people = People::of_snapshot(snapshot);
        let from = newest.first().and_then(|batch| batch.first()).map_or(snapshot.head.seq, |entry| entry.seq - 1);
        let recent = Ring::new(from, recent_bytes_max, budget);
        newest.iter().for_each(|batch| recent.remember(batch));
        let marks = Marks::default();
        newest.iter().for_each(|batch| keep(&marks, batch));
        if let Some(mark) = snapshot.head.mark {
            marks.keep(snapshot.head.seq, mark);
        }
        Self {
            workspace,
            epoch: snapshot.head.epoch,
            head: AtomicU64::new(snapshot.head.seq),
            recent,
            names: Names::default(),
            pulse,
            marks,
            people: RwLock::new(people),
        }
    }

    /// Whose.
    pub fn workspace(&self) -> WorkspaceId {
        self.workspace
    }

    /// The cursor of a place in this log, with its mark where that is at hand.
    pub fn cursor(&self, seq: Seq) -> Cursor {
        Cursor { epoch: self.epoch, seq, mark: self.mark(seq) }
    }

    /// The mark of a place, where that is at hand: of the newest, and of all recent entries.
    pub fn mark(&self, seq: Seq) -> Option<Mark> {
        self.marks.of(seq).or_else(|| self.recent.mark(seq))
    }

    /// Identity of the log.
    pub fn epoch(&self) -> Epoch {
        self.epoch
    }

    /// The last seq whose offers are all made. A session that loads this before it takes from its outbox may claim it.
    pub fn head(&self) -> Seq {
        self.head.load(Ordering::Acquire)
    }

    /// The shard has made all offers up to here.
    pub(super) fn applied(&self, seq: Seq) {
        self.head.store(seq, Ordering::Release);
    }

    /// Keeps a batch; the oldest go when there are too many bytes.
    pub(super) fn remember(&self, batch: &Arc<[Arc<Entry>]>) {
        keep(&self.marks, batch);
        self.recent.remember(batch);
    }

    /// Brings what is kept in line with corrections.
    pub(super) fn correct(&self, corrected: &Corrected) {
        self.recent.correct(corrected);
    }

    /// Forgets what was pruned.
    pub(super) fn pruned(&self, up_to: Seq) {
        self.recent.pruned(up_to);
    }

    /// Takes up a log behind what was pruned of it before it was applied here.
    pub(super) fn begin_behind(&self, snapshot: &MembershipSnapshot) {
        *self.people.write().unwrap_or_else(PoisonError::into_inner) = People::of_snapshot(snapshot);
        self.recent.pruned(snapshot.head.pruned);
    }

    /// Follows a change of who belongs to what.
    pub(super) fn follow(&self, change: &MembershipChange) {
        self.people.write().unwrap_or_else(PoisonError::into_inner).apply(change);
    }

    /// Looks at who belongs to what.
    pub fn with_people<T>(&self, look: impl FnOnce(&People) -> T) -> T {
        look(&self.people.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// All entries with seq in (`after`, `up_to`], or `None` where that begins before what is kept, or ends after it.
    pub fn recent(&self, after: Seq, up_to: Seq) -> Option<Vec<Arc<[Arc<Entry>]>>> {
        self.recent.between(after, up_to)
    }

    /// The seq after which recent entries are kept.
    pub fn recent_from(&self) -> Seq {
        self.recent.from()
    }

    /// Whether the whole path works.
    pub fn pulse(&self) -> &Pulse {
        &self.pulse
    }

    /// Names that have changed.
    pub fn names(&self) -> &Names {
        &self.names
    }
}

fn keep(marks: &Marks, batch: &[Arc<Entry>]) {
    batch.iter().for_each(|entry| entry.mark.into_iter().for_each(|mark| marks.keep(entry.seq, mark)));
}

/// The membership changes among entries.
pub fn membership_changes<'a>(entries: impl IntoIterator<Item = &'a Arc<Entry>>) -> impl Iterator<Item = (Seq, &'a Arc<MembershipChange>)> {
    entries.into_iter().filter_map(|e| match &e.kind {
        EntryKind::Membership(change) => Some((e.seq, change)),
        _ => None,
    })
}
