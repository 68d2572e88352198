//! A draft as it was given: its JSON read in one pass, without a tree, and not yet judged.
//!
//! The visitors never fail on what a field holds, only on what is no JSON, so that all faults of a draft are told at
//! once. Text is borrowed from the body where it has no escapes.

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::faults::Faults;
use crate::domain::limits::PROPERTIES_MAX;

macro_rules! fields {
    ($($(#[$doc:meta])* $variant:ident = $name:literal),+ $(,)?) => {
        /// A field of a draft.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        #[repr(u8)]
        pub(super) enum DraftField { $($variant),+ }

        impl DraftField {
            /// Every field, in the order of the reference.
            pub(super) const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The name in JSON.
            pub(super) const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name),+ }
            }

            fn parse(name: &str) -> Option<Self> {
                match name { $($name => Some(Self::$variant),)+ _ => None }
            }
        }
    };
}

fields! {
    Id = "id",
    Flavor = "flavor",
    Event = "event",
    Partner = "partner",
    Message = "message",
    Campaign = "campaign",
    Actor = "actor",
    OccurredAt = "occurred_at",
    SourceUrl = "source_url",
    ReferrerUrl = "referrer_url",
    UserAgent = "user_agent",
    Device = "device",
    Platform = "platform",
    Browser = "browser",
    Ip = "ip",
    Properties = "properties",
}

/// What stands in a field.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) enum Given<'a> {
    /// Nothing, or null, which is the same.
    #[default]
    Absent,
    /// Text.
    Text(Cow<'a, str>),
    /// A number.
    Number(serde_json::Number),
    /// A boolean.
    Bool(bool),
    /// An object of single values.
    Object(Members<'a>),
    /// An array, or where no object belongs, an object.
    Other(&'static str),
}

impl Given<'_> {
    /// What it is, in the words of a fault.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Absent => "null",
            Self::Text(_) => "text",
            Self::Number(_) => "a number",
            Self::Bool(_) => "a boolean",
            Self::Object(_) => "an object",
            Self::Other(kind) => kind,
        }
    }
}

/// The members of an object in a field, in order, doubles included.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Members<'a> {
    /// No more than a draft may have properties, and one.
    pub(super) kept: Vec<(Cow<'a, str>, Given<'a>)>,
    /// How many there were.
    pub(super) count: usize,
}

/// A draft, read.
#[derive(Debug, Default)]
pub(super) struct GivenDraft<'a> {
    values: [Given<'a>; DraftField::ALL.len()],
    /// Fields that there are not, and fields given twice.
    pub(super) faults: Faults,
}

impl<'a> GivenDraft<'a> {
    /// Reads one draft.
    ///
    /// # Errors
    /// When it is no JSON.
    pub(super) fn read(text: &'a str) -> Result<Self, serde_json::Error> {
        let mut reader = serde_json::Deserializer::from_str(text);
        let draft = (&mut reader).deserialize_map(DraftVisitor)?;
        reader.end()?;
        Ok(draft)
    }

    /// What a field holds.
    pub(super) fn get(&self, field: DraftField) -> &Given<'a> {
        &self.values[field as usize]
    }

    /// Moves out what a field holds.
    pub(super) fn take(&mut self, field: DraftField) -> Given<'a> {
        std::mem::take(&mut self.values[field as usize])
    }

    /// Puts into a field what an envelope says.
    pub(super) fn set(&mut self, field: DraftField, value: Given<'a>) {
        self.values[field as usize] = value;
    }
}

struct DraftVisitor;

impl<'de> Visitor<'de> for DraftVisitor {
    type Value = GivenDraft<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a draft, which is an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut draft = GivenDraft::default();
        let mut seen = 0u32;
        while let Some(name) = map.next_key_seed(NameSeed)? {
            match DraftField::parse(&name) {
                Some(field) => {
                    let objects = matches!(field, DraftField::Platform | DraftField::Browser | DraftField::Properties);
                    let value = map.next_value_seed(ValueSeed { objects })?;
                    if seen & 1 << field as u8 != 0 {
                        draft.faults.twice(&name);
                    }
                    seen |= 1 << field as u8;
                    draft.set(field, value);
                }
                None => {
                    map.next_value::<IgnoredAny>()?;
                    draft.faults.unknown_field(&name);
                }
            }
        }
        Ok(draft)
    }
}

/// The name of a member, borrowed where it can be.
pub(super) struct NameSeed;

impl<'de> DeserializeSeed<'de> for NameSeed {
    type Value = Cow<'de, str>;

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<Self::Value, D::Error> {
        reader.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for NameSeed {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(text))
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Cow::Owned(text.to_owned()))
    }
}

/// Any value; an object is read one level deep where `objects` says so, else passed over.
pub(super) struct ValueSeed {
    pub(super) objects: bool,
}

impl<'de> DeserializeSeed<'de> for ValueSeed {
    type Value = Given<'de>;

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<Self::Value, D::Error> {
        reader.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for ValueSeed {
    type Value = Given<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Given::Absent)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Self::Value, E> {
        Ok(Given::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Self::Value, E> {
        Ok(Given::Number(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Self::Value, E> {
        Ok(Given::Number(value.into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Self::Value, E> {
        // JSON has no infinities and the reader refuses what overflows, so this is always a number.
        Ok(serde_json::Number::from_f64(value).map_or(Given::Other("an infinite number"), Given::Number))
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Given::Text(Cow::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Given::Text(Cow::Owned(text.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Given::Other("an array"))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        if !self.objects {
            while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
            return Ok(Given::Other("an object"));
        }
        let mut members = Members::default();
        while members.kept.len() <= PROPERTIES_MAX {
            let Some(name) = map.next_key_seed(NameSeed)? else { return Ok(Given::Object(members)) };
            let value = map.next_value_seed(ValueSeed { objects: false })?;
            members.kept.push((name, value));
            members.count += 1;
        }
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {
            members.count += 1;
        }
        Ok(Given::Object(members))
    }
}
