//! What the one writer is asked to make durable, and what became of it.

use std::sync::Arc;

use crate::auth::WorkspaceId;
use crate::domain::{Entry, Epoch, Key, NewActivity, Seq, UnixMs};

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
    },
    /// Creates or renames an event.
    PutEvent {
        /// Whose directory.
        workspace: WorkspaceId,
        /// Its key.
        event: Key,
        /// Its name.
        name: String,
    },
    /// Creates or replaces a partner; a change of tags is an entry of the log.
    PutPartner {
        /// Whose directory.
        workspace: WorkspaceId,
        /// Key of the event, which must exist.
        event: Key,
        /// Its key.
        partner: Key,
        /// Its name.
        name: String,
        /// Its email address.
        email: Option<String>,
        /// Its company.
        company: Option<String>,
        /// Its tags, trimmed; equal by fold counts once.
        tags: Vec<String>,
    },
    /// Creates or replaces a message.
    PutMessage {
        /// Whose directory.
        workspace: WorkspaceId,
        /// Key of the event, which must exist.
        event: Key,
        /// Its key.
        message: Key,
        /// Its subject.
        subject: String,
    },
    /// Creates or renames a campaign.
    PutCampaign {
        /// Whose directory.
        workspace: WorkspaceId,
        /// Key of the event, which must exist.
        event: Key,
        /// Its key.
        campaign: Key,
        /// Its name.
        name: String,
    },
    /// The `Put` within, but only where nothing has its key yet; what is there is told and stays as it is.
    Create(Box<Change>),
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
    },
}

/// A kind of thing that has a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum NamedKind {
    /// An event.
    Event,
    /// A partner.
    Partner,
    /// A message.
    Message,
    /// A campaign.
    Campaign,
}

impl NamedKind {
    /// The word used outside.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Event => "event",
            Self::Partner => "partner",
            Self::Message => "message",
            Self::Campaign => "campaign",
        }
    }
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
}

/// What became of one change, in the order of the changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// One result per activity, in order.
    Appended(Vec<AppendResult>),
    /// A `Put`: true when it was created, false when it was replaced.
    Put {
        /// True when it was not there before.
        created: bool,
    },
    /// A `Create` whose key, by fold, something has already; nothing was changed.
    Taken {
        /// What it is.
        kind: NamedKind,
        /// Its key, as first spelled.
        key: String,
        /// Its name.
        name: String,
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
    /// The entries; the first has the seq after the last of the batch before.
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
}
