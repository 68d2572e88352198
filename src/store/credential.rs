//! Workspaces and credentials as they are kept.

use crate::auth::{KeyHash, Scopes, WorkspaceId};
use crate::domain::{Key, UnixMs};

/// A workspace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkspaceRecord {
    /// Its proof.
    pub id: WorkspaceId,
    /// Its key.
    pub key: Key,
    /// Its name.
    pub name: String,
}

/// What a secret is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CredentialKind {
    /// A bearer key.
    Key,
    /// A signed-in browser.
    Session,
    /// A one-time sign-in link.
    Link,
    /// A one-time ticket for where no header can be set.
    Ticket,
}

impl CredentialKind {
    /// The word in the secret and in the store.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Key => "key",
            Self::Session => "session",
            Self::Link => "link",
            Self::Ticket => "ticket",
        }
    }

    /// The kind of a word of the store.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Key, Self::Session, Self::Link, Self::Ticket].into_iter().find(|k| k.as_str() == word)
    }
}

/// A new secret, by its hash.
#[derive(Debug, Clone)]
pub struct NewCredential {
    /// What it is for.
    pub kind: CredentialKind,
    /// Hash of the secret.
    pub hash: KeyHash,
    /// What people call it.
    pub name: String,
    /// What it may do.
    pub scopes: Scopes,
    /// The only event that exists for it.
    pub event: Option<Key>,
    /// The credential that it was made from (a session or ticket from a key): revoked with it.
    pub parent: Option<i64>,
    /// When it was made.
    pub created_at: UnixMs,
    /// When it ends by itself.
    pub expires_at: Option<UnixMs>,
}

/// A secret that is kept.
#[derive(Debug, Clone)]
pub struct Credential {
    /// Its number.
    pub number: i64,
    /// What it is for.
    pub kind: CredentialKind,
    /// Where it may act.
    pub workspace: WorkspaceId,
    /// What people call it.
    pub name: String,
    /// What it may do.
    pub scopes: Scopes,
    /// The only event that exists for it.
    pub event: Option<Key>,
    /// The credential that it was made from.
    pub parent: Option<i64>,
    /// When it was made.
    pub created_at: UnixMs,
    /// When it ends by itself.
    pub expires_at: Option<UnixMs>,
    /// When it, or the one it was made from, was revoked.
    pub revoked_at: Option<UnixMs>,
}
