//! What is durable: the log of every workspace, its directory, and its credentials.
//!
//! Small traits of domain verbs; no pool, row or SQL leaves this room, and which kinds of database there are only
//! [`Store::open`] knows. Every method that touches a
//! customer's data wants a [`WorkspaceId`], which only authentication or an [`Operator`] can produce.
//! All writes to a log go through [`ActivityLog::commit`], called by one task; nothing is answered before it
//! is durable. Reads are bounded: by rows, by bytes and by time.

mod alert;
mod alerting;
mod audit;
mod change;
mod channel;
mod consumed;
#[cfg(test)]
pub(crate) mod contract;
mod correction;
mod credential;
mod directory;
mod error;
mod heads;
mod import;
mod log;
mod member;
mod open;
mod quota;
mod retention;
pub mod sqlite;
mod thing;
pub mod turns;
mod upkeep;
mod view;
mod wall;
mod webhook;
mod weight;

use std::sync::Arc;

use futures::future::BoxFuture;

use crate::auth::{Actor, KeyHash, Operator, WorkspaceId};
use crate::domain::{ActivityId, Events, Key, Mark, Origin, Seq, UnixMs};
use crate::filter::FilterSet;

pub use crate::tallies::Stretch;
pub use alert::{ALERTS_MAX, Alert, Between, COUNT_MAX, FirstBy, STEPS_MAX, TO_MAX, Then, When};
pub use alerting::{
    AlertBoard, AlertLine, AlertState, Alerting, AlertsKept, HISTORY_MAX, Mute, NoticeRecord, StandingAlert, StandingChannel, Turned,
};
pub use audit::{Audit, AuditEntry};
pub use change::{AppendResult, Change, ChangedName, Committed, LogBatch, MissingThing, Outcome};
pub use channel::{CHANNELS_MAX, Channel, ChannelKind, MAIL_TO_MAX};
pub use consumed::{Consumed, ConsumerCursor, Cursors, DEAD_LETTERS_MAX, DeadLetter, REASON_BYTES_MAX};
pub use correction::Correction;
pub use credential::{Confined, Credential, CredentialKind, NewCredential, OfMember, Opened, Revoked, WorkspaceRecord};
pub use directory::{List, ListQuery, RecipientRecord, RecipientSource};
pub use error::StoreError;
pub use heads::{Heads, Listener};
pub use import::{Import, ImportRow, ImportState, Imports, NewImport, UNDO_MS, partner_from_json, partner_to_json};
pub use log::{
    Bucket, Count, FacetQuery, FacetValue, Facets, Head, Histogram, HistogramQuery, Item, MembershipSnapshot, Order, Page, PageEnd,
    PageQuery, PartnerMemberships, StoredActivity, Uncounted, UnderId,
};
pub use member::{
    Invited, Joined, Joining, MEMBERS_MAX, Member, MemberChange, MemberChanged, Members, NewMember, Person, Second, folded_email,
};
pub use open::{DatabaseUrl, DatabaseUrlError, OpenFor};
pub use quota::{Allowance, OverQuota, Quota, Reached, Spent, Taken};
pub use retention::{Keeping, Kept, Prune, Pruned, RETENTION_DAYS_MAX, Retention};
pub use sqlite::{Copied, CopyOptions, CopyStage};
pub use thing::{At, Condition, Existing, NamedKind, Record, Tag, Thing};
pub use turns::{Purpose, Reader, Reads, Turn, TurnLimits};
pub use upkeep::{Finding, Upkeep};
pub use view::{STANDARD_VIEWS, View};
pub use wall::{Banner, Layout, Night, Size, Theme, WALL_VIEWS_MAX, Wall};
pub use webhook::{FAULT_BYTES_MAX, PutWebhook, WEBHOOKS_MAX, Webhook, WebhookProgress, WebhookTerms, Webhooks};

/// A read or write under way.
pub type Answer<'a, T> = BoxFuture<'a, Result<T, StoreError>>;

