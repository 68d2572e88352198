//! Workspaces and credentials as they are kept.

use sha2::{Digest as _, Sha256};

use crate::auth::{Actor, Grant, KeyHash, Principal, Right, Rights, Role, Scopes, WorkspaceId};
use crate::domain::{Events, Key, Mask, Origin, UnixMs};
use crate::store::wall::{Layout, Wall};

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
    /// A bearer key that stands in web pages and only collects.
    Site,
    /// A signed-in browser.
    Session,
    /// A one-time sign-in link.
    Link,
    /// A one-time ticket for where no header can be set.
    Ticket,
    /// A link to one view, for somebody without an account.
    Share,
    /// A browser that shows a wall.
    Screen,
    /// The link of a notice, which opens the page of its alert; its name is the key of that.
    Alert,
    /// A one-time link that makes somebody a member.
    Invitation,
    /// A one-time link by which a member chooses another password.
    Reset,
}

impl CredentialKind {
    /// Every kind.
    pub const ALL: [Self; 10] = [
        Self::Key,
        Self::Site,
        Self::Session,
        Self::Link,
        Self::Ticket,
        Self::Share,
        Self::Screen,
        Self::Alert,
        Self::Invitation,
        Self::Reset,
    ];

    /// The word in the secret and in the store.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Key => "key",
            Self::Site => "site",
            Self::Session => "session",
            Self::Link => "link",
            Self::Ticket => "ticket",
            Self::Share => "share",
            Self::Screen => "screen",
            Self::Alert => "alert",
            Self::Invitation => "invitation",
            Self::Reset => "reset",
        }
    }

    /// True for what is good for once.
    pub const fn is_one_time(self) -> bool {
        matches!(self, Self::Link | Self::Ticket | Self::Invitation | Self::Reset)
    }

    /// The kind of a word of the store.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|k| k.as_str() == word)
    }
}

/// What a share or a screen, and all that is made from it, is confined to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Confined {
    /// Keys of the views that it reads: one of a share, those of its wall of a screen.
    pub views: Vec<Key>,
    /// Key of the one partner of its event that it shows.
    pub partner: Option<Key>,
    /// What is put over all of it.
    pub mask: Option<Mask>,
    /// True where it may be taken out as a file.
    pub exports: bool,
    /// True where it may look at the system.
    pub operates: bool,
}

impl Confined {
    /// What a grant confines to, if it does.
    pub fn of(grant: &Grant) -> Option<Self> {
        let views = grant.views.clone()?;
        let (exports, operates) = (grant.rights.has(Right::Export), grant.rights.has(Right::Operate));
        Some(Self { views, partner: grant.partner.clone(), mask: grant.mask, exports, operates })
    }

    /// What a screen of a wall is confined to.
    pub fn of_wall(wall: &Wall) -> Self {
        Self { views: wall.views.clone(), partner: None, mask: wall.mask, exports: false, operates: wall.layout == Layout::System }
    }

    fn rights(&self) -> Rights {
        let rights = Rights::of(&[Right::Read]);
        let exports = if self.exports { Rights::of(&[Right::Export]) } else { Rights::NONE };
        let operates = if self.operates { Rights::of(&[Right::Operate]) } else { Rights::NONE };
        rights.with(exports).with(operates)
    }
}

/// The member whose a credential is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OfMember {
    /// Their number.
    pub number: i64,
    /// What they are; none where they were removed.
    pub role: Option<Role>,
    /// The events that exist for them.
    pub events: Events,
}

