//! Webhooks: whom the activities of a view are sent to, and how far that has come.

use super::Answer;
use crate::auth::{Operator, WorkspaceId};
use crate::domain::{Events, Key, Seq, UnixMs};

/// Webhooks of one workspace.
pub const WEBHOOKS_MAX: usize = 200;
/// Bytes of what is kept of a fault; more is cut.
pub const FAULT_BYTES_MAX: usize = 512;

/// What is asked of a webhook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebhookTerms {
    /// Where it sends to: a checked address.
    pub url: String,
    /// Key of the view whose activities it sends.
    pub view: Key,
    /// The events that exist for whoever made it.
    pub events: Events,
    /// False while it rests.
    pub enabled: bool,
}

/// How far a webhook has come, and how the last attempt went.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct WebhookProgress {
    /// Everything up to here was taken.
    pub cursor: Seq,
    /// The end of the batch that is being tried.
    pub batch_to: Option<Seq>,
    /// Attempts at that batch.
    pub attempts: u32,
    /// When the last was made.
    pub tried_at: Option<UnixMs>,
    /// The status that it was answered with.
    pub answered: Option<u16>,
    /// Why it was not taken, for people.
    pub fault: Option<String>,
    /// When the next is due.
    pub next_at: Option<UnixMs>,
    /// True once its receiver has said that it is gone.
    pub ended: bool,
}

/// A webhook.
#[derive(Clone, PartialEq, Eq)]
pub struct Webhook {
    /// Its number.
    pub number: i64,
    /// Whose.
    pub workspace: WorkspaceId,
    /// Its key, as first spelled.
    pub key: Key,
    /// What is asked of it.
    pub terms: WebhookTerms,
    /// What it signs with.
    pub secret: String,
    /// What it signed with before, and until when it does so too.
    pub secret_before: Option<(String, UnixMs)>,
    /// When it was made.
    pub created_at: UnixMs,
    /// How far it has come.
    pub progress: WebhookProgress,
}

impl std::fmt::Debug for Webhook {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The secrets are left out.
        f.debug_struct("Webhook")
            .field("key", &self.key)
            .field("terms", &self.terms)
            .field("progress", &self.progress)
            .finish_non_exhaustive()
    }
}

/// A webhook to be made, or to be asked for something else.
#[derive(Clone)]
pub struct PutWebhook {
    /// Its key.
    pub key: Key,
    /// What is asked of it.
    pub terms: WebhookTerms,
    /// What it signs with where it is made.
    pub secret: String,
    /// Where it begins: where it stood, or, where it is made, at the end of the log.
    pub after: Option<Seq>,
    /// When.
    pub at: UnixMs,
}

/// The webhooks of a store.
pub trait Webhooks: Send + Sync + 'static {
    /// Every webhook of every workspace.
    fn all(&self, operator: Operator) -> Answer<'_, Vec<Webhook>>;
    /// Those of a workspace by key.
    fn list(&self, workspace: WorkspaceId) -> Answer<'_, Vec<Webhook>>;
    /// One of them.
    fn one(&self, workspace: WorkspaceId, key: Key) -> Answer<'_, Option<Webhook>>;
    /// Makes one, or asks something else of it; true when it was made. What it was tried in vain with is forgotten.
    ///
    /// # Errors
    /// [`StoreError::Refused`](super::StoreError::Refused) where there are [`WEBHOOKS_MAX`].
    fn put(&self, workspace: WorkspaceId, put: PutWebhook) -> Answer<'_, (bool, Webhook)>;
    /// Takes one away; false when there was none.
    fn remove(&self, workspace: WorkspaceId, key: Key) -> Answer<'_, bool>;
    /// Gives one a new secret; the old one counts until a time.
    fn rotate(&self, workspace: WorkspaceId, key: Key, secret: String, before_until: UnixMs) -> Answer<'_, Option<Webhook>>;
    /// Keeps how far one has come, unless it was brought elsewhere since its cursor was `from`; whether it was kept.
    fn progress(&self, workspace: WorkspaceId, number: i64, from: Seq, progress: WebhookProgress) -> Answer<'_, bool>;
}
