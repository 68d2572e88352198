//! What a shard is told, in the order of its queue.

use std::sync::Arc;
use std::time::Instant;

use super::outbox::{Generation, Outbox, SubNo};
use super::room::Room;
use crate::auth::WorkspaceId;
use crate::domain::{Entry, Seq};
use crate::filter::FilterSet;
use crate::store::{ChangedName, MembershipSnapshot};

/// Number of a session, unique in the process.
pub type SessionNo = u64;

/// What a shard is told, in order.
#[derive(Debug)]
pub enum Command {
    /// A workspace begins: publications go on from the head of this room.
    Open(Arc<Room>),
    /// Entries that are durable, the first one after the last of the batch before.
    Publish {
        /// Whose.
        workspace: WorkspaceId,
        /// In seq order with no hole.
        entries: Arc<[Arc<Entry>]>,
        /// When they became durable.
        committed_at: Instant,
    },
    /// A session begins. Its workspace is open.
    Enter {
        /// Which.
        session: SessionNo,
        /// Whose.
        workspace: WorkspaceId,
        /// Where its events go.
        outbox: Arc<Outbox>,
    },
    /// Puts a filter in force for a subscription, in place of the one it had. Answered by [`What::Installed`](super::outbox::What::Installed).
    Install {
        /// Which session.
        session: SessionNo,
        /// Which of its subscriptions.
        sub: SubNo,
        /// Number of this installation.
        generation: Generation,
        /// The filter.
        filter: Arc<FilterSet>,
    },
    /// Takes a subscription's filter out of force.
    Remove {
        /// Which session.
        session: SessionNo,
        /// Which of its subscriptions.
        sub: SubNo,
    },
    /// Answered by [`What::Echo`](super::outbox::What::Echo), once everything up to `at_least` was offered.
    Echo {
        /// Which session.
        session: SessionNo,
        /// Which of its subscriptions.
        sub: SubNo,
        /// Number that comes back.
        generation: Generation,
        /// The seq to wait for.
        at_least: Seq,
    },
    /// A session has ended.
    Exit {
        /// Which.
        session: SessionNo,
    },
    /// Names have changed.
    Changed {
        /// Whose.
        workspace: WorkspaceId,
        /// Which; `None` when nobody knows.
        names: Option<Arc<[Arc<ChangedName>]>>,
    },
    /// A log was pruned up to here: recent entries go too.
    Pruned {
        /// Whose.
        workspace: WorkspaceId,
        /// The last that is gone.
        up_to: Seq,
    },
    /// A log was pruned beyond what was published: publications go on behind it, and everybody reads the log, where they find
    /// what is gone.
    Skip {
        /// Whose.
        workspace: WorkspaceId,
        /// Where it begins, and who belongs to what from there on.
        snapshot: Arc<MembershipSnapshot>,
    },
    /// A probe with this number passes: everything that was durable before it was told before it.
    Probe(u64),
    /// Nobody sits in a workspace any more: it is forgotten. It may be opened again.
    Close(WorkspaceId),
}