impl OfMember {
    fn rights(&self) -> Rights {
        self.role.map_or(Rights::NONE, Role::rights)
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
    /// The events that exist for it.
    pub events: Events,
    /// Origins whose pages may use a site key; no other kind has any.
    pub origins: Vec<Origin>,
    /// What it is confined to, where it is a share or comes from one; a screen is by its wall.
    pub confined: Option<Confined>,
    /// Key of the wall that it shows, where it is a screen.
    pub wall: Option<Key>,
    /// Number of the member whose it is, where it is a session, an invitation or a reset.
    pub member: Option<i64>,
    /// The role of the member who made it, where it is a key: it does not reach beyond what that may.
    pub held: Option<Role>,
    /// The browser and its platform, where it is a session.
    pub place: Option<String>,
    /// Who makes it.
    pub by: Actor,
    /// The credential that it was made from (a session or ticket from a key): revoked with it, and never outlives it.
    pub parent: Option<i64>,
    /// Activities a second; none is that of what it was made from, or else of the configuration.
    pub rate_per_s: Option<u32>,
    /// When it was made.
    pub created_at: UnixMs,
    /// When it ends by itself.
    pub expires_at: Option<UnixMs>,
}

impl NewCredential {
    /// One that may do nothing yet, is made from nothing and never ends.
    pub const fn new(kind: CredentialKind, hash: KeyHash, created_at: UnixMs) -> Self {
        Self {
            kind,
            hash,
            name: String::new(),
            scopes: Scopes::NONE,
            events: Events::ALL,
            origins: Vec::new(),
            confined: None,
            wall: None,
            member: None,
            held: None,
            place: None,
            by: Actor::Server,
            parent: None,
            rate_per_s: None,
            created_at,
            expires_at: None,
        }
    }
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
    /// The events that exist for it.
    pub events: Events,
    /// Origins whose pages may use a site key; no other kind has any.
    pub origins: Vec<Origin>,
    /// What it is confined to, where it is a share or a screen, or comes from one.
    pub confined: Option<Confined>,
    /// Key of the wall that it shows, where it is a screen.
    pub wall: Option<Key>,
    /// The member whose it is, as they are now, where it is a session, an invitation or a reset.
    pub member: Option<OfMember>,
    /// The role of the member who made it, where it is a key.
    pub held: Option<Role>,
    /// The browser and its platform, where it is a session.
    pub place: Option<String>,
    /// When it was last used, to the minute, where that is kept.
    pub used_at: Option<UnixMs>,
    /// The credential that it was made from.
    pub parent: Option<i64>,
    /// The first of the chain that it was made from: itself, when it was made from none.
    pub root: i64,
    /// Activities a second, where it has a rate of its own.
    pub rate_per_s: Option<u32>,
    /// When it was made.
    pub created_at: UnixMs,
    /// When it ends by itself.
    pub expires_at: Option<UnixMs>,
    /// When it, or the one it was made from, was revoked.
    pub revoked_at: Option<UnixMs>,
}

impl Credential {
    /// True while it opens anything.
    pub fn is_good(&self, now: UnixMs) -> bool {
        self.revoked_at.is_none() && self.expires_at.is_none_or(|at| at > now)
    }

    /// Who comes by it. A session is its person's key; at a demo there may be none.
    pub fn actor(&self) -> Actor {
        match (self.kind, self.parent) {
            (CredentialKind::Screen, _) => Actor::Screen(self.number),
            _ if let Some(member) = &self.member => Actor::Member(member.number),
            _ if self.confined.is_some() => Actor::Share(self.root),
            (CredentialKind::Key, _) => Actor::Key(self.number),
            (CredentialKind::Site, _) => Actor::Site(self.number),
            (_, Some(parent)) => Actor::Key(parent),
            (_, None) => Actor::Guest(self.number),
        }
    }

    /// How far it reaches.
    pub fn grant(&self) -> Grant {
        let scopes = self.scopes.rights();
        let rights = self.held.map_or(scopes, |role| scopes.within(role.rights()));
        let whole = Grant { events: self.events.clone(), until: self.expires_at, ..Grant::of(rights) };
        if let Some(member) = &self.member {
            return Grant { rights: member.rights(), events: member.events.clone(), ..whole };
        }
        match &self.confined {
            Some(to) => Grant { rights: to.rights(), views: Some(to.views.clone()), partner: to.partner.clone(), mask: to.mask, ..whole },
            None => whole,
        }
    }

    /// Who asks by it, looked up when so many revocations had been heard of.
    pub fn principal(&self, heard: u64) -> Principal {
        let (workspace, actor, grant) = (self.workspace, self.actor(), self.grant());
        Principal { workspace, actor, credential: self.number, root: self.root, grant, heard }
    }
}

/// What a ticket opens: a path and its query, as a hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Opened(pub [u8; 32]);

impl Opened {
    /// Of a path and its query, as they came.
    pub fn of(path_and_query: &str) -> Self {
        Self(Sha256::digest(path_and_query.as_bytes()).into())
    }
}

/// Credentials that were revoked, by the number of their revocation.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Revoked {
    /// Their numbers.
    pub credentials: Vec<i64>,
    /// The newest revocation: ask for what came after it.
    pub up_to: i64,
}