/// The log of every workspace: entries 1, 2, 3 with no hole, in commit order.
pub trait ActivityLog: Send + Sync + 'static {
    /// Makes all changes durable in one transaction and one fsync, in order. Nothing of it is stored when it
    /// fails. Called by one task at a time; a second call waits.
    ///
    /// From before anything of a workspace is looked at until the transaction has ended, the writer has that workspace to
    /// itself, whoever else has the database open: ids, names and the last place are read under that hold, so no seq is
    /// given twice and none is left out. A database with one writer gives it by that; another locks the workspace's row,
    /// of several workspaces in the order of their numbers.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot write; refusals of single changes are outcomes, not errors.
    fn commit(&self, changes: Vec<Change>) -> Answer<'_, Committed>;

    /// The head of the log as stored.
    fn head(&self, workspace: WorkspaceId) -> Answer<'_, Head>;

    /// Which history of the log the entry with this seq ends; `None` where there is none, or no longer.
    fn mark(&self, workspace: WorkspaceId, seq: Seq) -> Answer<'_, Option<Mark>>;

    /// Head and every membership, read in one snapshot: what the hub starts from.
    fn memberships(&self, workspace: WorkspaceId) -> Answer<'_, MembershipSnapshot>;

    /// Whole entries of every kind with seq in (`after`, `after + limit`], oldest first, with their facts: what
    /// the publisher reads where its queue had a hole.
    fn entries(&self, workspace: WorkspaceId, after: Seq, limit: usize) -> Answer<'_, LogBatch>;

    /// The activities that match, one bounded page.
    fn page(&self, workspace: WorkspaceId, query: PageQuery) -> Answer<'_, Page>;

    /// What stands under an id: an activity with what filters ask of it.
    fn activity(&self, workspace: WorkspaceId, id: ActivityId) -> Answer<'_, UnderId>;

    /// How many activities with seq in (`from`, `to`] match, as far as one bounded read comes.
    fn count(&self, workspace: WorkspaceId, filter: FilterSet, from: Seq, to: Seq) -> Answer<'_, Count>;

    /// Counts by value of some fields, each without its own clauses, under all others.
    fn facets(&self, workspace: WorkspaceId, query: FacetQuery) -> Answer<'_, Facets>;

    /// Counts by span of `occurred_at`.
    fn histogram(&self, workspace: WorkspaceId, query: HistogramQuery) -> Answer<'_, Histogram>;
}

