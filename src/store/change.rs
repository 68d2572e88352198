//! What the one writer is asked to make durable, and what became of it.

use std::sync::Arc;

use super::consumed::Consumed;
use super::quota::{OverQuota, Quota};
use super::retention::{Kept, Prune, Pruned, Retention};
use super::thing::{At, Condition, Existing, NamedKind, Record, Thing};
use crate::auth::{Actor, WorkspaceId};
use crate::domain::{ActivityId, Cursor, Entry, Epoch, Events, Graded, Key, NewActivity, Seq, UnixMs};

/// One change; several make one transaction.
#[derive(Debug, Clone)]
pub enum Change {
    /// One request's activities: all that are new get a seq, in this order, with none of another change between.
    Append {
        /// Whose log.
        workspace: WorkspaceId,
        /// Accepted activities.
        activities: Vec<NewActivity>,
        /// True to create unknown events, partners, messages and campaigns (name = key); else they are refused.
        create_unknown: bool,
        /// How many things it may make on first sight.
        quota: Quota,
    },
    /// Makes one thing, or replaces it whole.
    Put {
        /// Where.
        at: At,
        /// What.
        thing: Thing,
        /// When only.
        condition: Condition,
        /// Who makes the change.
        by: Actor,
    },
    /// Makes or replaces many partners of one event, all or none; of one key the last counts.
    PutMany {
        /// Whose directory.
        workspace: WorkspaceId,
        /// Key of the event.
        event: Key,
        /// Partners and their keys.
        partners: Vec<(Key, Thing)>,
        /// What happens to those that are there already.
        existing: Existing,
        /// Who makes the change.
        by: Actor,
    },
    /// Takes one thing away. Its number and folded key stay, so that filters by key go on to find what names it.
    Remove {
        /// Where.
        at: At,
        /// What it is.
        kind: NamedKind,
        /// When only.
        condition: Condition,
        /// Who makes the change.
        by: Actor,
    },
    /// Amends the grade of an activity; the same grade for the same reasons changes nothing.
    Amend {
        /// Whose log.
        workspace: WorkspaceId,
        /// Which activity.
        id: ActivityId,
        /// The events that exist for whoever asks.
        within: Events,
        /// The grade from now on.
        graded: Graded,
        /// Who makes the change.
        by: Actor,
    },
    /// Erases an activity: its place and its id stay taken, nothing else is left of it.
    Erase {
        /// Whose log.
        workspace: WorkspaceId,
        /// Which activity.
        id: ActivityId,
        /// The events that exist for whoever asks.
        within: Events,
        /// Who makes the change.
        by: Actor,
    },
    /// Overwrites one row, for the whole store, and nothing else: that something can be made durable.
    Probe,
    /// Moves the cursor of a consumer; no log grows by it.
    Consumed(Consumed),
    /// Says how long a log is kept.
    Retain {
        /// Whose log.
        workspace: WorkspaceId,
        /// How long.
        retention: Retention,
        /// Who makes the change.
        by: Actor,
    },
    /// Takes away the start of a log.
    Prune(Prune),
    /// Adds and removes recipients by hand. All partners must exist, or nothing is changed.
    Recipients {
        /// Whose directory.
        workspace: WorkspaceId,
        /// Key of the event.
        event: Key,
        /// Key of the message.
        message: Key,
        /// Partners to add.
        add: Vec<Key>,
        /// Partners to remove; an activity seen later does not bring them back.
        remove: Vec<Key>,
        /// Who makes the change.
        by: Actor,
    },
}

/// Something that a change names and that is not there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MissingThing {
    /// What it would be.
    pub kind: NamedKind,
    /// Its key as given.
    pub key: String,
}

/// What became of one activity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AppendResult {
    /// Durable now.
    Stored {
        /// Its place.
        seq: Seq,
        /// When.
        recorded_at: UnixMs,
    },
    /// The same id with the same content was durable before (perhaps earlier in the same change).
    Duplicate {
        /// The first place.
        seq: Seq,
        /// The first time.
        recorded_at: UnixMs,
    },
    /// The same id with other content was durable before; nothing was stored.
    Conflict {
        /// The place of the first.
        seq: Seq,
    },
    /// It names what is not there and may not be created.
    Missing(MissingThing),
    /// It would make more things than may be made.
    OverQuota(OverQuota),
}

