//! The recent entries of a workspace, for joins and resumes: a ring for each room, bounded in bytes, and one budget for all
//! rings of the process.
//!
//! Only its shard writes a ring, and any ring may be made smaller at any time: what a session took from it stays whole,
//! and whoever finds too little asks the store.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard, Weak};

use metrics::{Gauge, gauge};

use crate::domain::{ActivityEntry, AmendedEntry, Entry, EntryKind, Mark, Seq};
use crate::telemetry;

/// When the budget is passed, so much of it is left free: making room looks at every ring.
const FREED_AT_ONCE: usize = 8;

/// Corrected activities by their places, as they are now; `None` where nothing is left.
pub type Corrected = HashMap<Seq, Option<Arc<ActivityEntry>>>;

/// What all rings together may hold. Each shard has a ring of its own and is charged for it, though rings of one workspace
/// share their entries.
#[derive(Debug)]
pub struct RecentBudget {
    bytes_max: usize,
    used: AtomicUsize,
    /// Counts reads of any ring: a clock that says which ring was read last.
    reads: AtomicU64,
    rings: Mutex<Vec<Weak<Ring>>>,
    meter: Gauge,
}

/// The recent entries of one room: all with seq in (`from`, head].
#[derive(Debug)]
pub struct Ring {
    budget: Arc<RecentBudget>,
    bytes_max: usize,
    last_read: AtomicU64,
    kept: RwLock<Kept>,
}

#[derive(Debug)]
struct Kept {
    from: Seq,
    batches: VecDeque<Arc<[Arc<Entry>]>>,
    bytes: usize,
}

impl RecentBudget {
    /// A budget of so many bytes.
    pub fn new(bytes_max: usize) -> Arc<Self> {
        let meter = gauge!(telemetry::HUB_RECENT_BYTES);
        Arc::new(Self { bytes_max, used: AtomicUsize::new(0), reads: AtomicU64::new(0), rings: Mutex::default(), meter })
    }

    /// Bytes that rings hold now.
    pub fn used(&self) -> usize {
        self.used.load(Ordering::Relaxed)
    }

    /// Lets the rings that nobody has read for longest give way until the budget holds, with some to spare.
    fn make_room(&self) {
        if self.used() > self.bytes_max {
            let mut rings = self.rings.lock().unwrap_or_else(PoisonError::into_inner);
            rings.retain(|ring| ring.strong_count() > 0);
            let mut all: Vec<Arc<Ring>> = rings.iter().filter_map(Weak::upgrade).collect();
            drop(rings);
            all.sort_by_key(|ring| ring.last_read.load(Ordering::Relaxed));
            let target = self.bytes_max - self.bytes_max / FREED_AT_ONCE;
            for ring in all {
                let over = self.used().saturating_sub(target);
                if over == 0 {
                    break;
                }
                ring.give_way(over);
            }
        }
        self.meter.set(self.used() as f64);
    }
}

impl Ring {
    /// An empty ring whose entries come after `from`.
    pub fn new(from: Seq, bytes_max: usize, budget: &Arc<RecentBudget>) -> Arc<Self> {
        let kept = RwLock::new(Kept { from, batches: VecDeque::new(), bytes: 0 });
        let ring = Arc::new(Self { budget: budget.clone(), bytes_max, last_read: AtomicU64::new(0), kept });
        budget.rings.lock().unwrap_or_else(PoisonError::into_inner).push(Arc::downgrade(&ring));
        ring
    }

    /// Keeps a batch; the oldest go when there are too many bytes.
    pub fn remember(&self, batch: &Arc<[Arc<Entry>]>) {
        let mut kept = self.write();
        let bytes = weight(batch);
        kept.bytes += bytes;
        kept.batches.push_back(batch.clone());
        self.budget.used.fetch_add(bytes, Ordering::Relaxed);
        let over = kept.bytes.saturating_sub(self.bytes_max);
        self.forget(&mut kept, over);
        drop(kept);
        self.budget.make_room();
    }

    /// Puts corrected activities in place of what was kept of them, and takes out what was erased. What a session took before
    /// stays as it was.
    pub fn correct(&self, corrected: &Corrected) {
        let Some(first) = corrected.keys().min() else { return };
        let mut kept = self.write();
        let begins = kept.batches.partition_point(|b| b.last().is_none_or(|e| e.seq < *first));
        let (mut before, mut after) = (0, 0);
        for batch in kept.batches.range_mut(begins..) {
            if batch.iter().all(|entry| replaced(entry, corrected).is_none()) {
                continue;
            }
            before += weight(batch);
            *batch = batch.iter().map(|entry| replaced(entry, corrected).unwrap_or_else(|| entry.clone())).collect();
            after += weight(batch);
        }
        kept.bytes = kept.bytes + after - before;
        self.budget.used.fetch_add(after, Ordering::Relaxed);
        self.budget.used.fetch_sub(before, Ordering::Relaxed);
    }

