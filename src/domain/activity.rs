//! An activity that was accepted and waits to be made durable.

use std::fmt;

use serde::{Serialize, Serializer};
use uuid::Uuid;

use super::flavor::Flavor;
use super::invalid::Invalid;
use super::key::Key;
use super::time::UnixMs;
use super::vocabulary::{Actor, Device, Grade};
use super::weburl::WebUrl;

/// Identity of an activity: the sender's UUID, or a UUIDv7 of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ActivityId(pub Uuid);

impl ActivityId {
    /// Reads a UUID in its hyphenated form.
    ///
    /// # Errors
    /// One fault; its path is empty, for the caller to fill in.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let hyphenated = text.len() == uuid::fmt::Hyphenated::LENGTH;
        match Uuid::try_parse(text) {
            Ok(id) if hyphenated => Ok(Self(id)),
            _ => Err(Invalid::one("", "uuid_form", "must be a UUID, as in 0198c7a2-4d1e-7000-8000-000000000000")),
        }
    }
}

impl fmt::Display for ActivityId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.hyphenated().fmt(f)
    }
}

/// A platform or a browser: its display name and, where told, its version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Client {
    /// Display name, as in `Windows` or `Internet Explorer`.
    pub name: String,
    /// As in `10` or `142`; `null` when not told.
    pub version: Option<String>,
}

/// A value of a property: text, number or boolean.
#[derive(Debug, Clone, PartialEq)]
pub enum Property {
    /// Text.
    Text(String),
    /// A number, in the sender's digits.
    Number(serde_json::Number),
    /// A boolean.
    Bool(bool),
}

impl Serialize for Property {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Text(text) => serializer.serialize_str(text),
            Self::Number(number) => number.serialize(serializer),
            Self::Bool(value) => serializer.serialize_bool(*value),
        }
    }
}

/// The flat properties of an activity, sorted by name.
pub type Properties = std::collections::BTreeMap<String, Property>;

/// An accepted activity: every field parsed, defaults filled in, the sender's address already masked away.
#[derive(Debug, Clone, PartialEq)]
pub struct NewActivity {
    /// The sender's id, or ours.
    pub id: ActivityId,
    /// True when the sender gave the id: only then can it be a duplicate.
    pub id_given: bool,
    /// SHA-256, cut to 16 bytes, of the parsed draft in canonical form: equal exactly for the same content.
    pub content_hash: [u8; 16],
    /// What was done.
    pub flavor: Flavor,
    /// At which event.
    pub event: Key,
    /// By which partner, or somebody that partner reached.
    pub partner: Key,
    /// The message it names.
    pub message: Option<Key>,
    /// The invite campaign it names.
    pub campaign: Option<Key>,
    /// Who acted.
    pub actor: Actor,
    /// When it was done, by the sender's clock.
    pub occurred_at: UnixMs,
    /// Where it happened.
    pub source_url: Option<WebUrl>,
    /// The page before.
    pub referrer_url: Option<WebUrl>,
    /// Class of device.
    pub device: Device,
    /// Operating system.
    pub platform: Option<Client>,
    /// Browser or mail program.
    pub browser: Option<Client>,
    /// Human, machine or unclear.
    pub grade: Grade,
    /// Why that grade.
    pub grade_reasons: Vec<&'static str>,
    /// Whatever else the sender tells.
    pub properties: Properties,
}