/// Events and what they hold, as they are now. It is changed through [`ActivityLog::commit`] only.
pub trait Directory: Send + Sync + 'static {
    /// One thing.
    fn one(&self, kind: NamedKind, at: At) -> Answer<'_, Option<Record>>;
    /// Things of a kind by key: of an event, or of the workspace; of events with `event`, that one at most.
    fn list(&self, kind: NamedKind, workspace: WorkspaceId, within: Events, query: ListQuery) -> Answer<'_, List<Record>>;
    /// Recipients of a message by key of the partner.
    fn recipients(&self, workspace: WorkspaceId, event: Key, message: Key, query: ListQuery) -> Answer<'_, List<RecipientRecord>>;
    /// Messages whose recipient a partner is, by key.
    fn received(&self, workspace: WorkspaceId, event: Key, partner: Key, query: ListQuery) -> Answer<'_, List<Record>>;
    /// Flavors that the workspace has met beyond the standard set, by key.
    fn flavors(&self, workspace: WorkspaceId, query: ListQuery) -> Answer<'_, List<String>>;
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
    /// Keeps the hashes of new secrets, all or none; their numbers, in order.
    fn create_credentials(&self, workspace: WorkspaceId, new: Vec<NewCredential>) -> Answer<'_, Vec<i64>>;
    /// Keeps the hash of a new secret; its number.
    fn create_credential(&self, workspace: WorkspaceId, new: NewCredential) -> Answer<'_, i64> {
        let made = self.create_credentials(workspace, vec![new]);
        Box::pin(async move { made.await?.pop().ok_or_else(|| StoreError::Corrupt("a credential that was made has no number".to_owned())) })
    }
    /// The credential with this hash, revoked or expired ones included. The one look-up without a workspace:
    /// it is what produces one.
    fn find_credential(&self, hash: KeyHash) -> Answer<'_, Option<Credential>>;
    /// One credential by its number, revoked or expired ones included.
    fn credential(&self, workspace: WorkspaceId, number: i64) -> Answer<'_, Option<Credential>>;
    /// Takes a one-time link or ticket: whoever comes first gets it, nobody after. What a ticket `opened` it opens again
    /// for [`RESUMABLE_MS`], by [`Keyring::resume_credential`].
    fn take_credential(&self, hash: KeyHash, now: UnixMs, opened: Option<Opened>) -> Answer<'_, Option<Credential>>;
    /// Takes a used ticket once more, for what it opened; the time for that grows by [`RESUMABLE_MS`].
    fn resume_credential(&self, hash: KeyHash, now: UnixMs, opened: Opened) -> Answer<'_, Option<Credential>>;
    /// True when pages of this origin may use a site key that is good now, whosever it is. It tells nothing else, and is asked
    /// where nobody is known yet: a browser asks before it sends what it has.
    fn is_site_origin(&self, origin: Origin, now: UnixMs) -> Answer<'_, bool>;
    /// Keys of the workspace, site keys among them (no sessions or links), newest first.
    fn keys(&self, workspace: WorkspaceId) -> Answer<'_, Vec<Credential>>;
    /// Shares of the workspace, newest first.
    fn shares(&self, workspace: WorkspaceId) -> Answer<'_, Vec<Credential>>;
    /// Screens of the workspace that are not revoked, in the order that they were paired.
    fn screens(&self, workspace: WorkspaceId) -> Answer<'_, Vec<Credential>>;
    /// Gives a screen another name, and lets it show this wall; `None` when there is no such screen, or no such wall.
    fn change_screen(&self, workspace: WorkspaceId, number: i64, name: String, wall: Key) -> Answer<'_, Option<Credential>>;
    /// Takes note that a credential was used.
    fn used(&self, number: i64, at: UnixMs) -> Answer<'_, ()>;
    /// Revokes a key, a site key, a share, a screen or a session by number, and all that was made from it: the numbers of those that this revoked.
    fn revoke(&self, workspace: WorkspaceId, number: i64, now: UnixMs, by: Actor) -> Answer<'_, Vec<i64>>;
    /// What was revoked after a revocation, whoever did it; `None` tells where they are and nothing else.
    fn revoked_after(&self, operator: Operator, seen: Option<i64>) -> Answer<'_, Revoked>;
    /// Deletes at most `rows_max` of the credentials that ended before a time, revocations after `seen` apart; how many.
    /// Keys that were made from nothing are kept.
    fn sweep(&self, operator: Operator, before: UnixMs, seen: i64, rows_max: usize) -> Answer<'_, usize>;
}

/// How long a used ticket opens its stream again, from its taking and from each time it does.
pub const RESUMABLE_MS: i64 = 10 * 60 * 1000;

/// The traits behind one handle, as composition hands them around.
#[derive(Clone)]
pub struct Store {
    /// The log.
    pub log: Arc<dyn ActivityLog>,
    /// The directory.
    pub directory: Arc<dyn Directory>,
    /// Workspaces and credentials.
    pub keyring: Arc<dyn Keyring>,
    /// How far consumers have come.
    pub cursors: Arc<dyn Cursors>,
    /// How long logs are kept.
    pub keeping: Arc<dyn Keeping>,
    /// Webhooks and how far they have come.
    pub webhooks: Arc<dyn Webhooks>,
    /// How alerts stand.
    pub alerting: Arc<dyn Alerting>,
    /// Members of workspaces, and people.
    pub members: Arc<dyn Members>,
    /// Imports of partner lists.
    pub imports: Arc<dyn Imports>,
    /// Who has changed what.
    pub audit: Arc<dyn Audit>,
    /// What is done with the database as a whole.
    pub upkeep: Arc<dyn Upkeep>,
}

impl Store {
    /// Waits for reads and the write under way, then closes the database and gives it up. Later calls fail.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when the last tidying could not be done; nothing is lost by that.
    pub async fn close(&self) -> Result<(), StoreError> {
        self.upkeep.close().await
    }
}
