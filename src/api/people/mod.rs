//! People: who is a member, how they come in, and what they may change of themselves.

pub mod account;
pub mod hashing;
pub mod invitations;
pub mod link;
pub mod members;
pub mod second;
pub mod sessions;

use std::sync::Arc;
use std::time::{Duration, Instant};

use quick_cache::sync::Cache;

use self::hashing::Hashing;
use crate::auth::{Actor, Principal};
use crate::domain::UnixMs;
use crate::outbound::Mail;
use crate::store::{Audit, CredentialKind, Imports, Members, Store};

/// How exactly it is kept when somebody was last here.
const SEEN_EVERY: Duration = Duration::from_secs(60);
/// Sessions of which that is remembered; the least used go first.
const REMEMBERED_MAX: usize = 10_000;

/// What people are served with.
pub struct People {
    /// Members and people, as they are kept.
    pub members: Arc<dyn Members>,
    /// Partner lists that were imported.
    pub imports: Arc<dyn Imports>,
    /// Who has changed what.
    pub audit: Arc<dyn Audit>,
    /// Passwords, a few at a time.
    pub hashing: Hashing,
    /// Mail, where there is a server for it.
    pub mail: Arc<Mail>,
    /// Under which address people open the server, as far as it was told; empty where it was not.
    pub public_url: String,
    /// How long somebody may do nothing before they have to sign in again, in milliseconds.
    pub idle_ms: i64,
    /// Sessions whose use was noted, and when.
    used: Cache<i64, Instant>,
}

impl People {
    /// Serves people with what composition gives.
    pub fn new(store: &Store, mail: Arc<Mail>, public_url: String, idle_ms: i64) -> Self {
        let (members, imports, audit) = (store.members.clone(), store.imports.clone(), store.audit.clone());
        Self { members, imports, audit, hashing: Hashing::default(), mail, public_url, idle_ms, used: Cache::new(REMEMBERED_MAX) }
    }

    /// Takes note that a member is here, once a minute: their session goes on from now. That it could not be noted keeps nobody
    /// from anything.
    pub async fn note_use(&self, principal: &Principal, now: UnixMs) {
        let Actor::Member(member) = principal.actor else { return };
        let session = principal.credential;
        if self.used.get(&session).is_some_and(|noted| noted.elapsed() < SEEN_EVERY) {
            return;
        }
        self.used.insert(session, Instant::now());
        let until = UnixMs(now.0.saturating_add(self.idle_ms));
        if let Err(fault) = self.members.seen(principal.workspace, member, session, now, until).await {
            tracing::debug!(%fault, member, "that a member was here could not be noted");
        }
    }
}

/// What somebody came by who is not known yet.
pub const WELCOMING: &[CredentialKind] = &[CredentialKind::Invitation, CredentialKind::Reset];