    /// All entries with seq in (`after`, `up_to`], or `None` where that begins before what is kept, or ends after it.
    pub fn between(&self, after: Seq, up_to: Seq) -> Option<Vec<Arc<[Arc<Entry>]>>> {
        let kept = self.read();
        self.last_read.store(self.budget.reads.fetch_add(1, Ordering::Relaxed) + 1, Ordering::Relaxed);
        if after < kept.from {
            return None;
        }
        let last = kept.batches.back().and_then(|b| b.last()).map_or(kept.from, |e| e.seq);
        if up_to > last {
            return None;
        }
        let first = kept.batches.partition_point(|b| b.last().is_none_or(|e| e.seq <= after));
        Some(kept.batches.range(first..).take_while(|b| b.first().is_some_and(|e| e.seq <= up_to)).cloned().collect())
    }

    /// The mark of an entry that is kept.
    pub fn mark(&self, seq: Seq) -> Option<Mark> {
        let kept = self.read();
        let batch = kept.batches.get(kept.batches.partition_point(|b| b.last().is_none_or(|e| e.seq < seq)))?;
        batch.get(batch.partition_point(|e| e.seq < seq)).filter(|e| e.seq == seq)?.mark
    }

    /// The seq after which entries are kept.
    pub fn from(&self) -> Seq {
        self.read().from
    }

    /// Forgets all up to here. What lies in one batch with what is kept is held until that goes, and is not given any more.
    pub fn pruned(&self, up_to: Seq) {
        let mut kept = self.write();
        while kept.batches.front().is_some_and(|batch| batch.last().is_none_or(|last| last.seq <= up_to)) {
            self.forget(&mut kept, 1);
        }
        kept.from = kept.from.max(up_to);
    }

    fn give_way(&self, bytes: usize) {
        let mut kept = self.write();
        self.forget(&mut kept, bytes);
    }

    /// Forgets the oldest batches, at least so many bytes of them or all.
    fn forget(&self, kept: &mut Kept, bytes: usize) {
        let mut forgotten = 0;
        while forgotten < bytes
            && let Some(oldest) = kept.batches.pop_front()
        {
            forgotten += weight(&oldest);
            kept.from = oldest.last().map_or(kept.from, |e| e.seq.max(kept.from));
        }
        kept.bytes -= forgotten;
        self.budget.used.fetch_sub(forgotten, Ordering::Relaxed);
    }

