//! Workspaces, scopes and principals.

use std::fmt;
use std::str::FromStr;

use crate::domain::{Invalid, Key};

/// The owner of everything: a proof that somebody may act in this workspace.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct WorkspaceId(i64);

impl WorkspaceId {
    /// Its number in the store.
    pub const fn number(self) -> i64 {
        self.0
    }
}

/// The right to act for any workspace. Held by the command line and the background jobs, never by a request.
#[derive(Debug, Clone, Copy)]
pub struct Operator(());

impl Operator {
    /// Takes the capability. Only `app`, `cli`, `store` (to read a record back) and tests may call it; a test
    /// holds the tree to that.
    pub const fn assume() -> Self {
        Self(())
    }

    /// The workspace with this number in the store.
    pub const fn workspace(self, number: i64) -> WorkspaceId {
        WorkspaceId(number)
    }
}

/// One thing that a key may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Scope {
    /// Send activities.
    Ingest,
    /// Read activities and the directory.
    Read,
    /// Change the directory and keys.
    Admin,
}

impl Scope {
    /// Every scope.
    pub const ALL: [Self; 3] = [Self::Ingest, Self::Read, Self::Admin];

    /// The word used outside.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ingest => "ingest",
            Self::Read => "read",
            Self::Admin => "admin",
        }
    }
}

/// A set of scopes, as a small bit mask.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Scopes(u8);

impl Scopes {
    /// The set of these scopes.
    pub fn of(scopes: &[Scope]) -> Self {
        Self(scopes.iter().fold(0, |bits, scope| bits | 1 << *scope as u8))
    }

    /// True when it holds the scope.
    pub const fn has(self, scope: Scope) -> bool {
        self.0 & 1 << scope as u8 != 0
    }

    /// The scopes it holds.
    pub fn iter(self) -> impl Iterator<Item = Scope> {
        Scope::ALL.into_iter().filter(move |s| self.has(*s))
    }

    /// The number that the store keeps.
    pub const fn bits(self) -> u8 {
        self.0
    }

    /// The set of a number of the store.
    pub const fn from_bits(bits: u8) -> Self {
        Self(bits & 0b111)
    }
}

impl FromStr for Scopes {
    type Err = Invalid;

    /// Reads `ingest,read,admin`.
    fn from_str(text: &str) -> Result<Self, Invalid> {
        let mut found = Vec::new();
        for word in text.split(',').map(str::trim) {
            match Scope::ALL.into_iter().find(|s| s.as_str() == word) {
                Some(scope) => found.push(scope),
                None => {
                    return Err(Invalid::one(
                        "scope",
                        "unknown_scope",
                        format!("{word:?} is no scope; the scopes are ingest, read, admin, separated by commas"),
                    ));
                }
            }
        }
        Ok(Self::of(&found))
    }
}

impl fmt::Display for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words: Vec<_> = self.iter().map(Scope::as_str).collect();
        f.write_str(&words.join(","))
    }
}

/// Who asks: found by a key or by a signed-in session.
#[derive(Debug, Clone)]
pub struct Principal {
    /// Where they may act.
    pub workspace: WorkspaceId,
    /// What they may do.
    pub scopes: Scopes,
    /// The only event that exists for them, when the key is bound to one.
    pub event: Option<Key>,
    /// Number of the key in the store: rate limits and revocation go by it.
    pub key: i64,
}
