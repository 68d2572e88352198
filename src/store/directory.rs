//! Records of the directory, as they are now.

use crate::domain::Key;

/// A page of a list.
#[derive(Debug, Clone)]
pub struct ListQuery {
    /// Only keys that sort after this folded key.
    pub after: Option<String>,
    /// Items at most.
    pub limit: usize,
}

/// What was found.
#[derive(Debug, Clone)]
pub struct List<T> {
    /// In the order of folded keys.
    pub items: Vec<T>,
    /// The folded key to go on after, when there is more.
    pub next: Option<String>,
}

/// An event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventRecord {
    /// Its key.
    pub key: Key,
    /// Its name.
    pub name: String,
    /// How many partners it has.
    pub partners: u64,
}

/// A partner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartnerRecord {
    /// Its key.
    pub key: Key,
    /// Its name.
    pub name: String,
    /// Its email address.
    pub email: Option<String>,
    /// Its company.
    pub company: Option<String>,
    /// Its tags, as spelled, sorted by fold.
    pub tags: Vec<String>,
}

/// A message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MessageRecord {
    /// Its key.
    pub key: Key,
    /// Its subject.
    pub subject: String,
    /// How many recipients it has.
    pub recipients: u64,
}

/// A campaign.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CampaignRecord {
    /// Its key.
    pub key: Key,
    /// Its name.
    pub name: String,
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
    pub partner: PartnerRecord,
    /// How it became one.
    pub source: RecipientSource,
}
