//! History for a session: first from the recent entries that the hub keeps, else from the store.

use std::sync::Arc;

use crate::domain::limits::OUTBOUND_FRAME_BYTES_MAX;
use crate::domain::{Mark, MembershipChange, Seq};
use crate::filter::FilterSet;
use crate::hub::room::{Room, membership_changes};
use crate::store::{Correction, Item, Order, Page, PageEnd, PageQuery};

/// Bytes of a frame that are not activities, at most.
const FRAME_MARGIN_BYTES: usize = 4 * 1024;
/// Bytes of activities in one frame.
pub const FRAME_ITEMS_BYTES_MAX: usize = OUTBOUND_FRAME_BYTES_MAX - FRAME_MARGIN_BYTES;
/// Bytes of activities in the first frame of a subscription that begins afresh; few in tests, so that it takes several.
const FIRST_FRAME_BYTES_MAX: usize = if cfg!(test) { 150 } else { FRAME_ITEMS_BYTES_MAX };
/// Bytes of activities that a subscription which begins afresh is sent back, in as many frames as it takes.
pub const BACKFILL_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Activities of one page while catching up; few in tests, so that there are many pages.
pub const CATCH_UP_ITEMS: usize = if cfg!(test) { 3 } else { 500 };

/// What is asked of history.
#[derive(Debug, Clone)]
pub struct Ask {
    /// Which activities.
    pub filter: Arc<FilterSet>,
    /// Only above this.
    pub after: Seq,
    /// Only up to this; `None` is the head of the store.
    pub up_to: Option<Seq>,
    /// Which end comes first.
    pub order: Order,
    /// Activities at most.
    pub limit: usize,
    /// Bytes of activities at most, but always one.
    pub bytes_max: usize,
}

/// What was found; see [`Page`] for the meaning of `reached`.
#[derive(Debug, Clone)]
pub struct Found {
    /// Oldest first, whichever way it was read.
    pub items: Vec<Item>,
    /// How far it was read.
    pub reached: Seq,
    /// The mark of that place, where the store was read.
    pub reached_mark: Option<Mark>,
    /// True when the whole range was read.
    pub whole: bool,
    /// Everything up to here is gone from the store.
    pub pruned: Seq,
    /// Membership changes in what was read, oldest first only.
    pub memberships: Vec<(Seq, Arc<MembershipChange>)>,
    /// Corrections in what was read that the filter is told of, oldest first only.
    pub corrections: Vec<Correction>,
}

impl Ask {
    /// The newest `limit` up to a place, as many as one frame takes.
    pub fn newest(filter: &Arc<FilterSet>, up_to: Seq, limit: usize) -> Self {
        let bytes_max = FRAME_ITEMS_BYTES_MAX;
        Self { filter: filter.clone(), after: 0, up_to: Some(up_to), order: Order::NewestFirst, limit, bytes_max }
    }

    /// The newest `limit` up to a place, for a subscription that begins afresh.
    pub fn backfill(filter: &Arc<FilterSet>, up_to: Seq, limit: usize) -> Self {
        Self { bytes_max: BACKFILL_BYTES_MAX, ..Self::newest(filter, up_to, limit) }
    }

    /// What comes after a place.
    pub fn onward(filter: &Arc<FilterSet>, after: Seq, up_to: Option<Seq>) -> Self {
        let (limit, bytes_max) = (CATCH_UP_ITEMS, FRAME_ITEMS_BYTES_MAX);
        Self { filter: filter.clone(), after, up_to, order: Order::OldestFirst, limit, bytes_max }
    }

    /// The question to the store.
    pub fn query(&self) -> PageQuery {
        PageQuery {
            filter: FilterSet::clone(&self.filter),
            after: self.after,
            up_to: self.up_to,
            since: None,
            until: None,
            order: self.order,
            limit: self.limit.max(1),
            bytes_max: self.bytes_max,
            corrections: self.order == Order::OldestFirst,
        }
    }

    /// Answers from the recent entries, if they hold enough.
    pub fn recent(&self, room: &Room) -> Option<Found> {
        match self.order {
            Order::OldestFirst => self.recent_onward(room),
            Order::NewestFirst => self.recent_newest(room),
        }
    }

