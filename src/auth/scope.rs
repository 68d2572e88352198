//! Scopes: the names outside for the sets of rights that a key may have. Which rights those are stands in `table.rs`.

use std::fmt;
use std::str::FromStr;

use crate::domain::Invalid;

/// A name for some rights.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Scope {
    /// Send activities.
    Ingest,
    /// Read activities and the directory.
    Read,
    /// Everything else that keys may.
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
    /// No scope.
    pub const NONE: Self = Self(0);

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
