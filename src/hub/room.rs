//! What a shard and its sessions share of one workspace: the applied head, recent entries, memberships.
//!
//! The shard is the only writer. A session reads: its position from the head, and history from the recent entries, so
//! that joins and resumes ask the store only for what is older.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use crate::auth::WorkspaceId;
use crate::domain::{Cursor, Entry, EntryKind, Epoch, Facts, MembershipChange, Memberships, Seq};
use crate::store::MembershipSnapshot;

/// One workspace on one shard.
#[derive(Debug)]
pub struct Room {
    workspace: WorkspaceId,
    epoch: Epoch,
    head: AtomicU64,
    recent: RwLock<Recent>,
    people: RwLock<People>,
}

/// Recent entries, bounded in bytes: all with seq in (`from`, head].
#[derive(Debug)]
struct Recent {
    from: Seq,
    batches: VecDeque<Arc<[Arc<Entry>]>>,
    bytes: usize,
    bytes_max: usize,
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

    fn apply(&mut self, change: &MembershipChange) {
        let partners = self.by_event.entry(change.event.clone()).or_default();
        for (who, member) in [(&change.added, true), (&change.removed, false)] {
            for partner in who {
                partners.entry(partner.clone()).or_default().set(change.set, &change.value, member);
            }
        }
    }
}

impl Room {
    /// A room that begins at a snapshot of the store; `recent_bytes_max` bounds what it keeps of later entries.
    pub fn open(workspace: WorkspaceId, snapshot: &MembershipSnapshot, recent_bytes_max: usize) -> Self {
        let mut people = People::default();
        for p in &snapshot.partners {
            people.by_event.entry(p.event.clone()).or_default().insert(p.partner.clone(), p.memberships.clone());
        }
        let recent = Recent { from: snapshot.head.seq, batches: VecDeque::new(), bytes: 0, bytes_max: recent_bytes_max };
        Self {
            workspace,
            epoch: snapshot.head.epoch,
            head: AtomicU64::new(snapshot.head.seq),
            recent: RwLock::new(recent),
            people: RwLock::new(people),
        }
    }

    /// Whose.
    pub fn workspace(&self) -> WorkspaceId {
        self.workspace
    }

    /// The cursor of a place in this log.
    pub fn cursor(&self, seq: Seq) -> Cursor {
        Cursor { epoch: self.epoch, seq }
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
        let mut recent = self.recent.write().unwrap_or_else(PoisonError::into_inner);
        recent.bytes += weight(batch);
        recent.batches.push_back(batch.clone());
        while recent.bytes > recent.bytes_max {
            let Some(oldest) = recent.batches.pop_front() else { break };
            recent.bytes -= weight(&oldest);
            recent.from = oldest.last().map_or(recent.from, |e| e.seq);
        }
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
        let recent = self.recent.read().unwrap_or_else(PoisonError::into_inner);
        if after < recent.from {
            return None;
        }
        let last = recent.batches.back().and_then(|b| b.last()).map_or(recent.from, |e| e.seq);
        if up_to > last {
            return None;
        }
        let first = recent.batches.partition_point(|b| b.last().is_none_or(|e| e.seq <= after));
        Some(recent.batches.iter().skip(first).take_while(|b| b.first().is_some_and(|e| e.seq <= up_to)).cloned().collect())
    }

    /// The seq after which recent entries are kept.
    pub fn recent_from(&self) -> Seq {
        self.recent.read().unwrap_or_else(PoisonError::into_inner).from
    }
}

fn weight(batch: &[Arc<Entry>]) -> usize {
    batch.iter().map(|e| e.weight()).sum()
}

/// The membership changes among entries.
pub fn membership_changes<'a>(entries: impl IntoIterator<Item = &'a Arc<Entry>>) -> impl Iterator<Item = (Seq, &'a Arc<MembershipChange>)> {
    entries.into_iter().filter_map(|e| match &e.kind {
        EntryKind::Membership(change) => Some((e.seq, change)),
        _ => None,
    })
}
