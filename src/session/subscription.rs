//! One subscription of a session: where it stands and what it waits for.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::domain::{Cursor, Seq, UnixMs};
use crate::filter::FilterSet;
use crate::hub::outbox::{Event, Generation, SubNo};

/// A subscription, as its session keeps it.
#[derive(Debug)]
pub struct Subscription {
    /// Its number.
    pub no: SubNo,
    /// The client's name for it.
    pub name: Box<str>,
    /// Rises with every filter; 0 until `subscribed` is sent.
    pub rev: u32,
    /// In force for what is sent under `rev`.
    pub filter: Arc<FilterSet>,
    /// How many activities the client last asked to be sent back.
    pub backfill: usize,
    /// Everything up to here has been sent, or did not match.
    pub position: Seq,
    /// Where it stands.
    pub stage: Stage,
    /// Taken from the outbox and not yet done with, in order.
    pub queue: VecDeque<Event>,
    /// Number of the last installation that was asked for.
    pub generation: Generation,
    /// Events of earlier installations are of no use any more.
    pub valid_from: Generation,
    /// Refilters that are not answered, in order.
    pub refilters: VecDeque<Refilter>,
    /// Seals that are not answered, in order.
    pub seals: VecDeque<Seal>,
    /// The last seal that was answered under the filter in force: the next one counts on from there.
    pub counted: Option<Counted>,
    /// True while an echo for the first seal is on its way.
    pub echo_sent: bool,
    /// Memberships that the filter asks for have changed: it refilters of its own accord.
    pub dirty: bool,
    /// When `refiltered` was last sent of the server's own accord, in the session's milliseconds.
    pub accord_at: Option<u64>,
    /// When a frame was last sent, in the session's milliseconds.
    pub told_at: u64,
    /// Number of the read that it waits for; an answer to another is of no use.
    pub read: u64,
}

/// Where a subscription stands.
#[derive(Debug)]
pub enum Stage {
    /// Its first installation is on its way.
    Starting(Start),
    /// In the index: what matches comes by itself.
    Live,
    /// A read is wanted; what comes meanwhile waits in the queue.
    Reading(Reading),
    /// The read is under way.
    Waiting(Reading),
    /// Out of the index: it reads the log from its position.
    Behind,
    /// Caught up so far that its installation was asked for again.
    Rejoining,
}

/// What the client asked at subscribing.
#[derive(Debug, Clone)]
pub struct Start {
    /// Carried back.
    pub reference: Option<String>,
    /// Where to go on.
    pub after: Option<Cursor>,
}

/// A change of filter that is not answered yet.
#[derive(Debug, Clone)]
pub struct Refilter {
    /// Carried back; none when it is the server's own accord.
    pub reference: Option<String>,
    /// The new filter.
    pub filter: Arc<FilterSet>,
    /// Activities to send back.
    pub backfill: usize,
    /// Its installation.
    pub generation: Generation,
}

/// A seal that is not answered yet.
#[derive(Debug, Clone)]
pub struct Seal {
    /// Carried back.
    pub reference: Option<String>,
    /// The count begins after this.
    pub from: Seq,
    /// How often the log has changed under the count.
    pub tries: u32,
    /// The echo must not come before the shard has applied this.
    pub at_least: Seq,
}

/// What the store counted for a seal. It stays true of its range for as long as nothing but activities is appended: what is
/// in the log changes by no activity.
#[derive(Debug, Clone, Copy)]
pub struct Counted {
    /// Above this.
    pub from: Seq,
    /// Up to this.
    pub to: Seq,
    /// So many match.
    pub stored: u64,
    /// When the first entry in it was recorded.
    pub since: Option<UnixMs>,
}

impl Counted {
    /// True when it is the beginning of this range, so that only the rest is to be counted.
    pub fn begins(&self, from: Seq, to: Seq) -> bool {
        self.from == from && self.to <= to
    }
}

/// Why a subscription reads, and what becomes of the answer.
#[derive(Debug, Clone)]
pub enum Reading {
    /// The newest up to `at`, for `subscribed` afresh.
    StartFresh {
        /// What the client asked.
        start: Start,
        /// Where it joined.
        at: Seq,
    },
    /// What lies after the client's cursor, for `subscribed` resumed.
    StartResumed {
        /// What the client asked.
        start: Start,
        /// The client's cursor.
        after: Seq,
        /// Where it joined.
        at: Seq,
    },
    /// Whether the client's cursor, which the shard has not reached, is ahead of the store too.
    StartAhead {
        /// What the client asked.
        start: Start,
        /// The client's cursor.
        after: Seq,
        /// Where it joined.
        at: Seq,
    },
    /// The newest of a new filter up to `at`, for `refiltered`.
    Refiltering {
        /// What was asked.
        refilter: Refilter,
        /// Where it switches.
        at: Seq,
        /// True when it is not in the index, and goes on catching up after it.
        behind: bool,
    },
    /// The next page of the log.
    CatchingUp,
    /// The rest of the log up to where it joined again.
    Rejoining {
        /// Where it joined again.
        at: Seq,
    },
    /// The count of a seal.
    Sealing {
        /// What was asked.
        seal: Seal,
        /// Where the count ends.
        at: Seq,
        /// What was counted before, if it is where this one begins.
        before: Option<Counted>,
    },
}

impl Subscription {
    /// True once `subscribed` was sent.
    pub fn is_subscribed(&self) -> bool {
        self.rev > 0
    }

    /// Forgets what waits in the queue; the bytes that were charged for it.
    pub fn forget_queue(&mut self) -> usize {
        self.queue.drain(..).map(|e| e.weight()).sum()
    }
}