    fn read(&self) -> RwLockReadGuard<'_, Kept> {
        self.kept.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Kept> {
        self.kept.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Ring {
    fn drop(&mut self) {
        let bytes = self.read().bytes;
        self.budget.used.fetch_sub(bytes, Ordering::Relaxed);
    }
}

/// What stands for an entry now; `None` when it stays.
fn replaced(entry: &Arc<Entry>, corrected: &Corrected) -> Option<Arc<Entry>> {
    let kind = match &entry.kind {
        EntryKind::Activity(_) => match corrected.get(&entry.seq)? {
            Some(row) => EntryKind::Activity(row.clone()),
            None => EntryKind::Shell,
        },
        // Nobody is told any more of amendments of what was erased.
        EntryKind::Amendment(amended) => match (&amended.row, corrected.get(&amended.amendment.target)?) {
            (Some(_), None) => EntryKind::Amendment(Arc::new(AmendedEntry { amendment: amended.amendment.clone(), row: None })),
            _ => return None,
        },
        EntryKind::Membership(_) | EntryKind::Erasure(_) | EntryKind::Shell => return None,
    };
    Some(Arc::new(Entry { seq: entry.seq, recorded_at: entry.recorded_at, mark: entry.mark, kind }))
}

fn weight(batch: &[Arc<Entry>]) -> usize {
    batch.iter().map(|e| e.weight()).sum()
}

#[cfg(test)]
pub(super) mod tests {
    use std::sync::Arc;

    use super::{RecentBudget, Ring, weight};
    use crate::domain::{
        ActivityEntry, ActivityId, Actor, AmendedEntry, Amendment, Device, Entry, EntryKind, Facts, Grade, Graded, SearchText, Seq, UnixMs,
    };

    pub fn facts(id: ActivityId) -> Facts {
        Facts {
            id,
            event: "e".into(),
            partner: "p".into(),
            flavor: "a.b".into(),
            message: None,
            campaign: None,
            actor: Actor::Unknown,
            device: Device::Unknown,
            grade: Grade::Unclear,
            platform: None,
            browser: None,
            source_host: None,
            referrer_host: None,
            search: SearchText::default(),
        }
    }

    fn batch(seq: Seq) -> Arc<[Arc<Entry>]> {
        [Arc::new(Entry { seq, recorded_at: UnixMs(0), mark: None, kind: EntryKind::Shell })].into()
    }

    #[test]
    fn all_rings_share_one_budget_and_the_longest_unread_gives_way() {
        let one = weight(&batch(1));
        let budget = RecentBudget::new(20 * one);
        let rings: Vec<_> = [12, 8, 8].map(|entries| Ring::new(0, entries * one, &budget)).into();
        for seq in 1..=6 {
            rings.iter().for_each(|ring| ring.remember(&batch(seq)));
        }
        assert_eq!(budget.used(), 18 * one);
        assert!(rings[0].between(0, 6).is_some() && rings[2].between(0, 6).is_some(), "all is there");
        for seq in 7..=14 {
            rings[0].remember(&batch(seq));
            assert!(budget.used() <= 20 * one, "{} of {}", budget.used(), 20 * one);
        }
        assert_eq!(rings[1].between(0, 6).map(|b| b.len()), None, "nobody has read it, so it gave way");
        assert!(rings[2].between(0, 6).is_some());
        assert_eq!(rings[0].from(), 2, "its own bound holds beside the budget");
        drop(rings);
        assert_eq!(budget.used(), 0, "what is gone is not charged");
    }

    #[test]
    fn what_is_corrected_is_kept_as_it_is_now_and_nothing_of_what_is_erased() {
        let budget = RecentBudget::new(usize::MAX);
        let ring = Ring::new(0, usize::MAX, &budget);
        let id = ActivityId(uuid::Uuid::nil());
        let row = |body: &'static str| Arc::new(ActivityEntry { facts: facts(id), body: body.into() });
        let graded = |grade| Graded { grade, reasons: Vec::new() };
        let amendment = |target| Amendment { target, id, event: "e".into(), before: graded(Grade::Unclear), after: graded(Grade::Human) };
        let amended = |target, row| EntryKind::Amendment(Arc::new(AmendedEntry { amendment: amendment(target), row }));
        let entry = |seq, kind| Arc::new(Entry { seq, recorded_at: UnixMs(0), mark: None, kind });
        let kept = [
            entry(1, EntryKind::Activity(row("long ago and at length"))),
            entry(2, EntryKind::Activity(row("two"))),
            entry(3, amended(2, Some(row("two, amended")))),
            entry(4, EntryKind::Activity(row("four"))),
        ];
        kept.iter().for_each(|entry| ring.remember(&[entry.clone()].into()));
        let held = ring.between(0, 4).expect("all");
        // The last one is of a place that is not kept.
        ring.correct(&[(1, Some(row("one"))), (2, None), (9, None)].into());
        let now = || ring.between(0, 4).expect("all").iter().flat_map(|b| b.to_vec()).collect::<Vec<_>>();
        let want = [entry(1, EntryKind::Activity(row("one"))), entry(2, EntryKind::Shell), entry(3, amended(2, None)), kept[3].clone()];
        assert_eq!(now(), want);
        assert_eq!(budget.used(), weight(&want));
        assert_eq!(held.iter().flat_map(|b| b.to_vec()).collect::<Vec<_>>(), kept, "what was taken before stays whole");
        ring.correct(&[(3, None)].into());
        assert_eq!(now(), want, "only activities are corrected");
    }

    #[test]
    fn what_is_not_all_there_is_not_given() {
        let budget = RecentBudget::new(usize::MAX);
        let ring = Ring::new(4, usize::MAX, &budget);
        for seq in 5..=8 {
            ring.remember(&batch(seq));
        }
        let seqs = |after, up_to| ring.between(after, up_to).map(|b| b.iter().flat_map(|b| b.iter().map(|e| e.seq)).collect::<Vec<_>>());
        for (after, up_to, want) in
            [(4, 8, Some(vec![5, 6, 7, 8])), (5, 7, Some(vec![6, 7])), (8, 8, Some(vec![])), (3, 8, None), (4, 9, None)]
        {
            assert_eq!(seqs(after, up_to), want, "({after}, {up_to}]");
        }
    }
}
