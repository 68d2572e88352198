//! Questions to the log and their answers.

use std::sync::Arc;

use bytes::Bytes;

use crate::domain::{ActivityEntry, Cursor, Epoch, Mark, MembershipChange, Memberships, Seq, UnixMs};
use crate::filter::{Field, FilterSet};
use crate::store::Correction;
use crate::tallies::Stretch;

/// Where a log ends and begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// Identity of the log.
    pub epoch: Epoch,
    /// The last seq; 0 while it is empty.
    pub seq: Seq,
    /// Which history of the log it is the end of.
    pub mark: Option<Mark>,
    /// Everything up to here was pruned; 0 while nothing was. The oldest cursor that can be continued.
    pub pruned: Seq,
    /// When the last entry was recorded.
    pub recorded_at: UnixMs,
}

impl Head {
    /// The end of the log as a cursor.
    pub fn cursor(&self) -> Cursor {
        Cursor { epoch: self.epoch, seq: self.seq, mark: self.mark }
    }
}

/// Memberships of one partner, all text folded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartnerMemberships {
    /// Key of the event.
    pub event: Arc<str>,
    /// Key of the partner.
    pub partner: Arc<str>,
    /// What the partner belongs to.
    pub memberships: Memberships,
}

/// Head and memberships of one moment.
#[derive(Debug, Clone)]
pub struct MembershipSnapshot {
    /// The head at that moment.
    pub head: Head,
    /// Partners that belong to anything.
    pub partners: Vec<PartnerMemberships>,
}

/// In which order a page is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// From the end of the range to its start.
    NewestFirst,
    /// From the start of the range to its end.
    OldestFirst,
}

/// A page of activities.
#[derive(Debug, Clone)]
pub struct PageQuery {
    /// Which activities.
    pub filter: FilterSet,
    /// Only seq above this.
    pub after: Seq,
    /// Only seq up to this; `None` is the head of the snapshot.
    pub up_to: Option<Seq>,
    /// Only `occurred_at` at or after this.
    pub since: Option<UnixMs>,
    /// Only `occurred_at` before this.
    pub until: Option<UnixMs>,
    /// Which end comes first.
    pub order: Order,
    /// Items at most.
    pub limit: usize,
    /// Bytes of bodies at most, but always one item.
    pub bytes_max: usize,
    /// True to be told of corrections too, oldest first only; they count for `bytes_max`.
    pub corrections: bool,
}

/// One activity of a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// Its place.
    pub seq: Seq,
    /// Which history of the log it ends.
    pub mark: Option<Mark>,
    /// Its JSON.
    pub body: Bytes,
}

/// Why a page ended where it did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PageEnd {
    /// The whole range was read.
    Range,
    /// `limit` or `bytes_max` was reached.
    Limit,
    /// The scan budget was used up.
    Budget,
}

/// What was found.
#[derive(Debug, Clone)]
pub struct Page {
    /// In the order asked for.
    pub items: Vec<Item>,
    /// The head of the snapshot that was read.
    pub head: Head,
    /// How far it was read: oldest first, every match in (`after`, `reached`] is in `items`; newest first, every
    /// match in (`reached`, `up_to`].
    pub reached: Seq,
    /// The mark of that place.
    pub reached_mark: Option<Mark>,
    /// Why it ended there.
    pub end: PageEnd,
    /// When the entry at `reached` was recorded, if the budget ended it.
    pub reached_at: Option<UnixMs>,
    /// Membership changes in what was read (oldest first only), in seq order.
    pub memberships: Vec<(Seq, Arc<MembershipChange>)>,
    /// Corrections in what was read that the filter set is told of, where they were asked for, in seq order.
    pub corrections: Vec<Correction>,
}

/// What stands under an id.
#[derive(Debug, Clone)]
pub enum UnderId {
    /// Nothing was ever stored under it.
    Nothing,
    /// An activity was, and is erased.
    Erased {
        /// Folded key of its event.
        event: Arc<str>,
    },
    /// An activity.
    Activity(StoredActivity),
}

