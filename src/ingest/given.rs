//! A draft as it was given: its JSON read in one pass, without a tree, and not yet judged.
//!
//! Nothing here fails on what a field holds, only on what is no JSON, so that all faults of a draft are told at once, and
//! what is JSON and cannot be kept (half of a surrogate pair, a number that none here is equal to) is the fault of its own
//! field. Each value is first its own text, which costs no more than passing over it; text is borrowed from the body where
//! it has no escapes. Depth never grows the stack: what stands deeper than a property is passed over in a loop.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserializer as _, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::faults::Faults;
use super::number;
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
    /// A number that would not read back as the same value.
    Inexact,
    /// Text that holds half of a surrogate pair, which is no character.
    HalfText,
    /// Any value under a name that holds half of a surrogate pair; the name beside it has another sign there.
    HalfName,
    /// A boolean.
    Bool(bool),
    /// An object of single values.
    Object(Members<'a>),
    /// An array, or where no object belongs, an object.
    Other(&'static str),
}

impl<'a> Given<'a> {
    /// Reads one value; an object is read one level deep where `objects` says so, else passed over.
    pub(super) fn of(raw: &'a RawValue, objects: bool) -> Self {
        let text = raw.get();
        match text.as_bytes().first() {
            Some(b'"') => text_of(text).map_or(Self::HalfText, Self::Text),
            Some(b'n') => Self::Absent,
            Some(b't') => Self::Bool(true),
            Some(b'f') => Self::Bool(false),
            Some(b'[') => Self::Other("an array"),
            Some(b'{') if objects => Members::read(text).map_or(Self::Other("an object"), Self::Object),
            Some(b'{') => Self::Other("an object"),
            _ => number::exact(text).map_or(Self::Inexact, Self::Number),
        }
    }

    /// What it is, in the words of a fault.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Absent => "null",
            Self::Text(_) | Self::HalfText | Self::HalfName => "text",
            Self::Number(_) | Self::Inexact => "a number",
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

impl<'a> Members<'a> {
    fn read(object: &'a str) -> Option<Self> {
        serde_json::Deserializer::from_str(object).deserialize_map(MembersVisitor).ok()
    }
}

/// A text of JSON, borrowed where it has no escapes; `None` where it holds half of a surrogate pair, the one thing that
/// text of sound JSON can have and text of ours cannot.
fn text_of(literal: &str) -> Option<Cow<'_, str>> {
    if memchr::memchr(b'\\', literal.as_bytes()).is_none() {
        return Some(Cow::Borrowed(&literal[1..literal.len() - 1]));
    }
    serde_json::from_str(literal).ok().map(Cow::Owned)
}

/// The name of a member, and whether it is whole; halves of surrogate pairs in it become U+FFFD.
pub(super) fn name_of(raw: &RawValue) -> (Cow<'_, str>, bool) {
    match text_of(raw.get()) {
        Some(name) => (name, true),
        None => (Cow::Owned(without_halves(raw.get())), false),
    }
}

fn without_halves(literal: &str) -> String {
    let mut units = Vec::with_capacity(literal.len());
    let mut rest = &literal[1..literal.len() - 1];
    while let Some(at) = rest.find('\\') {
        units.extend(rest[..at].encode_utf16());
        let escape = if rest[at + 1..].starts_with('u') { 6 } else { 2 };
        let (one, after) = rest[at..].split_at_checked(escape).unwrap_or((&rest[at..], ""));
        match u16::from_str_radix(one.get(2..).unwrap_or_default(), 16) {
            Ok(unit) if escape == 6 => units.push(unit),
            _ => units.extend(serde_json::from_str::<String>(&format!("\"{one}\"")).unwrap_or_default().encode_utf16()),
        }
        rest = after;
    }
    units.extend(rest.encode_utf16());
    String::from_utf16_lossy(&units)
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

    /// An empty text in a field that may be left out is a field that is left out.
    pub(super) fn leave_out_empty(&mut self) {
        for field in DraftField::ALL.iter().filter(|field| !matches!(field, DraftField::Flavor | DraftField::Partner)) {
            let value = &mut self.values[*field as usize];
            if matches!(value, Given::Text(text) if text.is_empty()) {
                *value = Given::Absent;
            }
        }
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
        while let Some(name) = map.next_key::<&'de RawValue>()? {
            let (name, whole) = name_of(name);
            match DraftField::parse(&name) {
                Some(field) => {
                    let objects = matches!(field, DraftField::Platform | DraftField::Browser | DraftField::Properties);
                    let value = Given::of(map.next_value()?, objects);
                    if seen & 1 << field as u8 != 0 {
                        draft.faults.twice(&name);
                    }
                    seen |= 1 << field as u8;
                    draft.set(field, value);
                }
                None => {
                    map.next_value::<IgnoredAny>()?;
                    if whole { draft.faults.unknown_field(&name) } else { draft.faults.half_name(&name) }
                }
            }
        }
        Ok(draft)
    }
}

struct MembersVisitor;

impl<'de> Visitor<'de> for MembersVisitor {
    type Value = Members<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut members = Members::default();
        while members.kept.len() <= PROPERTIES_MAX {
            let Some(name) = map.next_key::<&'de RawValue>()? else { return Ok(members) };
            let (name, whole) = name_of(name);
            let value = Given::of(map.next_value()?, false);
            members.kept.push((name, if whole { value } else { Given::HalfName }));
            members.count += 1;
        }
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {
            members.count += 1;
        }
        Ok(members)
    }
}
