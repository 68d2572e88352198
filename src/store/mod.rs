//! What is durable: the log of every workspace, its directory, and its credentials.
//!
//! Three small traits of domain verbs; no pool, row or SQL leaves this room. Every method that touches a
//! customer's data wants a [`WorkspaceId`], which only authentication or an [`Operator`] can produce.
//! All writes to a log go through [`ActivityLog::commit`], called by one task; nothing is answered before it
//! is durable. Reads are bounded: by rows, by bytes and by time.

mod change;
#[cfg(test)]
pub(crate) mod contract;
mod credential;
mod directory;
mod error;
mod log;
pub mod sqlite;

use std::sync::Arc;

use futures::future::BoxFuture;

use crate::auth::{KeyHash, Operator, WorkspaceId};
use crate::domain::{ActivityId, Key, Seq};
use crate::filter::FilterSet;

pub use change::{AppendResult, Change, ChangedName, Committed, LogBatch, MissingThing, NamedKind, Outcome};
pub use credential::{Credential, CredentialKind, NewCredential, WorkspaceRecord};
pub use directory::{CampaignRecord, EventRecord, List, ListQuery, MessageRecord, PartnerRecord, RecipientRecord, RecipientSource};
pub use error::StoreError;
pub use log::{
    Bucket, Count, FacetQuery, FacetValue, Facets, Head, Histogram, HistogramQuery, Item, MembershipSnapshot, Order, Page, PageEnd,
    PageQuery, PartnerMemberships, StoredActivity,
};

/// A read or write under way.
pub type Answer<'a, T> = BoxFuture<'a, Result<T, StoreError>>;

/// The log of every workspace: entries 1, 2, 3 with no hole, in commit order.
pub trait ActivityLog: Send + Sync + 'static {
    /// Makes all changes durable in one transaction and one fsync, in order. Nothing of it is stored when it
    /// fails. Called by one task at a time; a second call waits.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot write; refusals of single changes are outcomes, not errors.
    fn commit(&self, changes: Vec<Change>) -> Answer<'_, Committed>;

    /// The head of the log as stored.
    fn head(&self, workspace: WorkspaceId) -> Answer<'_, Head>;

    /// Head and every membership, read in one snapshot: what the hub starts from.
    fn memberships(&self, workspace: WorkspaceId) -> Answer<'_, MembershipSnapshot>;

    /// Whole entries of every kind with seq in (`after`, `after + limit`], oldest first, with their facts: what
    /// the publisher reads where its queue had a hole.
    fn entries(&self, workspace: WorkspaceId, after: Seq, limit: usize) -> Answer<'_, LogBatch>;

    /// The activities that match, one bounded page.
    fn page(&self, workspace: WorkspaceId, query: PageQuery) -> Answer<'_, Page>;

    /// One activity with what filters ask of it.
    fn activity(&self, workspace: WorkspaceId, id: ActivityId) -> Answer<'_, Option<StoredActivity>>;

    /// How many activities with seq in (`from`, `to`] match, whole, in as many short reads as it takes.
    fn count(&self, workspace: WorkspaceId, filter: FilterSet, from: Seq, to: Seq) -> Answer<'_, Count>;

    /// Counts by value of some fields, each without its own clauses, under all others.
    fn facets(&self, workspace: WorkspaceId, query: FacetQuery) -> Answer<'_, Facets>;

    /// Counts by span of `occurred_at`.
    fn histogram(&self, workspace: WorkspaceId, query: HistogramQuery) -> Answer<'_, Histogram>;
}

