//! Lists of the directory, as they are now.

use super::thing::Record;

/// A page of a list.
#[derive(Debug, Clone)]
pub struct ListQuery {
    /// Only keys that sort after this folded key.
    pub after: Option<String>,
    /// Items at most.
    pub limit: usize,
    /// Folded; each must stand somewhere in the key or in what people know a thing by.
    pub words: Vec<String>,
}

impl ListQuery {
    /// The first so many of all.
    pub const fn first(limit: usize) -> Self {
        Self { after: None, limit, words: Vec::new() }
    }
}

/// What was found.
#[derive(Debug, Clone)]
pub struct List<T> {
    /// In the order of folded keys.
    pub items: Vec<T>,
    /// The folded key to go on after, when there is more.
    pub next: Option<String>,
}

/// How somebody became a recipient.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RecipientSource {
    /// By hand.
    Manual,
    /// By an activity that says the message was sent or delivered.
    Observed,
}

impl RecipientSource {
    /// The word used outside.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Manual => "manual",
            Self::Observed => "observed",
        }
    }
}

/// A recipient of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecipientRecord {
    /// The partner.
    pub partner: Record,
    /// How it became one.
    pub source: RecipientSource,
}