    fn recent_onward(&self, room: &Room) -> Option<Found> {
        let up_to = self.up_to.unwrap_or_else(|| room.head());
        if self.after >= up_to {
            // Nothing lies between; whoever asked without an end joins next, and reads the rest then.
            return Some(Found::nothing(self.after));
        }
        let batches = room.recent(self.after, up_to)?;
        let entries = || batches.iter().flat_map(|b| b.iter()).filter(|e| e.seq > self.after && e.seq <= up_to);
        let mut found = Found::nothing(up_to);
        let (mut bytes, mut taken) = (0, self.after);
        room.with_people(|people| {
            for entry in entries() {
                let correction = Correction::of(entry.seq, &entry.kind, &self.filter, people.of_kind(&entry.kind));
                let activity = entry.activity().filter(|a| self.filter.matches(&a.facts, people.of(&a.facts)));
                let more = match (&activity, &correction) {
                    (Some(activity), _) => activity.body.len() + 1,
                    (None, Some(correction)) => correction.json.len() + 1,
                    (None, None) => continue,
                };
                bytes += more;
                let (count, first) = (found.items.len().max(found.corrections.len()), taken == self.after);
                if !first && (count >= self.limit || bytes > self.bytes_max) {
                    found.reached = taken;
                    found.whole = false;
                    break;
                }
                taken = entry.seq;
                found.items.extend(activity.map(|activity| Item { seq: entry.seq, mark: entry.mark, body: activity.body.clone() }));
                found.corrections.extend(correction);
            }
        });
        let changes = membership_changes(entries()).filter(|(seq, _)| *seq <= found.reached);
        found.memberships = changes.map(|(seq, change)| (seq, change.clone())).collect();
        Some(found)
    }

    fn recent_newest(&self, room: &Room) -> Option<Found> {
        let up_to = self.up_to.unwrap_or_else(|| room.head());
        let mut found = Found { whole: up_to == 0, ..Found::nothing(up_to) };
        if self.limit == 0 || up_to == 0 {
            return Some(found);
        }
        let from = room.recent_from();
        let batches = room.recent(from, up_to)?;
        let mut bytes = 0;
        let mut full = false;
        room.with_people(|people| {
            let entries = batches.iter().rev().flat_map(|b| b.iter().rev()).filter(|e| e.seq > from && e.seq <= up_to);
            for entry in entries {
                let Some(activity) = entry.activity() else { continue };
                if !self.filter.matches(&activity.facts, people.of(&activity.facts)) {
                    continue;
                }
                bytes += activity.body.len() + 1;
                full = found.items.len() == self.limit || (!found.items.is_empty() && bytes > self.bytes_max);
                if full {
                    break;
                }
                found.items.push(Item { seq: entry.seq, mark: entry.mark, body: activity.body.clone() });
            }
        });
        full |= found.items.len() == self.limit;
        if !full && from > 0 {
            return None;
        }
        found.whole = !full;
        found.reached = if full { found.items.last().map_or(up_to, |i| i.seq - 1) } else { 0 };
        found.items.reverse();
        Some(found)
    }
}

impl Found {
    /// Nothing, up to a place.
    pub fn nothing(reached: Seq) -> Self {
        Self { items: Vec::new(), reached, reached_mark: None, whole: true, pruned: 0, memberships: Vec::new(), corrections: Vec::new() }
    }

    /// What the store found for this question.
    pub fn of(ask: &Ask, page: Page) -> Self {
        let mut found = Self {
            items: page.items,
            reached: page.reached,
            reached_mark: page.reached_mark,
            whole: page.end == PageEnd::Range,
            pruned: page.head.pruned,
            memberships: page.memberships,
            corrections: page.corrections,
        };
        if ask.order == Order::NewestFirst {
            found.items.reverse();
        }
        found
    }

    /// Leaves what comes before the first correction, up to the last activity there, whose mark is at hand; what was read from
    /// `after` on and is not left is read again.
    pub fn cut_to_first_correction(&mut self, after: Seq) {
        if let Some(first) = self.corrections.first().map(|c| c.at) {
            self.items.retain(|item| item.seq < first);
            self.corrections.clear();
            let (reached, mark) = self.items.last().map_or((after, None), |item| (item.seq, item.mark));
            (self.reached, self.reached_mark, self.whole) = (reached, mark, false);
        }
    }

    /// True when one of the membership changes concerns the filter.
    pub fn concerns(&self, filter: &FilterSet) -> bool {
        self.memberships.iter().any(|(_, c)| filter.depends_on(c.set, &c.event, &c.value))
    }

    /// Leaves what one frame takes, from the oldest on; the rest is read again after it.
    pub fn cut_to_frame(&mut self) {
        let mut bytes = 0;
        let fits = self.items.iter().take_while(|i| {
            bytes += i.body.len() + 1;
            bytes <= FIRST_FRAME_BYTES_MAX
        });
        let fits = fits.count().max(1);
        self.items.truncate(fits);
    }

    /// Where reading history goes on, newest first; `None` at the start of the log.
    pub fn older(&self) -> Option<Seq> {
        (!self.whole && self.reached > self.pruned).then_some(self.reached)
    }
}