/// Events and what they hold, as they are now. It is changed through [`ActivityLog::commit`] only.
pub trait Directory: Send + Sync + 'static {
    /// Events by key; with `only`, that one at most.
    fn events(&self, workspace: WorkspaceId, only: Option<Key>, query: ListQuery) -> Answer<'_, List<EventRecord>>;
    /// One event.
    fn event(&self, workspace: WorkspaceId, event: Key) -> Answer<'_, Option<EventRecord>>;
    /// Partners of an event by key.
    fn partners(&self, workspace: WorkspaceId, event: Key, query: ListQuery) -> Answer<'_, List<PartnerRecord>>;
    /// One partner.
    fn partner(&self, workspace: WorkspaceId, event: Key, partner: Key) -> Answer<'_, Option<PartnerRecord>>;
    /// Messages of an event by key.
    fn messages(&self, workspace: WorkspaceId, event: Key, query: ListQuery) -> Answer<'_, List<MessageRecord>>;
    /// One message.
    fn message(&self, workspace: WorkspaceId, event: Key, message: Key) -> Answer<'_, Option<MessageRecord>>;
    /// Campaigns of an event by key.
    fn campaigns(&self, workspace: WorkspaceId, event: Key, query: ListQuery) -> Answer<'_, List<CampaignRecord>>;
    /// One campaign.
    fn campaign(&self, workspace: WorkspaceId, event: Key, campaign: Key) -> Answer<'_, Option<CampaignRecord>>;
    /// Recipients of a message by key of the partner.
    fn recipients(&self, workspace: WorkspaceId, event: Key, message: Key, query: ListQuery) -> Answer<'_, List<RecipientRecord>>;
    /// Flavors that the workspace has met beyond the standard set, sorted.
    fn flavors(&self, workspace: WorkspaceId) -> Answer<'_, Vec<String>>;
}

/// Workspaces, keys, sign-in sessions and one-time links. All secrets are kept as hashes.
pub trait Keyring: Send + Sync + 'static {
    /// Creates a workspace.
    ///
    /// # Errors
    /// [`StoreError::Exists`] when the key is taken.
    fn create_workspace(&self, operator: Operator, key: Key, name: String) -> Answer<'_, WorkspaceRecord>;
    /// Every workspace by key.
    fn workspaces(&self, operator: Operator) -> Answer<'_, Vec<WorkspaceRecord>>;
    /// The workspace of a key.
    fn workspace_by_key(&self, operator: Operator, key: Key) -> Answer<'_, Option<WorkspaceRecord>>;
    /// One's own workspace.
    fn workspace(&self, workspace: WorkspaceId) -> Answer<'_, WorkspaceRecord>;
    /// Keeps the hash of a new secret; its number.
    fn create_credential(&self, workspace: WorkspaceId, new: NewCredential) -> Answer<'_, i64>;
    /// The credential with this hash, revoked or expired ones included. The one look-up without a workspace:
    /// it is what produces one.
    fn find_credential(&self, hash: KeyHash) -> Answer<'_, Option<Credential>>;
    /// Takes a one-time link or ticket: whoever comes first gets it, nobody after.
    fn take_credential(&self, hash: KeyHash, now: crate::domain::UnixMs) -> Answer<'_, Option<Credential>>;
    /// Keys of the workspace (no sessions or links), newest first.
    fn keys(&self, workspace: WorkspaceId) -> Answer<'_, Vec<Credential>>;
    /// Revokes a key or a session by number. False when there is none, or it was revoked before.
    fn revoke(&self, workspace: WorkspaceId, number: i64, now: crate::domain::UnixMs) -> Answer<'_, bool>;
    /// Numbers of all credentials revoked at or after a time: what open streams are checked against.
    fn revoked_since(&self, operator: Operator, since: crate::domain::UnixMs) -> Answer<'_, Vec<i64>>;
    /// A number that changes whenever another process has written (SQLite's `PRAGMA data_version`).
    fn data_version(&self) -> Answer<'_, i64>;
}

/// The three traits behind one handle, as composition hands them around.
#[derive(Clone)]
pub struct Store {
    /// The log.
    pub log: Arc<dyn ActivityLog>,
    /// The directory.
    pub directory: Arc<dyn Directory>,
    /// Workspaces and credentials.
    pub keyring: Arc<dyn Keyring>,
}