/// An activity and what filters ask of it.
#[derive(Debug, Clone)]
pub struct StoredActivity {
    /// Its place.
    pub seq: Seq,
    /// Facts and JSON.
    pub entry: Arc<ActivityEntry>,
    /// What its partner belongs to now.
    pub memberships: Memberships,
}

/// The stored side of a completeness seal, as far as one read came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Count {
    /// How many match up to `reached`.
    pub stored: u64,
    /// How far it was counted: all of it at `to`, else the next read goes on from here.
    pub reached: Seq,
    /// When the first entry after `from` was recorded.
    pub since: Option<UnixMs>,
    /// Seq of the last entry that is no activity, as of the end of the read; 0 when there is none. When that of the last
    /// read is above `to`, membership may have changed while it was counted.
    pub barrier: Seq,
    /// Everything up to here was pruned, as of the end of the read: above `from` that may have been counted, and is gone.
    pub pruned: Seq,
}

/// What to count by.
#[derive(Debug, Clone)]
pub struct FacetQuery {
    /// Which activities: each field is counted without the clauses on it that stand here.
    pub filter: FilterSet,
    /// And only of these, whatever is counted: what the caller is confined to.
    pub within: FilterSet,
    /// By which fields; not `id`.
    pub by: Vec<Field>,
    /// Only `occurred_at` at or after this.
    pub since: Option<UnixMs>,
    /// Only `occurred_at` before this.
    pub until: Option<UnixMs>,
    /// Values of one field at most (beside those chosen), the most frequent first.
    pub values_max: usize,
}

/// One value of a facet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FacetValue {
    /// What a filter takes: a key in its spelling, a flavor, a display name, a host.
    pub value: String,
    /// What people read; `None` where it is the value itself.
    pub label: Option<String>,
    /// How many activities.
    pub count: u64,
}

/// Counts by value.
#[derive(Debug, Clone)]
pub struct Facets {
    /// The head of the snapshot.
    pub head: Head,
    /// Activities that match the whole filter set.
    pub total: u64,
    /// False when the budget ended it: counts are the least that there are.
    pub complete: bool,
    /// When the oldest entry that was looked at was recorded, where the scan ended before the start of the log.
    pub counted_back_to: Option<UnixMs>,
    /// By field, in the order asked for: most frequent first, then those at 0.
    pub by: Vec<(Field, Vec<FacetValue>)>,
    /// By field: activities of values that are not listed.
    pub rest: Vec<(Field, u64)>,
    /// By field: different values that activities have, listed or not.
    pub different: Vec<(Field, u64)>,
}

/// Spans of time to count in.
#[derive(Debug, Clone)]
pub struct HistogramQuery {
    /// Which activities.
    pub filter: FilterSet,
    /// Only activities with a seq at or below this.
    pub up_to: Option<u64>,
    /// What is counted, ascending: each ends where the next one begins, the last at `until`. Nothing before the first is
    /// counted, and nothing at all when there is none.
    pub stretches: Vec<Stretch>,
    /// Only `occurred_at` before this.
    pub until: UnixMs,
}

/// One bucket that is not empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bucket {
    /// Its start.
    pub start: UnixMs,
    /// How many activities.
    pub count: u64,
}

/// Counts by time.
#[derive(Debug, Clone)]
pub struct Histogram {
    /// The head of the snapshot.
    pub head: Head,
    /// What was not counted because the scan budget was used up; `None` when all was.
    pub left: Option<Uncounted>,
    /// Buckets that are not empty, ascending.
    pub items: Vec<Bucket>,
}

/// What a count that was ended early has not looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Uncounted {
    /// Everything above this was counted, nothing at or below it.
    pub up_to: Seq,
    /// Nothing that occurred at or after this is left.
    pub before: UnixMs,
}