/// What became of one change, in the order of the changes. It holds all that its sender is answered with: after the
/// commit nothing is asked that could fail, for what is durable must be told as durable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// An `Append`.
    Appended {
        /// The position after the last of its activities that is in the log; the end of the log when none is.
        cursor: Cursor,
        /// One result per activity, in order.
        results: Vec<AppendResult>,
    },
    /// A `Put`.
    Put {
        /// True when it was not there before.
        created: bool,
        /// What is there now.
        record: Record,
    },
    /// A `PutMany`.
    ManyPut {
        /// How many were not there before.
        created: usize,
        /// How many were there, and are others now.
        replaced: usize,
        /// How many were there and are as they were.
        unchanged: usize,
    },
    /// A `Remove`.
    Removed,
    /// The condition of a `Put` or `Remove` does not hold; nothing was changed.
    Refused {
        /// What it is about.
        kind: NamedKind,
        /// What is there.
        now: Option<Record>,
    },
    /// What was to be removed is used; nothing was changed.
    InUse {
        /// What it is.
        kind: NamedKind,
        /// By what, for people: `1 partner`.
        by: String,
    },
    /// There are as many as there may be; nothing was changed.
    Full {
        /// Of what.
        kind: NamedKind,
        /// How many there may be.
        most: usize,
    },
    /// How many recipients really changed, and how many there are now.
    Recipients {
        /// Became recipients.
        added: usize,
        /// Ceased to be recipients.
        removed: usize,
        /// Recipients now.
        total: usize,
    },
    /// An `Amend`.
    Amended {
        /// The position after the entry that gave the activity this grade.
        cursor: Cursor,
    },
    /// An `Erase`.
    Erased,
    /// An `Amend` or `Erase` of what was erased before; nothing was changed.
    Gone,
    /// An `Amend` or `Erase` of what is not there; nothing was changed.
    NoActivity,
    /// A `Probe`.
    Probed {
        /// Its number: higher than that of every probe before it.
        number: u64,
    },
    /// A `Consumed`.
    Consumed,
    /// The cursor of a `Consumed` stands elsewhere; nothing was changed.
    CursorElsewhere {
        /// Where; `None` when there is none.
        at: Option<Seq>,
    },
    /// A `Retain`: what is kept now.
    Retained(Kept),
    /// A `Prune`.
    Pruned(Pruned),
    /// It names what is not there; nothing of this change was stored.
    Missing(Vec<MissingThing>),
}

/// Entries of one workspace, in seq order with no hole.
#[derive(Debug, Clone)]
pub struct LogBatch {
    /// Whose log.
    pub workspace: WorkspaceId,
    /// Identity of the log.
    pub epoch: Epoch,
    /// Everything up to here was pruned: where this is beyond what was asked for, what lay between is gone.
    pub pruned: Seq,
    /// The entries; the first has the seq after the last of the batch before, or after `pruned`.
    pub entries: Vec<Arc<Entry>>,
}

/// A name that is shown and has changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangedName {
    /// Where.
    pub workspace: WorkspaceId,
    /// What.
    pub kind: NamedKind,
    /// Folded key of the event.
    pub event: Arc<str>,
    /// `expo-2026`, or `expo-2026/acme` for what an event holds; as spelled.
    pub key: Arc<str>,
}

/// One transaction that is durable.
#[derive(Debug, Clone, Default)]
pub struct Committed {
    /// One outcome per change, in order.
    pub outcomes: Vec<Outcome>,
    /// What to publish: at most one batch per workspace.
    pub batches: Vec<LogBatch>,
    /// Names to announce.
    pub changed: Vec<ChangedName>,
    /// Logs that were pruned, and up to where.
    pub pruned: Vec<(WorkspaceId, Seq)>,
    /// Number of the last probe among the changes, which follows what is in `batches`.
    pub probe: Option<u64>,
}
